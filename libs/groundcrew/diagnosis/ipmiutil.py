"""Event log records out of what `ipmiutil sel` prints, with or without names of sensors, and its form between bars.

What ipmiutil says in words of its own is put into those of the tables of IPMI 2.0 (42-1 to 42-3), from the trigger and
the data bytes at the end of a line; of thresholds it prints the reading instead, so they go by its words. Nothing
raises.

Source of the forms: ipmiutil util/ievents.c, format_event, decode_sel_entry and sens_desc.
"""

import re

from groundcrew.diagnosis.ipmi_tables import SENSOR_TYPES, event_words
from groundcrew.diagnosis.sel import SelRecord, sel_time

_ROW = re.compile(
    r"\s*(?P<id>[0-9a-fA-F]{4}) (?:\| )?(?P<date>\d\d/\d\d/\d\d(?:\d\d)?) (?P<clock>\d\d:\d\d:\d\d) (?:\| )?"
    r"(?:INF|MIN|MAJ|CRT) (?:\| )?(?:\S{2,4}) *(?:\| )?(?P<kind>[A-Z][\w /-]*?) "
    r"(?:#(?P<number>[0-9a-f]{2})|\|) (?P<said>.*)"
)
_BYTES = re.compile(r"(?P<said>.*?)\s*(?P<trigger>[0-9a-f]{2}) \[(?P<data>[0-9a-f]{2}(?: [0-9a-f]{2}){2})\]\s*")
_THRESHOLD = re.compile(
    r"(?P<name>.*?)\b(?P<side>Lo|Hi) ?(?P<level>Noncrit|Crit|Unrec|URec|N|C|U)(?:Hi|Lo|H|L)? "
    r"(?P<state>thresh OK now|OK now|thresh)(?P<reading>.*)"
)
_OTHER_NAMES = {
    "platform security": "Physical Security", "security violation": "Platform Security", "fru sensor": "Other",
    "drive slot": "Drive Slot / Bay", "system firmware": "System Firmwares", "event log": "Event Logging Disabled",
    "event logging": "Event Logging Disabled", "watchdog_1": "Watchdog1", "watchdog_2": "Watchdog2",
    "critical interr": "Critical Interrupt", "module/board": "Module / Board", "chipset": "Chip Set",
    "cable/interconnect": "Cable / Interconnect", "slot/connector": "Slot / Connector",
    "acpi power": "System ACPI Power State", "acpi power state": "System ACPI Power State",
    "management subsystem health": "Management Subsys Health", "sessionaudit": "Session Audit",
}  # fmt: skip
"""ipmiutil's name of a sensor type -> ipmitool's; the others are called the same."""

_TYPES = {name.lower(): name for name in SENSOR_TYPES}
_LEVELS = {"n": "Non-critical", "c": "Critical", "u": "Non-recoverable"}
_SIDES = {"Lo": ("Lower", "low"), "Hi": ("Upper", "high")}
_PART = re.compile(r"(?:DIMM|CPU|PS|P\d|MC)[\w()\[\]/ -]{0,40}")


def parse_ipmiutil_row(line: str) -> SelRecord | None:
    """The record of one line; None where it is of another form."""
    if (row := _ROW.fullmatch(line)) is None:
        return None
    kind = row["kind"].strip()
    kind = _OTHER_NAMES.get(kind.lower()) or _TYPES.get(kind.lower(), kind)
    sensor = f"{kind} #0x{row['number']}" if row["number"] else kind
    said = row["said"].strip()
    if not row["number"]:  # between bars the sensor's name stands instead of its number
        name, bar, rest = said.partition("| ")
        sensor, said = (f"{kind} {name.strip()}".strip(), rest.strip()) if bar else (kind, said)
    event, asserted, detail = _told(kind, said)
    columns = [sensor, f"{event} ({detail})" if detail else event, "Asserted" if asserted else "Deasserted"]
    stamp = f"{row['date']} {row['clock']}"
    return SelRecord(
        int(row["id"], 16),
        sel_time(row["date"], row["clock"]),
        stamp,
        sensor,
        columns[1],
        asserted,
        " | ".join(columns),
    )


def _told(kind: str, said: str) -> tuple[str, bool, str]:
    """Event in ipmitool's words, whether it holds, and the part that the line names behind a comma."""
    found = _BYTES.fullmatch(said)
    words = found["said"].strip() if found else said
    text, _, detail = words.partition(", ")
    detail = detail.strip() if _PART.fullmatch(detail.strip()) else ""
    if threshold := _THRESHOLD.fullmatch(words):
        side, way = _SIDES[threshold["side"]]
        level = _LEVELS[threshold["level"][0].lower()]
        return f"{side} {level} going {way}", not threshold["state"].endswith("OK now"), ""
    if found is None:
        return text.strip() or "-", True, detail
    trigger, data = int(found["trigger"], 16), bytes.fromhex(found["data"])
    code = next((number for number, name in enumerate(SENSOR_TYPES) if name == kind), None)
    event = event_words(code, trigger & 0x7F, data[0], data[1]) if code is not None else ""
    return event or text.strip() or "-", not trigger & 0x80, detail
