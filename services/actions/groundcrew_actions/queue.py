"""The action queue of one site: what becomes of a proposal, an approval, a report, and of time going by."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from groundcrew.bus.port import Reject, RequestFailed
from groundcrew.contracts.actions import (
    NO_ACTION,
    POLICY,
    Action,
    ActionKind,
    ActionProposed,
    ActionReported,
    ActionState,
    AutonomyLevel,
    Outcome,
    Ticket,
)
from groundcrew.contracts.clock import Clock
from groundcrew.contracts.envelope import Envelope
from groundcrew.contracts.inventory import Inventory
from groundcrew.contracts.queries import Autonomy, ConfirmGrant, DecideAction, Failure, GrantStanding, SetAutonomy
from groundcrew.policy.autonomy import Verdict
from groundcrew.policy.blast_radius import HOUR, Limits, Recent
from groundcrew.policy.catalogue import CATALOGUE, Rendered, prepare
from groundcrew.policy.decision import Situation, decide
from groundcrew.policy.rendering import ActionRefused
from groundcrew.policy.verification import Verified
from groundcrew.stores.actions.port import ActionStore, ActionTransaction, StoredAction
from groundcrew_actions.lifecycle import Lifecycle, filed, grant_id

MakeTicket = Callable[[Action], Ticket]
"""Writes the ticket of an action, from what was read of its incident beforehand."""

REHEARSAL = "nothing is carried out in this site: it is a rehearsal (actions.execute = false)"

_OUTCOMES = {
    Outcome.SUCCEEDED: ActionState.SUCCEEDED,
    Outcome.FAILED: ActionState.FAILED,
    Outcome.REFUSED: ActionState.REFUSED,
    Outcome.UNKNOWN: ActionState.UNKNOWN,
}


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What the configuration says."""

    level: AutonomyLevel
    limits: Limits
    execute: bool
    expiry: timedelta
    max_waiting: int
    protected: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class _Ruling:
    """What was decided about a proposal."""

    state: ActionState
    reason: str
    argv: tuple[str, ...] = ()
    run: bool = False


