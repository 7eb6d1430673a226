"""Counters of the sample before, for what is said per second or over the time since then."""

import time
from collections.abc import Callable


class Rates:
    """`begin` a sample, then ask for each counter once. What was not asked for in the sample before has no growth:
    a device that went and came back began anew."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._now: dict[tuple[str, ...], float] = {}
        self._before: dict[tuple[str, ...], float] = {}
        self.now = monotonic()
        self.elapsed = 0.0

    def begin(self) -> None:
        """`elapsed` is then the seconds since the sample before."""
        now = self._monotonic()
        self.elapsed, self.now = now - self.now, now
        self._before, self._now = self._now, {}

    def growth(self, counter: float, *key: str) -> float | None:
        """How much it grew since the sample before; None at the first one, and where it began anew."""
        before = self._before.get(key)
        self._now[key] = counter
        if before is None or counter < before or self.elapsed <= 0:
            return None
        return counter - before

    def per_second(self, counter: float, *key: str) -> float | None:
        grown = self.growth(counter, *key)
        return None if grown is None else grown / self.elapsed
