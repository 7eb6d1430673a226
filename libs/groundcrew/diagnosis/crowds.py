"""Storms of one rule over many components: addresses, process ids, paths, names that a fault makes up by the thousand.

The first MAX_COMPONENTS of a rule within WINDOW_US have tracks of their own. What comes beyond is folded into one track
whose trigger says how many components it stands for. Nothing is dropped: each hit is counted, and a component whose
end is told leaves the crowd again.
"""

import base64
import zlib
from array import array

MAX_COMPONENTS = 64
WINDOW_US = 600 * 1_000_000
MAX_TOLD_APART = 8_192
"""Components that are told apart in one crowd; beyond, it is said that there are more."""

CROWD = "\0crowd"
"""Stands in for the component in the key of a crowd's track; no component is so called."""


class Crowd:
    """The components that were folded, by hash (two of 8,192 share one with a chance of 1 %)."""

    def __init__(self) -> None:
        self.newest_us = 0
        self.more = False
        self._parts: set[int] = set()

    def add(self, component: str, when: int, *, anew: bool) -> None:
        """Take a component in. With `anew`, those of a storm that has been over for a window are left out first."""
        if anew and when > self.newest_us + WINDOW_US:
            self._parts.clear()
            self.more = False
        self.newest_us = max(self.newest_us, when)
        if len(self._parts) < MAX_TOLD_APART:
            self._parts.add(_hash(component))
        elif _hash(component) not in self._parts:
            self.more = True

    def leave(self, component: str) -> bool:
        """A component's end was told. Whether it was the last one."""
        before = len(self._parts)
        self._parts.discard(_hash(component))
        return before > 0 and not self._parts and not self.more

    def active(self, when: int) -> bool:
        return when <= self.newest_us + WINDOW_US

    def __str__(self) -> str:
        return f"more than {len(self._parts)}" if self.more else str(len(self._parts))

    def state(self) -> list[object]:
        """A JSON form; `restore` reads it."""
        return [self.newest_us, self.more, base64.b64encode(array("I", sorted(self._parts)).tobytes()).decode()]

    @classmethod
    def restore(cls, newest_us: int, more: bool, parts: str) -> "Crowd":
        crowd = cls()
        crowd.newest_us, crowd.more = newest_us, more
        crowd._parts = set(array("I", base64.b64decode(parts, validate=True)))
        return crowd


def _hash(component: str) -> int:
    return zlib.crc32(component.encode("utf-8", "surrogatepass"))
