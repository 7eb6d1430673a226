"""Answers to whoever asks about incidents, hosts, logs, metrics, services and triggers."""

from collections.abc import Callable
from datetime import timedelta

from groundcrew.bus.port import RequestFailed
from groundcrew.contracts.clock import Clock
from groundcrew.contracts.identity import bmc, host, name_of
from groundcrew.contracts.incidents import LIVE_STATES, Incident, Severity
from groundcrew.contracts.inventory import Inventory
from groundcrew.contracts.queries import (
    MAX_PAGE,
    BmcPage,
    BmcsQuery,
    BmcSummary,
    Empty,
    EventLogsQuery,
    EventLogsReply,
    Failure,
    FleetStatus,
    HostPage,
    HostsQuery,
    HostSummary,
    IncidentDetail,
    IncidentPage,
    IncidentQuery,
    IncidentsQuery,
    LogPage,
    LogsQuery,
    MetricsQuery,
    MetricsReply,
    SelPage,
    SelQuery,
    SensorHistoryQuery,
    SensorsQuery,
    SensorsReply,
    ServicesQuery,
    ServicesReply,
    SyncsQuery,
    SyncsReply,
    TriggerPage,
    TriggersQuery,
)
from groundcrew.diagnosis.health import host_health
from groundcrew.stores.context.port import ContextStore, HostRow

MAX_BUCKETS = 2_000
IPMI_PORT = 623
"""The port that need not be told."""

LIVE = list(LIVE_STATES)
MAX_PAGES = 20
"""Pages that a count reads at most; a busier day is told as that many triggers."""

STATUS_AGE_S = 5.0
"""How long a fleet status is told again without counting anew."""


