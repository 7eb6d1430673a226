"""Tools that look: none of them changes anything."""

from datetime import timedelta
from typing import Annotated, Literal

from mcp.server.mcpserver.exceptions import ResourceError, ResourceNotFoundError
from pydantic import AwareDatetime, Field

from groundcrew.contracts.clock import Clock
from groundcrew.contracts.incidents import IncidentState, Severity
from groundcrew.contracts.queries import (
    BmcsQuery,
    Empty,
    Endpoints,
    FleetStatus,
    HostsQuery,
    IncidentQuery,
    IncidentsQuery,
    LogsQuery,
    MetricsQuery,
    SelQuery,
    SensorsQuery,
    ServicesQuery,
    TriggersQuery,
)
from groundcrew.diagnosis.window import harmless
from groundcrew_mcp import parameters as given
from groundcrew_mcp import results as told
from groundcrew_mcp.asking import Asking

BUCKETS = 120
"""Points of one series at most."""

MAX_SERIES = 20
MAX_SERVICES = 200
MAX_SENSORS = 200


LIVE: tuple[given.IncidentStateName, ...] = ("open", "acknowledged", "maintenance", "mitigated")


class Looking:
    """Each method is a tool; its docstring is what the model reads."""

    def __init__(self, asking: Asking, clock: Clock) -> None:
        self._asking = asking
        self._clock = clock

    async def fleet_status(self, site: given.SiteName = None) -> FleetStatus:
        """Counts of the whole fleet: hosts by health, open incidents, stored log lines."""
        return await self._asking.ask(Endpoints.STATUS, Empty(), site)

    async def list_incidents(
        self,
        states: Annotated[tuple[given.IncidentStateName, ...], Field(max_length=5, description="empty: all")] = LIVE,
        host: given.HostFilter = None,
        severity: Annotated[Literal["warning", "critical"] | None, Field(description="only of this severity")] = None,
        since: given.Since = None,
        limit: given.Limit = 20,
        cursor: given.Cursor = None,
        site: given.SiteName = None,
    ) -> told.IncidentList:
        """Incidents, newest first; by default those that are not resolved. Each is one fault: one cause, one part."""
        query = IncidentsQuery(
            states=[IncidentState(name) for name in states],
            host=host,
            severity=Severity(severity) if severity else None,
            since=since,
            limit=limit,
            cursor=cursor,
        )
        page = await self._asking.ask(Endpoints.INCIDENTS, query, site)
        return told.IncidentList(incidents=[told.IncidentBrief.of(one) for one in page.items], next=page.next)

    async def get_incident(
        self,
        incident_id: given.RecordId,
        evidence: Annotated[int, Field(ge=0, le=100, description="cited observations at most, the newest kept")] = 30,
        site: given.SiteName = None,
    ) -> told.IncidentTold:
        """One incident: cause, part, confidence, other hypotheses, steps, evidence with ids, history, findings."""
        detail = await self._asking.ask(Endpoints.INCIDENT, IncidentQuery(id=incident_id), site)
        return told.IncidentTold.from_detail(detail, evidence)

    async def list_hosts(
        self, limit: given.Limit = 50, cursor: given.Cursor = None, site: given.SiteName = None
    ) -> told.HostList:
        """Hosts by name with their health and what is wrong with them."""
        page = await self._asking.ask(Endpoints.HOSTS, HostsQuery(limit=limit, cursor=cursor), site)
        return told.HostList(hosts=[told.HostBrief.of(one) for one in page.items], next=page.next)

    async def get_host(self, host: given.HostName, site: given.SiteName = None) -> told.HostTold:
        """One host: health, facts, sources of its collector, newest value of each metric."""
        page = await self._asking.ask(Endpoints.HOSTS, HostsQuery(limit=1, name=host), site)
        for one in page.items:
            if one.name == host:
                return told.HostTold.from_summary(one)
        raise ResourceNotFoundError(f"there is no host {host[:80]!r}")

    async def search_logs(
        self,
        host: given.HostFilter = None,
        unit: given.UnitFilter = None,
        contains: given.Contains = None,
        max_priority: Annotated[int, Field(ge=0, le=7, description="3: errors and worse, 4: warnings too")] = 7,
        since: given.Since = None,
        until: given.Until = None,
        limit: given.Limit = 50,
        cursor: given.Cursor = None,
        site: given.SiteName = None,
    ) -> told.LogList:
        """Log lines, newest first."""
        query = LogsQuery(
            host=host,
            unit=unit,
            contains=contains,
            max_priority=max_priority,
            since=since,
            until=until,
            limit=limit,
            cursor=cursor,
        )
        page = await self._asking.ask(Endpoints.LOGS, query, site)
        return told.LogList(lines=[told.LogTold.of(one) for one in page.items], next=page.next)

    async def get_metrics(
        self,
        host: given.HostName,
        name: given.MetricName,
        minutes: Annotated[int, Field(ge=1, le=43_200, description="length of the range")] = 60,
        until: Annotated[AwareDatetime | None, Field(description="end of the range; absent: now")] = None,
        site: given.SiteName = None,
    ) -> told.Metrics:
        """One metric of a host in at most 120 buckets of time, with its trend."""
        end = until or self._clock.now()
        step = max(1, -(-minutes * 60 // BUCKETS))
        try:
            start = end - timedelta(minutes=minutes)
        except OverflowError:
            raise ResourceError("until: a time after the year 1 is expected") from None
        query = MetricsQuery(host=host, name=name, since=start, until=end, step_s=step)
        reply = await self._asking.ask(Endpoints.METRICS, query, site)
        shown = [told.SeriesTold.of(one) for one in reply.series[:MAX_SERIES]]
        left_out = len(reply.series) - len(shown)
        return told.Metrics(host=host, name=name, step_s=step, series=shown, series_left_out=left_out)

    async def list_services(
        self,
        host: given.HostName,
        failed_only: Annotated[bool, Field(description="only units that are failed now")] = False,
        site: given.SiteName = None,
    ) -> told.Services:
        """Newest state of each systemd unit of a host, failed ones first."""
        reply = await self._asking.ask(Endpoints.SERVICES, ServicesQuery(host=host), site)
        failed = [one for one in reply.services if one.active_state == "failed"]
        others = [] if failed_only else [one for one in reply.services if one.active_state != "failed"]
        shown = [*failed, *others][:MAX_SERVICES]
        left_out = len(failed) + len(others) - len(shown)
        return told.Services(host=host, failed=len(failed), services=shown, left_out=left_out)

    async def list_triggers(
        self,
        host: given.HostFilter = None,
        since: given.Since = None,
        until: given.Until = None,
        limit: given.Limit = 50,
        cursor: given.Cursor = None,
        site: given.SiteName = None,
    ) -> told.TriggerList:
        """Rules that fired, newest first, with the incident that each belongs to."""
        query = TriggersQuery(host=host, since=since, until=until, limit=limit, cursor=cursor)
        page = await self._asking.ask(Endpoints.TRIGGERS, query, site)
        shown = [one.model_copy(update={"title": harmless(one.title)}) for one in page.items]
        return told.TriggerList(triggers=shown, next=page.next)

    async def list_bmcs(
        self, limit: given.Limit = 50, cursor: given.Cursor = None, site: given.SiteName = None
    ) -> told.BmcList:
        """BMCs by name: host, power, firmware, and how its collector gets on with it."""
        page = await self._asking.ask(Endpoints.BMCS, BmcsQuery(limit=limit, cursor=cursor), site)
        return told.BmcList(bmcs=[told.BmcTold.of(one) for one in page.items], next=page.next)

    async def get_sensors(
        self, host: given.HostFilter = None, bmc: given.BmcFilter = None, site: given.SiteName = None
    ) -> told.Sensors:
        """Newest readings of the sensors of one BMC, or of the BMC of one host; name one of both."""
        _one_of(host, bmc)
        reply = await self._asking.ask(Endpoints.SENSORS, SensorsQuery(host=host, bmc=bmc), site)
        shown = reply.sensors[:MAX_SENSORS]
        return told.Sensors(sensors=shown, left_out=len(reply.sensors) - len(shown))

    async def get_event_log(
        self,
        host: given.HostFilter = None,
        bmc: given.BmcFilter = None,
        contains: given.Contains = None,
        since: given.Since = None,
        until: given.Until = None,
        limit: given.Limit = 50,
        cursor: given.Cursor = None,
        site: given.SiteName = None,
    ) -> told.EventLog:
        """Event-log records (SEL) of one BMC, or of the BMC of one host, newest first; name one of both."""
        _one_of(host, bmc)
        query = SelQuery(host=host, bmc=bmc, contains=contains, since=since, until=until, limit=limit, cursor=cursor)
        page = await self._asking.ask(Endpoints.SEL, query, site)
        return told.EventLog(records=[told.SelTold.of(one) for one in page.items], next=page.next)


def _one_of(host: str | None, bmc: str | None) -> None:
    if (host is None) == (bmc is None):
        raise ResourceError("name either a host or a bmc")
