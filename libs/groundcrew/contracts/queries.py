"""Typed request/reply endpoints: the only way to another owner's data.

A reply that fails carries one of `Failure` and one sentence; `bus` raises it as `RequestFailed`.
"""

from enum import StrEnum
from typing import Annotated, ClassVar, Generic, Literal, TypeVar

from pydantic import AwareDatetime, Field, StringConstraints

from groundcrew.contracts.actions import Action, ActionState, AuditEntry, AutonomyLevel, Ticket
from groundcrew.contracts.completions import CompleteRequest, Completion, CompletionPart, ModelsReply
from groundcrew.contracts.conversations import (
    Analysis,
    Answer,
    AnswerPart,
    Conversation,
    ConversationSummary,
    Question,
)
from groundcrew.contracts.envelope import Record
from groundcrew.contracts.event_logs import LogChange, SyncJob, WhenFull
from groundcrew.contracts.identity import Entity, Id, Site
from groundcrew.contracts.incidents import (
    Evidence,
    EvidenceSource,
    Finding,
    Incident,
    IncidentState,
    Severity,
    TriggerState,
)
from groundcrew.contracts.inventory import Inventory, InventoryBmc, InventoryDependency, InventoryHost
from groundcrew.contracts.knowledge import Augmented, AugmentQuery, Remember, Remembered
from groundcrew.contracts.observations import SourceStatus
from groundcrew.contracts.reports import (
    RepairTask,
    Report,
    ReportKind,
    ReportRequest,
    ReportSummary,
    TaskState,
    TaskType,
)
from groundcrew.contracts.silences import Silence, Window

MAX_PAGE = 1_000


class Failure(StrEnum):
    """Why a request has no result: a closed list, also a metric label. The values are HTTP-like."""

    INVALID = "400"
    NOT_FOUND = "404"
    CONFLICT = "409"
    UNAVAILABLE = "503"
    INTERNAL = "500"


Actor = Annotated[str, StringConstraints(min_length=1, max_length=200)]
"""Who decided, by name; nothing is decided by nobody."""

Q = TypeVar("Q", bound=Record)
R = TypeVar("R", bound=Record)


class Endpoint(Generic[Q, R]):
    """One endpoint: `gc.<site>.query.<owner>.<what>`."""

    def __init__(self, owner: str, what: str, request: type[Q], reply: type[R], *, callers: tuple[str, ...]) -> None:
        self.owner = owner
        self.what = what
        self.request = request
        self.reply = reply
        self.callers = callers

    def subject(self, site: str) -> str:
        return f"gc.{site}.query.{self.owner}.{self.what}"


class StreamEndpoint(Endpoint[Q, R]):
    """An endpoint that answers in parts, in order: `R` is a part. The caller sees all of them or a failure."""


class Paged(Record):
    """What every listing request may say. `cursor` is opaque: the `next` of the page before."""

    limit: int = Field(100, ge=1, le=MAX_PAGE)
    cursor: str | None = None


class Empty(Record):
    """A request with nothing to say."""


# --- context ---------------------------------------------------------------------------------------------------------


class IncidentsQuery(Paged):
    states: list[IncidentState] = Field(default_factory=list, description="empty: all")
    host: str | None = None
    severity: Severity | None = None
    since: AwareDatetime | None = Field(None, description="only incidents whose last evidence is not older")


class IncidentPage(Record):
    items: list[Incident]
    next: str | None = None


class IncidentQuery(Record):
    id: Id


class HistoryEntry(Record):
    """What was said about an incident, when, and why it changed."""

    revision: int
    time: AwareDatetime
    actor: str
    change: str


class IncidentDetail(Record):
    incident: Incident
    evidence: list[Evidence] = Field(description="in order of time, at most 500, the newest kept")
    history: list[HistoryEntry]
    findings: list[Finding]


CommandName = Literal["acknowledge", "assign", "maintain", "mitigate", "reopen", "resolve", "note"]
"""What a person may say of an incident."""


class IncidentCommand(Record):
    id: Id
    command: CommandName
    actor: Actor
    text: str = Field("", max_length=4_000, description="why; of `assign` the new owner's name, empty for nobody")


class HostsQuery(Paged):
    """By name."""

    name: str | None = Field(None, max_length=256, description="only this host")


