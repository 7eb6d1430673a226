"""Event log records out of tables that the pages of BMCs save (CSV, semicolons or tabs), by the names in their heading.

Makers name and order the columns as they like; what is read are the time, the text, and where they stand the number,
the sensor with its type, the direction and the severity. A text without a sensor's type is a message of its own.
Nothing raises.

Sources of the names: iDRAC's and XCC's log pages, Huawei's iBMC, Supermicro's and AMI's pages, Cisco's CIMC, as their
manuals and users show them.
"""

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from groundcrew.diagnosis.freeipmi import sensor_words
from groundcrew.diagnosis.locators import SENSOR_TYPES
from groundcrew.diagnosis.message_records import of_message
from groundcrew.diagnosis.message_words import in_sensor_words
from groundcrew.diagnosis.redfish_log import stamp as seconds_of
from groundcrew.diagnosis.sel import SelRecord, sel_time

_ROLES = {
    "text": {
        "description", "message", "event description", "event message", "details", "event details", "alert message",
    },
    "time": {
        "time", "date", "timestamp", "time stamp", "date/time", "date & time", "date and time", "created", "datetime",
        "generated time", "generation time", "generated", "event time", "occurred", "occurrence time", "last update",
        "initial update", "log time", "created time",
    },
    "clock": {"time of day", "clock"},
    "number": {
        "id", "no", "no.", "number", "index", "record", "record id", "seqnumber", "sequence number", "seq", "#", "sn",
    },
    "code": {"event id", "message id", "messageid", "event code", "code", "eventid", "common id", "common event id"},
    "name": {"sensor name", "sensor", "subject", "component", "entity"},
    "type": {"sensor type", "type", "subject type", "entity type"},
    "direction": {"event direction", "direction", "status", "assertion", "event status"},
    "severity": {"severity", "level", "event severity", "alarm level", "alert level"},
}  # fmt: skip
"""What a column holds -> how headings name it."""

_ENDS = re.compile(r"(?i)de-?assert\w*|cleared|recovered|restored|resolved|repaired")
_BEGINS = re.compile(r"(?i)assert\w*|occurred|generated|raised|active")
_TOLD = re.compile(r"(?P<event>\S.*?)\s*(?:-|,|\||\()\s*(?P<de>de-?)?assert(?:ion|ed)\)?(?: event)?\s*", re.IGNORECASE)
_CROSSED = re.compile(r"\b(Non-critical|Critical|Non-recoverable) - going\b", re.IGNORECASE)
_TYPES = {kind.lower() for kind in SENSOR_TYPES}
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_CLOCK = re.compile(r"\d{1,2}:\d\d(?::\d\d)?(?:\.\d+)? ?(?:[AP]M)?(?: ?[A-Z]{2,5}| ?[+-]\d\d:?\d\d)?", re.IGNORECASE)
_DATE = re.compile(r"\d{1,4}[/.-]\d{1,2}[/.-]\d{1,4}")
_MONTH = re.compile(r"\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*", re.IGNORECASE)
_DAY = re.compile(r"(?<![\d:])\d{1,2}(?![\d:])")
_YEAR = re.compile(r"(?<![\d:])(?:19|20)\d\d(?![\d:])")
_MAX_COLUMNS = 40


@dataclass(frozen=True, slots=True)
class Table:
    """Where its columns stand: role -> position."""

    separator: str
    width: int
    places: dict[str, int]

    def cell(self, row: Sequence[str], role: str) -> str:
        place = self.places.get(role)
        return row[place].strip() if place is not None and place < len(row) else ""


