"""Who answers on the port of IPMI: a presence ping of ASF, and what a BMC says of itself before any login.

Two datagrams per address and try, as many a second as the operator allows; nothing of them needs or tells a password.
Sources: ASF 2.0 (DSP0136), 3.2.4; IPMI 2.0, 13.2.3 and 22.13.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from groundcrew_ipmi_collector.discovery.ranges import Address
from groundcrew_ipmi_collector.lanplus import wire

_ASF = bytes([0x06, 0x00, 0xFF, 0x06])
_IANA_ASF = bytes([0x00, 0x00, 0x11, 0xBE])
_PING, _PONG = 0x80, 0x40
PING = _ASF + _IANA_ASF + bytes([_PING, 0x01, 0x00, 0x00])
_SPEAKS_IPMI = 0x80
_LEAST_PONG = 12 + 9
_APP, _CAPABILITIES = 0x06, 0x38
_USER = 0x02
ASK = wire.plain(wire.request(_APP, _CAPABILITIES, bytes([0x8E, _USER]), sequence=0))

TRIES = 2
_WAIT_S = 1.5


@dataclass
class Present:
    """`ipmi2`: it opens sessions of IPMI 2.0; None where it said nothing of sessions."""

    ipmi2: bool | None = None


def parse_pong(data: bytes) -> Present | None:
    """A pong that says that IPMI is spoken there; None for anything else."""
    if len(data) < _LEAST_PONG or data[0] != _ASF[0] or data[3] != _ASF[3] or data[4:8] != _IANA_ASF:
        return None
    return Present() if data[8] == _PONG and data[20] & _SPEAKS_IPMI else None


def parse_capabilities(data: bytes) -> Present | None:
    """An answer to Get Channel Authentication Capabilities; None for anything else."""
    message = wire.parse_plain(data)
    said = None if message is None else wire.parse_response(message)
    if said is None or said.command != _CAPABILITIES or said.netfn != _APP | 1:
        return None
    if said.code != 0 or len(said.data) < 4:
        return Present()
    return Present(ipmi2=bool(said.data[1] & 0x80 and said.data[3] & 0x02))


class _Listening(asyncio.DatagramProtocol):
    """Only who was asked is listened to."""

    def __init__(self, asked: Sequence[Address], port: int) -> None:
        self._asked = {(str(address), port): address for address in asked}
        self.found: dict[Address, Present] = {}

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        address = self._asked.get((addr[0].partition("%")[0], addr[1]))
        if address is None:
            return
        seen = parse_pong(data) or parse_capabilities(data)
        if seen is None:
            return
        known = self.found.setdefault(address, seen)
        if seen.ipmi2 is not None:
            known.ipmi2 = seen.ipmi2

    def error_received(self, exc: Exception) -> None:
        """Nobody there, or no way there: as if it had not answered."""


def _itself(listening: _Listening) -> _Listening:
    return listening


async def present(
    asked: Sequence[Address], *, port: int, a_second: float, wait_s: float = _WAIT_S
) -> dict[Address, Present]:
    """Who answered. `a_second`: datagrams at most; Raises OSError
    where no socket is to be had."""
    loop = asyncio.get_running_loop()
    found: dict[Address, Present] = {}
    for version, here in ((4, "0.0.0.0"), (6, "::")):  # noqa: S104 - it sends; only who was asked is listened to
        of_version = [address for address in asked if address.version == version]
        if not of_version:
            continue
        listening = _Listening(of_version, port)
        transport, _ = await loop.create_datagram_endpoint(partial(_itself, listening), local_addr=(here, 0))
        try:
            await _ask(transport, listening, of_version, port, a_second)
            await asyncio.sleep(wait_s)
        finally:
            transport.close()
        found |= listening.found
    return found


async def _ask(
    transport: asyncio.DatagramTransport,
    listening: _Listening,
    asked: Sequence[Address],
    port: int,
    a_second: float,
) -> None:
    loop = asyncio.get_running_loop()
    begun, sent = loop.time(), 0
    for _ in range(TRIES):
        for address in asked:
            if address in listening.found and listening.found[address].ipmi2 is not None:
                continue
            for datagram in (PING, ASK):
                sent += 1
                ahead_s = begun + sent / a_second - loop.time()
                if ahead_s > 0:
                    await asyncio.sleep(ahead_s)
                transport.sendto(datagram, (str(address), port))