class HostSummary(Record):
    """A host with its health score: 100 is well, see `diagnosis/health.py` for what is taken off."""

    name: str
    entity: Entity
    health: int = Field(ge=0, le=100)
    health_reasons: list[str] = Field(description="what was taken off, e.g. '-40 critical: PSU2 lost its input'")
    open_incidents: int
    last_seen: AwareDatetime | None
    facts: dict[str, str]
    sources: list[SourceStatus]
    latest: dict[str, float] = Field(description="newest value of the well-known metrics, by name{labels}")


class HostPage(Record):
    items: list[HostSummary]
    next: str | None = None


class ForecastsQuery(Record):
    """What of a host will be used up, by what was measured of it."""

    host: str


class Forecast(Record):
    """When a limit is reached, by a robust line through the last `points` measurements."""

    id: str = Field(description="of the entry in the pack of forecasts")
    title: str = Field(description="what will be so then")
    component_class: str
    component: str
    metric: str
    labels: dict[str, str] = Field(default_factory=dict)
    unit: str = ""
    value: float = Field(description="the line's value at the newest measurement")
    limit: float
    per_day: float = Field(description="how the line moves in a day")
    soonest: AwareDatetime = Field(description="nine of ten lines reach the limit between `soonest` and `latest`")
    likely: AwareDatetime
    latest: AwareDatetime | None = Field(None, description="None: it may be never")
    points: int


class ForecastsReply(Record):
    """Soonest first. Of series with too few points, or without a clear direction, nothing is told."""

    forecasts: list[Forecast]
    series: int = Field(description="series that were looked at")


class LogsQuery(Paged):
    """Newest first."""

    host: str | None = None
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None
    contains: str | None = Field(None, max_length=200)
    max_priority: int = Field(7, ge=0, le=7)
    unit: str | None = None


class LogLine(Record):
    id: Id
    time: AwareDatetime
    entity: Entity
    priority: int
    identifier: str
    unit: str
    message: str
    source: str
    position: str


class LogPage(Record):
    items: list[LogLine]
    next: str | None = None


class MetricsQuery(Record):
    host: str
    name: str
    since: AwareDatetime
    until: AwareDatetime
    step_s: int = Field(60, ge=1, le=86_400, description="width of a bucket; at most 2,000 buckets a series")


class MetricPoints(Record):
    labels: dict[str, str]
    unit: str
    times: list[AwareDatetime] = Field(description="start of each bucket that has a sample")
    averages: list[float]
    minima: list[float]
    maxima: list[float]
    slope_per_hour: float | None = Field(description="least-squares trend over the range, None below 3 buckets")


class MetricsReply(Record):
    series: list[MetricPoints]


class ServicesQuery(Record):
    host: str


class ServiceState(Record):
    time: AwareDatetime
    unit: str
    active_state: str
    sub_state: str
    result: str
    restarts: int | None


class ServicesReply(Record):
    services: list[ServiceState]


class TriggersQuery(Paged):
    """Newest first."""

    host: str | None = None
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None


class TriggerSummary(Record):
    id: Id
    time: AwareDatetime
    entity: Entity
    rule_id: str
    severity: Severity
    title: str
    component: str
    count: int
    incident_id: Id | None
    silenced_by: str = Field("", description="the silence that it was recorded in; it opened and fed no incident")
    state: TriggerState = Field(TriggerState.RAISED, description="raised, or cleared again")
    component_class: str = Field("", description="empty where an older version recorded it")
    source: EvidenceSource = Field(EvidenceSource.UNKNOWN, description="of its first piece of evidence")
    observed: Id | None = Field(None, description="the first observation that it cites")


class TriggerPage(Record):
    items: list[TriggerSummary]
    next: str | None = None


class WindowQuery(Record):
    """Asks for the context window of one incident, one host or (neither) the fleet."""

    incident_id: Id | None = None
    host: str | None = None
    budget_tokens: int = Field(4_000, ge=200, le=128_000)


class ContextWindow(Record):
    """What is going on, in at most the tokens asked for. Text from machines is fenced as data."""

    text: str
    tokens: int
    evidence_ids: list[Id] = Field(description="ids that the text cites")
    left_out: dict[str, int] = Field(description="rows that did not fit, by section")
    incidents: list[Incident] = Field(description="the incidents the window is about")
    open_services: list[str] = Field(description="'host unit' of units seen failed now")


class FleetStatus(Record):
    hosts: int
    healthy: int
    warning: int
    critical: int
    open_incidents: int
    log_rows: int
    triggers_24h: int


