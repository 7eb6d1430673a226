"""Writes batches of observations into PostgreSQL: one transaction per batch, each row once."""

import math
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from itertools import repeat
from typing import Any

import orjson

from groundcrew.contracts.clock import from_us, to_us
from groundcrew.contracts.envelope import Envelope
from groundcrew.contracts.observations import (
    InventoryObserved,
    LogBatch,
    MetricBatch,
    SelBatch,
    SensorBatch,
    ServiceBatch,
)
from groundcrew.stores.context.latest import Latest, limit, merged, newest_of
from groundcrew.stores.context.partitions import Partitions
from groundcrew.stores.context.portions import C, portions
from groundcrew.stores.context.series_ids import SeriesIds, keys_of
from groundcrew.stores.context.tables import (
    LOG_EVENTS,
    SAMPLES,
    SEL_RECORDS,
    SENSOR_READINGS,
    SERVICE_STATUS,
    TimeTable,
    check_times,
)
from groundcrew.stores.copying import insert_new, insert_staged, pg_time, pg_uuid, storable
from groundcrew.stores.database import Connection, Database
from groundcrew.stores.port import StoreUnavailable


class Recording:
    """The recording half of the context store."""

    _database: Database
    _partitions: Partitions
    _series: SeriesIds

    async def record_logs(self, envelope: Envelope[LogBatch]) -> int:
        parts = await self._portions(LOG_EVENTS, envelope, envelope.data.times)
        return sum([await self._record_logs(part) for part in parts])

    async def _record_logs(self, envelope: Envelope[LogBatch]) -> int:
        batch, rows = envelope.data, _log_rows(envelope)
        async with self._batch(LOG_EVENTS, batch.times) as connection:
            new = await insert_new(connection, LOG_EVENTS.target, rows)
            await _seen(connection, envelope, log_rows=new)
        return new

    async def record_metrics(self, envelope: Envelope[MetricBatch]) -> int:
        parts = await self._portions(SAMPLES, envelope, envelope.data.times)
        return sum([await self._record_metrics(part) for part in parts])

    async def _record_metrics(self, envelope: Envelope[MetricBatch]) -> int:
        batch, site, entity = envelope.data, envelope.site, envelope.entity
        keys = keys_of(batch, site, entity)
        async with self._batch(SAMPLES, batch.times) as connection:
            ids = await self._series.look_up(connection, set(keys))
            new = await insert_new(connection, SAMPLES.target, _sample_rows(site, batch, [ids[key] for key in keys]))
            await _seen(connection, envelope)
            await _update_latest(connection, site, entity, newest_of(batch))
        self._series.remember(ids)
        return new

    async def record_services(self, envelope: Envelope[ServiceBatch]) -> int:
        parts = await self._portions(SERVICE_STATUS, envelope, envelope.data.times)
        return sum([await self._record_services(part) for part in parts])

    async def _record_services(self, envelope: Envelope[ServiceBatch]) -> int:
        batch, rows = envelope.data, _service_rows(envelope)
        async with self._batch(SERVICE_STATUS, batch.times) as connection:
            new = await insert_staged(connection, SERVICE_STATUS.target, rows)
            if new:
                await connection.execute(_NEWEST_SERVICES)
            await _seen(connection, envelope)
        return new

    async def record_sensors(self, envelope: Envelope[SensorBatch]) -> int:
        parts = await self._portions(SENSOR_READINGS, envelope, envelope.data.times)
        return sum([await self._record_sensors(part) for part in parts])

    async def _record_sensors(self, envelope: Envelope[SensorBatch]) -> int:
        batch, rows = envelope.data, _sensor_rows(envelope)
        async with self._batch(SENSOR_READINGS, batch.times) as connection:
            new = await insert_staged(connection, SENSOR_READINGS.target, rows)
            if new:
                await connection.execute(_NEWEST_SENSORS)
                await _limits(connection, envelope)
            await _seen(connection, envelope)
        return new

    async def record_sel(self, envelope: Envelope[SelBatch]) -> int:
        batch, rows = envelope.data, _sel_rows(envelope)
        async with self._batch(None, batch.times) as connection:
            held = await _known(connection, envelope.site, batch.ids)
            rows = [row for row in rows if row[2] not in held]
            new = await insert_new(connection, SEL_RECORDS, rows)
            await _seen(connection, envelope)
        return new

    async def record_inventory(self, envelope: Envelope[InventoryObserved]) -> int:
        document = envelope.data.model_dump_json()
        async with self._batch(None, [to_us(envelope.time)]) as connection:
            await _seen(connection, envelope)
            cursor = await connection.execute(
                "UPDATE entities SET inventory = %s, inventory_at = %s"
                " WHERE site = %s AND entity = %s AND (inventory_at IS NULL OR inventory_at < %s)",
                (document, envelope.time, envelope.site, storable(envelope.entity), envelope.time),
            )
            return cursor.rowcount

    async def _portions(self, table: TimeTable, envelope: Envelope[C], times: list[int]) -> list[Envelope[C]]:
        """On plain PostgreSQL always the whole batch, in one transaction; see `portions`."""
        check_times(times)
        whole = not await self._partitions.is_hypertable(table)
        return [envelope] if whole else portions(table, envelope, times)

    @asynccontextmanager
    async def _batch(self, table: TimeTable | None, times: Sequence[int]) -> AsyncIterator[Connection]:
        check_times(times)
        try:
            if table is not None:
                await self._partitions.ensure(table, times)
            async with self._database.transaction() as connection:
                yield connection
        except StoreUnavailable:
            self._series.forget()
            self._partitions.forget()
            raise


