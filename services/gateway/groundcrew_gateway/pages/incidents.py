"""The list of incidents, and one incident with all that speaks for it."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Form, Query, Request
from starlette.responses import Response

from groundcrew.bus.port import RequestFailed
from groundcrew.contracts.conversations import Analysis
from groundcrew.contracts.incidents import LIVE_STATES, IncidentState, Severity
from groundcrew.contracts.inventory import Inventory
from groundcrew.contracts.queries import (
    ActionPage,
    ActionsQuery,
    AnalysisQuery,
    CommandName,
    Endpoints,
    Failure,
    IncidentPage,
    IncidentQuery,
    IncidentsQuery,
    InventoryQuery,
    LogPage,
    LogsQuery,
    TicketPage,
    TicketsQuery,
)
from groundcrew.contracts.report_requests import TimeRange
from groundcrew_gateway.access import Operator, Viewer
from groundcrew_gateway.pages.affected import WIDTH, affected
from groundcrew_gateway.pages.gravest import live_incidents, worst_first
from groundcrew_gateway.pages.lanes import Reboot, axis_of, incident_chart
from groundcrew_gateway.pages.render import Asking, back, page
from groundcrew_gateway.pages.similar import similar
from groundcrew_gateway.pages.zoom import zoomed
from groundcrew_gateway.problems import Problem
from groundcrew_gateway.rest.conversations import DEADLINE_S, analyse
from groundcrew_gateway.rest.incidents import MAX_OWNER, SeverityName, command
from groundcrew_gateway.rest.parameters import Cursor, HostFilter, RecordId, Since, Text, Until

router = APIRouter(include_in_schema=False)
_STATES = {"open": list(LIVE_STATES), "resolved": [IncidentState.RESOLVED], "all": []}
_SAID = {
    "acknowledge": "acknowledged",
    "assign": "assigned",
    "maintain": "maintained",
    "mitigate": "mitigated",
    "note": "noted",
    "reopen": "reopened",
    "resolve": "resolved",
}
_PAGE = 50
_PATIENCE_S = 3.0
_OTHERS = 500
"""Live incidents that are looked at for how the neighbours are."""

_LIVE = IncidentsQuery(states=list(LIVE_STATES), limit=_OTHERS)
_REBOOTS = 4
_STARTS = 20
_BANNER = "Linux version "


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
    if state == "open" and not severity:
        found = await live_incidents(asking, limit=_PAGE, host=host or None, cursor=cursor or "")
    else:
        query = IncidentsQuery(
            states=_STATES[state],
            severity=Severity(severity) if severity else None,
            host=host or None,
            limit=_PAGE,
            cursor=cursor,
        )
        found = await asking.ask(Endpoints.INCIDENTS, query, IncidentPage(items=[]))
    items = worst_first(found.items) if state == "open" and severity else found.items
    filters = {"state": state, "severity": severity, "host": host or ""}
    return await page(
        request, asking, "incidents.html", here="incidents", incidents=items, next=found.next, filters=filters
    )


@router.get("/incidents/{incident_id}")
async def incident(
    request: Request, caller: Viewer, incident_id: RecordId, since: Since = None, until: Until = None
) -> Response:
    """`since` and `until` are the part of the timeline that is drawn."""
    asking = Asking(caller)
    detail, actions, tickets, analysis, inventory, live = await asyncio.gather(
        caller.ask(Endpoints.INCIDENT, IncidentQuery(id=incident_id)),
        asking.ask(Endpoints.ACTIONS, ActionsQuery(incident_id=incident_id), ActionPage(items=[])),
        asking.ask(Endpoints.TICKETS, TicketsQuery(incident_id=incident_id), TicketPage(items=[])),
        _newest_analysis(asking, incident_id),
        asking.ask(Endpoints.INVENTORY, InventoryQuery(), Inventory()),
        asking.ask(Endpoints.INCIDENTS, _LIVE, IncidentPage(items=[])),
    )
    others = [one for one in live.items if one.id != incident_id and one.merged_into is None]
    zoom = zoomed(axis_of(detail, actions.items), since, until, [one.time for one in detail.evidence])
    shown = zoom.shown
    reboots = await _reboots(asking, detail.incident.hosts[:_REBOOTS], shown.start, shown.end)
    return await page(
        request,
        asking,
        "incident.html",
        here="incidents",
        detail=detail,
        actions=actions.items,
        tickets=tickets.items,
        analysis=analysis,
        chart=incident_chart(detail, actions.items, reboots, shown),
        zoom=zoom,
        report_range=_range_for(caller.gateway.clock.now() - detail.incident.opened_at).value,
        drawing=affected(detail.incident, inventory, others),
        drawing_width=WIDTH,
        earlier=await similar(caller, detail.incident),
    )


def _range_for(age: timedelta) -> TimeRange:
    """The shortest range of a report that an incident of this age lies in, the longest where none is long enough."""
    return next((one for one in TimeRange if one.span > age), TimeRange.MONTH)


async def _reboots(asking: Asking, hosts: Sequence[str], since: datetime, until: datetime) -> list[Reboot]:
    """Starts of the kernel on these hosts, by the line that it begins with."""
    pages = await asyncio.gather(
        *(
            asking.ask(
                Endpoints.LOGS,
                LogsQuery(host=name, since=since, until=until, contains=_BANNER, limit=_STARTS),
                LogPage(items=[]),
            )
            for name in hosts
        )
    )
    return [
        (line.time, name)
        for name, found in zip(hosts, pages, strict=True)
        for line in found.items
        if line.message.startswith(_BANNER)
    ]


async def _newest_analysis(asking: Asking, incident_id: str) -> Analysis | None:
    try:
        return await asking.ask(Endpoints.ANALYSIS, AnalysisQuery(incident_id=incident_id), None)
    except RequestFailed as failed:
        if failed.failure is Failure.NOT_FOUND:
            return None
        raise


@router.post("/incidents/{incident_id}/analysis")
async def make_analysis(request: Request, caller: Operator, incident_id: RecordId) -> Response:
    """Waits a little; an analysis whose model takes longer appears on the page when it is there."""
    making = caller.gateway.background.spawn(analyse(caller, incident_id, DEADLINE_S))
    done, _ = await asyncio.wait({making}, timeout=_PATIENCE_S)
    if done:
        making.result()
    return back(request, caller, f"/incidents/{incident_id}", "analysed" if done else "analysing")


@router.post("/incidents/{incident_id}/{what}")
async def change(
    request: Request,
    caller: Operator,
    incident_id: RecordId,
    what: CommandName,
    text: Annotated[Text, Form(max_length=4_000)] = "",
) -> Response:
    if what == "note" and not text.strip():
        raise Problem(422, "text: a note is expected")
    if what == "assign" and len(text.strip()) > MAX_OWNER:
        raise Problem(422, f"text: a name of at most {MAX_OWNER} characters is expected")
    await command(caller, incident_id, what, text.strip())
    return back(request, caller, f"/incidents/{incident_id}", _SAID[what])
