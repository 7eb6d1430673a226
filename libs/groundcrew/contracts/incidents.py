"""Trigger events, incidents and their evidence, findings and escalations."""

from functools import cached_property
from typing import ClassVar

from pydantic import AwareDatetime, Field

from groundcrew.contracts.envelope import Message, OpenEnum, Record
from groundcrew.contracts.identity import Entity, Id


class Severity(OpenEnum):
    """How bad. An info trigger never opens an incident by itself."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"
    UNKNOWN = "unknown"

    @cached_property
    def rank(self) -> int:
        """0 for info (and unknown) up to 2 for critical."""
        return _RANKS.get(self._value_, 0)


_RANKS = {"warning": 1, "critical": 2}


class EvidenceSource(OpenEnum):
    """Which kind of observation a piece of evidence is."""

    JOURNAL = "journal"
    SEL = "sel"
    SENSORS = "sensors"
    METRICS = "metrics"
    SERVICES = "services"
    ACCESS = "access"  # whether a BMC can be read
    UNKNOWN = "unknown"


class Evidence(Record):
    """One cited observation. `text` is exactly what was observed."""

    id: Id
    source: EvidenceSource
    ref: str = Field(description="where it can be found again: cursor, file position, 'bmc/record', series")
    time: AwareDatetime
    entity: Entity
    text: str
    rule_id: str = ""
    component: str = Field("", description="the part that the trigger of this rule named")
    trigger_id: Id | None = None


class TriggerState(OpenEnum):
    """A trigger is raised, and cleared again where its rule can tell recovery."""

    RAISED = "raised"
    CLEARED = "cleared"
    UNKNOWN = "unknown"


class TriggerRaised(Message):
    """A rule fired. The envelope's entity is where it was seen; `component` is the locator the evidence prints."""

    TYPE: ClassVar[str] = "trigger.raised"

    rule_id: str
    state: TriggerState = TriggerState.RAISED
    severity: Severity
    title: str = Field(description="one line for the operator")
    causes: list[str] = Field(description="cause ids that the rule speaks for, strongest first")
    component_class: str
    component: str = Field("", description="locator as the evidence prints it, empty where the line names none")
    count: int = Field(1, description="equal observations folded into this trigger")
    first_seen: AwareDatetime
    last_seen: AwareDatetime
    captures: dict[str, str] = Field(default_factory=dict)
    uncertainty_s: float = Field(0, ge=0, description="seconds by which its times may be off to either side")
    evidence: list[Evidence] = Field(description="at most 10 cited observations")
    ends: bool = Field(
        True, description="whether a trigger event says when it is over; of others only that nothing more comes"
    )
    silenced_by: str = Field(
        "", description="the silence in force, its kind, id and reason: recorded, but opens and feeds no incident"
    )


class Ground(Record):
    """One reason for or against a hypothesis."""

    what: str = Field(description="the kind of symptom, by the cause that its rules name first")
    says: str = Field(
        description="seen (speaks for it), explained (it brings that about), counted (on so many hosts), missing "
        "(should have been seen), against, or unexplained"
    )
    weight: float = Field(description="nats that it adds to the hypothesis' score")
    text: str = Field("", description="the symptom in words")


class Cause(Record):
    """A named cause with the part it blames."""

    id: str = Field(description="class.fault, e.g. psu.input_lost; 'unknown' is a legal answer")
    variant: str = Field("", description="id of the narrower cause that was found, where it has one of its own")
    component_class: str
    component: str
    confidence: float = Field(ge=0, le=1)
    why: str = Field("", description="the evidence behind the score in one sentence")
    why_not: str = Field("", description="of an alternative: what it lacks that the cause has, in one sentence")
    grounds: list[Ground] = Field(default_factory=list, description="the score point by point, the weightiest first")

    @property
    def entry(self) -> str:
        """Id of the pack's entry that describes it."""
        return self.variant or self.id