def _log_rows(envelope: Envelope[LogBatch]) -> list[tuple[Any, ...]]:
    batch = envelope.data
    return _once(
        zip(
            repeat(envelope.site), map(pg_time, batch.times), map(pg_uuid, batch.ids),
            repeat(storable(envelope.entity)), repeat(pg_time(to_us(envelope.received_at))),
            (min(max(priority, 0), 7) for priority in batch.priorities),
            map(storable, batch.identifiers), map(storable, batch.units), map(storable, batch.transports),
            map(storable, batch.boot_ids), repeat(storable(envelope.source)), map(storable, batch.positions),
            map(storable, batch.messages), strict=False,
        ),
        lambda row: row[1:3],
    )  # fmt: skip


def _sample_rows(site: str, batch: MetricBatch, ids: list[int]) -> list[tuple[Any, ...]]:
    rows = (
        (site, ids[index], pg_time(time), value)
        for index, time, value in zip(batch.series_index, batch.times, batch.values, strict=True)
        if math.isfinite(value)
    )
    return _once(rows, lambda row: (row[1], row[2]))


def _once(rows: Iterable[tuple[Any, ...]], key: Callable[[tuple[Any, ...]], Any]) -> list[tuple[Any, ...]]:
    """In order of the table's key; of rows with the same key the first, as it would be over two batches."""
    first: dict[Any, tuple[Any, ...]] = {}
    for row in rows:
        first.setdefault(key(row), row)
    return [first[one] for one in sorted(first)]


def _service_rows(envelope: Envelope[ServiceBatch]) -> list[tuple[Any, ...]]:
    batch = envelope.data
    return _once(
        zip(
            repeat(envelope.site), map(pg_time, batch.times), repeat(storable(envelope.entity)),
            map(storable, batch.units), map(storable, batch.load_states), map(storable, batch.active_states),
            map(storable, batch.sub_states), map(storable, batch.results), batch.restarts, strict=False,
        ),
        lambda row: (row[3], row[1]),
    )  # fmt: skip


def _sensor_rows(envelope: Envelope[SensorBatch]) -> list[tuple[Any, ...]]:
    batch = envelope.data
    return _once(
        zip(
            repeat(envelope.site), map(pg_time, batch.times), repeat(storable(envelope.entity)),
            map(storable, batch.sensors), batch.values, map(storable, batch.texts), map(storable, batch.units),
            map(storable, batch.statuses), strict=False,
        ),
        lambda row: (row[3], row[1]),
    )  # fmt: skip


async def _limits(connection: Connection, envelope: Envelope[SensorBatch]) -> None:
    """They hardly ever change, so that hardly ever a row is written. A batch that tells none leaves them."""
    batch = envelope.data
    if not batch.lowers:
        return
    columns = [list(map(storable, batch.sensors)), list(map(from_us, batch.times))]
    columns += [list(map(limit, batch.lowers)), list(map(limit, batch.uppers))]
    await connection.execute(_SENSOR_LIMITS, (*columns, envelope.site, storable(envelope.entity)))


