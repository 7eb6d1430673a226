"""Hosts, one host with what is measured and logged on it, and the search over all."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from groundcrew.contracts.queries import (
    Endpoints,
    HostPage,
    HostsQuery,
    IncidentPage,
    IncidentsQuery,
    LogPage,
    LogsQuery,
    MetricPoints,
    MetricsQuery,
    MetricsReply,
    ServicesQuery,
    ServicesReply,
)
from groundcrew_gateway.access import Viewer
from groundcrew_gateway.pages.bmcs import bmc_of_host, severity_of, status_word
from groundcrew_gateway.pages.render import Asking, page
from groundcrew_gateway.pages.timeline import Axis, sparkline
from groundcrew_gateway.pages.wording import unit_of
from groundcrew_gateway.rest.fleet import find_host
from groundcrew_gateway.rest.parameters import Cursor

router = APIRouter(include_in_schema=False)
_RANGES = {"1h": timedelta(hours=1), "6h": timedelta(hours=6), "24h": timedelta(hours=24), "7d": timedelta(days=7)}
_BUCKETS = 120
_PREFERRED = (
    "cpu_percent",
    "load1",
    "memory_available_bytes",
    "swap_free_bytes",
    "filesystem_avail_bytes",
    "pressure_percent",
    "gpu_temperature_celsius",
    "hwmon_temp_celsius",
)
_UNDRAWN = ("_total", "_maximum", "_total_bytes", "_size_bytes")  # counters, and limits that never move
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
    span: Annotated[str, Query(alias="range", pattern="^(1h|6h|24h|7d)$")] = "1h",
    contains: Annotated[str, Query(max_length=200)] = "",
    max_priority: Annotated[int, Query(ge=0, le=7)] = 7,
    cursor: Cursor = None,
) -> Response:
    asking = Asking(caller)
    found = await find_host(caller, name)
    logs_query = LogsQuery(
        host=name, contains=contains or None, max_priority=max_priority, limit=_LOG_LINES, cursor=cursor
    )
    services, logs, incidents, sparks, bmc = await asyncio.gather(
        asking.ask(Endpoints.SERVICES, ServicesQuery(host=name), ServicesReply(services=[])),
        asking.ask(Endpoints.LOGS, logs_query, LogPage(items=[])),
        asking.ask(Endpoints.INCIDENTS, IncidentsQuery(host=name, limit=20), IncidentPage(items=[])),
        _sparks(asking, name, _chosen(found.latest), _RANGES[span]),
        bmc_of_host(asking, name),
    )
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
        sparks=sparks,
        bmc=bmc,
        severity_of=severity_of,
        status_word=status_word,
        span=span,
        spans=list(_RANGES),
        filters={"contains": contains, "max_priority": max_priority},
    )


def _chosen(latest: dict[str, float]) -> list[str]:
    """Names of metrics worth a drawing: the well-known ones in a fixed order, then gauges by name."""
    names = {key.partition("{")[0] for key in latest}
    others = sorted(name for name in names if name not in _PREFERRED and not name.endswith(_UNDRAWN))
    return [name for name in (*_PREFERRED, *others) if name in names][:_MOST_METRICS]


async def _sparks(asking: Asking, name: str, metrics: list[str], span: timedelta) -> list[Spark]:
    now = asking.caller.gateway.clock.now()
    axis, step_s = Axis(now - span, now), max(1, int(span.total_seconds() // _BUCKETS))
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
    gap = timedelta(seconds=max(3 * step_s, 180))
    return [
        Spark(
            name=metric,
            labels=", ".join(f"{key} {value}" for key, value in sorted(points.labels.items())),
            unit=points.unit or unit_of(metric),
            latest=points.averages[-1],
            low=min(points.minima),
            high=max(points.maxima),
            # a trend over a sliver of the range says nothing
            slope_per_hour=points.slope_per_hour if points.times[-1] - points.times[0] > span / 4 else None,
            path=sparkline(points.times, points.averages, axis, gap),
        )
        for metric, reply in zip(metrics, replies, strict=True)
        for points in _liveliest(reply.series)
    ]


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
