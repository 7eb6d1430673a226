"""Incidents: what is wrong, why, and what people say about it."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import Response

from groundcrew.contracts.incidents import Incident, IncidentState, Severity
from groundcrew.contracts.queries import (
    CommandName,
    ContextWindow,
    Endpoints,
    IncidentCommand,
    IncidentDetail,
    IncidentPage,
    IncidentQuery,
    IncidentsQuery,
    WindowQuery,
)
from groundcrew_gateway.access import Caller, Operator, Viewer
from groundcrew_gateway.rest.once import once
from groundcrew_gateway.rest.parameters import Body, Cursor, HostFilter, Limit, Note, RecordId, Remark, Since, Text

router = APIRouter(prefix="/api/v1/incidents", tags=["incidents"])

StateName = Literal["open", "acknowledged", "maintenance", "mitigated", "resolved"]
SeverityName = Literal["info", "warning", "critical"]


MAX_OWNER = 200


class Owner(Body):
    """Who takes care of it from now on."""

    text: Text = Field("", max_length=MAX_OWNER, examples=["ada"])


@router.get("", operation_id="listIncidents", summary="Incidents, newest first")
async def list_incidents(
    caller: Viewer,
    state: Annotated[list[StateName] | None, Query(description="repeat for several; absent: all")] = None,
    host: HostFilter = None,
    severity: SeverityName | None = None,
    since: Since = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> IncidentPage:
    query = IncidentsQuery(
        states=[IncidentState(name) for name in state or []],
        host=host,
        severity=Severity(severity) if severity else None,
        since=since,
        limit=limit,
        cursor=cursor,
    )
    return await caller.ask(Endpoints.INCIDENTS, query)


@router.get("/{incident_id}", operation_id="getIncident", summary="One incident with evidence, history and findings")
async def get_incident(caller: Viewer, incident_id: RecordId) -> IncidentDetail:
    return await caller.ask(Endpoints.INCIDENT, IncidentQuery(id=incident_id))


@router.get("/{incident_id}/window", operation_id="getIncidentWindow", summary="Context window under a token budget")
async def get_window(
    caller: Viewer, incident_id: RecordId, budget_tokens: Annotated[int, Query(ge=200, le=128_000)] = 4_000
) -> ContextWindow:
    return await caller.ask(Endpoints.WINDOW, WindowQuery(incident_id=incident_id, budget_tokens=budget_tokens))


@router.post("/{incident_id}/acknowledge", operation_id="acknowledgeIncident", response_model=Incident)
async def acknowledge(request: Request, caller: Operator, incident_id: RecordId, body: Remark) -> Response:
    """Say that somebody is on it."""
    return await once(request, caller, lambda: command(caller, incident_id, "acknowledge", body.text))


@router.post("/{incident_id}/resolve", operation_id="resolveIncident", response_model=Incident)
async def resolve(request: Request, caller: Operator, incident_id: RecordId, body: Remark) -> Response:
    """Close it by hand."""
    return await once(request, caller, lambda: command(caller, incident_id, "resolve", body.text))


@router.post("/{incident_id}/note", operation_id="noteIncident", response_model=Incident)
async def note(request: Request, caller: Operator, incident_id: RecordId, body: Note) -> Response:
    """Add a note to the history."""
    return await once(request, caller, lambda: command(caller, incident_id, "note", body.text))


@router.post("/{incident_id}/mitigate", operation_id="mitigateIncident", response_model=Incident)
async def mitigate(request: Request, caller: Operator, incident_id: RecordId, body: Remark) -> Response:
    """Say that its effect is gone and its cause is not; new evidence opens it again."""
    return await once(request, caller, lambda: command(caller, incident_id, "mitigate", body.text))


@router.post("/{incident_id}/maintain", operation_id="maintainIncident", response_model=Incident)
async def maintain(request: Request, caller: Operator, incident_id: RecordId, body: Remark) -> Response:
    """Say that planned work is being done on it."""
    return await once(request, caller, lambda: command(caller, incident_id, "maintain", body.text))


@router.post("/{incident_id}/reopen", operation_id="reopenIncident", response_model=Incident)
async def reopen(request: Request, caller: Operator, incident_id: RecordId, body: Remark) -> Response:
    """Take back that it is acknowledged, in maintenance or mitigated."""
    return await once(request, caller, lambda: command(caller, incident_id, "reopen", body.text))


@router.post("/{incident_id}/assign", operation_id="assignIncident", response_model=Incident)
async def assign(request: Request, caller: Operator, incident_id: RecordId, body: Owner) -> Response:
    """Name who takes care of it; an empty text: nobody."""
    return await once(request, caller, lambda: command(caller, incident_id, "assign", body.text))


async def command(caller: Caller, incident_id: str, what: CommandName, text: str) -> Incident:
    return await caller.ask(
        Endpoints.INCIDENT_COMMAND, IncidentCommand(id=incident_id, command=what, actor=caller.name, text=text)
    )
