"""Reports and repair tasks in PostgreSQL, schema `meta`."""

from collections.abc import Sequence
from datetime import datetime

from groundcrew.contracts.clock import from_us, to_us
from groundcrew.contracts.queries import ReportPage, ReportsQuery, TaskPage, TasksQuery
from groundcrew.contracts.reports import RepairTask, Report, ReportSummary
from groundcrew.stores.copying import storable
from groundcrew.stores.database import Connection, Database
from groundcrew.stores.meta.port import MAX_REPORTS, Changed, summary_of, task_size
from groundcrew.stores.paging import cursor_of, cut_page, read_cursor

_FUTURE = "infinity"
_LAST_ID = "g"  # sorts behind every hexadecimal id


class PostgresReports:
    """The part of the meta store that keeps reports."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, site: str, key: str, report: Report, tasks: Sequence[RepairTask]) -> None:
        async with self._database.transaction() as connection:
            for task in sorted(tasks, key=lambda one: one.id):  # in one order, so that two reports never wait in a ring
                await _save(connection, site, task)
            await connection.execute(
                "INSERT INTO reports (site, id, key, kind, time, summary, document) VALUES (%s, %s, %s, %s, %s, %s, %s)"
                " ON CONFLICT DO NOTHING",
                (
                    site, report.id, key, report.kind.value, report.time, summary_of(report).model_dump_json(),
                    report.model_dump_json(),
                ),
            )  # fmt: skip
            await connection.execute(
                """DELETE FROM reports WHERE site = %s AND id IN (
                       SELECT id FROM reports WHERE site = %s ORDER BY time DESC, id DESC OFFSET %s)""",
                (site, site, MAX_REPORTS),
            )

    async def report(self, site: str, report_id: str) -> Report | None:
        rows = await self._database.fetch(
            "SELECT document::text FROM reports WHERE site = %s AND id = %s", (site, report_id)
        )
        return Report.model_validate_json(rows[0][0]) if rows else None

    async def newest(self, site: str, key: str) -> Report | None:
        rows = await self._database.fetch(
            "SELECT document::text FROM reports WHERE site = %s AND key = %s ORDER BY time DESC, id DESC LIMIT 1",
            (site, key),
        )
        return Report.model_validate_json(rows[0][0]) if rows else None

    async def reports(self, site: str, query: ReportsQuery) -> ReportPage:
        after = read_cursor(query.cursor)
        before, before_id = (from_us(after[0]), after[1]) if after else (_FUTURE, _LAST_ID)
        kind = query.kind.value if query.kind else None
        rows = await self._database.fetch(
            """SELECT summary::text FROM reports
               WHERE site = %s AND (time, id) < (%s::timestamptz, %s) AND (%s::text IS NULL OR kind = %s)
               ORDER BY time DESC, id DESC LIMIT %s""",
            (site, before, before_id, kind, kind, query.limit + 1),
        )
        items = [ReportSummary.model_validate_json(row[0]) for row in rows[: query.limit]]
        more = len(rows) > query.limit
        return ReportPage(items=items, next=cursor_of(to_us(items[-1].time), items[-1].id) if more else None)

    async def task(self, site: str, task_id: str) -> RepairTask | None:
        rows = await self._database.fetch(
            "SELECT document::text FROM tasks WHERE site = %s AND id = %s", (site, task_id)
        )
        return RepairTask.model_validate_json(rows[0][0]) if rows else None

    async def tasks(self, site: str, query: TasksQuery) -> TaskPage:
        after = read_cursor(query.cursor) or (-1, "")
        device = None if query.device is None else storable(query.device)
        rows = await self._database.fetch(
            """SELECT document::text FROM tasks
               WHERE site = %(site)s AND (rank, id) > (%(rank)s, %(id)s)
                 AND (cardinality(%(states)s::text[]) = 0 OR state = ANY(%(states)s))
                 AND (cardinality(%(types)s::text[]) = 0 OR type = ANY(%(types)s))
                 AND (%(device)s::text IS NULL OR device = %(device)s)
               ORDER BY rank, id LIMIT %(limit)s""",
            {
                "site": site,
                "rank": after[0],
                "id": after[1],
                "states": [state.value for state in query.states],
                "types": [kind.value for kind in query.types],
                "device": device,
                "limit": query.limit + 1,
            },
        )
        found = [RepairTask.model_validate_json(row[0]) for row in rows]
        items, following = cut_page(found, query.limit, lambda one: (one.rank, one.id), task_size)
        return TaskPage(items=items, next=following)

    async def save_task(self, site: str, task: RepairTask) -> None:
        async with self._database.transaction() as connection:
            await _save(connection, site, task)

    async def forget(self, site: str, before: datetime) -> dict[str, int]:
        return {
            "reports": await self._database.execute(
                "DELETE FROM reports WHERE site = %s AND time < %s", (site, before)
            ),
            "tasks": await self._database.execute(
                "DELETE FROM tasks WHERE site = %s AND closed_at < %s", (site, before)
            ),
        }


async def _save(connection: Connection, site: str, task: RepairTask) -> None:
    """Insert the first revision, or replace the one before this. Raises Changed where neither is there."""
    row = (
        task.revision, task.state.value, task.type.value, storable(task.device), task.rank, task.closed_at,
        task.model_dump_json(),
    )  # fmt: skip
    if task.revision == 1:
        cursor = await connection.execute(
            "INSERT INTO tasks (revision, state, type, device, rank, closed_at, document, site, id)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
            (*row, site, task.id),
        )
    else:
        cursor = await connection.execute(
            "UPDATE tasks SET revision = %s, state = %s, type = %s, device = %s, rank = %s, closed_at = %s,"
            " document = %s WHERE site = %s AND id = %s AND revision = %s",
            (*row, site, task.id, task.revision - 1),
        )
    if cursor.rowcount != 1:
        raise Changed(task.id)
