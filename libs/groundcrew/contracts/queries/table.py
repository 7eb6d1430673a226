"""The table of endpoints: who answers what, and who may ask."""

from typing import ClassVar

from groundcrew.contracts.actions import Action
from groundcrew.contracts.completions import CompleteRequest, Completion, CompletionPart, ModelsReply
from groundcrew.contracts.conversations import Analysis, Answer, AnswerPart, Conversation, ConversationSummary, Question
from groundcrew.contracts.envelope import Record
from groundcrew.contracts.event_logs import SyncJob
from groundcrew.contracts.incidents import Incident
from groundcrew.contracts.inventory import Inventory
from groundcrew.contracts.knowledge import Augmented, AugmentQuery, Remember, Remembered
from groundcrew.contracts.queries.actions import (
    ActionPage,
    ActionQuery,
    ActionsQuery,
    AuditPage,
    AuditQuery,
    AuditVerdict,
    Autonomy,
    ConfirmGrant,
    DecideAction,
    GrantStanding,
    SetAutonomy,
    TicketPage,
    TicketsQuery,
)
from groundcrew.contracts.queries.bmcs import (
    BmcPage,
    BmcsQuery,
    EventLogsQuery,
    EventLogsReply,
    SelPage,
    SelQuery,
    SensorHistoryQuery,
    SensorsQuery,
    SensorsReply,
    StartSync,
    SyncsQuery,
    SyncsReply,
)
from groundcrew.contracts.queries.endpoint import Empty, Endpoint, StreamEndpoint
from groundcrew.contracts.queries.hosts import (
    ForecastsQuery,
    ForecastsReply,
    HostPage,
    HostsQuery,
    LogPage,
    LogsQuery,
    MetricsQuery,
    MetricsReply,
    ServicesQuery,
    ServicesReply,
)
from groundcrew.contracts.queries.incidents import (
    ContextWindow,
    FleetStatus,
    IncidentCommand,
    IncidentDetail,
    IncidentPage,
    IncidentQuery,
    IncidentsQuery,
    TriggerPage,
    TriggersQuery,
    WindowQuery,
)
from groundcrew.contracts.queries.keys import CheckKey, KeyStanding
from groundcrew.contracts.queries.meta import (
    Analyse,
    AnalysisQuery,
    CloseTask,
    ConversationCommand,
    ConversationPage,
    ConversationQuery,
    ConversationsQuery,
    MakeReport,
    ReportPage,
    ReportQuery,
    ReportsQuery,
    TaskPage,
    TaskQuery,
    TasksQuery,
)
from groundcrew.contracts.queries.plans import (
    AddSilence,
    EditInventory,
    EndSilence,
    InventoryQuery,
    SilencePage,
    SilencesQuery,
)
from groundcrew.contracts.queries.templates import TemplatePage, TemplatesQuery
from groundcrew.contracts.reports import RepairTask, Report
from groundcrew.contracts.silences import Silence

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
