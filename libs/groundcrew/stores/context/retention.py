"""Forgets what is older than the site wants to keep: whole partitions or chunks where there are any, else rows."""

from datetime import datetime, timedelta

from groundcrew.contracts.clock import to_us
from groundcrew.stores.context.partitions import Partitions, partition_name
from groundcrew.stores.context.tables import (
    COMPRESSED,
    LOG_EVENTS,
    ROW_TABLES,
    TIME_TABLES,
    TimeTable,
    check_retention,
)
from groundcrew.stores.database import Connection, Database
from groundcrew.stores.timescale import compress

_DROP_CHUNKS = 64
"""Chunks of one transaction, so that it does not run out of lock memory."""

_DELETE_ROWS = 10_000
"""Rows of one DELETE, so that no statement runs into the time limit."""


class Retention:
    """The housekeeping half of the context store."""

    _database: Database
    _partitions: Partitions

    async def apply_retention(self, now: datetime, keep_days: dict[str, int]) -> dict[str, int]:
        """Rows dropped by table. A partition goes once all of it is too old, so rows stay up to its width longer."""
        check_retention(keep_days)
        dropped = {}
        for table in TIME_TABLES:
            if table.name in keep_days:
                before = table.cutoff(now, keep_days[table.name])
                dropped[table.name] = await self._drop_old(table, before)
                if (newest := _NEWEST.get(table.name)) is not None:
                    await self._delete(newest, "time < %s", before)
        for name, column in ROW_TABLES.items():
            if name in keep_days:
                before = now - timedelta(days=keep_days[name])
                dropped[name] = await self._delete(name, f"{column} < %s", before)
        if "incidents" in keep_days:
            dropped["incidents"] = await self._forget_incidents(now - timedelta(days=keep_days["incidents"]))
        self._partitions.forget()
        await self._partitions.ahead(now)
        await compress(self._database, COMPRESSED)
        return dropped

    async def _drop_old(self, table: TimeTable, before: datetime) -> int:
        if await self._partitions.is_hypertable(table):
            return await self._drop_chunks(table, before)
        last = table.slot(to_us(before))
        dropped = 0
        for slot in sorted(slot for slot in await self._partitions.present(table) if slot < last):
            async with self._database.transaction() as connection:
                dropped += await _drop_partition(connection, table, partition_name(table, slot))
        strays = f"{table.name}_default"
        async with self._database.transaction() as connection:
            await connection.execute(f"LOCK TABLE {strays} IN SHARE ROW EXCLUSIVE MODE".encode())
            dropped += await _uncount(connection, table, strays, before)
            await connection.execute(f"DELETE FROM {strays} WHERE time < %s".encode(), (before,))  # noqa: S608 - our own table
        return dropped

    async def _drop_chunks(self, table: TimeTable, before: datetime) -> int:
        dropped = 0
        while True:
            async with self._database.transaction() as connection:
                cursor = await connection.execute(_OLD_CHUNKS, (table.name, before, _DROP_CHUNKS))
                chunks = await cursor.fetchall()
                if not chunks:
                    return dropped
                for name, _ in chunks:
                    await connection.execute(f"LOCK TABLE {name} IN ACCESS EXCLUSIVE MODE".encode())
                    dropped += await _uncount(connection, table, name)
                newest_end = chunks[-1][1]
                await connection.execute(
                    "SELECT drop_chunks(%s::regclass, older_than => %s::timestamptz)", (table.name, newest_end)
                )

    async def _delete(self, table: str, condition: str, before: datetime) -> int:
        statement = f"DELETE FROM {table} WHERE ctid = ANY(ARRAY(SELECT ctid FROM {table} WHERE {condition} LIMIT %s))"  # noqa: S608 - our own tables
        dropped = 0
        while (rows := await self._database.execute(statement, (before, _DELETE_ROWS))) > 0:
            dropped += rows
        return dropped

    async def _forget_incidents(self, before: datetime) -> int:
        async with self._database.transaction() as connection:
            cursor = await connection.execute(_FORGET_INCIDENTS, (before,))
            row = await cursor.fetchone()
        return int(row[0]) if row else 0


async def _drop_partition(connection: Connection, table: TimeTable, name: str) -> int:
    await connection.execute(f"LOCK TABLE {name} IN ACCESS EXCLUSIVE MODE".encode())
    rows = await _uncount(connection, table, name)
    await connection.execute(f"DROP TABLE {name}".encode())
    return rows


async def _uncount(connection: Connection, table: TimeTable, part: str, before: datetime | None = None) -> int:
    """Rows of a partition (older than `before`); log lines are taken off their entities' counts on the way."""
    older = "" if before is None else "WHERE time < %(before)s"
    sql = _UNCOUNT_LOGS if table is LOG_EVENTS else "SELECT count(*) FROM {part} {older}"
    cursor = await connection.execute(sql.format(part=part, older=older).encode(), {"before": before})
    row = await cursor.fetchone()
    return int(row[0]) if row else 0


_NEWEST = {"service_status": "service_latest", "sensor_readings": "sensor_latest"}
"""Tables that hold the newest row of each series of another."""

_UNCOUNT_LOGS = """
WITH gone AS (SELECT site, entity, count(*) AS n FROM {part} {older} GROUP BY site, entity),
taken AS (
    UPDATE entities SET log_rows = log_rows - gone.n FROM gone
    WHERE entities.site = gone.site AND entities.entity = gone.entity
)
SELECT coalesce(sum(n), 0) FROM gone
"""

_OLD_CHUNKS = b"""
SELECT format('%%I.%%I', chunk_schema, chunk_name), range_end FROM timescaledb_information.chunks
WHERE hypertable_schema = 'context' AND hypertable_name = %s AND range_end <= %s ORDER BY range_end LIMIT %s
"""

_FORGET_INCIDENTS = b"""
WITH gone AS (DELETE FROM incidents WHERE state = 'resolved' AND resolved_at < %s RETURNING site, id),
     e AS (DELETE FROM evidence USING gone WHERE evidence.site = gone.site AND incident_id = gone.id),
     r AS (DELETE FROM incident_revisions h USING gone WHERE h.site = gone.site AND incident_id = gone.id)
SELECT count(*) FROM gone
"""
