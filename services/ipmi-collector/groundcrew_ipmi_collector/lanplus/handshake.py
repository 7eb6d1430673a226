"""How a session begins: Open Session and the four RAKP messages, without any network. Pure but for random numbers.

Source: IPMI 2.0 rev 1.1, 13.17 to 13.24 and table 13-15 (status codes). Each step takes the payload that the BMC sent
and raises IpmiFailed where it refuses or proves to know another password.
"""

import hmac
import os
import struct
from dataclasses import dataclass, field

from groundcrew_ipmi_collector.lanplus.suites import Keys, Suite
from groundcrew_ipmi_collector.reason import IpmiFailed, Reason, in_words

PRIVILEGES = {"user": 2, "operator": 3, "administrator": 4}
NAME_ONLY = 0x10
"""The user is looked up by name alone, not by name and privilege level (table 13-11)."""

_OPENED = struct.Struct("<BBBxII")
_STATUS = {
    Reason.BUSY: (0x01, 0x0B),
    Reason.CIPHER: (0x04, 0x05, 0x06, 0x07, 0x10, 0x11),
    Reason.PRIVILEGE: (0x09, 0x0A),
    Reason.CREDENTIALS: (0x0C, 0x0D, 0x0E, 0x0F),
}
_ILLEGAL = 0x12
""""Illegal or unrecognised parameter": some BMCs say so of a cipher suite that they do not know."""

_WRONG_CODE = 0x0F


@dataclass
class Handshake:
    """One attempt: what is said, in turn, and what must come back."""

    user: bytes
    password: bytes = field(repr=False)
    suite: Suite
    privilege: int
    kg: bytes = field(default=b"", repr=False)
    console: int = field(default_factory=lambda: int.from_bytes(os.urandom(4), "little") or 1)
    random: bytes = field(default_factory=lambda: os.urandom(16))
    bmc: int = 0
    tag: int = 0
    _bmc_random: bytes = b""
    _guid: bytes = b""

    def open_request(self) -> bytes:
        suite = self.suite
        algorithms = ((0, suite.login), (1, suite.integrity), (2, suite.encryption))
        wanted = b"".join(bytes([kind, 0, 0, 8, code, 0, 0, 0]) for kind, code in algorithms)
        return bytes([self.tag, self.privilege, 0, 0]) + struct.pack("<I", self.console) + wanted

    def opened(self, payload: bytes) -> None:
        status = self._status(payload)
        if status == _ILLEGAL:
            raise _refused(Reason.CIPHER)
        self._raise_for(status)
        if len(payload) < 36:
            raise _garbled("Open Session Response")
        _, _, _, console, self.bmc = _OPENED.unpack_from(payload)
        chosen = (payload[16], payload[24], payload[32])
        if chosen != (self.suite.login, self.suite.integrity, self.suite.encryption):
            raise _refused(Reason.CIPHER)
        if console != self.console or self.bmc == 0:
            raise _garbled("Open Session Response")

    def rakp1(self) -> bytes:
        head = bytes([self.tag, 0, 0, 0]) + struct.pack("<I", self.bmc) + self.random
        return head + bytes([self._role, 0, 0, len(self.user)]) + self.user

    def rakp2(self, payload: bytes) -> None:
        """Raises CREDENTIALS where the BMC does not know the same password."""
        self._raise_for(self._status(payload))
        if len(payload) < 40 or int.from_bytes(payload[4:8], "little") != self.console:
            raise _garbled("RAKP message 2")
        self._bmc_random, self._guid = payload[8:24], payload[24:40]
        ids = struct.pack("<II", self.console, self.bmc)
        signed = ids + self.random + self._bmc_random + self._guid + self._who
        expected = self.suite.sign(self.password, signed)
        if not hmac.compare_digest(expected, payload[40 : 40 + len(expected)]):
            raise _refused(Reason.CREDENTIALS)

    def rakp3(self) -> bytes:
        signed = self._bmc_random + struct.pack("<I", self.console) + self._who
        return self._rakp3(0) + self.suite.sign(self.password, signed)

    def give_up(self) -> bytes:
        """RAKP message 3 that ends an attempt whose RAKP message 2 was wrong, so that the BMC frees its session."""
        return self._rakp3(_WRONG_CODE)

    def keys(self) -> Keys:
        """Of the session that RAKP message 3 opens, known once RAKP message 2 was right."""
        return Keys(self.suite, self._session_key())

    def finished(self, payload: bytes) -> None:
        """RAKP message 4 proves the keys. Raises CREDENTIALS where its key is another one (its key K_G is set)."""
        self._raise_for(self._status(payload))
        if len(payload) < 8 or int.from_bytes(payload[4:8], "little") != self.console:
            raise _garbled("RAKP message 4")
        signed = self.random + struct.pack("<I", self.bmc) + self._guid
        proof = self.suite.code(self._session_key(), signed)
        if not hmac.compare_digest(proof, payload[8 : 8 + len(proof)]):
            raise IpmiFailed(Reason.CREDENTIALS, "the BMC uses another key: its K_G (kg_file, kg_env)")

    def _session_key(self) -> bytes:
        """The BMC's key K_G makes it, the password where none is set (13.31)."""
        return self.suite.sign(self.kg or self.password, self.random + self._bmc_random + self._who)

    @property
    def _role(self) -> int:
        return NAME_ONLY | self.privilege

    @property
    def _who(self) -> bytes:
        return bytes([self._role, len(self.user)]) + self.user

    def _rakp3(self, status: int) -> bytes:
        return bytes([self.tag, status, 0, 0]) + struct.pack("<I", self.bmc)

    def _status(self, payload: bytes) -> int:
        if len(payload) < 2:
            raise _garbled("answer to a request for a session")
        return payload[1]

    def _raise_for(self, status: int) -> None:
        if status == 0:
            return
        reason = next((reason for reason, codes in _STATUS.items() if status in codes), Reason.OTHER)
        if reason is Reason.OTHER:
            raise IpmiFailed(reason, f"the BMC refuses a session with status {status:#04x} (IPMI 2.0, table 13-15)")
        raise _refused(reason)


def _refused(reason: Reason) -> IpmiFailed:
    return IpmiFailed(reason, in_words(reason))


def _garbled(what: str) -> IpmiFailed:
    return IpmiFailed(Reason.UNREADABLE, f"the BMC's {what} is not what IPMI 2.0 says")
