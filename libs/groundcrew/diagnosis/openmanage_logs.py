"""Event log records as Dell's OpenManage Server Administrator prints them: `omreport system esmlog` and `alertlog`.

A record is a block of named lines; the time of a record that was written before the clock was set is dashes. Its other
forms (`-fmt ssv`, `tbl`, `cdv`) are tables, which table_exports.py reads. Nothing raises.

Source of the form: Dell OpenManage Server Administrator Command Line Interface User's Guide, omreport system.
"""

import re
from collections.abc import Sequence

from groundcrew.diagnosis.message_records import of_message
from groundcrew.diagnosis.sel import SelRecord
from groundcrew.diagnosis.table_exports import any_time

_FIRST = re.compile(r"\s*Severity\s*:\s*([A-Z][A-Za-z -]{1,20}?)\s*")
_PAIR = re.compile(r"\s*(ID|Date and Time|Category|Description)\s*:\s?(.*?)\s*")
_MORE = re.compile(
    r"\s*(?:Sensor|Chassis|Previous|Probe|Memory|Possible|Redundancy|Number|Power|Fan|[a-z(])[^|,;]*(?:,[^|;]*)?"
)
"""A long description goes on in lines of its own."""

_MAX_LINES = 24


def parse_openmanage_block(lines: Sequence[str], begin: int) -> tuple[str, range, SelRecord] | None:
    """The tool, the lines and the record of the block that begins here; None where none does."""
    if _FIRST.fullmatch(lines[begin]) is None:
        return None
    block, end = dict[str, str](), begin + 1
    while end < min(len(lines), begin + _MAX_LINES) and lines[end].strip() and not _FIRST.fullmatch(lines[end]):
        if (pair := _PAIR.fullmatch(lines[end])) and pair[1] not in block:
            block[pair[1]] = pair[2]
        elif "Description" in block and _MORE.fullmatch(lines[end]):
            block["Description"] = f"{block['Description']} {lines[end].strip()}"
        else:
            break
        end += 1
    if "Date and Time" not in block or not block.get("Description"):
        return None
    time = any_time(block["Date and Time"])
    code = block.get("ID", "")
    record = of_message(0, ("", ""), code if code.isascii() and code.isalnum() else "", block["Description"], None)
    stamp = "" if time is None else block["Date and Time"]
    return (
        "omreport system log",
        range(begin, end),
        SelRecord(0, time, stamp, record.sensor, record.event, record.asserted, record.text),
    )
