"""Incidents in PostgreSQL: what one trigger event changes is one transaction, and its messages wait in the outbox."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

from groundcrew.contracts.envelope import Envelope, encode
from groundcrew.contracts.identity import host
from groundcrew.contracts.incidents import Evidence, Finding, Incident, TriggerRaised
from groundcrew.stores import outbox
from groundcrew.stores.copying import storable
from groundcrew.stores.database import Connection, Database
from groundcrew.stores.outbox import PostgresOutbox
from groundcrew.stores.port import StaleRevision


class PostgresFusionTransaction:
    """See `port.FusionTransaction`."""

    def __init__(self, connection: Connection, site: str) -> None:
        self._connection = connection
        self._site = site

    async def add_trigger(self, envelope: Envelope[TriggerRaised], incident_id: str | None) -> bool:
        data = envelope.data
        cursor = await self._connection.execute(
            _ADD_TRIGGER,
            (
                self._site, envelope.time, UUID(envelope.id), storable(envelope.entity), storable(data.rule_id),
                data.state.value, data.severity.value, storable(data.title), storable(data.component), data.count,
                _uuid(incident_id), data.model_dump_json(),
            ),
        )  # fmt: skip
        return cursor.rowcount == 1

    async def save_incident(self, incident: Incident, evidence: Sequence[Evidence], *, actor: str, change: str) -> None:
        if not await self._save_document(incident):
            return
        await self._connection.execute(
            _ADD_REVISION,
            (
                self._site, UUID(incident.id), incident.revision, incident.updated_at, storable(actor),
                storable(change), incident.state.value, storable(incident.cause.id),
                storable(incident.cause.component), incident.cause.confidence,
            ),
        )  # fmt: skip
        cursor = self._connection.cursor()
        await cursor.executemany(
            _ADD_EVIDENCE,
            [
                (self._site, UUID(incident.id), one.time, UUID(one.id), storable(one.entity), one.source.value,
                 one.model_dump_json())
                for one in evidence
            ],
        )  # fmt: skip
        await cursor.executemany(
            _NAME_HOST, [(self._site, storable(host(name)), incident.last_seen) for name in sorted(set(incident.hosts))]
        )

    async def withdraw_evidence(self, incident_id: str, evidence: Sequence[Evidence]) -> None:
        await self._connection.execute(
            b"DELETE FROM evidence WHERE site = %s AND incident_id = %s AND id = ANY(%s)",
            (self._site, UUID(incident_id), [UUID(one.id) for one in evidence]),
        )

    async def publish(self, envelope: Envelope[Any]) -> None:
        await outbox.put(self._connection, self._site, encode(envelope))

    async def _save_document(self, incident: Incident) -> bool:
        """False where exactly this revision is stored already."""
        document = incident.model_dump_json()
        cursor = await self._connection.execute(
            _SAVE_INCIDENT,
            (
                self._site, UUID(incident.id), incident.revision, incident.state.value, incident.severity.value,
                storable(incident.title), [storable(name) for name in incident.hosts], storable(incident.entity),
                incident.opened_at, incident.updated_at, incident.last_seen, incident.resolved_at,
                storable(incident.cause.id), storable(incident.cause.component_class),
                storable(incident.cause.component), incident.cause.confidence, document,
            ),
        )  # fmt: skip
        if cursor.rowcount == 1:
            return True
        cursor = await self._connection.execute(
            "SELECT revision, document::text FROM incidents WHERE site = %s AND id = %s",
            (self._site, UUID(incident.id)),
        )
        row = await cursor.fetchone()
        if row == (incident.revision, document):
            return False
        raise stale(incident, row[0] if row else 0)


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
            yield PostgresFusionTransaction(connection, site)

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


def _uuid(identity: str | None) -> UUID | None:
    return None if identity is None else UUID(identity)


_ADD_TRIGGER = b"""
INSERT INTO trigger_events
    (site, time, id, entity, rule_id, state, severity, title, component, count, incident_id, document)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING
"""
_SAVE_INCIDENT = b"""
INSERT INTO incidents AS i
    (site, id, revision, state, severity, title, hosts, entity, opened_at, updated_at, last_seen, resolved_at, cause,
     component_class, component, confidence, document)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (site, id) DO UPDATE SET
    revision = excluded.revision, state = excluded.state, severity = excluded.severity, title = excluded.title,
    hosts = excluded.hosts, entity = excluded.entity, updated_at = excluded.updated_at,
    last_seen = excluded.last_seen, resolved_at = excluded.resolved_at, cause = excluded.cause,
    component_class = excluded.component_class, component = excluded.component, confidence = excluded.confidence,
    document = excluded.document
WHERE i.revision < excluded.revision
"""
_ADD_REVISION = b"""
INSERT INTO incident_revisions
    (site, incident_id, revision, time, actor, change, state, cause, component, confidence)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING
"""
_ADD_EVIDENCE = b"""
INSERT INTO evidence (site, incident_id, time, id, entity, source, document)
VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING
"""
_NAME_HOST = b"""
INSERT INTO entities AS e (site, entity, reported, last_seen) VALUES (%s, %s, false, %s)
ON CONFLICT (site, entity) DO UPDATE SET last_seen = greatest(e.last_seen, excluded.last_seen) WHERE NOT e.reported
"""
_LIVE = b"SELECT id, document::text FROM incidents WHERE site = %s AND state <> 'resolved' ORDER BY opened_at, id"
_LIVE_EVIDENCE = b"""
SELECT incident_id, document::text FROM evidence WHERE site = %s AND incident_id = ANY(%s) ORDER BY time, id
"""
_ADD_FINDING = b"""
INSERT INTO findings (site, id, time, incident_id, entity, kind, severity, text, document)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING
"""
