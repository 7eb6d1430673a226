"""The context store in memory: for replay and tests. Same answers as PostgreSQL, in the same order, on every run."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from itertools import islice

from groundcrew.contracts.clock import from_us, to_us
from groundcrew.contracts.envelope import Envelope
from groundcrew.contracts.event_logs import EventLogBatch, SyncChanged, SyncJob
from groundcrew.contracts.identity import host, kind_of, name_of
from groundcrew.contracts.incidents import Evidence, Finding, Incident, TriggerRaised
from groundcrew.contracts.observations import (
    InventoryObserved,
    LogBatch,
    MetricBatch,
    SelBatch,
    SensorBatch,
    ServiceBatch,
)
from groundcrew.contracts.queries import (
    EventLogEvent,
    EventLogState,
    HistoryEntry,
    IncidentPage,
    IncidentsQuery,
    LogLine,
    LogPage,
    LogsQuery,
    MetricPoints,
    MetricsQuery,
    MetricsReply,
    SelPage,
    SelQuery,
    SensorHistoryQuery,
    SensorReading,
    ServiceState,
    SyncsQuery,
    TriggerPage,
    TriggersQuery,
)
from groundcrew.stores.context.latest import EntitySeen, labels_text, values_of
from groundcrew.stores.context.memory_fusion import MemoryFusionTransaction
from groundcrew.stores.context.memory_rows import Timeline
from groundcrew.stores.context.memory_site import MemorySite
from groundcrew.stores.context.port import MAX_HISTORY, MAX_SENSORS, MAX_UNITS, SENSOR_GONE, UNIT_GONE
from groundcrew.stores.context.reading import (
    incident_size,
    log_key,
    log_size,
    sel_key,
    sel_size,
    trigger_key,
    trigger_size,
)
from groundcrew.stores.context.series_ids import read_labels
from groundcrew.stores.context.tables import LOG_EVENTS, SAMPLES, SENSOR_READINGS, SERVICE_STATUS, check_retention
from groundcrew.stores.context.trend import MAX_SERIES, Buckets, bucket_seconds, bucketed, slope_per_hour
from groundcrew.stores.copying import storable
from groundcrew.stores.memory_outbox import MemoryOutbox
from groundcrew.stores.paging import cut_page, read_cursor


class MemoryContextStore:
    """See `port.ContextStore`."""

    def __init__(self) -> None:
        self._sites: defaultdict[str, MemorySite] = defaultdict(MemorySite)
        self._fusing: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._outbox = MemoryOutbox()

    async def record_logs(self, envelope: Envelope[LogBatch]) -> int:
        return self._sites[envelope.site].record_logs(envelope)

    async def record_metrics(self, envelope: Envelope[MetricBatch]) -> int:
        return self._sites[envelope.site].record_metrics(envelope)

    async def record_services(self, envelope: Envelope[ServiceBatch]) -> int:
        return self._sites[envelope.site].record_services(envelope)

    async def record_sensors(self, envelope: Envelope[SensorBatch]) -> int:
        return self._sites[envelope.site].record_sensors(envelope)

    async def record_sel(self, envelope: Envelope[SelBatch]) -> int:
        return self._sites[envelope.site].record_sel(envelope)

    async def record_inventory(self, envelope: Envelope[InventoryObserved]) -> int:
        return self._sites[envelope.site].record_inventory(envelope)

    async def record_event_logs(self, envelope: Envelope[EventLogBatch]) -> int:
        return self._sites[envelope.site].event_logs.record(envelope)

    async def record_sync(self, envelope: Envelope[SyncChanged]) -> int:
        return self._sites[envelope.site].event_logs.record_sync(envelope)

    async def event_logs(self, site: str, entity: str) -> list[EventLogState]:
        return self._sites[site].event_logs.states(entity)

    async def event_log_changes(self, site: str, entity: str) -> list[EventLogEvent]:
        return self._sites[site].event_logs.changes(entity)

    async def syncs(self, site: str, entity: str | None, query: SyncsQuery) -> list[SyncJob]:
        return self._sites[site].event_logs.syncs(entity, query)

    @asynccontextmanager
    async def fusion(self, site: str) -> AsyncIterator[MemoryFusionTransaction]:
        async with self._fusing[site]:
            transaction = MemoryFusionTransaction(self._sites[site])
            yield transaction
            transaction.commit()
            self._outbox.put(transaction.payloads)

    @property
    def outbox(self) -> MemoryOutbox:
        return self._outbox

    async def live_incidents(self, site: str) -> list[tuple[Incident, list[Evidence]]]:
        held = self._sites[site]
        live = sorted((held.incidents[key] for key in held.live), key=lambda one: (one.opened_at, one.id))
        return [(one, _pieces(held, one.id)) for one in live]

    async def loose_triggers(
        self, site: str, since: datetime, limit: int
    ) -> list[tuple[Envelope[TriggerRaised], str | None]]:
        return list(islice(self._sites[site].loose.newest_first(to_us(since)), limit))[::-1]

    async def add_findings(self, site: str, time: datetime, findings: Sequence[Finding]) -> None:
        held = self._sites[site]
        for one in findings:
            if one.id not in held.finding_ids:
                held.finding_ids.add(one.id)
                held.findings.add(to_us(time), one.id, one)

    async def incidents(self, site: str, query: IncidentsQuery) -> IncidentPage:
        behind = read_cursor(query.cursor)
        found = sorted(
            (
                ((to_us(one.opened_at), one.id), one)
                for one in self._sites[site].incidents.values()
                if _wanted(one, query)
            ),
            key=lambda pair: pair[0],
            reverse=True,
        )
        rows = [one for key, one in found if behind is None or key < behind]
        items, after = cut_page(rows, query.limit, lambda one: (to_us(one.opened_at), one.id), incident_size)
        return IncidentPage(items=items, next=after)

    async def incident(self, site: str, incident_id: str) -> Incident | None:
        return self._sites[site].incidents.get(incident_id)

    async def evidence(self, site: str, incident_id: str, limit: int = 500) -> list[Evidence]:
        return _pieces(self._sites[site], incident_id)[-limit:]

    async def history(self, site: str, incident_id: str) -> list[HistoryEntry]:
        return self._sites[site].history.get(incident_id, [])[-MAX_HISTORY:]

    async def findings(self, site: str, incident_id: str | None, limit: int = 100) -> list[Finding]:
        newest = self._sites[site].findings.newest_first()
        return list(islice((one for one in newest if incident_id in (None, one.incident_id)), limit))

    async def hosts(self, site: str) -> Sequence[EntitySeen]:
        return self._seen(site, "host")

    async def bmcs(self, site: str) -> Sequence[EntitySeen]:
        return self._seen(site, "bmc")

    def _seen(self, site: str, kind: str) -> list[EntitySeen]:
        entities = self._sites[site].entities
        return [
            EntitySeen(name, entity.last_seen, entity.observed, values_of(entity.latest))
            for name, entity in sorted(entities.items())
            if kind_of(name) == kind and entity.last_seen is not None
        ]

    async def sensors(self, site: str, entity: str) -> list[SensorReading]:
        newest = self._sites[site].newest_sensors.get(entity, {})
        told = max((reading.time for reading in newest.values()), default=None)
        there = [newest[name] for name in sorted(newest) if told and newest[name].time > told - SENSOR_GONE]
        return there[:MAX_SENSORS]

    async def sensor_history(self, site: str, entity: str, query: SensorHistoryQuery) -> MetricsReply:
        series: dict[tuple[str, str], list[tuple[int, float]]] = {}
        for (time, _), one in self._sites[site].sensors.oldest_first(to_us(query.since), to_us(query.until)):
            if one.bmc == name_of(entity) and one.value is not None:
                series.setdefault((one.sensor, one.unit), []).append((time, one.value))
        chosen = sorted(series)[:MAX_SERIES]
        step = bucket_seconds(query, len(chosen))
        return MetricsReply(
            series=[_points(labels_text({"sensor": key[0]}), key[1], bucketed(series[key], step)) for key in chosen]
        )

    async def sel(self, site: str, entity: str, query: SelQuery) -> SelPage:
        records = self._sites[site].sel_by_entity.get(entity, Timeline())
        newest = records.newest_first(_us(query.since), _us(query.until), read_cursor(query.cursor))
        part = None if query.contains is None else storable(query.contains).encode().lower()
        wanted = (one for one in newest if part is None or part in one.text.encode().lower())
        items, after = cut_page(list(islice(wanted, query.limit + 1)), query.limit, sel_key, sel_size)
        return SelPage(items=items, next=after)

    async def logs(self, site: str, query: LogsQuery) -> LogPage:
        held = self._sites[site]
        lines = held.logs if query.host is None else held.logs_by_entity.get(host(query.host), Timeline())
        behind = read_cursor(query.cursor)
        newest = lines.newest_first(_us(query.since), _us(query.until), behind)
        rows = list(islice(filter(_log_filter(query), newest), query.limit + 1))
        items, after = cut_page(rows, query.limit, log_key, log_size)
        return LogPage(items=items, next=after)

    async def count_logs(self, site: str) -> int:
        return len(self._sites[site].logs)

    async def metrics(self, site: str, query: MetricsQuery) -> MetricsReply:
        held = self._sites[site].samples.get((host(query.host), query.name), {})
        series = sorted(held.items())[:MAX_SERIES]
        step = bucket_seconds(query, len(series))
        replies = []
        for (labels, unit), timeline in series:
            samples = ((key[0], value) for key, value in timeline.oldest_first(_us(query.since), _us(query.until)))
            buckets = bucketed(samples, step)
            if buckets.starts:
                replies.append(_points(labels, unit, buckets))
        return MetricsReply(series=replies)

    async def services(self, site: str, entity: str) -> list[ServiceState]:
        newest = self._sites[site].newest_services.get(entity, {})
        told = max((state.time for state in newest.values()), default=None)
        return [newest[unit] for unit in sorted(newest) if told and newest[unit].time > told - UNIT_GONE][:MAX_UNITS]

    async def triggers(self, site: str, query: TriggersQuery) -> TriggerPage:
        behind = read_cursor(query.cursor)
        newest = self._sites[site].triggers.newest_first(_us(query.since), _us(query.until), behind)
        wanted = (one for one in newest if query.host is None or one.entity == host(query.host))
        items, after = cut_page(list(islice(wanted, query.limit + 1)), query.limit, trigger_key, trigger_size)
        return TriggerPage(items=items, next=after)

    async def apply_retention(self, now: datetime, keep_days: dict[str, int]) -> dict[str, int]:
        check_retention(keep_days)
        dropped = dict.fromkeys(keep_days, 0)
        for site in self._sites.values():
            for name, days in keep_days.items():
                dropped[name] += _forget(site, name, now, days)
        return dropped

    async def ping(self) -> None:
        return

    async def close(self) -> None:
        return


def _forget(site: MemorySite, name: str, now: datetime, days: int) -> int:
    before = to_us(now - timedelta(days=days))
    match name:
        case "log_events":
            border = to_us(LOG_EVENTS.cutoff(now, days))
            for timeline in site.logs_by_entity.values():
                timeline.drop_before(border)
            return len(site.logs.drop_before(border))
        case "samples":
            border = to_us(SAMPLES.cutoff(now, days))
            timelines = [line for series in site.samples.values() for line in series.values()]
            return sum(len(line.drop_before(border)) for line in timelines)
        case "service_status":
            cutoff = SERVICE_STATUS.cutoff(now, days)
            for newest in site.newest_services.values():
                for unit in [unit for unit, state in newest.items() if state.time < cutoff]:
                    del newest[unit]
            return len(site.services.drop_before(to_us(cutoff)))
        case "sensor_readings":
            cutoff = SENSOR_READINGS.cutoff(now, days)
            for readings in site.newest_sensors.values():
                for sensor in [sensor for sensor, reading in readings.items() if reading.time < cutoff]:
                    del readings[sensor]
            return len(site.sensors.drop_before(to_us(cutoff)))
        case "sel_records":
            for records in site.sel_by_entity.values():
                records.drop_before(before)
            gone = site.sel.drop_before(before)
            site.sel_ids.difference_update(one.id for one in gone)
            return len(gone)
        case "event_log_changes":
            return site.event_logs.drop_before(before)
        case "trigger_events":
            site.loose.drop_before(before)
            return len(site.triggers.drop_before(before))
        case "findings":
            found = site.findings.drop_before(before)
            site.finding_ids.difference_update(one.id for one in found)
            return len(found)
    return site.forget_incidents(now - timedelta(days=days))


def _us(time: datetime | None) -> int | None:
    return None if time is None else to_us(time)


def _pieces(site: MemorySite, incident_id: str) -> list[Evidence]:
    timeline = site.evidence.get(incident_id)
    return [piece for _, piece in timeline.oldest_first()] if timeline else []


def _wanted(incident: Incident, query: IncidentsQuery) -> bool:
    return (
        (not query.states or incident.state in query.states)
        and (query.host is None or query.host in incident.hosts)
        and (query.severity is None or incident.severity is query.severity)
        and (query.since is None or incident.last_seen >= query.since)
    )


def _log_filter(query: LogsQuery) -> Callable[[LogLine], bool]:
    # bytes.lower() lowers ASCII only, as PostgreSQL does under the collation "C".
    part = None if query.contains is None else storable(query.contains).encode().lower()
    return lambda line: (
        line.priority <= query.max_priority
        and (query.unit is None or line.unit == query.unit)
        and (part is None or part in line.message.encode().lower())
    )


def _points(labels: str, unit: str, buckets: Buckets) -> MetricPoints:
    return MetricPoints(
        labels=read_labels(labels),
        unit=unit,
        times=[from_us(start) for start in buckets.starts],
        averages=buckets.averages,
        minima=buckets.minima,
        maxima=buckets.maxima,
        slope_per_hour=slope_per_hour(buckets.starts, buckets.averages),
    )
