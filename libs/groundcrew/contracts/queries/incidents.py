"""Questions to context about incidents, what triggered, and what is going on."""

from typing import Literal

from pydantic import AwareDatetime, Field

from groundcrew.contracts.envelope import Record
from groundcrew.contracts.identity import Entity, Id
from groundcrew.contracts.incidents import (
    Evidence,
    EvidenceSource,
    Finding,
    Incident,
    IncidentState,
    Severity,
    TriggerState,
)
from groundcrew.contracts.queries.endpoint import Actor, Paged


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
