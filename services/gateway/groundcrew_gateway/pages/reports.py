"""Reports as pages: a panel for each kind with what to ask and the newest answer, one report, and the repair tasks."""

import asyncio
import re
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Form, Request
from pydantic import BeforeValidator, ValidationError
from starlette.responses import RedirectResponse, Response

from groundcrew.bus.port import RequestFailed
from groundcrew.contracts.incidents import Incident
from groundcrew.contracts.inventory import Inventory
from groundcrew.contracts.queries import (
    Endpoints,
    Failure,
    HostPage,
    HostsQuery,
    IncidentPage,
    IncidentQuery,
    IncidentsQuery,
    InventoryQuery,
    ReportPage,
    ReportQuery,
    ReportsQuery,
    TaskPage,
    TasksQuery,
)
from groundcrew.contracts.report_requests import (
    ReportRequest,
    RootCauseRequest,
    SummaryRequest,
    SummaryType,
    TasksRequest,
    TimeRange,
)
from groundcrew.contracts.reports import Report, ReportKind, TaskState
from groundcrew_gateway.access import Caller, Operator, Viewer
from groundcrew_gateway.pages.render import Asking, address, back, page
from groundcrew_gateway.problems import Problem
from groundcrew_gateway.rest.parameters import RecordId, Text
from groundcrew_gateway.rest.reports import close, make

router = APIRouter(include_in_schema=False)

Panel = Literal["summary", "tasks", "root-cause"]
_MOST_EARLIER = 8
_MOST_EVENTS = 30
_MOST_NAMES = 1_000
_PAGE = 50
_ID = re.compile(r"[0-9a-f]{32}")
TYPES = ("memory", "thermal", "power", "fans", "storage", "gpu", "network", "board")
SEVERITIES = ("critical", "warning", "info")

_BLANK = {
    "type": "health", "devices": [], "severity_filter": [], "task_types": [], "device": "", "event_id": "",
    "description": "",
}  # fmt: skip
_RANGE = {"summary": "24h", "tasks": "7d", "root-cause": "24h"}
"""What the fields of a form say before anything was asked."""

_FILLED = ("device", "event_id", "description", "time_range")
"""Fields that an address may fill in."""

Blank = Annotated[str | None, BeforeValidator(lambda text: text or None)]
"""A field of a form that was left empty."""


@router.get("/reports")
async def reports(request: Request, caller: Viewer) -> Response:
    return await _panel(request, caller, "summary", None, {})


@router.get("/reports/{panel}")
async def panel_or_report(request: Request, caller: Viewer, panel: str) -> Response:
    """A panel with its newest report, or one report in the panel of its kind."""
    if panel in ("summary", "tasks", "root-cause"):
        query = request.query_params
        filled = {name: query[name] for name in _FILLED if query.get(name)}
        return await _panel(request, caller, panel, None, filled)
    if not _ID.fullmatch(panel):
        raise Problem(404, f"there is no page /reports/{panel[:40]}")
    report = await caller.ask(Endpoints.REPORT, ReportQuery(id=panel))
    return await _panel(request, caller, report.kind.value, report, {})


@router.post("/reports/summary")
async def make_summary(
    request: Request,
    caller: Viewer,
    type: Annotated[SummaryType, Form()] = SummaryType.HEALTH,  # noqa: A002 - its name in the API
    time_range: Annotated[TimeRange, Form()] = TimeRange.DAY,
    devices: Annotated[Text, Form(max_length=20_000)] = "",
    severity: Annotated[list[Literal["critical", "warning", "info"]] | None, Form()] = None,
) -> Response:
    wanted: dict[str, Any] = {"type": type, "time_range": time_range, "severity_filter": severity or []}
    return await _made(caller, SummaryRequest, wanted | {"devices": _split(devices)})


@router.post("/reports/tasks")
async def make_tasks(
    request: Request,
    caller: Viewer,
    time_range: Annotated[TimeRange, Form()] = TimeRange.WEEK,
    devices: Annotated[Text, Form(max_length=20_000)] = "",
    type: Annotated[list[str] | None, Form()] = None,  # noqa: A002 - its name in the API
) -> Response:
    return await _made(
        caller, TasksRequest, {"time_range": time_range, "devices": _split(devices), "task_types": type or []}
    )


@router.post("/reports/root-cause")
async def make_root_cause(
    request: Request,
    caller: Viewer,
    device: Annotated[Text, Form(max_length=260)],
    time_range: Annotated[TimeRange, Form()] = TimeRange.DAY,
    event_id: Annotated[Blank, Form(max_length=32)] = None,
    description: Annotated[Text, Form(max_length=2_000)] = "",
) -> Response:
    wanted = {"device": device.strip(), "time_range": time_range, "event_id": event_id, "description": description}
    return await _made(caller, RootCauseRequest, wanted)