class SensorsQuery(Record):
    """Newest readings of the sensors of one BMC, or of the BMC of one host."""

    bmc: str | None = Field(None, max_length=256)
    host: str | None = Field(None, max_length=256)


class SensorReading(Record):
    time: AwareDatetime
    bmc: str
    sensor: str
    value: float | None
    text: str
    unit: str
    status: str = Field(description="ok, nc, cr, nr or ns as ipmitool prints them")


class SensorsReply(Record):
    sensors: list[SensorReading] = Field(description="by name, at most 1,000")


class SensorHistoryQuery(Record):
    """What the sensors of one BMC, or of the BMC of one host, measured; each series is labelled with its sensor."""

    bmc: str | None = Field(None, max_length=256)
    host: str | None = Field(None, max_length=256)
    since: AwareDatetime
    until: AwareDatetime
    step_s: int = Field(300, ge=1, le=86_400, description="width of a bucket; wider where there would be too many")


class SelQuery(Paged):
    """Event-log records of one BMC, or of the BMC of one host; newest first."""

    bmc: str | None = Field(None, max_length=256)
    host: str | None = Field(None, max_length=256)
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None
    contains: str | None = Field(None, max_length=200)


class SelEntry(Record):
    id: Id
    bmc: str
    record_id: int
    time: AwareDatetime
    source_time: str
    sensor: str
    event: str
    asserted: bool | None
    text: str
    uncertainty_s: float | None = Field(None, description="seconds by which `time` may be off; None where unknown")


class EventLogsQuery(Record):
    """The event logs of one BMC, or of the BMC of one host."""

    bmc: str | None = Field(None, max_length=256)
    host: str | None = Field(None, max_length=256)


class EventLogState(Record):
    """An event log as it was last found."""

    log: str
    time: AwareDatetime
    generation: int
    entries: int
    capacity: int | None
    when_full: WhenFull
    overflow: bool


class EventLogEvent(Record):
    """What became of an event log."""

    id: Id
    log: str
    time: AwareDatetime
    generation: int
    entries: int
    change: LogChange
    detail: str


class EventLogsReply(Record):
    logs: list[EventLogState] = Field(description="by name")
    changes: list[EventLogEvent] = Field(description="newest first, at most 50")
    sync: SyncJob | None = Field(None, description="the newest job that read them whole")


class SyncsQuery(Record):
    """Jobs that read event logs, those under way first; of each BMC the newest."""

    bmc: str | None = Field(None, max_length=256)
    limit: int = Field(100, ge=1, le=MAX_PAGE)


class SyncsReply(Record):
    items: list[SyncJob]


class StartSync(Record):
    """Read all event logs of a BMC again: what is missing is recorded, nothing is judged or doubled."""

    bmc: str = Field(max_length=256)
    actor: Actor


class SelPage(Record):
    items: list[SelEntry]
    next: str | None = None


class BmcsQuery(Paged):
    """By name."""

    name: str | None = Field(None, max_length=256, description="only this BMC")
    host: str | None = Field(None, max_length=256, description="only the BMC of this host")


class BmcSummary(Record):
    """A BMC: what the inventory says, and what its collector last said of it."""

    name: str
    entity: Entity
    host: str = Field("", description="the host that it sits in, empty where the inventory does not say")
    address: str = ""
    last_seen: AwareDatetime | None = None
    facts: dict[str, str] = Field(default_factory=dict, description="power, firmware, manufacturer, product, ...")
    sources: list[SourceStatus] = Field(default_factory=list, description="event log, sensors, chassis")


class BmcPage(Record):
    items: list[BmcSummary]
    next: str | None = None


class InventoryQuery(Record):
    """Asks for the whole inventory of the site as it is now."""


class EditInventory(Record):
    """Changes entries by name; what is not named stays. An entry of the operator's file is refused: edit it there."""

    actor: Actor
    revision: int | None = Field(None, description="refused as CONFLICT where the inventory moved on from this one")
    host: list[InventoryHost] = Field(default_factory=list, max_length=1_000, description="added or replaced")
    bmc: list[InventoryBmc] = Field(default_factory=list, max_length=1_000, description="added or replaced")
    dependency: list[InventoryDependency] = Field(default_factory=list, max_length=1_000, description="added")
    remove: list[str] = Field(
        default_factory=list, max_length=1_000, description="'host:name', 'bmc:name', or 'dependency:entity>on'"
    )


