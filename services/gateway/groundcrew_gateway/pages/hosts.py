"""Hosts, one host with what is measured and logged on it, and the search over all."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from groundcrew.contracts.inventory import Inventory
from groundcrew.contracts.observations import SourceState
from groundcrew.contracts.queries import (
    Endpoints,
    ForecastsQuery,
    ForecastsReply,
    HostPage,
    HostsQuery,
    IncidentPage,
    IncidentsQuery,
    InventoryQuery,
    LogPage,
    LogsQuery,
    MetricPoints,
    MetricsQuery,
    MetricsReply,
    ServicesQuery,
    ServicesReply,
    SilencePage,
    SilencesQuery,
)
from groundcrew.contracts.silences import Silence
from groundcrew_gateway.access import Viewer
from groundcrew_gateway.pages.bmcs import bmc_of_host, severity_of, status_word
from groundcrew_gateway.pages.charts import CHARTED, gap_of, host_charts
from groundcrew_gateway.pages.place import ORIGINS, place_of
from groundcrew_gateway.pages.render import Asking, page
from groundcrew_gateway.pages.timeline import Axis, sparkline
from groundcrew_gateway.pages.wording import unit_of
from groundcrew_gateway.rest.fleet import find_host
from groundcrew_gateway.rest.parameters import Cursor

router = APIRouter(include_in_schema=False)
_RANGES = {
    "1h": timedelta(hours=1),
    "6h": timedelta(hours=6),
    "24h": timedelta(hours=24),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
}
_BUCKETS = 120
_PREFERRED = ("swap_free_bytes", "filesystem_avail_bytes", "pressure_percent")
_UNDRAWN = ("_total", "_maximum", "_total_bytes", "_size_bytes", "_files")  # counters, and limits that never move
_MOST_METRICS = 8
_MOST_SERIES = 8
_LOG_LINES = 60


@dataclass(frozen=True)
class Spark:
    """One series, drawn."""

    name: str
    labels: str
    unit: str
    latest: float
    low: float
    high: float
    slope_per_hour: float | None
    path: str


@router.get("/hosts")
async def hosts(request: Request, caller: Viewer, cursor: Cursor = None) -> Response:
    asking = Asking(caller)
    found = await asking.ask(Endpoints.HOSTS, HostsQuery(limit=200, cursor=cursor), HostPage(items=[]))
    items = sorted(found.items, key=lambda host: (host.health, host.name))
    return await page(request, asking, "hosts.html", here="hosts", hosts=items, next=found.next)


@router.get("/hosts/{name:path}")
async def host(
    request: Request,
    caller: Viewer,
    name: str,
    span: Annotated[str, Query(alias="range", pattern="^(1h|6h|24h|7d|30d)$")] = "24h",
    contains: Annotated[str, Query(max_length=200)] = "",
    max_priority: Annotated[int, Query(ge=0, le=7)] = 7,
    cursor: Cursor = None,
) -> Response:
    asking = Asking(caller)
    found = await find_host(caller, name)
    logs_query = LogsQuery(
        host=name, contains=contains or None, max_priority=max_priority, limit=_LOG_LINES, cursor=cursor
    )
    now, wide = caller.gateway.clock.now(), _RANGES[span]
    axis, step_s = Axis(now - wide, now), max(1, int(wide.total_seconds() // _BUCKETS))
    names = _names(found.latest)
    sparked = _chosen(names)
    services, logs, incidents, inventory, series, bmc = await asyncio.gather(
        asking.ask(Endpoints.SERVICES, ServicesQuery(host=name), ServicesReply(services=[])),
        asking.ask(Endpoints.LOGS, logs_query, LogPage(items=[])),
        asking.ask(Endpoints.INCIDENTS, IncidentsQuery(host=name, limit=20), IncidentPage(items=[])),
        asking.ask(Endpoints.INVENTORY, InventoryQuery(), Inventory()),
        _series(asking, name, [*(one for one in CHARTED if one in names), *sparked], axis, step_s),
        bmc_of_host(asking, name),
    )
    ahead = await asking.ask(Endpoints.FORECASTS, ForecastsQuery(host=name), ForecastsReply(forecasts=[], series=0))
    silences = await asking.ask(Endpoints.SILENCES, SilencesQuery(), SilencePage(items=[]))
    states = sorted(services.services, key=lambda one: (one.active_state != "failed", one.unit))
    return await page(
        request,
        asking,
        "host.html",
        here="hosts",
        host=found,
        services=states,
        logs=logs,
        incidents=incidents.items,
        place=place_of(inventory, name),
        silences=[one for one in silences.items if one.starts_at <= now and _about(one, inventory, name)],
        origins=ORIGINS,
        ahead=ahead,
        charts=host_charts(series, axis, step_s, found.latest.get("memory_total_bytes")),
        sparks=_sparks(series, sparked, axis, step_s),
        axis=axis,
        step_s=step_s,
        sar=next((one for one in found.sources if one.name == "sar" and one.state is SourceState.PRESENT), None),
        bmc=bmc,
        severity_of=severity_of,
        status_word=status_word,
        span=span,
        spans=list(_RANGES),
        filters={"contains": contains, "max_priority": max_priority},
    )


def _about(silence: Silence, inventory: Inventory, name: str) -> bool:
    entry = next((one for one in inventory.host if one.name == name), None)
    return silence.aims_at(f"host:{name}", name, entry.role if entry else "", entry.rack if entry else "")


def _names(latest: dict[str, float]) -> set[str]:
    """Metrics that the host has, or had."""
    return {key.partition("{")[0] for key in latest}


def _chosen(names: set[str]) -> list[str]:
    """Metrics beside the charts that are worth a drawing: the well-known ones in a fixed order, then gauges by name."""
    others = sorted(name for name in names if name not in (*_PREFERRED, *CHARTED) and not name.endswith(_UNDRAWN))
    return [name for name in (*_PREFERRED, *others) if name in names][:_MOST_METRICS]


async def _series(
    asking: Asking, name: str, metrics: list[str], axis: Axis, step_s: int
) -> dict[str, list[MetricPoints]]:
    replies = await asyncio.gather(
        *(
            asking.ask(
                Endpoints.METRICS,
                MetricsQuery(host=name, name=metric, since=axis.start, until=axis.end, step_s=step_s),
                MetricsReply(series=[]),
            )
            for metric in metrics
        )
    )
    return {metric: reply.series for metric, reply in zip(metrics, replies, strict=True)}


def _sparks(series: dict[str, list[MetricPoints]], metrics: list[str], axis: Axis, step_s: int) -> list[Spark]:
    span = axis.end - axis.start
    return [
        Spark(
            name=metric,
            labels=", ".join(f"{key} {value}" for key, value in sorted(points.labels.items())),
            unit=points.unit or unit_of(metric),
            latest=points.averages[-1],
            low=min(points.minima),
            high=max(points.maxima),
            slope_per_hour=_trend(points, span),
            path=sparkline(points.times, points.averages, axis, gap_of(points.times, step_s)),
        )
        for metric in metrics
        for points in _liveliest(series[metric])
    ]


def _trend(points: MetricPoints, span: timedelta) -> float | None:
    """Per hour; none over a sliver of the range, or where it comes to less than a hundredth of the values."""
    if points.slope_per_hour is None or points.times[-1] - points.times[0] <= span / 4:
        return None
    hours = span.total_seconds() / 3_600
    size = max(abs(min(points.minima)), abs(max(points.maxima)))
    return points.slope_per_hour if abs(points.slope_per_hour) * hours >= size / 100 else None


def _liveliest(series: list[MetricPoints]) -> list[MetricPoints]:
    """Of many series of one metric (GPUs, sensors, file systems) those that move most, still in order of labels."""
    drawn = [points for points in series if points.averages and (min(points.minima), max(points.maxima)) != (0, 0)]
    drawn.sort(key=lambda points: min(points.minima) - max(points.maxima))
    return sorted(drawn[:_MOST_SERIES], key=lambda points: sorted(points.labels.items()))


@router.get("/search")
async def search(request: Request, caller: Viewer, q: Annotated[str, Query(max_length=200)] = "") -> Response:
    """Hosts by name, incidents by title and cause, log lines by what they contain."""
    asking, wanted = Asking(caller), q.strip()
    hosts_page, incidents_page, logs = HostPage(items=[]), IncidentPage(items=[]), LogPage(items=[])
    if wanted:
        hosts_page, incidents_page, logs = await asyncio.gather(
            asking.ask(Endpoints.HOSTS, HostsQuery(limit=1_000), hosts_page),
            asking.ask(Endpoints.INCIDENTS, IncidentsQuery(limit=500), incidents_page),
            asking.ask(Endpoints.LOGS, LogsQuery(contains=wanted, limit=50), logs),
        )
    low = wanted.lower()
    return await page(
        request,
        asking,
        "search.html",
        here="search",
        wanted=wanted,
        hosts=[host for host in hosts_page.items if low in host.name.lower()][:50],
        incidents=[
            incident
            for incident in incidents_page.items
            if low in f"{incident.title} {incident.cause.id} {incident.cause.component} {incident.id}".lower()
        ][:50],
        logs=logs.items,
    )
