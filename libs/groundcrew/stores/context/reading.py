"""Answers questions from PostgreSQL. Every list is bounded and in an order that stays."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from groundcrew.contracts.clock import from_us, to_us
from groundcrew.contracts.identity import host, name_of
from groundcrew.contracts.incidents import Evidence, Finding, Incident
from groundcrew.contracts.observations import InventoryObserved
from groundcrew.contracts.queries import (
    HistoryEntry,
    IncidentPage,
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
    ServiceState,
    TriggerPage,
    TriggersQuery,
    TriggerSummary,
)
from groundcrew.stores.context.latest import EntitySeen, labels_text, values_of
from groundcrew.stores.context.port import MAX_HISTORY, MAX_SENSORS, MAX_UNITS, SENSOR_GONE, UNIT_GONE
from groundcrew.stores.context.series_ids import read_labels
from groundcrew.stores.context.trend import MAX_SERIES, bucket_seconds
from groundcrew.stores.copying import storable
from groundcrew.stores.database import Database, Row
from groundcrew.stores.paging import cut_page, read_cursor


class Conditions:
    """A WHERE clause that grows. Values travel as parameters, never in the text."""

    def __init__(self, site: str) -> None:
        self._terms = ["site = %s"]
        self.parameters: list[Any] = [site]

    def add(self, term: str, *values: Any) -> None:
        self._terms.append(term)
        self.parameters += values

    def between(self, since: datetime | None, until: datetime | None) -> None:
        if since is not None:
            self.add("time >= %s", since)
        if until is not None:
            self.add("time < %s", until)

    def before(self, cursor: str | None, column: str = "time") -> None:
        """Only rows behind the cursor, in an order of newest first."""
        if (key := read_cursor(cursor)) is not None:
            self.add(f"({column}, id) < (%s, %s)", from_us(key[0]), UUID(key[1]))

    def __str__(self) -> str:
        return " AND ".join(self._terms)


class Reading:
    """The reading half of the context store."""

    _database: Database

    async def incidents(self, site: str, query: IncidentsQuery) -> IncidentPage:
        where = Conditions(site)
        if query.states:
            where.add("state = ANY(%s)", [state.value for state in query.states])
        if query.host is not None:
            where.add("%s = ANY(hosts)", storable(query.host))
        if query.severity is not None:
            where.add("severity = %s", query.severity.value)
        if query.since is not None:
            where.add("last_seen >= %s", query.since)
        where.before(query.cursor, "opened_at")
        rows = await self._database.fetch(
            f"SELECT document::text FROM incidents WHERE {where} ORDER BY opened_at DESC, id DESC LIMIT %s",  # noqa: S608 - see Conditions
            [*where.parameters, query.limit + 1],
        )
        found = [Incident.model_validate_json(document) for (document,) in rows]
        items, after = cut_page(found, query.limit, lambda one: (to_us(one.opened_at), one.id), incident_size)
        return IncidentPage(items=items, next=after)

    async def incident(self, site: str, incident_id: str) -> Incident | None:
        rows = await self._database.fetch(
            "SELECT document::text FROM incidents WHERE site = %s AND id = %s", (site, UUID(incident_id))
        )
        return Incident.model_validate_json(rows[0][0]) if rows else None

    async def evidence(self, site: str, incident_id: str, limit: int = 500) -> list[Evidence]:
        rows = await self._database.fetch(
            "SELECT document::text FROM evidence WHERE site = %s AND incident_id = %s"
            " ORDER BY time DESC, id DESC LIMIT %s",
            (site, UUID(incident_id), limit),
        )
        return [Evidence.model_validate_json(document) for (document,) in reversed(rows)]

    async def history(self, site: str, incident_id: str) -> list[HistoryEntry]:
        rows = await self._database.fetch(
            "SELECT revision, time, actor, change FROM incident_revisions"
            " WHERE site = %s AND incident_id = %s ORDER BY revision DESC LIMIT %s",
            (site, UUID(incident_id), MAX_HISTORY),
        )
        return [HistoryEntry(revision=row[0], time=_utc(row[1]), actor=row[2], change=row[3]) for row in reversed(rows)]

    async def findings(self, site: str, incident_id: str | None, limit: int = 100) -> list[Finding]:
        where = Conditions(site)
        if incident_id is not None:
            where.add("incident_id = %s", UUID(incident_id))
        rows = await self._database.fetch(
            f"SELECT document::text FROM findings WHERE {where} ORDER BY time DESC, id DESC LIMIT %s",  # noqa: S608 - see Conditions
            [*where.parameters, limit],
        )
        return [Finding.model_validate_json(document) for (document,) in rows]

    async def hosts(self, site: str) -> Sequence[EntitySeen]:
        return await self._entities(site, "host:%")

    async def bmcs(self, site: str) -> Sequence[EntitySeen]:
        return await self._entities(site, "bmc:%")

    async def _entities(self, site: str, like: str) -> list[EntitySeen]:
        rows = await self._database.fetch(
            "SELECT entity, last_seen, inventory::text, latest FROM entities"
            ' WHERE site = %s AND entity LIKE %s ORDER BY entity COLLATE "C"',
            (site, like),
        )
        return [_entity_seen(row) for row in rows]

    async def sensors(self, site: str, entity: str) -> list[SensorReading]:
        rows = await self._database.fetch(
            "SELECT time, sensor, value, text, unit, status, lower, upper FROM sensor_latest"
            " WHERE site = %(site)s AND entity = %(entity)s AND time > ("
            " SELECT max(time) FROM sensor_latest WHERE site = %(site)s AND entity = %(entity)s) - %(gone)s"
            ' ORDER BY sensor COLLATE "C" LIMIT %(limit)s',
            {"site": site, "entity": storable(entity), "gone": SENSOR_GONE, "limit": MAX_SENSORS},
        )
        return [
            SensorReading(
                time=_utc(row[0]),
                bmc=name_of(entity),
                sensor=row[1],
                value=row[2],
                text=row[3],
                unit=row[4],
                status=row[5],
                lower=row[6],
                upper=row[7],
            )
            for row in rows
        ]

    async def sensor_history(self, site: str, entity: str, query: SensorHistoryQuery) -> MetricsReply:
        span = {"site": site, "entity": storable(entity), "since": query.since, "until": query.until}
        named = await self._database.fetch(
            "SELECT sensor FROM sensor_readings WHERE site = %(site)s AND entity = %(entity)s"
            " AND time >= %(since)s AND time < %(until)s AND value IS NOT NULL"
            ' GROUP BY sensor ORDER BY sensor COLLATE "C" LIMIT %(limit)s',
            span | {"limit": MAX_SERIES},
        )
        sensors = [row[0] for row in named]
        rows = await self._database.fetch(
            _SENSOR_BUCKETS, span | {"sensors": sensors, "step": bucket_seconds(query, len(sensors))}
        )
        return MetricsReply(series=[_points(labels_text({"sensor": row[0]}), row[1], row[2:]) for row in rows])

    async def sel(self, site: str, entity: str, query: SelQuery) -> SelPage:
        where = Conditions(site)
        where.add("entity = %s", storable(entity))
        where.between(query.since, query.until)
        if query.contains is not None:
            where.add('strpos(lower(text COLLATE "C"), lower(%s::text COLLATE "C")) > 0', storable(query.contains))
        where.before(query.cursor)
        rows = await self._database.fetch(
            "SELECT id, record_id, time, source_time, sensor, event, asserted, text, uncertainty_s FROM sel_records"  # noqa: S608 - see Conditions
            f" WHERE {where} ORDER BY time DESC, id DESC LIMIT %s",
            [*where.parameters, query.limit + 1],
        )
        entries = [_sel_entry(entity, row) for row in rows]
        items, after = cut_page(entries, query.limit, sel_key, sel_size)
        return SelPage(items=items, next=after)

    async def logs(self, site: str, query: LogsQuery) -> LogPage:
        where = Conditions(site)
        if query.host is not None:
            where.add("entity = %s", storable(host(query.host)))
        where.between(query.since, query.until)
        if query.contains is not None:
            where.add('strpos(lower(message COLLATE "C"), lower(%s::text COLLATE "C")) > 0', storable(query.contains))
        if query.max_priority < 7:
            where.add("priority <= %s", query.max_priority)
        if query.unit is not None:
            where.add("unit = %s", storable(query.unit))
        where.before(query.cursor)
        rows = await self._database.fetch(
            "SELECT id, time, entity, priority, identifier, unit, message, source, position"  # noqa: S608 - see Conditions
            f" FROM log_events WHERE {where} ORDER BY time DESC, id DESC LIMIT %s",
            [*where.parameters, query.limit + 1],
        )
        items, after = cut_page([_log_line(row) for row in rows], query.limit, log_key, log_size)
        return LogPage(items=items, next=after)

    async def count_logs(self, site: str) -> int:
        rows = await self._database.fetch(
            "SELECT coalesce(sum(log_rows), 0)::bigint FROM entities WHERE site = %s", (site,)
        )
        return int(rows[0][0])

    async def metrics(self, site: str, query: MetricsQuery) -> MetricsReply:
        series = await self._database.fetch(
            "SELECT id, labels, unit FROM series WHERE site = %s AND entity = %s AND name = %s"
            ' ORDER BY labels COLLATE "C", unit COLLATE "C" LIMIT %s',
            (site, storable(host(query.host)), storable(query.name), MAX_SERIES),
        )
        rows = await self._database.fetch(
            _BUCKETS,
            {
                "ids": [row[0] for row in series],
                "since": query.since,
                "until": query.until,
                "step": bucket_seconds(query, len(series)),
            },
        )
        points = {row[0]: row[1:] for row in rows}
        return MetricsReply(
            series=[_points(labels, unit, points[key]) for key, labels, unit in series if key in points]
        )

    async def services(self, site: str, entity: str) -> list[ServiceState]:
        rows = await self._database.fetch(
            "SELECT time, unit, active_state, sub_state, result, restarts FROM service_latest"
            " WHERE site = %(site)s AND entity = %(entity)s AND time > ("
            " SELECT max(time) FROM service_latest WHERE site = %(site)s AND entity = %(entity)s) - %(gone)s"
            ' ORDER BY unit COLLATE "C" LIMIT %(limit)s',
            {"site": site, "entity": storable(entity), "gone": UNIT_GONE, "limit": MAX_UNITS},
        )
        return [
            ServiceState(
                time=_utc(row[0]), unit=row[1], active_state=row[2], sub_state=row[3], result=row[4], restarts=row[5]
            )
            for row in rows
        ]

    async def triggers(self, site: str, query: TriggersQuery) -> TriggerPage:
        where = Conditions(site)
        if query.host is not None:
            where.add("entity = %s", storable(host(query.host)))
        where.between(query.since, query.until)
        where.before(query.cursor)
        rows = await self._database.fetch(
            "SELECT id, time, entity, rule_id, severity, title, component, count, incident_id,"  # noqa: S608 - see Conditions
            " coalesce(document->>'silenced_by', ''), state, coalesce(document->>'component_class', ''),"
            " coalesce(document->'evidence'->0->>'source', 'unknown'), document->'evidence'->0->>'id'"
            " FROM trigger_events"
            f" WHERE {where} ORDER BY time DESC, id DESC LIMIT %s",
            [*where.parameters, query.limit + 1],
        )
        items, after = cut_page([_trigger(row) for row in rows], query.limit, trigger_key, trigger_size)
        return TriggerPage(items=items, next=after)


def log_key(line: LogLine) -> tuple[int, str]:
    return to_us(line.time), line.id


def log_size(line: LogLine) -> int:
    return 400 + len(line.message) + len(line.position)


def sel_key(entry: SelEntry) -> tuple[int, str]:
    return to_us(entry.time), entry.id


def sel_size(entry: SelEntry) -> int:
    return 300 + len(entry.sensor) + len(entry.event) + len(entry.text)


def trigger_key(trigger: TriggerSummary) -> tuple[int, str]:
    return to_us(trigger.time), trigger.id


def trigger_size(trigger: TriggerSummary) -> int:
    return 300 + len(trigger.title)


def incident_size(incident: Incident) -> int:
    """Roughly its bytes as JSON; exact would mean to write it twice."""
    parts = len(incident.symptoms) + len(incident.alternatives) + len(incident.steps)
    return 1_000 + 400 * parts + len(incident.note)


def _utc(time: datetime) -> datetime:
    return time.astimezone(UTC)


def _entity_seen(row: Row) -> EntitySeen:
    observed = None if row[2] is None else InventoryObserved.model_validate_json(row[2])
    return EntitySeen(row[0], _utc(row[1]), observed, values_of(row[3]))


def _log_line(row: Row) -> LogLine:
    return LogLine(
        id=row[0].hex, time=_utc(row[1]), entity=row[2], priority=row[3], identifier=row[4], unit=row[5],
        message=row[6], source=row[7], position=row[8],
    )  # fmt: skip


def _sel_entry(entity: str, row: Row) -> SelEntry:
    return SelEntry(
        id=row[0].hex, bmc=name_of(entity), record_id=row[1], time=_utc(row[2]), source_time=row[3], sensor=row[4],
        event=row[5], asserted=row[6], text=row[7], uncertainty_s=row[8],
    )  # fmt: skip


def _trigger(row: Row) -> TriggerSummary:
    return TriggerSummary(
        id=row[0].hex, time=_utc(row[1]), entity=row[2], rule_id=row[3], severity=row[4], title=row[5],
        component=row[6], count=row[7], incident_id=row[8].hex if row[8] else None, silenced_by=row[9],
        state=row[10], component_class=row[11], source=row[12], observed=row[13],
    )  # fmt: skip


def _points(labels: str, unit: str, row: Row) -> MetricPoints:
    return MetricPoints(
        labels=read_labels(labels), unit=unit, times=[_utc(time) for time in row[0]], averages=row[1], minima=row[2],
        maxima=row[3], slope_per_hour=row[4],
    )  # fmt: skip


_SENSOR_BUCKETS = """
WITH buckets AS (
    SELECT sensor, unit, date_bin(make_interval(secs => %(step)s), time, 'epoch') AS bucket,
           avg(value) AS average, min(value) AS minimum, max(value) AS maximum
    FROM sensor_readings
    WHERE site = %(site)s AND entity = %(entity)s AND sensor = ANY(%(sensors)s)
      AND time >= %(since)s AND time < %(until)s AND value IS NOT NULL
    GROUP BY sensor, unit, bucket
)
SELECT sensor, unit, array_agg(bucket ORDER BY bucket), array_agg(average ORDER BY bucket),
       array_agg(minimum ORDER BY bucket), array_agg(maximum ORDER BY bucket),
       CASE WHEN count(*) >= 3
            THEN regr_slope(average, extract(epoch FROM bucket - %(since)s::timestamptz)::float8 / 3600) END
FROM buckets GROUP BY sensor, unit ORDER BY sensor COLLATE "C", unit COLLATE "C"
"""

_BUCKETS = """
WITH buckets AS (
    SELECT series_id, date_bin(make_interval(secs => %(step)s), time, 'epoch') AS bucket,
           avg(value) AS average, min(value) AS minimum, max(value) AS maximum
    FROM samples
    WHERE series_id = ANY(%(ids)s) AND time >= %(since)s AND time < %(until)s
    GROUP BY series_id, bucket
)
SELECT series_id, array_agg(bucket ORDER BY bucket), array_agg(average ORDER BY bucket),
       array_agg(minimum ORDER BY bucket), array_agg(maximum ORDER BY bucket),
       CASE WHEN count(*) >= 3
            THEN regr_slope(average, extract(epoch FROM bucket - %(since)s::timestamptz)::float8 / 3600) END
FROM buckets GROUP BY series_id
"""
