"""Who may be asked at the same time: no rack takes all places, and what did not answer waits beside its own rack."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Lanes:
    """`at_once` places, of which one rack has at most a quarter; beside them `failing_at_once` for each rack's BMCs
    that did not answer last time, and those of all racks never more than `at_once`. BMCs of no known rack share all
    places, and one lane of failing ones."""

    def __init__(self, *, at_once: int, failing_at_once: int) -> None:
        self._all = asyncio.Semaphore(at_once)
        self._of_rack: defaultdict[str, asyncio.Semaphore] = defaultdict(
            lambda: asyncio.Semaphore(max(1, at_once // 4))
        )
        self._failing = asyncio.Semaphore(max(at_once, failing_at_once))
        self._failing_of_rack: defaultdict[str, asyncio.Semaphore] = defaultdict(
            lambda: asyncio.Semaphore(failing_at_once)
        )

    @asynccontextmanager
    async def taken(self, rack: str, *, slow: bool) -> AsyncIterator[None]:
        """A place, for as long as the block runs."""
        if slow:
            async with self._failing_of_rack[rack], self._failing:
                yield
        elif rack:
            async with self._of_rack[rack], self._all:
                yield
        else:
            async with self._all:
                yield