class SilencesQuery(Record):
    """Newest first."""

    over: bool = Field(False, description="with those that are over, as long as they are kept")


class SilencePage(Record):
    items: list[Silence]
    next: str | None = None


class AddSilence(Record):
    """Silences hosts, roles or racks for a while."""

    actor: Actor
    window: Window


class EndSilence(Record):
    """Ends a silence now; one that is only planned never begins."""

    actor: Actor
    id: Id


# --- actions ---------------------------------------------------------------------------------------------------------


class ActionsQuery(Paged):
    """Newest first."""

    states: list[ActionState] = Field(default_factory=list)
    incident_id: Id | None = None


class ActionPage(Record):
    items: list[Action]
    next: str | None = None


class ActionQuery(Record):
    id: Id


class DecideAction(Record):
    id: Id
    approve: bool
    actor: Actor
    comment: str = Field("", max_length=2_000)


class ConfirmGrant(Record):
    """A runner asks, right before it begins, whether the grant that it was handed is actions' own and still stands."""

    grant_id: Id
    action_id: Id
    entity: Entity = Field(description="what the runner acts on")
    argv: list[str] = Field(description="what it is about to run")


class GrantStanding(Record):
    stands: bool
    reason: str = Field("", description="one sentence: why it does not stand")


class AuditQuery(Paged):
    """In order of sequence; the cursor is the last one seen."""


class AuditPage(Record):
    items: list[AuditEntry]
    next: str | None = None


class AuditVerdict(Record):
    ok: bool
    entries: int
    broken_at: int | None = Field(None, description="first sequence number that does not fit the chain")
    detail: str = ""


class TicketsQuery(Paged):
    incident_id: Id | None = None


class TicketPage(Record):
    items: list[Ticket]
    next: str | None = None


class SetAutonomy(Record):
    """Absent fields stay as they are; with both absent it only asks."""

    level: AutonomyLevel | None = None
    stopped: bool | None = Field(None, description="True stops all actions until set to False")
    actor: Actor


class Autonomy(Record):
    level: AutonomyLevel
    stopped: bool
    waiting: int = Field(description="actions in the queue")


# --- hybrid-coordinator and meta -------------------------------------------------------------------------------------


class ConversationsQuery(Paged):
    """Newest first."""

    actor: str | None = Field(None, description="only this person's")


class ConversationPage(Record):
    items: list[ConversationSummary]
    next: str | None = None


class ConversationQuery(Record):
    id: Id
    actor: str | None = Field(None, description="NOT_FOUND where it is another person's")


class ConversationCommand(Record):
    id: Id
    actor: Actor
    command: Literal["rename", "delete"]
    title: str = Field("", max_length=200)


class AnalysisQuery(Record):
    """The newest analysis of an incident."""

    incident_id: Id


class Analyse(Record):
    """Make an analysis now."""

    incident_id: Id
    actor: Actor
    deadline_s: float = Field(60, gt=0, le=600)


class MakeReport(Record):
    """Make a report now, or tell the one again that was made of the same data."""

    actor: Actor
    request: ReportRequest
    anew: bool = Field(False, description="make it although nothing has changed")


class ReportsQuery(Paged):
    """Newest first."""

    kind: ReportKind | None = None


class ReportPage(Record):
    items: list[ReportSummary]
    next: str | None = None


class ReportQuery(Record):
    id: Id


class TasksQuery(Paged):
    """Repair tasks as they were last looked at, the most urgent first."""

    states: list[TaskState] = Field(default_factory=list, description="empty: all")
    types: list[TaskType] = Field(default_factory=list, description="empty: all")
    device: str | None = Field(None, max_length=260)


class TaskPage(Record):
    items: list[RepairTask]
    next: str | None = None


class TaskQuery(Record):
    id: Id


class CloseTask(Record):
    """A person tells what proves that a part is repaired."""

    id: Id
    actor: Actor
    proof: str = Field(min_length=1, max_length=2_000, description="what was done and how it was seen to be well")


# --- gateway ---------------------------------------------------------------------------------------------------------


class CheckKey(Record):
    """mcp was shown an API key, and asks what it opens."""

    key: str = Field(max_length=400, repr=False)
    address: str = Field("", max_length=100, description="of the client: refused credentials are counted by it")


class KeyStanding(Record):
    """`name` is empty where the key opens nothing."""

    name: str
    role: str = Field(description="viewer, operator or admin")
    sites: list[Site]
    wait_s: float = Field(0, description="above 0: too many keys of this address were refused; seconds to wait")


