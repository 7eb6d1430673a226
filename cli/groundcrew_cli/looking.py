"""One look at this host through the host collector's own readers: recent log lines, metrics, systemd units."""

import asyncio
import glob
import os
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from groundcrew.contracts.clock import Clock, to_us
from groundcrew.contracts.observations import SourceState, SourceStatus
from groundcrew.diagnosis.lines import LineReader
from groundcrew.diagnosis.samples import Sample
from groundcrew_cli.terminal import count
from groundcrew_host_collector import machine
from groundcrew_host_collector.drives import Drives
from groundcrew_host_collector.files import DEFAULT_GLOBS, MAX_FILES
from groundcrew_host_collector.gpus import Gpus
from groundcrew_host_collector.journal import JournalSource
from groundcrew_host_collector.journal_entry import FIELDS, EntrySplitter
from groundcrew_host_collector.kmsg import KmsgSource
from groundcrew_host_collector.metrics import HostMetrics
from groundcrew_host_collector.process import output_of
from groundcrew_host_collector.settings import HostCollectorSection
from groundcrew_host_collector.source import LogRow, MetricSource, Position, SourceAbsent, SourceFailed, Span
from groundcrew_host_collector.tail import Tail
from groundcrew_host_collector.units import Unit, Units

MAX_LINES = 20_000
FILE_BYTES = 1024 * 1024
"""How much of the end of each log file is read."""

CPU_S = 1.0
"""The CPU's load is measured over this long."""

MAX_SAMPLES = 1_900
"""Of one batch. The host's own come last: there may be thousands of file systems."""

_PROGRAM_S = 15
_JOURNAL_S = 30
_JOURNAL_BYTES = 128 * 1024 * 1024
_NOT_LOGS = frozenset({"lastlog", "faillog", "wtmp", "btmp", "tallylog"})


@dataclass
class Look:
    """What was seen, and what could not be looked at."""

    rows: list[tuple[str, LogRow]] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)
    units: list[Unit] = field(default_factory=list)
    sources: list[SourceStatus] = field(default_factory=list)
    facts: dict[str, str] = field(default_factory=dict)


async def look(section: HostCollectorSection, host: str, since: datetime, clock: Clock) -> Look:
    """At most MAX_LINES lines since `since`, by time. What is absent or failing is said in `sources`."""
    seen = Look(facts=machine.facts())

    async def read(name: str, reading: Callable[[], Awaitable[str]]) -> bool:
        state, detail = SourceState.PRESENT, ""
        try:
            detail = await reading()
        except SourceAbsent as absent:
            state, detail = SourceState.ABSENT, str(absent)
        except (SourceFailed, OSError) as failure:
            state, detail = SourceState.FAILING, str(failure)
        seen.sources.append(SourceStatus(name=name, state=state, detail=detail, since=clock.now()))
        return state is SourceState.PRESENT

    metrics = HostMetrics()
    await asyncio.to_thread(metrics.sample)
    if not await read("journal", lambda: _journal(seen, section, since, clock)):
        await read("files", lambda: asyncio.to_thread(_files, seen, section, host, since, clock))
        await read("kmsg", lambda: _kmsg(seen, section, since, clock))
    await read("systemd", lambda: _units(seen, section))
    gpus = Gpus(section.nvidia_smi_program, timeout_s=_PROGRAM_S)
    await read("gpus", lambda: _asked(seen, gpus, wanted=section.gpus == "on"))
    drives = Drives(section.smartctl_program, timeout_s=_PROGRAM_S)
    await read("smart", lambda: _asked(seen, drives, wanted=section.smart == "on"))
    await clock.sleep(CPU_S)
    await read("metrics", lambda: _metrics(seen, metrics))
    seen.rows.sort(key=lambda pair: pair[1].time_us)  # lines of one time stay in the order of their source
    del seen.rows[: max(0, len(seen.rows) - MAX_LINES)]
    return seen


async def _journal(seen: Look, section: HostCollectorSection, since: datetime, clock: Clock) -> str:
    if section.journal == "off":
        raise SourceAbsent("switched off in the settings")
    source = JournalSource(
        program=section.journal_program, directory=section.journal_directory, since_s=0, entry_hosts=False, clock=clock,
        boot_us=lambda: machine.boot_us(clock),
    )  # fmt: skip
    await source.probe()
    folder = section.journal_directory
    where = [] if folder is None else ["-D" if folder.is_dir() else "--file", str(folder)]
    argv = [
        section.journal_program, "-o", "json", "--all", "--no-pager", "--quiet", f"--output-fields={','.join(FIELDS)}",
        f"--since=@{int(since.timestamp())}", f"--lines={MAX_LINES}", *where,
    ]  # fmt: skip
    data = await output_of(argv, timeout_s=_JOURNAL_S, max_bytes=_JOURNAL_BYTES)
    rows = EntrySplitter().feed(data, to_us(clock.now()))
    seen.rows += [("journal", row) for row in rows]
    return count(len(rows), "line")


