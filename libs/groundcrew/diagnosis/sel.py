"""Event log records out of what `ipmitool sel list`, `sel elist` and `sel list -v` print, in every dialect seen.

Reads: hex record ids, two- and four-digit years, 12-hour clocks with zone names, Pre-Init stamps, OEM records of two
columns, '|' inside parentheses, trailing readings, verbose blocks, an empty log. What is no record is passed over;
nothing raises. Times are the BMC's claim: without a zone they count as UTC, and Pre-Init has none.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

_ROW = re.compile(r"\s*([0-9a-fA-F]{1,8})\s*\|(.*)")
_DATE = re.compile(r"(\d{1,2})[/.](\d{1,2})[/.](\d{4}|\d{2})")
_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
_CLOCK = re.compile(r"(\d{1,2}):(\d{2}):(\d{2})(?:\.\d+)?\s*([AaPp][Mm])?\s*([A-Za-z]{2,5}|[+-]\d{2}:?\d{2})?")
_VERBOSE = re.compile(r"\s*([A-Z][A-Za-z0-9() /]*?)\s*:\s?(.*)")
_DIRECTION = {"asserted": True, "deasserted": False, "assertion event": True, "deassertion event": False}
_ZONES_H = {
    "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7, "BST": 1, "CET": 1,
    "CEST": 2, "MET": 1, "MEST": 2, "WEST": 1, "EET": 2, "EEST": 3, "MSK": 3, "JST": 9, "KST": 9, "IST": 5.5,
}  # fmt: skip
"""Zone names as BMCs and shells print them, in hours; the ambiguous ones (CST, IST) as in North America and India."""


@dataclass(frozen=True, slots=True)
class SelRecord:
    """One record. `time` is None where the BMC's clock was not set or what it printed is no time."""

    record_id: int
    time: datetime | None
    source_time: str
    sensor: str
    event: str
    asserted: bool | None
    text: str


def parse_sel(text: str) -> list[SelRecord]:
    """Records in the order they are printed. Never raises."""
    return [*_rows(text), *_blocks(text)]


def _rows(text: str) -> Iterator[SelRecord]:
    for line in text.splitlines():
        if found := _ROW.fullmatch(line):
            yield _row(int(found[1], 16), split_columns(found[2]))


def split_columns(text: str) -> list[str]:
    """Columns at '|', but not at those within parentheses; a parenthesis that never closes holds nothing together."""
    columns, depth, start = [], 0, 0
    for index, character in enumerate(text):
        if character == "(":
            depth += ")" in text[index:]
        elif character == ")":
            depth = max(depth - 1, 0)
        elif character == "|" and depth == 0:
            columns.append(text[start:index].strip())
            start = index + 1
    return [*columns, text[start:].strip()]


def _row(record_id: int, columns: list[str]) -> SelRecord:
    time, source_time, rest = _stamp(columns)
    asserted = next((_DIRECTION[c.lower()] for c in rest[1:] if c.lower() in _DIRECTION), None)
    sensor = rest[0] if len(rest) > 1 else ""
    event = _event(rest)
    return SelRecord(record_id, time, source_time, sensor, event, asserted, " | ".join(part for part in rest if part))


def _event(rest: list[str]) -> str:
    """The event's text: the column after the sensor; an OEM record of one column is all event."""
    if len(rest) < 2:
        return rest[0] if rest else ""
    said = "" if rest[1].lower() in _DIRECTION else rest[1]
    return said.removesuffix("()").strip()


def _stamp(columns: list[str]) -> tuple[datetime | None, str, list[str]]:
    """Time, the stamp as written, and the columns after it."""
    if not columns:
        return None, "", []
    first, second = columns[0], columns[1] if len(columns) > 1 else ""
    if first.lower().replace(" ", "-") in {"pre-init", "post-init", "preinit"}:
        if second.isdigit():
            return None, f"{first} {second}", columns[2:]
        return None, first, columns[1:]
    if _DATE.fullmatch(first) or _ISO.fullmatch(first):
        if _CLOCK.fullmatch(second):
            return sel_time(first, second), f"{first} {second}", columns[2:]
        return None, first, columns[1:]
    whole = first.split(maxsplit=1)
    if len(whole) == 2 and (_DATE.fullmatch(whole[0]) or _ISO.fullmatch(whole[0])) and _CLOCK.fullmatch(whole[1]):
        return sel_time(whole[0], whole[1]), first, columns[1:]
    return None, "", columns


def sel_time(date: str, clock: str) -> datetime | None:
    """UTC of a date (month first, as ipmitool prints it; day first where the month would be above 12) and a clock."""
    found, at = _DATE.fullmatch(date), _CLOCK.fullmatch(clock)
    iso = _ISO.fullmatch(date)
    if at is None or not (found or iso):
        return None
    if found:
        month, day, year = int(found[1]), int(found[2]), int(found[3])
        month, day = (day, month) if month > 12 else (month, day)
        year += 2000 if year < 100 else 0
    else:
        assert iso is not None
        year, month, day = int(iso[1]), int(iso[2]), int(iso[3])
    hour = int(at[1])
    if at[4]:
        hour = hour % 12 + (12 if at[4].lower() == "pm" else 0)
    try:
        local = datetime(year, month, day, hour, int(at[2]), int(at[3]), tzinfo=_zone(at[5] or ""))
        return local.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _zone(name: str) -> timezone:
    if name[:1] in {"+", "-"}:
        digits = name[1:].replace(":", "")
        minutes = int(digits[:2]) * 60 + int(digits[2:])
        return timezone(timedelta(minutes=minutes if name[0] == "+" else -minutes)) if minutes < 1_440 else UTC
    return timezone(timedelta(hours=_ZONES_H.get(name.upper(), 0)))


def _blocks(text: str) -> Iterator[SelRecord]:
    """Records of `sel list -v`: a 'SEL Record ID' line begins each."""
    block: dict[str, str] = {}
    for line in text.splitlines():
        found = _VERBOSE.fullmatch(line)
        if found is None or "|" in line.partition(":")[0]:
            continue
        if found[1] == "SEL Record ID":
            yield from _block(block)
            block = {}
        elif not block:
            continue
        block.setdefault(found[1], found[2].strip())
    yield from _block(block)


def _block(block: dict[str, str]) -> Iterator[SelRecord]:
    number = block.get("SEL Record ID", "")
    if not re.fullmatch(r"[0-9a-fA-F]{1,8}", number):
        return
    stamp = block.get("Timestamp", "")
    time, source_time, _ = _stamp([stamp])
    kind, name = block.get("Sensor Type", ""), block.get("Sensor Number", "")
    sensor = f"{kind} #0x{name}" if name else kind
    event = block.get("Description", "")
    asserted = _DIRECTION.get(block.get("Event Direction", "").lower())
    direction = {True: "Asserted", False: "Deasserted", None: ""}[asserted]
    text = " | ".join(part for part in (sensor, event, direction) if part)
    yield SelRecord(int(number, 16), time, source_time or stamp, sensor, event, asserted, text)
