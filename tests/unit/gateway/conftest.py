"""A gateway on the memory bus, with owners that answer out of a small fleet held in memory."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI

from groundcrew.bus.memory import MemoryBroker, MemoryBus
from groundcrew.bus.port import RequestFailed
from groundcrew.contracts.actions import Action, ActionState, AuditEntry, AutonomyLevel, Ticket
from groundcrew.contracts.audit import GENESIS, link
from groundcrew.contracts.clock import VirtualClock
from groundcrew.contracts.completions import CompletionOutcome
from groundcrew.contracts.conversations import (
    Analysis,
    Answer,
    AnswerPart,
    Citation,
    Conversation,
    ConversationSummary,
    Said,
    Usage,
)
from groundcrew.contracts.envelope import ProducedBy
from groundcrew.contracts.event_logs import SyncJob
from groundcrew.contracts.identity import host, stable_id
from groundcrew.contracts.incidents import Cause, Evidence, Finding, Incident, IncidentState, Severity
from groundcrew.contracts.inventory import (
    Inventory,
    InventoryBmc,
    InventoryDependency,
    InventoryHost,
    InventoryPart,
)
from groundcrew.contracts.knowledge import Augmented, Passage, Remembered
from groundcrew.contracts.observations import SourceStatus
from groundcrew.contracts.queries import (
    ActionPage,
    AuditPage,
    AuditVerdict,
    Autonomy,
    BmcPage,
    BmcSummary,
    ContextWindow,
    ConversationPage,
    Endpoints,
    EventLogsReply,
    Failure,
    FleetStatus,
    Forecast,
    ForecastsReply,
    HistoryEntry,
    HostPage,
    HostSummary,
    IncidentDetail,
    IncidentPage,
    LogLine,
    LogPage,
    MetricPoints,
    MetricsReply,
    SelEntry,
    SelPage,
    SensorReading,
    SensorsReply,
    ServicesReply,
    ServiceState,
    SyncsReply,
    TemplatePage,
    TicketPage,
    TriggerPage,
    TriggerSummary,
)
from groundcrew.contracts.streams import Buckets
from groundcrew.diagnosis.causes import Knowledge
from groundcrew.diagnosis.tokens import upper_bound
from groundcrew.runtime.health import HealthBoard
from groundcrew.stores.gateway.memory import MemoryGatewayStore
from groundcrew.stores.gateway.port import Role
from groundcrew.stores.meta.memory import MemoryMetaStore
from groundcrew.telemetry.log import new_log
from groundcrew.telemetry.metrics import new_registry
from groundcrew_context.inventory_edits import edited
from groundcrew_context.silences import Silences
from groundcrew_gateway import keys
from groundcrew_gateway.app import build_app
from groundcrew_gateway.background import Background
from groundcrew_gateway.gateway import Gateway
from groundcrew_gateway.limits import AuthFailures
from groundcrew_gateway.live import Live
from groundcrew_gateway.meters import Meters
from groundcrew_gateway.settings import GatewaySection
from groundcrew_meta.endpoints import Kept
from groundcrew_meta.gathering import Gatherer
from groundcrew_meta.metrics import MetaMetrics
from groundcrew_meta.reporting import Reporter
from groundcrew_meta.root_causes import Causes, RootCauses
from groundcrew_meta.tasks import Closing

CAUSES = Knowledge.parse(
    """
    [[cause]]
    id = "psu.input_lost"
    title = "{part} of {place} lost its input power"
    severity = "warning"
    explains = ["gpu.fallen_off_bus"]
    explanation = "The power supply has no AC input."
    steps = ["Check the cord of {part}."]

    [[cause]]
    id = "gpu.fallen_off_bus"
    title = "{part} of {place} fell off the bus"
    severity = "critical"
    explanation = "The card no longer answers on PCIe."
    steps = ["Reboot {place}."]

    [[cause]]
    id = "unknown"
    title = "unknown"
    severity = "info"
    explanation = "Nothing is known."
    steps = ["Look at the evidence."]
    """
)
_SILENT = new_log("context", "default", clock=VirtualClock(datetime(2026, 3, 4, tzinfo=UTC)), stream=StringIO())
START = datetime(2026, 3, 4, 3, 0, tzinfo=UTC)
BASE = "http://127.0.0.1:40083"
HOSTILE = "<script>alert('3am')</script>"


def incident(number: int = 1, **changes: Any) -> Incident:
    seen = START - timedelta(minutes=24)
    plain = Incident(
        id=stable_id("incident", number),
        revision=2,
        state=IncidentState.OPEN,
        severity=Severity.CRITICAL,
        title="PSU2 of brickbox-43 lost its input",
        hosts=["brickbox-43"],
        entity=host("brickbox-43"),
        opened_at=seen,
        updated_at=seen + timedelta(minutes=2),
        last_seen=seen + timedelta(minutes=2),
        cause=Cause(
            id="psu.input_lost", component_class="psu", component="PSU2", confidence=0.94, why="AC lost, then 12V low"
        ),
        alternatives=[
            Cause(id="pcie.aer_uncorrectable", component_class="pcie", component="0000:3b:00.0", confidence=0.04)
        ],
        evidence_count=2,
        trigger_count=2,
        rules=["psu-input-lost"],
        steps=["check the feed: outlet of pdu-3b", "open a ticket with the evidence"],
    )
    return plain.model_copy(update=changes)


def action(number: int = 1, **changes: Any) -> Action:
    plain = Action(
        id=stable_id("action", number),
        revision=1,
        kind="service.restart",
        target=host("brickbox-43"),
        parameters={"unit": "trainer.service"},
        risk="safe",
        state=ActionState.QUEUED,
        reason="trainer.service failed when the GPUs fell off the bus",
        argv=["systemctl", "restart", "trainer.service"],
        expected_effect="trainer.service is active again",
        incident_id=stable_id("incident", 1),
        proposed_by="review",
        created_at=START - timedelta(minutes=20),
        updated_at=START - timedelta(minutes=20),
        expires_at=START + timedelta(minutes=40),
    )
    return plain.model_copy(update=changes)


def evidence(number: int, text: str, source: str = "journal", minutes: float = 24) -> Evidence:
    return Evidence(
        id=stable_id("evidence", number),
        source=source,
        ref=f"i={number}",
        time=START - timedelta(minutes=minutes),
        entity=host("brickbox-43"),
        text=text,
    )


def summary(name: str = "brickbox-43", health: int = 60) -> HostSummary:
    seen = START - timedelta(seconds=8)
    return HostSummary(
        name=name,
        entity=host(name),
        health=health,
        health_reasons=["-40 critical: PSU2 lost its input"] if health < 100 else [],
        open_incidents=1 if health < 100 else 0,
        last_seen=seen,
        facts={"os": "Debian GNU/Linux 12", "kernel": "6.1.0-28-amd64"},
        sources=[
            SourceStatus(name="journal", state="present", detail="follows the system journal", since=seen),
            SourceStatus(name="systemd", state="absent", detail="systemd does not run here", since=seen),
        ],
        latest={"load1": 0.42, "memory_available_bytes": 8.1e9},
    )


CITED = [
    Citation(
        id=stable_id("incident", 1),
        kind="incident",
        text="PSU2 of brickbox-43 lost its input",
        incident_id=stable_id("incident", 1),
    ),
    Citation(
        id=stable_id("evidence", 1), kind="evidence", text="Power Supply AC lost", incident_id=stable_id("incident", 1)
    ),
]


def answer(**changes: Any) -> Answer:
    plain = Answer(
        conversation_id=stable_id("conversation", 1),
        text="**PSU2** lost its input [1][2].",
        cited=[one.id for one in CITED],
        citations=CITED,
        model="big-one",
        outcome=CompletionOutcome.ANSWERED,
        usage=Usage(prompt_tokens=120, completion_tokens=30),
    )
    return plain.model_copy(update=changes)


def conversation(number: int = 1, **changes: Any) -> Conversation:
    asked = Said(role="user", text=f"what is {HOSTILE}?", time=START - timedelta(minutes=3))
    said = Said(
        role="assistant",
        text="**PSU2** lost its input [1][2].",
        time=START - timedelta(minutes=3),
        citations=CITED,
        model="big-one",
    )
    plain = Conversation(
        id=stable_id("conversation", number),
        title="what is wrong",
        actor="ada",
        created_at=START - timedelta(minutes=3),
        updated_at=START - timedelta(minutes=3),
        turns=2,
        said=[asked, said],
    )
    return plain.model_copy(update=changes)


def analysis(**changes: Any) -> Analysis:
    plain = Analysis(
        id=stable_id("analysis", 1),
        incident_id=stable_id("incident", 1),
        revision=2,
        time=START - timedelta(minutes=1),
        reason="ada asked for it",
        report="## Cause\n\nPSU2 lost its input [1][2].",
        explanation="The feed went away first [2].",
        citations=CITED,
        struck=[f"names an unknown host: {HOSTILE}"],
        model="big-one",
        outcome=CompletionOutcome.ANSWERED,
    )
    return plain.model_copy(update=changes)


def bmc(**changes: Any) -> BmcSummary:
    plain = BmcSummary(
        name="brickbox-43-bmc",
        entity="bmc:brickbox-43-bmc",
        host="brickbox-43",
        address="10.20.0.43",
        last_seen=START,
        facts={"power": "on", "sel_entries": "212", "clock_offset_s": "0", "answered_at": START.isoformat()},
        sources=[SourceStatus(name="sel", state="present", detail="followed, every 30 s", since=START)],
    )
    return plain.model_copy(update=changes)


def reading(sensor: str, value: float | None, status: str = "ok") -> SensorReading:
    unit = "" if value is None else "degrees C"
    return SensorReading(
        time=START, bmc="brickbox-43-bmc", sensor=sensor, value=value, text="", unit=unit, status=status
    )


def record(event: str = "Power Supply AC lost") -> SelEntry:
    return SelEntry(
        id=stable_id("record", event),
        bmc="brickbox-43-bmc",
        record_id=212,
        time=START - timedelta(minutes=24),
        source_time="03/04/26 02:36:11 UTC",
        sensor="Power Supply PS2 Status",
        event=event,
        asserted=True,
        text=f"Power Supply PS2 Status | {event} | Asserted",
    )


def listed() -> Inventory:
    """Two hosts of the operator's file on one feed, one edited over REST, and a BMC."""
    part = InventoryPart(component_class="psu", locator="PSU2", model="PWS-2K20A", serial="P2K2")
    return Inventory(
        revision=7,
        changed_at=START - timedelta(hours=2),
        changed_by="ada",
        host=[
            InventoryHost(
                name="brickbox-43", address="10.1.0.43", bmc="brickbox-43-bmc", vendor="Supermicro", model="SYS-420GP",
                serial="S4217", rack="r7", unit="U12", pdu=["pdu-3a", "pdu-3b"], switch="tor-7", gpus=8, part=[part],
            ),
            InventoryHost(name="brickbox-44", rack="r7", unit="U14", pdu=["pdu-3b"], switch="tor-7"),
            InventoryHost(name="web-01", origin="rest"),
        ],
        bmc=[InventoryBmc(name="brickbox-43-bmc", address="10.2.0.43", user="monitor")],
        dependency=[InventoryDependency(entity="host:brickbox-43", on="host:nfs-1", kind="storage")],
    )  # fmt: skip


