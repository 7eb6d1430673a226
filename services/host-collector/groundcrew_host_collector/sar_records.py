"""Cuts the JSON that `sadf -j` prints into its records while it comes, so that a day of a large machine needs the
memory of one record.

Its shape: `{"sysstat": {"hosts": [{<header>, "statistics": [<record>, ...], "restarts": [...]}]}}`.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from groundcrew.contracts.clock import to_us

MAX_RECORD_BYTES = 4 * 1024 * 1024
MAX_INTERVAL_S = 2 * 86_400
"""Longer ones come of broken files."""

_HEADER_BYTES = 16_384
_LINE_BYTES = 1024 * 1024
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[\]{}]')
_NO_NUMBER = re.compile(rb"(?<=[:\s])[-+]?(?:nan|inf(?:inity)?)(?=\s*[,}\]])", re.IGNORECASE)
_RECORD_DEPTH = 6  # sysstat, hosts, a host, statistics, a record
_WHERE = re.compile(rb'"(file-date|file-utc-time|nodename)"\s*:\s*"([^"\\]{0,100})"')


class Unreadable(ValueError):
    """It is not what sadf prints; the text is one sentence."""


@dataclass(frozen=True, slots=True)
class Record:
    """One interval: its end, in microseconds since the epoch, its length, and what was measured."""

    time_us: int
    interval_s: int
    values: dict[str, Any]


class Splitter:
    """Feed it what sadf prints; it gives back the records that are whole. `whole` says whether the JSON has ended."""

    def __init__(self) -> None:
        self.whole = False
        self._rest = b""
        self._depth = 0
        self._key = b""
        self._in_statistics = False
        self._header = b""
        self._record: list[bytes] = []
        self._size = 0

    @property
    def identity(self) -> str:
        """Date, time and host of the file's beginning: another file under the same name has another one."""
        found = dict(_WHERE.findall(self._header))
        parts = (found.get(key, b"") for key in (b"file-date", b"file-utc-time", b"nodename"))
        return b" ".join(parts).decode("utf-8", "replace").strip()

    def feed(self, data: bytes) -> list[bytes]:
        """Raises Unreadable."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > _LINE_BYTES:
            msg = f"sadf printed a line of more than {_LINE_BYTES} bytes"
            raise Unreadable(msg)
        return [record for line in lines if (record := self._line(line + b"\n")) is not None]

    def end(self) -> list[bytes]:
        """The last line may have no line end."""
        last, self._rest = self._rest, b""
        record = self._line(last) if last.strip() else None
        return [record] if record is not None else []

    def _line(self, line: bytes) -> bytes | None:
        """At most one record ends in a line: sadf breaks lines between records."""
        if self._depth == 0 and line.strip() and (self.whole or not line.lstrip().startswith(b"{")):
            msg = f"sadf did not print the expected JSON but {line.strip()[:80].decode('utf-8', 'replace')!r}"
            raise Unreadable(msg)
        ended, start = None, 0
        for token in _TOKEN.finditer(line):
            text = token.group()
            if text in (b"{", b"["):
                self._depth += 1
                if self._depth == _RECORD_DEPTH - 1:
                    self._in_statistics = self._key == b'"statistics"'
                if self._depth == _RECORD_DEPTH and self._in_statistics:
                    self._record, self._size, start = [], 0, token.start()
            elif text in (b"}", b"]"):
                self._depth -= 1
                if self._depth == _RECORD_DEPTH - 1 and self._in_statistics:
                    self._take(line[start : token.end()])
                    ended, self._record = b"".join(self._record), []
                if self._depth <= 0:
                    self.whole = True
            else:
                self._key = text
        if self._depth >= _RECORD_DEPTH and self._in_statistics:
            self._take(line[start:])
        elif len(self._header) < _HEADER_BYTES and not self._in_statistics:
            self._header += line[:_HEADER_BYTES]
        return ended

    def _take(self, part: bytes) -> None:
        self._size += len(part)
        if self._size > MAX_RECORD_BYTES:
            msg = f"sadf printed a record of more than {MAX_RECORD_BYTES} bytes"
            raise Unreadable(msg)
        self._record.append(part)


def record_of(text: bytes) -> Record | None:
    """None for a record without a usable time or interval. Raises Unreadable."""
    try:
        values = orjson.loads(text)
    except orjson.JSONDecodeError:
        try:
            values = orjson.loads(_NO_NUMBER.sub(b"null", text))  # C prints nan where a counter went backwards
        except orjson.JSONDecodeError as error:
            msg = f"a record that sadf printed is not JSON: {error}"
            raise Unreadable(msg) from None
    stamp = values.get("timestamp") if isinstance(values, dict) else None
    if not isinstance(stamp, dict):
        return None
    interval = stamp.get("interval")
    if isinstance(interval, bool) or not isinstance(interval, int) or not 0 < interval <= MAX_INTERVAL_S:
        return None
    # sysstat up to 12.6 says utc: 1, from 12.7 on it names the zone
    if stamp.get("tz", "UTC") != "UTC" or stamp.get("utc", 1) != 1:
        msg = "sadf printed local times where UTC was expected"
        raise Unreadable(msg)
    try:
        when = datetime.strptime(f"{stamp.get('date')} {stamp.get('time')}", "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
    except ValueError:
        return None
    return Record(to_us(when), interval, values)
