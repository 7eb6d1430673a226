"""Buckets and trends of metrics, in plain arithmetic: what the memory store computes and PostgreSQL must agree with."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from groundcrew.contracts.queries import MetricsQuery, SensorHistoryQuery

MAX_SERIES = 100
"""Series of one reply, in order of their labels."""

MAX_BUCKETS = 2_000
MAX_POINTS = 8_000
"""Buckets of one reply over all its series: about 500 kB of JSON."""


@dataclass(frozen=True)
class Buckets:
    """Buckets of one series; `starts` in microseconds since the epoch."""

    starts: list[int]
    averages: list[float]
    minima: list[float]
    maxima: list[float]


def bucket_seconds(query: MetricsQuery | SensorHistoryQuery, series: int) -> int:
    """The width asked for, or wider where the range would have too many buckets."""
    most = max(10, min(MAX_BUCKETS, MAX_POINTS // max(series, 1)))
    return max(query.step_s, math.ceil((query.until - query.since).total_seconds() / most))


def bucketed(samples: Iterable[tuple[int, float]], step_s: int) -> Buckets:
    """Averages, minima and maxima of (microseconds, value) pairs in order of time; buckets start at the epoch."""
    width = step_s * 1_000_000
    groups: dict[int, list[float]] = {}
    for time, value in samples:
        groups.setdefault(time // width * width, []).append(value)
    values = groups.values()
    return Buckets(
        starts=list(groups),
        averages=[math.fsum(group) / len(group) for group in values],
        minima=[min(group) for group in values],
        maxima=[max(group) for group in values],
    )


def slope_per_hour(times_us: Sequence[int], values: Sequence[float]) -> float | None:
    """Least-squares slope over hours; None below 3 points."""
    if len(values) < 3:
        return None
    hours = [(time - times_us[0]) / 3_600_000_000 for time in times_us]
    middle_x, middle_y = math.fsum(hours) / len(hours), math.fsum(values) / len(values)
    spread = math.fsum((x - middle_x) ** 2 for x in hours)
    return math.fsum((x - middle_x) * (y - middle_y) for x, y in zip(hours, values, strict=True)) / spread
