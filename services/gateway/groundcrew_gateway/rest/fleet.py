"""What is there and how it is: status, hosts, services, metrics, logs, triggers."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import AwareDatetime

from groundcrew.contracts.queries import (
    Empty,
    Endpoints,
    FleetStatus,
    ForecastsQuery,
    ForecastsReply,
    HostPage,
    HostsQuery,
    HostSummary,
    LogPage,
    LogsQuery,
    MetricsQuery,
    MetricsReply,
    ServicesQuery,
    ServicesReply,
    TemplatePage,
    TemplatesQuery,
    TriggerPage,
    TriggersQuery,
)
from groundcrew_gateway.access import Caller, Viewer
from groundcrew_gateway.problems import Problem
from groundcrew_gateway.rest.parameters import Cursor, HostFilter, HostName, Limit, Since, Until

router = APIRouter(prefix="/api/v1", tags=["fleet"])
_HOST_PAGES = 20


@router.get("/status", operation_id="getStatus", summary="Counts of the whole fleet")
async def get_status(caller: Viewer) -> FleetStatus:
    return await caller.ask(Endpoints.STATUS, Empty())


@router.get("/hosts", operation_id="listHosts", summary="Hosts with health scores, by name")
async def list_hosts(caller: Viewer, limit: Limit = 100, cursor: Cursor = None) -> HostPage:
    return await caller.ask(Endpoints.HOSTS, HostsQuery(limit=limit, cursor=cursor))


# the longer paths come first: a host's name may hold a slash
@router.get("/hosts/{name:path}/services", operation_id="listServices", summary="Newest state of each unit of a host")
async def list_services(caller: Viewer, name: HostName) -> ServicesReply:
    return await caller.ask(Endpoints.SERVICES, ServicesQuery(host=name))


@router.get(
    "/hosts/{name:path}/forecasts",
    operation_id="listForecasts",
    summary="What of a host will be used up, with the range of times, soonest first",
)
async def list_forecasts(caller: Viewer, name: HostName) -> ForecastsReply:
    return await caller.ask(Endpoints.FORECASTS, ForecastsQuery(host=name))


@router.get("/hosts/{name:path}/metrics", operation_id="getMetrics", summary="One metric of a host in buckets of time")
async def get_metrics(
    caller: Viewer,
    name: HostName,
    metric: Annotated[str, Query(min_length=1, max_length=200, examples=["load1"])],
    since: Annotated[AwareDatetime | None, Query(description="by default an hour before `until`")] = None,
    until: Annotated[AwareDatetime | None, Query(description="by default now")] = None,
    step_s: Annotated[int, Query(ge=1, le=86_400, description="width of a bucket in seconds")] = 60,
) -> MetricsReply:
    end = until or caller.gateway.clock.now()
    try:
        start = since or end - timedelta(hours=1)
    except OverflowError:
        raise Problem(400, "until: a time after the year 1 is expected") from None
    query = MetricsQuery(host=name, name=metric, since=start, until=end, step_s=step_s)
    return await caller.ask(Endpoints.METRICS, query)


@router.get("/hosts/{name:path}", operation_id="getHost", summary="One host with its health, facts and sources")
async def get_host(caller: Viewer, name: HostName) -> HostSummary:
    return await find_host(caller, name)


async def find_host(caller: Caller, name: str) -> HostSummary:
    """Raises Problem 404. Owners list hosts in pages; at most 20,000 are looked through."""
    cursor: str | None = None
    for _ in range(_HOST_PAGES):
        page = await caller.ask(Endpoints.HOSTS, HostsQuery(limit=1_000, cursor=cursor, name=name))
        for host in page.items:
            if host.name == name:
                return host
        cursor = page.next
        if cursor is None:
            break
    raise Problem(404, f"there is no host {name[:80]!r}")


@router.get("/logs", operation_id="listLogs", summary="Log lines, newest first")
async def list_logs(
    caller: Viewer,
    host: HostFilter = None,
    since: Since = None,
    until: Until = None,
    contains: Annotated[str | None, Query(max_length=200, examples=["Xid"])] = None,
    max_priority: Annotated[int, Query(ge=0, le=7, description="syslog severity; 3: errors and worse")] = 7,
    unit: Annotated[str | None, Query(max_length=256, examples=["nginx.service"])] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> LogPage:
    query = LogsQuery(
        host=host,
        since=since,
        until=until,
        contains=contains,
        max_priority=max_priority,
        unit=unit,
        limit=limit,
        cursor=cursor,
    )
    return await caller.ask(Endpoints.LOGS, query)


@router.get("/triggers", operation_id="listTriggers", summary="Trigger events, newest first")
async def list_triggers(
    caller: Viewer,
    host: HostFilter = None,
    since: Since = None,
    until: Until = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> TriggerPage:
    query = TriggersQuery(host=host, since=since, until=until, limit=limit, cursor=cursor)
    return await caller.ask(Endpoints.TRIGGERS, query)


@router.get(
    "/templates",
    operation_id="listTemplates",
    summary="Kinds of log lines of warning and worse that no rule knows, most frequent first",
)
async def list_templates(
    caller: Viewer,
    novel: Annotated[bool | None, Query(description="only those that were, or were not, told as new")] = None,
    contains: Annotated[str | None, Query(max_length=200, examples=["timed out"])] = None,
    template_id: Annotated[
        str | None,
        Query(alias="id", max_length=32, pattern="^[0-9a-f]+$", description="one of them; a beginning will do"),
    ] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> TemplatePage:
    query = TemplatesQuery(novel=novel, contains=contains, id=template_id, limit=limit, cursor=cursor)
    return await caller.ask(Endpoints.TEMPLATES, query)
