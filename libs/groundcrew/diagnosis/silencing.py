"""What the site's silences say of a trigger, as detection asks it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Silenced:
    """In force: which silence (id, shown with the trigger), and until when in event time (µs)."""

    by: str
    until_us: int


SilencedBy = Callable[[str, str, Sequence[str], int], Silenced | None]
"""(entity, rule id, cause ids, event time in µs) -> the silence that holds longest, None where there is none."""


def never(_entity: str, _rule: str, _causes: Sequence[str], _when: int) -> Silenced | None:
    """Where there are no silences."""
    return None


@dataclass(slots=True)
class Hushed:
    """The last trigger of a (rule, component) was told in silence. `until_us` is None where nothing tells its end, so
    that nobody can say whether it is still so; `kept` is the trigger to be raised when the silence is over."""

    until_us: int | None
    causes: list[str]
    kept: list[Any] | None = None

    def state(self) -> list[Any]:
        """A JSON form; `Hushed(*state)` reads it."""
        return [self.until_us, self.causes, self.kept]