def _number(cursor: str | None) -> int:
    if cursor and not (cursor.isascii() and cursor.isdigit()):
        raise RequestFailed(Failure.INVALID, "cursor: expected the `next` of the page before")
    return int(cursor or 0)


def sync_job(state: str = "running", *, synced: int = 150, reason: str = "first look") -> SyncJob:
    return SyncJob(
        id="c" * 32, bmc="brickbox-43-bmc", state=state, reason=reason, progress=synced / 300, current_step="reading",
        events_synced=synced, events_total=300, started_at=START, updated_at=START, estimated_remaining=30.0,
    )  # fmt: skip


@dataclass
class Fleet:
    """What the owners know. Tests change it and look at what was asked."""

    incidents: list[Incident] = field(default_factory=lambda: [incident()])
    evidence: list[Evidence] = field(
        default_factory=lambda: [
            evidence(1, "Power Supply AC lost", "sel", 24),
            evidence(2, "NVRM: Xid (PCI:0000:3b:00): 79, GPU has fallen off the bus.", "journal", 22.5),
        ]
    )
    findings: list[Finding] = field(default_factory=list)
    hosts: list[HostSummary] = field(default_factory=lambda: [summary(), summary("web-01", 100)])
    bmcs: list[BmcSummary] = field(default_factory=lambda: [bmc()])
    sensors: list[SensorReading] = field(
        default_factory=lambda: [reading("CPU1 Temp", 62.0), reading("FAN1", 0.0, "cr")]
    )
    records: list[SelEntry] = field(default_factory=lambda: [record()])
    event_logs: EventLogsReply = field(default_factory=lambda: EventLogsReply(logs=[], changes=[]))
    actions: list[Action] = field(default_factory=lambda: [action()])
    log_lines: list[str] = field(default_factory=lambda: ["NVRM: Xid 79", "link is up"])
    passages: list[Passage] = field(default_factory=list)
    level: AutonomyLevel = AutonomyLevel.SUGGEST
    stopped: bool = False
    asked: list[Any] = field(default_factory=list)
    inventory: Inventory = field(default_factory=lambda: listed())
    ahead: list[Forecast] = field(default_factory=list)
    answer: Answer = field(default_factory=lambda: answer())
    pieces: list[str] = field(default_factory=lambda: ["**PSU2** lost ", "its input [1][2]."])
    breaks: RequestFailed | None = None
    conversations: list[Conversation] = field(default_factory=lambda: [conversation()])
    analyses: list[Analysis] = field(default_factory=list)
    clock: VirtualClock = field(default_factory=lambda: VirtualClock(START))

    async def serve(self, bus: MemoryBus) -> None:
        for endpoint, handler in (
            (Endpoints.STATUS, self._status),
            (Endpoints.HOSTS, self._hosts),
            (Endpoints.INCIDENTS, self._incidents),
            (Endpoints.INCIDENT, self._incident),
            (Endpoints.INCIDENT_COMMAND, self._command),
            (Endpoints.LOGS, self._logs),
            (Endpoints.METRICS, self._metrics),
            (Endpoints.FORECASTS, self._forecasts),
            (Endpoints.SERVICES, self._services),
            (Endpoints.TRIGGERS, self._triggers),
            (Endpoints.BMCS, self._bmcs),
            (Endpoints.TEMPLATES, self._templates),
            (Endpoints.SENSORS, self._sensors),
            (Endpoints.SENSOR_HISTORY, self._metrics),
            (Endpoints.SEL, self._sel),
            (Endpoints.EVENT_LOGS, self._event_logs),
            (Endpoints.SYNCS, self._syncs),
            (Endpoints.START_SYNC, self._start_sync),
            (Endpoints.WINDOW, self._window),
            (Endpoints.ACTIONS, self._actions),
            (Endpoints.ACTION, self._action),
            (Endpoints.DECIDE, self._decide),
            (Endpoints.AUDIT, self._audit),
            (Endpoints.AUDIT_VERIFY, self._verify),
            (Endpoints.TICKETS, self._tickets),
            (Endpoints.AUTONOMY, self._autonomy),
            (Endpoints.INVENTORY, self._inventory),
            (Endpoints.EDIT_INVENTORY, self._edit_inventory),
            (Endpoints.AUGMENT, self._augment),
            (Endpoints.REMEMBER, self._remember),
            (Endpoints.ASK, self._ask),
            (Endpoints.CONVERSATIONS, self._conversations),
            (Endpoints.CONVERSATION, self._conversation),
            (Endpoints.CONVERSATION_COMMAND, self._conversation_command),
            (Endpoints.ANALYSIS, self._analysis),
            (Endpoints.ANALYSE, self._analyse),
        ):
            await bus.serve(endpoint, handler)
        await bus.serve_stream(Endpoints.ASK_STREAM, self._ask_stream)
        silences = Silences(await bus.key_value(Buckets.SILENCES), self.clock, _SILENT)
        await bus.serve(Endpoints.SILENCES, silences.silences)
        await bus.serve(Endpoints.ADD_SILENCE, silences.add)
        await bus.serve(Endpoints.END_SILENCE, silences.end)
        await self._serve_reports(bus)

    async def _serve_reports(self, bus: MemoryBus) -> None:
        """meta's own, over what this fleet knows."""
        store, gatherer = MemoryMetaStore(), Gatherer(bus, self.clock, lambda: self.inventory)
        reporter = Reporter(
            site="default", gatherer=gatherer, store=store, clock=self.clock, count=upper_bound,
            root_causes=RootCauses(gatherer, Causes(lambda: CAUSES)),
            produced_by=ProducedBy(service="meta", version="1"), metrics=MetaMetrics(new_registry("meta")),
        )  # fmt: skip
        kept = Kept("default", store)
        await bus.serve(Endpoints.MAKE_REPORT, reporter.make)
        await bus.serve(Endpoints.REPORTS, kept.reports)
        await bus.serve(Endpoints.REPORT, kept.report)
        await bus.serve(Endpoints.TASKS, kept.tasks)
        await bus.serve(Endpoints.TASK, kept.task)
        await bus.serve(Endpoints.CLOSE_TASK, Closing("default", gatherer, store, self.clock).close)

    async def _ask(self, query: Any) -> Answer:
        self.asked.append(query)
        if self.breaks is not None:
            raise self.breaks
        return self.answer

    async def _ask_stream(self, query: Any) -> AsyncIterator[AnswerPart]:
        self.asked.append(query)
        for text in self.pieces:
            yield AnswerPart(text=text)
        if self.breaks is not None:
            raise self.breaks
        yield AnswerPart(answer=self.answer)

    async def _conversations(self, query: Any) -> ConversationPage:
        _number(query.cursor)
        return ConversationPage(items=[one for one in self.conversations if query.actor in (None, one.actor)])

    async def _conversation(self, query: Any) -> Conversation:
        for one in self.conversations:
            if one.id == query.id and query.actor in (None, one.actor):
                return one
        raise RequestFailed(Failure.NOT_FOUND, f"there is no conversation {query.id}")

    async def _conversation_command(self, query: Any) -> ConversationSummary:
        self.asked.append(query)
        return await self._conversation(query)

    async def _analysis(self, query: Any) -> Analysis:
        for one in self.analyses:
            if one.incident_id == query.incident_id:
                return one
        raise RequestFailed(Failure.NOT_FOUND, "there is no analysis yet")

    async def _analyse(self, query: Any) -> Analysis:
        self.asked.append(query)
        self._find(query.incident_id)
        self.analyses.append(analysis(incident_id=query.incident_id))
        return self.analyses[-1]

    async def _status(self, _query: Any) -> FleetStatus:
        live = [one for one in self.incidents if one.state is not IncidentState.RESOLVED]
        return FleetStatus(
            hosts=len(self.hosts),
            healthy=sum(one.health == 100 for one in self.hosts),
            warning=0,
            critical=sum(one.health < 100 for one in self.hosts),
            open_incidents=len(live),
            log_rows=len(self.log_lines),
            triggers_24h=3,
        )

    async def _hosts(self, query: Any) -> HostPage:
        found = [one for one in self.hosts if query.name in (None, one.name)]
        start = _number(query.cursor)
        end = start + query.limit
        return HostPage(items=found[start:end], next=str(end) if end < len(found) else None)

    async def _incidents(self, query: Any) -> IncidentPage:
        self.asked.append(query)
        found = [one for one in self.incidents if not query.states or one.state in query.states]
        found = [one for one in found if query.severity in (None, one.severity)]
        begun = _number(query.cursor)
        end = begun + query.limit
        return IncidentPage(items=found[begun:end], next=str(end) if end < len(found) else None)

    def _find(self, incident_id: str) -> Incident:
        for one in self.incidents:
            if one.id == incident_id:
                return one
        raise RequestFailed(Failure.NOT_FOUND, f"there is no incident {incident_id}")

    async def _incident(self, query: Any) -> IncidentDetail:
        one = self._find(query.id)
        opened = HistoryEntry(revision=1, time=one.opened_at, actor="context", change="opened")
        return IncidentDetail(incident=one, evidence=self.evidence, history=[opened], findings=self.findings)

    async def _command(self, query: Any) -> Incident:
        self.asked.append(query)
        one = self._find(query.id)
        states = {"acknowledge": IncidentState.ACKNOWLEDGED, "resolve": IncidentState.RESOLVED}
        changed = one.model_copy(
            update={"state": states.get(query.command, one.state), "revision": one.revision + 1, "note": query.text}
        )
        self.incidents[self.incidents.index(one)] = changed
        return changed

    async def _logs(self, query: Any) -> LogPage:
        self.asked.append(query)
        lines = [
            LogLine(
                id=stable_id("log", n),
                time=START - timedelta(seconds=n),
                entity=host("brickbox-43"),
                priority=3,
                identifier="kernel",
                unit="",
                message=text,
                source="journal",
                position=str(n),
            )
            for n, text in enumerate(self.log_lines)
        ]
        return LogPage(items=[one for one in lines if query.contains is None or query.contains in one.message])

    async def _forecasts(self, query: Any) -> ForecastsReply:
        self.asked.append(query)
        return ForecastsReply(forecasts=self.ahead, series=3)

    async def _metrics(self, query: Any) -> MetricsReply:
        self.asked.append(query)
        times = [query.until - timedelta(minutes=n) for n in (3, 2, 1)]
        values = [0.1, 0.5, 0.42]
        points = MetricPoints(
            labels={}, unit="", times=times, averages=values, minima=values, maxima=values, slope_per_hour=9.6
        )
        return MetricsReply(series=[points])

    async def _services(self, _query: Any) -> ServicesReply:
        state = ServiceState(
            time=START,
            unit="trainer.service",
            active_state="failed",
            sub_state="failed",
            result="exit-code",
            restarts=2,
        )
        return ServicesReply(services=[state])

    async def _triggers(self, _query: Any) -> TriggerPage:
        trigger = TriggerSummary(
            id=stable_id("trigger", 1),
            time=START - timedelta(minutes=24),
            entity=host("brickbox-43"),
            rule_id="psu-input-lost",
            severity=Severity.CRITICAL,
            title="PSU2 lost its input",
            component="PSU2",
            count=1,
            incident_id=self.incidents[0].id if self.incidents else None,
        )
        return TriggerPage(items=[trigger])

    async def _templates(self, query: Any) -> TemplatePage:
        self.asked.append(query)
        return TemplatePage(items=[], learning="no log line was observed yet")

    async def _bmcs(self, query: Any) -> BmcPage:
        found = [one for one in self.bmcs if query.name in (None, one.name) and query.host in (None, one.host)]
        return BmcPage(items=found[: query.limit])

    async def _sensors(self, query: Any) -> SensorsReply:
        self.asked.append(query)
        return SensorsReply(sensors=self.sensors)

    async def _sel(self, query: Any) -> SelPage:
        self.asked.append(query)
        return SelPage(items=self.records[: query.limit])

    async def _event_logs(self, query: Any) -> EventLogsReply:
        return self.event_logs

    async def _syncs(self, query: Any) -> SyncsReply:
        return SyncsReply(items=[self.event_logs.sync] if self.event_logs.sync else [])

    async def _start_sync(self, query: Any) -> SyncJob:
        self.asked.append(query)
        self.event_logs = self.event_logs.model_copy(update={"sync": sync_job("queued", reason=f"{query.actor} asked")})
        assert self.event_logs.sync is not None
        return self.event_logs.sync

    async def _window(self, query: Any) -> ContextWindow:
        self._find(query.incident_id)
        return ContextWindow(text="...", tokens=1, evidence_ids=[], left_out={}, incidents=[], open_services=[])

    async def _actions(self, query: Any) -> ActionPage:
        found = [
            one
            for one in self.actions
            if (not query.states or one.state in query.states) and query.incident_id in (None, one.incident_id)
        ]
        return ActionPage(items=found[: query.limit])

    async def _action(self, query: Any) -> Action:
        for one in self.actions:
            if one.id == query.id:
                return one
        raise RequestFailed(Failure.NOT_FOUND, f"there is no action {query.id}")

    async def _decide(self, query: Any) -> Action:
        self.asked.append(query)
        one = await self._action(query)
        if one.state is not ActionState.QUEUED:
            raise RequestFailed(Failure.CONFLICT, f"the action is {one.state.value} already")
        state = ActionState.APPROVED if query.approve else ActionState.REJECTED
        decided = one.model_copy(update={"state": state, "decided_by": query.actor, "comment": query.comment})
        self.actions[self.actions.index(one)] = decided
        return decided

    def _chain(self) -> list[AuditEntry]:
        entry = link(
            seq=1, time=START, site="default", actor="review", event="queued", action_id=stable_id("action", 1),
            detail={"kind": "service.restart"}, previous=GENESIS,
        )  # fmt: skip
        return [entry]

    async def _audit(self, query: Any) -> AuditPage:
        return AuditPage(items=[one for one in self._chain() if one.seq > _number(query.cursor)])

    async def _verify(self, _query: Any) -> AuditVerdict:
        return AuditVerdict(ok=True, entries=1)

    async def _tickets(self, _query: Any) -> TicketPage:
        ticket = Ticket(
            id=stable_id("ticket", 1),
            action_id=stable_id("action", 2),
            incident_id=stable_id("incident", 1),
            created_at=START,
            title="Replace PSU2",
            body="# Replace PSU2",
        )
        return TicketPage(items=[ticket])

    async def _augment(self, query: Any) -> Augmented:
        self.asked.append(query)
        return Augmented(passages=self.passages[: query.limit], embedder="hashing-1_1024")

    async def _remember(self, query: Any) -> Remembered:
        self.asked.append(query)
        return Remembered(id=stable_id("passage", query.ref))

    async def _autonomy(self, query: Any) -> Autonomy:
        self.asked.append(query)
        if query.level is not None:
            self.level = query.level
        if query.stopped is not None:
            self.stopped = query.stopped
        waiting = sum(one.state is ActionState.QUEUED for one in self.actions)
        return Autonomy(level=self.level, stopped=self.stopped, waiting=waiting)

    async def _inventory(self, _query: Any) -> Inventory:
        return self.inventory

    async def _edit_inventory(self, query: Any) -> Inventory:
        """By the rules that context has."""
        self.asked.append(query)
        made = edited(self.inventory, query, file="/etc/groundcrew/inventory.toml")
        if made != self.inventory:
            update = {"revision": made.revision + 1, "changed_by": query.actor, "changed_at": START}
            self.inventory = made.model_copy(update=update)
        return self.inventory


