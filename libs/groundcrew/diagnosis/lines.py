"""Reads one line of a log: its time, its program, how bad it claims to be, and its text.

The time's forms are in stamps.py, level words in priorities.py, JSON in json_lines.py. Around them: syslog headers
(RFC 3164, RFC 5424 and what journalctl, Solaris and macOS make of them), `dmesg -x` and netconsole, container
runtimes (CRI, Docker), supercomputers' collectors. A line with none of them keeps its text and has no time.
"""

import re
from datetime import datetime, timezone
from typing import NamedTuple

from groundcrew.diagnosis import json_lines, priorities
from groundcrew.diagnosis.priorities import INFO
from groundcrew.diagnosis.stamps import Localize, Stamp, read_stamp

_COLOURS = re.compile(r"\x1b\[[0-9;?]{0,16}[A-Za-z]")
_PRI = re.compile(r"<(\d{1,3})>(?:1 (?=\d{4}-|- ))?", re.ASCII)
_DMESG_X = re.compile(
    r"(kern|user|mail|daemon|auth|syslog|lpr|news|uucp|cron|authpriv|ftp|local[0-7]) *"
    r":(emerg|alert|crit|err|warn|notice|info|debug) *: ?"
)
_KMSG = re.compile(r"(\d{1,3}),\d{1,20},(\d{1,16}),[^;]{0,200};", re.ASCII)
_FILE_NAME = re.compile(r"([A-Za-z][\w-]{0,40})\.log[\w.:-]{0,60} (?=\d{4}-\d\d-\d\d )")
_TAG = (
    r"(?P<name>\([^\s()]{1,63}\)|[^\s:\[\]()]{1,64}|[A-Za-z][\w.-]{0,31}(?: [A-Z0-9][\w.-]{0,31}){1,3}(?=\[\d))"
    r"(?:\([^)\s]{0,64}\))?(?P<pid>\[[^\]\s]{1,32}\])?(?: \([^)]{1,160}\))?: ?"
)
_CLASSIC = re.compile(r"[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:([0-5]\d) ", re.ASCII)
_HEADER = re.compile(r"(?P<host>\S{0,254}[^\s:]) " + _TAG)
_UNHEADED = re.compile(_TAG)
_HOST_ONLY = re.compile(r"([^\s/]{0,254}[^\s/:]) ")
_RFC5424 = re.compile(r"(\S{1,255}) (\S{1,48}) (\S{1,128}) (\S{1,32}) (?:-|(?:\[(?:[^\]\\]|\\.)*\])+) ?")
_SOLARIS = re.compile(r"\[ID \d{1,9} \w{1,12}\.(\w{1,8})\] ", re.ASCII)
_CRI = re.compile(r"std(?:out|err) [FP] ")
_RSYSLOG_HOST = re.compile(r"[A-Za-z0-9][\w.-]*")
_RSYSLOG_TAG = re.compile(r"[A-Za-z_(/][\w./()@-]*")
_TO_KMSG = re.compile(
    r"(systemd[\w-]{0,40}|dracut[\w-]{0,40}|\(?(?:systemd-)?udev[\w-]{0,20}\)?|multipathd?|mdadm|lvm|kdump)"
    r"(?:\[\d{1,10}\]): ",
    re.ASCII,
)
_MONOTONIC = re.compile(
    r"(?P<host>[^\s:\[\]()]{1,255}) (?P<name>[\w@./()-]{1,64})(?:\[\d{1,10}\]|(?<=\bkernel)): ", re.ASCII
)
_APACHE = re.compile(r"\[(?:[\w.]{1,40}:)?(emerg|alert|crit|error|warn|notice|info|debug|trace\d)\] ")
_NGINX = re.compile(r"\[(emerg|alert|crit|error|warn|notice|info|debug)\] \d+#\d+: ", re.ASCII)
_MYSQL = re.compile(r"(?:\d+ )?\[(?:ERROR|Warning|Note|System)\] |InnoDB: |mysqld", re.ASCII)
_REDIS = {"#": 4, "*": 5, "-": 6, ".": 7}
_KLOG = {"I": 6, "W": 4, "E": 3, "F": 2}


def local_time(naive: datetime) -> datetime:
    """The machine's own zone, with the offset that was in force then."""
    return naive.astimezone()


class _ByMinute:
    """Asks for the offset of a local time once a minute: no zone changes it between."""

    def __init__(self, localize: Localize) -> None:
        self._localize = localize
        self._known: dict[datetime, timezone] = {}

    def __call__(self, naive: datetime) -> datetime:
        minute = naive.replace(second=0)
        zone = self._known.get(minute)
        if zone is None:
            if len(self._known) >= _MINUTES:
                self._known.clear()
            offset = self._localize(minute).utcoffset()
            assert offset is not None
            zone = self._known[minute] = timezone(offset)
        return naive.replace(tzinfo=zone)


_MINUTES = 256


class Line(NamedTuple):
    """What a line says. `time_us` is None where it has no (believable) time; `since_boot`: it counts from the boot.
    `host` is empty where the line names none."""

    time_us: int | None
    identifier: str
    priority: int
    message: str
    host: str = ""
    since_boot: bool = False


