"""Brings an owner's schema up to date: numbered SQL files, forward only, one process at a time.

The files are `stores/<owner>/migrations/NNNN_name.sql`. What was applied is remembered with its SHA-256 in
`<owner>.schema_migrations`; a file that was edited after that is an error, because no two databases would be alike.
A database that is ahead of this program is legal: versions N-1 and N run side by side.
"""

import re
from dataclasses import dataclass
from hashlib import sha256
from importlib import resources
from importlib.resources.abc import Traversable

from groundcrew.stores.database import Connection, Database

_NAME = re.compile(r"(\d{4})_[a-z0-9_]+\.sql")


class MigrationError(Exception):
    """The files and what the database remembers of them don't fit; the text names the file."""


@dataclass(frozen=True)
class Migration:
    number: int
    name: str
    sql: bytes

    @property
    def checksum(self) -> str:
        return sha256(self.sql).hexdigest()


def migrations_of(owner: str) -> list[Migration]:
    """The SQL files that ship with the store of this owner, in order."""
    return read_migrations(resources.files(f"groundcrew.stores.{owner}").joinpath("migrations"))


def read_migrations(folder: Traversable) -> list[Migration]:
    """Read a folder of migrations; raises MigrationError where names or numbers are out of order."""
    found = []
    for file in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if not file.name.endswith(".sql"):
            continue
        match = _NAME.fullmatch(file.name)
        if match is None:
            msg = f"{file.name}: expected NNNN_lower_case_name.sql"
            raise MigrationError(msg)
        found.append(Migration(int(match[1]), file.name, file.read_bytes()))
    for expected, migration in enumerate(found, start=1):
        if migration.number != expected:
            msg = f"{migration.name}: expected number {expected:04d}"
            raise MigrationError(msg)
    return found


async def migrate(database: Database, owner: str) -> list[str]:
    """Apply what is missing, all of it in one transaction; returns the names of the files applied."""
    return await apply(database, owner, migrations_of(owner))


async def apply(database: Database, owner: str, migrations: list[Migration]) -> list[str]:
    """As `migrate`, of a list in hand."""
    async with database.transaction() as connection:
        await connection.execute("SET LOCAL statement_timeout = 0")
        await connection.execute("SELECT pg_advisory_xact_lock(hashtext('groundcrew migrate'))")
        await connection.execute(_BOOK.format(owner=owner).encode())
        await connection.execute(f"SET LOCAL search_path = {owner}, public".encode())
        applied = await _applied(connection, owner)
        _check(migrations, applied)
        missing = [migration for migration in migrations if migration.number not in applied]
        for migration in missing:
            await connection.execute(migration.sql)
            await connection.execute(
                f"INSERT INTO {owner}.schema_migrations (number, name, checksum) VALUES (%s, %s, %s)".encode(),  # noqa: S608 - owner is one of our packages
                (migration.number, migration.name, migration.checksum),
            )
    return [migration.name for migration in missing]


_BOOK = """
CREATE SCHEMA IF NOT EXISTS {owner};
CREATE TABLE IF NOT EXISTS {owner}.schema_migrations (
    number integer PRIMARY KEY,
    name text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
);
"""


async def _applied(connection: Connection, owner: str) -> dict[int, str]:
    cursor = await connection.execute(f"SELECT number, checksum FROM {owner}.schema_migrations".encode())  # noqa: S608 - as above
    return dict(await cursor.fetchall())


def _check(migrations: list[Migration], applied: dict[int, str]) -> None:
    newest = max(applied, default=0)
    for migration in migrations:
        known = applied.get(migration.number)
        if known is None and migration.number < newest:
            msg = f"{migration.name}: was added below {newest:04d}, which is applied already; give it the next number"
            raise MigrationError(msg)
        if known is not None and known != migration.checksum:
            msg = f"{migration.name}: was edited after it was applied; undo that and write the change as a new file"
            raise MigrationError(msg)
