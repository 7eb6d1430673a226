"""Boots that a kernel's buffer tells of, where its lines say only seconds since the boot: when each began.

The clock is found, in this order, in what the kernel itself says of it (the real-time clock at start, audit records,
which bear the time of day), in lines that another log of the host has with their time, and else the last line counts
as written when the file was.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from groundcrew.diagnosis.lines import Line
from groundcrew_embedded.diagnosing.sieve import Kept

_RTC = re.compile(r"setting system clock to \d{4}-\d\d-\d\d[T ][\d:]{8} UTC \((\d{9,10})\)", re.ASCII)
_AUDIT = re.compile(r"\baudit\((\d{9,10})\.(\d{3}):\d{1,12}\)", re.ASCII)
_BANNER = "Linux version "
_FELL_US = 60 * 1_000_000
_BETWEEN_US = 60 * 1_000_000
"""A reboot takes at least so long."""


@dataclass(slots=True)
class Boot:
    """`newest_us` since it began; `began_us` by the time of day, None where the file does not say."""

    newest_us: int = 0
    began_us: int | None = None


class Boots:
    """Follows the uptimes of one file."""

    def __init__(self) -> None:
        self.found: list[Boot] = []

    def note(self, line: Line) -> int:
        """The number of the boot that this line is of."""
        since_us = line.time_us or 0
        if not self.found or self._is_new(line, since_us):
            self.found.append(Boot())
        boot = self.found[-1]
        boot.newest_us = max(boot.newest_us, since_us)
        if boot.began_us is None and (clock_us := _clock_of(line.message)) is not None:
            boot.began_us = clock_us - since_us
        return len(self.found) - 1

    def _is_new(self, line: Line, since_us: int) -> bool:
        """Whether the count began anew. Lines that come out of order fall by less than half."""
        newest = self.found[-1].newest_us
        if line.message.startswith(_BANNER):
            return newest > since_us
        return newest - since_us > _FELL_US and since_us < newest // 2

    @property
    def unplaced(self) -> bool:
        """Whether of some boot nothing tells when it began."""
        return any(boot.began_us is None for boot in self.found)

    def place(self, end_us: int) -> None:
        """Give a beginning to those that have none: each ended before the next one began, the last one at `end_us`."""
        for boot in reversed(self.found):
            if boot.began_us is None:
                boot.began_us = max(0, end_us - boot.newest_us)
            end_us = min(end_us, boot.began_us - _BETWEEN_US)


def _clock_of(message: str) -> int | None:
    if found := _RTC.search(message):
        return int(found[1]) * 1_000_000
    if found := _AUDIT.search(message):
        return int(found[1]) * 1_000_000 + int(found[2]) * 1_000
    return None


def anchor(boots: Mapping[int, Boots], kept: Sequence[Kept]) -> None:
    """Find the beginning of boots by lines that stand once in their file and once, with a time of day, in another."""
    dated: dict[str, list[int]] = {}
    counted: dict[tuple[int, int, str], list[int]] = {}
    for one in kept:
        if one.boot is None:
            dated.setdefault(one.row.message, []).append(one.row.time_us)
        else:
            counted.setdefault((one.file, one.boot, one.row.message), []).append(one.row.time_us)
    offsets: dict[tuple[int, int], list[int]] = {}
    for (file, number, message), times in counted.items():
        if len(times) == 1 and len(dated.get(message, ())) == 1:
            offsets.setdefault((file, number), []).append(dated[message][0] - times[0])
    for (file, number), found in offsets.items():
        boot = boots[file].found[number]
        if boot.began_us is None:
            boot.began_us = max(0, round(median(found)))
