"""Event log records as Supermicro's Update Manager and SuperServer Automation Assistant print them: `sum` and `saa`,
`-c GetEventLog`, in both forms of records of IPMI, and as rows of a Redfish log (also `--format CSV`).

Nothing raises.

Source of the forms: examples of GetEventLog in the user's guides of both tools.
"""

import re
from collections.abc import Sequence

from groundcrew.diagnosis.freeipmi import sensor_words
from groundcrew.diagnosis.message_records import built
from groundcrew.diagnosis.redfish_listing import record_of
from groundcrew.diagnosis.redfish_log import parse_entry
from groundcrew.diagnosis.sel import SelRecord

_TIME = r"(?P<date>\d\d/\d\d/\d{4}) (?P<clock>\d\d:\d\d:\d\d)"
_TOLD = r"(?P<de>De-?)?assertion:\s*(?P<name>[^|]*?)\s*\|"
_HEAD = re.compile(rf"\s*Event:\s*(?P<number>\d{{1,8}}) Time:{_TIME} Type:\s*(?P<kind>\S[^|]*?)\s*")
_SAID = re.compile(rf"\s*{_TOLD}\s*Event = (?P<event>\S.*?)\s*", re.IGNORECASE)
_ROW = re.compile(
    rf"\s*(?P<number>\d{{1,8}})\s*\| {_TIME} \| {_TOLD}\s*Type:\s*(?P<kind>\S[^|]*?)\s*",
    re.IGNORECASE,
)
_EVENT = re.compile(r"\s*\|\s*Event = (?P<event>\S.*?)\s*")
_READING = re.compile(r"\s*\|?\s*Reading = .*")
_REDFISH = re.compile(
    r"\s*(?P<number>\d{1,8})\s*[|,]\s*(?P<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\S{0,6}?)\s*[|,]\s*[^|,]{0,60}[|,]\s*"
    r"(?P<severity>OK|Warning|Critical)\s*[|,]\s*(?P<said>\[[A-Z]{2,8}-\d{4}\] .*?)\s*,?\s*"
)
_WRAPPED = re.compile(r"\s*[A-Za-z(][^|,]{0,100}")
_WRAP_WIDTH = 60
"""A row that is shorter than this is whole; of a longer one the rest may stand on the next line."""

_ENDS = re.compile(r"\s*-\s*(De)?assert(?:ion|ed)?\s*$", re.IGNORECASE)
_NUMBER = re.compile(r"#(?P<hex>[0-9A-Fa-f]{2,4})(?: \(.*\))?")
_CROSSED = re.compile(r"\b(Non-critical|Critical|Non-recoverable) - going\b", re.IGNORECASE)


def parse_supermicro_block(lines: Sequence[str], begin: int) -> tuple[str, range, SelRecord] | None:
    """The tool, the lines and the record of the block that begins here; None where none does."""
    return _of_sensor(lines, begin) or _of_message(lines, begin)


def _of_sensor(lines: Sequence[str], begin: int) -> tuple[str, range, SelRecord] | None:
    if begin + 1 >= len(lines):
        return None
    if head := _HEAD.fullmatch(lines[begin]):
        told = event = _SAID.fullmatch(lines[begin + 1])
    elif head := _ROW.fullmatch(lines[begin]):
        told, event = head, _EVENT.fullmatch(lines[begin + 1])
    else:
        return None
    if told is None or event is None:
        return None
    end = begin + 2
    end += end < len(lines) and _READING.fullmatch(lines[end]) is not None
    sensor = sensor_words(head["kind"].strip(), _name(told["name"]))
    said = _CROSSED.sub(lambda found: f"{found[1]} going", event["event"])
    record = built(int(head["number"]), (head["date"], head["clock"]), sensor, said, told["de"] is None)
    return "SUM event log", range(begin, end), record


def _name(said: str) -> str:
    """`#0FF (System)` is a sensor without a name."""
    found = _NUMBER.fullmatch(said.strip())
    return f"#{int(found['hex'], 16):#04x}" if found else said.strip()


def _of_message(lines: Sequence[str], begin: int) -> tuple[str, range, SelRecord] | None:
    if (row := _REDFISH.fullmatch(lines[begin])) is None:
        return None
    said, end = row["said"], begin + 1
    long = len(lines[begin]) >= _WRAP_WIDTH and "|" in lines[begin] and not _ENDS.search(said)
    if long and end < len(lines) and _WRAPPED.fullmatch(lines[end]):
        said, end = f"{said} {lines[end].strip()}", end + 1
    told = _ENDS.search(said)
    direction = {} if told is None else {"EntryCode": "Deassert" if told[1] else "Assert"}
    entry = parse_entry(
        {"Id": row["number"], "Created": row["time"], "Severity": row["severity"]}
        | {"Message": _ENDS.sub("", said)}
        | direction
    )
    return None if entry is None else ("SUM event log", range(begin, end), record_of(entry))
