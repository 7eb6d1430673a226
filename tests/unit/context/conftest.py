"""The context service on the memory bus and the memory store, on a virtual clock."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import structlog
from prometheus_client import CollectorRegistry

from groundcrew.bus.memory import MemoryBroker, MemoryBus
from groundcrew.contracts.clock import VirtualClock, to_us
from groundcrew.contracts.envelope import Envelope, Message, ProducedBy, seal
from groundcrew.contracts.identity import host, stable_id
from groundcrew.contracts.incidents import Evidence, EvidenceSource, Incident, Severity, TriggerRaised, TriggerState
from groundcrew.contracts.observations import LogBatch
from groundcrew.contracts.queries import Endpoint, Endpoints, IncidentDetail, IncidentQuery, IncidentsQuery
from groundcrew.runtime.health import HealthBoard
from groundcrew.runtime.resources import Resources
from groundcrew.runtime.settings import load
from groundcrew.runtime.tasks import RootTasks
from groundcrew.stores.context.memory import MemoryContextStore
from groundcrew_context.service import wire
from groundcrew_context.settings import Settings

START = datetime(2026, 3, 4, 2, 0, tzinfo=UTC)
SITE = "demo"
MADE_BY = ProducedBy(service="test", version="0")


@dataclass
class OneStore:
    """The store that every context process of a test opens."""

    store: MemoryContextStore

    async def context(self) -> MemoryContextStore:
        return self.store

    async def actions(self) -> Any:
        raise AssertionError("context opens its own store only")

    gateway = actions


def silent() -> Any:
    return structlog.wrap_logger(
        structlog.PrintLogger(), wrapper_class=structlog.make_filtering_bound_logger("critical")
    )


class Station:
    """A broker, a store, and context processes between them."""

    def __init__(self) -> None:
        self.clock = VirtualClock(START)
        self.broker = MemoryBroker(self.clock)
        self.store = MemoryContextStore()
        self.bus = MemoryBus(SITE, self.clock, broker=self.broker)
        self.stack = AsyncExitStack()

    async def start(self, stack: AsyncExitStack | None = None, **settings: Any) -> Resources:
        """One context process; `settings` are those of its section."""
        stack = stack or self.stack
        tasks = RootTasks(silent())
        stack.push_async_callback(tasks.close)
        resources = Resources(
            service="context",
            site=SITE,
            clock=self.clock,
            bus=MemoryBus(SITE, self.clock, service="context", broker=self.broker),
            stores=OneStore(self.store),
            registry=CollectorRegistry(),
            log=silent(),
            health=HealthBoard(self.clock),
            tasks=tasks,
            stack=stack,
            produced_by=ProducedBy(service="context", version="0"),
        )
        overrides = {"site": {"name": SITE}, "context": {"tokenizer": "bytes", **settings}}
        await wire(load(Settings, environ={}, overrides=overrides), resources)
        return resources

    async def send(self, *envelopes: Envelope[Message]) -> None:
        for envelope in envelopes:
            await self.bus.publish(envelope)
        await self.broker.settle()

    async def ask(self, endpoint: Endpoint[Any, Any], request: Any) -> Any:
        return await self.bus.request(endpoint, request)

    async def incidents(self) -> list[Incident]:
        page = await self.ask(Endpoints.INCIDENTS, IncidentsQuery())
        return list(page.items)

    async def detail(self, incident: Incident) -> IncidentDetail:
        return await self.ask(Endpoints.INCIDENT, IncidentQuery(id=incident.id))

    async def wait_until(self, seconds: float) -> None:
        await self.broker.settle(until=START + timedelta(seconds=seconds))
        await self.broker.settle()


def trigger(
    name: str,
    cause: str,
    part: str = "",
    at: float = 0,
    severity: Severity = Severity.WARNING,
    state: TriggerState = TriggerState.RAISED,
    source: EvidenceSource = EvidenceSource.JOURNAL,
    evidence_id: str = "",
) -> Envelope[TriggerRaised]:
    when = START + timedelta(seconds=at)
    trigger_id = stable_id("trigger", name, cause, part, str(at), state.value)
    text = f"{cause} {part} seen after {at} s"
    evidence = Evidence(
        id=evidence_id or stable_id("evidence", trigger_id),
        source=source,
        ref=f"cursor-{at}",
        time=when,
        entity=host(name),
        text=text,
        rule_id=cause,
        trigger_id=trigger_id,
    )
    data = TriggerRaised(
        rule_id=cause,
        state=state,
        severity=severity,
        title=text,
        causes=[cause],
        component_class=cause.partition(".")[0],
        component=part,
        first_seen=when,
        last_seen=when,
        evidence=[evidence],
    )
    return sealed(data, name, trigger_id, when)


def log_lines(name: str, *messages: str, at: float = 0) -> Envelope[LogBatch]:
    when = START + timedelta(seconds=at)
    count = len(messages)
    ids = [stable_id("line", name, str(at), index) for index in range(count)]
    data = LogBatch(
        ids=ids,
        times=[to_us(when) + index for index in range(count)],
        priorities=[4] * count,
        identifiers=["kernel"] * count,
        units=[""] * count,
        transports=["journal"] * count,
        boot_ids=[""] * count,
        positions=[f"{at}-{index}" for index in range(count)],
        messages=list(messages),
    )
    return sealed(data, name, stable_id("batch", name, str(at)), when)


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
        produced_by=MADE_BY,
    )


@pytest.fixture
async def station() -> AsyncIterator[Station]:
    station = Station()
    yield station
    await station.stack.aclose()
