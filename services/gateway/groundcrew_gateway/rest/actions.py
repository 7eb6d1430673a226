"""Actions: the queue, approvals, the audit log, tickets and the autonomy level."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import Response

from groundcrew.bus.port import RequestFailed
from groundcrew.contracts.actions import Action, ActionState, AutonomyLevel
from groundcrew.contracts.identity import Id
from groundcrew.contracts.queries import (
    ActionPage,
    ActionQuery,
    ActionsQuery,
    AuditPage,
    AuditQuery,
    AuditVerdict,
    Autonomy,
    DecideAction,
    Empty,
    Endpoints,
    Failure,
    SetAutonomy,
    TicketPage,
    TicketsQuery,
)
from groundcrew.stores.gateway.port import Role
from groundcrew_gateway.access import Caller, Operator, Viewer
from groundcrew_gateway.problems import Problem
from groundcrew_gateway.rest.once import once
from groundcrew_gateway.rest.parameters import Body, Cursor, Decision, Limit, RecordId

router = APIRouter(prefix="/api/v1", tags=["actions"])

StateName = Literal["queued", "refused", "approved", "rejected", "expired", "running", "succeeded", "failed", "unknown"]
IncidentFilter = Annotated[Id | None, Query(description="only of this incident")]
_AFTER_APPROVAL = frozenset({ActionState.APPROVED, ActionState.RUNNING, ActionState.SUCCEEDED, ActionState.FAILED})
_AFTER_REJECTION = frozenset({ActionState.REJECTED})


class AutonomyChange(Body):
    """Absent fields stay as they are."""

    level: Literal["observe", "suggest", "auto-safe", "auto-full"] | None = Field(None, examples=["suggest"])
    stopped: bool | None = Field(None, description="true stops all actions until set to false", examples=[False])


@router.get("/actions", operation_id="listActions", summary="Actions, newest first")
async def list_actions(
    caller: Viewer,
    state: Annotated[list[StateName] | None, Query(description="repeat for several; absent: all")] = None,
    incident_id: IncidentFilter = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> ActionPage:
    states = [ActionState(name) for name in state or []]
    query = ActionsQuery(states=states, incident_id=incident_id, limit=limit, cursor=cursor)
    return await caller.ask(Endpoints.ACTIONS, query)


@router.get("/actions/{action_id}", operation_id="getAction", summary="One action with its exact argv")
async def get_action(caller: Viewer, action_id: RecordId) -> Action:
    return await caller.ask(Endpoints.ACTION, ActionQuery(id=action_id))


@router.post("/actions/{action_id}/approve", operation_id="approveAction", response_model=Action)
async def approve(request: Request, caller: Operator, action_id: RecordId, body: Decision) -> Response:
    """Let it run once. Approving again answers with the action as it is."""
    return await once(request, caller, lambda: decide(caller, action_id, approve=True, comment=body.comment))


@router.post("/actions/{action_id}/reject", operation_id="rejectAction", response_model=Action)
async def reject(request: Request, caller: Operator, action_id: RecordId, body: Decision) -> Response:
    """Refuse it. Rejecting again answers with the action as it is."""
    return await once(request, caller, lambda: decide(caller, action_id, approve=False, comment=body.comment))


async def decide(caller: Caller, action_id: str, *, approve: bool, comment: str) -> Action:
    """A decision that this caller made already is no conflict."""
    decision = DecideAction(id=action_id, approve=approve, actor=caller.name, comment=comment)
    try:
        return await caller.ask(Endpoints.DECIDE, decision)
    except RequestFailed as error:
        if error.failure is not Failure.CONFLICT:
            raise
        action = await caller.ask(Endpoints.ACTION, ActionQuery(id=action_id))
        if action.decided_by == caller.name and action.state in (_AFTER_APPROVAL if approve else _AFTER_REJECTION):
            return action
        raise


@router.get("/audit", operation_id="listAudit", summary="The audit log, in order of sequence")
async def list_audit(caller: Viewer, limit: Limit = 100, cursor: Cursor = None) -> AuditPage:
    return await caller.ask(Endpoints.AUDIT, AuditQuery(limit=limit, cursor=cursor))


@router.get("/audit/verify", operation_id="verifyAudit", summary="Check the audit log's hash chain from its first link")
async def verify_audit(caller: Viewer) -> AuditVerdict:
    return await caller.ask(Endpoints.AUDIT_VERIFY, Empty())


@router.get("/tickets", operation_id="listTickets", summary="Tickets, newest first")
async def list_tickets(
    caller: Viewer, incident_id: IncidentFilter = None, limit: Limit = 100, cursor: Cursor = None
) -> TicketPage:
    return await caller.ask(Endpoints.TICKETS, TicketsQuery(incident_id=incident_id, limit=limit, cursor=cursor))


@router.get("/autonomy", operation_id="getAutonomy", summary="What may run without a person")
async def get_autonomy(caller: Viewer) -> Autonomy:
    return await caller.ask(Endpoints.AUTONOMY, SetAutonomy(actor=caller.name))


@router.put("/autonomy", operation_id="setAutonomy", summary="Set the autonomy level, stop or release all actions")
async def put_autonomy(caller: Operator, body: AutonomyChange) -> Autonomy:
    """An operator may stop; changing the level and releasing the stop take an admin."""
    return await set_autonomy(caller, body)


async def set_autonomy(caller: Caller, change: AutonomyChange) -> Autonomy:
    if (change.level is not None or change.stopped is False) and not caller.may(Role.ADMIN):
        raise Problem(403, "changing the level and releasing the stop need the role admin")
    level = AutonomyLevel(change.level) if change.level else None
    return await caller.ask(Endpoints.AUTONOMY, SetAutonomy(level=level, stopped=change.stopped, actor=caller.name))
