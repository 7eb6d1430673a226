"""Log files, followed by looking at them a few times a second.

Survives rotation by rename (the old file is read to its end and a while longer, for writers that still have it
open), by copy and truncate, deletion, and files that appear later.
"""

import asyncio
import glob
import os
import stat
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from structlog.typing import FilteringBoundLogger

from groundcrew.contracts.clock import Clock, to_us
from groundcrew.diagnosis.lines import LineReader
from groundcrew_host_collector.source import LogRow, Position, Sink, SourceAbsent, Span
from groundcrew_host_collector.tail import Tail

DEFAULT_GLOBS = ("/var/log/*log",)
MAX_FILES = 500
LINGER_S = 5.0
"""How long a file that lost its name is watched after its last growth."""

BUSY_S = 0.05
"""Seconds until the next look while files grow: lines come in batches of that long, each of which is synced to disk
some four times on its way to a trigger event. `poll_s` is for files at rest."""

PLENTY_BYTES = 32 * 1024
"""A span from which on the next one is read at once."""

_LIST_S = 1.0
_NOT_LOGS = frozenset({"lastlog", "faillog", "wtmp", "btmp", "tallylog"})
_PACKED = (".gz", ".xz", ".bz2", ".zst", ".journal", ".swp")


@dataclass
class _Followed:
    tail: Tail
    named: bool = True
    grown_at: float = 0.0


@dataclass
class _Found:
    """What one look at the file system says."""

    new: list[Tail] = field(default_factory=list)
    grown: list[_Followed] = field(default_factory=list)
    over: list[_Followed] = field(default_factory=list)


