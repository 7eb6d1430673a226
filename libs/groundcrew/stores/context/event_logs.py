"""Event logs of BMCs as such, on PostgreSQL: how each is, what became of it, the jobs that read it."""

from datetime import UTC, datetime

from groundcrew.contracts.clock import from_us
from groundcrew.contracts.envelope import Envelope
from groundcrew.contracts.event_logs import EventLogBatch, LogChange, SyncChanged, SyncJob, SyncState
from groundcrew.contracts.queries import EventLogEvent, EventLogState, SyncsQuery
from groundcrew.stores.context.tables import check_times
from groundcrew.stores.copying import storable
from groundcrew.stores.database import Database

MAX_CHANGES = 50
"""Changes of a BMC's logs that are told, the newest."""

MAX_LOGS = 64

UNDER_WAY = frozenset({SyncState.QUEUED, SyncState.RUNNING})


class EventLogs:
    """The part of the context store that knows event logs."""

    _database: Database

    async def record_event_logs(self, envelope: Envelope[EventLogBatch]) -> int:
        """Rows that were new: changes, and logs that are otherwise than before."""
        batch, site, entity = envelope.data, envelope.site, storable(envelope.entity)
        check_times(batch.times)
        new = 0
        async with self._database.transaction() as connection:
            for state in states_of(batch):
                row = state.model_dump() | {"when_full": state.when_full.value, "site": site, "entity": entity}
                new += (await connection.execute(_STATE, row)).rowcount
            for change in changes_of(batch):
                row = change.model_dump() | {"change": change.change.value, "site": site, "entity": entity}
                new += (await connection.execute(_CHANGE, row)).rowcount
        return new

    async def record_sync(self, envelope: Envelope[SyncChanged]) -> int:
        job = envelope.data.job
        return await self._database.execute(
            _SYNC,
            {
                "site": envelope.site,
                "entity": storable(envelope.entity),
                "updated_at": job.updated_at,
                "under_way": job.state in UNDER_WAY,
                "document": storable(job.model_dump_json()),
            },
        )

    async def event_logs(self, site: str, entity: str) -> list[EventLogState]:
        rows = await self._database.fetch(
            "SELECT log, time, generation, entries, capacity, when_full, overflow FROM event_logs"
            ' WHERE site = %s AND entity = %s ORDER BY log COLLATE "C" LIMIT %s',
            (site, storable(entity), MAX_LOGS),
        )
        return [
            EventLogState(
                log=row[0], time=_utc(row[1]), generation=row[2], entries=row[3], capacity=row[4], when_full=row[5],
                overflow=row[6],
            )
            for row in rows
        ]  # fmt: skip

    async def event_log_changes(self, site: str, entity: str) -> list[EventLogEvent]:
        rows = await self._database.fetch(
            "SELECT id, log, time, generation, entries, change, detail FROM event_log_changes"
            " WHERE site = %s AND entity = %s ORDER BY time DESC, id DESC LIMIT %s",
            (site, storable(entity), MAX_CHANGES),
        )
        return [
            EventLogEvent(
                id=row[0].hex, log=row[1], time=_utc(row[2]), generation=row[3], entries=row[4], change=row[5],
                detail=row[6],
            )
            for row in rows
        ]  # fmt: skip

    async def syncs(self, site: str, entity: str | None, query: SyncsQuery) -> list[SyncJob]:
        rows = await self._database.fetch(
            "SELECT document::text FROM event_log_syncs WHERE site = %(site)s"
            " AND (%(entity)s::text IS NULL OR entity = %(entity)s)"
            ' ORDER BY under_way DESC, updated_at DESC, entity COLLATE "C" LIMIT %(limit)s',
            {"site": site, "entity": None if entity is None else storable(entity), "limit": query.limit},
        )
        return [SyncJob.model_validate_json(document) for (document,) in rows]


def states_of(batch: EventLogBatch) -> list[EventLogState]:
    """How each log of the batch is: of several rows of one log the last."""
    found = {
        storable(log): EventLogState(
            log=storable(log),
            time=from_us(batch.times[row]),
            generation=batch.generations[row],
            entries=batch.entries[row],
            capacity=batch.capacities[row],
            when_full=batch.when_full[row],
            overflow=batch.overflows[row],
        )
        for row, log in enumerate(batch.logs)
    }
    return [found[log] for log in sorted(found)]


def changes_of(batch: EventLogBatch) -> list[EventLogEvent]:
    """What became of logs, each once."""
    found: dict[str, EventLogEvent] = {}
    for row, change in enumerate(batch.changes):
        if change is not LogChange.NONE:
            event = EventLogEvent(
                id=batch.ids[row],
                log=storable(batch.logs[row]),
                time=from_us(batch.times[row]),
                generation=batch.generations[row],
                entries=batch.entries[row],
                change=change,
                detail=storable(batch.details[row]),
            )
            found.setdefault(event.id, event)
    return list(found.values())


def _utc(time: datetime) -> datetime:
    return time.astimezone(UTC)


_STATE = """
INSERT INTO event_logs AS l (site, entity, log, time, generation, entries, capacity, when_full, overflow)
VALUES (%(site)s, %(entity)s, %(log)s, %(time)s, %(generation)s, %(entries)s, %(capacity)s, %(when_full)s, %(overflow)s)
ON CONFLICT (site, entity, log) DO UPDATE SET
    time = excluded.time, generation = excluded.generation, entries = excluded.entries, capacity = excluded.capacity,
    when_full = excluded.when_full, overflow = excluded.overflow
WHERE l.time < excluded.time
"""

_CHANGE = """
INSERT INTO event_log_changes (site, time, id, entity, log, generation, entries, change, detail)
VALUES (%(site)s, %(time)s, %(id)s, %(entity)s, %(log)s, %(generation)s, %(entries)s, %(change)s, %(detail)s)
ON CONFLICT DO NOTHING
"""

_SYNC = """
INSERT INTO event_log_syncs AS s (site, entity, updated_at, under_way, document)
VALUES (%(site)s, %(entity)s, %(updated_at)s, %(under_way)s, %(document)s)
ON CONFLICT (site, entity) DO UPDATE SET
    updated_at = excluded.updated_at, under_way = excluded.under_way, document = excluded.document
WHERE s.updated_at <= excluded.updated_at
"""