class LineReader:
    """Reads lines of the files of one host. Pure: the same line with the same arguments gives the same result."""

    def __init__(self, host: str, localize: Localize = local_time) -> None:
        self._hosts = frozenset({host.lower(), host.lower().partition(".")[0]})
        self._localize = _ByMinute(localize)
        self._minutes: dict[tuple[str, int], int] = {}

    def read(self, text: str, *, received_us: int, boot_us: int) -> Line:
        """Never raises. `received_us` dates years that are not written, `boot_us` dates uptime stamps."""
        rest = _COLOURS.sub("", text) if "\x1b" in text else text
        told: int | None = None
        structured = False
        if (pri := _PRI.match(rest)) and int(pri.group(1)) < 192:
            told, rest, structured = int(pri.group(1)) & 7, rest[pri.end() :], pri.group().endswith("1 ")
        if found := _DMESG_X.match(rest):
            told, rest = priorities.of_word(found.group(2)), rest[found.end() :]
            stamp = self._stamp(rest, received_us, boot_us)
            rest = rest[stamp.end if stamp else 0 :]
            return _kernel(stamp.time_us if stamp else None, told, rest, since_boot=_is_uptime(stamp))
        if found := _KMSG.match(rest):
            time_us = min(boot_us + int(found.group(2)), received_us)
            return _kernel(time_us, int(found.group(1)) & 7, rest[found.end() :], since_boot=True)
        if found := _FILE_NAME.match(rest):
            return self._stamped(found.group(1), told, rest[found.end() :], False, received_us, boot_us)
        return self._stamped("", told, rest, structured, received_us, boot_us)

    def _stamp(self, text: str, received_us: int, boot_us: int) -> Stamp | None:
        """Of classic stamps, most of what is read, minutes are remembered."""
        if (second := _CLASSIC.match(text)) is None:
            return read_stamp(text, self._localize, received_us=received_us, boot_us=boot_us)
        key = (text[:13], received_us)
        minute_us = self._minutes.get(key)
        seconds_us = int(second[1]) * 1_000_000
        if minute_us is not None:
            return Stamp(minute_us + seconds_us, second.end(), "classic")
        stamp = read_stamp(text, self._localize, received_us=received_us, boot_us=boot_us)
        if stamp is not None and stamp.time_us is not None and stamp.form == "classic":
            if len(self._minutes) >= _MINUTES:
                self._minutes.clear()
            self._minutes[key] = stamp.time_us - seconds_us
        return stamp

    def _stamped(
        self, name: str, told: int | None, text: str, structured: bool, received_us: int, boot_us: int
    ) -> Line:
        if structured and text.startswith("- ") and (found := _RFC5424.match(text, 2)):
            text = text[found.end() :].removeprefix("\ufeff")
            return _from(_nil(found.group(1)), _line(None, _nil(found.group(2)), told, text))
        stamp = self._stamp(text, received_us, boot_us)
        if stamp is None:
            return self._unstamped(name, told, text, received_us, boot_us)
        rest = text[stamp.end :]
        match stamp.form:
            case "uptime" | "dmesg":
                return _kernel(stamp.time_us, told, rest, since_boot=stamp.form == "uptime")
            case "asctime":
                return _apache_or_kernel(stamp.time_us, told, rest)
            case "redis":
                return Line(stamp.time_us, "redis", _REDIS[stamp.mark] if told is None else told, rest)
            case "klog":
                return Line(stamp.time_us, name, _KLOG[stamp.mark] if told is None else told, rest)
            case "slashes" if _NGINX.match(rest):
                return _line(stamp.time_us, name or "nginx", told, rest)
            case "mysql" if _MYSQL.match(rest):
                return _line(stamp.time_us, name or "mysqld", told, rest)
            case "classic":
                return self._headed(stamp.time_us, told, rest, strict=False)
            case "iso" if structured and (found := _RFC5424.match(rest)):
                rest = rest[found.end() :].removeprefix("\ufeff")
                return _from(_nil(found.group(1)), _line(stamp.time_us, _nil(found.group(2)), told, rest))
            case "iso" if not name and text[:1].isdigit():
                return self._headed(stamp.time_us, told, rest, strict=True, rfc3339=stamp.zoned and text[10] == "T")
        return _line(stamp.time_us, name, told, rest)

    def _headed(self, time_us: int | None, told: int | None, rest: str, *, strict: bool, rfc3339: bool = False) -> Line:
        """Take the host and the program off. `strict`: only where the first word surely is a host."""
        if found := _CRI.match(rest):
            return _line(time_us, "", told, rest[found.end() :])
        if strict and _MYSQL.match(rest):
            return _line(time_us, "mysqld", told, rest)
        if found := _HEADER.match(rest):
            known = found["host"].lower() in self._hosts or found["pid"] or found["name"] == "kernel"
            if (known and not (strict and _is_level(found["host"]))) or not strict or (rfc3339 and _is_syslog(found)):
                return _from(found["host"], _named(time_us, found["name"], told, rest[found.end() :]))
        if rest.startswith("kernel: "):  # the host was left out
            return _named(time_us, "kernel", told, rest[8:])
        if (found := _HOST_ONLY.match(rest)) and (not strict or found.group(1).lower() in self._hosts):
            return _from(found.group(1), _line(time_us, "", told, rest[found.end() :]))
        return _line(time_us, "", told, rest)

    def _unstamped(self, name: str, told: int | None, text: str, received_us: int, boot_us: int) -> Line:
        """JSON bears its own time; a bare `systemd[1]: text` at least its program."""
        if said := json_lines.read_json(text):
            known = priorities.of_word(said.level)
            if known is None:
                known = priorities.claimed(said.message)
            time_us = _epoch(said.time)
            if time_us is None and (stamp := self._stamp(said.time + " ", received_us, boot_us)):
                time_us = stamp.time_us
            return _line(time_us, said.identifier or name, known if told is None else told, said.message)
        if (found := _UNHEADED.match(text)) and found["pid"] and found["pid"][1:-1].isdigit():
            return _named(None, found["name"], told, text[found.end() :])
        return _line(None, name, told, text)


