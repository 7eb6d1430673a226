"""Reads what is known from its owners. An owner that does not answer is named, and the rest is told."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

from groundcrew.bus.port import Bus, RequestFailed
from groundcrew.contracts.actions import Action
from groundcrew.contracts.clock import Clock
from groundcrew.contracts.envelope import Record
from groundcrew.contracts.incidents import LIVE_STATES, Incident, IncidentState
from groundcrew.contracts.inventory import Inventory
from groundcrew.contracts.queries import (
    MAX_PAGE,
    ActionPage,
    ActionsQuery,
    Empty,
    Endpoint,
    Endpoints,
    Failure,
    FleetStatus,
    HostPage,
    HostsQuery,
    HostSummary,
    IncidentDetail,
    IncidentPage,
    IncidentQuery,
    IncidentsQuery,
    LogLine,
    LogPage,
    LogsQuery,
    ServicesQuery,
    ServicesReply,
    ServiceState,
)
from groundcrew.diagnosis.parts import part_key

Q = TypeVar("Q", bound=Record)
R = TypeVar("R", bound=Record)

PATIENCE_S = 1.5
"""Seconds that an owner may take: at most three are asked one after the other, and an answer is due within five."""

LIVE = list(LIVE_STATES)
MAX_HOST_PAGES = 10
FEW = 20


@dataclass(frozen=True, kw_only=True)
class Survey:
    """The fleet as it was when a question came. `missing` says per owner why nothing of it is known."""

    now: datetime
    status: FleetStatus | None
    hosts: dict[str, HostSummary]
    live: list[Incident]
    missing: dict[str, str] = field(default_factory=dict)

    def of_host(self, name: str) -> list[Incident]:
        """Live incidents that name the host, worst first."""
        return worst_first([one for one in self.live if name in one.hosts])


def worst_first(incidents: list[Incident]) -> list[Incident]:
    return sorted(incidents, key=lambda one: (-one.severity.rank, one.opened_at, one.id))


class Surveyor:
    def __init__(self, bus: Bus, clock: Clock, inventory: Callable[[], Inventory | None]) -> None:
        self._bus = bus
        self._clock = clock
        self.inventory = inventory

    def elements(self) -> list[str]:
        """Names of what hosts hang on, as the inventory lists them: feeds, switches, racks, BMCs, parts."""
        inventory = self.inventory()
        if inventory is None:
            return []
        found = {name for entry in inventory.host for name in (*entry.pdu, entry.switch, entry.rack, entry.bmc) if name}
        return sorted(found | {part.locator for entry in inventory.host for part in entry.part})

    async def fleet(self) -> Survey:
        missing: dict[str, str] = {}
        status, hosts, live = await asyncio.gather(
            self._ask(Endpoints.STATUS, Empty(), None, missing),
            self._hosts(missing),
            self._ask(
                Endpoints.INCIDENTS, IncidentsQuery(states=LIVE, limit=MAX_PAGE), IncidentPage(items=[]), missing
            ),
        )
        return Survey(
            now=self._clock.now(),
            status=status,
            hosts=hosts,
            live=worst_first(live.items if live else []),
            missing=missing,
        )

    async def detail(self, incident_id: str, missing: dict[str, str]) -> IncidentDetail | None:
        """None where there is no such incident, or context does not answer; the latter is in `missing`."""
        return await self._ask(Endpoints.INCIDENT, IncidentQuery(id=incident_id), None, missing)

    async def actions(self, incident_id: str, missing: dict[str, str]) -> list[Action]:
        query = ActionsQuery(incident_id=incident_id, limit=FEW)
        page = await self._ask(Endpoints.ACTIONS, query, ActionPage(items=[]), missing)
        return page.items if page else []

    async def earlier(self, incident: Incident, missing: dict[str, str]) -> list[Incident]:
        """Resolved incidents with the same part on one of the same hosts, newest first."""
        key = part_key(incident.cause.component)
        queries = [IncidentsQuery(states=[IncidentState.RESOLVED], host=name, limit=200) for name in incident.hosts[:5]]
        asked = (self._ask(Endpoints.INCIDENTS, query, IncidentPage(items=[]), missing) for query in queries)
        pages = await asyncio.gather(*asked)
        found = {one.id: one for page in pages if page for one in page.items}
        same = [
            one
            for one in found.values()
            if one.id != incident.id
            and one.merged_into is None
            and one.cause.component_class == incident.cause.component_class
            and part_key(one.cause.component) == key
        ]
        return sorted(same, key=lambda one: (one.opened_at, one.id), reverse=True)[:FEW]

    async def since(self, since: datetime, host: str | None, missing: dict[str, str]) -> list[Incident]:
        """Incidents with evidence since then, of any state, the latest first."""
        query = IncidentsQuery(since=since, host=host, limit=200)
        page = await self._ask(Endpoints.INCIDENTS, query, IncidentPage(items=[]), missing)
        return sorted(page.items if page else [], key=lambda one: (one.last_seen, one.id), reverse=True)

    async def services(self, host: str, missing: dict[str, str]) -> list[ServiceState]:
        reply = await self._ask(Endpoints.SERVICES, ServicesQuery(host=host), ServicesReply(services=[]), missing)
        return reply.services if reply else []

    async def logs(self, host: str, since: datetime | None, missing: dict[str, str]) -> list[LogLine]:
        """The newest lines of warning and above."""
        query = LogsQuery(host=host, since=since or self._clock.now() - timedelta(days=1), max_priority=4, limit=FEW)
        page = await self._ask(Endpoints.LOGS, query, LogPage(items=[]), missing)
        return page.items if page else []

    async def _hosts(self, missing: dict[str, str]) -> dict[str, HostSummary]:
        found: dict[str, HostSummary] = {}
        cursor: str | None = None
        for _ in range(MAX_HOST_PAGES):
            page = await self._ask(
                Endpoints.HOSTS, HostsQuery(limit=MAX_PAGE, cursor=cursor), HostPage(items=[]), missing
            )
            found |= {one.name: one for one in (page.items if page else [])}
            cursor = page.next if page else None
            if cursor is None:
                break
        return found

    async def _ask(
        self, endpoint: Endpoint[Q, R], request: Q, otherwise: R | None, missing: dict[str, str]
    ) -> R | None:
        try:
            return await self._bus.request(endpoint, request, timeout=PATIENCE_S)
        except RequestFailed as failed:
            if failed.failure is not Failure.NOT_FOUND:
                missing.setdefault(endpoint.owner, failed.reason)
            return otherwise
