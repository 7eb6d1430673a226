"""Event log records out of what makers' own tools print: Dell's `racadm getsel` and `racadm lclog view`, Supermicro's
`ipmicfg -sel list` (both of its forms); and by their own modules Dell's OpenManage, Supermicro's SUM, HPE's, Oracle's
and VMware's.

What says all in its sentence has `Message <id>` for its sensor, so that the rules of messages read it as they read an
entry over Redfish; a sentence about one sensor is put in ipmitool's words. Nothing raises.

Sources of the forms: Dell's RACADM reference, getsel and lclog view; IPMICFG as its users' scripts take it apart.
"""

import re
from collections.abc import Iterator, Sequence

from groundcrew.diagnosis.dated_sentences import parse_log_entry
from groundcrew.diagnosis.esxi_listing import parse_esxi_block
from groundcrew.diagnosis.ilom_faults import parse_ilom_fault
from groundcrew.diagnosis.ilom_listing import parse_ilom_block
from groundcrew.diagnosis.ilorest_logs import parse_ilorest_block
from groundcrew.diagnosis.iml_listings import parse_iml_block
from groundcrew.diagnosis.message_records import built, of_message
from groundcrew.diagnosis.openmanage_logs import parse_openmanage_block
from groundcrew.diagnosis.sel import SelRecord
from groundcrew.diagnosis.supermicro_listings import parse_supermicro_block

_PAIR = re.compile(r"\s*([A-Z][A-Za-z0-9/ ]{2,20}?)\s*[:=]\s?(.*)")
_RULER = re.compile(r"\s*-{4,}\s*")
_FIRST = {"Record": "racadm getsel", "SeqNumber": "racadm lclog view"}
"""The key that begins a record -> the tool that prints it."""

_TEXT = {"Description", "Message"}
_HEAD = re.compile(r"\s*(\d{1,8}) \| (\d{4})/(\d\d)/(\d\d) (\d\d:\d\d:\d\d) \| (\S.*?)\s*")
_EVENT_HEAD = re.compile(
    r"\s*Event:(\d{1,8}) Time:(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)\b.*?SensorType:([^|]*?)\s*(?:\|\s*(.*))?"
)
_MORE = re.compile(r"\s*\|\s*(\S.*)")
_DIRECTION = re.compile(r"(?:(De)?assertion:\s*(?P<first>.*?)|(?P<last>.*?)\s+-\s+(De)?assertion)\s*", re.IGNORECASE)
_AT = re.compile(r"@(?=\w)")


def parse_maker_blocks(lines: Sequence[str]) -> Iterator[tuple[str, range, SelRecord]]:
    """The tool, the lines and the record of each block."""
    number = 0
    while number < len(lines):
        found = next((block for form in _FORMS if (block := form(lines, number)) is not None), None)
        if found is None:
            number += 1
            continue
        yield found
        number = found[1].stop


def _racadm(lines: Sequence[str], begin: int) -> tuple[str, range, SelRecord] | None:
    if (pair := _PAIR.fullmatch(lines[begin])) is None or pair[1] not in _FIRST or not pair[2].strip().isdigit():
        return None
    block, end = {pair[1]: pair[2].strip()}, begin + 1
    while end < len(lines) and (more := _PAIR.fullmatch(lines[end])) and more[1] not in _FIRST:
        block.setdefault(more[1], more[2].strip())
        end += 1
    text = next((block[key] for key in _TEXT if block.get(key)), "")
    if not text:
        return None
    if end < len(lines) and _RULER.fullmatch(lines[end]):
        end += 1
    stamp = block.get("Date/Time") or block.get("Timestamp", "")
    date, _, clock = stamp.partition(" ")
    identifier = block.get("Message ID", "")
    record = of_message(int(block[pair[1]]), (date, clock), identifier, text, None)
    return _FIRST[pair[1]], range(begin, end), record


def _ipmicfg(lines: Sequence[str], begin: int) -> tuple[str, range, SelRecord] | None:
    """A line with the time, then the event behind a bar."""
    if found := _HEAD.fullmatch(lines[begin]):
        number, stamp, kind, said = found[1], (f"{found[2]}-{found[3]}-{found[4]}", found[5]), found[6], ""
    elif found := _EVENT_HEAD.fullmatch(lines[begin]):
        number, stamp, kind, said = found[1], (found[2], found[3]), found[4], found[5] or ""
    else:
        return None
    end = begin + 1
    if not said and end < len(lines) and (more := _MORE.fullmatch(lines[end])):
        said, end = more[1], end + 1
    if not said:
        return None
    if end < len(lines) and _RULER.fullmatch(lines[end]):
        end += 1
    told = _DIRECTION.fullmatch(said := said.removeprefix("Msg = ").strip())
    asserted = None if told is None else not (told[1] or told[4])
    said = said if told is None else told["first"] or told["last"] or ""
    make = of_message if "= " in lines[end - 1] or kind == "BIOS" else _of_sensor
    return "ipmicfg", range(begin, end), make(int(number), stamp, kind, _AT.sub(" @", said), asserted)


def _of_sensor(number: int, stamp: tuple[str, str], kind: str, event: str, asserted: bool | None) -> SelRecord:
    """`Memory`, `Correctable ECC @DIMMD1(CPU1)`: in ipmitool's columns."""
    event, at, place = event.partition(" @")
    return built(number, stamp, kind, f"{event} (@{place})" if at else event, asserted)


_FORMS = (
    _racadm,
    _ipmicfg,
    parse_iml_block,
    parse_ilom_block,
    parse_esxi_block,
    parse_log_entry,
    parse_openmanage_block,
    parse_supermicro_block,
    parse_ilom_fault,
    parse_ilorest_block,
)
"""What takes the block that begins at a line: the tool, the block's lines and its record, or None."""