def _line(time_us: int | None, identifier: str, told: int | None, message: str) -> Line:
    """A line of a program: an object within it is read, and its level word where the header told none."""
    if message.startswith("{") and (said := json_lines.read_json(message)):
        message = said.message
        told = priorities.of_word(said.level) if told is None else told
        identifier = identifier or said.identifier
    if told is None:
        told = priorities.claimed(message)
    return Line(time_us, identifier, INFO if told is None else told, message)


def _named(time_us: int | None, name: str, told: int | None, message: str) -> Line:
    if name == "kernel":
        stamp = read_stamp(message, local_time, received_us=0, boot_us=0) if message.startswith("[") else None
        return _kernel(time_us, told, message[stamp.end :] if stamp and stamp.form == "uptime" else message)
    if found := _SOLARIS.match(message):
        told, message = priorities.of_word(found.group(1)) if told is None else told, message[found.end() :]
    if name.startswith("/"):
        name = name.rpartition("/")[2]
    if name.isdigit():  # a switch's sequence number
        name = ""
    return _line(time_us, name, told, message)


def _from(host: str, line: Line) -> Line:
    return Line(line.time_us, line.identifier, line.priority, line.message, host)


def _is_uptime(stamp: Stamp | None) -> bool:
    return stamp is not None and stamp.form == "uptime"


def _kernel(time_us: int | None, told: int | None, message: str, *, since_boot: bool = False) -> Line:
    """A line of the kernel's buffer, into which a few programs write as well."""
    line = _of_buffer(time_us, told, message)
    return Line(line.time_us, line.identifier, line.priority, line.message, line.host, True) if since_boot else line


def _of_buffer(time_us: int | None, told: int | None, message: str) -> Line:
    priority = INFO if told is None else told
    for form in (_TO_KMSG, _MONOTONIC):
        if found := form.match(message):
            name = found[found.re.groupindex.get("name", 1)]
            host = found["host"] if form is _MONOTONIC else ""
            rest = message[found.end() :]
            if rest.startswith("segfault at "):  # what the kernel says of a program, whose name may have blanks
                break
            if name != "kernel":
                return _from(host, _line(time_us, name, told, rest))
            return Line(time_us, "kernel", priority, rest, host)
    return Line(time_us, "kernel", priority, message)


def _apache_or_kernel(time_us: int | None, told: int | None, rest: str) -> Line:
    """`[Tue Mar  4 02:00:00 2026] `: httpd goes on with its level in brackets, `dmesg -T` with the text."""
    if found := _APACHE.match(rest):
        level = priorities.of_word(found.group(1).rstrip("012345678"))
        return Line(time_us, "httpd", (INFO if level is None else level) if told is None else told, rest)
    return _kernel(time_us, told, rest)


def _is_level(word: str) -> bool:
    return word.strip("[]():-").lower() in priorities.PRIORITIES


def _is_syslog(found: re.Match[str]) -> bool:
    """Whether host and tag look like rsyslog's: a word that is no level, and a program's name."""
    host, name = found["host"], found["name"]
    return (
        not _is_level(host)
        and not _is_level(name)
        and bool(_RSYSLOG_HOST.fullmatch(host))
        and bool(_RSYSLOG_TAG.fullmatch(name))
    )


def _nil(word: str) -> str:
    return "" if word == "-" else word


def _epoch(text: str) -> int | None:
    """Microseconds of an epoch in seconds, milliseconds, microseconds or nanoseconds, told apart by their size."""
    whole, _, fraction = text.partition(".")
    if not (whole.isascii() and whole.isdigit()) or not 9 <= len(whole) <= 19:
        return None
    number = int(whole)
    if len(whole) <= 10:
        digits = fraction[:6] if fraction.isascii() and fraction.isdigit() else ""
        return number * 1_000_000 + int((digits or "0").ljust(6, "0"))
    us = number * 1_000 if len(whole) <= 13 else number if len(whole) <= 16 else number // 1_000
    return us if us <= _LAST_US else None


_LAST_US = 253_402_300_799_000_000
"""The end of year 9999; later ones are no dates."""
