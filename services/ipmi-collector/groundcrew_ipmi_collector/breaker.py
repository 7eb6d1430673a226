"""A BMC that cannot be read is asked less and less often, whatever it speaks: it costs little, and a wrong password
does not lock its account."""

from collections.abc import Callable

from groundcrew.contracts.clock import Clock


class Breaker:
    """`first_s` after the second failure in a row, then twice as long each time up to `most_s`, give or take a quarter
    by `chance` (0 to 1), so that a rack that comes back is not asked at one moment."""

    def __init__(self, clock: Clock, *, first_s: float, most_s: float, chance: Callable[[], float]) -> None:
        self._clock = clock
        self._first_s = first_s
        self._most_s = most_s
        self._chance = chance
        self._failures = 0
        self._until = 0.0

    @property
    def is_open(self) -> bool:
        """Whether it is not to be asked now."""
        return self.left_s > 0

    @property
    def has_opened(self) -> bool:
        """Whether it failed so often in a row that it is asked less often."""
        return self._failures > 1

    @property
    def left_s(self) -> float:
        """Seconds until it is to be asked again; 0 where it may be now."""
        return max(0.0, self._until - self._clock.monotonic())

    def failed(self) -> None:
        self._failures += 1
        if self._failures > 1:
            wait_s = min(self._first_s * 2 ** min(self._failures - 2, 30), self._most_s)
            self._until = self._clock.monotonic() + wait_s * (0.75 + self._chance() / 2)

    def worked(self) -> None:
        self._failures = 0
        self._until = 0.0
