"""The network side of simulated BMCs: RMCP+ as a BMC speaks it, one UDP port for each, many in one process.

It shares wire format and keys with our client, so it proves nothing by itself: tests have the real ipmitool read it.
"""

import asyncio
import hmac
import os
import struct
from dataclasses import dataclass, field
from typing import cast

from groundcrew_ipmi_collector.discovery.presence import PING
from groundcrew_ipmi_collector.lab.bmc import Fault, SimulatedBmc
from groundcrew_ipmi_collector.lanplus import wire
from groundcrew_ipmi_collector.lanplus.suites import SUITES, Keys, Suite

Address = tuple[str, int]

_NO_SUITE, _NO_SESSION, _NO_NAME, _NO_ROOM, _WRONG_CODE = 0x11, 0x02, 0x0D, 0x01, 0x0F
_PRIVILEGE, _CLOSE, _CAPABILITIES, _APP = 0x3B, 0x3C, 0x38, 0x06
_FORGETS_AFTER = 25
_PONG = PING[:8] + bytes([0x40, 1, 0, 16]) + bytes([0, 0, 0x11, 0xBE]) + bytes(4) + bytes([0x81]) + bytes(7)
"""Of ASF 2.0, 3.2.4.2: IPMI is spoken here."""


@dataclass
class Session:
    """`keys` are there once the handshake is over."""

    console: int
    suite: Suite
    random: bytes = field(default_factory=lambda: os.urandom(16))
    console_random: bytes = b""
    who: bytes = b""
    keys: Keys | None = None
    newest: int = 0
    sent: int = 0
    asked: int = 0


