"""The meta service on the memory bus and the memory store, between owners and a coordinator that a test scripts."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import structlog
from prometheus_client import CollectorRegistry

from groundcrew.bus.memory import MemoryBroker, MemoryBus
from groundcrew.bus.port import RequestFailed
from groundcrew.contracts.actions import Action, ActionState
from groundcrew.contracts.clock import SystemClock
from groundcrew.contracts.completions import (
    Completion,
    CompletionOutcome,
    CompletionPart,
    ModelsReply,
    ModelState,
    ModelStatus,
    Purpose,
    Served,
)
from groundcrew.contracts.conversations import Answer, AnswerPart, Question
from groundcrew.contracts.envelope import Envelope, ProducedBy, seal
from groundcrew.contracts.identity import host, stable_id
from groundcrew.contracts.incidents import (
    Cause,
    EscalationRaised,
    Evidence,
    EvidenceSource,
    Incident,
    IncidentState,
    Severity,
)
from groundcrew.contracts.inventory import Inventory, InventoryHost, InventoryPart
from groundcrew.contracts.knowledge import Augmented
from groundcrew.contracts.queries import (
    ActionPage,
    ContextWindow,
    Endpoints,
    Failure,
    FleetStatus,
    HistoryEntry,
    HostPage,
    HostSummary,
    IncidentDetail,
    IncidentPage,
    LogLine,
    LogPage,
    ServicesReply,
    ServiceState,
)
from groundcrew.contracts.streams import Buckets
from groundcrew.diagnosis.tokens import upper_bound
from groundcrew.diagnosis.window import Surroundings, build
from groundcrew.runtime.health import HealthBoard
from groundcrew.runtime.resources import Resources
from groundcrew.runtime.tasks import RootTasks
from groundcrew.stores.meta.memory import MemoryMetaStore
from groundcrew_meta.service import wire
from groundcrew_meta.settings import MetaSection, Settings

SITE = "default"


def silent() -> Any:
    quiet = structlog.make_filtering_bound_logger("critical")
    return structlog.wrap_logger(structlog.PrintLogger(), wrapper_class=quiet)


def ago(minutes: float) -> datetime:
    return datetime.now(UTC) - timedelta(minutes=minutes)


def incident(number: int = 1, **changes: Any) -> Incident:
    seen = ago(24)
    plain = Incident(
        id=stable_id("incident", number), revision=2, state=IncidentState.OPEN, severity=Severity.CRITICAL,
        title="PSU2 of brickbox-43 lost its input", hosts=["brickbox-43"], entity=host("brickbox-43"),
        opened_at=seen, updated_at=seen, last_seen=seen,
        cause=Cause(
            id="psu.input_lost", component_class="psu", component="PSU2", confidence=0.94, why="AC lost, then 12V low"
        ),
        alternatives=[
            Cause(id="pcie.aer_uncorrectable", component_class="pcie", component="0000:3b:00.0", confidence=0.04)
        ],
        evidence_count=2, trigger_count=2, rules=["psu-input-lost"], steps=["check the feed: outlet of pdu-3b"],
    )  # fmt: skip
    return plain.model_copy(update=changes)


def evidence(number: int, text: str, source: EvidenceSource = EvidenceSource.JOURNAL) -> Evidence:
    return Evidence(
        id=stable_id("evidence", number), source=source, ref=f"i={number}", time=ago(25 - number),
        entity=host("brickbox-43"), text=text, rule_id=f"rule-{number}",
    )  # fmt: skip


def summary(name: str, health: int = 100) -> HostSummary:
    return HostSummary(
        name=name, entity=host(name), health=health, health_reasons=[], open_incidents=int(health < 100),
        last_seen=ago(0.1), facts={}, sources=[], latest={"load1": 0.42, "gpu_temperature_celsius{gpu=0}": 71.0},
    )  # fmt: skip


@dataclass
class Fleet:
    """What context and actions know."""

    incidents: list[Incident] = field(default_factory=lambda: [incident()])
    evidence: list[Evidence] = field(
        default_factory=lambda: [
            evidence(1, "Power Supply AC lost", EvidenceSource.SEL),
            evidence(2, "NVRM: Xid (PCI:0000:3b:00): 79, GPU has fallen off the bus."),
        ]
    )
    hosts: list[HostSummary] = field(
        default_factory=lambda: [summary("brickbox-43", 60), summary("brickbox-44"), summary("web-01")]
    )
    actions: list[Action] = field(default_factory=list)
    lines: list[str] = field(default_factory=lambda: ["NVRM: Xid 79"])
    failed: list[str] = field(default_factory=lambda: ["trainer.service"])
    away: bool = False

    async def serve(self, bus: MemoryBus) -> None:
        for endpoint, handler in (
            (Endpoints.STATUS, self._status), (Endpoints.HOSTS, self._hosts), (Endpoints.INCIDENTS, self._incidents),
            (Endpoints.INCIDENT, self._incident), (Endpoints.WINDOW, self._window), (Endpoints.LOGS, self._logs),
            (Endpoints.SERVICES, self._services), (Endpoints.ACTIONS, self._actions),
        ):  # fmt: skip
            await bus.serve(endpoint, handler)

    def _check(self) -> None:
        if self.away:
            raise RequestFailed(Failure.UNAVAILABLE, "the store does not answer")

    async def _status(self, _: Any) -> FleetStatus:
        self._check()
        return FleetStatus(
            hosts=len(self.hosts), healthy=2, warning=0, critical=1, open_incidents=1, log_rows=9, triggers_24h=2
        )

    async def _hosts(self, _: Any) -> HostPage:
        self._check()
        return HostPage(items=self.hosts)

    async def _incidents(self, query: Any) -> IncidentPage:
        self._check()
        found = [one for one in self.incidents if not query.states or one.state in query.states]
        found = [one for one in found if query.host is None or query.host in one.hosts]
        return IncidentPage(items=[one for one in found if query.since is None or one.last_seen >= query.since])

    async def _incident(self, query: Any) -> IncidentDetail:
        self._check()
        for one in self.incidents:
            if one.id == query.id:
                opened = HistoryEntry(revision=1, time=one.opened_at, actor="context", change="opened")
                noted = HistoryEntry(revision=2, time=one.opened_at, actor="ada", change="looking at the outlet")
                return IncidentDetail(incident=one, evidence=self.evidence, history=[opened, noted], findings=[])
        raise RequestFailed(Failure.NOT_FOUND, f"no incident {query.id}")

    async def _window(self, query: Any) -> ContextWindow:
        self._check()
        told = [one for one in self.incidents if query.incident_id in (None, one.id)]
        surroundings = Surroundings(
            site=SITE,
            hosts=[InventoryHost(name=one.name) for one in self.hosts],
            incidents=[(one, self.evidence) for one in told],
        )
        return build(surroundings, query.budget_tokens, upper_bound)

    async def _logs(self, query: Any) -> LogPage:
        lines = [
            LogLine(
                id=stable_id("log", n), time=ago(n + 1), entity=host(query.host or "brickbox-43"), priority=3,
                identifier="kernel", unit="", message=text, source="journal", position=str(n),
            )
            for n, text in enumerate(self.lines)
        ]  # fmt: skip
        return LogPage(items=lines)

    async def _services(self, query: Any) -> ServicesReply:
        states = [
            ServiceState(time=ago(3), unit=unit, active_state="failed", sub_state="failed", result="exit-code",
                         restarts=2)
            for unit in (self.failed if query.host == "brickbox-43" else [])
        ]  # fmt: skip
        return ServicesReply(services=states)

    async def _actions(self, query: Any) -> ActionPage:
        return ActionPage(items=[one for one in self.actions if query.incident_id in (None, one.incident_id)])


@dataclass
class Coordinator:
    """hybrid-coordinator as far as meta sees it, saying what the test wrote down."""

    words: list[str] = field(default_factory=list)
    answer: dict[str, Any] | None = None
    outcome: CompletionOutcome = CompletionOutcome.ANSWERED
    reason: str = ""
    state: ModelState = ModelState.READY
    hold: asyncio.Event | None = None
    asked: list[Any] = field(default_factory=list)
    left: int = 0
    gone: bool = False

    async def serve(self, bus: MemoryBus) -> None:
        await bus.serve(Endpoints.MODELS, self._models)
        await bus.serve(Endpoints.COMPLETE, self._complete)
        await bus.serve(Endpoints.AUGMENT, self._augment)
        await bus.serve_stream(Endpoints.COMPLETE_STREAM, self._stream)

    async def _models(self, _: Any) -> ModelsReply:
        if self.gone:
            raise RequestFailed(Failure.UNAVAILABLE, "nobody answers")
        status = ModelStatus(purpose=Purpose.META, state=self.state, model="big-one", context_tokens=8_192)
        return ModelsReply(models=[status])

    def _whole(self) -> Completion:
        return Completion(
            outcome=self.outcome, reason=self.reason, text="".join(self.words), answer=self.answer, model="big-one",
            served=Served.LOCAL, prompt_tokens=120, completion_tokens=30,
        )  # fmt: skip

    async def _complete(self, request: Any) -> Completion:
        self.asked.append(request)
        if self.hold is not None:
            await self.hold.wait()
        return self._whole()

    async def _augment(self, _: Any) -> Augmented:
        return Augmented(passages=[])

    async def _stream(self, request: Any) -> AsyncIterator[CompletionPart]:
        self.asked.append(request)
        try:
            if self.hold is not None:
                await self.hold.wait()
            for word in self.words:
                yield CompletionPart(text=word)
            yield CompletionPart(completion=self._whole())
        except (GeneratorExit, asyncio.CancelledError):
            self.left += 1
            raise


class Station:
    """A broker with the meta service, its store, and all that it asks."""

    def __init__(self) -> None:
        self.clock = SystemClock()
        self.broker = MemoryBroker(self.clock, live=True)
        self.store = MemoryMetaStore()
        self.fleet = Fleet()
        self.coordinator = Coordinator()
        self.stack = AsyncExitStack()
        self.outside = self.bus("admin")
        self.told: list[Envelope[Any]] = []
        self.news = asyncio.Event()

    def bus(self, service: str) -> MemoryBus:
        named = {} if service == "admin" else {"service": service}
        return MemoryBus(SITE, self.clock, broker=self.broker, **named)

    async def meta(self) -> MemoryMetaStore:
        return self.store

    async def open(self, *, coordinator: bool = True) -> None:
        await self.fleet.serve(self.outside)
        if coordinator:
            await self.coordinator.serve(self.outside)
        inventory = Inventory(
            revision=1,
            host=[
                InventoryHost(
                    name="brickbox-43", rack="r7", unit="U12", pdu=["pdu-3b"], serial="S43",
                    part=[InventoryPart(component_class="psu", locator="PSU2", model="PWS-2K", serial="P77")],
                ),
                InventoryHost(name="brickbox-44", rack="r7", pdu=["pdu-3b"]),
            ],
        )  # fmt: skip
        bucket = await self.outside.key_value(Buckets.INVENTORY)
        await bucket.put("current", inventory.model_dump_json().encode())
        await self.outside.tap("gc.*.analysis.*", self._note)
        await self.outside.tap("gc.*.action.>", self._note)

    async def start(self, stack: AsyncExitStack | None = None, **section: Any) -> None:
        stack = stack or self.stack
        log = silent()
        tasks = RootTasks(log)
        bus = self.bus("meta")
        stack.push_async_callback(bus.close)
        stack.push_async_callback(tasks.close)
        stores: Any = self
        await wire(
            Settings(meta=MetaSection(**section)),
            Resources(
                service="meta", site=SITE, clock=self.clock, bus=bus, stores=stores, registry=CollectorRegistry(),
                log=log, health=HealthBoard(self.clock), tasks=tasks, stack=stack,
                produced_by=ProducedBy(service="meta", version="0"),
            ),
        )  # fmt: skip

    async def _note(self, envelope: Envelope[Any]) -> None:
        self.told.append(envelope)
        self.news.set()

    async def ask(self, text: str, **more: Any) -> Answer:
        return await self.outside.request(
            Endpoints.ASK, Question(**({"text": text, "actor": "ada"} | more)), timeout=10
        )

    async def listen(self, text: str, **more: Any) -> list[AnswerPart]:
        question = Question(**({"text": text, "actor": "ada"} | more))
        return [part async for part in self.outside.request_stream(Endpoints.ASK_STREAM, question)]

    async def escalate(self, incident_id: str, number: int = 1) -> None:
        now = self.clock.now()
        await self.outside.publish(
            seal(
                EscalationRaised(incident_id=incident_id, reason="critical"), id=stable_id("escalation", number),
                site=SITE, entity=host("brickbox-43"), time=now, received_at=now, source="review", position="1",
                produced_by=ProducedBy(service="review", version="0"),
            )
        )  # fmt: skip

    async def analyses(self, count: int = 1) -> list[Any]:
        """The analyses that were told, once there are so many."""
        async with asyncio.timeout(10):
            while len(found := [one.data.analysis for one in self.told if one.type == "analysis.completed"]) < count:
                self.news.clear()
                await self.news.wait()
        return found


@pytest.fixture
async def station() -> AsyncIterator[Station]:
    station = Station()
    await station.open()
    yield station
    await station.stack.aclose()


def queued(**changes: Any) -> Action:
    plain = Action(
        id=stable_id("action", 1), revision=1, kind="service.restart", target=host("brickbox-43"),
        parameters={"unit": "trainer.service"}, risk="safe", state=ActionState.QUEUED, reason="it failed",
        argv=["systemctl", "restart", "trainer.service"], incident_id=stable_id("incident", 1), proposed_by="review",
        created_at=ago(20), updated_at=ago(20), expires_at=ago(-40),
    )  # fmt: skip
    return plain.model_copy(update=changes)
