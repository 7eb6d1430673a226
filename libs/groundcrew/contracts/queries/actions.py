"""Questions to actions."""

from pydantic import Field

from groundcrew.contracts.actions import Action, ActionState, AuditEntry, AutonomyLevel, Ticket
from groundcrew.contracts.envelope import Record
from groundcrew.contracts.identity import Entity, Id
from groundcrew.contracts.queries.endpoint import Actor, Paged


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