class BmcServer(asyncio.DatagramProtocol):
    """`sessions` are those that are open or being opened, by the BMC's id; `most_open`: at once, ever."""

    def __init__(
        self,
        bmc: SimulatedBmc,
        *,
        user: str,
        password: str,
        suites: frozenset[int] = frozenset(SUITES),
        max_sessions: int = 4,
        drip_s: float = 0.2,
        silent: bool = False,
        kg: str = "",
    ) -> None:
        """`kg`: its key K_G, where one is set.
        `silent`: it drops a request with a cipher suite that it does not know, rather than refuse it."""
        self.bmc = bmc
        self._user = user.encode()
        self._password = password.encode()
        self._suites = suites
        self._max_sessions = max_sessions
        self._drip_s = drip_s
        self._silent = silent
        self._kg = kg.encode()
        self._transport: asyncio.DatagramTransport | None = None
        self.sessions: dict[int, Session] = {}
        self.opened = self.most_open = self.heard = 0

    @classmethod
    async def serve(cls, bmc: SimulatedBmc, port: int, *, address: str = "127.0.0.1", **options: object) -> "BmcServer":
        """On a loopback address; options as those of the constructor."""
        loop = asyncio.get_running_loop()
        _, server = await loop.create_datagram_endpoint(
            lambda: cls(bmc, **options),  # type: ignore[arg-type]
            local_addr=(address, port),
        )
        return server

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    @property
    def port(self) -> int:
        """Where it listens: what the system chose where it was asked for port 0."""
        assert self._transport is not None
        return int(self._transport.get_extra_info("sockname")[1])

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    @property
    def open_sessions(self) -> int:
        return sum(session.keys is not None for session in self.sessions.values())

    def forget_sessions(self) -> None:
        """As when the BMC restarts."""
        self.sessions.clear()

    def datagram_received(self, data: bytes, addr: Address) -> None:
        self.heard += 1
        if Fault.HANG in self.bmc.faults:
            return
        if data == PING:
            self._send(_PONG, addr)
            return
        if (plain := wire.parse_plain(data)) is not None:
            self._send(self._outside(plain), addr)
            return
        if session := wire.session_of(data):
            self._send(self._inside(data, session), addr)
            return
        packet = wire.parse_packet(data, 0)
        if packet is not None and (handler := _HANDSHAKE.get(packet.kind)):
            try:
                answer = handler(self, packet.payload)
            except (IndexError, struct.error):
                return
            if answer is not None:
                self._send(wire.outside(packet.kind + 1, answer), addr)

    def _send(self, datagram: bytes | None, addr: Address) -> None:
        if datagram is None or self._transport is None:
            return
        if Fault.GARBAGE in self.bmc.faults:
            for noise in (os.urandom(40), datagram[:20], _altered(datagram)):
                self._transport.sendto(noise, addr)
        if Fault.DRIP in self.bmc.faults:
            asyncio.get_running_loop().call_later(self._drip_s, self._transport.sendto, datagram, addr)
        else:
            self._transport.sendto(datagram, addr)

    def _outside(self, message: bytes) -> bytes | None:
        asked = wire.parse_request(message)
        if asked is None or asked.command != _CAPABILITIES:
            return None
        return wire.plain(wire.response(asked, 0, bytes([1, 0x80, 0x04, 0x02, 0, 0, 0, 0])))

    # --- handshake ---------------------------------------------------------------------------------------------------

    def open_request(self, payload: bytes) -> bytes | None:
        tag, level, console = payload[0], payload[1], struct.unpack_from("<I", payload, 4)[0]
        wanted = (payload[12], payload[20], payload[28])
        head = bytes([tag])
        suite = next(
            (s for s in SUITES.values() if (s.login, s.integrity, s.encryption) == wanted and s.number in self._suites),
            None,
        )
        if suite is None and self._silent:
            return None
        if suite is None:
            return head + bytes([_NO_SUITE, 0, 0]) + struct.pack("<I", console)
        self._forget_unfinished(console)
        if len(self.sessions) >= self._max_sessions:
            return head + bytes([_NO_ROOM, 0, 0]) + struct.pack("<I", console)
        number = int.from_bytes(os.urandom(4), "little") or 1
        self.sessions[number] = Session(console, suite)
        return head + bytes([0, level, 0]) + struct.pack("<II", console, number) + payload[8:32]

    def _forget_unfinished(self, console: int) -> None:
        """Attempts that nobody finished: a request for a session that was sent again makes one, not two."""
        for number, session in list(self.sessions.items()):
            if session.keys is None and (session.console == console or len(self.sessions) >= self._max_sessions):
                del self.sessions[number]

    def rakp1(self, payload: bytes) -> bytes | None:
        number = struct.unpack_from("<I", payload, 4)[0]
        session = self.sessions.get(number)
        if session is None:
            return bytes([payload[0], _NO_SESSION, 0, 0]) + bytes(4)
        role, name = payload[24], payload[28 : 28 + payload[27]]
        head = struct.pack("<I", session.console)
        if name != self._user:
            del self.sessions[number]
            return bytes([payload[0], _NO_NAME, 0, 0]) + head
        session.console_random = payload[8:24]
        session.who = bytes([role, len(name)]) + name
        ids = struct.pack("<II", session.console, number)
        signed = ids + session.console_random + session.random + self.bmc.guid + session.who
        password = self._password if Fault.REFUSE not in self.bmc.faults else os.urandom(16)
        code = session.suite.sign(password, signed)
        return bytes([payload[0], 0, 0, 0]) + head + session.random + self.bmc.guid + code

    def rakp3(self, payload: bytes) -> bytes | None:
        number = struct.unpack_from("<I", payload, 4)[0]
        session = self.sessions.get(number)
        if session is None:
            return bytes([payload[0], _NO_SESSION, 0, 0]) + bytes(4)
        head = struct.pack("<I", session.console)
        signed = session.random + head + session.who
        if payload[1] or not hmac.compare_digest(session.suite.sign(self._password, signed), payload[8:]):
            del self.sessions[number]
            return None if payload[1] else bytes([payload[0], _WRONG_CODE, 0, 0]) + head
        key = session.suite.sign(self._kg or self._password, session.console_random + session.random + session.who)
        if session.keys is None:
            self.opened += 1
        session.keys = Keys(session.suite, key)
        self.most_open = max(self.most_open, self.open_sessions)
        proof = session.suite.code(key, session.console_random + struct.pack("<I", number) + self.bmc.guid)
        return bytes([payload[0], 0, 0, 0]) + head + proof

    # --- within a session --------------------------------------------------------------------------------------------

    def _inside(self, data: bytes, number: int) -> bytes | None:
        """None, and nothing else, for what does not prove to be of a session that is open."""
        session = self.sessions.get(number)
        if session is None or session.keys is None:
            return None
        keys = session.keys
        packet = wire.parse_packet(data, keys.suite.code_bytes)
        if packet is None or not packet.encrypted or not keys.proves(packet.signed, packet.code):
            return None
        if packet.sequence <= session.newest:
            return None
        session.newest = packet.sequence
        payload = keys.open(packet.payload)
        asked = None if payload is None else wire.parse_request(payload)
        if asked is None:
            return None
        session.asked += 1
        if Fault.FORGET in self.bmc.faults and session.asked > _FORGETS_AFTER:
            del self.sessions[number]
            return None
        if (asked.netfn, asked.command) in self.bmc.mute:
            return None
        code, told = self._answer(asked, number)
        session.sent += 1
        sealed = keys.seal(wire.response(asked, code, told))
        signed = wire.unsigned(session.console, session.sent, sealed, keys.suite.code_bytes)
        return wire.RMCP + signed + keys.code(signed)

    def _answer(self, asked: wire.Message, number: int) -> tuple[int, bytes]:
        if asked.netfn == _APP and asked.command == _PRIVILEGE:
            return 0, asked.data[:1]
        if asked.netfn == _APP and asked.command == _CLOSE:
            self.sessions.pop(number, None)
            return 0, b""
        return self.bmc.answer(asked.netfn, asked.command, asked.data)


def _altered(datagram: bytes) -> bytes:
    """As somebody on the way might; in a handshake, that cannot be told from another password."""
    return datagram[:-1] + bytes([datagram[-1] ^ 1]) if wire.session_of(datagram) else datagram[:-1]


_HANDSHAKE = {
    wire.OPEN_REQUEST: BmcServer.open_request,
    wire.RAKP1: BmcServer.rakp1,
    wire.RAKP3: BmcServer.rakp3,
}
