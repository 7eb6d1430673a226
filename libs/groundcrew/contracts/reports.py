"""Reports of meta: what happened (summary), what to repair (tasks), why it happened (root cause).

Everything here is made by rule. A report is complete without any model; `context` is what one would be asked with.
"""

from typing import Literal

from pydantic import AwareDatetime, Field

from groundcrew.contracts.envelope import OpenEnum, Record
from groundcrew.contracts.identity import Entity, Id
from groundcrew.contracts.incidents import EvidenceSource, Severity
from groundcrew.contracts.report_requests import ReportRequest

MAX_CONTEXT_TOKENS = 4_000
"""Tokens of the context of a report: always fewer."""

MAX_RAW_EVENTS = 20
"""Raw events in that context: the most important ones."""


class ReportKind(OpenEnum):
    SUMMARY = "summary"
    TASKS = "tasks"
    ROOT_CAUSE = "root-cause"
    UNKNOWN = "unknown"


class TaskType(OpenEnum):
    """What kind of part. `board` is what is soldered or plugged in and none of the others."""

    MEMORY = "memory"
    THERMAL = "thermal"
    POWER = "power"
    FANS = "fans"
    STORAGE = "storage"
    GPU = "gpu"
    NETWORK = "network"
    BOARD = "board"
    UNKNOWN = "unknown"


class Urgency(OpenEnum):
    """When to go: now (it hurts), soon (the fault stands), planned (it is mitigated, or it was and nothing proves it
    mended), watch."""

    NOW = "now"
    SOON = "soon"
    PLANNED = "planned"
    WATCH = "watch"
    UNKNOWN = "unknown"

    @property
    def rank(self) -> int:
        """0 for now up to 3 for watch."""
        return {"now": 0, "soon": 1, "planned": 2}.get(self.value, 3)


class TaskState(OpenEnum):
    """Life of a repair task."""

    OPEN = "open"
    REOPENED = "reopened"
    CLOSED = "closed"
    UNKNOWN = "unknown"


# --- what preprocessing finds ----------------------------------------------------------------------------------------


class Tally(Record):
    """How often something is there."""

    name: str
    count: int
    entity: Entity | None = Field(None, description="what it is, where that is known")


class EventPattern(Record):
    """One rule that keeps firing for one part: 'ECC errors recurring on brickbox-06 (5 in 24 h)'."""

    text: str
    device: str
    rule_id: str
    component_class: str
    component: str
    severity: Severity
    count: int = Field(description="observations, those that were folded included")
    first_seen: AwareDatetime
    last_seen: AwareDatetime


class HealthPoint(Record):
    """Points that one incident takes off a device's score."""

    points: int
    severity: Severity
    reason: str = Field(description="e.g. '-40 critical: PSU2 lost its input'")
    incident_id: Id


class DeviceHealth(Record):
    """A device's score now, and where it stood worst within the time of the report."""

    device: str
    entity: Entity
    score: int = Field(ge=0, le=100)
    points: list[HealthPoint] = Field(default_factory=list, description="what is off, the gravest first")
    worst: int = Field(ge=0, le=100)
    worst_at: AwareDatetime | None = Field(None, description="when it was worst, None where it was well throughout")


class CitedEvent(Record):
    """One observation as it was made, and where it can be found again."""

    id: Id
    time: AwareDatetime
    source: EvidenceSource
    device: str
    text: str
    ref: str = ""
    severity: Severity = Severity.INFO
    incident_id: Id | None = None


class ActionableIssue(Record):
    """Something that somebody has to do something about."""

    device: str
    entity: Entity
    type: TaskType
    component_class: str
    component: str
    severity: Severity
    issue: str = Field(description="one line: what is wrong")
    action: str = Field(description="the first step of the catalogue")
    urgency: Urgency
    cause: str
    confidence: float
    count: int = Field(description="observations of it")
    first_seen: AwareDatetime
    last_seen: AwareDatetime
    live: bool = Field(description="whether an incident of it is open")
    recovered: str = Field("", description="what proves that it is over; empty while nothing does")
    steps: list[str] = Field(default_factory=list)
    incident_ids: list[Id] = Field(default_factory=list, description="the newest first, at most 20")
    evidence: list[CitedEvent] = Field(default_factory=list, description="at most 20, the most important")


class EventSummary(Record):
    """What happened within a time range, counted."""

    since: AwareDatetime
    until: AwareDatetime
    devices: int = Field(description="devices that were looked at")
    events: int = Field(description="trigger events, each of which may fold many observations")
    observations: int
    silenced: int = Field(description="events in a silence or a maintenance window; in no other count")
    incidents: int
    open_incidents: int
    by_severity: dict[str, int]
    by_type: dict[str, int] = Field(description="by class of component")
    by_device: list[Tally] = Field(description="the busiest first, at most 50")
    patterns: list[EventPattern] = Field(description="at most 20")
    top_issues: list[ActionableIssue] = Field(description="at most 10")
    health: list[DeviceHealth] = Field(description="the worst first, at most 50")
    truncated: bool = Field(False, description="there were more events than a report reads")


class SensorLine(Record):
    """One sensor that is not well, or a sensor that was asked for."""

    device: str
    sensor: str
    value: float | None
    unit: str
    status: str = Field(description="ok, nc, cr, nr or ns")
    time: AwareDatetime


