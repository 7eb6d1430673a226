"""What is raised and cleared over and over: one trigger that says so instead of ten pairs, until it is calm.

It flaps from CHANGES changes within WINDOW_US, and is calm after CALM_US without one: much longer than it takes to
begin, so that it does not flap in and out of flapping.
"""

from dataclasses import dataclass, field
from typing import Any

CHANGES = 5
WINDOW_US = 600 * 1_000_000
CALM_US = 900 * 1_000_000
REPEAT_US = 3_600 * 1_000_000
MAX_CHANGES = 64


@dataclass(slots=True)
class Flap:
    """Changes of one (rule, component), newest last, as event times. `withheld` is the end that was told while it
    flapped, to be told once it is calm."""

    changes: list[int] = field(default_factory=list)
    flapping: bool = False
    said_us: int = 0
    withheld: list[Any] | None = None

    def change(self, when: int, *, bad: bool) -> bool:
        """Note a change; True where it is to be told: every one of what does not flap, of what flaps the first, and
        one an hour."""
        if self.changes and when < self.changes[-1] - WINDOW_US:  # the clock was set back
            self.changes = []
        self.changes = [each for each in self.changes if each >= when - WINDOW_US][-MAX_CHANGES + 1 :]
        self.changes.append(when)
        if not self.flapping:
            self.flapping = bad and len(self.changes) >= CHANGES
            self.said_us = when
            return True
        if bad and when - self.said_us >= REPEAT_US:
            self.said_us = when
            return True
        return False

    @property
    def due_us(self) -> int | None:
        """When it will be calm; None where it does not flap."""
        return self.changes[-1] + CALM_US if self.flapping else None

    def over(self, when: int) -> bool:
        """Nothing that would be lost by forgetting it."""
        return not self.flapping and (not self.changes or self.changes[-1] < when - WINDOW_US)

    def __str__(self) -> str:
        more = "at least " if len(self.changes) == MAX_CHANGES else ""
        return f"{more}{len(self.changes)} changes in {WINDOW_US // 60_000_000} min"

    def state(self) -> list[Any]:
        """A JSON form; `Flap(*state)` reads it."""
        return [self.changes, self.flapping, self.said_us, self.withheld]
