"""Event log records out of what makers' own tools print: Dell's `racadm getsel` and `racadm lclog view`, Supermicro's
`ipmicfg -sel list` (both of its forms), HPE's `show /system1/log1/record*` over SSH to an iLO.

What says all in its sentence has `Message <id>` for its sensor, so that the rules of messages read it as they read an
entry over Redfish; a sentence about one sensor is put in ipmitool's words. Nothing raises.

Sources of the forms: Dell's RACADM reference, getsel and lclog view; IPMICFG as its users' scripts take it apart;
HPE iLO 4 Scripting and Command Line Guide, event log targets.
"""

import re
from collections.abc import Iterator, Sequence

from groundcrew.diagnosis.message_words import in_sensor_words
from groundcrew.diagnosis.sel import SelRecord, sel_time
from groundcrew.diagnosis.standing import MESSAGE

_PAIR = re.compile(r"\s*([A-Z][A-Za-z/ ]{2,20}?)\s*[:=]\s?(.*)")
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
_CLP_FIRST = re.compile(r"\s*number=(\d{1,8})\s*")
_CLP_MORE = re.compile(r"\s*([a-z]{2,16})=(.*?)\s*")
_AT = re.compile(r"@(?=\w)")


def parse_maker_blocks(lines: Sequence[str]) -> Iterator[tuple[str, range, SelRecord]]:
    """The tool, the lines and the record of each block."""
    number = 0
    while number < len(lines):
        found = _racadm(lines, number) or _ipmicfg(lines, number) or _clp(lines, number)
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
    record = _record(int(block[pair[1]]), (date, clock), identifier, text, None)
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
    make = _record if "= " in lines[end - 1] or kind == "BIOS" else _of_sensor
    return "ipmicfg", range(begin, end), make(int(number), stamp, kind, _AT.sub(" @", said), asserted)


def _clp(lines: Sequence[str], begin: int) -> tuple[str, range, SelRecord] | None:
    """The properties of a record, by DMTF's command line protocol. Its severity says whether it was repaired."""
    if (first := _CLP_FIRST.fullmatch(lines[begin])) is None:
        return None
    block, end = dict[str, str](), begin + 1
    while end < len(lines) and (more := _CLP_MORE.fullmatch(lines[end])) and more[1] != "number":
        block.setdefault(more[1], more[2])
        end += 1
    if not block.get("description"):
        return None
    over = False if block.get("severity", "").lower() == "repaired" else None
    stamp = (block.get("date", ""), _to_seconds(block.get("time", "")))
    return "iLO log1", range(begin, end), _record(int(first[1]), stamp, "", block["description"], over)


def _to_seconds(clock: str) -> str:
    return f"{clock}:00" if clock.count(":") == 1 else clock


def _of_sensor(number: int, stamp: tuple[str, str], kind: str, event: str, asserted: bool | None) -> SelRecord:
    """`Memory`, `Correctable ECC @DIMMD1(CPU1)`: in ipmitool's columns."""
    event, at, place = event.partition(" @")
    return _built(number, stamp, kind, f"{event} (@{place})" if at else event, asserted)


def _record(number: int, stamp: tuple[str, str], kind: str, text: str, asserted: bool | None) -> SelRecord:
    if spoken := in_sensor_words(text):
        return _built(number, stamp, *spoken)
    return _built(number, stamp, f"{MESSAGE} {kind}".strip(), text, asserted)


def _built(number: int, stamp: tuple[str, str], sensor: str, event: str, asserted: bool | None) -> SelRecord:
    direction = {True: "Asserted", False: "Deasserted", None: ""}[asserted]
    text = " | ".join(part for part in (sensor, event, direction) if part)
    return SelRecord(number, sel_time(*stamp), " ".join(stamp).strip(), sensor, event, asserted, text)
