"""One syslog message as it came over the network: RFC 5424, RFC 3164, and what switches make of them.

Understood beside the two: ISO timestamps in the old form (rsyslog), a year after the day (Juniper), and Cisco's
sequence numbers, `*` marks and zones before `%FACILITY-SEVERITY-MNEMONIC`. Never raises; what has no header is text.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from groundcrew.contracts.clock import to_us

DEFAULT_PRIORITY = 5
"""Severity of a message that says none: `user.notice`, RFC 3164 section 4.3.3."""

_PRI = re.compile(r"<(\d{1,3})>")
_NEW = re.compile(
    r"1 (\S{1,64}) (\S{1,255}) (\S{1,48}) (\S{1,128}) (\S{1,32}) (?:-|(?:\[(?:[^\]\\]|\\.){0,4000}\]){1,20})(?: |$)"
)
_ISO = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?(Z|[+-]\d\d:?\d\d)?(?=[\s:]|$):?\s*", re.ASCII
)
_OLD = re.compile(
    r"(?:\d{1,10}: )?(?:([A-Za-z0-9][\w.-]{0,100}): )?[*.]?"
    r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [ \d]?\d(?: \d{4})? \d\d:\d\d:\d\d(?:\.\d{1,9})?"
    r"(?: [A-Z]{2,5}(?=:))?(:?)\s?",
    re.ASCII,
)
_NUMBERED = re.compile(r"\d{1,10}: (?=%)")
_HOST = re.compile(r"([A-Za-z0-9\[][\w.:\]-]{0,254}) ", re.ASCII)
_TAG = re.compile(r"([A-Za-z0-9_./()-][\w./@()-]{0,63}?)(?:\[[^\]\s]{0,32}\])?: ?", re.ASCII)


@dataclass(frozen=True, slots=True)
class SyslogMessage:
    """`priority` is the severity, 0 (emergency) to 7. `time_us` is None unless the sender wrote a time with its zone:
    a clock time of an unknown zone dates nothing. `host` and `identifier` are empty where the message has none."""

    priority: int
    time_us: int | None
    host: str
    identifier: str
    message: str


def read_syslog(text: str) -> SyslogMessage:
    """The parts of one message, without the line's end."""
    priority, rest = DEFAULT_PRIORITY, text.strip("\r\n\0 ")
    if (pri := _PRI.match(rest)) and int(pri[1]) < 192:
        priority, rest = int(pri[1]) & 7, rest[pri.end() :]
    if found := _NEW.match(rest):
        return SyslogMessage(
            priority, _instant(found[1]), _said(found[2]), _said(found[3]), rest[found.end() :].removeprefix("\ufeff")
        )
    if found := _ISO.match(rest):
        host, identifier, message = _headed(rest[found.end() :])
        return SyslogMessage(priority, _instant(found[0].strip(" :")), host, identifier, message)
    if found := _OLD.match(rest):
        after = rest[found.end() :]
        if found[1] or found[2]:  # Cisco: the origin stands before the time, and no tag behind it
            return SyslogMessage(priority, None, found[1] or "", "", after)
        return SyslogMessage(priority, None, *_headed(after))
    if found := _NUMBERED.match(rest):
        rest = rest[found.end() :]
    if tag := _TAG.match(rest):
        return SyslogMessage(priority, None, "", tag[1], rest[tag.end() :])
    return SyslogMessage(priority, None, "", "", rest)


def _headed(rest: str) -> tuple[str, str, str]:
    """Host, program and text of what follows the time. A first word that ends in a colon is a program's."""
    host = ""
    if not _TAG.match(rest) and (found := _HOST.match(rest)):
        host, rest = found[1], rest[found.end() :]
    if tag := _TAG.match(rest):
        return host, tag[1], rest[tag.end() :]
    return host, "", rest


def _said(field: str) -> str:
    return "" if field == "-" else field


def _instant(text: str) -> int | None:
    found = _ISO.match(text)
    if found is None or found[8] is None:
        return None
    try:
        naive = datetime(*(int(part) for part in found.groups()[:5]), min(int(found[6]), 59), tzinfo=UTC)  # type: ignore[misc, arg-type]
        offset = timedelta()
        if found[8] != "Z":
            sign = 1 if found[8][0] == "+" else -1
            offset = sign * timedelta(hours=int(found[8][1:3]), minutes=int(found[8][-2:]))
        us = to_us(naive - offset) + int((found[7] or "0")[:6].ljust(6, "0"))
    except (ValueError, OverflowError):
        return None
    return us if us >= 0 else None
