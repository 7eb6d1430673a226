"""A bounded set of connections, each made by whoever needs it.

psycopg_pool was measured here: after a crash of the server its background reconnection, with its own backoff, kept
callers waiting for up to 30 s though the server was back. Here the caller connects, so a server that is back is used
by the next call, and a dead connection is found by the BEGIN that a transaction needs anyway.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus

Row = tuple[Any, ...]
Connection = psycopg.AsyncConnection[Row]

CHECKOUT_S = 5.0
"""Seconds to wait for a free connection where all are in use."""


class Connections:
    """At most `size` connections at once. Failures come out as psycopg's, or as TimeoutError."""

    def __init__(self, parts: dict[str, Any], *, size: int) -> None:
        self._parts = parts
        self._size = size
        self._free = asyncio.Semaphore(size)
        self._idle: list[Connection] = []
        self._closed = False

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """A connection in a transaction that was begun; committed when the block ends normally."""
        async with AsyncExitStack() as stack:
            async with asyncio.timeout(CHECKOUT_S):
                await self._free.acquire()
            stack.callback(self._free.release)
            yield await self._begin(stack)

    async def close(self) -> None:
        """Wait a little for running transactions, then close what is idle; later ones close behind themselves."""
        self._closed = True
        try:
            async with asyncio.timeout(CHECKOUT_S):
                for _ in range(self._size):
                    await self._free.acquire()
        except TimeoutError:
            pass
        while self._idle:
            await self._idle.pop().close()

    async def _begin(self, stack: AsyncExitStack) -> Connection:
        while True:
            known = bool(self._idle)
            connection = self._idle.pop() if known else await self.connect()
            stack.push_async_callback(self._put_back, connection)
            transaction = connection.transaction()
            try:
                await transaction.__aenter__()
            except psycopg.OperationalError:
                if known:
                    await connection.close()
                    continue
                raise
            stack.push_async_exit(transaction)
            return connection

    async def connect(self) -> Connection:
        if self._closed:
            msg = "the connections are closed"
            raise psycopg.InterfaceError(msg)
        return await psycopg.AsyncConnection.connect(**self._parts, autocommit=True)

    async def _put_back(self, connection: Connection) -> None:
        sound = not connection.closed and connection.info.transaction_status is TransactionStatus.IDLE
        if sound and not self._closed:
            self._idle.append(connection)
        else:
            await connection.close()