def _sel_rows(envelope: Envelope[SelBatch]) -> list[tuple[Any, ...]]:
    batch = envelope.data
    return _once(
        zip(
            repeat(envelope.site), map(pg_time, batch.times), map(pg_uuid, batch.ids),
            repeat(storable(envelope.entity)), repeat(pg_time(to_us(envelope.received_at))), batch.record_ids,
            map(storable, batch.source_times), map(storable, batch.sensors), map(storable, batch.events),
            batch.asserted, map(storable, batch.texts), batch.uncertainties or repeat(None), strict=False,
        ),
        lambda row: row[1:3],
    )  # fmt: skip


async def _known(connection: Connection, site: str, ids: Sequence[str]) -> set[bytes]:
    """Records that are stored, whatever their time: one that is read once more may get a better one. Batches of one BMC
    come one after another."""
    cursor = await connection.execute(
        "SELECT id FROM sel_records WHERE site = %s AND id = ANY(%s::uuid[])", (site, list(ids))
    )
    return {row[0].bytes for row in await cursor.fetchall()}


async def _seen(connection: Connection, envelope: Envelope[Any], log_rows: int = 0) -> None:
    await connection.execute(_SEEN, (envelope.site, storable(envelope.entity), envelope.time, log_rows))


async def _update_latest(connection: Connection, site: str, entity: str, newest: Latest) -> None:
    """The row is locked by `_seen` already, so that reading and writing it back loses nothing."""
    key = (site, storable(entity))
    cursor = await connection.execute("SELECT latest FROM entities WHERE site = %s AND entity = %s", key)
    row = await cursor.fetchone()
    held: Latest = {name: (time, value) for name, (time, value) in row[0].items()} if row else {}
    finite = {storable(name): pair for name, pair in newest.items() if math.isfinite(pair[1])}
    if (after := merged(held, finite)) != held:
        await connection.execute(
            "UPDATE entities SET latest = %s WHERE site = %s AND entity = %s", (orjson.dumps(after).decode(), *key)
        )


_SEEN = b"""
INSERT INTO entities AS e (site, entity, reported, last_seen, log_rows) VALUES (%s, %s, true, %s, %s)
ON CONFLICT (site, entity) DO UPDATE SET
    reported = true,
    last_seen = CASE WHEN e.reported THEN greatest(e.last_seen, excluded.last_seen) ELSE excluded.last_seen END,
    log_rows = e.log_rows + excluded.log_rows
"""

_NEWEST_SENSORS = b"""
INSERT INTO sensor_latest AS l (site, entity, sensor, time, value, text, unit, status)
SELECT DISTINCT ON (sensor) site, entity, sensor, time, value, text, unit, status
FROM stage_sensor_readings ORDER BY sensor, time DESC
ON CONFLICT (site, entity, sensor) DO UPDATE SET
    time = excluded.time, value = excluded.value, text = excluded.text, unit = excluded.unit, status = excluded.status
WHERE l.time < excluded.time
"""

_SENSOR_LIMITS = b"""
UPDATE sensor_latest AS l SET lower = t.lower, upper = t.upper
FROM (
    SELECT DISTINCT ON (sensor) sensor, time, lower, upper
    FROM unnest(%s::text[], %s::timestamptz[], %s::float8[], %s::float8[]) AS u (sensor, time, lower, upper)
    ORDER BY sensor, time DESC
) AS t
WHERE l.site = %s AND l.entity = %s AND l.sensor = t.sensor AND l.time = t.time
    AND (l.lower IS DISTINCT FROM t.lower OR l.upper IS DISTINCT FROM t.upper)
"""

_NEWEST_SERVICES = b"""
INSERT INTO service_latest AS l (site, entity, unit, time, active_state, sub_state, result, restarts)
SELECT DISTINCT ON (unit) site, entity, unit, time, active_state, sub_state, result, restarts
FROM stage_service_status ORDER BY unit, time DESC
ON CONFLICT (site, entity, unit) DO UPDATE SET
    time = excluded.time, active_state = excluded.active_state, sub_state = excluded.sub_state,
    result = excluded.result, restarts = excluded.restarts
WHERE l.time < excluded.time
"""
