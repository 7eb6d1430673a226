"""Which syslog priority (0 emergency to 7 debug, RFC 5424 table 2) a line claims in words of its own format."""

import re

INFO = 6
PRIORITIES = {
    **dict.fromkeys(("emerg", "emergency"), 0),
    **dict.fromkeys(("alert", "panic", "dpanic"), 1),
    **dict.fromkeys(("crit", "critical", "fatal", "severe", "system"), 2),
    **dict.fromkeys(("err", "error", "failure", "eror"), 3),
    **dict.fromkeys(("warn", "warning", "wrn"), 4),
    **dict.fromkeys(("notice", "note"), 5),
    **dict.fromkeys(("info", "information", "informational", "inf", "log", "hint", "detail", "statement"), 6),
    "f": 2,
    "e": 3,
    "w": 4,
    "i": 6,
    "d": 7,
    **dict.fromkeys(("debug", "dbg", "trace", "verbose", "fine", "finer", "finest", "config"), 7),
}
"""Level words of syslog, log4j, java.util.logging, Python, Go's loggers, PostgreSQL, MySQL, and the letters of klog and
MongoDB; in lower case."""

_UPPER = (
    "EMERG|EMERGENCY|ALERT|PANIC|CRIT|CRITICAL|FATAL|SEVERE|ERR|ERROR|FAILURE|WARN|WARNING|WRN|NOTICE|NOTE|INFO|INF"
    "|LOG|HINT|DETAIL|STATEMENT|DEBUG|DBG|TRACE|VERBOSE|FINE|FINER|FINEST|System"
)
_LOWER = "emerg|alert|crit|critical|fatal|err|error|warn|warning|notice|info|debug|trace"
_WORD = re.compile(rf"(?:[^\s\"]{{1,80}}\s{{1,4}}){{0,5}}?[\[<(|]?({_UPPER})\d?[\])>|]?(?=[\s:,|\[]|$)")
_BRACKETED = re.compile(
    rf"(?:[^\s\"]{{1,80}}\s{{1,2}}){{0,3}}?\S{{0,80}}?\[(?:\w{{1,32}}:)?({_LOWER}|note)\d?\]", re.IGNORECASE
)
_LEADING = re.compile(rf"(?:[\w./-]{{1,64}}: )?({_LOWER})\d?: ", re.IGNORECASE)
_LOGFMT = re.compile(r".{0,200}?\b(?:level|lvl|severity)=\"?([A-Za-z]{3,9})\b")
_KLOG = re.compile(r"([IWEF])\d{4} \d\d:\d\d:\d\d\.", re.ASCII)
_CISCO = re.compile(r".{0,100}?%[A-Z][A-Z0-9_]{1,30}-(?:[A-Z0-9_]{1,20}-)?([0-7])-[A-Z0-9_]{1,40}: ")
_NUMBERS = ((60, 2), (50, 3), (40, 4), (30, 6), (0, 7))
"""bunyan's and pino's levels, from the worst."""


def of_word(word: str) -> int | None:
    """The priority of a level word, of a syslog number or of a bunyan number; None of anything else."""
    known = PRIORITIES.get(word.lower())
    if known is not None or not (word.isascii() and word.isdigit()) or len(word) > 3:
        return known
    number = int(word)
    if number < 8:
        return number
    return next(priority for least, priority in _NUMBERS if number >= least)


def claimed(text: str) -> int | None:
    """The priority that the beginning of a message claims; None where it claims none. Never raises."""
    head = text[:400]
    if "=" in head and (found := _LOGFMT.match(head)) and (known := of_word(found.group(1))) is not None:
        return known
    for form in (_KLOG, _BRACKETED, _WORD, _LEADING):
        if found := form.match(head):
            return PRIORITIES[found.group(1).lower()]
    if "%" in head and (found := _CISCO.match(head)):
        return int(found.group(1))
    return None
