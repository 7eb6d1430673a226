"""The review service beside an owner of incidents that a test plays."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import structlog
from prometheus_client import CollectorRegistry

from groundcrew.bus.memory import MemoryBroker, MemoryBus
from groundcrew.bus.port import RequestFailed
from groundcrew.contracts.clock import VirtualClock
from groundcrew.contracts.envelope import Envelope, ProducedBy, seal
from groundcrew.contracts.identity import host, stable_id
from groundcrew.contracts.incidents import (
    Cause,
    Evidence,
    EvidenceSource,
    Incident,
    IncidentOpened,
    IncidentState,
    Severity,
    Symptom,
)
from groundcrew.contracts.queries import (
    ContextWindow,
    Endpoints,
    Failure,
    HistoryEntry,
    HostPage,
    HostSummary,
    IncidentDetail,
    IncidentPage,
    MetricPoints,
    MetricsReply,
)
from groundcrew.diagnosis.causes import Knowledge
from groundcrew.runtime.health import HealthBoard
from groundcrew.runtime.packs import load_packs
from groundcrew.runtime.resources import Resources
from groundcrew.runtime.settings import load
from groundcrew.runtime.tasks import RootTasks
from groundcrew_review.service import wire
from groundcrew_review.settings import Settings

START = datetime(2026, 3, 4, 2, 0, tzinfo=UTC)
SITE = "demo"


def silent() -> Any:
    quiet = structlog.make_filtering_bound_logger("critical")
    return structlog.wrap_logger(structlog.PrintLogger(), wrapper_class=quiet)


def symptom(name: str, cause: str, part: str = "", **more: Any) -> Symptom:
    values = {
        "rule_id": cause,
        "entity": host(name),
        "component_class": cause.partition(".")[0],
        "component": part,
        "causes": [cause],
        "severity": Severity.WARNING,
        "title": f"{cause} {part}",
        "source": EvidenceSource.JOURNAL,
        "first_seen": START,
        "last_seen": START,
        "count": 1,
    }
    return Symptom(**{**values, **more})


def incident(name: str, cause: str, part: str = "", /, **more: Any) -> Incident:
    values = {
        "id": stable_id("incident", name, cause, part),
        "revision": 1,
        "state": IncidentState.OPEN,
        "severity": Severity.WARNING,
        "title": f"{part} of {name}: {cause}",
        "hosts": [name],
        "entity": host(name),
        "opened_at": START,
        "updated_at": START,
        "last_seen": START,
        "cause": Cause(id=cause, component_class=cause.partition(".")[0], component=part, confidence=0.9),
        "evidence_count": 1,
        "trigger_count": 1,
        "symptoms": [symptom(name, cause, part)],
    }
    return Incident(**{**values, **more})


def summary(name: str, **more: Any) -> HostSummary:
    values = {
        "name": name,
        "entity": host(name),
        "health": 100,
        "health_reasons": [],
        "open_incidents": 0,
        "last_seen": START + timedelta(minutes=1),
        "facts": {},
        "sources": [],
        "latest": {},
    }
    return HostSummary(**{**values, **more})


def points(*averages: float, slope: float | None, mountpoint: str = "/var") -> MetricPoints:
    return MetricPoints(
        labels={"mountpoint": mountpoint},
        unit="bytes",
        times=[START + timedelta(minutes=5 * i) for i in range(len(averages))],
        averages=list(averages),
        minima=list(averages),
        maxima=list(averages),
        slope_per_hour=slope,
    )


class Owner:
    """Answers what review asks, from what a test lays down; and keeps what review tells."""

    def __init__(self) -> None:
        self.clock = VirtualClock(START)
        self.broker = MemoryBroker(self.clock)
        self.bus = MemoryBus(SITE, self.clock, broker=self.broker)
        self.stack = AsyncExitStack()
        self.live: list[Incident] = []
        self.past: list[Incident] = []
        self.history: list[HistoryEntry] = []
        self.failed: list[str] = []
        self.hosts: list[HostSummary] = []
        self.series: list[MetricPoints] = []
        self.told: list[Envelope[Any]] = []
        self.away = False

    async def start(self) -> None:
        serve = {
            Endpoints.INCIDENT: self._incident,
            Endpoints.INCIDENTS: self._incidents,
            Endpoints.WINDOW: self._window,
            Endpoints.HOSTS: self._hosts,
            Endpoints.METRICS: self._metrics,
        }
        for endpoint, handler in serve.items():
            await self.bus.serve(endpoint, handler)
        for subject in ("gc.*.action.proposed.*", "gc.*.escalation.*", "gc.*.review.*"):
            await self.bus.tap(subject, self._note)
        tasks = RootTasks(silent())
        self.stack.push_async_callback(tasks.close)
        resources = Resources(
            service="review",
            site=SITE,
            clock=self.clock,
            bus=MemoryBus(SITE, self.clock, service="review", broker=self.broker),
            stores=None,  # type: ignore[arg-type] - review owns no store
            registry=CollectorRegistry(),
            log=silent(),
            health=HealthBoard(self.clock),
            tasks=tasks,
            stack=self.stack,
            produced_by=ProducedBy(service="review", version="0"),
        )
        await wire(load(Settings, environ={}, overrides={"site": {"name": SITE}}), resources)

    async def open(self, one: Incident) -> None:
        """An incident was opened: tell review, and let it work."""
        self.live.append(one)
        await self.bus.publish(
            seal(
                IncidentOpened(incident=one, evidence=[]),
                id=stable_id("message", one.id, one.revision),
                site=SITE,
                entity=one.entity,
                time=START,
                received_at=START,
                source="fusion",
                position=str(one.revision),
                produced_by=ProducedBy(service="context", version="0"),
            )
        )
        await self.broker.settle()

    async def minutes(self, count: int) -> None:
        await self.broker.settle(until=START + timedelta(minutes=count, seconds=1))

    def of(self, kind: str) -> list[Any]:
        return [envelope.data for envelope in self.told if envelope.type == kind]

    async def _note(self, envelope: Envelope[Any]) -> None:
        self.told.append(envelope)

    async def _incident(self, query: Any) -> IncidentDetail:
        if self.away:
            raise RequestFailed(Failure.UNAVAILABLE, "the store does not answer")
        one = next((i for i in self.live if i.id == query.id), None)
        if one is None:
            raise RequestFailed(Failure.NOT_FOUND, "no such incident")
        evidence = Evidence(
            id=stable_id("evidence", one.id),
            source=EvidenceSource.JOURNAL,
            ref="c",
            time=START,
            entity=one.entity,
            text="line",
        )
        return IncidentDetail(incident=one, evidence=[evidence], history=self.history, findings=[])

    async def _incidents(self, query: Any) -> IncidentPage:
        resolved = IncidentState.RESOLVED in query.states
        return IncidentPage(items=self.past if resolved else self.live)

    async def _window(self, _: Any) -> ContextWindow:
        return ContextWindow(
            text="", tokens=7, evidence_ids=[], left_out={}, incidents=self.live, open_services=self.failed
        )

    async def _hosts(self, _: Any) -> HostPage:
        return HostPage(items=self.hosts)

    async def _metrics(self, _: Any) -> MetricsReply:
        return MetricsReply(series=self.series)


@pytest.fixture
async def owner() -> AsyncIterator[Owner]:
    owner = Owner()
    await owner.start()
    yield owner
    await owner.stack.aclose()


@pytest.fixture
def knowledge() -> Knowledge:
    return Knowledge.parse_layers((file.name, file.text) for file in load_packs().texts("causes"))
