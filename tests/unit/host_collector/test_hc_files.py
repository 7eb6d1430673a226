"""Following real files through everything that rotation does to them."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from groundcrew.contracts.clock import SystemClock
from groundcrew.contracts.observations import MAX_BATCH_ROWS, MAX_TEXT
from groundcrew_host_collector import files as files_module
from groundcrew_host_collector import tail as tail_module
from groundcrew_host_collector.files import BUSY_S, FilesSource

Follow = Callable[..., AbstractAsyncContextManager[None]]


@pytest.fixture
def follow(make_files: Any, sink: Any, monkeypatch: pytest.MonkeyPatch) -> Follow:
    """Follows the test's folder with quick listings."""
    monkeypatch.setattr(files_module, "_LIST_S", 0.05)
    monkeypatch.setattr(files_module, "LINGER_S", 0.3)

    @asynccontextmanager
    async def run(pattern: str = "*.log", *, from_end: bool = False) -> AsyncIterator[None]:
        source: FilesSource = make_files(pattern, from_end=from_end)
        task = asyncio.create_task(source.follow(sink))
        try:
            while sink.first_start and not task.done():
                await asyncio.sleep(0.01)
            yield
            assert not task.done(), task.exception()
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    return run


def append(path: Path, *lines: str) -> None:
    with path.open("a") as file:
        file.writelines(f"{line}\n" for line in lines)


def positions(sink: Any) -> list[str]:
    return [row.position for row in sink.rows]


