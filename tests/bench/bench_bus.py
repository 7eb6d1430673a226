"""Rates of the bus: `groundcrew bench bus [-- --seconds 2]`.

Prints Markdown: single publishes, batches of 1,000-row log batches, and consuming them, on the memory bus and on a
nats-server that syncs every write (`sync_interval: always`) and one that does not, with ratios to the first. Figures
depend on the machine; nothing here asserts.
"""

import argparse
import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import structlog
from prometheus_client import CollectorRegistry
from tests.contract.bus.nats_server import PASSWORDS, NatsServer

from groundcrew.bus.jetstream import JetStreamBus
from groundcrew.bus.memory import MemoryBroker, MemoryBus
from groundcrew.bus.port import Bus
from groundcrew.contracts.clock import SystemClock, to_us
from groundcrew.contracts.envelope import Envelope, ProducedBy, encode, seal
from groundcrew.contracts.identity import host, stable_id
from groundcrew.contracts.observations import LogBatch
from groundcrew.contracts.streams import Durables, decode

SITE = "demo"
ROWS = 1_000
BATCH = 50
WHEN = datetime(2026, 1, 1, tzinfo=UTC)
TEXT = "pcieport 0000:00:1c.0: AER: Corrected error message received from 0000:01:00.0"


def log_batch(number: int, rows: int) -> Envelope[LogBatch]:
    indexes = range(rows)
    batch = LogBatch(
        ids=[stable_id(number, i) for i in indexes],
        times=[to_us(WHEN) + i for i in indexes],
        priorities=[6] * rows,
        identifiers=["kernel"] * rows,
        units=[""] * rows,
        transports=["kernel"] * rows,
        boot_ids=["d1c7a9f0a5f04a40a8a4b4d0b6b1a111"] * rows,
        positions=[f"s=1;i={i:x}" for i in indexes],
        messages=[TEXT] * rows,
    )
    return seal(
        batch,
        id=stable_id("bench", number, rows),
        site=SITE,
        entity=host(f"node-{number % 16}"),
        time=WHEN,
        received_at=WHEN,
        source="journal",
        position=str(number),
        produced_by=ProducedBy(service="host-collector", version="1"),
    )


@asynccontextmanager
async def memory_bus() -> AsyncIterator[Bus]:
    broker = MemoryBroker(SystemClock(), live=True)
    bus = MemoryBus(SITE, SystemClock(), broker=broker)
    try:
        yield bus
    finally:
        await bus.close()


@asynccontextmanager
async def nats_bus(*, sync_interval: str) -> AsyncIterator[Bus]:
    with tempfile.TemporaryDirectory() as folder:
        server = NatsServer(Path(folder), sync_interval=sync_interval)
        await server.start()
        bus = await JetStreamBus.connect(
            url=server.url,
            user="admin",
            password=PASSWORDS["admin"],
            service="admin",
            site=SITE,
            clock=SystemClock(),
            registry=CollectorRegistry(),
            log=structlog.get_logger(),
        )
        try:
            yield bus
        finally:
            await bus.close()
            server.stop()


async def measure(bus: Bus, seconds: float) -> dict[str, float]:
    seen = 0

    async def record(delivery: object) -> None:
        nonlocal seen
        seen += 1

    single = 0
    started = time.perf_counter()
    while time.perf_counter() - started < seconds:
        await bus.publish(log_batch(single, 1))
        single += 1
    rates = {"publish, one row (messages/s)": single / (time.perf_counter() - started)}
    prepared = [log_batch(1_000_000 + number, ROWS) for number in range(BATCH * 4)]
    started = time.perf_counter()
    for first in range(0, len(prepared), BATCH):
        await bus.publish_batch(prepared[first : first + BATCH])
    rates["publish in batches, 1,000 rows (rows/s)"] = len(prepared) * ROWS / (time.perf_counter() - started)
    started = time.perf_counter()
    await bus.consume(Durables.RECORD, record)
    while seen < single:
        await asyncio.sleep(0.002)
    rates["consume, one row (messages/s)"] = single / (time.perf_counter() - started)
    started, before = time.perf_counter(), seen
    while seen < single + len(prepared):
        await asyncio.sleep(0.002)
    rates["consume, 1,000 rows (rows/s)"] = (seen - before) * ROWS / (time.perf_counter() - started)
    return rates


def codec() -> dict[str, float]:
    envelope = log_batch(1, ROWS)
    payload = encode(envelope)
    return {
        "encode, 1,000 rows (rows/s)": ROWS / _time(lambda: encode(envelope)),
        "decode, 1,000 rows (rows/s)": ROWS / _time(lambda: decode(payload)),
        "bytes per row": len(payload) / ROWS,
    }


def _time(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    for _ in range(50):
        call()
    return (time.perf_counter() - started) / 50


async def compare(seconds: float) -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger("error"))
    buses = {
        "nats-server, sync always": lambda: nats_bus(sync_interval="always"),
        "nats-server, sync 2m": lambda: nats_bus(sync_interval="2m"),
        "memory": memory_bus,
    }
    results = {}
    for name, opened in buses.items():
        async with opened() as bus:
            results[name] = await measure(bus, seconds)
    first = next(iter(results.values()))
    print("| | " + " | ".join(results) + " |")
    print("|---|" + "---:|" * len(results))
    for rate, reference in first.items():
        cells = (f"{each[rate]:,.0f} ({each[rate] / reference:.1f}x)" for each in results.values())
        print(f"| {rate} | " + " | ".join(cells) + " |")
    for name, value in codec().items():
        print(f"\n{name}: {value:,.0f}")


def main(arguments: Sequence[str] = ()) -> None:
    parser = argparse.ArgumentParser(prog="groundcrew bench bus --", description="Rates of the bus")
    parser.add_argument("--seconds", type=float, default=2, help="of single publishes on each bus")
    asyncio.run(compare(parser.parse_args(list(arguments)).seconds))
