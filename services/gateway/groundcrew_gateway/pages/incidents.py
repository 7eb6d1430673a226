"""The list of incidents, and one incident with all that speaks for it."""

import asyncio
from typing import Annotated, Literal

from fastapi import APIRouter, Form, Query, Request
from starlette.responses import Response

from groundcrew.contracts.incidents import IncidentState, Severity
from groundcrew.contracts.queries import (
    ActionPage,
    ActionsQuery,
    Endpoints,
    IncidentPage,
    IncidentQuery,
    IncidentsQuery,
    TicketPage,
    TicketsQuery,
)
from groundcrew_gateway.access import Operator, Viewer
from groundcrew_gateway.pages.overview import LIVE_STATES, worst_first
from groundcrew_gateway.pages.render import Asking, back, page
from groundcrew_gateway.pages.similar import similar
from groundcrew_gateway.pages.timeline import incident_chart
from groundcrew_gateway.rest.incidents import SeverityName, command
from groundcrew_gateway.rest.parameters import Cursor, HostFilter, RecordId, Text

router = APIRouter(include_in_schema=False)
_STATES = {"open": LIVE_STATES, "resolved": [IncidentState.RESOLVED], "all": []}
_SAID = {"acknowledge": "acknowledged", "resolve": "resolved", "note": "noted"}
_PAGE = 50


@router.get("/incidents")
async def incidents(
    request: Request,
    caller: Viewer,
    state: Literal["open", "resolved", "all"] = "open",
    severity: Annotated[SeverityName | Literal[""], Query()] = "",
    host: HostFilter = None,
    cursor: Cursor = None,
) -> Response:
    asking = Asking(caller)
    query = IncidentsQuery(
        states=_STATES[state],
        severity=Severity(severity) if severity else None,
        host=host or None,
        limit=_PAGE,
        cursor=cursor,
    )
    found = await asking.ask(Endpoints.INCIDENTS, query, IncidentPage(items=[]))
    items = worst_first(found.items) if state == "open" else found.items
    filters = {"state": state, "severity": severity, "host": host or ""}
    return await page(
        request, asking, "incidents.html", here="incidents", incidents=items, next=found.next, filters=filters
    )


@router.get("/incidents/{incident_id}")
async def incident(request: Request, caller: Viewer, incident_id: RecordId) -> Response:
    asking = Asking(caller)
    detail, actions, tickets = await asyncio.gather(
        caller.ask(Endpoints.INCIDENT, IncidentQuery(id=incident_id)),
        asking.ask(Endpoints.ACTIONS, ActionsQuery(incident_id=incident_id), ActionPage(items=[])),
        asking.ask(Endpoints.TICKETS, TicketsQuery(incident_id=incident_id), TicketPage(items=[])),
    )
    return await page(
        request,
        asking,
        "incident.html",
        here="incidents",
        detail=detail,
        actions=actions.items,
        tickets=tickets.items,
        chart=incident_chart(detail, actions.items),
        earlier=await similar(caller, detail.incident),
    )


@router.post("/incidents/{incident_id}/{what}")
async def change(
    request: Request,
    caller: Operator,
    incident_id: RecordId,
    what: Literal["acknowledge", "resolve", "note"],
    text: Annotated[Text, Form(max_length=4_000)] = "",
) -> Response:
    await command(caller, incident_id, what, text.strip())
    return back(request, caller, f"/incidents/{incident_id}", _SAID[what])
