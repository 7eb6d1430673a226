"""Sensors that still read within their thresholds and are ailing: against their own past, and against their siblings.

All series are `(second since the epoch, value)` in order of time; times out are seconds. A forecast is the robust line
of `trend.py` through what is left to the threshold, so that a saw-tooth gives none. What a machine does of itself is
taken out before (equal_terms.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from groundcrew.diagnosis.trend import Forecast, add, forecast

Series = Sequence[tuple[int, float]]

MIN_SIBLINGS = 5
"""Machines of the same model, beside the one that is judged, from which on they say what is usual."""

OUTLIER = 6.0
"""Robust deviations from which on a value is none of its siblings'; of a normal spread one in 500 million."""

WOBBLE_TIMES = 4.0
"""So many times its usual spread a voltage wobbles where it is ailing."""

_TO_SIGMA = 1.4826
"""From the median absolute deviation to a standard deviation, of a normal spread."""


def spread_of(values: Sequence[float]) -> float:
    """Median absolute deviation as a standard deviation; half of the values may be anything."""
    middle = median(values)
    return _TO_SIGMA * median(abs(value - middle) for value in values)


@dataclass(frozen=True, slots=True)
class Odd:
    """A value that is none of its siblings'. `deviations` is signed: negative below them."""

    usual: float
    deviations: float


def against_siblings(value: float, siblings: Sequence[float], resolution: float) -> Odd | None:
    """Of the same sensor on machines of the same model; None where it is usual, or there are too few of them.

    `resolution` is the smallest step of the sensor in its own unit: siblings that all read alike still differ by it.
    """
    if len(siblings) < MIN_SIBLINGS:
        return None
    usual = median(siblings)
    deviations = (value - usual) / max(spread_of(siblings), resolution)
    return Odd(usual, deviations) if abs(deviations) >= OUTLIER else None


def time_to_threshold(series: Series, threshold: float, window_s: float, *, falling: bool) -> Forecast | None:
    """When the series reaches the threshold at its present rate: from above where `falling`, else from below.

    None where it does not move that way, or there are too few points. Nothing is left of one that is beyond it.
    """
    points: list[list[float]] = []
    for when, value in series:
        add(points, when, value - threshold if falling else threshold - value, window_s)
    return forecast(points, window_s)