# --- trigger ---------------------------------------------------------------------------------------------------------


class TemplatesQuery(Paged):
    """Kinds of log lines of warning and worse that no rule knows, most frequent first."""

    novel: bool | None = Field(None, description="only those that were, or were not, told as new")
    contains: str | None = Field(None, max_length=200, description="in the template or the program's name")
    id: str | None = Field(
        None, max_length=32, pattern=r"^[0-9a-f]+$", description="only this one; a beginning will do"
    )


class LogTemplate(Record):
    """A kind of log line. `template`, `identifier` and `sample` are text from a machine."""

    id: Id
    identifier: str = Field(description="SYSLOG_IDENTIFIER: kernel, sshd, ...")
    template: str = Field(description="its words, with <*> for what varies")
    sample: str = Field(description="the first line of it, at most 500 characters")
    count: int = Field(description="lines of it that were mined")
    worst_priority: int = Field(description="syslog severity of its gravest line, 0 to 7")
    first_seen: AwareDatetime
    last_seen: AwareDatetime
    hosts: list[str] = Field(description="entities that logged it, at most 16")
    novel: bool = Field(description="told as new: it came when its kind had not been seen for the learning period")
    model_class: str = Field("", description="the component class that a model sorts it under, empty where none did")


class TemplatePage(Record):
    items: list[LogTemplate]
    next: str | None = None
    learning: str = Field("", description="one sentence: what was learnt so far, or that it still learns")


_READERS = ("gateway", "mcp", "review", "meta", "actions")
_PEOPLE = ("gateway", "mcp")


