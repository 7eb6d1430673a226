"""Values that left their usual range around a time, and machines that said nothing for a while.

Usual is the median of the time before; how far a value lies from it is the modified z-score of Iglewicz and Hoaglin
(How to Detect and Handle Outliers, 1993): 0.6745 (x - median) / MAD, with outliers beyond 3.5. A series that never
moved has no spread; there a floor of two hundredths of the median stands in, so that a wobble is no anomaly.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median

from groundcrew.contracts.reports import SensorAnomaly

AROUND = timedelta(minutes=15)
"""So close to the time in question a value speaks for it."""

THRESHOLD = 3.5
MIN_BEFORE = 8
MAX_ANOMALIES = 20
MAX_OF_ONE = 3
MIN_SHARE = 0.05
"""A value that differs by less than this share of the usual one is nothing that a person would call a change."""


@dataclass(frozen=True, kw_only=True)
class Series:
    """One sensor or metric of a device; in order of time, values as averages of equal buckets."""

    device: str
    name: str
    unit: str
    times: Sequence[datetime]
    values: Sequence[float]
    lows: Sequence[float] = ()
    highs: Sequence[float] = ()


def anomalies(series: Iterable[Series], target: datetime) -> list[SensorAnomaly]:
    """The farthest first, at most MAX_ANOMALIES and of one metric at most MAX_OF_ONE, as eight GPUs that cool down say
    one thing. A series with fewer than MIN_BEFORE values before says nothing."""
    found = [one for one in (_anomaly(each, target) for each in series) if one is not None]
    kept: list[SensorAnomaly] = []
    told: Counter[str] = Counter()
    for one in sorted(found, key=lambda one: (-abs(one.score), one.device, one.name)):
        metric = one.name.partition(" ")[0] if "_" in one.name else one.name
        told[metric] += 1
        if told[metric] <= MAX_OF_ONE:
            kept.append(one)
    return kept[:MAX_ANOMALIES]


def _anomaly(series: Series, target: datetime) -> SensorAnomaly | None:
    before = [value for when, value in zip(series.times, series.values, strict=True) if when < target - AROUND]
    if len(before) < MIN_BEFORE:
        return None
    usual = median(before)
    spread = max(median(abs(value - usual) for value in before), abs(usual) * 0.02, 1e-9)
    lows, highs = series.lows or series.values, series.highs or series.values
    near = [
        (value, when)
        for when, low, high in zip(series.times, lows, highs, strict=True)
        if abs(when - target) <= AROUND
        for value in (low, high)
    ]
    if not near:
        return None
    value, at = max(near, key=lambda pair: abs(pair[0] - usual))
    score = 0.6745 * (value - usual) / spread
    if abs(score) < THRESHOLD or abs(value - usual) < MIN_SHARE * max(abs(usual), abs(value)):
        return None
    way = "rose" if value > usual else "fell"
    return SensorAnomaly(
        device=series.device,
        name=series.name,
        unit=series.unit,
        usual=usual,
        value=value,
        at=at,
        score=round(max(-1e6, min(1e6, score)), 1),
        text=f"{series.name} {way} to {_amount(value, series.unit)} at {at:%H:%M} "
        f"(usually {_amount(usual, series.unit)})",
    )


def _amount(value: float, unit: str) -> str:
    if unit == "bytes":
        return f"{value / 2**30:.3g} GiB" if abs(value) >= 2**30 else f"{value / 2**20:.3g} MiB"
    return f"{value:.4g} {unit}".strip()


@dataclass(frozen=True)
class Quiet:
    """A stretch without any sample."""

    start: datetime
    end: datetime

    @property
    def minutes(self) -> float:
        return (self.end - self.start).total_seconds() / 60


def gaps(times: Sequence[datetime], at_least: timedelta = timedelta(minutes=2)) -> list[Quiet]:
    """Stretches that are several times as long as the usual step and at least `at_least`; `times` in order."""
    steps = [later - earlier for earlier, later in pairwise(times)]
    if len(steps) < MIN_BEFORE:
        return []
    limit = max(at_least, 3 * sorted(steps)[len(steps) // 2])
    return [
        Quiet(earlier, later) for (earlier, later), step in zip(pairwise(times), steps, strict=True) if step >= limit
    ]
