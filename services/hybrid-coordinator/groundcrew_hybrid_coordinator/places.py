"""How many questions a server works on at once, and how many wait for that."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class NoPlace(Exception):
    """So many wait already that another one would be told nothing in time."""


class Places:
    """`concurrency` at once, `queue` waiting, in order of coming."""

    def __init__(self, concurrency: int, queue: int) -> None:
        self._free = asyncio.Semaphore(concurrency)
        self._queue = queue
        self.waiting = 0

    @asynccontextmanager
    async def one(self, *, within_s: float) -> AsyncIterator[None]:
        """Raises NoPlace at once where the queue is full, TimeoutError where none came free in time."""
        if self._free.locked():
            if self.waiting >= self._queue:
                raise NoPlace
            self.waiting += 1
            try:
                async with asyncio.timeout(within_s):
                    await self._free.acquire()
            finally:
                self.waiting -= 1
        else:
            await self._free.acquire()
        try:
            yield
        finally:
            self._free.release()
