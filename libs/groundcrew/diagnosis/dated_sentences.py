"""Event log records out of lines in which people copy a BMC's page: a severity or a message's id, a time, a sentence.

The order and the marks between them are anybody's. Lines of programs look alike, so that a listing takes such lines
only where at least half of them speak of hardware. Nothing raises.

Sources of the forms: iDRAC's and XCC's pages as users copy them, HPE's Active Health System tables, check_redfish,
Dell's redfish scripts.
"""

import re
from collections.abc import Sequence

from groundcrew.diagnosis.message_records import of_message
from groundcrew.diagnosis.sel import SelRecord
from groundcrew.diagnosis.table_exports import any_time

_TIME = re.compile(
    r"(?:(?:19|20)\d\d[-/]\d\d?[-/]\d\d?[T ]+\d\d?:\d\d(?::\d\d)?(?:\.\d+)?(?:Z| ?[+-]\d\d:?\d\d)?"
    r"|\d\d?[-/]\d\d?[-/](?:19|20)\d\d,?[ T]+\d\d?:\d\d(?::\d\d)?(?: ?[AP]M\b)?"
    r"|(?:[A-Z][a-z]{2},? )?(?:\d\d? )?[A-Z][a-z]{2,8} (?:\d\d?,? )?(?:19|20)\d\d,? \d\d?:\d\d(?::\d\d)?(?: ?[AP]M\b)?"
    r"|[A-Z][a-z]{2} [A-Z][a-z]{2} +\d\d? \d\d:\d\d:\d\d (?:19|20)\d\d)"
)
_SEVERITY = (
    r"critical|fatal|error|major|minor|warning|warn|caution|non-?critical|degraded|informational|information|info|"
    r"normal|ok|repaired"
)
_CODE = r"(?:IDRAC\.[\d.]+\.)?[A-Z]{2,8}\d{3,5}[A-Z]?"
_FIELD = re.compile(rf"[\s\[\](){{}}|,;:\"']*(?:(?P<severity>{_SEVERITY})|(?P<code>{_CODE}))(?![\w-])", re.IGNORECASE)
_KEY = re.compile(
    r"[\s|,;\"']*(?:severity|level|date|time|timestamp|created|message id|message|description)\s*[:=]", re.IGNORECASE
)
_FIELDS = re.compile(r"(?:,[^,]{0,40}){1,10},\s*|[\s|,;#]*\d{0,8}[\s\[\](){}|,;:\"'#-]*")
_MARKS = " \t|,;:\"'[](){}-"
_AHS = re.compile(r"^\d{1,4}: (?=[A-Z])")
_ACTION = re.compile(r"\s+(?:ACTION|Recommended Action):.*", re.DOTALL)
_HARDWARE = re.compile(
    r"\b(?:power (?:supply|supplies|input|unit)|psu|fans?|dimm|memory (?:device|error|module)|"
    r"(?:drive|disk) \d|(?:physical|hard|virtual) (?:drive|disk)|cpu ?\d|processor ?\d|chassis|idrac|bmc|ilo|xcc|"
    r"temperature|redundan\w+|log (?:was )?cleared|riser|pcie?|"
    r"backplane|system board|enclosure|voltage|(?:cmos|system|perc|raid) ?\w{0,12} battery)\b",
    re.IGNORECASE,
)
_HEARSAY = 0.5
_ENTRY = re.compile(r"\s*Log Entry (\d{1,8}): (\S.*?)\s*")


def parse_dated_sentence(line: str) -> SelRecord | None:
    """The record of one line; None where it has no time, no severity and no id, or no sentence."""
    found = _TIME.search(line)
    if found is None or found.start() > 120:
        return None
    severity, code, rest = _taken(line[: found.start()])
    if _FIELDS.fullmatch(rest) is None:
        return None
    later, code_later, text = _taken(line[found.end() :])
    text = _ACTION.sub("", _AHS.sub("", text.lstrip(_MARKS).rstrip(' \t|,"')))
    if not (severity or later or code or code_later) or text.count(" ") < 1 or not text[:1].isalpha():
        return None
    asserted = False if "repaired" in (severity.lower(), later.lower()) else None
    record = of_message(0, ("", ""), code or code_later, text, asserted)
    return SelRecord(0, any_time(found[0]), found[0], record.sensor, record.event, record.asserted, record.text)


def of_hardware(lines: Sequence[str]) -> bool:
    """Whether such lines are a machine's log, not a program's."""
    return sum(_HARDWARE.search(line) is not None for line in lines) >= _HEARSAY * len(lines)


def parse_log_entry(lines: Sequence[str], begin: int) -> tuple[str, range, SelRecord] | None:
    """`Log Entry 4: <time>`, and the sentence in the next line."""
    head = _ENTRY.fullmatch(lines[begin])
    if head is None or begin + 1 >= len(lines) or (time := any_time(head[2])) is None:
        return None
    text = lines[begin + 1].strip()
    if not text or _ENTRY.fullmatch(text):
        return None
    record = of_message(int(head[1]), ("", ""), "", text, None)
    told = SelRecord(record.record_id, time, head[2], record.sensor, record.event, record.asserted, record.text)
    return "log entries", range(begin, begin + 2), told


def _taken(text: str) -> tuple[str, str, str]:
    """Severity, id and what is left of the text behind them; `severity:` and other names of fields are dropped."""
    severity = code = ""
    while True:
        if key := _KEY.match(text):
            text = text[key.end() :]
        elif (found := _FIELD.match(text)) and not (found["severity"] and severity) and not (found["code"] and code):
            severity, code = found["severity"] or severity, found["code"] or code
            text = text[found.end() :]
        else:
            return severity, code, text
