"""The trigger service dies between two batches, or between publishing and committing; what it tells stays the same.
Run on the memory bus and on a real nats-server under the generated permissions."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog
from prometheus_client import CollectorRegistry

from groundcrew.bus.access import ADMIN
from groundcrew.bus.jetstream import JetStreamBus
from groundcrew.bus.memory import MemoryBroker, MemoryBus
from groundcrew.bus.port import Bus
from groundcrew.contracts.clock import SystemClock, to_us
from groundcrew.contracts.envelope import Envelope, ProducedBy, seal
from groundcrew.contracts.identity import host, stable_id
from groundcrew.contracts.observations import LogBatch
from groundcrew.diagnosis.detector import Detector
from groundcrew.runtime.health import HealthBoard
from groundcrew.runtime.packs import load_packs
from groundcrew.runtime.resources import Resources
from groundcrew.runtime.settings import load
from groundcrew.runtime.tasks import RootTasks
from groundcrew_trigger.service import wire
from groundcrew_trigger.settings import Settings

from ..bus.nats_server import PASSWORDS, NatsServer  # noqa: TID252 - tests are no package on the path

SITE = "demo"
WHEN = datetime(2026, 3, 4, 2, 0, tzinfo=UTC)
CE = "EDAC MC1: 1 CE memory read error on CPU_SrcID#0_MC#1_Chan#1_DIMM#0 (channel:1 slot:0 page:0x3a7c41d)"
OOM = "Out of memory: Killed process 3656 (ingestd) total-vm:258713220kB"


def batch(number: int, *, last: bool = False, name: str = "train-11") -> Envelope[LogBatch]:
    """Six lines a minute: five corrected memory errors, and now and then an out-of-memory kill."""
    texts = [CE] * 5 + [OOM.replace("ingestd", "last") if last else OOM if number % 4 == 0 else "nothing of note"]
    lines = range(number * 6, number * 6 + 6)
    data = LogBatch(
        ids=[stable_id(SITE, name, line) for line in lines],
        times=[to_us(WHEN + timedelta(seconds=10 * line)) for line in lines],
        priorities=[4] * 6,
        identifiers=["kernel"] * 6,
        units=[""] * 6,
        transports=["kernel"] * 6,
        boot_ids=[""] * 6,
        positions=[str(line) for line in lines],
        messages=texts,
    )
    return seal(
        data,
        id=stable_id("batch", name, number),
        site=SITE,
        entity=host(name),
        time=WHEN,
        received_at=WHEN + timedelta(minutes=number),
        source="journal",
        position=str(lines[-1]),
        produced_by=ProducedBy(service="host-collector", version="1"),
    )


class Place:
    """A bus, and trigger processes on it that can be started and killed."""

    def __init__(self, connect: Callable[[str], Any]) -> None:
        self.connect = connect
        self.seen: list[Envelope[Any]] = []

    async def open(self) -> None:
        self.admin: Bus = await self.connect(ADMIN)

        async def note(envelope: Envelope[Any]) -> None:
            self.seen.append(envelope)

        await self.admin.tap(f"gc.{SITE}.trigger.*.*", note)

    async def start(self) -> AsyncExitStack:
        """A new process: its own connection, nothing in memory."""
        stack = AsyncExitStack()
        bus = await self.connect("trigger")
        stack.push_async_callback(bus.close)
        log = structlog.wrap_logger(
            structlog.PrintLogger(), wrapper_class=structlog.make_filtering_bound_logger("critical")
        )
        clock = SystemClock()
        tasks = RootTasks(log)
        stack.push_async_callback(tasks.close)
        resources = Resources(
            service="trigger",
            site=SITE,
            clock=clock,
            bus=bus,
            stores=None,  # type: ignore[arg-type] - the trigger service has no store
            registry=CollectorRegistry(),
            log=log,
            health=HealthBoard(clock),
            tasks=tasks,
            stack=stack,
            produced_by=ProducedBy(service="trigger", version="0"),
        )
        settings = load(Settings, environ={}, config_path=Path(os.devnull), overrides={"site": {"name": SITE}})
        await wire(settings, resources)
        return stack

    def parts(self) -> list[str]:
        return [envelope.data.component for envelope in self.seen]


async def until(condition: Callable[[], bool], seconds: float = 60) -> None:
    """A batch that was on its way to a process that ended comes again after the durable's ack_wait (30 s)."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)


@pytest.fixture(params=["memory", "nats"])
async def place(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Place]:
    buses: list[Bus] = []
    broker = MemoryBroker(SystemClock(), live=True)
    server = NatsServer(tmp_path)

    async def memory(service: str) -> Bus:
        buses.append(MemoryBus(SITE, SystemClock(), service=service, broker=broker, registry=CollectorRegistry()))
        return buses[-1]

    async def real(service: str) -> Bus:
        bus = await JetStreamBus.connect(
            url=server.url,
            user=service,
            password=PASSWORDS[service],
            service=service,
            site=SITE,
            clock=SystemClock(),
            registry=CollectorRegistry(),
            log=structlog.get_logger(),
            wait_s=10,
            drain_s=5,
        )
        buses.append(bus)
        return bus

    if request.param == "nats":
        await server.start()
    place = Place(memory if request.param == "memory" else real)
    await place.open()
    yield place
    for bus in reversed(buses):
        await bus.close()
    if request.param == "nats":
        server.stop()


async def test_a_process_that_is_replaced_in_mid_stream_tells_what_one_process_tells(place: Place) -> None:
    process = await place.start()
    for number in range(12):
        await place.admin.publish(batch(number))
        if number in (2, 5, 7):
            await process.aclose()
            process = await place.start()
    await place.admin.publish(batch(12, last=True))
    await until(lambda: "last" in place.parts())
    await process.aclose()
    assert ("memory.corrected-storm", 30) in [(e.data.rule_id, e.data.count) for e in place.seen]
    assert [envelope.id for envelope in place.seen] == _ids_of_one_process([*range(12), 12])


def _ids_of_one_process(numbers: list[int]) -> list[str]:
    detector = Detector(load_packs().knowledge)
    batches = [batch(number, last=number == numbers[-1]) for number in numbers]
    return [draft.id for each in batches for draft in detector.observe(each)]
