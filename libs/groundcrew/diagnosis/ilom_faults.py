"""Faults that Oracle's fault manager holds open: `fmadm faulty` (of ILOM's fault shell, Solaris and Linux FMA), ILOM's
`show faulty`, `show /SP/faultmgmt/0/faults/0` and `show /System/Open_Problems`.

Each suspect becomes a record in the words of ILOM's event list, which rules-ilom.toml reads: the component and the
class of the fault. What has no class has the sentence that the service processor gives. Nothing raises.

Sources of the forms: Oracle ILOM User's Guide for System Monitoring and Diagnostics, fmadm faulty and show faulty;
Oracle Solaris fmadm(1M).
"""

import re
from collections.abc import Iterator, Sequence

from groundcrew.diagnosis.message_records import built
from groundcrew.diagnosis.sel import SelRecord, sel_time
from groundcrew.diagnosis.standing import MESSAGE

_HEAD = re.compile(
    r"\s*(?:(?P<date>\d{4}-\d\d-\d\d)[/ ](?P<clock>\d\d:\d\d:\d\d)|[A-Z][a-z]{2} +\d{1,2} \d\d:\d\d:\d\d)\s+"
    r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\s+[\w-]{4,24}\s+[A-Z][a-z]+\s*"
)
_SUSPECT = re.compile(r"\s*Suspect \d{1,3} of \d{1,3}\s*:?\s*")
_CLASS = re.compile(
    r"\s*(?:Fault|Problem) class\s*:\s*(?P<class>(?:fault|defect|alert|upset)(?:\.[\w-]+)+)"
    r"(?:\s+(?P<sure>\d{1,3})%)?\s*"
)
_PAIR = re.compile(r"\s*(Affects|FRU|Location|Certainty|Status|Problem Status)\s*:\s*(.*?)\s*")
_WITHIN = re.compile(r"\s*|-{8,}|System|\s*[A-Z][\w ]{1,24}\s*:(?: .*)?|\s{3,}[^|]*")
_LABEL = re.compile(r'"([^"]{1,60})"|(/SYS(?:/[^\s"(]+)?)')
_OVER = re.compile(
    r"\s*(?:not faulted|repaired|repair attempted|replaced|acquitted|ok|closed|resolved)\b.*", re.IGNORECASE
)
_ROW = re.compile(r"\s*(?P<target>/[^|]*?|faults/\d{1,4}|)\s*\|\s*(?P<key>[\w-]*)\s*\|\s*(?P<value>[^|]*?)\s*")
_FRU_TARGET = re.compile(r"/(?:\S+/)?faultmgmt/\d{1,4}/?")
_PROPERTY = re.compile(r"\s+(?P<key>[a-z][\w-]{1,40}) = (?P<value>.*?)\s*")
_STAMP = re.compile(r"(\d{4}-\d\d-\d\d)[/ T](\d\d:\d\d:\d\d)")
_PROBLEM = re.compile(
    r"\s*[A-Z][a-z]{2} (?P<month>[A-Z][a-z]{2})\s+(?P<day>\d{1,2}) (?P<clock>\d\d:\d\d:\d\d) (?P<year>\d{4})\s{2,}"
    r"(?P<subsystem>[A-Z][\w/]*(?: [A-Z]\w*)?)\s{2,}(?P<part>/?\w[\w/.-]*)(?: \([^()]*\))?\s*"
)
_SAID = re.compile(
    r"(?P<said>\S.*?)\s*\( ?Probability: ?(?P<sure>\d{1,3})\b(?:.*?\bResource: ?(?P<resource>/\S+?),)?.*"
)
_MAX_LINES = 80
_MAX_BACK = 200
_MAX_PROBLEM_LINES = 12
_INDENTED = re.compile(r"\s{2,}\S")


def parse_ilom_fault(lines: Sequence[str], begin: int) -> tuple[str, range, SelRecord] | None:
    """The tool, the lines and the record of the suspect that begins here; None where none does."""
    forms = (_fmadm, _show_faulty, _properties, _open_problem)
    return next((found for form in forms if (found := form(lines, begin)) is not None), None)


def _fmadm(lines: Sequence[str], begin: int) -> tuple[str, range, SelRecord] | None:
    """From the line with the event's time, or from the next suspect of the same event."""
    head, first = _HEAD.fullmatch(lines[begin]), begin
    if head is None and not _SUSPECT.fullmatch(lines[begin]) and not _CLASS.fullmatch(lines[begin]):
        return None
    while first < min(len(lines), begin + _MAX_LINES) and not _CLASS.fullmatch(lines[first]):
        first += 1
        if first < len(lines) and not (_SUSPECT.fullmatch(lines[first]) or _goes_on(lines[first])):
            break
    if first >= len(lines) or (told := _CLASS.fullmatch(lines[first])) is None:
        return None
    end = first + 1
    while end < min(len(lines), first + _MAX_LINES) and _goes_on(lines[end]) and not _CLASS.fullmatch(lines[end]):
        end += 1
    while not lines[end - 1].strip():
        end -= 1
    if head is None:
        back = range(begin - 1, max(begin - _MAX_BACK, -1), -1)
        head = next((found for at in back if (found := _HEAD.fullmatch(lines[at]))), None)
    stamp = (head["date"], head["clock"]) if head and head["date"] else ("", "")
    part, sure, over = _suspect(lines[first + 1 : end])
    if not part:
        return None
    said = _sentence(part, told["class"], told["sure"] or sure, stamp, over=over)
    return "fmadm faulty", range(begin, end), built(0, stamp, f"{MESSAGE} ILOM", said, None)


