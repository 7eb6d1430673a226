"""SAR history: what sysstat's collector wrote before Groundcrew was there, and while it was not.

Each file is read by `sadf -j FILE -- -A`, those of an older sysstat through `sadf -c`. Files are told apart by how they
begin (their names come again every month), and of each the number of records that were taken is kept, so that nothing
is read twice and a grown file gives only what is new. A sample that comes again after a crash is the same by series and
time.
"""

import asyncio
import bz2
import gzip
import lzma
import os
import re
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, BinaryIO, cast

from groundcrew.contracts.clock import Clock, to_us
from groundcrew_host_collector.process import Program, running
from groundcrew_host_collector.sar_conversion import OldFormat, converted, old_format_of
from groundcrew_host_collector.sar_records import Record, Splitter, Unreadable, record_of
from groundcrew_host_collector.source import SourceAbsent, SourceFailed

MAX_FILES = 100
MAX_FILE_BYTES = 512 * 1024 * 1024
"""Bytes of a file, and of a compressed one once it is unpacked."""

MAX_OUTPUT_BYTES = 1024 * 1024 * 1024
TIMEOUT_S = 60
"""Seconds that sadf may print nothing."""

_CHUNK = 256 * 1024
_DATA_FILE = re.compile(r"(sa(?:\d{2}|\d{8}))(\.xz|\.gz|\.bz2)?")
_FUTURE_US = 86_400 * 1_000_000
_OPENERS: dict[str, Callable[[Path], Any]] = {".xz": lzma.open, ".gz": gzip.open, ".bz2": bz2.open}


@dataclass(frozen=True)
class SarFile:
    """A data file. `stem` is its name without the ending of a compressed one."""

    path: Path
    stem: str
    packed: str
    size: int
    mtime_ns: int

    @property
    def stamp(self) -> str:
        return f"{self.path.name}:{self.size}:{self.mtime_ns}"


@dataclass
class Reading:
    """How far a file was read: how it begins, its records so far, and one sentence where it could not be read whole."""

    identity: str = ""
    seen: int = 0
    problem: str = ""


Take = Callable[[Reading, Sequence[Record]], Awaitable[None]]
"""Takes a portion of new records; `seen` counts up to its last one. The next portion waits for it."""


class SarFiles:
    """The data files of this machine's sysstat."""

    def __init__(self, *, folders: Sequence[Path], program: str, days: float, scratch: Path, clock: Clock) -> None:
        self._folders = folders
        self._program = program
        self._days = days
        self._scratch = scratch
        self._clock = clock

    def program(self) -> str:
        """Where sadf is. Raises SourceAbsent."""
        found = shutil.which(self._program)
        if found is None:
            msg = f"there is no program {self._program} (Debian's package sysstat)"
            raise SourceAbsent(msg)
        return found

    def list(self) -> list[SarFile]:
        """Files that were written within the days asked for, newest first, at most MAX_FILES. Raises SourceAbsent,
        SourceFailed."""
        since_ns = int((self._clock.now() - timedelta(days=self._days)).timestamp() * 1e9)
        found: dict[str, SarFile] = {}
        refused = ""
        for folder in self._folders:
            try:
                entries = list(os.scandir(folder))
            except FileNotFoundError:
                continue
            except OSError as error:
                refused = f"{folder}: {error.strerror}"
                continue
            for entry in entries:
                file = _data_file(entry)
                if file is not None and file.mtime_ns >= since_ns:
                    known = found.get(file.stem)
                    if known is None or known.mtime_ns <= file.mtime_ns:
                        found[file.stem] = file
        if refused and not found:
            raise SourceFailed(refused)
        if not found:
            where = ", ".join(map(str, self._folders))
            msg = f"there is no SAR file of the last {self._days:g} days in {where} (is sysstat switched on?)"
            raise SourceAbsent(msg)
        return sorted(found.values(), key=lambda file: (-file.mtime_ns, file.stem))[:MAX_FILES]

    async def read(self, file: SarFile, *, identity: str, taken: int, take: Take) -> Reading:
        """Hand over what is new, in portions, and say how it ended. `identity` and `taken` are the cursor of the file
        that this stem was at the last look: of the same file the first `taken` records are passed over."""
        reading = Reading()
        try:
            async with self._readable(file) as path:
                try:
                    await self._sadf(path, identity, taken, reading, take)
                except OldFormat as old:
                    await self._convert(path, old.version, identity, taken, reading, take)
        except (Unreadable, SourceFailed) as error:
            reading.problem = f"{file.path}: {error}"
        except (OSError, EOFError, lzma.LZMAError) as error:
            reading.problem = f"{file.path}: {getattr(error, 'strerror', None) or error}"
        return reading

    async def _sadf(self, path: Path, identity: str, taken: int, reading: Reading, take: Take) -> None:
        splitter, size = Splitter(), 0
        latest_us = to_us(self._clock.now()) + _FUTURE_US

        async def pass_on(texts: Sequence[bytes]) -> None:
            records = []
            reading.identity = splitter.identity
            passed = taken if reading.identity == identity else 0
            for text in texts:
                record = record_of(text) if reading.seen >= passed else None
                reading.seen += 1
                if record is not None and 0 <= record.time_us <= latest_us:
                    records.append(record)
            if records:
                await take(reading, records)

        async with running([self.program(), "-j", str(path), "--", "-A"]) as program:
            while data := await _read(program):
                size += len(data)
                if size > MAX_OUTPUT_BYTES:
                    msg = f"sadf printed more than {MAX_OUTPUT_BYTES} bytes"
                    raise SourceFailed(msg)
                try:
                    await pass_on(splitter.feed(data))
                except Unreadable:
                    await _blame_sadf(program)
                    raise
            await pass_on(splitter.end())
            code = await program.wait()
            _refuse_old(program.complaints)
            said = _complaint(program.complaints)  # of a truncated file it says so, and ends with 0 all the same
            if said or code != 0 or not splitter.whole:
                raise SourceFailed(said or f"sadf ended with {code} in mid file")

    async def _convert(self, path: Path, version: str, identity: str, taken: int, reading: Reading, take: Take) -> None:
        """Read a file of an older sysstat. Raises Unreadable, SourceFailed."""
        async with converted(
            self.program(), path, version, scratch=self._scratch, timeout_s=TIMEOUT_S, max_bytes=MAX_FILE_BYTES
        ) as conversion:
            try:
                await self._sadf(conversion.path, identity, taken, reading, take)
            except (Unreadable, SourceFailed) as error:
                if not conversion.problem:
                    raise SourceFailed(str(error)) from None
            if conversion.problem:
                msg = f"{conversion.problem} after {reading.seen} intervals"
                raise SourceFailed(msg)

    @asynccontextmanager
    async def _readable(self, file: SarFile) -> AsyncIterator[Path]:
        """The file itself, or a copy that is unpacked."""
        if file.size > MAX_FILE_BYTES:
            msg = f"it has more than {MAX_FILE_BYTES} bytes"
            raise SourceFailed(msg)
        if not file.packed:
            yield file.path
            return
        with tempfile.NamedTemporaryFile(dir=self._scratch, prefix="sar-") as copy:
            await asyncio.to_thread(_unpack, file, cast("BinaryIO", copy))
            yield Path(copy.name)