class ActionQueue:
    """Every method is one transaction. Asking twice changes nothing twice."""

    def __init__(
        self,
        *,
        site: str,
        store: ActionStore,
        clock: Clock,
        rules: Rules,
        lifecycle: Lifecycle,
        inventory: Callable[[], Inventory | None],
    ) -> None:
        self._site = site
        self._store = store
        self._clock = clock
        self._rules = rules
        self._lifecycle = lifecycle
        self._inventory = inventory

    async def propose(self, proposal: Envelope[ActionProposed], make_ticket: MakeTicket) -> Action | None:
        """Refuse, queue or run. Returns the action, None where this proposal is known already."""
        now = self._clock.now()
        expires_at = min(now, proposal.received_at) + self._rules.expiry
        async with self._store.transaction(self._site) as transaction:
            if await transaction.action(proposal.id) is not None:
                return None
            ruling = await self._rule(transaction, proposal, now, expires_at)
            stored = filed(
                proposal,
                state=ruling.state,
                now=now,
                expires_at=expires_at,
                argv=list(ruling.argv),
                outcome="" if ruling.run else ruling.reason,
                decided_by=POLICY if ruling.run else "",
            )
            await self._lifecycle.file(transaction, stored, actor=POLICY, why=ruling.reason)
            if ruling.run:
                stored = await self._begin(transaction, stored, now, POLICY, make_ticket)
            return stored.action

    async def decide(self, request: DecideAction, make_ticket: MakeTicket) -> Action:
        """A person's answer. Raises RequestFailed where there is nothing (any more) to decide."""
        now = self._clock.now()
        async with self._store.transaction(self._site) as transaction:
            stored = await transaction.action(request.id)
            if stored is None:
                raise RequestFailed(Failure.NOT_FOUND, f"there is no action {request.id}")
            if stored.action.state is not ActionState.QUEUED:
                raise RequestFailed(Failure.CONFLICT, _already(stored.action))
            by = {"decided_by": request.actor, "comment": request.comment}
            said = {"comment": request.comment}
            why_not = await self._why_not(transaction, stored.action) if request.approve else None
            if stored.action.expires_at <= now:
                why_not = await self._expire(transaction, stored, now)
            elif not request.approve:
                stored = await self._lifecycle.move(
                    transaction, stored, ActionState.REJECTED, now=now, actor=request.actor, detail=said,
                    outcome=f"rejected by {request.actor}", **by,
                )  # fmt: skip
            elif why_not is None:
                stored = await self._lifecycle.move(
                    transaction, stored, ActionState.APPROVED, now=now, actor=request.actor, detail=said,
                    outcome="", **by,
                )  # fmt: skip
                stored = await self._begin(transaction, stored, now, request.actor, make_ticket)
        if why_not is not None:
            raise RequestFailed(Failure.CONFLICT, why_not)
        return stored.action

    async def confirm(self, request: ConfirmGrant) -> GrantStanding:
        """Whether a runner may begin now: what was granted may have been stopped since, or never have been granted.

        It holds the site like a decision does, so that nothing begins after an answer to stop-all was given.
        """
        async with self._store.transaction(self._site) as transaction:
            stored = await transaction.action(request.action_id)
            if stored is None or stored.granted_at is None or request.grant_id != grant_id(request.action_id):
                return GrantStanding(stands=False, reason="actions never granted this")
            action = stored.action
            if (request.entity, request.argv) != (action.target, action.argv):
                return GrantStanding(stands=False, reason="actions granted something else")
            if action.state is not ActionState.RUNNING:
                return GrantStanding(stands=False, reason=f"the action is {action.state.value} already")
            why_not = await self._why_not(transaction, action)
        return GrantStanding(stands=why_not is None, reason=why_not or "")

    async def report(self, report: Envelope[ActionReported]) -> Action | None:
        """What a runner did. Returns None where it is known already; raises Reject for a report that is not its own."""
        data, now = report.data, self._clock.now()
        async with self._store.transaction(self._site) as transaction:
            stored = await transaction.action(data.action_id)
            if stored is None or stored.granted_at is None:
                msg = f"report on {data.action_id}, which was never granted"
                raise Reject(msg)
            if report.entity != stored.action.target:
                msg = f"report of {report.entity} on an action of {stored.action.target}"
                raise Reject(msg)
            state, sentence = _verified(stored.action, data)
            open_still = stored.action.state is ActionState.RUNNING or (
                stored.action.state is ActionState.UNKNOWN and state is not ActionState.UNKNOWN
            )
            if not open_still:
                return None
            moved = await self._lifecycle.move(
                transaction, stored, state, now=now, actor="runner", event="reported",
                detail=_report_detail(data, sentence), outcome=sentence, output=data.output,
            )  # fmt: skip
            return moved.action

    async def expire(self) -> list[Action]:
        """Close what waited too long for a person, or for its runner's report."""
        now, closed = self._clock.now(), []
        async with self._store.transaction(self._site) as transaction:
            for stored in await transaction.unfinished():
                action = stored.action
                if action.state is ActionState.QUEUED and action.expires_at <= now:
                    await self._expire(transaction, stored, now)
                elif stored.report_due_at is not None and stored.report_due_at <= now:
                    sentence = f"the runner of {action.target} has not reported; look at the host before trying again"
                    await self._lifecycle.move(
                        transaction, stored, ActionState.UNKNOWN, now=now, actor="actions", event="overdue",
                        detail={"outcome": sentence}, outcome=sentence,
                    )  # fmt: skip
                else:
                    continue
                closed.append(action)
        return closed

    async def autonomy(self, request: SetAutonomy) -> Autonomy:
        """Set (or only tell) the autonomy level and the stop-all switch; both outlive restarts."""
        if request.level is AutonomyLevel.UNKNOWN:
            raise RequestFailed(Failure.INVALID, "level: expected observe, suggest, auto-safe or auto-full")
        control = await self._store.control(self._site)
        if request.level is not None or request.stopped is not None:
            async with self._store.transaction(self._site) as transaction:
                control = await transaction.control()
                control = replace(
                    control,
                    level=control.level if request.level is None else request.level,
                    stopped=control.stopped if request.stopped is None else request.stopped,
                )
                await transaction.set_control(control)
                level = (control.level or self._rules.level).value
                await transaction.audit(
                    time=self._clock.now(), actor=request.actor, event="autonomy", action_id=NO_ACTION,
                    detail={"level": level, "stopped": str(control.stopped).lower()},
                )  # fmt: skip
        waiting = await self._store.waiting(self._site)
        return Autonomy(level=control.level or self._rules.level, stopped=control.stopped, waiting=waiting)

    async def _rule(
        self, transaction: ActionTransaction, proposal: Envelope[ActionProposed], now: datetime, expires_at: datetime
    ) -> _Ruling:
        data = proposal.data
        try:
            ready = self._prepare(data)
        except ActionRefused as refused:
            return _Ruling(state=ActionState.REFUSED, reason=str(refused))
        argv = tuple(ready.argv)
        if expires_at <= now:
            return _Ruling(state=ActionState.EXPIRED, reason="the proposal was too old when it arrived", argv=argv)
        unfinished = await transaction.unfinished()
        same = next((s.action.id for s in unfinished if _same(s.action, data)), None)
        if same:
            return _Ruling(state=ActionState.REFUSED, reason=f"the same is unfinished as action {same}", argv=argv)
        if len(unfinished) >= self._rules.max_waiting:
            reason = f"{len(unfinished)} actions are unfinished, at most {self._rules.max_waiting} may be"
            return _Ruling(state=ActionState.REFUSED, reason=reason, argv=argv)
        return await self._by_policy(transaction, proposal, ready, now)

    async def _by_policy(
        self, transaction: ActionTransaction, proposal: Envelope[ActionProposed], ready: Rendered, now: datetime
    ) -> _Ruling:
        control = await transaction.control()
        back = max(HOUR, timedelta(seconds=ready.entry.cool_down_s))
        situation = Situation(
            level=control.level or self._rules.level,
            stopped=control.stopped,
            recent=[_recent(stored) for stored in await transaction.recent(now - back)],
            now=now,
            inventory=self._inventory(),
        )
        data = proposal.data
        subject = Recent(
            id=proposal.id, kind=data.kind, risk=ready.entry.risk, target=data.target, parameters=data.parameters,
            proposed_at=now,
        )  # fmt: skip
        decision = decide(subject, ready.entry, situation, self._rules.limits)
        run = decision.verdict is Verdict.RUN
        states = {Verdict.RUN: ActionState.APPROVED, Verdict.QUEUE: ActionState.QUEUED}
        state = states.get(decision.verdict, ActionState.REFUSED)
        return _Ruling(state=state, reason=decision.reason, argv=tuple(ready.argv), run=run)

    async def _begin(
        self,
        transaction: ActionTransaction,
        stored: StoredAction,
        now: datetime,
        approved_by: str,
        make_ticket: MakeTicket,
    ) -> StoredAction:
        if stored.action.kind is not ActionKind.TICKET_CREATE:
            if self._rules.execute:
                return await self._lifecycle.grant(transaction, stored, now=now, approved_by=approved_by)
            return await self._lifecycle.move(
                transaction, stored, ActionState.REFUSED, now=now, actor="actions",
                detail={"outcome": REHEARSAL}, outcome=REHEARSAL,
            )  # fmt: skip
        ticket = make_ticket(stored.action)
        await transaction.add_ticket(ticket)
        return await self._lifecycle.move(
            transaction, replace(stored, granted_at=now), ActionState.SUCCEEDED, now=now, actor="actions",
            detail={"ticket": ticket.id}, outcome=f"ticket {ticket.id} is open",
        )  # fmt: skip

    async def _why_not(self, transaction: ActionTransaction, action: Action) -> str | None:
        """What forbids even the approved and the granted. Limits and cool-down don't: a person has judged."""
        control = await transaction.control()
        if control.stopped:
            return "all actions are stopped; lift that first"
        if (control.level or self._rules.level) is AutonomyLevel.OBSERVE:
            return "the autonomy level is observe: nothing runs, approved or not"
        try:
            ready = self._prepare(action)
        except ActionRefused as refused:
            return f"the policy does not allow this any more: {refused}"
        if ready.argv != action.argv:
            return "the catalogue renders this differently now; it must be proposed again"
        return None

    async def _expire(self, transaction: ActionTransaction, stored: StoredAction, now: datetime) -> str:
        sentence = f"nobody decided until {stored.action.expires_at:%Y-%m-%d %H:%M:%S} UTC"
        await self._lifecycle.move(transaction, stored, ActionState.EXPIRED, now=now, actor="actions", outcome=sentence)
        return f"the action has expired: {sentence}"

    def _prepare(self, wanted: Action | ActionProposed) -> Rendered:
        return prepare(wanted.kind, wanted.target, wanted.parameters, protected=self._rules.protected)


