"""Incidents in PostgreSQL: what one trigger event changes is one transaction, and its messages wait in the outbox."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from groundcrew.contracts.clock import to_us
from groundcrew.contracts.envelope import Envelope, ProducedBy, encode, seal
from groundcrew.contracts.identity import host
from groundcrew.contracts.incidents import Evidence, Finding, Incident, TriggerRaised
from groundcrew.stores import outbox
from groundcrew.stores.copying import Target, insert_new, pg_time, pg_uuid, stage, storable
from groundcrew.stores.database import Connection, Database
from groundcrew.stores.outbox import PostgresOutbox
from groundcrew.stores.port import StaleRevision


class PostgresFusionTransaction:
    """See `port.FusionTransaction`. Collects what is to change and writes it by table at the end, so that what many
    trigger events change costs as many statements as what one changes."""

    def __init__(self, connection: Connection, site: str) -> None:
        self._connection = connection
        self._site = site
        self._is_stored: dict[str, bool] = {}
        self._triggers: dict[str, tuple[Envelope[TriggerRaised], str | None]] = {}
        self._incidents: dict[str, list[tuple[Incident, str, str]]] = {}
        self._evidence: dict[tuple[str, str], Evidence | None] = {}
        self._payloads: list[bytes] = []

    async def expect(self, envelopes: Sequence[Envelope[TriggerRaised]]) -> None:
        asked = {one.id: one.time for one in envelopes if one.id not in self._is_stored}
        cursor = await self._connection.execute(
            _STORED, (",".join(str(to_us(when)) for when in asked.values()), ",".join(asked), self._site)
        )
        stored = {row[0].hex for row in await cursor.fetchall()}
        self._is_stored.update((one, one in stored) for one in asked)

    async def add_trigger(self, envelope: Envelope[TriggerRaised], incident_id: str | None) -> bool:
        if envelope.id not in self._is_stored:
            await self.expect([envelope])
        if self._is_stored[envelope.id]:
            return False
        self._is_stored[envelope.id] = True
        self._triggers[envelope.id] = envelope, incident_id
        return True

    async def save_incident(self, incident: Incident, evidence: Sequence[Evidence], *, actor: str, change: str) -> None:
        revisions = self._incidents.setdefault(incident.id, [])
        if revisions:
            newest = revisions[-1][0]
            if newest == incident:
                return
            if newest.revision >= incident.revision:
                raise stale(incident, newest.revision)
        revisions.append((incident, actor, change))
        for one in evidence:
            if self._evidence.get((incident.id, one.id)) is None:  # new, or taken off before
                self._evidence[incident.id, one.id] = one

    async def withdraw_evidence(self, incident_id: str, evidence: Sequence[Evidence]) -> None:
        for one in evidence:
            self._evidence[incident_id, one.id] = None

    async def publish(self, envelope: Envelope[Any]) -> None:
        self._payloads.append(encode(envelope))

    async def write(self) -> None:
        """Everything collected, in the order of each table's key. Raises StaleRevision."""
        if self._triggers:
            await insert_new(self._connection, _TRIGGERS, self._trigger_rows())
        if self._incidents:
            await self._write_incidents()
        await self._write_evidence()
        if self._payloads:
            await outbox.put_all(self._connection, self._site, self._payloads)

    def _trigger_rows(self) -> list[Sequence[Any]]:
        return [
            (
                self._site, pg_time(to_us(one.time)), pg_uuid(one.id), storable(one.entity),
                storable(one.data.rule_id), one.data.state.value, one.data.severity.value, storable(one.data.title),
                storable(one.data.component), one.data.count, None if incident_id is None else pg_uuid(incident_id),
                one.data.model_dump_json(),
            )
            for one, incident_id in sorted(self._triggers.values(), key=lambda pair: (pair[0].time, pair[0].id))
        ]  # fmt: skip

    async def _write_incidents(self) -> None:
        """The newest revision of each as its document, all of them in its history."""
        newest = [self._incidents[key][-1][0] for key in sorted(self._incidents)]
        await stage(self._connection, _INCIDENTS, [_incident_row(self._site, one) for one in newest])
        written = {row[0].hex for row in await (await self._connection.execute(_SAVE_INCIDENTS)).fetchall()}
        for incident in newest:
            if incident.id not in written:
                await self._check_stored(incident)
        revisions = [
            (
                self._site, pg_uuid(one.id), one.revision, pg_time(to_us(one.updated_at)), storable(actor),
                storable(change), one.state.value, storable(one.cause.id), storable(one.cause.component),
                one.cause.confidence,
            )
            for key in sorted(written)
            for one, actor, change in self._incidents[key]
        ]  # fmt: skip
        await insert_new(self._connection, _REVISIONS, revisions)
        named: dict[str, datetime] = {}
        for incident in newest:
            for name in map(host, incident.hosts):
                named[name] = max(incident.last_seen, named.get(name, incident.last_seen))
        names = sorted(named)
        seen = [named[name] for name in names]
        await self._connection.execute(_NAME_HOSTS, (self._site, [storable(name) for name in names], seen))

    async def _check_stored(self, incident: Incident) -> None:
        """Nothing is wrong where exactly this revision is stored already."""
        cursor = await self._connection.execute(
            "SELECT revision, document::text FROM incidents WHERE site = %s AND id = %s",
            (self._site, UUID(incident.id)),
        )
        row = await cursor.fetchone()
        if row != (incident.revision, incident.model_dump_json()):
            raise stale(incident, row[0] if row else 0)

    async def _write_evidence(self) -> None:
        gone = [key for key, one in self._evidence.items() if one is None]
        if gone:
            of = [UUID(incident_id) for incident_id, _ in gone]
            await self._connection.execute(_WITHDRAW, (of, [UUID(one) for _, one in gone], self._site))
        kept = sorted(
            ((incident_id, one) for (incident_id, _), one in self._evidence.items() if one is not None),
            key=lambda pair: (pair[0], pair[1].time, pair[1].id),
        )
        rows = [
            (
                self._site, pg_uuid(incident_id), pg_time(to_us(one.time)), pg_uuid(one.id), storable(one.entity),
                one.source.value, one.model_dump_json(),
            )
            for incident_id, one in kept
        ]  # fmt: skip
        if rows:
            await insert_new(self._connection, _EVIDENCE, rows)


