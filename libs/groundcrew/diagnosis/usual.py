"""What is usual: a bounded history of small numbers by time of day, and what lies far outside of it.

Counts are kept as a histogram over a logarithmic scale (quarter octaves), so that quantiles cost nothing and a single
outlier moves none. Far outside is what exceeds both the median by six times the median absolute deviation, scaled by
1.4826 to a standard deviation (Iglewicz and Hoaglin: How to Detect and Handle Outliers, ASQC 1993; there 3.5 deviations
for single tests, here six because every template is tested every five minutes), and FACTOR times what was reached on
two days of the last four weeks: so a nightly job is usual on its third night, and one bad night is not.
Seasonality is the eighth of the day in UTC, judged by itself once three days of it were seen, before that all together.
"""

from bisect import bisect_right
from collections.abc import Iterator
from math import log2

INTERVAL_US = 300 * 1_000_000
SLOTS = 8
PER_DAY = 288
PER_SLOT = PER_DAY // SLOTS
MATURE = 3 * PER_SLOT
"""Intervals of one time of day, three days of it, from which on it is judged by itself."""

LEARNT = PER_DAY
"""Intervals that a history needs before anything is judged by it: one day."""

HALVED_AT = 28 * PER_SLOT
"""Weight of one time of day at which its history is halved: what is older than some weeks fades."""

PEAK_DAYS = 28
FACTOR = 4.0
DEVIATIONS = 6.0
_SCALED = 1.4826
_STEP = 100


def slot_of(interval: int) -> int:
    """The time of day of an interval counted since the epoch."""
    return interval % PER_DAY // PER_SLOT


def to_bin(value: float) -> int:
    """Quarter octaves: 0 for 0, 4 for 1, 8 for 3, 40 for about a thousand."""
    return min(round(4 * log2(1 + value)), _STEP - 1)


def from_bin(index: float) -> float:
    return float(2 ** (index / 4) - 1)


class History:
    """Weights of values, and the highest of each day, by time of day."""

    __slots__ = ("peaks", "weights")

    def __init__(self, weights: dict[int, int] | None = None, peaks: dict[int, int] | None = None) -> None:
        self.weights: dict[int, int] = weights if weights is not None else {}
        self.peaks: dict[int, int] = peaks if peaks is not None else {}

    def state(self) -> list[list[tuple[int, int]]]:
        return [list(self.weights.items()), list(self.peaks.items())]

    @classmethod
    def restore(cls, state: list[list[tuple[int, int]]]) -> "History":
        weights, peaks = state
        return cls(dict(weights), dict(peaks))

    def add(self, interval: int, value: float, weight: int = 1) -> None:
        index = to_bin(value)
        slot = slot_of(interval)
        key = slot * _STEP + index
        self.weights[key] = self.weights.get(key, 0) + weight
        if self.weights[key] >= HALVED_AT:
            for one in [one for one in self.weights if one // _STEP == slot]:
                self.weights[one] //= 2
                if not self.weights[one]:
                    del self.weights[one]
        if index:
            self._peak(interval // PER_DAY * SLOTS + slot, index)

    def _peak(self, when: int, index: int) -> None:
        if index > self.peaks.get(when, 0):
            self.peaks[when] = index
            oldest = when - PEAK_DAYS * SLOTS
            for one in [one for one in self.peaks if one < oldest or one > when + SLOTS]:
                del self.peaks[one]  # too old, or of a clock that was set back

    def add_zeros(self, first: int, until: int) -> None:
        """Nothing in the intervals from `first` to before `until`; of a long silence the last week."""
        first = max(first, until - 7 * PER_DAY)
        for slot, count in _by_slot(first, until):
            self.add(slot * PER_SLOT, 0, count)

    def usual(self, interval: int) -> "Usual | None":
        """What is usual at this time of day, None while too little was seen."""
        slot = slot_of(interval)
        here = {key % _STEP: weight for key, weight in self.weights.items() if key // _STEP == slot}
        if sum(here.values()) >= MATURE:
            reached = sorted(index for when, index in self.peaks.items() if when % SLOTS == slot)
            return _usual(here, reached[-2] if len(reached) > 1 else 0, by_time_of_day=True)
        everything: dict[int, int] = {}
        for key, weight in self.weights.items():
            everything[key % _STEP] = everything.get(key % _STEP, 0) + weight
        if sum(everything.values()) < LEARNT:
            return None
        return _usual(everything, max(everything), by_time_of_day=False)


class Usual:
    """The median, the upper end of what is usual, and from where on a value is far outside."""

    __slots__ = ("by_time_of_day", "far", "median", "upper")

    def __init__(self, *, median: float, upper: float, far: float, by_time_of_day: bool) -> None:
        self.median = median
        self.upper = upper
        self.far = far
        self.by_time_of_day = by_time_of_day

    @property
    def when(self) -> str:
        return " at this time of day" if self.by_time_of_day else ""


def _usual(bins: dict[int, int], reached: int, *, by_time_of_day: bool) -> Usual:
    median = _quantile(bins, 0.5)
    away: dict[int, int] = {}
    for index, weight in bins.items():
        away[abs(index - median)] = away.get(abs(index - median), 0) + weight
    deviation = max(_SCALED * _quantile(away, 0.5), 1.0)
    upper = max(reached, median)
    far = max(from_bin(median + DEVIATIONS * deviation), FACTOR * max(from_bin(upper), 1.0))
    return Usual(median=from_bin(median), upper=from_bin(upper), far=far, by_time_of_day=by_time_of_day)


def _quantile(bins: dict[int, int], share: float) -> int:
    indices = sorted(bins)
    sums, total = [], 0
    for index in indices:
        sums.append(total)
        total += bins[index]
    rank = min(int(share * total), total - 1)
    return indices[bisect_right(sums, rank) - 1]


def _by_slot(first: int, until: int) -> Iterator[tuple[int, int]]:
    while first < until:
        end = min(until, (first // PER_SLOT + 1) * PER_SLOT)
        yield slot_of(first), end - first
        first = end
