"""A real .journal file, written by systemd-journal-remote and followed by journalctl."""

import asyncio
import shutil
import subprocess
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from groundcrew.contracts.clock import SystemClock
from groundcrew_host_collector import journal as journal_module
from groundcrew_host_collector.journal import JournalSource, foreign_folder
from groundcrew_host_collector.source import LogRow, Position, SourceAbsent, Span

REMOTE = Path("/lib/systemd/systemd-journal-remote")
FIRST_US = 1_672_531_200_000_000
needs_journal = pytest.mark.skipif(
    not REMOTE.exists() or shutil.which("journalctl") is None, reason="needs Debian's package systemd-journal-remote"
)


class Recorder:
    """Implements `Sink` in memory."""

    def __init__(self) -> None:
        self.rows: list[LogRow] = []
        self.spans: list[Span] = []
        self.first_start = False
        self.generation = 0
        self._places: dict[str, Position] = {}

    def positions(self) -> dict[str, Position]:
        return self._places

    async def place(self, changes: dict[str, Position | None]) -> None:
        raise NotImplementedError

    async def take(self, span: Span, rows: Sequence[LogRow]) -> None:
        self.rows += rows
        self.spans.append(span)
        self._places[span.key] = span.end

    def next_generation(self) -> int:
        raise NotImplementedError

    async def until(self, count: int) -> None:
        async with asyncio.timeout(15):
            while len(self.rows) < count:
                await asyncio.sleep(0.02)


def write(journal: Path, entries: Sequence[tuple[int, bytes]]) -> None:
    """Append entries (number, message) to a .journal file."""
    export = b""
    for number, message in entries:
        head = (
            f"__REALTIME_TIMESTAMP={FIRST_US + number * 1_000_000}\n__MONOTONIC_TIMESTAMP={number * 1_000_000 + 1}\n"
            f"_BOOT_ID={'1' * 32}\n_MACHINE_ID={'2' * 32}\n_HOSTNAME=node01\n_TRANSPORT=kernel\nPRIORITY=3\n"
            "SYSLOG_IDENTIFIER=kernel\n"
        )
        export += head.encode() + b"MESSAGE\n" + len(message).to_bytes(8, "little") + message + b"\n\n"
    subprocess.run([REMOTE, "-o", journal, "-"], input=export, check=True, capture_output=True)


def source(directory: Path, *, since_s: int = 2_000_000_000, entry_hosts: bool = False) -> JournalSource:
    return JournalSource(
        program="journalctl",
        directory=directory,
        since_s=since_s,
        entry_hosts=entry_hosts,
        clock=SystemClock(),
        boot_us=lambda: 0,
    )


@asynccontextmanager
async def following(journal: JournalSource, recorder: Recorder) -> AsyncIterator[None]:
    task = asyncio.create_task(journal.follow(recorder))
    try:
        yield
        assert not task.done(), task.exception()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@needs_journal
@pytest.mark.parametrize("as_file", [True, False])
async def test_entries_are_followed_as_they_are_written(tmp_path: Path, as_file: bool) -> None:
    path = tmp_path / "a.journal"
    write(path, [(1, b"EXT4-fs error"), (2, b"second\nline"), (3, b"\xff\xfe binary"), (4, b"x" * 6_000)])
    recorder = Recorder()
    async with following(source(path if as_file else tmp_path), recorder):
        await recorder.until(4)
        write(path, [(5, b"I/O error, dev sda")])
        await recorder.until(5)

    assert [row.message for row in recorder.rows] == [
        "EXT4-fs error", "second\nline", "�� binary", "x" * 6_000, "I/O error, dev sda",
    ]  # fmt: skip
    first = recorder.rows[0]
    assert (first.time_us, first.priority, first.identifier, first.transport, first.boot_id, first.host) == (
        FIRST_US + 1_000_000, 3, "kernel", "kernel", "1" * 32, "",
    )  # fmt: skip


@needs_journal
async def test_following_goes_on_behind_the_cursor(tmp_path: Path) -> None:
    path, recorder = tmp_path / "a.journal", Recorder()
    write(path, [(n, b"line %d" % n) for n in range(50)])
    async with following(source(path), recorder):
        await recorder.until(50)
    write(path, [(n, b"line %d" % n) for n in range(50, 80)])
    async with following(source(path), recorder):
        await recorder.until(80)

    assert [row.message for row in recorder.rows] == [f"line {n}" for n in range(80)]
    assert len({row.position for row in recorder.rows}) == 80


@needs_journal
async def test_the_first_start_reads_back_only_so_far(tmp_path: Path) -> None:
    path, recorder = tmp_path / "a.journal", Recorder()
    write(path, [(1, b"of the year 2023")])
    async with following(source(path, since_s=900), recorder):
        await asyncio.sleep(0.6)

    assert recorder.rows == []


@needs_journal
async def test_every_span_reads_again_to_the_same_rows(tmp_path: Path) -> None:
    path, recorder = tmp_path / "a.journal", Recorder()
    write(path, [(n, b"line %d %s" % (n, b"y" * 500)) for n in range(3_000)])
    async with following(source(path), recorder):
        await recorder.until(3_000)

    assert len(recorder.spans) > 2
    assert [row for span in recorder.spans for row in await source(path).reread(span)] == recorder.rows


@needs_journal
async def test_a_relay_keeps_the_host_of_each_entry(tmp_path: Path) -> None:
    path, recorder = tmp_path / "a.journal", Recorder()
    write(path, [(1, b"line")])
    async with following(source(path, entry_hosts=True), recorder):
        await recorder.until(1)

    assert recorder.rows[0].host == "node01"


async def test_without_journal_files_the_source_is_absent_and_says_where_it_looked(tmp_path: Path) -> None:
    if shutil.which("journalctl") is None:
        pytest.skip("needs Debian's package systemd")
    with pytest.raises(SourceAbsent, match=f"no journal file in {tmp_path}"):
        await source(tmp_path).probe()


async def test_without_journalctl_the_source_is_absent(tmp_path: Path) -> None:
    journal = JournalSource(
        program=str(tmp_path / "journalctl"),
        directory=None,
        since_s=1,
        entry_hosts=False,
        clock=SystemClock(),
        boot_us=lambda: 0,
    )
    with pytest.raises(SourceAbsent, match="is not installed"):
        await journal.probe()


def machine(folder: Path, name: str) -> Path:
    (folder / name).mkdir(parents=True)
    (folder / name / "system.journal").touch()
    return folder / name


def test_in_a_container_the_mounted_journal_of_the_host_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_module, "_OWN_FOLDERS", (tmp_path / "var", tmp_path / "run"))
    monkeypatch.setattr(journal_module, "_MACHINE_ID", tmp_path / "machine-id")
    (tmp_path / "machine-id").write_text("c" * 32)
    hosts = machine(tmp_path / "var", "a" * 32)

    assert foreign_folder() == hosts

    (tmp_path / "machine-id").write_text("a" * 32 + "\n")
    assert foreign_folder() is None, "our own journal needs no folder"

    (tmp_path / "machine-id").write_text("c" * 32)
    machine(tmp_path / "run", "b" * 32)
    assert foreign_folder() is None, "two other machines: none of them is surely this one"
