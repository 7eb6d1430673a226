"""Tools that have meta make a report: what happened, what to repair, why it happened."""

from typing import Annotated, Literal

from pydantic import Field

from groundcrew.contracts.queries import Endpoints, MakeReport
from groundcrew.contracts.report_requests import (
    ReportRequest,
    RootCauseRequest,
    SummaryRequest,
    SummaryType,
    TasksRequest,
    TimeRange,
)
from groundcrew_mcp import parameters as given
from groundcrew_mcp import results as told
from groundcrew_mcp.asking import Asking
from groundcrew_mcp.caller import CALLER

PATIENCE_S = 60.0

Devices = Annotated[
    tuple[Annotated[str, Field(min_length=1, max_length=260)], ...],
    Field(max_length=12, description="hosts by name, or rack:, role:, pdu:, switch: with a name; empty: all"),
]
Range = Annotated[Literal["24h", "72h", "7d", "30d"], Field(description="how far back")]
PartType = Literal["memory", "thermal", "power", "fans", "storage", "gpu", "network", "board"]


class Reporting:
    """Each method is a tool; its docstring is what the model reads."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    async def report_summary(
        self,
        type: Literal["health", "events", "sensors"] = "health",  # noqa: A002 - its name everywhere
        time_range: Range = "24h",
        devices: Devices = (),
        severities: Annotated[
            tuple[Literal["info", "warning", "critical"], ...], Field(max_length=3, description="empty: all")
        ] = (),
        site: given.SiteName = None,
    ) -> told.ReportTold:
        """What happened: counts, what keeps coming back, health scores, top issues, and the most important raw events
        with ids to cite."""
        request = SummaryRequest(
            type=SummaryType(type),
            time_range=TimeRange(time_range),
            devices=list(devices),
            severity_filter=list(severities),
        )
        return await self._made(request, site)

    async def report_tasks(
        self,
        time_range: Range = "7d",
        devices: Devices = (),
        task_types: Annotated[tuple[PartType, ...], Field(max_length=8, description="empty: all")] = (),
        site: given.SiteName = None,
    ) -> told.ReportTold:
        """What to repair: one task per part, the most urgent first, with serial numbers, counts and the catalogue's
        step."""
        request = TasksRequest(time_range=TimeRange(time_range), devices=list(devices), task_types=list(task_types))
        return await self._made(request, site)

    async def report_root_cause(
        self,
        device: given.HostName,
        description: Annotated[str, Field(max_length=2_000, description="what was seen, in plain words")] = "",
        event_id: Annotated[
            given.IncidentFilter, Field(description="an incident, a piece of evidence, a record or a log line")
        ] = None,
        time_range: Range = "24h",
        site: given.SiteName = None,
    ) -> told.ReportTold:
        """Why it happened on one device: verdict by rule, possible causes, anomalies, what shares a feed or switch.
        What only the description speaks for is said to be no evidence."""
        request = RootCauseRequest(
            device=device, description=description, event_id=event_id, time_range=TimeRange(time_range)
        )
        return await self._made(request, site)

    async def _made(self, request: ReportRequest, site: str | None) -> told.ReportTold:
        wanted = MakeReport(actor=f"mcp:{CALLER.get().name}"[:200], request=request)
        report = await self._asking.ask(Endpoints.MAKE_REPORT, wanted, site, timeout_s=PATIENCE_S)
        return told.ReportTold.of(report)