class Symptom(Record):
    """Equal trigger events of an incident folded into one: the same rule, entity and part."""

    rule_id: str
    entity: Entity
    component_class: str
    component: str
    causes: list[str] = Field(description="cause ids that the rule speaks for, strongest first")
    severity: Severity
    title: str
    source: EvidenceSource = EvidenceSource.UNKNOWN
    first_seen: AwareDatetime
    last_seen: AwareDatetime
    count: int = Field(description="trigger events folded")
    uncertainty_s: float = Field(0, ge=0, description="seconds by which its times may be off to either side")
    cleared_at: AwareDatetime | None = Field(None, description="None while it is raised")
    about: str = Field("", description="another host of the inventory that its words name; empty where they name none")


class IncidentState(OpenEnum):
    """Life of an incident: until it is resolved, it is live."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"  # somebody is on it
    MAINTENANCE = "maintenance"  # planned work is being done on it: new evidence is kept and opens nothing again
    MITIGATED = "mitigated"  # its effect is gone and its cause is not; new evidence opens it again
    RESOLVED = "resolved"
    UNKNOWN = "unknown"


LIVE_STATES = (
    IncidentState.OPEN,
    IncidentState.ACKNOWLEDGED,
    IncidentState.MAINTENANCE,
    IncidentState.MITIGATED,
)


class Incident(Record):
    """One fault: one cause, one part, its evidence. A whole snapshot; `revision` counts up from 1."""

    id: Id
    revision: int
    state: IncidentState
    severity: Severity
    title: str
    hosts: list[str] = Field(description="names of the hosts where the fault is, sorted")
    entity: Entity = Field(description="the entity that the cause lies in")
    opened_at: AwareDatetime
    updated_at: AwareDatetime
    last_seen: AwareDatetime = Field(description="time of the newest evidence")
    resolved_at: AwareDatetime | None = None
    cause: Cause
    alternatives: list[Cause] = Field(default_factory=list)
    evidence_count: int
    trigger_count: int
    rules: list[str] = Field(default_factory=list, description="ids of the rules that fired, sorted")
    steps: list[str] = Field(default_factory=list, description="what to do, first step first")
    note: str = ""
    owner: str = Field("", description="who takes care of it; empty: nobody said so")
    symptoms: list[Symptom] = Field(default_factory=list, description="what fusion rebuilds itself from, by first_seen")
    merged_into: Id | None = Field(None, description="the incident that took this one over; it is resolved then")


class IncidentOpened(Message):
    TYPE: ClassVar[str] = "incident.opened"
    incident: Incident
    evidence: list[Evidence] = Field(description="evidence that is new with this revision")


class IncidentUpdated(Message):
    TYPE: ClassVar[str] = "incident.updated"
    incident: Incident
    evidence: list[Evidence]
    change: str = Field(description="what changed, one sentence for the history")


class IncidentResolved(Message):
    TYPE: ClassVar[str] = "incident.resolved"
    incident: Incident
    change: str


class Finding(Record):
    """Something review saw across the window that no single trigger says."""

    id: Id
    kind: str = Field(description="trend, recurrence, coverage, ...")
    severity: Severity
    entity: Entity
    text: str
    evidence_ids: list[Id] = Field(default_factory=list)
    incident_id: Id | None = None


class ReviewCompleted(Message):
    """Result of one look at the window; `scope` is 'fleet' or an incident id."""

    TYPE: ClassVar[str] = "review.completed"
    scope: str
    findings: list[Finding]
    window_tokens: int


class EscalationRaised(Message):
    """review asks for a deep analysis."""

    TYPE: ClassVar[str] = "escalation.raised"
    incident_id: Id
    reason: str


class Tick(Message):
    """A JetStream schedule fired."""

    TYPE: ClassVar[str] = "tick"
    name: str


class DeadLetter(Message):
    """A message that no handler could take, whole, with the reason."""

    TYPE: ClassVar[str] = "deadletter"
    stream: str
    durable: str
    subject: str
    reason: str
    deliveries: int
    payload: str = Field(description="the original bytes, base64")