def _same(action: Action, data: ActionProposed) -> bool:
    mine: tuple[Any, ...] = (action.kind, action.target, action.parameters, action.incident_id)
    # Two incidents may each deserve a ticket; a restart is the same whatever it is for.
    if data.kind is ActionKind.TICKET_CREATE:
        return mine == (data.kind, data.target, data.parameters, data.incident_id)
    return mine[:3] == (data.kind, data.target, data.parameters)


def _recent(stored: StoredAction) -> Recent:
    action = stored.action
    return Recent(
        id=action.id, kind=action.kind, risk=action.risk, target=action.target, parameters=action.parameters,
        proposed_at=action.created_at, granted_at=stored.granted_at,
    )  # fmt: skip


def _already(action: Action) -> str:
    by = f" by {action.decided_by}" if action.decided_by else ""
    return f"the action is {action.state.value} already{by}; there is nothing to decide"


def _verified(action: Action, data: ActionReported) -> tuple[ActionState, str]:
    """The state that the report proves. A runner's 'succeeded' is checked against the catalogue's own criterion."""
    if data.outcome is not Outcome.SUCCEEDED:
        return _OUTCOMES[data.outcome], data.detail or data.outcome.value
    entry = CATALOGUE.get(action.kind)
    verified = (
        entry.criterion(data.probe_before, data.probe_after, data.exit_code)
        if entry
        else Verified(False, "the catalogue does not know this kind any more")
    )
    return (ActionState.SUCCEEDED if verified.ok else ActionState.FAILED), verified.detail


def _report_detail(data: ActionReported, sentence: str) -> dict[str, str]:
    detail = {
        "outcome": data.outcome.value,
        "exit_code": "" if data.exit_code is None else str(data.exit_code),
        "verified": sentence,
        "output_sha256": sha256(data.output.encode()).hexdigest(),
    }
    return detail | {f"after.{key}": value for key, value in sorted(data.probe_after.items())}
