"""When something will be used up: a range of times, by a robust line through what was measured, or nothing.

The line is that of `slopes.py`: the median of the slopes of all pairs, believed only where pairs agree on its direction
and the newest points still lie on it: after a restart or a clean-up nothing is told until the others have left its
window. Its range is Sen's: of the sorted slopes those that the normal approximation of
Kendall's statistic leaves in the middle (Sen, J. Am. Stat. Assoc. 63, 1968, section 4). Measurements follow one another
and are no independent draws, so that the range is taken for as many points as are left after thinning by their own
correlation (the effective sample size of a first-order autoregression, Bayley and Hammersley 1946). Where a
series bends throughout, the rate of its last third counts: a leak that grows, a disk that fails ever faster.

What is forecast, of which metric and up to which limit, is the pack `forecasts.toml`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from math import sqrt
from statistics import median
from typing import Literal

from pydantic import Field

from groundcrew.diagnosis.rules import Named, parse_tables
from groundcrew.diagnosis.slopes import slopes_of
from groundcrew.diagnosis.trend import MIN_AGREEMENT, MIN_POINTS

MAX_POINTS = 96
"""Points that a line is laid through: 4,560 pairs. More are averaged down before."""

MAX_VALUE = 1e18
"""Larger ones, and what is no number, are no measurements."""

Z = 1.645
"""Of the normal distribution: nine of ten lines lie within the range."""

BENDS = 0.8
"""Kendall's tau of the slopes of stretches from which on a series bends: by chance one of sixty does."""

_HELD = 2 / 3
_STRETCHES = 6
MIN_STRETCH = 4
_TIES = 1e-12

NEWEST = 5
"""Points at the end whose median tells whether the line still holds."""

LEFT = 4.0
"""Robust deviations of all points about the line from which on the newest have left it."""

LEFT_SHARE = 0.1
"""And so much of what the line moved in its window: steps of a counter leave no line."""

_TO_SIGMA = 1.4826


class Target(Named):
    """One thing to forecast. Texts may name labels of the series: `{device}`."""

    metric: str = Field(min_length=1)
    limit: float
    falls: bool = Field(False, description="whether the limit is reached from above")
    window_h: float = Field(gt=0, description="hours of history that the line is laid through")
    horizon_days: float = Field(gt=0, description="what lies further ahead is not told")
    title: str
    component: str
    component_class: str
    unit: str = ""


class SensorTarget(Named):
    """Sensors of a BMC to forecast, at equal terms (equal_terms.py), up to a critical threshold.

    `of` fans: speeds at the present duty, down to the lower one; temperatures: at the present inlet and power, up to
    the upper one. `least` is what it must have moved within the week, as a share of its value or in degrees.
    """

    of: Literal["fans", "temperatures"]
    limit: float | None = Field(None, description="absent: the critical threshold that the BMC tells")
    least: float = Field(gt=0)
    horizon_days: float = Field(gt=0, description="what lies further ahead is not told")
    title: str
    component_class: str


@dataclass(frozen=True, slots=True)
class Line:
    """Value at the newest point, and the slope per second with its range."""

    level: float
    slope: float
    lower: float
    upper: float
    points: int


@dataclass(frozen=True, slots=True)
class Range:
    """Seconds until a limit is reached: soonest, likeliest, latest. `latest_s` is None where it may be never."""

    soonest_s: float
    likely_s: float
    latest_s: float | None


def parse_forecasts(text: str, name: str) -> list[Target]:
    """The `[[forecast]]` tables of one file. Raises PackError naming file, entry and key."""
    return parse_tables(text, name, "forecast", Target, beside=["sensor_forecast"])


def parse_sensor_forecasts(text: str, name: str) -> list[SensorTarget]:
    """The `[[sensor_forecast]]` tables of the same file. Raises PackError."""
    return parse_tables(text, name, "sensor_forecast", SensorTarget, beside=["forecast"])


