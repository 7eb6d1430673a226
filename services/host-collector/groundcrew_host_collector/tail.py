"""One followed file: where reading stands in it, and what is new.

A file is known by device and inode, plus a generation that grows whenever the same inode begins anew (truncated, or
reused for another file), plus a hash of its first bytes by which that is noticed across a restart.
"""

import hashlib
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from groundcrew.contracts.observations import MAX_BATCH_ROWS, MAX_TEXT
from groundcrew.diagnosis.lines import LineReader
from groundcrew_host_collector.source import LogRow, Position, Span, cut, weight

CHUNK_BYTES = 256 * 1024
LINE_BYTES = 64 * 1024
"""A line longer than this is cut at once and its rest skipped, so that memory stays bounded."""

BATCH_BYTES = 512 * 1024
_HEAD_BYTES = 256


def split(data: bytes, *, skip: bool, final: bool) -> tuple[list[tuple[int, int]], int, bool]:
    """The lines in `data` as (start, end), how many bytes they use up, and whether a too long line goes on after.

    `skip`: `data` begins inside a too long line. `final`: an unfinished last line counts as a line.
    """
    lines: list[tuple[int, int]] = []
    at = 0
    while (newline := data.find(b"\n", at)) >= 0:
        if not skip:
            lines.append((at, newline))
        skip, at = False, newline + 1
    rest = len(data) - at
    if skip:
        return lines, len(data), True
    if rest >= LINE_BYTES:
        lines.append((at, at + LINE_BYTES))
        return lines, len(data), True
    if final and rest:
        lines.append((at, len(data)))
        return lines, len(data), False
    return lines, at, False


def decode(raw: bytes) -> str:
    """The text of a line of any bytes. NUL at the ends (what truncating under a writer leaves) is dropped."""
    return cut(raw[: MAX_TEXT * 4 + 4].decode("utf-8", "replace").strip("\0\r"))


@dataclass(frozen=True, slots=True)
class Identity:
    """Which file, in which of its lives."""

    path: str
    device: int
    inode: int
    generation: int

    @property
    def key(self) -> str:
        return f"{self.device}:{self.inode}"

    def position(self, offset: int) -> str:
        """`device:inode:offset`; the generation is added to the inode from the second life on."""
        life = f".{self.generation}" if self.generation else ""
        return f"{self.device}:{self.inode}{life}:{offset}"


