"""The context service between a bus and a store: the shipped fakes, and a real nats-server with a real PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog
from prometheus_client import CollectorRegistry

from groundcrew.bus.access import ADMIN
from groundcrew.bus.jetstream import JetStreamBus
from groundcrew.bus.memory import MemoryBroker, MemoryBus
from groundcrew.bus.port import Bus, RequestFailed
from groundcrew.contracts.clock import SystemClock, to_us
from groundcrew.contracts.envelope import Envelope, ProducedBy, seal
from groundcrew.contracts.identity import host, stable_id
from groundcrew.contracts.incidents import Evidence, EvidenceSource, Severity, TriggerRaised, TriggerState
from groundcrew.contracts.observations import LogBatch
from groundcrew.runtime.health import HealthBoard
from groundcrew.runtime.resources import Resources
from groundcrew.runtime.settings import load
from groundcrew.runtime.tasks import RootTasks
from groundcrew.stores.context.memory import MemoryContextStore
from groundcrew.stores.context.port import ContextStore
from groundcrew.stores.context.postgres import PostgresContextStore
from groundcrew.stores.database import Database
from groundcrew.stores.migrate import migrate
from groundcrew_context.service import wire
from groundcrew_context.settings import Settings

from ..bus.nats_server import PASSWORDS, NatsServer  # noqa: TID252 - tests are no installed package

SITE = "demo"
START = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
UNTIL_S = 20.0


def silent() -> Any:
    quiet = structlog.make_filtering_bound_logger("critical")
    return structlog.wrap_logger(structlog.PrintLogger(), wrapper_class=quiet)


@dataclass
class OneStore:
    store: ContextStore

    async def context(self) -> ContextStore:
        return self.store

    async def actions(self) -> Any:
        raise AssertionError("context opens its own store only")

    gateway = actions


class Station:
    """A bus, a store, and context processes between them."""

    def __init__(self, connect: Callable[[str], Awaitable[Bus]], store: ContextStore) -> None:
        self._connect = connect
        self.store = store
        self.bus: Bus

    async def open(self) -> None:
        self.bus = await self._connect(ADMIN)

    async def start(self, stack: AsyncExitStack, **settings: Any) -> None:
        """One context process, which ends with `stack`."""
        clock = SystemClock()
        bus = await self._connect("context")
        stack.push_async_callback(bus.close)
        tasks = RootTasks(silent())
        stack.push_async_callback(tasks.close)
        resources = Resources(
            service="context",
            site=SITE,
            clock=clock,
            bus=bus,
            stores=OneStore(self.store),
            registry=CollectorRegistry(),
            log=silent(),
            health=HealthBoard(clock),
            tasks=tasks,
            stack=stack,
            produced_by=ProducedBy(service="context", version="0"),
        )
        overrides = {"site": {"name": SITE}, "context": {"tokenizer": "bytes", "instance": "one", **settings}}
        await wire(load(Settings, environ={}, overrides=overrides), resources)

    async def until(self, condition: Callable[[], Awaitable[bool]]) -> None:
        """Wait for it; an endpoint that does not answer yet counts as not yet."""
        async with asyncio.timeout(UNTIL_S):
            while True:
                try:
                    if await condition():
                        return
                except RequestFailed:
                    pass
                await asyncio.sleep(0.05)


@pytest.fixture(params=["memory", "servers"])
async def station(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Station]:
    async with AsyncExitStack() as stack:
        if request.param == "memory":
            broker = MemoryBroker(SystemClock(), live=True)

            async def connect(service: str) -> Bus:
                return MemoryBus(SITE, SystemClock(), service=service, broker=broker)

            station = Station(connect, MemoryContextStore())
        else:
            server = NatsServer(tmp_path)
            await server.start()
            stack.callback(server.kill)

            async def connect(service: str) -> Bus:
                return await JetStreamBus.connect(
                    url=server.url,
                    user=service,
                    password=PASSWORDS[service],
                    service=service,
                    site=SITE,
                    clock=SystemClock(),
                    registry=CollectorRegistry(),
                    log=silent(),
                    wait_s=10,
                )

            conninfo = request.getfixturevalue("database_conninfo")
            database = await Database.open(**conninfo, owner="context", clock=SystemClock())
            await migrate(database, "context")
            store = PostgresContextStore(database)
            stack.push_async_callback(store.close)
            station = Station(connect, store)
        await station.open()
        stack.push_async_callback(station.bus.close)
        yield station


def trigger(
    name: str, cause: str, part: str, at: float, state: TriggerState = TriggerState.RAISED
) -> Envelope[TriggerRaised]:
    when = START + timedelta(seconds=at)
    trigger_id = stable_id("trigger", name, cause, part, str(at), state.value)
    evidence = Evidence(
        id=stable_id("evidence", trigger_id),
        source=EvidenceSource.JOURNAL,
        ref=f"cursor-{at}",
        time=when,
        entity=host(name),
        text=f"{cause} at {part}",
        rule_id=cause,
        trigger_id=trigger_id,
    )
    data = TriggerRaised(
        rule_id=cause,
        state=state,
        severity=Severity.WARNING,
        title=f"{cause} at {part}",
        causes=[cause],
        component_class=cause.partition(".")[0],
        component=part,
        first_seen=when,
        last_seen=when,
        evidence=[evidence],
    )
    return sealed(data, name, trigger_id, when)


def log_lines(name: str, first: int, count: int) -> Envelope[LogBatch]:
    numbers = range(first, first + count)
    data = LogBatch(
        ids=[stable_id("line", name, number) for number in numbers],
        times=[to_us(START) + number * 1_000 for number in numbers],
        priorities=[6] * count,
        identifiers=["app"] * count,
        units=[""] * count,
        transports=["journal"] * count,
        boot_ids=[""] * count,
        positions=[str(number) for number in numbers],
        messages=[f"line {number}" for number in numbers],
    )
    return sealed(data, name, stable_id("batch", name, first), START)


def sealed(data: Any, name: str, message_id: str, when: datetime) -> Envelope[Any]:
    return seal(
        data,
        id=message_id,
        site=SITE,
        entity=host(name),
        time=when,
        received_at=when,
        source="journal",
        position="1",
        produced_by=ProducedBy(service="test", version="0"),
    )