class Answers:
    """One coroutine per endpoint that only reads."""

    def __init__(self, *, site: str, store: ContextStore, clock: Clock, inventory: Callable[[], Inventory]) -> None:
        self._site = site
        self._store = store
        self._clock = clock
        self._inventory = inventory
        self._status: tuple[float, FleetStatus] | None = None

    async def incidents(self, query: IncidentsQuery) -> IncidentPage:
        return await self._store.incidents(self._site, query)

    async def incident(self, query: IncidentQuery) -> IncidentDetail:
        incident = await self._store.incident(self._site, query.id)
        if incident is None:
            raise RequestFailed(Failure.NOT_FOUND, f"no incident {query.id}")
        return IncidentDetail(
            incident=incident,
            evidence=await self._store.evidence(self._site, query.id),
            history=await self._store.history(self._site, query.id),
            findings=await self._store.findings(self._site, query.id),
        )

    async def hosts(self, query: HostsQuery) -> HostPage:
        """Hosts that reported or are listed, by name; the cursor is the last name of the page before."""
        rows = {row.entity.partition(":")[2]: row for row in await self._store.hosts(self._site)}
        names = sorted({*rows, *(entry.name for entry in self._inventory().host)})
        if query.name is not None:
            names = [name for name in names if name == query.name]
        after = [name for name in names if query.cursor is None or name > query.cursor]
        page = after[: query.limit]
        by_host = _by_host(await self.live_incidents())
        items = [_summary(name, rows.get(name), by_host.get(name, [])) for name in page]
        return HostPage(items=items, next=page[-1] if len(after) > len(page) else None)

    async def logs(self, query: LogsQuery) -> LogPage:
        return await self._store.logs(self._site, query)

    async def metrics(self, query: MetricsQuery) -> MetricsReply:
        span = (query.until - query.since).total_seconds()
        if span < 0 or span / query.step_s > MAX_BUCKETS:
            reason = f"expected 'since' before 'until' and at most {MAX_BUCKETS} buckets of step_s between them"
            raise RequestFailed(Failure.INVALID, reason)
        return await self._store.metrics(self._site, query)

    async def services(self, query: ServicesQuery) -> ServicesReply:
        return ServicesReply(services=await self._store.services(self._site, host(query.host)))

    async def bmcs(self, query: BmcsQuery) -> BmcPage:
        """BMCs that reported, can be reached, or sit in a host, by name; the cursor is the last name before."""
        inventory = self._inventory()
        rows = {name_of(row.entity): row for row in await self._store.bmcs(self._site)}
        addresses = {entry.name: _address(entry.address, entry.port) for entry in inventory.bmcs()}
        hosts = {entry.bmc: entry.name for entry in inventory.host if entry.bmc}
        names = sorted(_listed_bmcs(inventory) | rows.keys())
        if query.name is not None:
            names = [name for name in names if name == query.name]
        if query.host is not None:
            names = [name for name in names if hosts.get(name) == query.host]
        after = [name for name in names if query.cursor is None or name > query.cursor]
        page = after[: query.limit]
        items = [_bmc(name, rows.get(name), addresses.get(name, ""), hosts.get(name, "")) for name in page]
        return BmcPage(items=items, next=page[-1] if len(after) > len(page) else None)

    async def sensors(self, query: SensorsQuery) -> SensorsReply:
        name = await self._bmc_of(query.bmc, query.host)
        return SensorsReply(sensors=await self._store.sensors(self._site, bmc(name)) if name else [])

    async def sensor_history(self, query: SensorHistoryQuery) -> MetricsReply:
        name = await self._bmc_of(query.bmc, query.host)
        if query.until < query.since:
            raise RequestFailed(Failure.INVALID, "expected 'since' before 'until'")
        return await self._store.sensor_history(self._site, bmc(name), query) if name else MetricsReply(series=[])

    async def sel(self, query: SelQuery) -> SelPage:
        name = await self._bmc_of(query.bmc, query.host)
        return await self._store.sel(self._site, bmc(name), query) if name else SelPage(items=[])

    async def event_logs(self, query: EventLogsQuery) -> EventLogsReply:
        name = await self._bmc_of(query.bmc, query.host)
        if not name:
            return EventLogsReply(logs=[], changes=[])
        entity = bmc(name)
        jobs = await self._store.syncs(self._site, entity, SyncsQuery(limit=1))
        return EventLogsReply(
            logs=await self._store.event_logs(self._site, entity),
            changes=await self._store.event_log_changes(self._site, entity),
            sync=jobs[0] if jobs else None,
        )

    async def syncs(self, query: SyncsQuery) -> SyncsReply:
        name = None if query.bmc is None else await self._bmc_of(query.bmc, None)
        entity = None if name is None else bmc(name)
        return SyncsReply(items=await self._store.syncs(self._site, entity, query))

    async def _bmc_of(self, name: str | None, host_name: str | None) -> str:
        """The BMC that is asked for; empty where the inventory gives the host none. Raises RequestFailed NOT_FOUND for
        a BMC that neither reported nor is listed."""
        if name is None and host_name is None:
            raise RequestFailed(Failure.INVALID, "expected the name of a BMC or of a host")
        if name is not None:
            known = name in _listed_bmcs(self._inventory())
            if not known and name not in {name_of(row.entity) for row in await self._store.bmcs(self._site)}:
                raise RequestFailed(Failure.NOT_FOUND, f"there is no BMC {name[:80]!r}")
            return name
        return next((entry.bmc for entry in self._inventory().host if entry.name == host_name), "")

    async def triggers(self, query: TriggersQuery) -> TriggerPage:
        return await self._store.triggers(self._site, query)

    async def status(self, _: Empty) -> FleetStatus:
        """The fleet at a glance. A host is as ill as its worst live incident; how one is that never reported is not
        known."""
        now = self._clock.monotonic()
        if self._status is None or now - self._status[0] >= STATUS_AGE_S:
            self._status = now, await self._count()
        return self._status[1]

    async def live_incidents(self) -> list[Incident]:
        """All incidents that are not resolved."""
        found: list[Incident] = []
        cursor: str | None = None
        for _ in range(MAX_PAGES):
            query = IncidentsQuery(states=LIVE, limit=MAX_PAGE, cursor=cursor)
            page = await self._store.incidents(self._site, query)
            found += page.items
            cursor = page.next
            if cursor is None:
                break
        return found

    async def _count(self) -> FleetStatus:
        reported = {row.entity.partition(":")[2] for row in await self._store.hosts(self._site)}
        names = reported | {entry.name for entry in self._inventory().host}
        live = await self.live_incidents()
        by_host = _by_host(live)
        critical = {n for n in names if any(i.severity is Severity.CRITICAL for i in by_host.get(n, []))}
        warning = {n for n in names if n in by_host} - critical
        return FleetStatus(
            hosts=len(names),
            healthy=len(reported - critical - warning),
            warning=len(warning),
            critical=len(critical),
            open_incidents=len(live),
            log_rows=await self._store.count_logs(self._site),
            triggers_24h=await self._triggers_of_a_day(),
        )

    async def _triggers_of_a_day(self) -> int:
        total, cursor, since = 0, None, self._clock.now() - timedelta(days=1)
        for _ in range(MAX_PAGES):
            query = TriggersQuery(since=since, limit=MAX_PAGE, cursor=cursor)
            page = await self._store.triggers(self._site, query)
            total, cursor = total + len(page.items), page.next
            if cursor is None:
                break
        return total


def _by_host(incidents: list[Incident]) -> dict[str, list[Incident]]:
    found: dict[str, list[Incident]] = {}
    for incident in incidents:
        for name in incident.hosts:
            found.setdefault(name, []).append(incident)
    return found


def _address(address: str, port: int) -> str:
    return address if port == IPMI_PORT else f"{address}:{port}"


def _listed_bmcs(inventory: Inventory) -> set[str]:
    return {entry.bmc for entry in inventory.host if entry.bmc} | {entry.name for entry in inventory.bmc}


def _bmc(name: str, row: HostRow | None, address: str, host_name: str) -> BmcSummary:
    observed = row.observed if row else None
    return BmcSummary(
        name=name,
        entity=bmc(name),
        host=host_name,
        address=address,
        last_seen=row.last_seen if row else None,
        facts=observed.facts if observed else {},
        sources=observed.sources if observed else [],
    )


def _summary(name: str, row: HostRow | None, incidents: list[Incident]) -> HostSummary:
    health, reasons = host_health(incidents)
    observed = row.observed if row else None
    return HostSummary(
        name=name,
        entity=host(name),
        health=health,
        health_reasons=reasons,
        open_incidents=len(incidents),
        last_seen=row.last_seen if row else None,
        facts=observed.facts if observed else {},
        sources=observed.sources if observed else [],
        latest=row.latest if row else {},
    )
