"""What is in a text that a BMC tool printed: event log records, sensor readings, and lines that are neither.

Each line is taken by the first form that it fits, so that a file may hold several listings and a bad line costs that
line alone. What is only decoration (headings, rulers, prompts, an empty log's sentence) is passed over, everything else
that no form fits is kept as unparsed. Nothing raises.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from groundcrew.diagnosis import freeipmi
from groundcrew.diagnosis.dated_sentences import of_hardware, parse_dated_sentence
from groundcrew.diagnosis.ipmiutil import parse_ipmiutil_row
from groundcrew.diagnosis.lenovo_readlog import parse_readlog_row
from groundcrew.diagnosis.locators import SENSOR_TYPES
from groundcrew.diagnosis.maker_listings import parse_maker_blocks
from groundcrew.diagnosis.netapp_events import parse_netapp_row
from groundcrew.diagnosis.openbmc_log_util import parse_log_util_row
from groundcrew.diagnosis.page_exports import parse_page_row
from groundcrew.diagnosis.raid_tools import is_sas_ircu, parse_sas_ircu, parse_storcli
from groundcrew.diagnosis.redfish_listing import parse_redfish
from groundcrew.diagnosis.sel import SelRecord, parse_blocks, parse_row
from groundcrew.diagnosis.sensors import SensorRead, parse_sensor_blocks, parse_sensor_row, told_apart
from groundcrew.diagnosis.table_exports import Table, parse_table_row, table_heading

_PROMPTS = 4
"""Lines that may stand above a JSON document: the command that it was asked for with."""

_BRACKETED = re.compile(r"\s*\[[^\]{}\"]{1,60}\]\S")
"""A prompt in brackets, such as `[root@node ~]#`."""

MAX_LINE = 1_024
"""Characters of the longest line that is looked at; no tool prints one of half of that."""

MAX_UNPARSED = 1_000
"""So many unparsed lines are kept; the rest are only counted."""

_EMPTY = re.compile(r"SEL has no (?:more )?entries", re.IGNORECASE)
_RULER = re.compile(
    r"[-=#*+ |]*|[-=#*]{4,}[^|]{0,40}[-=#*]{4,}|\.{3}|`{3}\w*|SEL Records?:?|"
    r"(?:Unable to read sensor|Locating sensor record).*",
    re.IGNORECASE,
)
_HEADINGS = re.compile(
    r"(?:ipmiutil|isel)\S* (?:sel )?ver(?:sion)? .*|-- BMC version .*|SEL Ver \w+ Support .*|RecId \W*Date/Time.*|"
    r"ipmiutil sel, completed.*|FRU#\s+FRU_NAME\s+TIME_STAMP.*|\W?Event ID\W{1,3}Time ?Stamp\W.*|"
    r"(?:</\S*>)?hpiLO->.*|(?:status|status_tag|error_tag)=.*|/(?:system1|map1)/log1(?:/record\d+)?|Targets|Properties|"
    r"Verbs|cd version exit show.*|[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}|"
    r"ID\s+(?:Severity\s+Initial Time|Date/Time\s+Class)\s.*|Event|</?EVENT_LOG\b.*>|(?:BMC|SP) \S+> events .*|"
    r"Embedded System Management \(ESM\) Log|Alert Log|Health *[:;] *[A-Z][\w -]*|"
    r"</?RIBCL\b.*>|<\?xml .*\?>|</?RESPONSE\b.*|STATUS=\"0x\w+\"|MESSAGE='No error'|/>|</?GET_EVENT_LOG\b.*>|"
    r"->(?: show .*)?|faultmgmt\w*>(?: fmadm .*)?|Target\s*\| Property\s*\| Value|TIME\s+EVENT-ID\s+MSG-ID\s+SEVERITY|"
    r"Time\s+UUID\s+msgid\s+Severity|Open Problems \(\d+\)|Date/Time\s+Subsystems\s+Component|"
    r"system>(?: readlog.*)?|\(No more entries\)|"
    r"Event ID\s+Created Time\s+Sensor Type\s+Severity\s+Message"
)
"""Of ipmiutil, log-util, saved pages, iLO's command line and XML, hplog, ILOM, NetApp's, OpenManage, XCC and SUM."""
_LOCATOR = re.compile(r"(?:(?:Static|Dynamic) MC @|(?:Log|Phys) FRU @|GenDev|FRU @)", re.IGNORECASE)
_TOOLS = ("ipmitool", "ipmi-sel", "ipmi-sensors")
_OEM = re.compile(r"Linux kernel panic|OEM record", re.IGNORECASE)
_INFO = re.compile(
    r"(Entries|Percent Used|Overflow|Version|Free Space|Last (?:Add|Del) Time|Supported Cmds)\s*:\s?(.*)"
)
_INFO_REST = re.compile(r"(?:# of Alloc Units|Alloc Unit Size|# Free Units|Largest Free Blk|Max Record Size)\s*:.*")
_TYPES = frozenset(kind.lower() for kind in SENSOR_TYPES)


@dataclass(frozen=True, slots=True)
class Unparsed:
    """A line that no form fits; the first one has number 1."""

    line: int
    text: str


@dataclass
class Listing:
    """`kinds` are the forms that were found, in the order of their first line; empty where nothing is known."""

    kinds: list[str] = field(default_factory=list)
    records: list[SelRecord] = field(default_factory=list)
    readings: list[SensorRead] = field(default_factory=list)
    unparsed: list[Unparsed] = field(default_factory=list)
    unparsed_count: int = 0
    passed: int = 0
    """Lines that are decoration: headings, rulers, prompts, what `sel info` says."""
    info: dict[str, str] = field(default_factory=dict)
    """Of `ipmitool sel info`, by its own words."""

    def found(self, name: str) -> None:
        if name not in self.kinds:
            self.kinds.append(name)

    def reject(self, number: int, line: str) -> None:
        self.unparsed_count += 1
        if len(self.unparsed) < MAX_UNPARSED:
            self.unparsed.append(Unparsed(number + 1, line.strip()[:MAX_LINE]))


def _json_at(lines: Sequence[str]) -> int | None:
    """The line that a JSON document begins with: the first, or one below the prompt that it was asked for at."""
    for number, line in enumerate(lines[:_PROMPTS]):
        if line.strip("\ufeff \t")[:1] in {"{", "["} and not _BRACKETED.match(line):
            return number
    return None


def read_listing(text: str) -> Listing:
    """All that is in the text. Never raises."""
    listing = Listing()
    if text.lstrip()[:1] == "{" and (reads := parse_storcli(text)) is not None:
        listing.found("storcli")
        listing.readings = told_apart(reads)
        return listing
    lines = text.splitlines()
    begin = _json_at(lines)
    if begin is not None and (found := parse_redfish("\n".join(lines[begin:]))) is not None:
        for number, line in enumerate(lines[:begin]):
            if line.strip("\ufeff \t"):
                listing.reject(number, line)  # the command that was typed
        return _of_redfish(listing, *found)
    if is_sas_ircu(lines):
        listing.found("sas2ircu")
        listing.readings = told_apart(parse_sas_ircu(lines))
        return listing
    taken = bytearray(len(lines))
    short = [line if len(line) <= MAX_LINE else "" for line in lines]
    _take_blocks(listing, "ipmitool sel -v", parse_blocks(short), taken)
    for kind, span, record in parse_maker_blocks(
        ["" if done else line for done, line in zip(taken, short, strict=True)]
    ):
        _take_blocks(listing, kind, [(span, record)], taken)
    for kind, parse in (("ipmitool sensor -v", parse_sensor_blocks), ("ipmi-sensors -v", freeipmi.parse_sensor_blocks)):
        left = ["" if done else line for done, line in zip(taken, short, strict=True)]
        _take_blocks(listing, kind, parse(left), taken)
    names: list[str] | None = None
    table: Table | None = None
    sentences: list[tuple[int, str, SelRecord]] = []
    for number, line in enumerate(lines):
        if taken[number] or not line.strip():
            continue
        if len(line) > MAX_LINE:
            listing.reject(number, line)
        elif (columns := table_heading(line)) is not None:
            table = columns
            listing.passed += 1
            listing.found("saved table")
        elif table is not None and (row := parse_table_row(line, table)) is not None:
            listing.records.append(row)
        elif (heading := freeipmi.heading(line)) is not None:
            names = heading
            listing.passed += 1
            listing.found("ipmi-sel" if "date" in names else "ipmi-sensors")
        elif not _take_line(listing, line, names):
            if sentence := parse_dated_sentence(line):
                sentences.append((number, line, sentence))
            else:
                listing.reject(number, line)
    _take_sentences(listing, sentences)
    listing.readings = told_apart(listing.readings)
    return listing


def _of_redfish(listing: Listing, records: list[SelRecord], unread: list[tuple[int, str]]) -> Listing:
    listing.found("Redfish log entries")
    listing.records = records
    for number, line in unread:
        listing.reject(number, line)
    return listing


def _take_blocks(
    listing: Listing, kind: str, blocks: Iterable[tuple[range, SelRecord | SensorRead]], taken: bytearray
) -> None:
    for span, entry in blocks:
        listing.found(kind)
        taken[span.start : span.stop] = b"\1" * len(span)
        if isinstance(entry, SensorRead):
            listing.readings.append(entry)
        else:
            listing.records.append(entry)


def _take_sentences(listing: Listing, sentences: Sequence[tuple[int, str, SelRecord]]) -> None:
    if sentences and of_hardware([line for _, line, _ in sentences]):
        listing.found("dated sentences")
        listing.records.extend(record for _, _, record in sentences)
        return
    for number, line, _ in sentences:
        listing.reject(number, line)
    listing.unparsed.sort(key=lambda one: one.line)


def _take_line(listing: Listing, line: str, names: Sequence[str] | None) -> bool:
    """Takes what one line says, by the first form that it fits; False where it fits none."""
    if record := freeipmi.parse_sel_row(line, names):
        listing.found("ipmi-sel")
        listing.records.append(record)
    elif read := freeipmi.parse_sensor_row(line, names):
        listing.found("ipmi-sensors")
        listing.readings.append(read)
    elif record := parse_page_row(line):
        listing.found("saved page")
        listing.records.append(record)
    elif (record := parse_row(line)) is not None and _is_whole(record):
        listing.found("ipmitool sel")
        listing.records.append(_typed(record))
    elif read := parse_sensor_row(line):
        listing.found("ipmitool sensors")
        listing.readings.append(read)
    elif record := parse_ipmiutil_row(line):
        listing.found("ipmiutil sel")
        listing.records.append(record)
    elif record := parse_netapp_row(line):
        listing.found("NetApp events")
        listing.records.append(record)
    elif record := parse_readlog_row(line):
        listing.found("readlog")
        listing.records.append(record)
    elif record := parse_log_util_row(line):
        listing.found("log-util")
        listing.records.append(record)
    elif _is_decoration(listing, line):
        listing.passed += 1
    else:
        return False
    return True


def _is_decoration(listing: Listing, line: str) -> bool:
    text = line.strip()
    if _EMPTY.fullmatch(text) or text == "SEL Information":
        listing.found("ipmitool sel")
        return True
    if info := _INFO.fullmatch(text):
        listing.info[info[1]] = info[2].strip()
        return True
    if _RULER.fullmatch(text) or _INFO_REST.fullmatch(text) or _HEADINGS.fullmatch(text) or _is_prompt(text):
        return True
    columns = text.split("|")
    return len(columns) > 2 and _LOCATOR.match(columns[1].strip()) is not None


def _is_prompt(text: str) -> bool:
    """Whether a shell's prompt and the command that printed the listing stand here."""
    return any(tool in text for tool in _TOOLS) and (
        text[0] in "[$#>" or any(end in text for end in ("$ ", "# ", "> "))
    )


def _is_whole(record: SelRecord) -> bool:
    """Whether enough of a row is left: a time (or that there was none) with sensor and event, or an OEM record."""
    if not record.source_time:
        return bool(_OEM.match(record.event) or _OEM.match(record.sensor))
    return bool(record.sensor)


def _typed(record: SelRecord) -> SelRecord:
    """Where name and type stand in columns of their own (`Fan Module 3 | Fan | Lower Critical | Asserted`): joined."""
    if record.event.lower() not in _TYPES:
        return record
    rest = record.text.split(" | ")
    if len(rest) < 3 or rest[2].lower() in {"asserted", "deasserted"}:
        return record
    sensor = f"{rest[1]} {rest[0]}"
    return SelRecord(
        record.record_id,
        record.time,
        record.source_time,
        sensor,
        rest[2],
        record.asserted,
        " | ".join([sensor, *rest[2:]]),
    )
