"""Range partitions on plain PostgreSQL, made for the times that a batch brings; hypertables make their own chunks.

A hostile or broken clock can date a batch anywhere, so what one batch and one table may make is bounded. Rows beyond
that bound are stored all the same, in the table's default partition.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime

from groundcrew.contracts.clock import from_us, to_us
from groundcrew.stores.context.tables import TIME_TABLES, TimeTable
from groundcrew.stores.database import Connection, Database

MAX_NEW_PER_BATCH = 16
MAX_PER_TABLE = 800
AHEAD = 2
"""Partitions made ahead by housekeeping, so that midnight costs no batch anything."""


class Partitions:
    """Knows which partitions there are. What it knows may be out of date: then rows go to the default partition."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[str, set[int]] = {}
        self._hypertable: dict[str, bool] = {}

    async def ensure(self, table: TimeTable, times_us: Iterable[int]) -> None:
        """Make the partitions that these times need, the fullest first, within the bounds."""
        width = table.width_us
        slots = Counter(time // width for time in times_us)
        known = self._known.get(table.name, set())
        missing = [slot for slot, _ in slots.most_common() if slot not in known]
        if not missing or await self.is_hypertable(table):
            return
        known = await self.present(table)
        self._known[table.name] = known
        for slot in [slot for slot in missing if slot not in known][:MAX_NEW_PER_BATCH]:
            if len(known) >= MAX_PER_TABLE:
                return
            if await self._make(table, slot):
                known.add(slot)

    async def present(self, table: TimeTable) -> set[int]:
        """The slots that have a partition now."""
        rows = await self._database.fetch(
            "SELECT right(inhrelid::regclass::text, 8) FROM pg_inherits WHERE inhparent = %s::regclass", (table.name,)
        )
        days = [name for (name,) in rows if name.isdigit()]
        return {table.slot(to_us(datetime.strptime(day, "%Y%m%d").replace(tzinfo=UTC))) for day in days}

    async def ahead(self, now: datetime) -> None:
        """Make the present partitions and the next ones of every table."""
        for table in TIME_TABLES:
            present = to_us(now)
            await self.ensure(table, [present + step * table.width_us for step in range(AHEAD + 1)])

    async def is_hypertable(self, table: TimeTable) -> bool:
        if table.name not in self._hypertable:
            rows = await self._database.fetch(
                "SELECT relkind = 'r' FROM pg_class WHERE oid = %s::regclass", (table.name,)
            )
            self._hypertable[table.name] = bool(rows[0][0])
        return self._hypertable[table.name]

    def forget(self) -> None:
        self._known.clear()

    async def _make(self, table: TimeTable, slot: int) -> bool:
        name = partition_name(table, slot)
        async with self._database.transaction() as connection:
            # Creating apart and attaching locks the table less than CREATE TABLE ... PARTITION OF.
            await connection.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", (f"partitions of {table.name}",))
            if await _exists(connection, name):
                return True
            await connection.execute(f"LOCK TABLE {table.name}_default IN ACCESS EXCLUSIVE MODE".encode())
            if await _default_holds(connection, table, slot):
                return False
            start, end = (from_us(border * table.width_us).isoformat() for border in (slot, slot + 1))
            await connection.execute(
                f"CREATE TABLE {name} (LIKE {table.name} INCLUDING DEFAULTS INCLUDING CONSTRAINTS);"
                f"ALTER TABLE {table.name} ATTACH PARTITION {name} FOR VALUES FROM ('{start}') TO ('{end}')".encode()
            )
            return True


def partition_name(table: TimeTable, slot: int) -> str:
    """`log_events_20261120`: the table and the first day."""
    return f"{table.name}_{from_us(slot * table.width_us):%Y%m%d}"


async def _exists(connection: Connection, name: str) -> bool:
    row = await (await connection.execute("SELECT to_regclass(%s) IS NOT NULL", (name,))).fetchone()
    return row is not None and bool(row[0])


async def _default_holds(connection: Connection, table: TimeTable, slot: int) -> bool:
    """Whether rows of this slot went to the default partition before; then it cannot have one of its own."""
    cursor = await connection.execute(
        f"SELECT 1 FROM {table.name}_default WHERE time >= %s AND time < %s LIMIT 1".encode(),  # noqa: S608 - our own table
        (from_us(slot * table.width_us), from_us((slot + 1) * table.width_us)),
    )
    return await cursor.fetchone() is not None
