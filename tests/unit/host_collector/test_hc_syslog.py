"""Relay mode on real sockets: UDP, TCP in both framings, TLS; nothing is lost while the bus is away or by a restart."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import structlog
import trustme
from prometheus_client import CollectorRegistry
from pydantic import ValidationError
from tests.unit.host_collector.conftest import RecordingSink

from groundcrew.contracts.clock import SystemClock
from groundcrew.contracts.inventory import Inventory, InventoryHost
from groundcrew.runtime.inventory import InventoryView
from groundcrew_host_collector import syslog as relay
from groundcrew_host_collector.settings import HostCollectorSection
from groundcrew_host_collector.source import SourceFailed
from groundcrew_host_collector.syslog import SyslogSource
from groundcrew_host_collector.syslog_spool import Spool

LINK_DOWN = "%LINK-3-UPDOWN: Interface Gi1/0/1, changed state to down"
Make = Callable[..., SyslogSource]


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def make(tmp_path: Path) -> Make:
    def made(**settings: Any) -> SyslogSource:
        view = InventoryView(structlog.get_logger())
        view.newest = Inventory(revision=1, host=[InventoryHost(name="n1", switch="tor-3", pdu=["pdu-3a"])])
        return SyslogSource(
            wanted=HostCollectorSection(**(settings or {"syslog_udp": "127.0.0.1:0", "syslog_tcp": "127.0.0.1:0"})),
            folder=tmp_path / "spool",
            inventory=view,
            clock=SystemClock(),
            boot_us=lambda: 0,
            registry=CollectorRegistry(),
        )

    return made


@asynccontextmanager
async def following(source: SyslogSource, sink: RecordingSink) -> AsyncIterator[None]:
    task = asyncio.create_task(source.follow(sink))
    try:
        async with asyncio.timeout(10):
            while not source.ports and not task.done():
                await asyncio.sleep(0.005)
        if task.done():
            task.result()
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def by_udp(source: SyslogSource, *messages: bytes) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for message in messages:
            sender.sendto(message, ("127.0.0.1", source.ports["udp"]))


async def by_stream(port: int, data: bytes, context: ssl.SSLContext | None = None) -> None:
    name = {"server_hostname": "relay.example.org"} if context else {}
    _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context, **name)
    writer.write(data)
    await writer.drain()
    writer.close()
    await writer.wait_closed()


async def test_a_switch_speaks_for_itself(make: Make, sink: RecordingSink) -> None:
    source = make()
    async with following(source, sink):
        by_udp(source, f"<187>22: tor-3: *Mar  4 02:00:00.250: {LINK_DOWN}".encode())
        await sink.until(1)
    row = sink.rows[0]
    assert (row.entity, row.priority, row.message, row.transport) == ("switch:tor-3", 3, LINK_DOWN, "syslog")


async def test_a_relayed_host_is_named_by_the_message(make: Make, sink: RecordingSink) -> None:
    source = make()
    async with following(source, sink):
        by_udp(source, b"<13>Mar  4 02:00:00 n1.example.org sshd[1]: x", b"<13>Mar  4 02:00:00 other app: y", b"plain")
        await sink.until(3)
    assert [(row.entity, row.identifier) for row in sink.rows] == [
        ("host:n1", "sshd"),
        ("host:other", "app"),
        ("host:127.0.0.1", ""),
    ]


@pytest.mark.parametrize(
    "data",
    [
        b"<13>Mar  4 02:00:00 n1 a: one\n<13>Mar  4 02:00:00 n1 a: two\n",
        b"<13>Mar  4 02:00:00 n1 a: one\n<13>Mar  4 02:00:00 n1 a: two",  # the last line has no end
        b"29 <13>Mar  4 02:00:00 n1 a: one29 <13>Mar  4 02:00:00 n1 a: two",
        b"29 <13>Mar  4 02:00:00 n1 a: one<13>Mar  4 02:00:00 n1 a: two\n",  # framings of a relay that mixes them
        b"\n\n<13>Mar  4 02:00:00 n1 a: one\r\n\0<13>Mar  4 02:00:00 n1 a: two\n",
    ],
)
async def test_both_framings_of_tcp_are_understood(make: Make, sink: RecordingSink, data: bytes) -> None:
    source = make()
    async with following(source, sink):
        await by_stream(source.ports["tcp"], data)
        await sink.until(2)
    assert sink.messages == ["one", "two"]


async def test_an_endless_line_is_cut_and_the_next_one_is_whole(make: Make, sink: RecordingSink) -> None:
    source = make()
    async with following(source, sink):
        await by_stream(source.ports["tcp"], b"<13>" + b"x" * 1_000_000 + b"\n<13>Mar  4 02:00:00 n1 a: two\n")
        await sink.until(2)
    assert len(sink.messages[0]) <= 8_192
    assert sink.messages[1] == "two"


async def test_broken_bytes_are_text(make: Make, sink: RecordingSink) -> None:
    source = make()
    async with following(source, sink):
        by_udp(source, b"<13>Mar  4 02:00:00 n1 a: \xff\xfe\x00 end", b"\x00\n", b"<13>Mar  4 02:00:00 n1 a: next")
        await sink.until(2)
    assert sink.messages == ["\ufffd\ufffd\ufffd end", "next"]


async def test_tls_shows_its_certificate_and_asks_for_the_senders(
    make: Make, sink: RecordingSink, tmp_path: Path
) -> None:
    ours, theirs = trustme.CA(), trustme.CA()
    issued = ours.issue_cert("relay.example.org")
    issued.private_key_pem.write_to_path(tmp_path / "key.pem")
    for blob in issued.cert_chain_pems:
        blob.write_to_path(tmp_path / "cert.pem", append=True)
    theirs.cert_pem.write_to_path(tmp_path / "ca.pem")
    source = make(
        syslog_tls="127.0.0.1:0",
        syslog_tls_cert=tmp_path / "cert.pem",
        syslog_tls_key=tmp_path / "key.pem",
        syslog_tls_client_ca=tmp_path / "ca.pem",
    )
    async with following(source, sink):
        unknown = ssl.create_default_context()
        ours.configure_trust(unknown)
        await _until_refused(source.ports["tls"], unknown)
        known = ssl.create_default_context()
        ours.configure_trust(known)
        theirs.issue_cert("tor-3.example.org").configure_cert(known)
        await by_stream(source.ports["tls"], b"23 <13>1 - tor-3 - - - - x", known)
        await sink.until(1)
    assert [(row.entity, row.message) for row in sink.rows] == [("switch:tor-3", "x")]


async def _until_refused(port: int, context: ssl.SSLContext) -> None:
    """A refused certificate is told after the handshake: the connection ends without an answer."""
    with suppress(ssl.SSLError, ConnectionError):
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", port, ssl=context, server_hostname="relay.example.org"
        )
        writer.write(b"23 <13>1 - tor-3 - - - - y")
        async with asyncio.timeout(5):
            assert await reader.read() == b""
        writer.close()


async def test_senders_outside_the_networks_are_dropped_and_told(make: Make, sink: RecordingSink) -> None:
    source = make(syslog_udp="127.0.0.1:0", syslog_tcp="127.0.0.1:0", syslog_from=["10.0.0.0/8"])
    async with following(source, sink):
        by_udp(source, b"<13>x")
        reader, writer = await asyncio.open_connection("127.0.0.1", source.ports["tcp"])
        assert await reader.read() == b""
        writer.close()
        async with asyncio.timeout(5):
            while not (await source.probe()).endswith("2 dropped"):
                await asyncio.sleep(0.005)
    assert sink.rows == []


async def test_what_came_while_the_bus_was_away_is_published_after_a_restart(
    make: Make, sink: RecordingSink, tmp_path: Path
) -> None:
    sink.held = asyncio.Event()  # the bus takes nothing
    source = make()
    async with following(source, sink):
        data = b"".join(b"<13>Mar  4 02:00:00 n1 a: %d\n" % number for number in range(3_000))
        await by_stream(source.ports["tcp"], data)
        folder = tmp_path / "spool"
        async with asyncio.timeout(10):
            while sum(path.read_bytes().count(b"\n") for path in folder.glob("*.jsonl")) < 3_000:
                await asyncio.sleep(0.01)
    assert sink.rows == []
    sink.held = None
    async with following(make(), sink):
        await sink.until(3_000)
    assert sink.messages == [str(number) for number in range(3_000)]
    assert len({row.position for row in sink.rows}) == 3_000


async def test_a_span_that_was_under_way_is_read_again_alike(make: Make, sink: RecordingSink) -> None:
    source = make()
    async with following(source, sink):
        await by_stream(source.ports["tcp"], b"".join(b"<13>Mar  4 02:00:00 n1 a: %d\n" % n for n in range(50)))
        await sink.until(50)
    again = [row for span in sink.spans for row in await make().reread(span)]
    assert again == sink.rows


async def test_published_segments_are_forgotten(
    make: Make, sink: RecordingSink, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "Spool", lambda folder, max_bytes: Spool(folder, max_bytes=max_bytes, segment_bytes=500))
    source = make()
    async with following(source, sink):
        for number in range(30):
            by_udp(source, b"<13>Mar  4 02:00:00 n1 a: %d" % number)
            await sink.until(number + 1)
    assert len(list((tmp_path / "spool").glob("*.jsonl"))) <= 2


async def test_udp_drops_and_counts_what_the_spool_has_no_room_for_and_tcp_waits(
    make: Make, sink: RecordingSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "Spool", lambda folder, max_bytes: Spool(folder, max_bytes=300, segment_bytes=100))
    sink.held = asyncio.Event()
    source = make()
    async with following(source, sink):
        lines = b"".join(b"<13>Mar  4 02:00:00 n1 a: %d\n" % number for number in range(100))
        sending = asyncio.create_task(by_stream(source.ports["tcp"], lines))
        async with asyncio.timeout(5):
            while source._spool.room.is_set():
                await asyncio.sleep(0.005)
            by_udp(source, b"<13>Mar  4 02:00:00 n1 a: dropped")
            while not (await source.probe()).endswith("1 dropped"):
                await asyncio.sleep(0.005)
        sink.held.set()
        await sink.until(100)
        await sending
    assert sink.messages == [str(number) for number in range(100)]


def test_a_torn_or_foreign_line_of_the_spool_is_passed_over(tmp_path: Path) -> None:
    before = Spool(tmp_path, max_bytes=1_000)
    before.open()
    before.append(1, "host:n1", "one")
    before.close()
    path = next(iter(tmp_path.glob("*.jsonl")))
    path.write_bytes(path.read_bytes() + b'nonsense\n{"a": 1}\n[2,"host:n1","tw')
    after = Spool(tmp_path, max_bytes=1_000)
    after.open()
    after.append(3, "host:n1", "three")
    first = after.read(0, 0, rows=10, size=1_000)
    assert [kept.text for kept in first] == ["one"]
    assert [kept.text for kept in after.read(first[-1].segment, first[-1].end, rows=10, size=1_000)] == ["three"]


async def test_an_address_that_is_taken_is_named(make: Make, sink: RecordingSink) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(SourceFailed, match=rf"host_collector\.syslog_tcp 127\.0\.0\.1:{port}: "):
            await make(syslog_tcp=f"127.0.0.1:{port}").follow(sink)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"syslog_udp": "514"}, "expected address:port"),
        ({"syslog_udp": "0.0.0.0:99999"}, "expected address:port"),
        ({"syslog_tls": "0.0.0.0:6514"}, "expected syslog_tls_cert and syslog_tls_key"),
        ({"syslog_from": ["10.0.0.0/99"]}, "10.0.0.0/99"),
    ],
)
def test_a_wrong_setting_says_what_is_expected(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        HostCollectorSection(**settings)
