"""Rates far outside their own history: of a template on a host, and of errors among what a host or a program logs.

Event time in intervals of five minutes. A burst of lines is told with the line that crosses the limit, a share of
errors when its interval is over. Either holds until it has stayed below half of its limit for three intervals, or for
a day: then it is what is usual now.
"""

from dataclasses import dataclass
from typing import Any

from groundcrew.diagnosis.usual import PER_DAY, History, Usual

MIN_BURST = 50
"""Lines in an interval below which nothing is a burst."""

MIN_LINES = 50
MIN_ERRORS = 20
MIN_SHARE = 0.2
"""Lines, errors and share of them in an interval below which a share of errors is none to tell of."""

CALM = 3
CLOCK_JUMP = 12
"""Intervals that a line may be older than the newest one; beyond, the source's clock was set back."""

_PER_MILLE = 1_000


@dataclass(slots=True)
class Burst:
    """A rate that is far outside (`usual` says of what), or that is over."""

    over: bool
    count: int
    usual: Usual
    lines: int = 0


@dataclass(slots=True)
class Held:
    """Hysteresis of one rate: outside since an interval, and for how long it has been calm again."""

    since: int | None = None
    calm: int = 0
    limit: float = 0.0

    def closes(self, interval: int, value: float) -> bool:
        """An interval of `value` is over; True where that ends it."""
        self.calm = self.calm + 1 if value < self.limit / 2 else 0
        lasted = self.since is not None and interval - self.since >= PER_DAY
        if self.calm < CALM and not lasted:
            return False
        self.since, self.calm, self.limit = None, 0, 0.0
        return True


class Rate:
    """Lines of one kind in each interval."""

    __slots__ = ("count", "held", "history", "interval", "limit", "usual")

    def __init__(self, interval: int) -> None:
        self.interval = interval
        self.count = 0
        self.history = History()
        self.held = Held()
        self.limit: float | None = None
        self.usual: Usual | None = None

    def take(self, interval: int, weight: int = 1) -> list[Burst]:
        """Count a line. Lines of an interval that is over count for nothing here."""
        found: list[Burst] = []
        if interval != self.interval:
            if self.interval - CLOCK_JUMP <= interval < self.interval:
                return found
            found = self._roll(interval)
        self.count += weight
        if self.count >= MIN_BURST and self.held.since is None:
            if self.limit is None:
                self.usual = self.history.usual(interval)
                self.limit = max(float(MIN_BURST), self.usual.far) if self.usual else float("inf")
            if self.count >= self.limit and self.usual is not None:
                self.held = Held(interval, 0, self.limit)
                found.append(Burst(over=False, count=self.count, usual=self.usual))
        return found

    def _roll(self, interval: int) -> list[Burst]:
        """The interval is over; those between it and this one had nothing."""
        found: list[Burst] = []
        was = self.interval
        self.history.add(was, self.count)
        if self.held.since is not None:
            gone = max(interval - was - 1, 0)
            ended = self.held.closes(was, self.count) or any(
                self.held.closes(was + 1 + n, 0) for n in range(min(gone, CALM))
            )
            usual = self.history.usual(interval) or self.usual
            if ended and usual is not None:
                found.append(Burst(over=True, count=self.count, usual=usual))
        if interval > was + 1:
            self.history.add_zeros(was + 1, interval)
        self.interval, self.count, self.limit = interval, 0, None
        return found

    def state(self) -> list[Any]:
        held = self.held
        return [self.interval, self.count, self.history.state(), held.since, held.calm, held.limit]

    @classmethod
    def restore(cls, state: list[Any]) -> "Rate":
        interval, count, weights, since, calm, limit = state
        rate = cls(interval)
        rate.count, rate.history, rate.held = count, History.restore(weights), Held(since, calm, limit)
        return rate


class Share:
    """Errors among all lines of a host or a program, in per mille."""

    __slots__ = ("held", "history")

    def __init__(self) -> None:
        self.history = History()
        self.held = Held()

    def close(self, interval: int, errors: int, lines: int) -> Burst | None:
        """An interval is over; what it tells. The caller passes over intervals of less than MIN_LINES."""
        share = _PER_MILLE * errors / lines
        if self.held.since is not None:
            usual = self.history.usual(interval)
            ended = self.held.closes(interval, share)
            self.history.add(interval, share)
            return Burst(over=True, count=errors, usual=usual, lines=lines) if ended and usual else None
        usual = self.history.usual(interval)
        limit = max(usual.far, MIN_SHARE * _PER_MILLE) if usual else float("inf")
        if usual is not None and errors >= MIN_ERRORS and share >= limit:
            self.held = Held(interval, 0, limit)
            self.history.add(interval, share)
            return Burst(over=False, count=errors, usual=usual, lines=lines)
        self.history.add(interval, share)
        return None

    def state(self) -> list[Any]:
        return [self.history.state(), self.held.since, self.held.calm, self.held.limit]

    @classmethod
    def restore(cls, state: list[Any]) -> "Share":
        weights, since, calm, limit = state
        share = cls()
        share.history, share.held = History.restore(weights), Held(since, calm, limit)
        return share
