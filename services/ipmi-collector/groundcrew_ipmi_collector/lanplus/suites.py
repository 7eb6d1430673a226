"""Cipher suites and the keys of a session: who signs and encrypts with what.

Source: IPMI 2.0 rev 1.1, table 22-20 (suites), 13.28 to 13.32 (algorithms and keys). HMAC is the standard library's,
AES is OpenSSL's by way of `cryptography`.
"""

import hmac
import os

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB

_BLOCK = 16
_MAX_PAD = 15
_PAD = bytes(range(1, _MAX_PAD + 1))


class Suite:
    """A cipher suite. Codes of an algorithm: tables 13-17, 13-18 and 13-19; lengths in bytes."""

    def __init__(
        self, number: int, *, login: int, integrity: int, encryption: int, digest: str, code_bytes: int
    ) -> None:
        self.number = number
        self.login = login
        self.integrity = integrity
        self.encryption = encryption
        self.digest = digest
        self.code_bytes = code_bytes

    def sign(self, key: bytes, data: bytes) -> bytes:
        """The whole HMAC."""
        return hmac.digest(key, data, self.digest)

    def code(self, key: bytes, data: bytes) -> bytes:
        """As much of the HMAC as datagrams bear."""
        return hmac.digest(key, data, self.digest)[: self.code_bytes]


SUITES = {
    17: Suite(17, login=0x03, integrity=0x04, encryption=0x01, digest="sha256", code_bytes=16),
    3: Suite(3, login=0x01, integrity=0x01, encryption=0x01, digest="sha1", code_bytes=12),
}
"""HMAC-SHA256 with AES-CBC-128, and HMAC-SHA1 with it. Those without encryption are not spoken."""


class Keys:
    """Keys of one session, made of the session integrity key (13.32)."""

    def __init__(self, suite: Suite, session_key: bytes) -> None:
        self.suite = suite
        self._integrity = suite.sign(session_key, b"\x01" * 20)
        # AES on single blocks, chained below: a context for each datagram would cost ten times as much as its blocks.
        blocks = Cipher(AES(suite.sign(session_key, b"\x02" * 20)[:_BLOCK]), ECB())  # noqa: S305
        self._encrypt = blocks.encryptor().update
        self._decrypt = blocks.decryptor().update

    def code(self, data: bytes) -> bytes:
        return self.suite.code(self._integrity, data)

    def proves(self, data: bytes, code: bytes) -> bool:
        return hmac.compare_digest(self.suite.code(self._integrity, data), code)

    def seal(self, payload: bytes) -> bytes:
        """Initialisation vector, then payload and its pad (01h, 02h, ...) encrypted by AES-CBC (table 13-20)."""
        vector = os.urandom(_BLOCK)
        pad = -(len(payload) + 1) % _BLOCK
        whole = payload + _PAD[:pad] + bytes([pad])
        sealed = last = vector
        for start in range(0, len(whole), _BLOCK):
            last = self._encrypt(_xor(whole[start : start + _BLOCK], last))
            sealed += last
        return sealed

    def open(self, sealed: bytes) -> bytes | None:
        """None where it is not of this form."""
        if len(sealed) < 2 * _BLOCK or len(sealed) % _BLOCK:
            return None
        whole = _xor(self._decrypt(sealed[_BLOCK:]), sealed[:-_BLOCK])
        pad = whole[-1]
        return whole[: -1 - pad] if pad <= _MAX_PAD else None


def _xor(one: bytes, other: bytes) -> bytes:
    """Of the same length."""
    return (int.from_bytes(one, "little") ^ int.from_bytes(other, "little")).to_bytes(len(one), "little")