def _incident_row(site: str, one: Incident) -> Sequence[Any]:
    return (
        site, pg_uuid(one.id), one.revision, one.state.value, one.severity.value, storable(one.title),
        [storable(name) for name in one.hosts], storable(one.entity), pg_time(to_us(one.opened_at)),
        pg_time(to_us(one.updated_at)), pg_time(to_us(one.last_seen)),
        None if one.resolved_at is None else pg_time(to_us(one.resolved_at)), storable(one.cause.id),
        storable(one.cause.component_class), storable(one.cause.component), one.cause.confidence,
        one.model_dump_json(),
    )  # fmt: skip


def stale(incident: Incident, stored: int) -> StaleRevision:
    return StaleRevision(f"incident {incident.id}: revision {incident.revision} comes after {stored} was stored")


class Fusing:
    """The fusion half of the context store."""

    _database: Database
    _outbox: PostgresOutbox

    @property
    def outbox(self) -> PostgresOutbox:
        return self._outbox

    @asynccontextmanager
    async def fusion(self, site: str) -> AsyncIterator[PostgresFusionTransaction]:
        """One at a time per site over all processes, so that the outbox' numbers follow the order of commits."""
        async with self._database.transaction() as connection:
            await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (f"fusion of {site}",))
            transaction = PostgresFusionTransaction(connection, site)
            yield transaction
            await transaction.write()

    async def live_incidents(self, site: str) -> list[tuple[Incident, list[Evidence]]]:
        async with self._database.transaction() as connection:
            await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            cursor = await connection.execute(_LIVE, (site,))
            live: dict[UUID, tuple[Incident, list[Evidence]]] = {
                key: (Incident.model_validate_json(document), []) for key, document in await cursor.fetchall()
            }
            cursor = await connection.execute(_LIVE_EVIDENCE, (site, list(live)))
            for key, document in await cursor.fetchall():
                live[key][1].append(Evidence.model_validate_json(document))
        return list(live.values())

    async def loose_triggers(
        self, site: str, since: datetime, limit: int
    ) -> list[tuple[Envelope[TriggerRaised], str | None]]:
        rows = await self._database.fetch(_LOOSE, (site, since, limit))
        return [
            (loose(TriggerRaised.model_validate_json(row[3]), row[0].hex, site, row[2], row[1].astimezone(UTC)), to)
            for row in reversed(rows)
            for to in [row[4].hex if row[4] else None]
        ]

    async def add_findings(self, site: str, time: datetime, findings: Sequence[Finding]) -> None:
        async with self._database.transaction() as connection:
            await connection.cursor().executemany(
                _ADD_FINDING,
                [
                    (site, UUID(one.id), time, _uuid(one.incident_id), storable(one.entity), storable(one.kind),
                     one.severity.value, storable(one.text), one.model_dump_json())
                    for one in sorted(findings, key=lambda finding: finding.id)
                ],
            )  # fmt: skip


