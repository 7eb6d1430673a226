"""When a falling series will be used up: a robust line through a bounded window of its points.

The slope is that of `slopes.py`: a copy that comes and goes or a rotated log does not move it. A line is only believed
where most pairs agree on its direction, so that a saw-tooth gives no forecast, however the window happens to cut it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from groundcrew.diagnosis.slopes import slopes_of

POINTS = 16
"""Points of a window; 120 pairs."""

MIN_POINTS = 8
MIN_AGREEMENT = 0.5
"""Kendall's tau from which on a series counts as falling: three of four pairs fall."""

Point = list[float]
"""[second since the epoch, value]; a flat stretch is kept as its two ends."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """`rate` per second (negative), `left_s` seconds until the value reaches zero at that rate."""

    rate: float
    left_s: float


def step_of(window_s: float) -> int:
    """Seconds between two points of a window."""
    return max(1, round(window_s / POINTS))


def add(points: list[Point], when_s: int, value: float, window_s: float) -> bool | None:
    """Keep a point where its time has come. None: it has not; False: the series stands still, so that nothing is to
    be written down; True otherwise. A clock that was set back begins anew."""
    step = step_of(window_s)
    if points and when_s < points[-1][0] - step:
        points.clear()
    if points and when_s < points[-1][0] + step:
        return None
    flat = len(points) > 1 and points[-1][1] == points[-2][1] == value
    if flat:
        points[-1] = [when_s, value]
    else:
        points.append([when_s, value])
    while len(points) > 1 and points[1][0] <= when_s - window_s:
        del points[0]
    return not flat


def forecast(points: Sequence[Point], window_s: float) -> Forecast | None:
    """What the line through the points says; None where it does not fall, or there are too few points to say."""
    spread = _spread(points, window_s)
    if len(spread) < MIN_POINTS:
        return None
    slopes = slopes_of(spread)
    if slopes is None or (rate := slopes.middle) >= 0 or slopes.tau > -MIN_AGREEMENT:
        return None
    newest = spread[-1][0]
    level = median(value + rate * (newest - when) for when, value in spread)
    return Forecast(rate, max(0.0, level / -rate))


def enough(points: Sequence[Point], window_s: float) -> bool:
    """Whether there are points enough to say anything."""
    return len(_spread(points, window_s)) >= MIN_POINTS


def _spread(points: Sequence[Point], window_s: float) -> list[tuple[float, float]]:
    """The points of the last window, flat stretches filled in again."""
    if not points:
        return []
    step, since = step_of(window_s), points[-1][0] - window_s
    spread: list[tuple[float, float]] = []
    for index, (when, value) in enumerate(points):
        if index and points[index - 1][1] == value:
            start = max(points[index - 1][0], since - step)
            missing = min(POINTS, int((when - start) // step) - 1)
            spread += [(when - step * back, value) for back in range(missing, 0, -1)]
        spread.append((when, value))
    return [point for point in spread if point[0] >= since]