def line_of(times_s: Sequence[float], values: Sequence[float]) -> Line | None:
    """Through points in order of time; None where there are too few, or they do not agree on a direction."""
    points = [(when, value) for when, value in zip(times_s, values, strict=True) if abs(value) <= MAX_VALUE]
    points = _thinned(points)
    if len(points) < MIN_POINTS:
        return None
    whole = _laid(points)
    lately = _laid(points[-max(MIN_POINTS, len(points) // 3) :])
    if whole is None or lately is None or not _bends(points):
        return whole
    lower, upper = min(whole.lower, lately.lower), max(whole.upper, lately.upper)
    return Line(lately.level, lately.slope, lower, upper, len(points))


def _bends(points: Sequence[tuple[float, float]]) -> bool:
    """Whether the slopes of stretches that follow one another themselves rise or fall throughout."""
    size = len(points) // _STRETCHES
    if size < MIN_STRETCH:
        return False
    stretches = [points[at * size : (at + 1) * size] for at in range(_STRETCHES)]
    rates = [
        median((b - a) / (later - when) for (when, a), (later, b) in combinations(part, 2) if later > when)
        for part in stretches
        if part[-1][0] > part[0][0]
    ]
    signs = [(later > earlier) - (later < earlier) for earlier, later in combinations(rates, 2)]
    return len(rates) == _STRETCHES and abs(sum(signs)) >= BENDS * len(signs)


def _laid(points: Sequence[tuple[float, float]]) -> Line | None:
    slopes = slopes_of(points)
    if slopes is None or abs(slopes.tau) < MIN_AGREEMENT:
        return None
    slope, newest = slopes.middle, points[-1][0]
    levels = [value + slope * (newest - when) for when, value in points]
    level = median(levels)
    apart = [one - level for one in levels]
    if _left(apart, abs(slope) * (newest - points[0][0])):
        return None
    lower, upper = _range(slopes.ordered, _effective(apart))
    return Line(level, slope, lower, upper, len(points))


def _left(apart: Sequence[float], moved: float) -> bool:
    """Whether the newest points are no longer on the line that the others make: somebody emptied what filled."""
    gone = abs(median(apart[-NEWEST:]))
    return gone > LEFT_SHARE * moved and gone > LEFT * _TO_SIGMA * median(abs(one) for one in apart)


def time_to(line: Line, limit: float, *, falls: bool) -> Range | None:
    """When the line reaches the limit; None where it goes another way, or may stand still for all that is known."""
    toward = -1.0 if falls else 1.0
    left = (limit - line.level) * toward
    rates = sorted((line.lower * toward, line.slope * toward, line.upper * toward), reverse=True)
    if left <= 0:
        return Range(0.0, 0.0, 0.0)
    fastest, likely, slowest = rates[0], line.slope * toward, rates[-1]
    if likely <= 0:
        return None
    return Range(left / fastest, left / likely, left / slowest if slowest > 0 else None)


def back_test(times_s: Sequence[float], values: Sequence[float]) -> float | None:
    """By how much the line through the first two thirds of the time missed where the line of all now is, as a share of
    what that moved. None where there was none to lay then, or there is none now."""
    whole = line_of(times_s, values)
    if whole is None or not whole.slope:
        return None
    begun, newest = times_s[0], times_s[-1]
    cut = sum(when <= begun + (newest - begun) * _HELD for when in times_s)
    then = line_of(times_s[:cut], values[:cut])
    if then is None:
        return None
    said = then.level + then.slope * (newest - times_s[cut - 1])
    return abs(said - whole.level) / (abs(whole.slope) * (newest - begun))


def forecast(times_s: Sequence[float], values: Sequence[float], target: Target) -> Range | None:
    """None where nothing can be said, or nothing happens within the horizon."""
    line = line_of(times_s, values)
    found = time_to(line, target.limit, falls=target.falls) if line is not None else None
    return found if found is not None and found.likely_s <= target.horizon_days * 86_400 else None


def _thinned(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """At most MAX_POINTS, each the median of as many that follow one another; the newest are always among them."""
    size = -(-len(points) // MAX_POINTS) if points else 1
    if size <= 1:
        return list(points)
    first = len(points) % size
    groups = [points[at : at + size] for at in range(first, len(points), size)]
    if first:
        groups.insert(0, points[:first])
    return [(median(when for when, _ in group), median(value for _, value in group)) for group in groups]


def _effective(residuals: Sequence[float]) -> float:
    """How many independent points these are worth."""
    count = len(residuals)
    middle = sum(residuals) / count
    spread = sum((one - middle) ** 2 for one in residuals)
    if spread <= _TIES:
        return float(count)
    lagged = sum((a - middle) * (b - middle) for a, b in pairwise(residuals))
    correlation = min(max(lagged / spread, 0.0), 0.95)
    return max(MIN_POINTS / 2, count * (1 - correlation) / (1 + correlation))


def _range(slopes: Sequence[float], effective: float) -> tuple[float, float]:
    """The slopes at both ends of the range. Kendall's variance is of as many points as these are worth."""
    pairs = effective * (effective - 1) / 2
    wide = Z * sqrt(effective * (effective - 1) * (2 * effective + 5) / 18)
    share = min(max((1 - wide / pairs) / 2, 0.0), 0.5)
    last = len(slopes) - 1
    return slopes[round(share * last)], slopes[round((1 - share) * last)]