class Endpoints:
    """The table of endpoints."""

    INCIDENTS: ClassVar = Endpoint("context", "incidents", IncidentsQuery, IncidentPage, callers=_READERS)
    INCIDENT: ClassVar = Endpoint(
        "context", "incident", IncidentQuery, IncidentDetail, callers=(*_READERS, "hybrid-coordinator")
    )
    INCIDENT_COMMAND: ClassVar = Endpoint("context", "incident-command", IncidentCommand, Incident, callers=_PEOPLE)
    HOSTS: ClassVar = Endpoint("context", "hosts", HostsQuery, HostPage, callers=_READERS)
    LOGS: ClassVar = Endpoint("context", "logs", LogsQuery, LogPage, callers=_READERS)
    METRICS: ClassVar = Endpoint("context", "metrics", MetricsQuery, MetricsReply, callers=_READERS)
    FORECASTS: ClassVar = Endpoint("context", "forecasts", ForecastsQuery, ForecastsReply, callers=_READERS)
    SERVICES: ClassVar = Endpoint("context", "services", ServicesQuery, ServicesReply, callers=_READERS)
    TRIGGERS: ClassVar = Endpoint("context", "triggers", TriggersQuery, TriggerPage, callers=_READERS)
    WINDOW: ClassVar = Endpoint("context", "window", WindowQuery, ContextWindow, callers=_READERS)
    STATUS: ClassVar = Endpoint("context", "status", Empty, FleetStatus, callers=_READERS)
    SENSORS: ClassVar = Endpoint("context", "sensors", SensorsQuery, SensorsReply, callers=_READERS)
    SENSOR_HISTORY: ClassVar = Endpoint("context", "sensor-history", SensorHistoryQuery, MetricsReply, callers=_READERS)
    SEL: ClassVar = Endpoint("context", "sel", SelQuery, SelPage, callers=_READERS)
    EVENT_LOGS: ClassVar = Endpoint("context", "event-logs", EventLogsQuery, EventLogsReply, callers=_PEOPLE)
    SYNCS: ClassVar = Endpoint("context", "syncs", SyncsQuery, SyncsReply, callers=_PEOPLE)
    BMCS: ClassVar = Endpoint("context", "bmcs", BmcsQuery, BmcPage, callers=_READERS)
    INVENTORY: ClassVar = Endpoint("context", "inventory", InventoryQuery, Inventory, callers=_READERS)
    SILENCES: ClassVar = Endpoint("context", "silences", SilencesQuery, SilencePage, callers=_READERS)
    ADD_SILENCE: ClassVar = Endpoint("context", "add-silence", AddSilence, Silence, callers=("gateway",))
    END_SILENCE: ClassVar = Endpoint("context", "end-silence", EndSilence, Silence, callers=("gateway",))
    EDIT_INVENTORY: ClassVar = Endpoint("context", "edit-inventory", EditInventory, Inventory, callers=("gateway",))

    TEMPLATES: ClassVar = Endpoint("trigger", "templates", TemplatesQuery, TemplatePage, callers=_PEOPLE)

    ACTIONS: ClassVar = Endpoint(
        "actions",
        "actions",
        ActionsQuery,
        ActionPage,
        callers=("gateway", "mcp", "review", "meta", "hybrid-coordinator"),
    )
    ACTION: ClassVar = Endpoint("actions", "action", ActionQuery, Action, callers=_PEOPLE)
    DECIDE: ClassVar = Endpoint("actions", "decide", DecideAction, Action, callers=("gateway",))
    CONFIRM: ClassVar = Endpoint("actions", "confirm", ConfirmGrant, GrantStanding, callers=("runner",))
    AUDIT: ClassVar = Endpoint("actions", "audit", AuditQuery, AuditPage, callers=_PEOPLE)
    AUDIT_VERIFY: ClassVar = Endpoint("actions", "audit-verify", Empty, AuditVerdict, callers=_PEOPLE)
    TICKETS: ClassVar = Endpoint("actions", "tickets", TicketsQuery, TicketPage, callers=_PEOPLE)
    AUTONOMY: ClassVar = Endpoint("actions", "autonomy", SetAutonomy, Autonomy, callers=("gateway",))

    COMPLETE: ClassVar = Endpoint(
        "hybrid-coordinator", "complete", CompleteRequest, Completion, callers=("trigger", "review", "meta")
    )
    COMPLETE_STREAM: ClassVar = StreamEndpoint(
        "hybrid-coordinator", "complete-stream", CompleteRequest, CompletionPart, callers=("meta",)
    )
    AUGMENT: ClassVar = Endpoint("hybrid-coordinator", "augment", AugmentQuery, Augmented, callers=_READERS)
    REMEMBER: ClassVar = Endpoint("hybrid-coordinator", "remember", Remember, Remembered, callers=_PEOPLE)
    MODELS: ClassVar = Endpoint("hybrid-coordinator", "models", Empty, ModelsReply, callers=_READERS)

    ASK: ClassVar = Endpoint("meta", "ask", Question, Answer, callers=_PEOPLE)
    ASK_STREAM: ClassVar = StreamEndpoint("meta", "ask-stream", Question, AnswerPart, callers=_PEOPLE)
    CONVERSATIONS: ClassVar = Endpoint("meta", "conversations", ConversationsQuery, ConversationPage, callers=_PEOPLE)
    CONVERSATION: ClassVar = Endpoint("meta", "conversation", ConversationQuery, Conversation, callers=_PEOPLE)
    CONVERSATION_COMMAND: ClassVar = Endpoint(
        "meta", "conversation-command", ConversationCommand, ConversationSummary, callers=_PEOPLE
    )
    ANALYSIS: ClassVar = Endpoint("meta", "analysis", AnalysisQuery, Analysis, callers=_PEOPLE)
    ANALYSE: ClassVar = Endpoint("meta", "analyse", Analyse, Analysis, callers=_PEOPLE)
    MAKE_REPORT: ClassVar = Endpoint("meta", "make-report", MakeReport, Report, callers=_PEOPLE)
    REPORTS: ClassVar = Endpoint("meta", "reports", ReportsQuery, ReportPage, callers=_PEOPLE)
    REPORT: ClassVar = Endpoint("meta", "report", ReportQuery, Report, callers=_PEOPLE)
    TASKS: ClassVar = Endpoint("meta", "tasks", TasksQuery, TaskPage, callers=_PEOPLE)
    TASK: ClassVar = Endpoint("meta", "task", TaskQuery, RepairTask, callers=_PEOPLE)
    CLOSE_TASK: ClassVar = Endpoint("meta", "close-task", CloseTask, RepairTask, callers=("gateway",))

    START_SYNC: ClassVar = Endpoint("ipmi-collector", "start-sync", StartSync, SyncJob, callers=("gateway",))

    CHECK_KEY: ClassVar = Endpoint("gateway", "check-key", CheckKey, KeyStanding, callers=("mcp",))

    @classmethod
    def all(cls) -> list[Endpoint[Record, Record]]:
        return [value for value in vars(cls).values() if isinstance(value, Endpoint)]
