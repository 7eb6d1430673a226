"""Never two sessions with one BMC: whoever speaks to an address takes its turn, and a session that another kept open
there is ended first."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol


class Holder(Protocol):
    """Who may keep a session open between two turns."""

    async def end_session(self) -> None:
        """Bounded in time; never raises IpmiFailed."""
        ...


class Turn:
    """Of one address. Entries of the inventory with the same address share it."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._holder: Holder | None = None

    @asynccontextmanager
    async def taken(self, by: Holder | None = None) -> AsyncIterator[None]:
        """`by`: whose session may stay open afterwards; None where none is kept."""
        async with self._lock:
            other, self._holder = self._holder, by
            if other is not None and other is not by:
                await other.end_session()
            yield

    @property
    def is_taken(self) -> bool:
        return self._lock.locked()
