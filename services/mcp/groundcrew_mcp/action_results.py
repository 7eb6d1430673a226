"""What tools answer with about actions: what was proposed, what policy made of it, what exactly would run."""

from pydantic import AwareDatetime, Field

from groundcrew.contracts.actions import Action
from groundcrew.diagnosis.window import harmless
from groundcrew_mcp.fence import NOTICE, fenced_output
from groundcrew_mcp.results import Page, Told


class ActionBrief(Told):
    id: str
    kind: str
    target: str
    parameters: dict[str, str]
    risk: str
    state: str = Field(description="queued: waits for a person; refused: policy said no; see `outcome`")
    reason: str
    argv: list[str] = Field(description="exactly what would run")
    incident_id: str | None
    proposed_by: str
    decided_by: str
    created_at: AwareDatetime
    expires_at: AwareDatetime
    outcome: str

    @classmethod
    def of(cls, action: Action) -> "ActionBrief":
        return cls(
            id=action.id,
            kind=action.kind.value,
            target=action.target,
            parameters={name: harmless(value) for name, value in action.parameters.items()},
            risk=action.risk.value,
            state=action.state.value,
            reason=harmless(action.reason),
            argv=action.argv,
            incident_id=action.incident_id,
            proposed_by=action.proposed_by,
            decided_by=action.decided_by,
            created_at=action.created_at,
            expires_at=action.expires_at,
            outcome=harmless(action.outcome),
        )


class ActionTold(ActionBrief):
    notice: str = NOTICE
    output: str = Field(description="what the command printed, the end kept")

    @classmethod
    def with_output(cls, action: Action) -> "ActionTold":
        return cls(**dict(ActionBrief.of(action)), output=fenced_output(action.output))


class ActionList(Page):
    actions: list[ActionBrief]


class Proposed(Told):
    action_id: str
    state: str = Field(description="queued, refused, running, ...; pending where policy has not answered yet")
    said: str = Field(description="what policy made of it, and what comes next")
    already_there: bool = Field(False, description="the same action was waiting or running; nothing new was proposed")
