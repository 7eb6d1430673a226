"""journald, followed by cursor through `journalctl -o json --all --follow`."""

import asyncio
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

from groundcrew.contracts.clock import Clock, to_us
from groundcrew.contracts.observations import MAX_BATCH_ROWS
from groundcrew_host_collector.journal_entry import FIELDS, EntrySplitter
from groundcrew_host_collector.process import Program, running
from groundcrew_host_collector.source import LogRow, Sink, SourceAbsent, SourceFailed, Span, weight

KEY = "journal"
BATCH_BYTES = 512 * 1024
BATCH_S = 0.1
_REREAD_S = 60
_OWN_FOLDERS = (Path("/var/log/journal"), Path("/run/log/journal"))
_MACHINE_ID = Path("/etc/machine-id")
_IS_MACHINE_ID = re.compile(r"[0-9a-f]{32}")


class JournalSource:
    """Follows this machine's journal, or (`directory`) a folder of .journal files or one such file."""

    name = "journal"

    def __init__(
        self,
        *,
        program: str,
        directory: Path | None,
        since_s: int,
        entry_hosts: bool,
        clock: Clock,
        boot_us: Callable[[], int],
    ) -> None:
        self._program = program
        self._directory = directory
        self._since_s = since_s
        self._entry_hosts = entry_hosts
        self._clock = clock
        self._boot_us = boot_us

    async def probe(self) -> str:
        if shutil.which(self._program) is None:
            msg = f"the program {self._program} is not installed"
            raise SourceAbsent(msg)
        readable, present = await asyncio.to_thread(self._look)
        where = self._directory or " or ".join(map(str, _OWN_FOLDERS))
        if not present:
            msg = f"there is no journal file in {where}"
            raise SourceAbsent(msg)
        if not readable:
            msg = f"the journal files in {where} may not be read by this user; add it to the group systemd-journal"
            raise SourceAbsent(msg)
        return f"following {self._directory or 'the journal of this machine'}"

    def _look(self) -> tuple[bool, bool]:
        """Whether there are readable journal files, and whether there are any. Only the system's own count."""
        if self._directory is not None and not self._directory.is_dir():
            return os.access(self._directory, os.R_OK), self._directory.exists()
        present = False
        for folder in (self._directory,) if self._directory is not None else _OWN_FOLDERS:
            for path in sorted(folder.glob("**/*.journal")):
                if self._directory is None and path.name.startswith("user-"):
                    continue
                present = True
                if os.access(path, os.R_OK):
                    return True, True
        return False, present

    def _argv(self, *extra: str) -> list[str]:
        where: list[str] = []
        if (directory := self._directory or foreign_folder()) is not None:
            where = ["-D" if directory.is_dir() else "--file", str(directory)]
        fields = f"--output-fields={','.join(FIELDS)}"
        return [self._program, "-o", "json", "--all", "--no-pager", "--quiet", fields, *where, *extra]

    def _from(self, sink: Sink) -> str:
        position = sink.positions().get(KEY)
        if position is not None:
            return f"--after-cursor={position['cursor']}"
        return f"--since=@{max(0, to_us(self._clock.now()) // 1_000_000 - self._since_s)}"

    async def follow(self, sink: Sink) -> None:
        async with running(self._argv("--follow", "--no-tail", self._from(sink))) as program:
            await self._pump(program, sink)
            code = await program.wait()
            msg = f"{self._program} ended with {code}: {program.complaint}"
            raise SourceFailed(msg)

    async def _pump(self, program: Program, sink: Sink) -> None:
        splitter = EntrySplitter()
        rows: list[LogRow] = []
        size, deadline = 0, 0.0
        while True:
            try:
                async with asyncio.timeout(max(0.0, deadline - self._clock.monotonic()) if rows else None):
                    data = await program.stdout.read(65_536)
            except TimeoutError:
                await self._hand_over(rows, sink)
                rows, size = [], 0
                continue
            if not data:
                break
            for row in splitter.feed(data, to_us(self._clock.now())):
                if not rows:
                    deadline = self._clock.monotonic() + BATCH_S
                rows.append(self._own(row))
                size += weight(row)
                if len(rows) >= MAX_BATCH_ROWS or size >= BATCH_BYTES:
                    await self._hand_over(rows, sink)
                    rows, size = [], 0
        await self._hand_over(rows, sink)

    def _own(self, row: LogRow) -> LogRow:
        if self._entry_hosts or not row.host:
            return row
        return LogRow(
            row.position, row.time_us, row.priority, row.identifier, row.unit, row.transport, row.boot_id, row.message
        )

    async def _hand_over(self, rows: list[LogRow], sink: Sink) -> None:
        if not rows:
            return
        span = Span(
            key=KEY,
            source=self.name,
            start={"cursor": rows[0].position},
            end={"cursor": rows[-1].position, "rows": len(rows)},
            received_us=to_us(self._clock.now()),
            boot_us=self._boot_us(),
        )
        await sink.take(span, rows)

    async def reread(self, span: Span) -> list[LogRow]:
        """From the span's first cursor to its last. Entries that were vacuumed meanwhile are gone."""
        rows: list[LogRow] = []
        splitter = EntrySplitter()
        wanted = int(span.end["rows"])
        argv = self._argv(f"--cursor={span.start['cursor']}")
        try:
            async with asyncio.timeout(_REREAD_S), running(argv) as program:
                while data := await program.stdout.read(65_536):
                    for row in splitter.feed(data, span.received_us):
                        rows.append(self._own(row))
                        if row.position == span.end["cursor"] or len(rows) >= MAX_BATCH_ROWS:
                            return rows[:wanted]
        except TimeoutError:
            msg = f"{self._program} did not give back an unfinished span within {_REREAD_S} s"
            raise SourceFailed(msg) from None
        return rows[:wanted]


def foreign_folder() -> Path | None:
    """The journal of the machine whose folders are mounted here, where that is not the machine that we seem to be.

    In a container, journalctl looks for the journal of the container's own machine id and finds nothing. None: our own
    journal is there, or there is not exactly one other machine's.
    """
    own = _MACHINE_ID.read_text().strip() if _MACHINE_ID.exists() else ""
    found = [
        entry
        for folder in _OWN_FOLDERS
        for entry in sorted(folder.glob("*"))
        if _IS_MACHINE_ID.fullmatch(entry.name) and any(entry.glob("system*.journal"))
    ]
    names = {entry.name for entry in found}
    return found[0] if len(names) == 1 and own not in names else None
