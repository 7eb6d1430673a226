"""Time as every part of Groundcrew sees it: UTC, handed in, never read from the system directly.

Rows carry times as integer microseconds since the Unix epoch (`*_us`, and the time columns of batches); single
messages carry timezone-aware `datetime`.
"""

import asyncio
import heapq
import itertools
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Protocol

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Clock(Protocol):
    """Where time comes from. Services take one by constructor, so that replay can run them on scenario time."""

    def now(self) -> datetime:
        """The present, timezone-aware UTC."""

    def monotonic(self) -> float:
        """Seconds that never run backwards; for deadlines and durations only."""

    async def sleep(self, seconds: float) -> None:
        """Wait for that long on this clock."""


class SystemClock:
    """The real one."""

    def now(self) -> datetime:
        return datetime.now(UTC)  # noqa: TID251 - the one place that asks the system

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class VirtualClock:
    """A clock that moves only when told to. `sleep` returns once `advance_to` has passed the wake-up time."""

    def __init__(self, start: datetime) -> None:
        self._start = start
        self._now = start
        self._sleepers: list[tuple[datetime, int, asyncio.Future[None]]] = []
        self._order = itertools.count()

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return (self._now - self._start).total_seconds()

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        wake: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._now + timedelta(seconds=seconds), next(self._order), wake))
        await wake

    def next_wake(self) -> datetime | None:
        """When the earliest sleeper wants to wake, None where nobody sleeps."""
        while self._sleepers and self._sleepers[0][2].done():
            heapq.heappop(self._sleepers)
        return self._sleepers[0][0] if self._sleepers else None

    def advance_to(self, when: datetime) -> None:
        """Move to `when` (never backwards) and wake whoever is due, in order of wake-up time."""
        self._now = max(self._now, when)
        while (due := self.next_wake()) is not None and due <= self._now:
            heapq.heappop(self._sleepers)[2].set_result(None)


async def set_within(event: asyncio.Event, clock: Clock, seconds: float) -> None:
    """Wait until the event is set, at most so many seconds on this clock."""
    waits = [asyncio.ensure_future(event.wait()), asyncio.ensure_future(clock.sleep(seconds))]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
        for wait in waits:
            with suppress(asyncio.CancelledError):
                await wait


def to_us(when: datetime) -> int:
    """Microseconds since the epoch of an aware datetime; exact, no floating point on the way."""
    delta = when - EPOCH
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds


def from_us(us: int) -> datetime:
    """The aware UTC datetime of `us` microseconds since the epoch."""
    return EPOCH + timedelta(microseconds=us)