def loose(data: TriggerRaised, key: str, site: str, entity: str, time: datetime) -> Envelope[TriggerRaised]:
    """A stored trigger event as a message again."""
    return seal(
        data,
        id=key,
        site=site,
        entity=entity,
        time=time,
        received_at=time,
        source="store",
        position=key,
        produced_by=ProducedBy(service="context", version="0"),
    )


def _uuid(identity: str | None) -> UUID | None:
    return None if identity is None else UUID(identity)


_TRIGGERS = Target(
    "trigger_events",
    (
        ("site", "text"), ("time", "timestamptz"), ("id", "uuid"), ("entity", "text"), ("rule_id", "text"),
        ("state", "text"), ("severity", "text"), ("title", "text"), ("component", "text"), ("count", "bigint"),
        ("incident_id", "uuid"), ("document", "json"),
    ),
)  # fmt: skip
_INCIDENTS = Target(
    "incidents",
    (
        ("site", "text"), ("id", "uuid"), ("revision", "integer"), ("state", "text"), ("severity", "text"),
        ("title", "text"), ("hosts", "text[]"), ("entity", "text"), ("opened_at", "timestamptz"),
        ("updated_at", "timestamptz"), ("last_seen", "timestamptz"), ("resolved_at", "timestamptz"), ("cause", "text"),
        ("component_class", "text"), ("component", "text"), ("confidence", "float8"), ("document", "json"),
    ),
)  # fmt: skip
_REVISIONS = Target(
    "incident_revisions",
    (
        ("site", "text"), ("incident_id", "uuid"), ("revision", "integer"), ("time", "timestamptz"),
        ("actor", "text"), ("change", "text"), ("state", "text"), ("cause", "text"), ("component", "text"),
        ("confidence", "float8"),
    ),
)  # fmt: skip
_EVIDENCE = Target(
    "evidence",
    (
        ("site", "text"), ("incident_id", "uuid"), ("time", "timestamptz"), ("id", "uuid"), ("entity", "text"),
        ("source", "text"), ("document", "json"),
    ),
)  # fmt: skip

# LATERAL, so that no plan made while the table was small reads all of it later.
_STORED = b"""
SELECT found.id FROM unnest(string_to_array(%s, ',')::bigint[], string_to_array(%s, ',')::uuid[]) AS asked (us, id),
LATERAL (
    SELECT e.id FROM trigger_events e
    WHERE e.site = %s AND e.time = timestamptz 'epoch' + asked.us * interval '1 microsecond' AND e.id = asked.id LIMIT 1
) found
"""
_SAVE_INCIDENTS = b"""
INSERT INTO incidents AS i SELECT * FROM stage_incidents
ON CONFLICT (site, id) DO UPDATE SET
    revision = excluded.revision, state = excluded.state, severity = excluded.severity, title = excluded.title,
    hosts = excluded.hosts, entity = excluded.entity, updated_at = excluded.updated_at,
    last_seen = excluded.last_seen, resolved_at = excluded.resolved_at, cause = excluded.cause,
    component_class = excluded.component_class, component = excluded.component, confidence = excluded.confidence,
    document = excluded.document
WHERE i.revision < excluded.revision
RETURNING i.id
"""
_WITHDRAW = b"""
DELETE FROM evidence e USING unnest(%s::uuid[], %s::uuid[]) AS gone (incident_id, id)
WHERE e.site = %s AND e.incident_id = gone.incident_id AND e.id = gone.id
"""
_NAME_HOSTS = b"""
INSERT INTO entities AS e (site, entity, reported, last_seen)
SELECT %s, named.entity, false, named.last_seen FROM unnest(%s::text[], %s::timestamptz[]) AS named (entity, last_seen)
ON CONFLICT (site, entity) DO UPDATE SET last_seen = greatest(e.last_seen, excluded.last_seen) WHERE NOT e.reported
"""
_LIVE = b"SELECT id, document::text FROM incidents WHERE site = %s AND state <> 'resolved' ORDER BY opened_at, id"
_LOOSE = """
SELECT id, time, entity, document::text, incident_id FROM trigger_events
WHERE site = %s AND time >= %s AND (incident_id IS NULL OR severity = 'info') ORDER BY time DESC, id DESC LIMIT %s
"""
_LIVE_EVIDENCE = b"""
SELECT incident_id, document::text FROM evidence WHERE site = %s AND incident_id = ANY(%s) ORDER BY time, id
"""
_ADD_FINDING = b"""
INSERT INTO findings (site, id, time, incident_id, entity, kind, severity, text, document)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING
"""
