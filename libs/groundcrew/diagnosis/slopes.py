"""How fast a series moves, by the slopes of all pairs of its points, and how far they agree on a direction.

Their median is the slope of Theil (1950) and Sen (1968): up to 29 % of the points may be anything without moving it.
The agreement is Kendall's tau (1938): 1 where every pair rises, -1 where every pair falls.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

_TIES = 1e-12
"""Seconds: pairs that are no farther apart say nothing of a slope."""


@dataclass(frozen=True, slots=True)
class Slopes:
    """`ordered` are the slopes of all pairs, the smallest first, in units a second."""

    ordered: list[float]
    tau: float

    @property
    def middle(self) -> float:
        return median(self.ordered)


def slopes_of(points: Sequence[Sequence[float]]) -> Slopes | None:
    """Of (second, value) in order of time; None where no two lie apart in time."""
    slopes, rising, falling = [], 0, 0
    for at, (when, value) in enumerate(points):
        for later, other in points[at + 1 :]:
            if later - when > _TIES:
                slopes.append((other - value) / (later - when))
                rising += other > value
                falling += other < value
    return Slopes(sorted(slopes), (rising - falling) / len(slopes)) if slopes else None