@dataclass(kw_only=True)
class Rig:
    """The application under test and what stands around it."""

    app: FastAPI
    gateway: Gateway
    store: MemoryGatewayStore
    clock: VirtualClock
    broker: MemoryBroker
    bus: MemoryBus
    fleet: Fleet
    registry: Any
    stack: AsyncExitStack
    log: StringIO

    async def key(self, role: Role = Role.ADMIN, sites: tuple[str, ...] = ("default",), name: str = "ada") -> str:
        made = keys.make_key(name, role, sites, self.clock.now())
        await self.store.add_key(made.key)
        return made.text

    async def client(self, role: Role | None = Role.ADMIN, sites: tuple[str, ...] = ("default",)) -> httpx2.AsyncClient:
        """A caller with a key of this role, or with none."""
        headers = {"Authorization": f"Bearer {await self.key(role, sites)}"} if role else {}
        transport = httpx2.ASGITransport(app=self.app)
        client = httpx2.AsyncClient(transport=transport, base_url=BASE, headers=headers)
        return await self.stack.enter_async_context(client)

    async def browser(self, role: Role = Role.ADMIN, sites: tuple[str, ...] = ("default",)) -> httpx2.AsyncClient:
        """A signed-in browser: a cookie and the Origin that browsers send."""
        client = await self.client(None)
        client.headers["Origin"] = BASE
        signed_in = await client.post("/api/v1/session", json={"key": await self.key(role, sites)})
        assert signed_in.status_code == 200
        return client


