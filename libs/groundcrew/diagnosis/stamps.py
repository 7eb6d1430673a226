"""The time that a log line begins with, in every dress that servers' programs give it.

RFC 3339 and ISO with a space, also in brackets (Elasticsearch, Kafka, Slurm, Envoy); classic syslog, which has no
year; C's `asctime` (`dmesg -T`, Apache httpd); slashes (nginx, Go); short dates of Hadoop and Spark; MySQL's and
Redis's own; klog; uptime of the kernel with or without the caller's id; the epoch, by journalctl and by supercomputers'
collectors.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from groundcrew.contracts.clock import from_us, to_us

Fields = tuple[int, int, int, int, int, int]
"""Year, month, day, hour, minute, second."""

Localize = Callable[[datetime], datetime]
"""Turns a naive local time into an aware one."""

_MONTHS = {
    name: n
    for n, name in enumerate(("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"), 1)
}
_MONTH = "(?P<name>Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_DAY = "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
_CLOCK = r"(?P<h>\d\d):(?P<m>\d\d):(?P<s>\d\d)(?:[.,](?P<frac>\d{1,9}))?"
_LOOSE_CLOCK = r" ?(?P<h>\d{1,2}):(?P<m>\d\d):(?P<s>\d\d)(?:[.,](?P<frac>\d{1,9}))?"
_ZONE = r"(?: ?(?P<zone>Z\b|UTC\b|[+-]\d\d:?\d\d)| (?:[A-Z]{2,4}T|MSK)(?= ))?"
_ISO_DATE = r"(?P<Y>\d{4})-(?P<M>\d\d)-(?P<D>\d\d)"
_END = r"(?=[\s:,;|\]]|$)"

_FORMS: dict[str, tuple[tuple[str, re.Pattern[str]], ...]] = {
    "digit": (
        (
            "dmesg",
            re.compile(
                rf"{_ISO_DATE}T(?P<h>\d\d):(?P<m>\d\d):(?P<s>\d\d),(?P<frac>\d{{6}})(?P<zone>[+-]\d\d:\d\d) ", re.ASCII
            ),
        ),
        ("iso", re.compile(rf"{_ISO_DATE}[T ]{_CLOCK}{_ZONE}{_END}[:,]?(?:\s*-\s+)?\s*", re.ASCII)),
        ("mysql", re.compile(rf"{_ISO_DATE} {_LOOSE_CLOCK} (?=\d+ \[|\[)", re.ASCII)),
        ("slashes", re.compile(rf"(?P<Y>\d{{4}})/(?P<M>\d\d)/(?P<D>\d\d) {_CLOCK} ", re.ASCII)),
        ("short", re.compile(rf"(?P<y>\d\d)/(?P<M>\d\d)/(?P<D>\d\d) {_CLOCK} ", re.ASCII)),
        ("short", re.compile(r"(?P<y>\d\d)(?P<M>\d\d)(?P<D>\d\d) (?P<h>\d\d)(?P<m>\d\d)(?P<s>\d\d) ", re.ASCII)),
        ("mysql", re.compile(rf"(?P<y>\d\d)(?P<M>\d\d)(?P<D>\d\d) {_LOOSE_CLOCK} ", re.ASCII)),
        (
            "redis",
            re.compile(rf"\d{{1,10}}:[A-Z] (?P<D>\d\d) {_MONTH} (?P<Y>\d{{4}}) {_CLOCK} (?P<mark>[-.*#]) ", re.ASCII),
        ),
        ("iso", re.compile(rf"(?P<D>\d\d)[-/]{_MONTH}[-/](?P<Y>\d{{4}})[: ]{_CLOCK}{_ZONE}{_END}:?\s*", re.ASCII)),
    ),
    "[": (
        ("uptime", re.compile(r"\[ *(?P<up>\d{1,9})\.(?P<frac>\d{1,9})\](?: ?\[ *[TC]\d{1,10}\])? ?", re.ASCII)),
        ("asctime", re.compile(rf"\[{_DAY} {_MONTH} +(?P<D>\d{{1,2}}) {_CLOCK} (?P<Y>\d{{4}})\] ?", re.ASCII)),
        ("iso", re.compile(rf"\[{_ISO_DATE}[T ]{_CLOCK}{_ZONE}\] ?", re.ASCII)),
        ("iso", re.compile(rf"\[{_MONTH} +(?P<D>\d{{1,2}}) (?P<Y>\d{{4}}) {_CLOCK}\] ?", re.ASCII)),
        (
            "iso",
            re.compile(rf"\[(?P<D>\d\d)[-/]{_MONTH}[-/](?P<Y>\d{{4}})[: ]{_CLOCK}{_ZONE}[^\]]{{0,40}}\] ?", re.ASCII),
        ),
        (
            "redis",
            re.compile(
                rf"\[\d{{1,10}}\] (?P<D>\d\d) {_MONTH} (?:(?P<Y>\d{{4}}) )?{_CLOCK} (?P<mark>[-.*#]) ", re.ASCII
            ),
        ),
    ),
    "letter": (
        ("classic", re.compile(rf"{_MONTH} (?P<D>[ \d]\d|\d) (?:(?P<Y>\d{{4}}) )?{_CLOCK} ", re.ASCII)),
        (
            "classic",
            re.compile(rf"{_DAY} {_ISO_DATE} {_CLOCK} (?:(?P<zone>UTC)|[A-Z]{{2,5}}|[+-]\d\d(?:\d\d)?) ", re.ASCII),
        ),
        ("plain", re.compile(rf"{_DAY},? {_MONTH} +(?P<D>\d{{1,2}}) {_CLOCK} (?P<Y>\d{{4}}):? ", re.ASCII)),
        ("klog", re.compile(rf"(?P<letter>[IWEF])(?P<M>\d\d)(?P<D>\d\d) {_CLOCK}\s+\d{{1,10}} ", re.ASCII)),
        ("iso", re.compile(rf"(?:time|ts|t|timestamp)=\"?{_ISO_DATE}[T ]{_CLOCK}{_ZONE}\"? ?", re.ASCII)),
    ),
}
_EPOCH = re.compile(
    r"(?:-|[A-Z][A-Z0-9_]{1,15}) (?P<epoch>\d{9,10}) \d{4}\.\d\d\.\d\d (?P<node>\S{1,64}) "
    r"(?=[A-Z][a-z]{2} |\d{4}-\d\d-\d\d-\d\d\.)"
)
_UNIX = re.compile(r"(?P<epoch>\d{9,10})\.(?P<frac>\d{6}) (?=\S{1,255} [\w@./()-]{1,64}(?:\[\d{1,10}\])?: )", re.ASCII)
"""`journalctl -o short-unix`."""

_BLUE_GENE = re.compile(r"\d{4}-\d\d-\d\d-\d\d\.\d\d\.\d\d\.\d{1,6} ")
_FUTURE_US = 86_400 * 1_000_000


class Stamp(NamedTuple):
    """A time at the head of a text. `time_us` is None where it cannot be a time; `end` is where the rest begins;
    `mark` is the level that the stamp itself bears: klog's letter, Redis's sign. `zoned`: it names its time zone."""

    time_us: int | None
    end: int
    form: str
    mark: str = ""
    zoned: bool = False


def read_stamp(text: str, localize: Localize, *, received_us: int, boot_us: int) -> Stamp | None:
    """The stamp that the text begins with, if any. Never raises. `received_us` dates years that are not written,
    `boot_us` dates uptime."""
    first = text[:1]
    if first in "-ABCDEFGHIJKLMNOPQRSTUVWXYZ" and (epoch := _EPOCH.match(text)):
        return _collected(text, epoch)
    if first.isdigit() and (unix := _UNIX.match(text)):
        return Stamp(int(unix["epoch"]) * 1_000_000 + int(unix["frac"]), unix.end(), "classic", zoned=True)
    group = "digit" if first.isdigit() else "letter" if first.isalpha() else first
    for form, pattern in _FORMS.get(group, ()):
        if not (found := pattern.match(text)):
            continue
        parts = found.groupdict()
        if form == "uptime":
            stamped = boot_us + int(parts["up"]) * 1_000_000 + _micros(parts["frac"])
            return Stamp(min(stamped, received_us), found.end(), form)
        time_us = _time(parts, localize, received_us)
        if time_us is None:
            return None
        mark = parts.get("mark") or parts.get("letter") or ""
        return Stamp(time_us, found.end(), form, mark, zoned=bool(parts.get("zone")))
    return None


def _collected(text: str, found: re.Match[str]) -> Stamp:
    """A supercomputer's collector wrote epoch and node before the line as its node wrote it."""
    end = found.end()
    if inner := _BLUE_GENE.match(text, end):
        return Stamp(int(found["epoch"]) * 1_000_000, inner.end(), "bluegene")
    if inner := _FORMS["letter"][0][1].match(text, end):
        end = inner.end()
    return Stamp(int(found["epoch"]) * 1_000_000, end, "classic")


