"""Event log records out of what `ipmitool sel list`, `sel elist`, `sel list -v` and `-c` print, in every dialect seen.

Reads: hex record ids, two- and four-digit years, 12-hour clocks with zone names, Pre-Init stamps, OEM records of two
columns, '|' inside parentheses, trailing readings, verbose blocks, commas, an empty log. What is no record is passed
over; nothing raises. Times are the BMC's claim: without a zone they count as UTC, and Pre-Init has none.

Source of the forms: ipmitool lib/ipmi_sel.c, ipmi_sel_print_std_entry and ipmi_sel_print_std_entry_verbose.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

_ROW = re.compile(r"\s*([0-9a-fA-F]{1,8})\s*\|(.*)")
_COMMAS = re.compile(r"([0-9a-fA-F]{1,8}),((?: *Pre-Init *|\d{1,2}/\d{1,2}/\d{2,4})?,.*)")
_SLOT = re.compile(r"CPU \d+ DIMM \d+")
_DATE = re.compile(r"(\d{1,2})[/.](\d{1,2})[/.](\d{4}|\d{2})")
_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
_NAMED = re.compile(r"([A-Za-z]{3})-(\d{1,2})-(\d{4})|(\d{1,2})-([A-Za-z]{3})-(\d{4})")
_SINCE_START = re.compile(r"S\+ \d{2}/\d{3}")
_NO_TIME = frozenset({"pre-init", "post-init", "preinit", "pre-init-time-stamp"})
"""What stands for a time below 2000: the last of them is ipmitool's before 1.8.9, which prints no seconds."""
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_CLOCK = re.compile(r"(\d{1,2}):(\d{2}):(\d{2})(?:\.\d+)?\s*([AaPp][Mm])?\s*([A-Za-z]{2,5}|[+-]\d{2}:?\d{2})?")
_KEY = re.compile(r"[A-Z][A-Za-z0-9() /-]*")
_DIRECTION = {"asserted": True, "deasserted": False, "assertion event": True, "deassertion event": False}
_ZONES_H = {
    "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7, "BST": 1, "CET": 1,
    "CEST": 2, "MET": 1, "MEST": 2, "WEST": 1, "EET": 2, "EEST": 3, "MSK": 3, "JST": 9, "KST": 9, "IST": 5.5,
    "HKT": 8, "SGT": 8, "AEST": 10, "AEDT": 11, "BRT": -3,
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
    lines = text.splitlines()
    rows = [record for line in lines if (record := parse_row(line)) is not None]
    return [*rows, *(record for _, record in parse_blocks(lines))]


def parse_row(line: str) -> SelRecord | None:
    """The record of one line, however little of it is left; None where it does not begin with a record id."""
    if found := _ROW.fullmatch(line):
        return _row(int(found[1], 16), split_columns(found[2]))
    if found := _COMMAS.fullmatch(line):
        return _row(int(found[1], 16), _comma_columns(found[2]))
    return None


def _comma_columns(text: str) -> list[str]:
    """Columns of `ipmitool -c`, where an event may itself hold commas; records without a time have two empty ones."""
    columns = [column.strip() for column in text.split(",")]
    if not columns[0]:
        columns = [column for column in columns if column]
    last = next((at for at, column in enumerate(columns) if column.lower() in _DIRECTION), len(columns))
    return [*columns[:3], ", ".join(columns[3:last]), *columns[last:]] if last > 4 else columns


def split_columns(text: str) -> list[str]:
    """Columns at '|', but not at those within parentheses; a parenthesis that never closes holds nothing together."""
    columns, depth, start, closes = [], 0, 0, text.rfind(")")
    for index, character in enumerate(text):
        if character == "(":
            depth += index < closes
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
    event = event_of(rest)
    return SelRecord(record_id, time, source_time, sensor, event, asserted, " | ".join(part for part in rest if part))


def event_of(rest: list[str]) -> str:
    """The event's text: the column after the sensor; an OEM record of one column is all event. A memory slot that
    ipmitool prints behind the direction belongs to it."""
    if len(rest) < 2:
        return rest[0] if rest else ""
    said = "" if rest[1].lower() in _DIRECTION else rest[1].removesuffix("()").strip()
    return f"{said} ({rest[-1]})" if said and len(rest) > 3 and _SLOT.fullmatch(rest[-1]) else said


def _stamp(columns: list[str]) -> tuple[datetime | None, str, list[str]]:
    """Time, the stamp as written, and the columns after it."""
    if not columns:
        return None, "", []
    first, second = columns[0], columns[1] if len(columns) > 1 else ""
    if first.lower().replace(" ", "-") in _NO_TIME:
        if second.isdigit():
            return None, f"{first} {second}", columns[2:]
        return None, first, columns[1:]
    if first == "Unspecified" or _SINCE_START.fullmatch(first):
        rest = columns[2:] if second == "Unspecified" or _CLOCK.fullmatch(second) else columns[1:]
        return None, first if second == first else f"{first} {second}", rest
    if _is_date(first):
        if _CLOCK.fullmatch(second):
            return sel_time(first, second), f"{first} {second}", columns[2:]
        return None, first, columns[1:]
    whole = first.split(maxsplit=1)
    if len(whole) == 2 and _is_date(whole[0]) and _CLOCK.fullmatch(whole[1]):
        return sel_time(whole[0], whole[1]), first, columns[1:]
    return None, "", columns


def _is_date(text: str) -> bool:
    return _calendar(text) is not None


def _calendar(text: str) -> tuple[int, int, int] | None:
    """Year, month and day, unchecked. Month first, as ipmitool prints it; day first between dots (ipmitool prints in
    the locale's manner) and where it can be no month."""
    if found := _DATE.fullmatch(text):
        month, day, year = int(found[1]), int(found[2]), int(found[3])
        month, day = (day, month) if month > 12 or "." in text else (month, day)
        return year + (2000 if year < 100 else 0), month, day
    if found := _ISO.fullmatch(text):
        return int(found[1]), int(found[2]), int(found[3])
    if found := _NAMED.fullmatch(text):
        name, of_month, in_year = (found[1], found[2], found[3]) if found[1] else (found[5], found[4], found[6])
        return (int(in_year), _MONTHS.index(name.lower()) + 1, int(of_month)) if name.lower() in _MONTHS else None
    return None


def sel_time(date: str, clock: str) -> datetime | None:
    """UTC of a date and a clock as the tools print them; None where it is none."""
    calendar, at = _calendar(date), _CLOCK.fullmatch(clock)
    if calendar is None or at is None:
        return None
    hour = int(at[1])
    if at[4]:
        hour = hour % 12 + (12 if at[4].lower() == "pm" else 0)
    try:
        local = datetime(*calendar, hour, int(at[2]), int(at[3]), tzinfo=_zone(at[5] or ""))
        return local.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _zone(name: str) -> timezone:
    if name[:1] in {"+", "-"}:
        digits = name[1:].replace(":", "")
        minutes = int(digits[:2]) * 60 + int(digits[2:])
        return timezone(timedelta(minutes=minutes if name[0] == "+" else -minutes)) if minutes < 1_440 else UTC
    return timezone(timedelta(hours=_ZONES_H.get(name.upper(), 0)))


def parse_blocks(lines: Sequence[str]) -> Iterator[tuple[range, SelRecord]]:
    """Records of `sel list -v` and `sel get`, with the lines that each takes; a 'SEL Record ID' line begins one."""
    begun, block = 0, dict[str, str]()
    for number, line in enumerate(lines):
        if (found := split_pair(line)) is None:
            continue
        if found[0] == "SEL Record ID":
            if record := _block(block):
                yield range(begun, number), record
            begun, block = number, {}
        elif not block:
            continue
        block.setdefault(*found)
    if record := _block(block):
        yield range(begun, len(lines)), record


def split_pair(line: str) -> tuple[str, str] | None:
    """Key and value of a line `Key name : value`; None where it is none."""
    key, colon, value = line.partition(":")
    key = key.strip()
    return (key, value.strip()) if colon and _KEY.fullmatch(key) else None


def _block(block: dict[str, str]) -> SelRecord | None:
    number = block.get("SEL Record ID", "")
    if not re.fullmatch(r"[0-9a-fA-F]{1,8}", number):
        return None
    stamp = block.get("Timestamp", "")
    time, source_time, _ = _stamp([stamp])
    sensor, event = _block_sensor(block), block.get("Description", "").removesuffix("()").strip()
    if "Panic string" in block:
        event = f"Linux kernel panic: {block['Panic string']}"
    elif not sensor and "OEM Defined" in block:
        sensor, event = f"OEM record {block.get('Record Type', '')[:2]}", block["OEM Defined"]
    asserted = _DIRECTION.get(block.get("Event Direction", "").lower())
    direction = {True: "Asserted", False: "Deasserted", None: ""}[asserted]
    text = " | ".join(part for part in (sensor, event, direction) if part)
    return SelRecord(int(number, 16), time, source_time or stamp, sensor, event, asserted, text)


def _block_sensor(block: dict[str, str]) -> str:
    """`Processor CPU1 Status` where `sel get` found the sensor, else its number."""
    kind, number = block.get("Sensor Type", ""), block.get("Sensor Number", "")
    name = block.get("Sensor ID", "").partition(" (0x")[0].strip()
    return f"{kind} {name}" if name else f"{kind} #0x{number}" if number else kind
