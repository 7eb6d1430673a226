"""Receives syslog over UDP (RFC 5426), TCP (RFC 6587: octet counts or lines) and TLS (RFC 5425).

A receiver hands each message on as text with the sender's address. What a sender may do to it is bounded: the length
of a message, the number of connections, the time that a connection may be silent.
"""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress
from ipaddress import IPv4Network, IPv6Network, ip_address

MAX_MESSAGE = 65_536
"""Bytes of a message that are taken; the rest of a longer line is passed over."""

MAX_CONNECTIONS = 512
SILENCE_S = 3_600.0
HANDSHAKE_S = 10.0
_COUNT_DIGITS = 6

Take = Callable[[str, str], bool]
"""Takes (address, text); False where there is no room now."""

Room = Callable[[], Awaitable[object]]
"""Waits until there is room again."""

Networks = tuple[IPv4Network | IPv6Network, ...]


class Tally:
    """What receivers did not take, by reason."""

    def __init__(self, count: Callable[[str], None]) -> None:
        self.dropped = 0
        self._count = count

    def drop(self, reason: str) -> None:
        self.dropped += 1
        self._count(reason)


def may_send(address: str, networks: Networks) -> bool:
    """Whether a sender is within the networks; all may where there are none."""
    if not networks:
        return True
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None)
    return any((mapped or found) in network for network in networks)


class Datagrams(asyncio.DatagramProtocol):
    """One message per datagram. UDP cannot wait: what finds no room is dropped and counted."""

    def __init__(self, take: Take, tally: Tally, networks: Networks) -> None:
        self._take = take
        self._tally = tally
        self._networks = networks

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if not may_send(addr[0], self._networks):
            self._tally.drop("sender")
        elif data.strip(b"\r\n\0 ") and not self._take(addr[0], data.decode("utf-8", "replace")):
            self._tally.drop("full")

    def error_received(self, exc: Exception) -> None:
        """A peer that refuses what we never sent: nothing to do."""


class Streams:
    """Connections of one TCP or TLS listener."""

    def __init__(self, take: Take, room: Room, tally: Tally, networks: Networks) -> None:
        self._take = take
        self._room = room
        self._tally = tally
        self._networks = networks
        self._writers: set[asyncio.StreamWriter] = set()

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection until its sender ends it, is silent for too long, or talks nonsense."""
        address = str((writer.get_extra_info("peername") or ("unknown",))[0])
        full = len(self._writers) >= MAX_CONNECTIONS
        if full or not may_send(address, self._networks):
            self._tally.drop("connections" if full else "sender")
            writer.close()
            return
        self._writers.add(writer)
        try:
            await self._serve(reader, address)
        except (ConnectionError, ssl.SSLError, TimeoutError, asyncio.IncompleteReadError):
            pass  # the sender is gone; what was whole is taken
        finally:
            self._writers.discard(writer)
            writer.close()
            with suppress(ConnectionError, ssl.SSLError, TimeoutError):
                await asyncio.wait_for(writer.wait_closed(), HANDSHAKE_S)

    def close(self) -> None:
        """End all connections."""
        for writer in self._writers:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, address: str) -> None:
        while True:
            async with asyncio.timeout(SILENCE_S):
                data = await _message(reader)
            if data is None:
                return
            if isinstance(data, int):
                self._tally.drop("framing")
                return
            text = data.decode("utf-8", "replace")
            while text.strip("\r\n\0 ") and not self._take(address, text):
                await self._room()  # TCP holds its sender back meanwhile


async def _message(reader: asyncio.StreamReader) -> bytes | int | None:
    """The next message; None at the end, an int where the framing is broken."""
    first = await reader.read(1)
    if not first:
        return None
    if not first.isdigit() or first == b"0":
        return first + await _line(reader)
    head = first
    while len(head) <= _COUNT_DIGITS:
        following = await reader.read(1)
        if following == b" ":
            break
        if not following.isdigit():
            return head + following + await _line(reader) if following not in (b"", b"\n") else head
        head += following
    else:
        return 0
    length = int(head)
    data = await reader.readexactly(min(length, MAX_MESSAGE))
    await _skip(reader, length - len(data))
    return data


async def _line(reader: asyncio.StreamReader) -> bytes:
    """Up to and without the next line feed or the end; at most MAX_MESSAGE, the rest of the line is passed over."""
    try:
        return (await reader.readuntil(b"\n"))[:-1]
    except asyncio.IncompleteReadError as end:
        return end.partial
    except asyncio.LimitOverrunError:
        data = await reader.readexactly(MAX_MESSAGE - 1)
        while True:
            try:
                await reader.readuntil(b"\n")
            except asyncio.LimitOverrunError as more:
                await reader.readexactly(max(more.consumed, 1))
                continue
            except asyncio.IncompleteReadError:
                pass
            return data


async def _skip(reader: asyncio.StreamReader, left: int) -> None:
    while left > 0 and (data := await reader.read(min(left, MAX_MESSAGE))):
        left -= len(data)
