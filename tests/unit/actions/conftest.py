"""The actions service as production wires it, on the memory bus, the memory store and a virtual clock."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import pytest
import structlog
from prometheus_client import CollectorRegistry

from groundcrew.bus.memory import MemoryBroker, MemoryBus
from groundcrew.contracts.actions import (
    Action,
    ActionKind,
    ActionProposed,
    ActionReported,
    AutonomyLevel,
    Outcome,
)
from groundcrew.contracts.clock import VirtualClock
from groundcrew.contracts.envelope import Envelope, Message, ProducedBy, Record, seal
from groundcrew.contracts.identity import stable_id
from groundcrew.contracts.queries import ActionQuery, ActionsQuery, AuditQuery, DecideAction, Endpoint, Endpoints
from groundcrew.runtime.health import HealthBoard
from groundcrew.runtime.resources import Resources
from groundcrew.runtime.tasks import RootTasks
from groundcrew.stores.actions.memory import MemoryActionStore
from groundcrew_actions.service import wire
from groundcrew_actions.settings import ActionsSection, Settings

SITE = "default"
T0 = datetime(2026, 3, 1, 2, 36, tzinfo=UTC)
R = TypeVar("R", bound=Record)
M = TypeVar("M", bound=Message)


class Site:
    """What a test sees: it proposes as review does, reports as a runner does, asks as the gateway does."""

    def __init__(self, *, level: AutonomyLevel = AutonomyLevel.SUGGEST, **section: Any) -> None:
        self.clock = VirtualClock(T0)
        self.broker = MemoryBroker(self.clock)
        self.store = MemoryActionStore()
        self.settings = Settings(actions=ActionsSection(autonomy=level, **section))
        self.stack = AsyncExitStack()
        self.outside = self.bus("admin")
        self.told: list[Envelope[Any]] = []

    def bus(self, service: str) -> MemoryBus:
        if service == "admin":
            return MemoryBus(SITE, self.clock, broker=self.broker)
        return MemoryBus(SITE, self.clock, service=service, broker=self.broker)

    async def start(self) -> None:
        log = structlog.get_logger()
        tasks = RootTasks(log)
        bus = self.bus("actions")
        self.stack.push_async_callback(bus.close)
        self.stack.push_async_callback(tasks.close)
        stores: Any = self
        await wire(
            self.settings,
            Resources(
                service="actions", site=SITE, clock=self.clock, bus=bus, stores=stores, registry=CollectorRegistry(),
                log=log, health=HealthBoard(self.clock), tasks=tasks, stack=self.stack,
                produced_by=ProducedBy(service="actions", version="0", packs=""),
            ),
        )  # fmt: skip
        await self.outside.tap("gc.*.action.*.*", self._saw)

    async def actions(self) -> MemoryActionStore:
        return self.store

    async def _saw(self, envelope: Envelope[Any]) -> None:
        self.told.append(envelope)

    def seen(self, message: type[M]) -> list[M]:
        return [envelope.data for envelope in self.told if isinstance(envelope.data, message)]

    def envelope(self, data: Message, message_id: str, entity: str, time: datetime | None = None) -> Envelope[Any]:
        when = time or self.clock.now()
        return seal(
            data, id=message_id, site=SITE, entity=entity, time=when, received_at=when, source="test", position="1",
            produced_by=ProducedBy(service="test", version="0", packs=""),
        )  # fmt: skip

    async def propose(
        self,
        number: int = 1,
        *,
        host: str = "a",
        kind: ActionKind = ActionKind.SERVICE_RESTART,
        parameters: dict[str, str] | None = None,
        incident_id: str | None = None,
        time: datetime | None = None,
    ) -> Action:
        proposed = ActionProposed(
            kind=kind,
            target=f"host:{host}",
            parameters={"unit": "trainer.service"} if parameters is None else parameters,
            reason="trainer.service failed",
            incident_id=incident_id,
            evidence_ids=[stable_id("line")],
            proposed_by="review",
        )
        action_id = stable_id("proposal", number)
        await self.outside.publish(self.envelope(proposed, action_id, f"host:{host}", time))
        await self.broker.settle()
        return await self.action(action_id)

    async def report(
        self,
        action: Action,
        outcome: Outcome = Outcome.SUCCEEDED,
        *,
        entity: str | None = None,
        after: dict[str, str] | None = None,
        attempt: int = 1,
    ) -> Action:
        now = self.clock.now()
        report = ActionReported(
            action_id=action.id, outcome=outcome, exit_code=0, output="done", started_at=now, finished_at=now,
            probe_before={"ActiveState": "failed", "InvocationID": "1"}, detail=f"the runner says {outcome}",
            probe_after={"ActiveState": "active", "InvocationID": "2"} if after is None else after,
        )  # fmt: skip
        message_id = stable_id("report", action.id, attempt)
        await self.outside.publish(self.envelope(report, message_id, entity or action.target))
        await self.broker.settle()
        return await self.action(action.id)

    async def ask(self, endpoint: Endpoint[Any, R], request: Record) -> R:
        return await self.outside.request(endpoint, request)

    async def action(self, action_id: str) -> Action:
        return await self.ask(Endpoints.ACTION, ActionQuery(id=action_id))

    async def decide(self, action: Action, *, approve: bool = True, actor: str = "ada") -> Action:
        decided = await self.ask(
            Endpoints.DECIDE, DecideAction(id=action.id, approve=approve, actor=actor, comment="seen")
        )
        await self.broker.settle()
        return decided

    async def pass_time(self, **delta: float) -> None:
        await self.broker.settle(until=self.clock.now() + timedelta(**delta))

    async def all_actions(self) -> list[Action]:
        return (await self.ask(Endpoints.ACTIONS, ActionsQuery())).items

    async def audit_events(self) -> list[str]:
        return [entry.event for entry in (await self.ask(Endpoints.AUDIT, AuditQuery(limit=1000))).items]


@pytest.fixture
async def make_site() -> AsyncIterator[Any]:
    sites: list[Site] = []

    async def make(**settings: Any) -> Site:
        site = Site(**settings)
        sites.append(site)
        await site.start()
        return site

    yield make
    for site in sites:
        await site.stack.aclose()
        await site.outside.close()
