"""Bulk writing: binary COPY into a temporary table, then one INSERT that leaves out what is stored already.

COPY itself knows no ON CONFLICT. Rows travel as the raw bytes of PostgreSQL's types, so that neither a datetime nor a
UUID object is made per row: a `timestamptz` is an integer of microseconds since 2000, a `uuid` its 16 bytes.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from groundcrew.stores.database import Connection

_EPOCH_2000_US = 946_684_800_000_000
_WIRE = {"timestamptz": "int8", "uuid": "bytea", "smallint": "int2", "integer": "int4", "bigint": "int8"}


@dataclass(frozen=True)
class Target:
    """A table with the columns that a batch writes, as (name, type)."""

    table: str
    columns: tuple[tuple[str, str], ...]

    @cached_property
    def stage(self) -> bytes:
        columns = ", ".join(f"{name} {kind}" for name, kind in self.columns)
        return f"CREATE TEMP TABLE IF NOT EXISTS stage_{self.table} ({columns}) ON COMMIT DELETE ROWS".encode()

    @cached_property
    def copy(self) -> bytes:
        return f"COPY stage_{self.table} FROM STDIN (FORMAT binary)".encode()

    @cached_property
    def insert(self) -> bytes:
        names = ", ".join(name for name, _ in self.columns)
        sql = f"INSERT INTO {self.table} ({names}) SELECT {names} FROM stage_{self.table} ON CONFLICT DO NOTHING"  # noqa: S608 - names of our own tables
        return sql.encode()

    @cached_property
    def wire_types(self) -> list[str]:
        return [_WIRE.get(kind, kind) for _, kind in self.columns]


async def insert_new(connection: Connection, target: Target, rows: Iterable[Sequence[Any]]) -> int:
    """Write `rows` in this transaction, once per transaction and table; returns how many were new.

    Give the rows in the order of the table's key: two batches that overlap then cannot wait for each other.
    """
    await connection.execute(target.stage)
    cursor = connection.cursor()
    async with cursor.copy(target.copy) as copy:
        copy.set_types(target.wire_types)
        for row in rows:
            await copy.write_row(row)
    return (await cursor.execute(target.insert)).rowcount


def pg_time(us: int) -> int:
    """PostgreSQL's timestamptz of microseconds since the Unix epoch."""
    return us - _EPOCH_2000_US


def pg_uuid(hexadecimal: str) -> bytes:
    """PostgreSQL's uuid of an `Id`."""
    return bytes.fromhex(hexadecimal)


def storable(text: str) -> str:
    """PostgreSQL's text holds any character but NUL; what a machine printed there becomes U+FFFD."""
    return text.replace("\x00", "\ufffd") if "\x00" in text else text
