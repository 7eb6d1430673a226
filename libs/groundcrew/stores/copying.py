"""Bulk writing: binary COPY into the table, and where rows are stored already, by way of a temporary table.

COPY itself knows no ON CONFLICT. Nearly every batch is new, so it is tried straight first, and a redelivered one is
copied aside and inserted from there without the rows that exist. Rows travel as the raw bytes of PostgreSQL's types,
so that neither a datetime nor a UUID object is made per row: a `timestamptz` is an integer of microseconds since 2000,
a `uuid` its 16 bytes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from groundcrew.stores.database import Connection, UniqueViolation

_EPOCH_2000_US = 946_684_800_000_000
_WIRE = {
    "timestamptz": "int8",
    "uuid": "bytea",
    "smallint": "int2",
    "integer": "int4",
    "bigint": "int8",
    "json": "text",
}


@dataclass(frozen=True)
class Target:
    """A table with the columns that a batch writes, as (name, type)."""

    table: str
    columns: tuple[tuple[str, str], ...]

    @cached_property
    def stage(self) -> bytes:
        columns = ", ".join(f"{name} {kind}" for name, kind in self.columns)
        return f"CREATE TEMP TABLE IF NOT EXISTS stage_{self.table} ({columns}) ON COMMIT DELETE ROWS".encode()

    def copy(self, into: str) -> bytes:
        names = ", ".join(name for name, _ in self.columns)
        return f"COPY {into} ({names}) FROM STDIN (FORMAT binary)".encode()

    @cached_property
    def insert(self) -> bytes:
        names = ", ".join(name for name, _ in self.columns)
        sql = f"INSERT INTO {self.table} ({names}) SELECT {names} FROM stage_{self.table} ON CONFLICT DO NOTHING"  # noqa: S608 - names of our own tables
        return sql.encode()

    @cached_property
    def wire_types(self) -> list[str]:
        return [_WIRE.get(kind, kind) for _, kind in self.columns]


async def insert_new(connection: Connection, target: Target, rows: Sequence[Sequence[Any]]) -> int:
    """Write `rows` in this transaction; returns how many were new.

    Give each key once and the rows in the order of the table's key: two batches that overlap then cannot wait for
    each other.
    """
    await connection.execute("SAVEPOINT straight")
    try:
        await _copy(connection, target, target.table, rows)
    except UniqueViolation:
        await connection.execute("ROLLBACK TO SAVEPOINT straight")
        return await insert_staged(connection, target, rows)
    return len(rows)


async def insert_staged(connection: Connection, target: Target, rows: Sequence[Sequence[Any]]) -> int:
    """As `insert_new`, always through the temporary table, which holds all the rows until the transaction ends."""
    await stage(connection, target, rows)
    return (await connection.execute(target.insert)).rowcount


async def stage(connection: Connection, target: Target, rows: Sequence[Sequence[Any]]) -> None:
    """Copy rows aside into `stage_<table>`, whose columns are the target's; it is empty when the transaction ends."""
    await connection.execute(target.stage)
    await _copy(connection, target, f"stage_{target.table}", rows)


async def _copy(connection: Connection, target: Target, into: str, rows: Sequence[Sequence[Any]]) -> None:
    async with connection.cursor().copy(target.copy(into)) as copy:
        copy.set_types(target.wire_types)
        for row in rows:
            await copy.write_row(row)


def pg_time(us: int) -> int:
    """PostgreSQL's timestamptz of microseconds since the Unix epoch."""
    return us - _EPOCH_2000_US


def pg_uuid(hexadecimal: str) -> bytes:
    """PostgreSQL's uuid of an `Id`."""
    return bytes.fromhex(hexadecimal)


def storable(text: str) -> str:
    """PostgreSQL's text holds any character but NUL; what a machine printed there becomes U+FFFD."""
    return text.replace("\x00", "\ufffd") if "\x00" in text else text