@pytest.fixture
def section() -> GatewaySection:
    return GatewaySection(port=0)


@pytest.fixture
async def rig(section: GatewaySection) -> AsyncIterator[Rig]:
    clock = VirtualClock(START)
    broker = MemoryBroker(clock)
    bus = MemoryBus("default", clock, broker=broker)
    store, registry, fleet, log = MemoryGatewayStore(), new_registry("gateway"), Fleet(), StringIO()
    await fleet.serve(bus)
    meters = Meters(registry)
    gateway = Gateway(
        site="default",
        settings=section,
        bus=MemoryBus("default", clock, service="gateway", broker=broker),
        store=store,
        clock=clock,
        log=new_log("gateway", "default", clock=clock, stream=log),
        meters=meters,
        failures=AuthFailures(clock),
        live=Live(bus, meters, max_clients=section.live_clients, queue=section.live_queue),
        background=Background(new_log("gateway", "default", clock=clock, stream=log)),
        produced_by=ProducedBy(service="gateway", version="1"),
    )
    board = HealthBoard(clock)
    board.started()
    async with AsyncExitStack() as stack:
        yield Rig(
            app=build_app(gateway, health=board, registry=registry),
            gateway=gateway,
            store=store,
            clock=clock,
            broker=broker,
            bus=bus,
            fleet=fleet,
            registry=registry,
            stack=stack,
            log=log,
        )
        await gateway.background.close()
        await gateway.live.close()
        await bus.close()
