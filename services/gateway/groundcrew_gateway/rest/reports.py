"""Reports: what happened, what to repair, why it happened; and the repair tasks that they keep."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import Response

from groundcrew.contracts.queries import (
    CloseTask,
    Endpoints,
    MakeReport,
    ReportPage,
    ReportQuery,
    ReportsQuery,
    TaskPage,
    TaskQuery,
    TasksQuery,
)
from groundcrew.contracts.report_requests import ReportRequest, RootCauseRequest, SummaryRequest, TasksRequest
from groundcrew.contracts.reports import RepairTask, Report, ReportKind, TaskState, TaskType
from groundcrew_gateway.access import Caller, Operator, Viewer
from groundcrew_gateway.pages.render import draw
from groundcrew_gateway.rest.once import once
from groundcrew_gateway.rest.parameters import Body, Cursor, Limit, RecordId, Text

router = APIRouter(prefix="/api/v1", tags=["reports"])

PATIENCE_S = 60.0
"""Seconds that meta may take: a report of a large fleet reads a lot."""

KindName = Literal["summary", "tasks", "root-cause"]
StateName = Literal["open", "reopened", "closed"]
TypeName = Literal["memory", "thermal", "power", "fans", "storage", "gpu", "network", "board"]
Anew = Annotated[bool, Query(description="make it although nothing has changed since the last one")]


class Proof(Body):
    """What was done, and how it was seen to be well."""

    proof: Text = Field(min_length=1, max_length=2_000, examples=["DIMM replaced, RMA 4711; memtest ran 4 h clean"])


@router.post("/reports/summary", operation_id="makeSummary", summary="What happened", response_model=Report)
async def make_summary(request: Request, caller: Viewer, body: SummaryRequest, anew: Anew = False) -> Response:
    """Health, events or sensors of devices within a time range. Over unchanged data the last such report is told
    again."""
    return await once(request, caller, lambda: make(caller, body, anew=anew))


@router.post("/reports/tasks", operation_id="makeTasks", summary="What to repair", response_model=Report)
async def make_tasks(request: Request, caller: Viewer, body: TasksRequest, anew: Anew = False) -> Response:
    """One task per part, the most urgent first, each with the evidence that its vendor asks for."""
    return await once(request, caller, lambda: make(caller, body, anew=anew))


@router.post("/reports/root-cause", operation_id="makeRootCause", summary="Why it happened", response_model=Report)
async def make_root_cause(request: Request, caller: Viewer, body: RootCauseRequest, anew: Anew = False) -> Response:
    """What led to an event on one device, or to what is described in words."""
    return await once(request, caller, lambda: make(caller, body, anew=anew))


async def make(caller: Caller, asked: ReportRequest, *, anew: bool = False) -> Report:
    wanted = MakeReport(actor=caller.name, request=asked, anew=anew)
    return await caller.ask(Endpoints.MAKE_REPORT, wanted, timeout=PATIENCE_S)


@router.get("/reports", operation_id="listReports", summary="Reports that were made, newest first")
async def list_reports(
    caller: Viewer, kind: KindName | None = None, limit: Limit = 100, cursor: Cursor = None
) -> ReportPage:
    query = ReportsQuery(kind=ReportKind(kind) if kind else None, limit=limit, cursor=cursor)
    return await caller.ask(Endpoints.REPORTS, query)


@router.get("/reports/{report_id}", operation_id="getReport", summary="One report as it was made")
async def get_report(caller: Viewer, report_id: RecordId) -> Report:
    return await caller.ask(Endpoints.REPORT, ReportQuery(id=report_id))


@router.get(
    "/reports/{report_id}/markdown",
    operation_id="exportReportMarkdown",
    summary="The same as Markdown",
    responses={200: {"description": "Markdown", "content": {"text/markdown": {"schema": {"type": "string"}}}}},
    response_class=Response,
)
async def get_markdown(caller: Viewer, report_id: RecordId) -> Response:
    report = await get_report(caller, report_id)
    return Response(report.markdown, media_type="text/markdown", headers=attached(report, "md"))


@router.get(
    "/reports/{report_id}/html",
    operation_id="exportReportHtml",
    summary="The same as one HTML page that prints well",
    responses={200: {"description": "HTML", "content": {"text/html": {"schema": {"type": "string"}}}}},
    response_class=Response,
)
async def get_html(request: Request, caller: Viewer, report_id: RecordId) -> Response:
    report = await get_report(caller, report_id)
    page = draw(request, "report_print.html", viewer=caller, report=report)
    page.headers.update(attached(report, "html"))
    return page


def attached(report: Report, ending: str) -> dict[str, str]:
    name = f"groundcrew-{report.kind.value}-{report.time:%Y%m%d-%H%M}.{ending}"
    return {"Content-Disposition": f'attachment; filename="{name}"'}


@router.get("/tasks", operation_id="listTasks", summary="Repair tasks, the most urgent first")
async def list_tasks(
    caller: Viewer,
    state: Annotated[list[StateName] | None, Query(description="repeat for several; absent: all")] = None,
    type: Annotated[list[TypeName] | None, Query(description="repeat for several; absent: all")] = None,  # noqa: A002 - its name in the API
    device: Annotated[str | None, Query(max_length=260, examples=["brickbox-43"])] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> TaskPage:
    """As the last look left them; there is one every quarter of an hour, and with each report of tasks."""
    query = TasksQuery(
        states=[TaskState(name) for name in state or []],
        types=[TaskType(name) for name in type or []],
        device=device,
        limit=limit,
        cursor=cursor,
    )
    return await caller.ask(Endpoints.TASKS, query)


@router.get("/tasks/{task_id}", operation_id="getTask", summary="One repair task with its evidence")
async def get_task(caller: Viewer, task_id: RecordId) -> RepairTask:
    return await caller.ask(Endpoints.TASK, TaskQuery(id=task_id))


@router.post(
    "/tasks/{task_id}/close", operation_id="closeTask", summary="Say what proves the repair", response_model=RepairTask
)
async def close_task(request: Request, caller: Operator, task_id: RecordId, body: Proof) -> Response:
    """Refused while an incident of the part is open. New evidence opens it again."""
    return await once(request, caller, lambda: close(caller, task_id, body.proof))


async def close(caller: Caller, task_id: str, proof: str) -> RepairTask:
    return await caller.ask(Endpoints.CLOSE_TASK, CloseTask(id=task_id, actor=caller.name, proof=proof))
