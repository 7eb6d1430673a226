"""Relay mode: syslog of switches, PDUs and other machines as log lines of those entities."""

import asyncio
import ssl
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter

from groundcrew.contracts.clock import Clock, set_within, to_us
from groundcrew.contracts.identity import kind_of
from groundcrew.contracts.observations import MAX_BATCH_ROWS, MAX_TEXT
from groundcrew.diagnosis.senders import Senders
from groundcrew.diagnosis.syslog import SyslogMessage, read_syslog
from groundcrew.runtime.inventory import InventoryView
from groundcrew_host_collector.settings import HostCollectorSection, host_and_port
from groundcrew_host_collector.source import LogRow, Position, Sink, SourceFailed, Span, cut
from groundcrew_host_collector.syslog_receiver import HANDSHAKE_S, MAX_MESSAGE, Datagrams, Networks, Streams, Tally
from groundcrew_host_collector.syslog_spool import Kept, Spool

KEY = "syslog"
NAME = "syslog"
BATCH_BYTES = 512 * 1024
INVENTORY_S = 5.0
"""Seconds that listening waits for the inventory at the start: who is meant is decided when a message comes."""

BEHIND_US = 86_400 * 1_000_000
AHEAD_US = 60 * 1_000_000
_DEVICES = frozenset({"switch", "pdu", "bmc"})


@dataclass(frozen=True, kw_only=True)
class Listeners:
    """Where to listen; (host, port) or None, and the TLS context of the one that needs it."""

    udp: tuple[str, int] | None
    tcp: tuple[str, int] | None
    tls: tuple[str, int] | None
    context: ssl.SSLContext | None
    networks: Networks

    @property
    def text(self) -> str:
        named = (("UDP", self.udp), ("TCP", self.tcp), ("TLS", self.tls))
        return ", ".join(f"{name} {address[0]}:{address[1]}" for name, address in named if address)


def listeners(wanted: HostCollectorSection) -> Listeners:
    """What the settings ask for. Raises SourceFailed naming the file that TLS cannot use."""
    context = None
    if wanted.syslog_tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        try:
            assert wanted.syslog_tls_cert is not None
            context.load_cert_chain(wanted.syslog_tls_cert, wanted.syslog_tls_key)
            if wanted.syslog_tls_client_ca is not None:
                context.load_verify_locations(wanted.syslog_tls_client_ca)
                context.verify_mode = ssl.CERT_REQUIRED
        except (OSError, ssl.SSLError) as error:
            files = (wanted.syslog_tls_cert, wanted.syslog_tls_key, wanted.syslog_tls_client_ca)
            named = ", ".join(str(file) for file in files if file is not None)
            msg = f"host_collector.syslog_tls cannot use {named}: {error.strerror or error}"
            raise SourceFailed(msg) from None
    return Listeners(
        udp=host_and_port(wanted.syslog_udp),
        tcp=host_and_port(wanted.syslog_tcp),
        tls=host_and_port(wanted.syslog_tls),
        context=context,
        networks=tuple(ip_network(network) for network in wanted.syslog_from),
    )