async def _read(program: Program) -> bytes:
    """The next bytes, none at the end. Raises SourceFailed where sadf hangs."""
    try:
        async with asyncio.timeout(TIMEOUT_S):
            return await program.stdout.read(_CHUNK)
    except TimeoutError:
        msg = f"sadf printed nothing for {TIMEOUT_S:g} s"
        raise SourceFailed(msg) from None


async def _blame_sadf(program: Program) -> None:
    """Where sadf refuses a file it may print something else than JSON: its own words say more. Raises SourceFailed."""
    with suppress(TimeoutError):
        async with asyncio.timeout(1):
            await program.wait()
    _refuse_old(program.complaints)
    if said := _complaint(program.complaints):
        raise SourceFailed(said) from None


def _refuse_old(complaints: Sequence[str]) -> None:
    """Raises OldFormat."""
    if version := old_format_of(complaints):
        raise OldFormat(_complaint(complaints), version)


def _complaint(lines: Sequence[str]) -> str:
    """What sadf said, in one line: the reason, and the version that made the file where it names it."""
    told = [line.strip() for line in lines if line.strip()]
    made = next((line for line in told[1:] if line.startswith("File created by")), "")
    return f"sadf says: {told[0]}{'; ' + made if made else ''}"[:300] if told else ""


def _data_file(entry: os.DirEntry[str]) -> SarFile | None:
    named = _DATA_FILE.fullmatch(entry.name)
    if named is None:
        return None
    try:
        state = entry.stat()
    except OSError:
        return None
    return SarFile(Path(entry.path), named.group(1), named.group(2) or "", state.st_size, state.st_mtime_ns)


def _unpack(file: SarFile, copy: BinaryIO) -> None:
    size = 0
    with _OPENERS[file.packed](file.path) as packed:
        while data := packed.read(_CHUNK):
            size += len(data)
            if size > MAX_FILE_BYTES:
                msg = f"it has more than {MAX_FILE_BYTES} bytes once it is unpacked"
                raise SourceFailed(msg)
            copy.write(data)
    copy.flush()


def disk_name(name: str, root: Path = Path("/")) -> str:
    """`sda` of `dev8-0`, as long as this machine has the disk."""
    number = re.fullmatch(r"dev(\d{1,5})-(\d{1,7})", name)
    if number is None:
        return name
    try:
        return (root / "sys/dev/block" / f"{number.group(1)}:{number.group(2)}").readlink().name
    except OSError:
        return name