def _time(parts: dict[str, str | None], localize: Localize, received_us: int) -> int | None:
    """Microseconds since the epoch of what a pattern found; None where no such day is, or before 1970."""
    name = parts.get("name")
    month = _MONTHS[name] if name else int(parts["M"] or 0)
    day, hour, minute = int(parts["D"] or 0), int(parts["h"] or 0), int(parts["m"] or 0)
    second, micros = min(int(parts["s"] or 0), 59), _micros(parts.get("frac"))
    if parts.get("Y"):
        years = [int(parts["Y"] or 0)]
    elif parts.get("y"):
        years = [2000 + int(parts["y"] or 0)]
    else:
        newest = from_us(received_us + 2 * _FUTURE_US).year  # a zone's offset is less than a day
        years = list(range(newest, newest - 10, -1))
    latest_us = received_us + _FUTURE_US if len(years) > 1 else None
    for year in years:
        try:
            us = _second((year, month, day, hour, minute, second), parts.get("zone"), localize) + micros
        except (ValueError, OverflowError, OSError):
            continue
        if latest_us is None or us <= latest_us:  # without a year: the newest that is not more than a day ahead
            return us if us >= 0 else None
    return None


def _second(fields: Fields, zone: str | None, localize: Localize) -> int:
    """Microseconds since the epoch. Raises ValueError, OverflowError, OSError where no such day is."""
    if zone is not None:
        return _zoned(fields, zone)
    return to_us(localize(datetime(*fields)).astimezone(UTC))  # noqa: DTZ001


@lru_cache(maxsize=1_024)  # a busy log has hundreds of lines in a second
def _zoned(fields: Fields, zone: str) -> int:
    when = datetime(*fields, tzinfo=UTC)
    if zone in ("Z", "UTC"):
        return to_us(when)
    offset = timedelta(hours=int(zone[1:3]), minutes=int(zone[-2:]))
    return to_us(when - (offset if zone[0] == "+" else -offset))


def _micros(fraction: str | None) -> int:
    return int((fraction or "0")[:6].ljust(6, "0"))
