"""Proposed, granted and reported actions. Safety is code: kinds and risks are enums, never free text."""

from typing import ClassVar

from pydantic import AwareDatetime, Field

from groundcrew.contracts.envelope import Message, OpenEnum, Record
from groundcrew.contracts.identity import Entity, Id

POLICY = "policy"
"""Who approved what no person did."""

NO_ACTION = "0" * 32
"""What audit entries name that belong to no action, such as a change of the autonomy level."""


class ActionKind(OpenEnum):
    """The catalogue's kinds. A proposal of an unknown kind is refused and recorded."""

    JOURNAL_QUERY = "journal.query"
    SERVICE_RESTART = "service.restart"
    TICKET_CREATE = "ticket.create"
    UNKNOWN = "unknown"


class RiskClass(OpenEnum):
    """How much an action can break, from the catalogue."""

    READ_ONLY = "read-only"
    SAFE = "safe"
    DISRUPTIVE = "disruptive"
    DESTRUCTIVE = "destructive"
    UNKNOWN = "unknown"


class AutonomyLevel(OpenEnum):
    """What may run without a person."""

    OBSERVE = "observe"
    SUGGEST = "suggest"
    AUTO_SAFE = "auto-safe"
    AUTO_FULL = "auto-full"
    UNKNOWN = "unknown"


class ActionState(OpenEnum):
    """Life of an action. The subject's state token of `ActionChanged`."""

    QUEUED = "queued"
    REFUSED = "refused"
    APPROVED = "approved"
    REJECTED = "rejected"
    EXPIRED = "expired"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    UNKNOWN = "unknown"


class ActionProposed(Message):
    """review or meta proposes; the envelope's id is the action's id."""

    TYPE: ClassVar[str] = "action.proposed"
    kind: ActionKind
    target: Entity
    parameters: dict[str, str] = Field(default_factory=dict)
    reason: str
    incident_id: Id | None = None
    evidence_ids: list[Id] = Field(default_factory=list)
    proposed_by: str


class Action(Record):
    """Snapshot of an action as the queue holds it."""

    id: Id
    revision: int
    kind: ActionKind
    target: Entity
    parameters: dict[str, str]
    risk: RiskClass
    state: ActionState
    reason: str
    argv: list[str] = Field(description="exactly what would run; empty where nothing runs on a host")
    expected_effect: str = ""
    incident_id: Id | None = None
    evidence_ids: list[Id] = Field(default_factory=list)
    proposed_by: str
    created_at: AwareDatetime
    updated_at: AwareDatetime
    expires_at: AwareDatetime
    decided_by: str = ""
    comment: str = ""
    outcome: str = Field("", description="one sentence: why refused, or what the probe found")
    output: str = Field("", description="what the tool printed, at most 16 KiB, the end kept; text from a machine")


class ActionChanged(Message):
    """actions tells each change of state."""

    TYPE: ClassVar[str] = "action.changed"
    action: Action


class ActionGranted(Message):
    """actions lets one runner run one action once. The envelope's id is the grant's, derived from the action's."""

    TYPE: ClassVar[str] = "action.granted"
    action_id: Id
    kind: ActionKind
    target: Entity
    parameters: dict[str, str]
    argv: list[str] = Field(description="the runner renders its own from the catalogue and refuses where they differ")
    timeout_s: float
    expires_at: AwareDatetime
    incident_id: Id | None = None
    approved_by: str


class Outcome(OpenEnum):
    """What a runner can say of a grant."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    REFUSED = "refused"
    UNKNOWN = "unknown"


class ActionReported(Message):
    """A runner reports once per grant; `unknown` means: it may have run, was probed, and is not run again."""

    TYPE: ClassVar[str] = "action.reported"
    action_id: Id
    outcome: Outcome
    exit_code: int | None = None
    output: str = Field("", description="standard output and error, at most 16 KiB, the end kept")
    probe_before: dict[str, str] = Field(default_factory=dict)
    probe_after: dict[str, str] = Field(default_factory=dict)
    started_at: AwareDatetime
    finished_at: AwareDatetime
    detail: str = ""


class AuditEntry(Record):
    """One link of the append-only hash chain: hash = SHA-256 over previous hash and the canonical JSON of the rest."""

    seq: int
    time: AwareDatetime
    site: str
    actor: str
    event: str = Field(description="proposed, queued, refused, approved, rejected, granted, reported, expired, ...")
    action_id: Id
    detail: dict[str, str]
    previous: str
    hash: str


class Ticket(Record):
    """What `ticket.create` made: a task for a person, with its evidence."""

    id: Id
    action_id: Id
    incident_id: Id | None
    created_at: AwareDatetime
    title: str
    body: str = Field(description="Markdown with cause, part, evidence and steps")
    closed_at: AwareDatetime | None = None