class FilesSource:
    """Follows what the globs match. `instead` raises SourceAbsent where another source replaces this one."""

    name = "files"

    def __init__(
        self,
        *,
        patterns: tuple[str, ...],
        from_end: bool,
        poll_s: float,
        reader: LineReader,
        instead: Callable[[], Awaitable[None]],
        clock: Clock,
        boot_us: Callable[[], int],
        log: FilteringBoundLogger,
    ) -> None:
        self._patterns = patterns
        self._from_end = from_end
        self._poll_s = poll_s
        self._reader = reader
        self._instead = instead
        self._clock = clock
        self._boot_us = boot_us
        self._log = log
        self._followed: dict[str, _Followed] = {}
        self._unreadable: set[str] = set()
        self._listed_at = -_LIST_S

    async def probe(self) -> str:
        await self._instead()
        if not self._patterns:
            msg = "host_collector.files names no files"
            raise SourceAbsent(msg)
        paths = await asyncio.to_thread(self._list)
        denied = sorted(path for path in paths if not os.access(path, os.R_OK))
        watched = f"{len(paths) - len(denied)} files that match {' '.join(self._patterns)}"
        if len(paths) > MAX_FILES:
            return f"following the first {MAX_FILES} of {watched}; name fewer in host_collector.files"
        if denied:
            return f"following {watched}; not readable by this user: {', '.join(denied[:5])}"
        return f"following {watched}" if paths else f"waiting for files that match {' '.join(self._patterns)}"

    async def follow(self, sink: Sink) -> None:
        try:
            await self._resume(sink)
            from_end = self._from_end and sink.first_start
            pause_s = self._poll_s
            while True:
                found = await asyncio.to_thread(self._look, sink, from_end)
                if found.new or sink.first_start:
                    await sink.place({tail.identity.key: tail.position() for tail in found.new})
                from_end = False
                for followed in found.over:
                    await self._drain(followed, sink, final=True)
                    await self._forget(followed, sink)
                taken = await self._take_turns(found.grown, sink)
                if taken < PLENTY_BYTES:
                    pause_s = min(BUSY_S if taken else 2 * pause_s, self._poll_s)
                    await self._clock.sleep(pause_s)
        finally:
            for followed in self._followed.values():
                followed.tail.close()
            self._followed.clear()

    async def _resume(self, sink: Sink) -> None:
        gone: dict[str, Position | None] = {}
        for key, position in sink.positions().items():
            tail = await asyncio.to_thread(Tail.resume, position)
            if tail is None:
                gone[key] = None
                sink.next_generation()  # whatever bears this inode next must not get the same ids
                self._log.info("file_gone", path=position["path"], offset=position["offset"])
            else:
                self._followed[key] = _Followed(tail, grown_at=self._clock.monotonic())
        if gone:
            await sink.place(gone)

    def _list(self) -> dict[str, os.stat_result]:
        """Path to state of every log file that matches, in order, one path per file."""
        paths: dict[str, os.stat_result] = {}
        seen: set[tuple[int, int]] = set()
        for pattern in self._patterns:
            for path in sorted(glob.glob(pattern, recursive=True)):  # noqa: PTH207 - patterns are absolute
                name = os.path.basename(path)  # noqa: PTH119
                if name in _NOT_LOGS or name.endswith(_PACKED):
                    continue
                try:
                    state = os.stat(path)  # noqa: PTH116
                except OSError:
                    continue
                if stat.S_ISREG(state.st_mode) and (state.st_dev, state.st_ino) not in seen:
                    seen.add((state.st_dev, state.st_ino))
                    paths[path] = state
        return paths

    def _look(self, sink: Sink, from_end: bool) -> _Found:
        """One round over the file system; runs in a thread."""
        found = _Found()
        now = self._clock.monotonic()
        if now - self._listed_at >= _LIST_S or from_end:
            self._listed_at = now
            self._discover(sink, found, from_end, now)
        for followed in self._followed.values():
            tail = followed.tail
            size = tail.size()
            if size != tail.offset and tail.began_anew():
                tail.restart(sink.next_generation())
            if not followed.named and now - followed.grown_at > LINGER_S:
                found.over.append(followed)
            elif size != tail.offset:
                found.grown.append(followed)
        return found

    def _discover(self, sink: Sink, found: _Found, from_end: bool, now: float) -> None:
        listed = self._list()
        names = {f"{state.st_dev}:{state.st_ino}" for state in listed.values()}
        for key, followed in self._followed.items():
            if followed.named and key not in names:
                followed.grown_at = now
            followed.named = key in names
        for path, state in listed.items():
            if f"{state.st_dev}:{state.st_ino}" in self._followed or len(self._followed) >= MAX_FILES:
                continue
            try:
                tail = Tail.open(path, generation=sink.generation, at_end=from_end)
            except OSError as error:
                if path not in self._unreadable:
                    self._unreadable.add(path)
                    self._log.warning("file_not_readable", path=path, reason=error.strerror)
                continue
            self._unreadable.discard(path)
            self._followed[tail.identity.key] = _Followed(tail, grown_at=now)
            found.new.append(tail)

    async def _take_turns(self, grown: list[_Followed], sink: Sink) -> int:
        """One span of each file that grew; the bytes of the longest."""
        return max([await self._step(followed, sink, final=False) for followed in grown], default=0)

    async def _drain(self, followed: _Followed, sink: Sink, *, final: bool) -> None:
        while await self._step(followed, sink, final=final):
            pass

    async def _step(self, followed: _Followed, sink: Sink, *, final: bool) -> int:
        """Hand over the next span; its bytes, 0 where there is none."""
        taken = await asyncio.to_thread(
            followed.tail.next_span,
            self._reader,
            received_us=to_us(self._clock.now()),
            boot_us=self._boot_us(),
            final=final,
        )
        if taken is None:
            return 0
        followed.grown_at = self._clock.monotonic()
        span, rows = taken
        await sink.take(span, rows)
        return int(span.end["offset"]) - int(span.start["offset"])

    async def _forget(self, followed: _Followed, sink: Sink) -> None:
        followed.tail.close()
        del self._followed[followed.tail.identity.key]
        sink.next_generation()
        await sink.place({followed.tail.identity.key: None})

    async def reread(self, span: Span) -> list[LogRow]:
        return await asyncio.to_thread(self._reread, span)

    def _reread(self, span: Span) -> list[LogRow]:
        tail = Tail.resume(span.end)  # its end knows more of the file's first bytes than its start
        if tail is None:
            self._log.warning("lines_lost", source=span.source, start=span.start["offset"], end=span.end["offset"])
            return []
        try:
            tail.rewind(span.start)
            return tail.reread(self._reader, span)
        finally:
            tail.close()
