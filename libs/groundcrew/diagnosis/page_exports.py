"""Event log records out of what the pages of BMCs save as CSV: Supermicro's, and AMI's MegaRAC, which many boards bear.

A row has number, time, sensor, its type and a description whose end says `Assertion` or `De-assertion`; the sensor's
name may be empty, and a severity may stand anywhere. Nothing raises.

Source of the form: event logs that users of such boards attached to their reports.
"""

import csv
import re

from groundcrew.diagnosis.freeipmi import sensor_words
from groundcrew.diagnosis.locators import SENSOR_TYPES
from groundcrew.diagnosis.sel import SelRecord, sel_time

_TOLD = re.compile(r"(?P<event>\S.*?)\s*(?:-|,|\||\()\s*(?P<de>de-?)?assert(?:ion|ed)\)?(?: event)?\s*", re.IGNORECASE)
_YEAR_FIRST = re.compile(r"(\d{4})[/-](\d\d?)[/-](\d\d?)")
_CROSSED = re.compile(r"\b(Non-critical|Critical|Non-recoverable) - going\b", re.IGNORECASE)
_PLACE = re.compile(r"\s*@\s*(\S.*)")
_SEVERITIES = frozenset({"information", "informational", "info", "ok", "normal", "warning", "critical", "error"})
_TYPES = {kind.lower(): kind for kind in SENSOR_TYPES}
_MAX_COLUMNS = 12


def parse_page_row(line: str) -> SelRecord | None:
    """The record of one line; None where it is of another form."""
    if line.count(",") < 3 or not line.lstrip(' "')[:1].isdigit():
        return None
    try:
        columns = [column.strip().strip("[]") for column in next(csv.reader([line]), [])]
    except csv.Error:
        return None
    if not 4 <= len(columns) <= _MAX_COLUMNS or not columns[0].isdecimal() or len(columns[0]) > 8:
        return None
    date, clock, rest = _stamp(columns[1:])
    kind_at = next((at for at, column in enumerate(rest) if _kind(column)), None)
    if not date or kind_at is None:
        return None
    told = _TOLD.fullmatch(", ".join(rest[kind_at + 1 :]))
    if told is None:
        return None
    name = next((one for one in reversed(rest[:kind_at]) if one and one.lower() not in _SEVERITIES), "")
    event = _PLACE.sub(r" (@\1)", _CROSSED.sub(lambda found: f"{found[1]} going", told["event"]))
    sensor, asserted = sensor_words(rest[kind_at], name), told["de"] is None
    text = f"{sensor} | {event} | {'Asserted' if asserted else 'Deasserted'}"
    stamp = f"{date} {clock}".strip()
    return SelRecord(int(columns[0]), sel_time(date, clock), stamp, sensor, event, asserted, text)


def _kind(column: str) -> str:
    return _TYPES.get(column.lower(), "") or (column if sensor_words(column, "") != column else "")


def _stamp(columns: list[str]) -> tuple[str, str, list[str]]:
    """Date, clock and the columns behind them; a time in one column or in two."""
    date, _, clock = columns[0].partition(" ")
    rest = columns[1:]
    if not clock and rest and ":" in rest[0]:
        clock, rest = rest[0], rest[1:]
    return _YEAR_FIRST.sub(r"\1-\2-\3", date), clock.strip(), rest