def table_heading(line: str) -> Table | None:
    """The table that a heading begins: with a text and a time; None where the line is of another kind."""
    for separator in (",", ";", "\t", "|"):
        framed = separator != "|" or (line.lstrip().startswith("|") and line.rstrip().endswith("|"))
        if line.count(separator) < 2 or (names := _cells(line, separator)) is None:
            continue
        places: dict[str, int] = {}
        for at, name in enumerate(names):
            role = next((role for role, known in _ROLES.items() if name.strip(" \ufeff").lower() in known), "")
            if role == "time" and "time" in places and name.strip().lower() == "time":
                role = "clock"
            if role:
                places.setdefault(role, at)
        # without a frame it is a listing of ipmitool or freeipmi, unless it grades what it describes (ipmcget of iBMC)
        if "text" in places and "time" in places and (framed or "severity" in places):
            return Table(separator, len(names), places)
    return None


def parse_table_row(line: str, table: Table) -> SelRecord | None:
    """The record of one row; None where it has not the table's width or no text."""
    row = _cells(line, table.separator)
    if row is None or not table.width - 1 <= len(row) <= table.width + 8:
        return None
    text = table.cell(row, "text")
    if table.places["text"] == table.width - 1:  # what is left over belongs to the last column
        text = f"{table.separator} ".join(cell.strip() for cell in row[table.width - 1 :]).strip()
    if not text:
        return None
    said = f"{table.cell(row, 'time')} {table.cell(row, 'clock')}".strip()
    number = re.sub(r"\D", "", table.cell(row, "number"))[:8]
    asserted = _asserted(table.cell(row, "direction"), table.cell(row, "severity"))
    record = _record(int(number or 0), text, table, row, asserted)
    return SelRecord(record.record_id, any_time(said), said, record.sensor, record.event, record.asserted, record.text)


def _record(number: int, text: str, table: Table, row: Sequence[str], asserted: bool | None) -> SelRecord:
    kind, name = table.cell(row, "type"), table.cell(row, "name")
    words = sensor_words(kind, name)
    if kind.lower() in _TYPES or (kind and words.lower() != f"{kind} {name}".strip().lower()):
        told = _TOLD.fullmatch(text)
        event, holds = (told["event"], told["de"] is None) if told else (text, asserted is not False)
        event = _CROSSED.sub(lambda found: f"{found[1]} going", re.sub(r"\s*@\s*(\S.*)", r" (@\1)", event))
        direction = "Asserted" if holds else "Deasserted"
        return SelRecord(number, None, "", words, event, holds, f"{words} | {event} | {direction}")
    record = of_message(number, ("", ""), table.cell(row, "code"), text, asserted)
    if asserted is False and in_sensor_words(text):
        return SelRecord(number, None, "", record.sensor, record.event, False, record.text)
    return record


def _cells(line: str, separator: str) -> list[str] | None:
    try:
        row = next(csv.reader([line], delimiter=separator), [])
    except csv.Error:
        return None
    return row if len(row) <= _MAX_COLUMNS else None


def _asserted(direction: str, severity: str) -> bool | None:
    for said in (direction, severity):
        if _ENDS.fullmatch(said):
            return False
    return True if _BEGINS.fullmatch(direction) else None


def any_time(text: str) -> datetime | None:
    """UTC of a date and a clock in any of the orders that pages show; None where it is none."""
    if (seconds := seconds_of(text.strip())) is not None:
        return datetime.fromtimestamp(seconds, UTC)
    clock = _CLOCK.search(text)
    at = clock[0].strip() if clock else "00:00:00"
    at = f"{at[: at.index(':') + 3]}:00{at[at.index(':') + 3 :]}" if at.count(":") == 1 else at
    rest = text.replace(clock[0], " ") if clock else text
    if found := _DATE.search(rest):
        parts = re.split(r"[/.-]", found[0])
        return sel_time("-".join(parts) if len(parts[0]) == 4 else found[0].replace("-", "/"), at)
    year, month, day = _YEAR.search(rest), _MONTH.search(rest), _DAY.search(rest)
    if year is None or month is None or day is None:
        return None
    return sel_time(f"{year[0]}-{_MONTHS.index(month[0][:3].lower()) + 1}-{day[0]}", at)