def _goes_on(line: str) -> bool:
    """Whether a line may stand within an event: nothing, a ruler, `Name : value`, or what is further in."""
    return _WITHIN.fullmatch(line) is not None and not _HEAD.fullmatch(line)


def _suspect(lines: Sequence[str]) -> tuple[str, str, bool]:
    """Component, certainty and whether its fault is over."""
    fru = affects = sure = ""
    over = False
    for line in lines:
        if (pair := _PAIR.fullmatch(line)) is None:
            over = over or (bool(fru) and line[:1].isspace() and len(line) < 40 and bool(_OVER.fullmatch(line)))
        elif pair[1] in {"FRU", "Location"}:
            fru = fru or _component(pair[2])
        elif pair[1] == "Affects":
            affects = affects or _component(pair[2])
        elif pair[1] == "Certainty":
            sure = sure or pair[2].rstrip("% ")
        else:
            over = over or bool(_OVER.fullmatch(pair[2]))
    own = next((one for one in (fru, affects) if one.startswith("/SYS")), fru or affects)
    return own, sure, over


def _component(said: str) -> str:
    if found := _LABEL.search(said):
        return found[1] or found[2]
    return said.split(" ")[0][:120]


def _sentence(part: str, fault: str, sure: str, stamp: tuple[str, str], *, over: bool) -> str:
    if over:
        return f"Component {part} repaired"
    named = part if part.startswith("/") else f'"{part}"'
    when = " ".join(stamp).strip()
    told = f"Fault detected at time = {when}. The" if when else "The"
    return f"{told} suspect component: {named} has {fault}" + (f" with probability={sure}." if sure else ".")


def _show_faulty(lines: Sequence[str], begin: int) -> tuple[str, range, SelRecord] | None:
    """Rows of a table from a component's own to the next one's; a second fault of one begins at its class."""
    row = _ROW.fullmatch(lines[begin])
    if row is None or not _is_first(row):
        return None
    block, end, last = {row["key"]: row["value"]}, begin + 1, row["key"]
    while end < min(len(lines), begin + _MAX_LINES) and (more := _ROW.fullmatch(lines[end])):
        if (more["key"] == "fru" and _is_first(more)) or (more["key"] == "class" and "class" in block):
            break
        if more["key"]:
            last = more["key"]
            block.setdefault(last, more["value"])
        elif more["value"]:
            block[last] = f"{block[last]} {more['value']}"
        end += 1
    if "fru" not in block:
        block["fru"] = next(_frus_before(lines, begin), "")
    record = _of_block(block)
    return None if record is None else ("ILOM show faulty", range(begin, end), record)


def _is_first(row: re.Match[str]) -> bool:
    if row["key"] == "fru":
        return _FRU_TARGET.fullmatch(row["target"]) is not None
    return row["key"] == "class" and row["value"].startswith(("fault.", "defect."))


def _frus_before(lines: Sequence[str], begin: int) -> Iterator[str]:
    for at in range(begin - 1, max(begin - _MAX_BACK, -1), -1):
        if (row := _ROW.fullmatch(lines[at])) is None:
            return
        if row["key"] == "fru":
            yield row["value"]


def _properties(lines: Sequence[str], begin: int) -> tuple[str, range, SelRecord] | None:
    """`class = fault....` and what follows it, of one fault that is shown."""
    first = _PROPERTY.fullmatch(lines[begin])
    if first is None or first["key"] != "class" or not first["value"].startswith(("fault.", "defect.")):
        return None
    block, end = dict[str, str](), begin
    while end < min(len(lines), begin + _MAX_LINES) and (more := _PROPERTY.fullmatch(lines[end])):
        block.setdefault(more["key"], more["value"])
        end += 1
    record = _of_block(block)
    return None if record is None else ("ILOM show faulty", range(begin, end), record)


def _open_problem(lines: Sequence[str], begin: int) -> tuple[str, range, SelRecord] | None:
    """A line with time, subsystem and component; the sentence stands further in, and may be cut anywhere."""
    if (head := _PROBLEM.fullmatch(lines[begin])) is None:
        return None
    end = begin + 1
    while end < min(len(lines), begin + _MAX_PROBLEM_LINES) and _INDENTED.match(lines[end]):
        if _PROBLEM.fullmatch(lines[end]):
            break
        end += 1
    told = _SAID.fullmatch(" ".join(line.strip() for line in lines[begin + 1 : end]))
    if told is None:
        return None
    part = told["resource"] or (head["part"] if head["part"].startswith("/") else f"/SYS/{head['part']}")
    said = f"The suspect component: {part} has an open problem of {head['subsystem']}: {told['said']}"
    stamp = (f"{head['month']}-{head['day']}-{head['year']}", head["clock"])
    return "ILOM open problems", range(begin, end), built(0, stamp, f"{MESSAGE} ILOM", said, None)


def _of_block(block: dict[str, str]) -> SelRecord | None:
    part = block.get("fru", "") or block.get("component", "")
    fault = block.get("class", "").split(" ")[0]
    said = block.get("timestamp", "")
    found = _STAMP.search(said)
    stamp = (found[1], found[2]) if found else ("", "")
    if part and fault:
        text = _sentence(part, fault, block.get("probability", ""), stamp, over=False)
    elif detected := block.get("sp_detected_fault", ""):
        text = detected
    else:
        return None
    time = sel_time(*stamp) if found else None
    return SelRecord(0, time, said, f"{MESSAGE} ILOM", text, None, f"{MESSAGE} ILOM | {text}")
