"""Reads one line of a log file: its time, its syslog header and its text.

Understood: RFC 3339 (`2026-03-04T02:00:00.5+01:00`), ISO with a space, RFC 5424 (`<34>1 2026-...`), classic syslog
(`Mar  4 02:00:00`, RFC 3164, which has no year) and the kernel's uptime stamp (`[   12.345678]`). A line with none
of them keeps its text and has no time.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from groundcrew.contracts.clock import from_us, to_us

INFO = 6
_MONTHS = {
    name: n
    for n, name in enumerate(("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"), 1)
}
_PRI = re.compile(r"<(\d{1,3})>(?:1 (?=\d{4}-))?", re.ASCII)
_ISO = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?"
    r" ?(Z\b|UTC\b|[+-]\d\d:?\d\d)?(?=[\s:,;|\]]|$)[:,]?\s*",
    re.ASCII,
)
_CLASSIC = re.compile(r"([A-Z][a-z]{2}) ([ \d]\d|\d) (\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))? ", re.ASCII)
_UPTIME = re.compile(r"\[ *(\d{1,9})\.(\d{1,9})\] ?", re.ASCII)
_HEADER = re.compile(r"(\S{1,255}) ([^\s:\[\]]{1,64})(\[[^\]\s]{1,32}\])?: ?")
_HOST_ONLY = re.compile(r"(\S{1,255}) ")
_RFC5424 = re.compile(r"(\S{1,255}) (\S{1,48}) (\S{1,128}) (\S{1,32}) (?:-|(?:\[(?:[^\]\\]|\\.)*\])+) ?")
_FUTURE = timedelta(days=1)

Localize = Callable[[datetime], datetime]
"""Turns a naive local time into an aware one."""


def local_time(naive: datetime) -> datetime:
    """The machine's own zone, with the offset that was in force then."""
    return naive.astimezone()


@dataclass(frozen=True, slots=True)
class Line:
    """What a line says. `time_us` is None where it has no (believable) time."""

    time_us: int | None
    identifier: str
    priority: int
    message: str


class LineReader:
    """Reads lines of the files of one host. Pure: the same line with the same arguments gives the same result."""

    def __init__(self, host: str, localize: Localize = local_time) -> None:
        self._hosts = frozenset({host.lower(), host.lower().partition(".")[0]})
        self._localize = localize

    def read(self, text: str, *, received_us: int, boot_us: int) -> Line:
        """Never raises. `received_us` dates years that are not written, `boot_us` dates uptime stamps."""
        priority, rest, structured = INFO, text, False
        if (pri := _PRI.match(rest)) and int(pri.group(1)) < 192:
            priority, rest, structured = int(pri.group(1)) & 7, rest[pri.end() :], pri.group().endswith("1 ")
        if found := _ISO.match(rest):
            time_us = self._iso(found)
            rest = rest[found.end() :] if time_us is not None else rest
            return self._headed(time_us, priority, rest, strict=True, structured=structured)
        if found := _CLASSIC.match(rest):
            time_us = self._classic(found, received_us)
            if time_us is not None:
                return self._headed(time_us, priority, rest[found.end() :], strict=False, structured=False)
        if found := _UPTIME.match(rest):
            stamped = boot_us + int(found.group(1)) * 1_000_000 + _micros(found.group(2))
            return Line(min(stamped, received_us), "kernel", priority, rest[found.end() :])
        return Line(None, "", priority, rest)

    def _iso(self, found: re.Match[str]) -> int | None:
        year, month, day, hour, minute, second = (int(part) for part in found.groups()[:6])
        zone = found.group(8)
        try:
            naive = datetime(year, month, day, hour, minute, min(second, 59), _micros(found.group(7)))  # noqa: DTZ001
            return _believable(self._zoned(naive, zone))
        except (ValueError, OverflowError, OSError):
            return None

    def _zoned(self, naive: datetime, zone: str | None) -> datetime:
        if zone is None:
            return self._localize(naive)
        if zone in ("Z", "UTC"):
            return naive.replace(tzinfo=UTC)
        offset = timedelta(hours=int(zone[1:3]), minutes=int(zone[-2:]))
        return naive.replace(tzinfo=UTC) - (offset if zone[0] == "+" else -offset)

    def _classic(self, found: re.Match[str], received_us: int) -> int | None:
        """The latest year that does not lie more than a day in the future; 29 February picks a leap year."""
        month = _MONTHS.get(found.group(1))
        if month is None:
            return None
        received = from_us(received_us)
        day, hour, minute, second = (int(part) for part in found.groups()[1:5])
        for year in range(received.year + 1, received.year - 9, -1):
            try:
                naive = datetime(year, month, day, hour, minute, min(second, 59), _micros(found.group(6)))  # noqa: DTZ001
                when = self._localize(naive)
            except (ValueError, OverflowError, OSError):
                continue
            if when <= received + _FUTURE:
                return _believable(when)
        return None

    def _headed(self, time_us: int | None, priority: int, rest: str, *, strict: bool, structured: bool) -> Line:
        """Take the host and the program off. `strict`: only where the first word surely is a host."""
        if structured and (found := _RFC5424.match(rest)):
            name = "" if found.group(2) == "-" else found.group(2)
            return Line(time_us, name, priority, rest[found.end() :].removeprefix("\ufeff"))
        if found := _HEADER.match(rest):
            known = found.group(1).lower() in self._hosts or found.group(3) or found.group(2) == "kernel"
            if known or not strict:
                return _named(time_us, found.group(2), priority, rest[found.end() :])
        if (found := _HOST_ONLY.match(rest)) and (not strict or found.group(1).lower() in self._hosts):
            return Line(time_us, "", priority, rest[found.end() :])
        return Line(time_us, "", priority, rest)


def _named(time_us: int | None, identifier: str, priority: int, message: str) -> Line:
    if identifier == "kernel" and (stamp := _UPTIME.match(message)):
        message = message[stamp.end() :]
    return Line(time_us, identifier, priority, message)


def _micros(fraction: str | None) -> int:
    return int((fraction or "0")[:6].ljust(6, "0"))


def _believable(when: datetime) -> int | None:
    us = to_us(when.astimezone(UTC))
    return us if us >= 0 else None
