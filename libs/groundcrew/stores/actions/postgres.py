"""The action store in PostgreSQL, schema `actions`."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import orjson

from groundcrew.contracts.actions import Action, AuditEntry, AutonomyLevel, Ticket
from groundcrew.contracts.audit import GENESIS, link
from groundcrew.contracts.envelope import Envelope, encode
from groundcrew.contracts.queries import (
    ActionPage,
    ActionsQuery,
    AuditPage,
    AuditQuery,
    TicketPage,
    TicketsQuery,
)
from groundcrew.stores import outbox
from groundcrew.stores.actions.port import (
    MAX_RECENT,
    MAX_UNFINISHED,
    AuditHead,
    Control,
    StoredAction,
    audit_page,
    read_audit_cursor,
    read_time_cursor,
    time_cursor,
)
from groundcrew.stores.database import Connection, Database, Row
from groundcrew.stores.outbox import PostgresOutbox

_FUTURE = "infinity"
_LAST_ID = "g"  # sorts behind every hexadecimal id


def _stored(row: Row) -> StoredAction:
    return StoredAction(
        action=Action.model_validate(row[0]), correlation_id=row[1], granted_at=row[2], report_due_at=row[3]
    )


def _control(row: Row | None) -> Control:
    if row is None:
        return Control()
    return Control(level=AutonomyLevel(row[0]) if row[0] is not None else None, stopped=row[1])


class _PostgresTransaction:
    def __init__(self, connection: Connection, site: str, held: Row) -> None:
        self._connection = connection
        self._site = site
        self._control = _control(held)
        self._head = AuditHead(held[2], held[3])

    async def control(self) -> Control:
        return self._control

    async def set_control(self, control: Control) -> None:
        level = control.level.value if control.level else None
        await self._connection.execute(
            "UPDATE control SET level = %s, stopped = %s WHERE site = %s", (level, control.stopped, self._site)
        )
        self._control = control

    async def action(self, action_id: str) -> StoredAction | None:
        rows = await self._rows(
            "SELECT snapshot, correlation_id, granted_at, report_due_at FROM actions WHERE site = %s AND id = %s",
            (self._site, action_id),
        )
        return _stored(rows[0]) if rows else None

    async def save(self, stored: StoredAction) -> None:
        action = stored.action
        await self._connection.execute(
            """INSERT INTO actions (site, id, state, incident_id, created_at, granted_at, report_due_at,
                                    correlation_id, snapshot)
               VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)
               ON CONFLICT (site, id) DO UPDATE SET state = excluded.state, granted_at = excluded.granted_at,
                   report_due_at = excluded.report_due_at, snapshot = excluded.snapshot""",
            (
                self._site, action.id, action.state.value, action.incident_id, action.created_at, stored.granted_at,
                stored.report_due_at, stored.correlation_id, action.model_dump_json(),
            ),
        )  # fmt: skip

    async def unfinished(self) -> list[StoredAction]:
        rows = await self._rows(
            """SELECT snapshot, correlation_id, granted_at, report_due_at FROM actions
               WHERE site = %s AND state IN ('queued', 'approved', 'running') ORDER BY created_at, id LIMIT %s""",
            (self._site, MAX_UNFINISHED),
        )
        return [_stored(row) for row in rows]

    async def recent(self, since: datetime) -> list[StoredAction]:
        rows = await self._rows(
            """SELECT snapshot, correlation_id, granted_at, report_due_at FROM actions
               WHERE site = %s AND (created_at > %s OR granted_at > %s)
               ORDER BY created_at DESC, id DESC LIMIT %s""",
            (self._site, since, since, MAX_RECENT),
        )
        return [_stored(row) for row in rows]

    async def audit(self, *, time: datetime, actor: str, event: str, action_id: str, detail: dict[str, str]) -> None:
        entry = link(
            seq=self._head.seq + 1, time=time, site=self._site, actor=actor, event=event, action_id=action_id,
            detail=detail, previous=self._head.hash,
        )  # fmt: skip
        await self._connection.execute(
            "INSERT INTO audit (site, seq, time, actor, event, action_id, detail, previous, hash)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
            (
                self._site,
                entry.seq,
                time,
                actor,
                event,
                action_id,
                orjson.dumps(detail).decode(),
                entry.previous,
                entry.hash,
            ),
        )
        await self._connection.execute(
            "UPDATE control SET audit_seq = %s, audit_hash = %s WHERE site = %s", (entry.seq, entry.hash, self._site)
        )
        self._head = AuditHead(entry.seq, entry.hash)

    async def add_ticket(self, ticket: Ticket) -> None:
        await self._connection.execute(
            "INSERT INTO tickets (site, id, action_id, incident_id, created_at, closed_at, title, body)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
            (
                self._site, ticket.id, ticket.action_id, ticket.incident_id, ticket.created_at, ticket.closed_at,
                ticket.title, ticket.body,
            ),
        )  # fmt: skip

    async def publish(self, envelope: Envelope[Any]) -> None:
        await outbox.put(self._connection, self._site, encode(envelope))

    async def _rows(self, sql: str, parameters: Sequence[Any]) -> list[Row]:
        return await (await self._connection.execute(sql.encode(), parameters)).fetchall()


class PostgresActionStore:
    """Reads and writes through `database`, whose search path begins with the schema of this owner.

    `site` narrows the outbox to one site.
    """

    def __init__(self, database: Database, *, site: str | None = None) -> None:
        self._database = database
        self._outbox = PostgresOutbox(database, site)

    @property
    def outbox(self) -> PostgresOutbox:
        return self._outbox

    @asynccontextmanager
    async def transaction(self, site: str) -> AsyncIterator[_PostgresTransaction]:
        async with self._database.transaction() as connection:
            await connection.execute("INSERT INTO control (site) VALUES (%s) ON CONFLICT DO NOTHING", (site,))
            cursor = await connection.execute(
                "SELECT level, stopped, audit_seq, audit_hash FROM control WHERE site = %s FOR UPDATE", (site,)
            )
            held = await cursor.fetchone()
            assert held is not None
            yield _PostgresTransaction(connection, site, held)

    async def control(self, site: str) -> Control:
        rows = await self._database.fetch("SELECT level, stopped FROM control WHERE site = %s", (site,))
        return _control(rows[0] if rows else None)

    async def action(self, site: str, action_id: str) -> Action | None:
        rows = await self._database.fetch("SELECT snapshot FROM actions WHERE site = %s AND id = %s", (site, action_id))
        return Action.model_validate(rows[0][0]) if rows else None

    async def actions(self, site: str, query: ActionsQuery) -> ActionPage:
        before, before_id = read_time_cursor(query.cursor) if query.cursor else (_FUTURE, _LAST_ID)
        states = [state.value for state in query.states] or None
        rows = await self._database.fetch(
            """SELECT snapshot FROM actions
               WHERE site = %s AND (created_at, id) < (%s::timestamptz, %s)
                 AND (%s::text[] IS NULL OR state = ANY(%s)) AND (%s::text IS NULL OR incident_id = %s)
               ORDER BY created_at DESC, id DESC LIMIT %s""",
            (site, before, before_id, states, states, query.incident_id, query.incident_id, query.limit + 1),
        )
        items = [Action.model_validate(row[0]) for row in rows[: query.limit]]
        more = len(rows) > query.limit
        return ActionPage(items=items, next=time_cursor(items[-1].created_at, items[-1].id) if more else None)

    async def waiting(self, site: str) -> int:
        rows = await self._database.fetch("SELECT count(*) FROM actions WHERE site = %s AND state = 'queued'", (site,))
        return int(rows[0][0])

    async def audit(self, site: str, query: AuditQuery) -> AuditPage:
        rows = await self._database.fetch(
            """SELECT seq, time, actor, event, action_id, detail, previous, hash FROM audit
               WHERE site = %s AND seq > %s ORDER BY seq LIMIT %s""",
            (site, read_audit_cursor(query.cursor), query.limit + 1),
        )
        entries = [
            AuditEntry(
                seq=r[0], time=r[1], site=site, actor=r[2], event=r[3], action_id=r[4], detail=r[5], previous=r[6],
                hash=r[7],
            )
            for r in rows
        ]  # fmt: skip
        return audit_page(entries, query.limit)

    async def audit_head(self, site: str) -> AuditHead:
        rows = await self._database.fetch("SELECT audit_seq, audit_hash FROM control WHERE site = %s", (site,))
        return AuditHead(*rows[0]) if rows else AuditHead(0, GENESIS)

    async def tickets(self, site: str, query: TicketsQuery) -> TicketPage:
        before, before_id = read_time_cursor(query.cursor) if query.cursor else (_FUTURE, _LAST_ID)
        rows = await self._database.fetch(
            """SELECT id, action_id, incident_id, created_at, title, body, closed_at FROM tickets
               WHERE site = %s AND (created_at, id) < (%s::timestamptz, %s)
                 AND (%s::text IS NULL OR incident_id = %s)
               ORDER BY created_at DESC, id DESC LIMIT %s""",
            (site, before, before_id, query.incident_id, query.incident_id, query.limit + 1),
        )
        items = [
            Ticket(id=r[0], action_id=r[1], incident_id=r[2], created_at=r[3], title=r[4], body=r[5], closed_at=r[6])
            for r in rows[: query.limit]
        ]
        more = len(rows) > query.limit
        return TicketPage(items=items, next=time_cursor(items[-1].created_at, items[-1].id) if more else None)

    async def ping(self) -> None:
        await self._database.ping()

    async def close(self) -> None:
        await self._database.close()