def _files(seen: Look, section: HostCollectorSection, host: str, since: datetime, clock: Clock) -> str:
    patterns = DEFAULT_GLOBS if section.files is None else tuple(section.files)
    paths = sorted({path for pattern in patterns for path in glob.glob(pattern, recursive=True)})  # noqa: PTH207 - patterns are absolute
    reader, boot_us, now_us = LineReader(host), machine.boot_us(clock), to_us(clock.now())
    read = lines = 0
    for path in paths[:MAX_FILES]:
        if Path(path).name in _NOT_LOGS or not Path(path).is_file() or not os.access(path, os.R_OK):
            continue
        rows = _end_of(path, reader, now_us, boot_us)
        # A line without a time of its own may be years old; it is left out.
        recent = [row for row in rows if to_us(since) <= row.time_us < now_us]
        seen.rows += [(f"file:{path}", row) for row in recent]
        read, lines = read + 1, lines + len(recent)
    if not read:
        raise SourceAbsent(f"there is no readable log file in {', '.join(patterns) or 'the settings'}")
    return f"{count(lines, 'line')} of {count(read, 'file')}"


def _end_of(path: str, reader: LineReader, now_us: int, boot_us: int) -> list[LogRow]:
    tail = Tail.open(path, generation=0, at_end=True)
    rows: list[LogRow] = []
    try:
        tail.rewind({"offset": max(0, tail.offset - FILE_BYTES), "skip": tail.offset > FILE_BYTES})
        while (taken := tail.next_span(reader, received_us=now_us, boot_us=boot_us, final=True)) is not None:
            rows += taken[1]
    finally:
        tail.close()
    return rows


async def _kmsg(seen: Look, section: HostCollectorSection, since: datetime, clock: Clock) -> str:
    if section.kmsg == "off":
        raise SourceAbsent("switched off in the settings")

    async def always() -> None:
        """Nothing stands in for it."""

    source = KmsgSource(
        path=section.kmsg_path, boot_id=machine.boot_id(), since_s=int((clock.now() - since).total_seconds()),
        poll_s=1, instead=always, clock=_UntilIdle(clock), boot_us=lambda: machine.boot_us(clock),
    )  # fmt: skip
    await source.probe()
    sink = _Collected()
    with suppress(_Idle):
        await source.follow(sink)
    seen.rows += [("kmsg", row) for row in sink.rows]
    return count(len(sink.rows), "line")


async def _units(seen: Look, section: HostCollectorSection) -> str:
    if section.services == "off":
        raise SourceAbsent("switched off in the settings")
    seen.units += await Units(path=section.systemctl_path, wanted=section.services).read()
    return f"{len(seen.units):,} service units"


async def _asked(seen: Look, source: MetricSource, *, wanted: bool) -> str:
    if not wanted:
        raise SourceAbsent("switched off in the settings")
    try:
        reading = await source.read()
    except SourceFailed:
        seen.samples += source.missing()
        raise
    seen.samples += reading.samples
    return reading.detail


async def _metrics(seen: Look, metrics: HostMetrics) -> str:
    found = await asyncio.to_thread(metrics.sample)
    seen.samples += found
    del seen.samples[MAX_SAMPLES:]
    return f"{len(found):,} values"


class _Idle(Exception):
    """The source has read all there is and would wait for more."""


class _UntilIdle:
    """A clock on which waiting ends the reading."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def now(self) -> datetime:
        return self._clock.now()

    def monotonic(self) -> float:
        return self._clock.monotonic()

    async def sleep(self, seconds: float) -> None:
        raise _Idle(seconds)


class _Collected:
    """A sink that keeps the newest lines."""

    first_start = True
    generation = 0

    def __init__(self) -> None:
        self.rows: list[LogRow] = []

    def positions(self) -> dict[str, Position]:
        return {}

    async def place(self, changes: dict[str, Position | None]) -> None:
        """There is nothing to go on from next time."""

    async def take(self, span: Span, rows: Sequence[LogRow]) -> None:
        self.rows += rows
        del self.rows[: max(0, len(self.rows) - MAX_LINES)]

    def next_generation(self) -> int:
        return 0
