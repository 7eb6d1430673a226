"""Things that are so or not so at each look: a threshold crossed, a sensor critical, a unit failed.

A level is raised once it held for a time and a number of looks, and cleared once it was good for as long; between the
two limits of a hysteresis nothing changes. State exists only while something is not plainly good.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Any


class Step(Enum):
    """What a look changed."""

    NONE = "none"
    RAISE = "raise"
    REPEAT = "repeat"
    CLEAR = "clear"


class Look(Enum):
    """What a look saw."""

    BAD = "bad"
    BETWEEN = "between"
    GOOD = "good"


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long (microseconds of event time) and how many looks it takes to raise, to clear, to say it again."""

    hold_us: int = 0
    looks: int = 1
    clear_hold_us: int = 0
    clear_looks: int = 1
    repeat_us: int = 3_600 * 1_000_000


@dataclass(slots=True)
class Level:
    """State of one level. `since_us` and `looks` count towards raising, `good_*` towards clearing."""

    raised: bool = False
    since_us: int = 0
    looks: int = 0
    said_us: int = 0
    good_since_us: int | None = None
    good_looks: int = 0

    def step(self, look: Look, when: int, patience: Patience) -> Step:
        """Take one look. After CLEAR, and whenever `idle`, the level may be forgotten."""
        if self.raised:
            return self._while_raised(look, when, patience)
        if look is not Look.BAD:
            self.looks = 0
            return Step.NONE
        if self.looks == 0 or when < self.since_us:
            self.since_us = when
        self.looks = min(self.looks + 1, patience.looks)
        if self.looks < patience.looks or when - self.since_us < patience.hold_us:
            return Step.NONE
        self.raised = True
        self.said_us = when
        return Step.RAISE

    def _while_raised(self, look: Look, when: int, patience: Patience) -> Step:
        if look is not Look.GOOD:
            self.good_since_us, self.good_looks = None, 0
            if look is Look.BAD and when - self.said_us >= patience.repeat_us:
                self.said_us = when
                return Step.REPEAT
            return Step.NONE
        if self.good_since_us is None or when < self.good_since_us:
            self.good_since_us = when
        self.good_looks = min(self.good_looks + 1, patience.clear_looks)
        if self.good_looks < patience.clear_looks or when - self.good_since_us < patience.clear_hold_us:
            return Step.NONE
        self.raised, self.looks = False, 0
        return Step.CLEAR

    @property
    def idle(self) -> bool:
        """Nothing that would be lost by forgetting it."""
        return not self.raised and self.looks == 0

    def state(self) -> list[Any]:
        """A JSON form; `Level(*state)` reads it."""
        return [self.raised, self.since_us, self.looks, self.said_us, self.good_since_us, self.good_looks]