class SyslogSource:
    """A log source whose lines come over the network and lie in a spool until they are published."""

    name = NAME

    def __init__(
        self,
        *,
        wanted: HostCollectorSection,
        folder: Path,
        inventory: InventoryView,
        clock: Clock,
        boot_us: Callable[[], int],
        registry: CollectorRegistry,
    ) -> None:
        self._wanted = wanted
        self._spool = Spool(folder, max_bytes=wanted.syslog_spool_mb * 1024 * 1024)
        self._inventory = inventory
        self._clock = clock
        self._boot_us = boot_us
        self._senders = Senders(None)
        self._revision = -1
        self.ports: dict[str, int] = {}
        dropped = Counter(
            "groundcrew_host_collector_syslog_dropped",
            "Messages or connections not taken: spool or disk full, sender not allowed, too many connections, framing",
            ["reason"],
            registry=registry,
        )
        self._tally = Tally(lambda reason: dropped.labels(reason).inc())

    async def probe(self) -> str:
        dropped = f"; {self._tally.dropped} dropped" if self._tally.dropped else ""
        return f"listening at {listeners(self._wanted).text}{dropped}"

    async def follow(self, sink: Sink) -> None:
        self._spool.open()
        if self._inventory.newest is None:
            await set_within(self._inventory.news, self._clock, INVENTORY_S)
        async with AsyncExitStack() as stack:
            stack.callback(self._spool.close)
            await self._listen(stack)
            await self._publish(sink)

    async def _listen(self, stack: AsyncExitStack) -> None:
        wanted = listeners(self._wanted)
        loop = asyncio.get_running_loop()
        ports: dict[str, int] = {}
        if wanted.udp:
            with _binding("syslog_udp", wanted.udp):
                transport, _ = await loop.create_datagram_endpoint(
                    lambda: Datagrams(self._take, self._tally, wanted.networks), local_addr=wanted.udp
                )
            stack.callback(transport.close)
            ports["udp"] = transport.get_extra_info("sockname")[1]
        for name, address, context in (("tcp", wanted.tcp, None), ("tls", wanted.tls, wanted.context)):
            if address is None:
                continue
            streams = Streams(self._take, self._spool.room.wait, self._tally, wanted.networks)
            handshake = {"ssl_handshake_timeout": HANDSHAKE_S} if context else {}
            with _binding(f"syslog_{name}", address):
                server = await asyncio.start_server(
                    streams.connected, address[0], address[1], limit=MAX_MESSAGE, ssl=context, **handshake
                )
            stack.callback(streams.close)
            stack.callback(server.close)
            ports[name] = server.sockets[0].getsockname()[1]
        self.ports = ports

    def _take(self, address: str, text: str) -> bool:
        """Keep a message; False where there is no room. What the disk does not take is dropped and counted."""
        text = text[: 2 * MAX_TEXT]
        try:
            return self._spool.append(to_us(self._clock.now()), self._entity(address, read_syslog(text)), text)
        except OSError:
            self._tally.drop("disk")
            return True

    def _entity(self, address: str, message: SyslogMessage) -> str:
        """Who wrote it: whom it names itself, as relays pass on what others wrote. A name that nobody has bears less
        than the address of a device, which relays nothing."""
        newest = self._inventory.newest
        if newest is not None and newest.revision != self._revision:
            self._senders, self._revision = Senders(newest), newest.revision
        by_address = self._senders.entity_of(address) or f"host:{address}"
        if not message.host:
            return by_address
        if kind_of(by_address) in _DEVICES and not self._senders.knows(message.host):
            return by_address
        return self._senders.entity_of(message.host) or by_address

    async def _publish(self, sink: Sink) -> None:
        position = sink.positions().get(KEY) or {"segment": 0, "offset": 0}
        if sink.first_start:
            await sink.place({KEY: position})
        while True:
            kept = self._spool.read(position["segment"], position["offset"], rows=MAX_BATCH_ROWS // 2, size=BATCH_BYTES)
            if not kept:
                await self._spool.news.wait()
                continue
            span = self._span(position, kept)
            await sink.take(span, [_row(one) for one in kept])
            if span.end["segment"] > position["segment"]:  # on disk before what lies behind it is forgotten
                await sink.place({KEY: span.end})
                self._spool.drop_before(span.end["segment"])
            position = span.end

    def _span(self, position: Position, kept: list[Kept]) -> Span:
        return Span(
            key=KEY,
            source=NAME,
            start=position,
            end={"segment": kept[-1].segment, "offset": kept[-1].end},
            received_us=kept[-1].received_us,
            boot_us=self._boot_us(),
        )

    async def reread(self, span: Span) -> list[LogRow]:
        self._spool.open()
        start, end = span.start, span.end
        kept = self._spool.read(start["segment"], start["offset"], rows=MAX_BATCH_ROWS, size=2 * BATCH_BYTES)
        return [_row(one) for one in kept if (one.segment, one.end) <= (end["segment"], end["offset"])]


def _row(kept: Kept) -> LogRow:
    message = read_syslog(kept.text)
    said = message.time_us
    believed = said is not None and -BEHIND_US <= said - kept.received_us <= AHEAD_US
    return LogRow(
        position=f"{kept.segment}:{kept.offset}",
        time_us=said if said is not None and believed else kept.received_us,
        priority=message.priority,
        identifier=message.identifier,
        unit="",
        transport="syslog",
        boot_id="",
        message=cut(message.message),
        entity=kept.entity,
    )


@contextmanager
def _binding(setting: str, address: tuple[str, int]) -> Iterator[None]:
    """Says which setting names an address that cannot be listened at."""
    try:
        yield
    except OSError as error:
        msg = f"host_collector.{setting} {address[0]}:{address[1]}: {error.strerror or error}"
        raise SourceFailed(msg) from None