class Tail:
    """An open file and the offset up to which it was taken. Its methods block: call them in a thread."""

    def __init__(self, file: int, identity: Identity, *, offset: int = 0, skip: bool = False) -> None:
        self._file = file
        self.identity = identity
        self.offset = offset
        self._skip = skip
        self._head_bytes, self._head = self._fingerprint(offset)

    @classmethod
    def open(cls, path: str, *, generation: int, at_end: bool) -> "Tail":
        """Begin a file that was not followed before. Raises OSError."""
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
        state = os.fstat(file)
        identity = Identity(path, state.st_dev, state.st_ino, generation)
        return cls(file, identity, offset=_last_line_end(file, state.st_size) if at_end else 0)

    @classmethod
    def resume(cls, position: Position) -> "Tail | None":
        """Find a file again where it was left, perhaps under another name in its folder. None: it is gone."""
        path = Path(position["path"])
        names = [str(path)]
        with suppress(OSError):
            names += [entry.path for entry in os.scandir(path.parent) if entry.inode() == position["inode"]]
        for name in names:
            try:
                file = os.open(name, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
            except OSError:
                continue
            if _continues(file, position):
                identity = Identity(str(path), position["device"], position["inode"], position["generation"])
                return cls(file, identity, offset=position["offset"], skip=position["skip"])
            os.close(file)
        return None

    def close(self) -> None:
        os.close(self._file)

    def _fingerprint(self, offset: int) -> tuple[int, str]:
        data = os.pread(self._file, min(offset, _HEAD_BYTES), 0)
        return len(data), hashlib.blake2b(data, digest_size=16).hexdigest()

    def began_anew(self) -> bool:
        """Whether the file was truncated, or truncated and written again, behind our back."""
        return os.fstat(self._file).st_size < self.offset or self._fingerprint(self._head_bytes)[1] != self._head

    def restart(self, generation: int) -> None:
        """Read it from its start as a new file."""
        self.identity = Identity(self.identity.path, self.identity.device, self.identity.inode, generation)
        self.offset, self._skip = 0, False
        self._head_bytes, self._head = self._fingerprint(0)

    def rewind(self, position: Position) -> None:
        """Go back to a position of the same life of this file."""
        self.offset, self._skip = position["offset"], position["skip"]

    def size(self) -> int:
        return os.fstat(self._file).st_size

    def position(self) -> Position:
        return {
            "path": self.identity.path,
            "device": self.identity.device,
            "inode": self.identity.inode,
            "generation": self.identity.generation,
            "offset": self.offset,
            "skip": self._skip,
            "head_bytes": self._head_bytes,
            "head": self._head,
        }

    def next_span(
        self, reader: LineReader, *, received_us: int, boot_us: int, final: bool
    ) -> tuple[Span, list[LogRow]] | None:
        """The next lines, and move behind them. None: there is no whole line; `final` takes an unfinished one too."""
        start = self.position()
        data = os.pread(self._file, CHUNK_BYTES, self.offset)
        lines, used, skip = split(data, skip=self._skip, final=final and len(data) < CHUNK_BYTES)
        if not used:
            return None
        rows: list[LogRow] = []
        size = 0
        for begin, end in lines:
            row = self._row(reader, data[begin:end], self.offset + begin, received_us, boot_us)
            if row is None:
                continue
            size += weight(row)
            if rows and (len(rows) >= MAX_BATCH_ROWS or size > BATCH_BYTES):
                used, skip = begin, False
                break
            rows.append(row)
        self.offset += used
        self._skip = skip
        if self._head_bytes < _HEAD_BYTES:
            self._head_bytes, self._head = self._fingerprint(self.offset)
        span = Span(
            key=self.identity.key,
            source=f"file:{self.identity.path}",
            start=start,
            end=self.position(),
            received_us=received_us,
            boot_us=boot_us,
        )
        return span, rows

    def reread(self, reader: LineReader, span: Span) -> list[LogRow]:
        """The rows of a span that begins where this tail stands."""
        data = os.pread(self._file, int(span.end["offset"]) - self.offset, self.offset)
        lines, _, _ = split(data, skip=self._skip, final=True)
        rows = (
            self._row(reader, data[begin:end], self.offset + begin, span.received_us, span.boot_us)
            for begin, end in lines
        )
        return [row for row in rows if row is not None]

    def _row(self, reader: LineReader, raw: bytes, offset: int, received_us: int, boot_us: int) -> LogRow | None:
        """None for an empty line."""
        text = decode(raw)
        if not text.strip():
            return None
        line = reader.read(text, received_us=received_us, boot_us=boot_us)
        return LogRow(
            position=self.identity.position(offset),
            time_us=received_us if line.time_us is None else line.time_us,
            priority=line.priority,
            identifier=line.identifier or Path(self.identity.path).name.removesuffix(".log"),
            unit="",
            transport="kernel" if line.identifier == "kernel" else "file",
            boot_id="",
            message=line.message,
        )


def _continues(file: int, position: dict[str, Any]) -> bool:
    """Whether this is the very file that the position was taken in."""
    state = os.fstat(file)
    if (state.st_dev, state.st_ino) != (position["device"], position["inode"]) or state.st_size < position["offset"]:
        return False
    head = os.pread(file, position["head_bytes"], 0)
    return hashlib.blake2b(head, digest_size=16).hexdigest() == str(position["head"])


def _last_line_end(file: int, size: int) -> int:
    """Offset after the last newline, so that following does not begin inside a line (unless it is very long)."""
    start = max(0, size - LINE_BYTES)
    newline = os.pread(file, size - start, start).rfind(b"\n")
    return start + newline + 1 if newline >= 0 else size
