"""Reads one line of `journalctl -o json`.

Traps: binary values come as lists of numbers, repeated fields as lists of strings, too long ones as null; any field
may be missing; the order of the keys is arbitrary.
"""

import re
from typing import Any

import orjson

from groundcrew_host_collector.source import LogRow, cut

FIELDS = (
    "MESSAGE",
    "PRIORITY",
    "SYSLOG_IDENTIFIER",
    "UNIT",
    "COREDUMP_UNIT",
    "_COMM",
    "_SYSTEMD_UNIT",
    "_TRANSPORT",
    "_UID",
    "_BOOT_ID",
    "_HOSTNAME",
)
"""What is asked of journalctl; fields that begin with two underscores always come."""

MAX_LINE = 1024 * 1024
_KEPT = 65_536
_CURSOR = re.compile(rb'(?<!\\)"__CURSOR": ?"([^"\\]{1,1000})"')
_REALTIME = re.compile(rb'(?<!\\)"__REALTIME_TIMESTAMP": ?"(\d{1,17})"')


def text_of(value: Any) -> str:
    """The text of a field as journalctl prints it, whatever its shape."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        if value and all(isinstance(item, int) and 0 <= item <= 255 for item in value):
            return bytes(value).decode("utf-8", "replace")
        return "\n".join(text_of(item) for item in value)
    if isinstance(value, int | float):
        return str(value)
    return ""


def first_of(value: Any) -> str:
    """The text of a field that ought to come once."""
    if isinstance(value, list) and value and not isinstance(value[0], int):
        value = value[0]
    return text_of(value).replace("\0", "�")


def read_entry(line: bytes, received_us: int) -> LogRow | None:
    """The row of one JSON line; None where it is not an entry with a cursor."""
    try:
        fields = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(fields, dict):
        return None
    return row_of(fields, received_us)


def row_of(fields: dict[str, Any], received_us: int) -> LogRow | None:
    """The row of an entry's fields (also those of a scenario's `journal.jsonl`)."""
    cursor = first_of(fields.get("__CURSOR"))
    if not cursor:
        return None
    stamp = first_of(fields.get("__REALTIME_TIMESTAMP"))
    priority = first_of(fields.get("PRIORITY"))
    unit = first_of(fields.get("_SYSTEMD_UNIT"))
    if unit in ("", "init.scope"):  # the service manager speaking of a unit
        unit = first_of(fields.get("UNIT")) or first_of(fields.get("COREDUMP_UNIT")) or unit
    return LogRow(
        position=cursor,
        time_us=int(stamp) if stamp.isascii() and stamp.isdigit() and len(stamp) <= 17 else received_us,
        priority=int(priority) if priority in set("01234567") else 6,
        identifier=_identifier(fields)[:256],
        unit=unit[:256],
        transport=first_of(fields.get("_TRANSPORT"))[:32] or "journal",
        boot_id=first_of(fields.get("_BOOT_ID"))[:64],
        message=cut(text_of(fields.get("MESSAGE"))),
        host=first_of(fields.get("_HOSTNAME"))[:200],
    )


def _identifier(fields: dict[str, Any]) -> str:
    """Who speaks. Anybody may claim to be anybody (`logger -t systemd`), and rules that lead to actions listen to the
    kernel and the service manager: where what journald itself noted speaks against the claim, it stands beside it.
    """
    claimed = first_of(fields.get("SYSLOG_IDENTIFIER")) or first_of(fields.get("_COMM"))
    transport, uid = first_of(fields.get("_TRANSPORT")), first_of(fields.get("_UID"))
    no_kernel = claimed == "kernel" and transport not in ("", "kernel")
    no_manager = claimed == "systemd" and uid not in ("", "0")
    return f"{claimed} (uid {uid or 'not known'})" if no_kernel or no_manager else claimed


def unread_row(head: bytes, tail: bytes, received_us: int, why: str) -> LogRow | None:
    """What can be saved of an entry that cannot be read: its cursor and time, and a note. None: it is no entry."""
    cursor = _CURSOR.search(head) or _CURSOR.search(tail)
    if cursor is None:
        return None
    stamp = _REALTIME.search(head) or _REALTIME.search(tail)
    return LogRow(
        position=cursor.group(1).decode("ascii", "replace"),
        time_us=int(stamp.group(1)) if stamp else received_us,
        priority=6,
        identifier="",
        unit="",
        transport="journal",
        boot_id="",
        message=f"(an entry that cannot be read: {why}) …",
    )


class EntrySplitter:
    """Cuts journalctl's output into entries, in bounded memory."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._size = 0
        self._head = b""
        self._tail = b""

    def feed(self, data: bytes, received_us: int) -> list[LogRow]:
        rows = []
        *ended, rest = data.split(b"\n")
        for piece in ended:
            self._add(piece)
            if (row := self._end(received_us)) is not None:
                rows.append(row)
        self._add(rest)
        return rows

    def _add(self, piece: bytes) -> None:
        self._size += len(piece)
        if self._size <= MAX_LINE:
            self._parts.append(piece)
            return
        if self._parts:
            whole = b"".join(self._parts)
            self._parts.clear()
            self._head, self._tail = whole[:_KEPT], whole[-_KEPT:]
        self._tail = (self._tail + piece)[-_KEPT:]

    def _end(self, received_us: int) -> LogRow | None:
        if self._size > MAX_LINE:
            why = f"its {self._size} bytes are too many"
            row = unread_row(self._head, self._tail, received_us, why)
        else:
            line = b"".join(self._parts)
            row = read_entry(line, received_us) or unread_row(line, b"", received_us, "it is not JSON")
        self._parts.clear()
        self._head = self._tail = b""
        self._size = 0
        return row
