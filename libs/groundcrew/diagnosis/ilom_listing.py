"""Event log records of Oracle's service processors: ILOM's `show /SP/logs/event/list`.

A line has number, time, class, type and severity; what happened stands on the next. Records of IPMI have its words,
faults name the component and the class of the fault manager, which rules-ilom.toml reads. Nothing raises.

Source of the form: Oracle ILOM 3.x documentation, event log entries; Oracle's fault classes as its knowledge articles
give them.
"""

import re
from collections.abc import Sequence

from groundcrew.diagnosis.message_records import built
from groundcrew.diagnosis.sel import SelRecord
from groundcrew.diagnosis.standing import MESSAGE

_HEAD = re.compile(
    r"\s*(?P<number>\d{1,8})\s+[A-Z][a-z]{2} (?P<month>[A-Z][a-z]{2})\s+(?P<day>\d{1,2}) (?P<clock>\d\d:\d\d:\d\d) "
    r"(?P<year>\d{4})\s+(?P<kind>[A-Z]\w*)\s+(?P<type>[A-Z]\w*)\s+(?P<severity>[a-z]+)\s*"
)
_IPMI = re.compile(
    r"\s*ID = *[0-9a-f]+ : (?:\d\d/\d\d/\d{4} : \d\d:\d\d:\d\d|pre-init timestamp) : (?P<type>[^:]+?) : "
    r"(?P<name>\S+) : (?P<event>\S.*?)\s*",
    re.IGNORECASE,
)
_DIRECTION = re.compile(r"\s*:\s*(de)?asserted\b.*", re.IGNORECASE)
_READING = re.compile(r"\s*:\s*reading\b.*", re.IGNORECASE)
_MORE = re.compile(r"\s{4,}\S")
_MAX_LINES = 6


def parse_ilom_block(lines: Sequence[str], begin: int) -> tuple[str, range, SelRecord] | None:
    """The tool, the lines and the record of the block that begins here; None where none does."""
    if (head := _HEAD.fullmatch(lines[begin])) is None:
        return None
    end = begin + 1
    while end < len(lines) and end - begin < _MAX_LINES and _MORE.match(lines[end]) and not _HEAD.fullmatch(lines[end]):
        end += 1
    said = " ".join(line.strip() for line in lines[begin + 1 : end])
    if not said:
        return None
    stamp = (f"{head['month']}-{head['day']}-{head['year']}", head["clock"])
    sensor, event, asserted = _said(head["kind"], said)
    return "ILOM event list", range(begin, end), built(int(head["number"]), stamp, sensor, event, asserted)


def _said(kind: str, said: str) -> tuple[str, str, bool | None]:
    if found := _IPMI.fullmatch(said):
        told = _DIRECTION.search(found["event"])
        event = _READING.sub("", _DIRECTION.sub("", found["event"])).strip()
        return f"{found['type'].strip()} {found['name']}", event, not (told and told[1])
    if kind == "Fault":
        return f"{MESSAGE} ILOM", said, None
    return f"Other ILOM {kind}", said, None
