"""The meta store in PostgreSQL, schema `meta`."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from groundcrew.contracts.clock import from_us, to_us
from groundcrew.contracts.conversations import Analysis, Conversation, ConversationSummary, Said
from groundcrew.contracts.envelope import Envelope, encode
from groundcrew.contracts.queries import (
    ConversationPage,
    ConversationsQuery,
    ReportPage,
    ReportsQuery,
    TaskPage,
    TasksQuery,
)
from groundcrew.contracts.reports import RepairTask, Report
from groundcrew.stores import outbox
from groundcrew.stores.database import Database, Row
from groundcrew.stores.meta.port import MAX_CONVERSATIONS, MAX_TURNS, NotYours, Opening
from groundcrew.stores.meta.postgres_reports import PostgresReports
from groundcrew.stores.outbox import PostgresOutbox
from groundcrew.stores.paging import cursor_of, read_cursor

_COLUMNS = "id, title, actor, created_at, updated_at, turns, incident_id, host"
_FUTURE = "infinity"
_LAST_ID = "g"  # sorts behind every hexadecimal id


def _summary(row: Row) -> ConversationSummary:
    return ConversationSummary(
        id=row[0], title=row[1], actor=row[2], created_at=row[3], updated_at=row[4], turns=row[5], incident_id=row[6],
        host=row[7],
    )  # fmt: skip


class PostgresMetaStore:
    """Reads and writes through `database`, whose search path begins with the schema of this owner.

    `site` narrows the outbox to one site.
    """

    def __init__(self, database: Database, *, site: str | None = None) -> None:
        self._database = database
        self._outbox = PostgresOutbox(database, site)
        self._reports = PostgresReports(database)

    @property
    def outbox(self) -> PostgresOutbox:
        return self._outbox

    async def add_turns(self, site: str, opening: Opening, said: Sequence[Said]) -> ConversationSummary:
        times = [one.time for one in said]
        async with self._database.transaction() as connection:
            await connection.execute(
                """INSERT INTO conversations (site, id, actor, title, created_at, updated_at, incident_id, host)
                   VALUES (%s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING""",
                (
                    site, opening.id, opening.actor, opening.title, min(times), max(times), opening.incident_id,
                    opening.host,
                ),
            )  # fmt: skip
            cursor = await connection.execute(
                "SELECT actor FROM conversations WHERE site = %s AND id = %s FOR UPDATE", (site, opening.id)
            )
            held = await cursor.fetchone()
            assert held is not None
            if held[0] != opening.actor:
                raise NotYours(opening.id)
            # a statement of its own, so that it sees what whoever held the row before has written
            cursor = await connection.execute(
                "SELECT coalesce(max(seq), 0) + 1 FROM turns WHERE site = %s AND conversation_id = %s",
                (site, opening.id),
            )
            next_seq = await cursor.fetchone()
            assert next_seq is not None
            first = next_seq[0]
            for seq, one in enumerate(said, start=first):
                await connection.execute(
                    "INSERT INTO turns (site, conversation_id, seq, said) VALUES (%s, %s, %s, %s)",
                    (site, opening.id, seq, one.model_dump_json()),
                )
            await connection.execute(
                "DELETE FROM turns WHERE site = %s AND conversation_id = %s AND seq <= %s",
                (site, opening.id, first + len(said) - 1 - MAX_TURNS),
            )
            cursor = await connection.execute(
                f"""UPDATE conversations c SET updated_at = greatest(updated_at, %s),
                        turns = (SELECT count(*) FROM turns WHERE site = c.site AND conversation_id = c.id)
                    WHERE site = %s AND id = %s RETURNING {_COLUMNS}""".encode(),  # noqa: S608 - our own columns
                (max(times), site, opening.id),
            )
            row = await cursor.fetchone()
            assert row is not None
            await connection.execute(
                """DELETE FROM conversations WHERE site = %s AND id IN (
                       SELECT id FROM conversations WHERE site = %s AND actor = %s
                       ORDER BY updated_at DESC, id DESC OFFSET %s)""",
                (site, site, opening.actor, MAX_CONVERSATIONS),
            )
        return _summary(row)

    async def conversation(self, site: str, conversation_id: str) -> Conversation | None:
        async with self._database.transaction() as connection:
            cursor = await connection.execute(
                f"SELECT {_COLUMNS} FROM conversations WHERE site = %s AND id = %s".encode(),  # noqa: S608
                (site, conversation_id),
            )
            row = await cursor.fetchone()
            if row is None:
                return None
            cursor = await connection.execute(
                "SELECT said FROM turns WHERE site = %s AND conversation_id = %s ORDER BY seq DESC LIMIT %s",
                (site, conversation_id, MAX_TURNS),
            )
            said = [Said.model_validate(one[0]) for one in reversed(await cursor.fetchall())]
        return Conversation(**_summary(row).model_dump(), said=said)

    async def conversations(self, site: str, query: ConversationsQuery) -> ConversationPage:
        after = read_cursor(query.cursor)
        before, before_id = (from_us(after[0]), after[1]) if after else (_FUTURE, _LAST_ID)
        rows = await self._database.fetch(
            f"""SELECT {_COLUMNS} FROM conversations
                WHERE site = %s AND (updated_at, id) < (%s::timestamptz, %s) AND (%s::text IS NULL OR actor = %s)
                ORDER BY updated_at DESC, id DESC LIMIT %s""",  # noqa: S608 - our own columns
            (site, before, before_id, query.actor, query.actor, query.limit + 1),
        )
        items = [_summary(row) for row in rows[: query.limit]]
        more = len(rows) > query.limit
        return ConversationPage(
            items=items, next=cursor_of(to_us(items[-1].updated_at), items[-1].id) if more else None
        )

    async def rename(self, site: str, conversation_id: str, title: str) -> ConversationSummary | None:
        rows = await self._database.fetch(
            f"UPDATE conversations SET title = %s WHERE site = %s AND id = %s RETURNING {_COLUMNS}",  # noqa: S608
            (title, site, conversation_id),
        )
        return _summary(rows[0]) if rows else None

    async def delete(self, site: str, conversation_id: str) -> ConversationSummary | None:
        rows = await self._database.fetch(
            f"DELETE FROM conversations WHERE site = %s AND id = %s RETURNING {_COLUMNS}",  # noqa: S608
            (site, conversation_id),
        )
        return _summary(rows[0]) if rows else None

    async def add_analysis(self, site: str, analysis: Analysis, message: Envelope[Any]) -> Analysis:
        async with self._database.transaction() as connection:
            cursor = await connection.execute(
                "INSERT INTO analyses (site, id, incident_id, time, snapshot) VALUES (%s, %s, %s, %s, %s)"
                " ON CONFLICT DO NOTHING",
                (site, analysis.id, analysis.incident_id, analysis.time, analysis.model_dump_json()),
            )
            if cursor.rowcount:
                await outbox.put(connection, site, encode(message))
                return analysis
        stored = await self.analysis(site, analysis.id)
        return stored or analysis

    async def analysis(self, site: str, analysis_id: str) -> Analysis | None:
        rows = await self._database.fetch(
            "SELECT snapshot FROM analyses WHERE site = %s AND id = %s", (site, analysis_id)
        )
        return Analysis.model_validate(rows[0][0]) if rows else None

    async def newest_analysis(self, site: str, incident_id: str) -> Analysis | None:
        rows = await self._database.fetch(
            "SELECT snapshot FROM analyses WHERE site = %s AND incident_id = %s ORDER BY time DESC, id DESC LIMIT 1",
            (site, incident_id),
        )
        return Analysis.model_validate(rows[0][0]) if rows else None

    async def add_report(self, site: str, key: str, report: Report, tasks: Sequence[RepairTask] = ()) -> None:
        await self._reports.add(site, key, report, tasks)

    async def report(self, site: str, report_id: str) -> Report | None:
        return await self._reports.report(site, report_id)

    async def newest_report(self, site: str, key: str) -> Report | None:
        return await self._reports.newest(site, key)

    async def reports(self, site: str, query: ReportsQuery) -> ReportPage:
        return await self._reports.reports(site, query)

    async def task(self, site: str, task_id: str) -> RepairTask | None:
        return await self._reports.task(site, task_id)

    async def tasks(self, site: str, query: TasksQuery) -> TaskPage:
        return await self._reports.tasks(site, query)

    async def save_task(self, site: str, task: RepairTask) -> None:
        await self._reports.save_task(site, task)

    async def forget(self, site: str, *, before: datetime) -> dict[str, int]:
        return await self._reports.forget(site, before) | {
            "conversations": await self._database.execute(
                "DELETE FROM conversations WHERE site = %s AND updated_at < %s", (site, before)
            ),
            "analyses": await self._database.execute(
                "DELETE FROM analyses WHERE site = %s AND time < %s", (site, before)
            ),
        }

    async def ping(self) -> None:
        await self._database.ping()

    async def close(self) -> None:
        await self._database.close()
