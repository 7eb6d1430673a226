"""What was received and is not yet published: on disk, so that it outlives this process. Bounded.

Segments of JSON lines, `[received_us, entity, text]`, named by number. Each start begins a segment of its own; a line
that a crash cut short ends the segment before.
"""

import asyncio
import errno
import os
from dataclasses import dataclass
from pathlib import Path

import orjson

SEGMENT_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Kept:
    """One received message, and where the one behind it begins."""

    segment: int
    offset: int
    end: int
    received_us: int
    entity: str
    text: str


class Spool:
    """Appended to by receivers, read and thinned out by the source. Used by one process; not thread-safe."""

    def __init__(self, folder: Path, *, max_bytes: int, segment_bytes: int = SEGMENT_BYTES) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._segment_bytes = segment_bytes
        self._sizes: dict[int, int] = {}
        self._file: int | None = None
        self._number = 0
        self.news = asyncio.Event()
        self.room = asyncio.Event()
        self.room.set()

    def open(self) -> None:
        """Find what is there from before. Raises OSError."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o750)
        for path in self._folder.glob("*.jsonl"):
            if path.stem.isdecimal():
                self._sizes[int(path.stem)] = path.stat().st_size
        self._number = max(self._sizes, default=0)
        if self._sizes:
            self.news.set()
        self._judge_room()

    def append(self, received_us: int, entity: str, text: str) -> bool:
        """Keep one message; False where there is no room. Raises OSError."""
        if not self.room.is_set():
            return False
        if self._file is None or self._sizes[self._number] >= self._segment_bytes:
            self._begin()
        assert self._file is not None
        line = orjson.dumps([received_us, entity, text]) + b"\n"
        written = os.write(self._file, line)
        self._sizes[self._number] += written
        if written < len(line):  # what was cut short is no message, and the next one begins a segment
            self.close()
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self.news.set()
        self._judge_room()
        return True

    def _begin(self) -> None:
        self.close()
        self._number += 1
        path = self._path(self._number)
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o640)
        self._sizes[self._number] = 0

    def _judge_room(self) -> None:
        if sum(self._sizes.values()) < self._max_bytes:
            self.room.set()
        else:
            self.room.clear()

    def read(self, segment: int, offset: int, *, rows: int, size: int) -> list[Kept]:
        """Messages from there on, of one segment; none where there is nothing new. Raises OSError."""
        for number in sorted(self._sizes):
            if number < segment or (number == segment and offset >= self._sizes[number]):
                continue
            found = self._read(number, offset if number == segment else 0, rows, size)
            if found:
                return found
        self.news.clear()
        return []

    def _read(self, number: int, offset: int, rows: int, size: int) -> list[Kept]:
        try:
            with self._path(number).open("rb") as file:
                file.seek(offset)
                data = file.read(size)
                if b"\n" not in data:  # one line is longer than was asked for
                    data += file.readline()
        except FileNotFoundError:
            return []
        found: list[Kept] = []
        for line in data.split(b"\n")[:-1][:rows]:
            end = offset + len(line) + 1
            try:
                received_us, entity, text = orjson.loads(line)
                found.append(Kept(number, offset, end, int(received_us), str(entity), str(text)))
            except (ValueError, TypeError):  # not written by us: there is no message to lose
                pass
            offset = end
        return found

    def drop_before(self, segment: int) -> None:
        """Forget segments that are published."""
        for number in [number for number in self._sizes if number < segment]:
            self._path(number).unlink(missing_ok=True)
            del self._sizes[number]
        self._judge_room()

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _path(self, number: int) -> Path:
        return self._folder / f"{number:010d}.jsonl"
