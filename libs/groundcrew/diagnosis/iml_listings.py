"""Records of HPE's integrated management log as its tools print it: `show /system1/log1/record*` over SSH to an iLO,
`hplog -v`, and the XML of GET_EVENT_LOG (`hponcfg`).

Each says its severity, which is `Repaired` once the fault is over. Nothing raises.

Sources of the forms: HPE iLO 4 Scripting and Command Line Guide, event log targets and RIBCL GET_EVENT_LOG; hplog(8).
"""

import re
from collections.abc import Sequence

from groundcrew.diagnosis.message_records import of_message
from groundcrew.diagnosis.sel import SelRecord

_CLP_FIRST = re.compile(r"\s*number=(\d{1,8})\s*")
_CLP_MORE = re.compile(r"\s*([a-z]{2,16})=(.*?)\s*")
_HPLOG_HEAD = re.compile(
    r"\s*(?P<number>\d{4,8})\s+(?P<severity>[A-Z][a-z]{2,15})\s+(?P<clock>\d\d:\d\d)\s+(?P<date>\d\d/\d\d/\d{4})\s+"
    r"\d\d:\d\d\s+\d\d/\d\d/\d{4}\s+\d{1,8}\s*"
)
_HPLOG_TEXT = re.compile(r"\s*(?:LOG|Event):\s*(\S.*?)\s*")
_XML_FIRST = re.compile(r"\s*<EVENT\b(?!_)(.*)", re.IGNORECASE)
_XML_PAIR = re.compile(r'([A-Z_]{3,16})\s*=\s*"([^"]*)"', re.IGNORECASE)
_XML_MORE = re.compile(r'\s*(?:[A-Z_]{3,16}\s*=\s*"[^"]*".*|/?>.*)', re.IGNORECASE)
_MAX_XML_LINES = 12


def parse_iml_block(lines: Sequence[str], begin: int) -> tuple[str, range, SelRecord] | None:
    """The tool, the lines and the record of the block that begins here; None where none does."""
    return _clp(lines, begin) or _hplog(lines, begin) or _xml(lines, begin)


def _clp(lines: Sequence[str], begin: int) -> tuple[str, range, SelRecord] | None:
    """The properties of a record, by DMTF's command line protocol."""
    if (first := _CLP_FIRST.fullmatch(lines[begin])) is None:
        return None
    block, end = dict[str, str](), begin + 1
    while end < len(lines) and (more := _CLP_MORE.fullmatch(lines[end])) and more[1] != "number":
        block.setdefault(more[1], more[2])
        end += 1
    if not block.get("description"):
        return None
    record = _record(
        int(first[1]), block.get("severity", ""), block.get("date", ""), block.get("time", ""), block["description"]
    )
    return "iLO log1", range(begin, end), record


def _hplog(lines: Sequence[str], begin: int) -> tuple[str, range, SelRecord] | None:
    """A line with number, severity and times; the text on the next."""
    head = _HPLOG_HEAD.fullmatch(lines[begin])
    if head is None or begin + 1 >= len(lines) or (text := _HPLOG_TEXT.fullmatch(lines[begin + 1])) is None:
        return None
    record = _record(int(head["number"]), head["severity"], head["date"], head["clock"], text[1])
    return "hplog", range(begin, begin + 2), record


def _xml(lines: Sequence[str], begin: int) -> tuple[str, range, SelRecord] | None:
    """An element whose attributes may stand on lines of their own. It has no number: where it stands is its own."""
    if (first := _XML_FIRST.fullmatch(lines[begin])) is None:
        return None
    said, end = first[1], begin + 1
    while ">" not in said and end < min(len(lines), begin + _MAX_XML_LINES) and _XML_MORE.fullmatch(lines[end]):
        said, end = f"{said} {lines[end].strip()}", end + 1
    block = {name.upper(): value for name, value in _XML_PAIR.findall(said)}
    if ">" not in said or not block.get("DESCRIPTION"):
        return None
    date, _, clock = (block.get("INITIAL_UPDATE") or block.get("LAST_UPDATE", "")).partition(" ")
    record = _record(begin, block.get("SEVERITY", ""), date, clock, block["DESCRIPTION"])
    return "RIBCL event log", range(begin, end), record


def _record(number: int, severity: str, date: str, clock: str, text: str) -> SelRecord:
    clock = f"{clock}:00" if clock.count(":") == 1 else clock
    return of_message(number, (date, clock), "", text, False if severity.lower() == "repaired" else None)
