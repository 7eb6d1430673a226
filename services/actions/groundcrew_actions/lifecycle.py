"""How an action moves from state to state, and what is written and told each time."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from groundcrew.contracts.actions import (
    Action,
    ActionChanged,
    ActionGranted,
    ActionProposed,
    ActionState,
    RiskClass,
)
from groundcrew.contracts.envelope import Envelope, Message, ProducedBy
from groundcrew.contracts.identity import stable_id
from groundcrew.policy.catalogue import CATALOGUE
from groundcrew.stores.actions.port import ActionTransaction, StoredAction

NEXT: dict[ActionState, frozenset[ActionState]] = {
    ActionState.QUEUED: frozenset(
        {ActionState.APPROVED, ActionState.REJECTED, ActionState.EXPIRED, ActionState.REFUSED}
    ),
    ActionState.APPROVED: frozenset({ActionState.RUNNING, ActionState.SUCCEEDED, ActionState.REFUSED}),
    ActionState.RUNNING: frozenset(
        {ActionState.SUCCEEDED, ActionState.FAILED, ActionState.REFUSED, ActionState.UNKNOWN}
    ),
    # A report that comes after we gave up waiting for it still counts.
    ActionState.UNKNOWN: frozenset({ActionState.SUCCEEDED, ActionState.FAILED, ActionState.REFUSED}),
}
"""What may follow what; states that are not keys are final."""

REPORT_SLACK_S = 60
"""Added to grant lifetime, time limit and settling before a runner is taken for lost."""


def grant_id(action_id: str) -> str:
    """An action has one grant, ever."""
    return stable_id("grant", action_id)


def filed(
    proposal: Envelope[ActionProposed], *, state: ActionState, now: datetime, expires_at: datetime, **fields: Any
) -> StoredAction:
    """The first revision of an action."""
    data = proposal.data
    entry = CATALOGUE.get(data.kind)
    action = Action(
        id=proposal.id,
        revision=1,
        kind=data.kind,
        target=data.target,
        parameters=data.parameters,
        risk=entry.risk if entry else RiskClass.UNKNOWN,
        state=state,
        reason=data.reason,
        argv=fields.pop("argv", []),
        expected_effect=entry.effect if entry else "",
        incident_id=data.incident_id,
        evidence_ids=data.evidence_ids,
        proposed_by=data.proposed_by,
        created_at=now,
        updated_at=now,
        expires_at=expires_at,
        **fields,
    )
    return StoredAction(action=action, correlation_id=proposal.correlation_id)


@dataclass(frozen=True, kw_only=True)
class Lifecycle:
    """Moves actions within a transaction: row, audit entry and message belong together."""

    site: str
    produced_by: ProducedBy
    grant_ttl_s: float

    async def file(self, transaction: ActionTransaction, stored: StoredAction, *, actor: str, why: str) -> None:
        """Write the first revision, the proposal and what was decided about it."""
        action = stored.action
        await self._audit(transaction, action, "proposed", action.proposed_by, {"reason": action.reason[:1000]})
        await self._audit(transaction, action, action.state.value, actor, {"reason": why})
        await self._tell(transaction, stored)

    async def move(
        self,
        transaction: ActionTransaction,
        stored: StoredAction,
        state: ActionState,
        *,
        now: datetime,
        actor: str,
        event: str | None = None,
        detail: dict[str, str] | None = None,
        **changes: Any,
    ) -> StoredAction:
        """Write the next revision; `changes` are fields of the action."""
        old = stored.action
        assert state in NEXT.get(old.state, frozenset()), f"{old.state} -> {state}"
        action = old.model_copy(update={"revision": old.revision + 1, "state": state, "updated_at": now, **changes})
        moved = replace(stored, action=action)
        await self._audit(transaction, action, event or state.value, actor, detail or {})
        await self._tell(transaction, moved)
        return moved

    async def grant(
        self, transaction: ActionTransaction, stored: StoredAction, *, now: datetime, approved_by: str
    ) -> StoredAction:
        """Let the runner of the target do an approved action, once."""
        action = stored.action
        entry = CATALOGUE[action.kind]
        expires_at = now + timedelta(seconds=self.grant_ttl_s)
        granted = ActionGranted(
            action_id=action.id,
            kind=action.kind,
            target=action.target,
            parameters=action.parameters,
            argv=action.argv,
            timeout_s=entry.timeout_s,
            expires_at=expires_at,
            incident_id=action.incident_id,
            approved_by=approved_by,
        )
        await transaction.publish(self._envelope(stored, granted, message_id=grant_id(action.id), now=now))
        due = expires_at + timedelta(seconds=entry.timeout_s + entry.settle_s + REPORT_SLACK_S)
        return await self.move(
            transaction,
            replace(stored, granted_at=now, report_due_at=due),
            ActionState.RUNNING,
            now=now,
            actor="actions",
            event="granted",
            detail={"argv": " ".join(action.argv), "approved_by": approved_by, "grant": grant_id(action.id)},
        )

    async def _audit(
        self, transaction: ActionTransaction, action: Action, event: str, actor: str, detail: dict[str, str]
    ) -> None:
        known = {"kind": action.kind.value, "target": action.target, **action.parameters}
        await transaction.audit(
            time=action.updated_at, actor=actor, event=event, action_id=action.id, detail=known | detail
        )

    async def _tell(self, transaction: ActionTransaction, stored: StoredAction) -> None:
        await transaction.save(stored)
        action = stored.action
        changed_id = stable_id("action-changed", action.id, action.revision)
        message = self._envelope(stored, ActionChanged(action=action), message_id=changed_id, now=action.updated_at)
        await transaction.publish(message)

    def _envelope(self, stored: StoredAction, data: Message, *, message_id: str, now: datetime) -> Envelope[Any]:
        action = stored.action
        return Envelope(
            id=message_id,
            type=data.TYPE,
            v=data.V,
            site=self.site,
            entity=action.target,
            time=now,
            received_at=now,
            source="actions",
            position=f"{action.id}/{action.revision}",
            correlation_id=stored.correlation_id,
            causation_id=action.id,
            produced_by=self.produced_by,
            data=data,
        )
