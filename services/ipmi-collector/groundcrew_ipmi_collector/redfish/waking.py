"""When an event has a BMC looked at before its time.

A look after an event that finds nothing new makes the next event wait longer, twice as long each time, until looks come
at their interval as if there were no events: a BMC that tells of each of our own requests makes no endless round.
"""

import asyncio
from contextlib import suppress

from groundcrew.contracts.clock import Clock

SOON_S = 1.0
"""After an event until the look: some tell of an entry before it is in the log, and what breaks tells of much."""

SPACE_S = 4.0
"""Between two looks at least, where the last one found something."""

_MOST_SPACE_S = 3_600.0


class Waking:
    """Of one BMC."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._news = asyncio.Event()
        self._heard_at = 0.0
        self._looked_at = clock.monotonic()
        self._space_s = SPACE_S
        self._woken = False
        self._again = False

    def wake(self) -> None:
        """Something happened at the BMC."""
        if not self._news.is_set():
            self._heard_at = self._clock.monotonic()
            self._news.set()

    async def rest(self, seconds: float) -> None:
        """Returns after so many seconds, or soon after an event."""
        self._woken = False
        until = self._clock.monotonic() + seconds
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._news.wait()
        now = self._clock.monotonic()
        if self._news.is_set() and now < until:
            self._woken = True
            look_at = max(self._heard_at + SOON_S, self._looked_at + self._space_s)
            await self._clock.sleep(max(0.0, min(look_at, until) - now))

    def begins(self) -> None:
        """A look begins: what is heard from now on may be about what it does not see."""
        self._news.clear()
        self._looked_at = self._clock.monotonic()

    def ended(self, found: bool) -> None:
        """`found`: whether a log had new entries."""
        if found:
            self._space_s, self._again = SPACE_S, False
        elif self._woken and not self._again:
            self._again = True  # perhaps the entry was not written yet
            self.wake()
        elif self._woken:
            self._space_s, self._again = min(2 * self._space_s, _MOST_SPACE_S), False