async def test_what_stood_there_before_the_first_start_is_not_read(follow: Follow, sink: Any, tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    append(log, "old")
    async with follow(from_end=True):
        append(log, "new")
        await sink.until(1)

    assert sink.messages == ["new"]


async def test_a_file_that_appears_later_is_read_from_its_start(follow: Follow, sink: Any, tmp_path: Path) -> None:
    async with follow(from_end=True):
        append(tmp_path / "later.log", "first", "second")
        await sink.until(2)

    assert sink.messages == ["first", "second"]


async def test_of_too_many_files_the_first_are_followed_and_the_source_says_so(
    follow: Follow, make_files: Any, sink: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files_module, "MAX_FILES", 2)
    for name in "abc":
        append(tmp_path / f"{name}.log", f"line of {name}")
    async with follow():
        await sink.until(2)
        append(tmp_path / "c.log", "not read")
        append(tmp_path / "a.log", "read")
        await sink.until(3)

    assert sorted(sink.messages) == ["line of a", "line of b", "read"]
    assert (await make_files("*.log").probe()).startswith("following the first 2 of 3 files")


async def test_a_file_made_while_the_collector_was_down_is_read_from_its_start(
    follow: Follow, sink: Any, tmp_path: Path
) -> None:
    async with follow(from_end=True):
        pass
    append(tmp_path / "later.log", "first")
    async with follow(from_end=True):
        await sink.until(1)

    assert sink.messages == ["first"]


async def test_a_line_counts_once_it_is_whole(follow: Follow, sink: Any, tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    async with follow():
        with log.open("a") as file:
            file.write("half a ")
            file.flush()
            await asyncio.sleep(0.15)
            assert sink.rows == []
            file.write("line\n")
            file.flush()
            await sink.until(1)

    assert sink.messages == ["half a line"]


async def test_rotation_by_rename_reads_the_old_file_to_its_end(follow: Follow, sink: Any, tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    append(log, "one")
    async with follow():
        await sink.until(1)
        with log.open("a") as writer:
            log.rename(tmp_path / "a.log.1")
            append(log, "three")
            writer.write("two, by a writer that has not reopened yet\n")
        await sink.until(3)

    assert sorted(sink.messages) == ["one", "three", "two, by a writer that has not reopened yet"]


async def test_rotation_while_the_collector_was_down_loses_nothing(follow: Follow, sink: Any, tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    append(log, "one")
    async with follow():
        await sink.until(1)
    append(log, "two")
    log.rename(tmp_path / "a.log.1")
    append(log, "three")
    async with follow():
        await sink.until(3)

    assert sorted(sink.messages) == ["one", "three", "two"]


async def test_a_rotated_file_that_still_matches_is_not_read_twice(follow: Follow, sink: Any, tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    append(log, "one")
    async with follow("a.log*"):
        await sink.until(1)
        log.rename(tmp_path / "a.log.1")
        append(log, "two")
        await sink.until(2)
        await asyncio.sleep(0.5)

    assert sink.messages == ["one", "two"]


async def test_the_unfinished_last_line_of_a_rotated_file_is_kept(follow: Follow, sink: Any, tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    append(log, "one")
    async with follow():
        await sink.until(1)
        with log.open("a") as file:
            file.write("the writer died in mid-")
        log.rename(tmp_path / "a.log.1")
        await sink.until(2)

    assert sink.messages == ["one", "the writer died in mid-"]
    assert sink.places == {}


async def test_copytruncate_begins_anew_with_new_positions(follow: Follow, sink: Any, tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    append(log, "one", "two")
    async with follow():
        await sink.until(2)
        os.truncate(log, 0)
        append(log, "new")
        await sink.until(3)

    assert sink.messages == ["one", "two", "new"]
    assert len(set(positions(sink))) == 3


async def test_a_file_truncated_and_refilled_beyond_where_we_stood_is_noticed(
    follow: Follow, sink: Any, tmp_path: Path
) -> None:
    log = tmp_path / "a.log"
    append(log, "one")
    async with follow():
        await sink.until(1)
    log.write_text("a longer first line\nand a second\n")  # same inode, grown past the old offset
    async with follow():
        await sink.until(3)

    assert sink.messages == ["one", "a longer first line", "and a second"]
    assert len(set(positions(sink))) == 3


async def test_the_zeros_that_truncating_under_a_writer_leaves_are_no_text(
    follow: Follow, sink: Any, tmp_path: Path
) -> None:
    log = tmp_path / "a.log"
    log.write_bytes(b"\0" * 300_000 + b"after the hole\n")
    async with follow():
        await asyncio.sleep(0.3)
        append(log, "next")
        await sink.until(1)

    assert sink.messages[-1] == "next"
    assert all("\0" not in message for message in sink.messages)


async def test_binary_garbage_becomes_text_and_does_not_stop_the_file(
    follow: Follow, sink: Any, tmp_path: Path
) -> None:
    log = tmp_path / "a.log"
    log.write_bytes(b"\xff\xfe\x80 garbage \0\x01\r\n\n\ngood\n")
    async with follow():
        await sink.until(2)

    assert sink.messages[1] == "good"
    assert "\0" not in sink.messages[0]


async def test_a_line_longer_than_the_limit_is_cut_and_marked(follow: Follow, sink: Any, tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    append(log, "x" * (MAX_TEXT + 10), "y" * (3 * tail_module.CHUNK_BYTES), "next")
    async with follow():
        await sink.until(3)

    assert [len(message) for message in sink.messages] == [MAX_TEXT, MAX_TEXT, 4]
    assert all(message.endswith(" …") for message in sink.messages[:2])


async def test_batches_stay_within_the_limit_of_rows(follow: Follow, sink: Any, tmp_path: Path) -> None:
    append(tmp_path / "a.log", *(f"line {n}" for n in range(5_000)))
    async with follow():
        await sink.until(5_000)

    assert sink.messages == [f"line {n}" for n in range(5_000)]
    assert len(sink.spans) >= 5_000 // MAX_BATCH_ROWS + 1


async def test_every_span_reads_again_to_the_same_rows(
    follow: Follow, sink: Any, tmp_path: Path, make_files: Any
) -> None:
    append(tmp_path / "a.log", *(f"line {n}" for n in range(3_000)), "z" * 600_000, "Mar  4 02:00:00 h p: after")
    async with follow():
        await sink.until(3_002)

    again = [row for span in sink.spans for row in await make_files().reread(span)]

    assert again == sink.rows


async def test_a_span_of_a_file_that_was_replaced_is_not_read_from_its_successor(
    follow: Follow, sink: Any, tmp_path: Path, make_files: Any
) -> None:
    log = tmp_path / "a.log"
    append(log, "one", "two")
    async with follow():
        await sink.until(2)
    log.write_text("something quite different\nand more\n")

    assert await make_files().reread(sink.spans[0]) == []


async def test_nothing_is_read_on_while_the_sink_holds(follow: Follow, sink: Any, tmp_path: Path) -> None:
    sink.held = asyncio.Event()
    log = tmp_path / "a.log"
    append(log, *(f"line {n}" for n in range(5_000)))
    async with follow():
        await asyncio.sleep(0.2)
        assert sink.spans == []
        sink.held.set()
        await sink.until(5_000)

    assert len(set(positions(sink))) == 5_000


async def test_what_is_no_log_is_left_alone(follow: Follow, sink: Any, tmp_path: Path) -> None:
    (tmp_path / "lastlog").write_bytes(b"\1\2\3\n" * 10)
    (tmp_path / "syslog.gz").write_bytes(b"\x1f\x8b\n")
    (tmp_path / "folder.log").mkdir()
    os.mkfifo(tmp_path / "pipe.log")
    append(tmp_path / "real.log", "line")
    async with follow("*log*"):
        await sink.until(1)
        await asyncio.sleep(0.15)

    assert sink.messages == ["line"]


class Impatient(SystemClock):
    """Notes how long it is told to sleep, and hardly does."""

    def __init__(self) -> None:
        self.told: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.told.append(seconds)
        await asyncio.sleep(0.001)


async def test_files_that_grow_are_looked_at_more_often_than_files_at_rest(
    make_files: Any, sink: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files_module, "_LIST_S", 0.0)
    clock = Impatient()
    source: FilesSource = make_files(clock=clock, poll_s=1.0)
    following = asyncio.create_task(source.follow(sink))
    try:
        while not clock.told:
            await asyncio.sleep(0.001)
        clock.told.clear()
        append(tmp_path / "a.log", "one")
        await sink.until(1)
        while len(clock.told) < 20:
            await asyncio.sleep(0.001)
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
    grown = clock.told.index(BUSY_S)
    assert set(clock.told[:grown]) <= {1.0}
    assert clock.told[grown : grown + 7] == [BUSY_S, 2 * BUSY_S, 4 * BUSY_S, 8 * BUSY_S, 16 * BUSY_S, 1.0, 1.0]
