"""The kernel's ring buffer, from a file of the same records."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundcrew.contracts.clock import SystemClock, to_us
from groundcrew_host_collector.kmsg import KmsgSource, read_record
from groundcrew_host_collector.source import SourceAbsent

BOOT = "b" * 32
RECORDS = (
    "6,1,1000000,-;pci 0000:3b:00.0: link up\n SUBSYSTEM=pci\n DEVICE=+pci:0000:3b:00.0\n"
    "3,2,2000000,-;EDAC MC0: 1 CE\n"
    "30,3,3000000,-;systemd[1]: nginx.service: Failed\n"
)


async def present() -> None: ...


def source(path: Path, boot_id: str = BOOT) -> KmsgSource:
    clock = SystemClock()
    boot_us = to_us(clock.now()) - 60_000_000
    return KmsgSource(
        path=path, boot_id=boot_id, since_s=900, poll_s=0.02, instead=present, clock=clock, boot_us=lambda: boot_us
    )


async def follow(kmsg: KmsgSource, sink: Any, count: int) -> None:
    task = asyncio.create_task(kmsg.follow(sink))
    await sink.until(count)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_records_become_lines_with_priority_and_place(tmp_path: Path, sink: Any) -> None:
    (tmp_path / "kmsg").write_text(RECORDS)

    await follow(source(tmp_path / "kmsg"), sink, 3)

    assert [(row.position, row.priority, row.identifier, row.message) for row in sink.rows] == [
        (f"{BOOT}:1", 6, "kernel", "pci 0000:3b:00.0: link up"),
        (f"{BOOT}:2", 3, "kernel", "EDAC MC0: 1 CE"),
        (f"{BOOT}:3", 6, "systemd", "nginx.service: Failed"),
    ]
    assert sink.rows[1].time_us - sink.rows[0].time_us == 1_000_000


async def test_reading_goes_on_behind_the_last_sequence(tmp_path: Path, sink: Any) -> None:
    path = tmp_path / "kmsg"
    path.write_text(RECORDS)
    await follow(source(path), sink, 3)
    path.write_text(RECORDS + "4,4,4000000,-;new\n")
    await follow(source(path), sink, 4)

    assert [row.message for row in sink.rows][3:] == ["new"]


async def test_a_new_boot_begins_its_own_numbers(tmp_path: Path, sink: Any) -> None:
    path = tmp_path / "kmsg"
    path.write_text(RECORDS)
    await follow(source(path), sink, 3)
    await follow(source(path, "c" * 32), sink, 6)

    assert len({row.position for row in sink.rows}) == 6


async def test_a_span_reads_again_to_the_same_rows_in_the_same_boot_only(tmp_path: Path, sink: Any) -> None:
    path = tmp_path / "kmsg"
    path.write_text(RECORDS)
    await follow(source(path), sink, 3)

    again = [row for span in sink.spans for row in await source(path).reread(span)]

    assert again == sink.rows
    assert await source(path, "c" * 32).reread(sink.spans[0]) == []


async def test_a_missing_device_is_absent(tmp_path: Path) -> None:
    with pytest.raises(SourceAbsent, match="does not exist here"):
        await source(tmp_path / "kmsg").probe()


@given(st.text(max_size=80) | st.builds("{},{},{},-;{}".format, st.integers(), st.integers(), st.integers(), st.text()))
def test_any_text_is_a_record_or_not_one(text: str) -> None:
    read_record(text, boot_id=BOOT, boot_us=0, received_us=10)
