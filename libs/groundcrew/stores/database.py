"""One owner's connections to PostgreSQL: a bounded pool, one kind of failure, and bounded waiting."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import psycopg

from groundcrew.contracts.clock import Clock
from groundcrew.stores.connections import Connection, Connections, Row
from groundcrew.stores.port import StoreUnavailable

__all__ = ["Connection", "Database", "Parameters", "Row", "UniqueViolation"]

UniqueViolation = psycopg.errors.UniqueViolation
Parameters = Sequence[Any] | dict[str, Any]

CONNECT_S = 5
STATEMENT_S = 30
TRANSACTION_S = 60
_RETRY_S = 0.1
_OPTIONS = " ".join(
    (
        "-c search_path={owner},public",
        "-c timezone=UTC",
        f"-c statement_timeout={STATEMENT_S * 1000}",
        f"-c idle_in_transaction_session_timeout={TRANSACTION_S * 1000}",
    )
)


class Database:
    """What the stores of one owner share. `open` makes one; whoever opens it closes it.

    All failures to reach the server, and all time limits, come out as StoreUnavailable with the address in the text.
    """

    def __init__(self, connections: Connections, *, owner: str, address: str) -> None:
        self._connections = connections
        self.owner = owner
        self.address = address

    @classmethod
    async def open(
        cls,
        *,
        host: str,
        port: int,
        database: str,
        user: str,
        password: str,
        owner: str,
        clock: Clock,
        pool: int = 4,
        wait_s: float = 30,
    ) -> "Database":
        """Wait at most `wait_s` for the server, then connect; the schema `owner` comes first on the search path."""
        address = f"PostgreSQL at {host}:{port}, database {database}"
        kwargs: dict[str, Any] = {
            "host": host,
            "port": port,
            "dbname": database,
            "user": user,
            "password": password,
            "application_name": owner,
            "connect_timeout": CONNECT_S,
            "tcp_user_timeout": 1000 * CONNECT_S,
            "options": _OPTIONS.format(owner=owner),
        }
        connections = Connections(kwargs, size=pool)
        await _wait_for_server(connections, address, clock, wait_s)
        return cls(connections, owner=owner, address=address)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """A connection in a transaction: committed when the block ends normally, else rolled back.

        Where the connection breaks during the commit, StoreUnavailable leaves open whether it was stored; every
        stored effect is idempotent for that reason.
        """
        with self._one_kind_of_failure():
            async with asyncio.timeout(TRANSACTION_S), self._connections.transaction() as connection:
                yield connection

    async def fetch(self, sql: str, parameters: Parameters = ()) -> list[Row]:
        """All rows of one statement in a transaction of its own; the caller bounds them with LIMIT."""
        async with self.transaction() as connection:
            return await (await connection.execute(sql.encode(), parameters)).fetchall()

    async def execute(self, sql: str, parameters: Parameters = ()) -> int:
        """Run one statement in a transaction of its own; returns the number of rows it touched."""
        async with self.transaction() as connection:
            return (await connection.execute(sql.encode(), parameters)).rowcount

    async def ping(self) -> None:
        await self.fetch("SELECT 1")

    async def close(self) -> None:
        await self._connections.close()

    @contextmanager
    def _one_kind_of_failure(self) -> Iterator[None]:
        try:
            yield
        except (psycopg.OperationalError, psycopg.InterfaceError, TimeoutError) as error:
            msg = f"{self.address}: {_first_line(error)}"
            raise StoreUnavailable(msg) from error


async def _wait_for_server(connections: Connections, address: str, clock: Clock, wait_s: float) -> None:
    deadline = clock.monotonic() + wait_s
    while True:
        try:
            connection = await connections.connect()
        except psycopg.OperationalError as error:
            if clock.monotonic() >= deadline:
                msg = f"{address} did not answer within {wait_s:g} s: {_first_line(error)}"
                raise StoreUnavailable(msg) from None
        else:
            await connection.close()
            return
        await clock.sleep(_RETRY_S)


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
