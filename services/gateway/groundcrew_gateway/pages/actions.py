"""Approvals, the audit log, and what may run without a person."""

import asyncio
from typing import Annotated, Literal

from fastapi import APIRouter, Form, Request
from starlette.responses import Response

from groundcrew.contracts.actions import ActionState
from groundcrew.contracts.queries import (
    ActionPage,
    ActionsQuery,
    AuditPage,
    AuditQuery,
    AuditVerdict,
    Empty,
    Endpoints,
    IncidentPage,
    IncidentsQuery,
)
from groundcrew_gateway.access import Operator, Viewer
from groundcrew_gateway.pages.render import Asking, back, page
from groundcrew_gateway.rest.actions import AutonomyChange, decide, set_autonomy
from groundcrew_gateway.rest.parameters import RecordId, Text

router = APIRouter(include_in_schema=False)
_AUDIT_PAGE = 100
_UNSURE = AuditVerdict(ok=False, entries=0, detail="the actions service does not answer")


@router.get("/approvals")
async def approvals(request: Request, caller: Viewer) -> Response:
    asking = Asking(caller)
    queue, recent, incidents = await asyncio.gather(
        asking.ask(Endpoints.ACTIONS, ActionsQuery(states=[ActionState.QUEUED], limit=200), ActionPage(items=[])),
        asking.ask(Endpoints.ACTIONS, ActionsQuery(limit=50), ActionPage(items=[])),
        asking.ask(Endpoints.INCIDENTS, IncidentsQuery(limit=200), IncidentPage(items=[])),
    )
    return await page(
        request,
        asking,
        "approvals.html",
        here="approvals",
        queue=queue.items,
        recent=[action for action in recent.items if action.state is not ActionState.QUEUED],
        titles={incident.id: incident.title for incident in incidents.items},
    )


@router.post("/actions/{action_id}")
async def decision(
    request: Request,
    caller: Operator,
    action_id: RecordId,
    verdict: Annotated[Literal["approve", "reject"], Form()],
    comment: Annotated[Text, Form(max_length=2_000)] = "",
) -> Response:
    await decide(caller, action_id, approve=verdict == "approve", comment=comment.strip())
    return back(request, caller, "/approvals", "approved" if verdict == "approve" else "rejected")


@router.get("/audit")
async def audit(request: Request, caller: Viewer, before: int | None = None) -> Response:
    """Newest first; the owner's cursor is the sequence number, so a page further back is one subtraction."""
    asking = Asking(caller)
    verdict = await asking.ask(Endpoints.AUDIT_VERIFY, Empty(), _UNSURE)
    end = verdict.entries if before is None else max(0, min(before - 1, verdict.entries))
    start = max(0, end - _AUDIT_PAGE)
    query = AuditQuery(cursor=str(start) if start else None, limit=max(1, end - start))
    found = await asking.ask(Endpoints.AUDIT, query, AuditPage(items=[]))
    return await page(
        request,
        asking,
        "audit.html",
        here="audit",
        entries=list(reversed(found.items)),
        verdict=verdict,
        before=start + 1 if start else None,
    )


@router.get("/autonomy")
async def autonomy(request: Request, caller: Viewer) -> Response:
    return await page(request, Asking(caller), "autonomy.html", here="autonomy")


@router.post("/autonomy")
async def change_autonomy(
    request: Request,
    caller: Operator,
    level: Annotated[Literal["", "observe", "suggest", "auto-safe", "auto-full"], Form()] = "",
    stopped: Annotated[Literal["", "yes", "no"], Form()] = "",
) -> Response:
    change = AutonomyChange(level=level or None, stopped={"yes": True, "no": False}.get(stopped))
    await set_autonomy(caller, change)
    said = "level" if level else "stopped" if stopped == "yes" else "released"
    return back(request, caller, "/autonomy", said)
