"""Event log records of NetApp's service processors and BMCs: `events all`.

A line has number, time, what wrote it with its level, and the text; of a record of IPMI the bytes, the sensor and the
event in the words of IPMI's tables. What a part wrote on its own is none of the hardware. Nothing raises.

Source of the form: event logs that users of FAS systems attached to their cases.
"""

import re

from groundcrew.diagnosis.message_records import built
from groundcrew.diagnosis.message_words import sensor_type
from groundcrew.diagnosis.sel import SelRecord

_ROW = re.compile(
    r"\s*Record (?P<number>\d{1,8}): [A-Z][a-z]{2} (?P<month>[A-Z][a-z]{2}) (?P<day>[\d ]\d) "
    r"(?P<clock>\d\d:\d\d:\d\d)(?:\.\d+)? (?P<year>\d{4}) \[(?P<source>[\w ]+)\.(?P<level>\w+)\]: (?P<said>\S.*?)\s*"
)
_EVENT = re.compile(
    r"[0-9a-f]{1,8} \| 02 \| EVT: [0-9a-f]{8} \| (?P<name>\S[^|]*?) \| "
    r'(?P<de>De)?assertion Event, "(?P<event>[^"]+)"',
    re.IGNORECASE,
)
_CROSSED = re.compile(r"\b(Non-critical|Critical|Non-recoverable) - going\b", re.IGNORECASE)
_BATTERY = re.compile(r"(?:^|_)(?:NV(?:MEM|RAM)?_?)?Bat(?:t|tery)?(?:_|$)", re.IGNORECASE)


def parse_netapp_row(line: str) -> SelRecord | None:
    """The record of one line; None where it is of another form."""
    if (row := _ROW.fullmatch(line)) is None:
        return None
    stamp = (f"{row['month']}-{row['day'].strip()}-{row['year']}", row["clock"])
    if (told := _EVENT.fullmatch(row["said"])) is None:
        return built(int(row["number"]), stamp, f"Other {row['source']}", row["said"], None)
    name = told["name"]
    kind = "Battery" if _BATTERY.search(name) else sensor_type(name)
    event = _CROSSED.sub(lambda found: f"{found[1]} going", told["event"])
    return built(int(row["number"]), stamp, f"{kind} {name}", event, told["de"] is None)