async def _made(
    caller: Caller, kind: type[SummaryRequest | TasksRequest | RootCauseRequest], wanted: dict[str, Any]
) -> Response:
    try:
        asked: ReportRequest = kind(**wanted)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise Problem(422, f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    report = await make(caller, asked)
    return RedirectResponse(f"{address(caller, f'/reports/{report.id}')}#report", 303)


@router.get("/tasks")
async def tasks(
    request: Request, caller: Viewer, state: Literal["undone", "closed", "all"] = "undone", cursor: str | None = None
) -> Response:
    """All repair tasks that are kept."""
    asking = Asking(caller)
    states = {"undone": [TaskState.OPEN, TaskState.REOPENED], "closed": [TaskState.CLOSED], "all": []}[state]
    query = TasksQuery(states=states, limit=_PAGE, cursor=cursor[:512] if cursor else None)
    found = await asking.ask(Endpoints.TASKS, query, TaskPage(items=[]))
    return await page(request, asking, "tasks.html", here="reports", tasks=found.items, next=found.next, state=state)


@router.post("/tasks/{task_id}/close")
async def close_task(
    request: Request, caller: Operator, task_id: RecordId, proof: Annotated[Text, Form(min_length=1, max_length=2_000)]
) -> Response:
    await close(caller, task_id, proof)
    return back(request, caller, "/tasks", "repaired")


def _split(text: str) -> list[str]:
    return text.replace(",", " ").split()


async def _panel(
    request: Request, caller: Caller, panel: str, report: Report | None, filled: dict[str, str]
) -> Response:
    asking = Asking(caller)
    hosts, inventory, earlier, events = await asyncio.gather(
        asking.ask(Endpoints.HOSTS, HostsQuery(limit=_MOST_NAMES), HostPage(items=[])),
        asking.ask(Endpoints.INVENTORY, InventoryQuery(), Inventory()),
        asking.ask(Endpoints.REPORTS, ReportsQuery(kind=ReportKind(panel), limit=_MOST_EARLIER), ReportPage(items=[])),
        asking.ask(Endpoints.INCIDENTS, IncidentsQuery(limit=_MOST_EVENTS), IncidentPage(items=[])),
    )
    if report is None and earlier.items and not filled:
        report = await _kept(asking, earlier.items[0].id)
    asked = report.request.model_dump(mode="json") if report else {}
    same = _BLANK | {"time_range": _RANGE[panel]} | asked | filled
    listed = [one for one in events.items if one.merged_into is None]
    if same["event_id"] and not any(one.id == same["event_id"] for one in listed):
        listed += await _incident(asking, same["event_id"])
    return await page(
        request,
        asking,
        "reports.html",
        here="reports",
        panel=panel,
        report=report,
        same=same,
        earlier=earlier.items,
        names=[one.name for one in hosts.items],
        groups=_groups(inventory),
        events=listed,
        ranges=[one.value for one in TimeRange],
        types=TYPES,
        severities=SEVERITIES,
    )


async def _incident(asking: Asking, event_id: str) -> list[Incident]:
    """The incident of this id; none where it is of another kind of event, or of nothing."""
    if not _ID.fullmatch(event_id):
        return []
    try:
        found = await asking.ask(Endpoints.INCIDENT, IncidentQuery(id=event_id), None)
    except RequestFailed as failed:
        if failed.failure is Failure.NOT_FOUND:
            return []
        raise
    return [found.incident] if found else []


async def _kept(asking: Asking, report_id: str) -> Report | None:
    try:
        return await asking.ask(Endpoints.REPORT, ReportQuery(id=report_id), None)
    except RequestFailed as failed:
        if failed.failure is Failure.NOT_FOUND:  # dropped between the list and here
            return None
        raise


def _groups(inventory: Inventory) -> list[str]:
    """What hosts can be chosen by: 'rack:r7', 'role:training', 'pdu:pdu-3a', 'switch:tor-3'."""
    found: set[str] = set()
    for entry in inventory.host:
        found |= {f"rack:{entry.rack}"} if entry.rack else set()
        found |= {f"role:{entry.role}"} if entry.role else set()
        found |= {f"switch:{entry.switch}"} if entry.switch else set()
        found |= {f"pdu:{feed}" for feed in entry.pdu if feed}
    return sorted(found)[:_MOST_NAMES]
