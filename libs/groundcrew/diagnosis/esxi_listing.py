"""Event log records that a host of VMware prints of its BMC: `esxcli hardware ipmi sel list`, and `localcli`.

Its words for sensor types and events are those of the tables of IPMI, with the direction before them and the sensor's
number alone. Nothing raises.

Sources of the form: vSphere API, SystemEventInfo; VMware's knowledge base 336323, hardware faults on ESXi hosts.
"""

import re
from collections.abc import Sequence

from groundcrew.diagnosis.locators import split_sensor
from groundcrew.diagnosis.message_records import built
from groundcrew.diagnosis.sel import SelRecord

_FIRST = re.compile(r"\s*Record ?:? ?\d{1,8}:?\s*")
_PAIR = re.compile(r"\s*([A-Z][A-Za-z -]{2,18}):\s?(.*?)\s*")
_MESSAGE = re.compile(r"(De-?)?assert\s*\+\s*(\S.*)", re.IGNORECASE)
_CROSSED = re.compile(r"\b(Non-critical|Critical|Non-recoverable) - going\b", re.IGNORECASE)


def parse_esxi_block(lines: Sequence[str], begin: int) -> tuple[str, range, SelRecord] | None:
    """The tool, the lines and the record of the block that begins here; None where none does."""
    if _FIRST.fullmatch(lines[begin]) is None:
        return None
    block, end = dict[str, str](), begin + 1
    while end < len(lines) and (pair := _PAIR.fullmatch(lines[end])) and not _FIRST.fullmatch(lines[end]):
        block.setdefault(pair[1], pair[2])
        end += 1
    number = block.get("Record Id", "")
    told = _MESSAGE.fullmatch(block.get("Message", ""))
    if told is None or not number.isascii() or not number.isdigit() or len(number) > 8:
        return None
    kind, event = split_sensor(told[2])
    sensor, _, rest = told[2].partition(" ")
    if kind:
        sensor, rest = kind, event
    if (which := block.get("Sensor Number", "")).isascii() and which.isdigit() and 0 < int(which) < 256:
        sensor += f" #{int(which):#04x}"
    date, _, clock = block.get("When", "").partition("T")
    event = _CROSSED.sub(lambda found: f"{found[1]} going", rest)
    return (
        "esxcli hardware ipmi sel",
        range(begin, end),
        built(int(number), (date, clock), sensor, event, told[1] is None),
    )