class SensorSummary(Record):
    """Sensors now, and what they raised within the time range."""

    devices: int
    sensors: int
    by_status: dict[str, int]
    unwell: list[SensorLine] = Field(description="outside their limits, the gravest first, at most 100")
    unread: list[str] = Field(description="devices without any reading, at most 50")


class RepairBundle(Record):
    """What a vendor asks for before a part is replaced."""

    host: str
    host_model: str = ""
    host_serial: str = ""
    rack: str = ""
    unit: str = ""
    part: str
    slot: str
    component_class: str
    model: str = ""
    serial: str = ""
    firmware: dict[str, str] = Field(default_factory=dict, description="BIOS, BMC, driver and part, as reported")
    record_ids: list[str] = Field(default_factory=list, description="event-log records as 'bmc/record', at most 50")
    count: int
    first_seen: AwareDatetime
    last_seen: AwareDatetime
    cause: str
    catalogue_action: str
    steps: list[str] = Field(default_factory=list)
    evidence: list[CitedEvent] = Field(default_factory=list, description="exact lines, at most 20")
    missing: list[str] = Field(default_factory=list, description="what nobody reported: look it up before you call")


class TaskEvent(Record):
    time: AwareDatetime
    actor: str
    text: str


class RepairTask(Record):
    """One part of one host that is to be repaired. The id follows from host, class and part, so it stays the same from
    report to report, however often the fault comes back."""

    id: Id
    revision: int
    state: TaskState
    type: TaskType
    device: str
    entity: Entity | None = Field(None, description="the device: a host, or the feed, switch or rack that the part is")
    component_class: str
    component: str
    severity: Severity
    urgency: Urgency
    issue: str
    action: str
    count: int
    recurrences: int = Field(0, description="how often it came back after it was closed")
    first_seen: AwareDatetime
    last_seen: AwareDatetime
    opened_at: AwareDatetime
    closed_at: AwareDatetime | None = None
    proof: str = Field("", description="what proves the repair; empty while it is open")
    serial: str = Field("", description="of the part when the task was opened: another one is proof of a replacement")
    counts: dict[str, int] = Field(default_factory=dict, description="observations by incident, the newest 50")
    bundle: RepairBundle
    history: list[TaskEvent] = Field(default_factory=list, description="the newest 50")

    @property
    def rank(self) -> int:
        """Open before closed, the more urgent, then the graver, then the one seen later first: the smaller the earlier.
        Sixteen digits at most."""
        late = 10**12 - max(0, int(self.last_seen.timestamp()))
        closed = int(self.state is TaskState.CLOSED)
        return ((closed * 10 + self.urgency.rank) * 10 + 2 - self.severity.rank) * 10**13 + late


class SensorAnomaly(Record):
    """A measured value that left its usual range around the time in question."""

    device: str
    name: str
    unit: str
    usual: float = Field(description="median of the time before")
    value: float = Field(description="farthest from it around the time")
    at: AwareDatetime
    score: float = Field(description="modified z-score")
    text: str


class RelatedDevice(Record):
    """Another device on the same feed, switch or rack."""

    device: str
    shares: list[str] = Field(description="e.g. 'pdu pdu-3b'")
    incidents: list[Id] = Field(default_factory=list, description="of it within the time range")
    text: str


class PossibleCause(Record):
    """A cause that may be behind it: found by the evidence, or only spoken for by the description."""

    cause: str
    component_class: str
    component: str = ""
    confidence: float = Field(ge=0, le=1)
    by: Literal["evidence", "description"]
    why: str
    explanation: str = ""
    steps: list[str] = Field(default_factory=list)
    incident_id: Id | None = None


class RootCause(Record):
    """What led to one event on one device."""

    device: str
    target_time: AwareDatetime | None = Field(None, description="the time in question, None where nothing dates it")
    target: str = Field(description="what is asked about, and how its time was found")
    verdict: str = Field(description="one or two sentences")
    causes: list[PossibleCause] = Field(description="the likeliest first, at most 8")
    timeline: list[CitedEvent] = Field(description="in order of time, at most 60")
    timeline_left_out: int = 0
    anomalies: list[SensorAnomaly] = Field(default_factory=list, description="at most 20")
    related: list[RelatedDevice] = Field(default_factory=list, description="at most 50")
    absent: list[str] = Field(default_factory=list, description="sources that say nothing of this device")


# --- the report ------------------------------------------------------------------------------------------------------


class ReportContext(Record):
    """What a model would be asked with: site background, structured summary, the most important raw events."""

    text: str
    tokens: int
    evidence_ids: list[Id] = Field(default_factory=list)
    left_out: dict[str, int] = Field(default_factory=dict)


class ReportSummary(Record):
    """A report as a list shows it."""

    id: Id
    kind: ReportKind
    title: str
    time: AwareDatetime = Field(description="when it was made")
    actor: str
    since: AwareDatetime
    until: AwareDatetime
    headline: str = Field(description="what it comes to, in one sentence")


class Report(ReportSummary):
    """A report as it was made. Asked the same again over unchanged data, it is told again."""

    request: ReportRequest
    data_revision: str = Field(description="digest of the data that it was made of")
    markdown: str
    summary: EventSummary | None = None
    sensors: SensorSummary | None = None
    tasks: list[RepairTask] = Field(default_factory=list, description="the most urgent, as many as one answer holds")
    tasks_left_out: int = Field(0, description="further ones; the list of tasks has them all")
    root_cause: RootCause | None = None
    context: ReportContext
    missing: list[str] = Field(default_factory=list, description="owners that did not answer: it is not whole")
