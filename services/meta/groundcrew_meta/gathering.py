"""Reads what a report is made of from context, in bounded portions. Whoever does not answer is named."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

from groundcrew.bus.port import Bus, RequestFailed
from groundcrew.contracts.clock import Clock
from groundcrew.contracts.envelope import Record
from groundcrew.contracts.incidents import LIVE_STATES, Evidence, Incident
from groundcrew.contracts.inventory import Inventory
from groundcrew.contracts.queries import (
    MAX_PAGE,
    BmcPage,
    BmcsQuery,
    BmcSummary,
    Endpoint,
    Endpoints,
    Failure,
    HostPage,
    HostsQuery,
    HostSummary,
    IncidentPage,
    IncidentQuery,
    IncidentsQuery,
    LogLine,
    LogPage,
    LogsQuery,
    MetricPoints,
    MetricsQuery,
    MetricsReply,
    SelEntry,
    SelPage,
    SelQuery,
    SensorHistoryQuery,
    SensorReading,
    SensorsQuery,
    SensorsReply,
    TriggerPage,
    TriggersQuery,
    TriggerSummary,
)

Q = TypeVar("Q", bound=Record)
R = TypeVar("R", bound=Record)
K = TypeVar("K")
V = TypeVar("V")

PATIENCE_S = 5.0
"""Seconds that context may take for one portion."""

LIVE = list(LIVE_STATES)
MAX_HOST_PAGES = 10
MAX_INCIDENT_PAGES = 5
MAX_TRIGGER_PAGES = 20
MAX_DETAILS = 200
"""Incidents whose evidence a report reads: the gravest and newest."""

MAX_SENSOR_HOSTS = 500
MAX_RECORDS = 500
MAX_LINES = 300
MAX_SERIES = 24
AT_ONCE = 8


@dataclass(kw_only=True)
class Gathered:
    """The fleet within a time range. `missing` says per owner why not all of it is known."""

    now: datetime
    since: datetime
    inventory: Inventory
    hosts: dict[str, HostSummary] = field(default_factory=dict)
    incidents: list[Incident] = field(default_factory=list)
    triggers: list[TriggerSummary] = field(default_factory=list)
    truncated: bool = False
    missing: dict[str, str] = field(default_factory=dict)


class Gatherer:
    def __init__(self, bus: Bus, clock: Clock, inventory: Callable[[], Inventory | None]) -> None:
        self._bus = bus
        self._clock = clock
        self._inventory = inventory

    async def fleet(self, span: timedelta) -> Gathered:
        """Hosts, the incidents that were live within the range, and what fired. Raises RequestFailed UNAVAILABLE where
        context does not answer at all: there is no report without it."""
        now = self._clock.now()
        found = Gathered(now=now, since=now - span, inventory=self._inventory() or Inventory())
        found.hosts, found.incidents, found.triggers = await asyncio.gather(
            self._hosts(found.missing), self._incidents(found), self._triggers(found)
        )
        if "context" in found.missing:
            raise RequestFailed(Failure.UNAVAILABLE, f"context does not answer: {found.missing['context']}")
        return found

    async def _hosts(self, missing: dict[str, str]) -> dict[str, HostSummary]:
        found: dict[str, HostSummary] = {}
        cursor: str | None = None
        for _ in range(MAX_HOST_PAGES):
            page = await self._ask(
                Endpoints.HOSTS, HostsQuery(limit=MAX_PAGE, cursor=cursor), HostPage(items=[]), missing
            )
            found |= {one.name: one for one in page.items}
            cursor = page.next
            if cursor is None:
                break
        return found

    async def _incidents(self, found: Gathered) -> list[Incident]:
        """Those with evidence in the range and those that are open still, the latest first."""
        asked = (IncidentsQuery(since=found.since, limit=MAX_PAGE), IncidentsQuery(states=LIVE, limit=MAX_PAGE))
        held: dict[str, Incident] = {}
        for query in asked:
            cursor: str | None = None
            for _ in range(MAX_INCIDENT_PAGES):
                page = await self._ask(
                    Endpoints.INCIDENTS,
                    query.model_copy(update={"cursor": cursor}),
                    IncidentPage(items=[]),
                    found.missing,
                )
                held |= {one.id: one for one in page.items if one.merged_into is None}
                cursor = page.next
                if cursor is None:
                    break
            found.truncated = found.truncated or cursor is not None
        return sorted(held.values(), key=lambda one: (one.last_seen, one.id), reverse=True)

    async def _triggers(self, found: Gathered) -> list[TriggerSummary]:
        events: list[TriggerSummary] = []
        cursor: str | None = None
        for _ in range(MAX_TRIGGER_PAGES):
            query = TriggersQuery(since=found.since, until=found.now, limit=MAX_PAGE, cursor=cursor)
            page = await self._ask(Endpoints.TRIGGERS, query, TriggerPage(items=[]), found.missing)
            events += page.items
            cursor = page.next
            if cursor is None:
                return events
        found.truncated = True
        return events

    async def evidence(self, incidents: Iterable[Incident], missing: dict[str, str]) -> dict[str, list[Evidence]]:
        """By incident; of the gravest and newest MAX_DETAILS."""
        ranked = sorted(incidents, key=lambda one: (-one.severity.rank, -one.last_seen.timestamp(), one.id))
        ids = [one.id for one in ranked[:MAX_DETAILS]]

        async def one(incident_id: str) -> list[Evidence]:
            detail = await self._ask(Endpoints.INCIDENT, IncidentQuery(id=incident_id), None, missing)
            return detail.evidence if detail else []

        return await _each(ids, one)

    async def by_id(self, ids: Iterable[str], missing: dict[str, str]) -> list[Incident]:
        """Incidents that are known still, at most MAX_DETAILS."""

        async def one(incident_id: str) -> Incident | None:
            detail = await self._ask(Endpoints.INCIDENT, IncidentQuery(id=incident_id), None, missing)
            return detail.incident if detail else None

        found = await _each(list(ids)[:MAX_DETAILS], one)
        return [incident for incident in found.values() if incident is not None and incident.merged_into is None]

    async def bmcs(self, missing: dict[str, str]) -> dict[str, BmcSummary]:
        """By the host that they sit in."""
        found: dict[str, BmcSummary] = {}
        cursor: str | None = None
        for _ in range(MAX_HOST_PAGES):
            page = await self._ask(Endpoints.BMCS, BmcsQuery(limit=MAX_PAGE, cursor=cursor), BmcPage(items=[]), missing)
            found |= {one.host: one for one in page.items if one.host}
            cursor = page.next
            if cursor is None:
                break
        return found

    async def sensors(self, hosts: Sequence[str], missing: dict[str, str]) -> dict[str, Sequence[SensorReading]]:
        """Newest readings by host, of the first MAX_SENSOR_HOSTS."""

        async def one(name: str) -> Sequence[SensorReading]:
            reply = await self._ask(Endpoints.SENSORS, SensorsQuery(host=name), SensorsReply(sensors=[]), missing)
            return reply.sensors

        return await _each(hosts[:MAX_SENSOR_HOSTS], one)

    async def records(self, host: str, since: datetime, until: datetime, missing: dict[str, str]) -> list[SelEntry]:
        query = SelQuery(host=host, since=since, until=until, limit=MAX_RECORDS)
        page = await self._ask(Endpoints.SEL, query, SelPage(items=[]), missing)
        return page.items

    async def lines(
        self, host: str, since: datetime, until: datetime, max_priority: int, missing: dict[str, str]
    ) -> list[LogLine]:
        """The newest of this priority and graver."""
        query = LogsQuery(host=host, since=since, until=until, max_priority=max_priority, limit=MAX_LINES)
        page = await self._ask(Endpoints.LOGS, query, LogPage(items=[]), missing)
        return page.items

    async def metrics(
        self, host: str, names: Sequence[str], since: datetime, until: datetime, missing: dict[str, str]
    ) -> dict[str, list[MetricPoints]]:
        """Series of at most MAX_SERIES metrics, in buckets of which at most 1,500 cover the time."""
        step_s = max(60, round((until - since).total_seconds() / 1_500))

        async def one(name: str) -> list[MetricPoints]:
            query = MetricsQuery(host=host, name=name, since=since, until=until, step_s=step_s)
            reply = await self._ask(Endpoints.METRICS, query, MetricsReply(series=[]), missing)
            return reply.series

        return await _each(list(names)[:MAX_SERIES], one)

    async def measured(
        self, host: str, since: datetime, until: datetime, missing: dict[str, str]
    ) -> list[MetricPoints]:
        """What the sensors of the host's BMC measured."""
        query = SensorHistoryQuery(host=host, since=since, until=until, step_s=60)
        reply = await self._ask(Endpoints.SENSOR_HISTORY, query, MetricsReply(series=[]), missing)
        return reply.series

    async def _ask(self, endpoint: Endpoint[Q, R], request: Q, otherwise: V, missing: dict[str, str]) -> R | V:
        try:
            return await self._bus.request(endpoint, request, timeout=PATIENCE_S)
        except RequestFailed as failed:
            if failed.failure is not Failure.NOT_FOUND:
                missing.setdefault(endpoint.owner, failed.reason)
            return otherwise


async def _each(keys: Sequence[K], ask: Callable[[K], Awaitable[V]]) -> dict[K, V]:
    """Ask for each of them, AT_ONCE at a time, in order."""
    places = asyncio.Semaphore(AT_ONCE)

    async def one(key: K) -> V:
        async with places:
            return await ask(key)

    return dict(zip(keys, await asyncio.gather(*map(one, keys)), strict=True))
