"""The first page: is anything wrong, where, since when, what is done about it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from fastapi import APIRouter, Request
from starlette.responses import Response

from groundcrew.bus.port import RequestFailed
from groundcrew.contracts.actions import ActionState
from groundcrew.contracts.observations import SourceState
from groundcrew.contracts.queries import (
    ActionPage,
    ActionsQuery,
    Empty,
    Endpoints,
    FleetStatus,
    HostPage,
    HostsQuery,
    HostSummary,
    IncidentPage,
    IncidentsQuery,
    TriggerPage,
    TriggersQuery,
)
from groundcrew_gateway.access import Caller, Viewer
from groundcrew_gateway.pages.gravest import live_incidents
from groundcrew_gateway.pages.render import Asking, page
from groundcrew_gateway.pages.timeline import FleetChart, fleet_chart

router = APIRouter(include_in_schema=False)
_MOST_OTHERS = 8
_PATIENCE_S = 1.5
_NOTHING = FleetStatus(hosts=0, healthy=0, warning=0, critical=0, open_incidents=0, log_rows=0, triggers_24h=0)


@dataclass(frozen=True)
class SourceCount:
    """How many hosts have a source, and which lack it."""

    name: str
    present: int
    failing: int
    hosts: int
    lacking: str


@dataclass(frozen=True)
class Elsewhere:
    """Another site of the caller's; status None: its context does not answer."""

    site: str
    status: FleetStatus | None


async def _elsewhere(caller: Caller, site: str) -> Elsewhere:
    try:
        status = await caller.gateway.bus.request(Endpoints.STATUS, Empty(), site=site, timeout=_PATIENCE_S)
    except RequestFailed:
        return Elsewhere(site, None)
    return Elsewhere(site, status)


@router.get("/")
async def overview(request: Request, caller: Viewer) -> Response:
    asking, now = Asking(caller), caller.gateway.clock.now()
    others = [site for site in caller.key.sites if site != caller.site][:_MOST_OTHERS]
    status, live, hosts, queue, chart, elsewhere = await asyncio.gather(
        asking.ask(Endpoints.STATUS, Empty(), _NOTHING),
        live_incidents(asking, limit=50),
        asking.ask(Endpoints.HOSTS, HostsQuery(limit=1_000), HostPage(items=[])),
        asking.ask(Endpoints.ACTIONS, ActionsQuery(states=[ActionState.QUEUED], limit=200), ActionPage(items=[])),
        _day(asking, now),
        asyncio.gather(*(_elsewhere(caller, site) for site in others)),
    )
    waiting: dict[str | None, int] = {}
    for action in queue.items:
        waiting[action.incident_id] = waiting.get(action.incident_id, 0) + 1
    return await page(
        request,
        asking,
        "overview.html",
        here="overview",
        status_line=status,
        incidents=live.items,
        more=live.next is not None,
        waiting=waiting,
        hosts=sorted(hosts.items, key=lambda host: (host.health, host.name)),
        sources=source_counts(hosts.items),
        chart=chart,
        elsewhere=elsewhere,
    )


async def _day(asking: Asking, now: datetime) -> FleetChart:
    since = now - timedelta(hours=24)
    triggers, incidents, actions = await asyncio.gather(
        asking.ask(Endpoints.TRIGGERS, TriggersQuery(since=since, limit=1_000), TriggerPage(items=[])),
        asking.ask(Endpoints.INCIDENTS, IncidentsQuery(since=since, limit=100), IncidentPage(items=[])),
        asking.ask(Endpoints.ACTIONS, ActionsQuery(limit=100), ActionPage(items=[])),
    )
    return fleet_chart(now, triggers.items, incidents.items, actions.items)


def source_counts(hosts: Sequence[HostSummary]) -> list[SourceCount]:
    """Each source over the hosts that report on it."""
    found: dict[str, list[tuple[str, SourceState]]] = {}
    for host in hosts:
        for source in host.sources:
            found.setdefault(source.name, []).append((host.name, source.state))
    return [
        SourceCount(
            name=name,
            present=sum(state is SourceState.PRESENT for _, state in states),
            failing=sum(state is SourceState.FAILING for _, state in states),
            hosts=len(states),
            lacking=", ".join(host for host, state in states if state is not SourceState.PRESENT)[:200],
        )
        for name, states in sorted(found.items())
    ]
