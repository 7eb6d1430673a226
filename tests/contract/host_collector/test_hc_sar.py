"""SAR history by the real sadc and sadf, from the file to the bus and to the ledger."""

import asyncio
import gzip
import lzma
import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import structlog
from prometheus_client import CollectorRegistry

from groundcrew.contracts.clock import SystemClock, from_us
from groundcrew.contracts.envelope import Envelope, ProducedBy
from groundcrew.contracts.observations import MAX_BATCH_ROWS, SourceState, SourceStatus
from groundcrew.runtime.statuses import Statuses
from groundcrew_host_collector.delivery import Delivery
from groundcrew_host_collector.ledger import Ledger
from groundcrew_host_collector.sar import SarFiles
from groundcrew_host_collector.sar_history import NAME, SarHistory

SADC = Path("/usr/lib/sysstat/sadc")
DATA = Path(os.environ.get("GROUNDCREW_DATA") or Path(__file__).parents[4] / "shared/data") / "sar"

pytestmark = pytest.mark.skipif(
    not SADC.exists() or shutil.which("sadf") is None, reason="needs Debian's package sysstat"
)


@dataclass
class Taken:
    """As much of a bus as the history uses."""

    site: str = "demo"
    envelopes: list[Envelope[Any]] = field(default_factory=list)
    fails_after: int | None = None

    async def publish_batch(self, envelopes: Sequence[Envelope[Any]]) -> None:
        if self.fails_after is not None and len(self.envelopes) >= self.fails_after:
            raise RuntimeError("killed here")
        self.envelopes += envelopes


@dataclass
class Place:
    """A folder of SAR files, and a collector over it that can be started again."""

    folder: Path
    bus: Taken = field(default_factory=Taken)
    statuses: Statuses = field(default_factory=lambda: Statuses(SystemClock()))
    days: float = 36_500

    def history(self, program: str = "sadf") -> SarHistory:
        clock, log = SystemClock(), structlog.get_logger()
        state = self.folder.parent / "state"
        delivery = Delivery(
            bus=self.bus,  # type: ignore[arg-type]
            host_name="web-1",
            clock=clock,
            produced_by=ProducedBy(service="host-collector", version="0"),
            registry=CollectorRegistry(),
            log=log,
        )
        self.ledger = Ledger.open(state)
        files = SarFiles(folders=[self.folder], program=program, days=self.days, scratch=state, clock=clock)
        return SarHistory(
            files=files, delivery=delivery, ledger=self.ledger, statuses=self.statuses, clock=clock, log=log
        )

    async def look(self, **different: Any) -> None:
        """One look by a fresh process."""
        await self.history(**different).look()
        await self.ledger.flush()

    @property
    def samples(self) -> list[tuple[str, tuple[tuple[str, str], ...], int]]:
        """Series and times of everything published, in order."""
        return [
            (batch.series[index].name, tuple(sorted(batch.series[index].labels.items())), time)
            for batch in (envelope.data for envelope in self.bus.envelopes)
            for index, time in zip(batch.series_index, batch.times, strict=True)
        ]

    @property
    def status(self) -> SourceStatus:
        return next(one for one in self.statuses.all() if one.name == NAME)


def record(file: Path, intervals: int = 2) -> None:
    """Let sysstat's collector write this machine's activity, one second an interval; it appends."""
    subprocess.run([SADC, "-S", "DISK", "1", str(intervals + 1), file], check=True, capture_output=True)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("recorded") / "sa26"
    record(file)
    return file


@pytest.fixture
def place(tmp_path: Path) -> Place:
    folder = tmp_path / "sysstat"
    folder.mkdir()
    return Place(folder)


async def test_a_file_becomes_samples_of_the_live_series(place: Place, recorded: Path) -> None:
    shutil.copy(recorded, place.folder)
    await place.look()
    assert place.status.state is SourceState.PRESENT
    assert place.status.detail == f"1 of 1 files in {place.folder}, the newest sa26"
    names = {name for name, _, _ in place.samples}
    assert {"cpu_percent", "load1", "memory_available_bytes", "swap_free_bytes", "filefd_allocated"} <= names
    [*times] = sorted({time for _, _, time in place.samples})
    assert len(times) == 2
    assert abs((from_us(times[-1]) - SystemClock().now()).total_seconds()) < 600, "times are UTC"
    assert all(envelope.data.history and envelope.source == "sar" for envelope in place.bus.envelopes)


async def test_nothing_is_taken_twice_and_what_is_added_is_taken(place: Place, tmp_path: Path) -> None:
    file = place.folder / "sa26"
    record(file)
    await place.look()
    first = place.samples
    await place.look()
    assert place.samples == first, "the file is as it was"
    record(file)
    await place.look()
    assert len(place.samples) > len(first)
    assert len(set(place.samples)) == len(place.samples)


async def test_a_kill_in_between_loses_nothing_and_doubles_nothing_in_the_store(place: Place, recorded: Path) -> None:
    for number in (25, 26):
        shutil.copy(recorded, place.folder / f"sa{number}")
    place.bus.fails_after = 1
    with pytest.raises(RuntimeError, match="killed here"):
        await place.look()
    place.bus.fails_after = None
    await place.look()
    whole = Place(place.folder.parent / "again" / "sysstat")
    whole.folder.mkdir(parents=True)
    shutil.copy(recorded, whole.folder)
    await whole.look()
    assert set(place.samples) == set(whole.samples)


async def test_another_file_under_the_same_name_is_read_from_its_start(place: Place, recorded: Path) -> None:
    """sysstat uses sa26 again next month."""
    if not (DATA / "data-12.0.0").exists():
        pytest.skip("needs the shared SAR files (GROUNDCREW_DATA)")
    shutil.copy(DATA / "data-12.0.0", place.folder / "sa26")
    await place.look()
    old = len(place.samples)
    (place.folder / "sa26").unlink()
    shutil.copy(recorded, place.folder / "sa26")
    await place.look()
    assert len({time for _, _, time in place.samples[old:]}) == 2


@pytest.mark.parametrize(("ending", "opener"), [(".xz", lzma.open), (".gz", gzip.open)])
async def test_compressed_files_are_history_too(place: Place, recorded: Path, ending: str, opener: Any) -> None:
    with opener(place.folder / f"sa26{ending}", "wb") as packed:
        packed.write(recorded.read_bytes())
    await place.look()
    assert place.status.state is SourceState.PRESENT
    assert len({time for _, _, time in place.samples}) == 2
    shutil.copy(recorded, place.folder / "sa26")
    before = len(place.samples)
    await place.look()
    assert len(place.samples) == before, "it is the same file"
    assert list(place.folder.parent.glob("state/sar-*")) == []


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"this is no activity file\n" * 50, "sadf says: "), (b"", "sadf says: ")],
    ids=["garbage", "empty"],
)
async def test_garbage_is_one_clear_line_in_the_status(place: Place, content: bytes, said: str) -> None:
    (place.folder / "sa26").write_bytes(content)
    await place.look()
    assert place.status.state is SourceState.FAILING
    assert place.status.detail.startswith(f"{place.folder}/sa26: {said}")
    assert "\n" not in place.status.detail


async def test_a_truncated_file_gives_what_is_whole_and_says_so(place: Place, recorded: Path) -> None:
    data = recorded.read_bytes()
    (place.folder / "sa26").write_bytes(data[: len(data) - 100])
    await place.look()
    assert place.status.state is SourceState.FAILING
    assert "sa26: sadf says: " in place.status.detail
    assert len({time for _, _, time in place.samples}) == 1


async def test_a_broken_file_of_last_week_does_not_hide_the_newest(place: Place, recorded: Path) -> None:
    shutil.copy(recorded, place.folder / "sa26")
    (place.folder / "sa19").write_bytes(b"garbage")
    os.utime(place.folder / "sa19", (1, 1))
    await place.look()
    assert place.status.state is SourceState.PRESENT
    assert place.status.detail.startswith(f"1 of 2 files in {place.folder}, the newest sa26; {place.folder}/sa19: sadf")


async def test_no_files_and_no_sadf_are_absent_with_the_reason(place: Place) -> None:
    await place.look()
    assert place.status.state is SourceState.ABSENT
    assert place.status.detail.startswith("there is no SAR file of the last 36500 days in ")
    await place.look(program="sadf-is-not-here")
    assert place.status.detail == "there is no program sadf-is-not-here (Debian's package sysstat)"


async def test_files_older_than_asked_for_are_left_alone(place: Place, recorded: Path) -> None:
    shutil.copy(recorded, place.folder / "sa26")
    os.utime(place.folder / "sa26", (1, 1))
    place.days = 28
    await place.look()
    assert place.status.state is SourceState.ABSENT


async def test_a_sadf_that_hangs_is_told(place: Place, recorded: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("groundcrew_host_collector.sar.TIMEOUT_S", 0.2)
    shutil.copy(recorded, place.folder / "sa26")
    program = place.folder.parent / "sadf"
    program.write_text("#!/bin/sh\nexec sleep 60\n")
    program.chmod(0o755)
    await place.look(program=str(program))
    assert place.status.detail == f"{place.folder}/sa26: sadf printed nothing for 0.2 s"


@pytest.mark.parametrize(
    ("name", "records"),
    [("data-12.0.0", 1), ("data-11.6.5.conv12", 1), ("data-9.1.6.conv12", 1), ("data-ppc-11.7.2", None)],
)
async def test_files_of_other_machines_and_versions(place: Place, name: str, records: int | None) -> None:
    if not (DATA / name).exists():
        pytest.skip("needs the shared SAR files (GROUNDCREW_DATA)")
    shutil.copy(DATA / name, place.folder / "sa01")
    await place.look()
    assert place.status.state is SourceState.PRESENT, place.status.detail
    if records is not None:
        assert len({time for _, _, time in place.samples}) == records
        devices = {dict(labels)["device"] for name, labels, _ in place.samples if name == "disk_busy_percent"}
        assert "sda" in devices
    assert all(len(envelope.data) <= MAX_BATCH_ROWS for envelope in place.bus.envelopes)


@pytest.mark.parametrize("name", ["data-11.6.5", "data-9.1.6"])
async def test_a_file_of_an_older_sysstat_is_converted(place: Place, name: str) -> None:
    if not (DATA / name).exists():
        pytest.skip("needs the shared SAR files (GROUNDCREW_DATA)")
    shutil.copy(DATA / name, place.folder / "sa01")
    await place.look()
    assert place.status.state is SourceState.PRESENT, place.status.detail
    assert len({time for _, _, time in place.samples}) == 1
    names = {name for name, _, _ in place.samples}
    assert {"cpu_percent", "load1", "memory_available_bytes", "disk_busy_percent", "procs_running"} <= names
    assert {"network_receive_bytes_per_second", "swap_in_pages_per_second"} <= names
    assert list(place.folder.parent.glob("state/sar-*")) == []


async def test_a_file_on_which_the_conversion_crashes_is_told(place: Place, recorded: Path) -> None:
    """Debian's sysstat 12.6.1 does on this one, before its only interval; a sysstat that does not reads it."""
    if not (DATA / "data-10.3.1").exists():
        pytest.skip("needs the shared SAR files (GROUNDCREW_DATA)")
    shutil.copy(recorded, place.folder / "sa26")
    shutil.copy(DATA / "data-10.3.1", place.folder / "sa01")
    os.utime(place.folder / "sa01", (1, 1))
    await place.look()
    assert place.status.state is SourceState.PRESENT, "the newest file is read"
    crashed = "sadf -c, which converts files of sysstat 10.3.1, crashed with SIG" in place.status.detail
    assert crashed or place.status.detail.startswith("2 of 2 files")


def fake_sadf(folder: Path, conversion: str) -> str:
    """Refuses every file that it did not convert, and converts in this way."""
    program = folder / "sadf"
    program.write_text(
        f"""#!/bin/sh
        if [ "$1" = -c ]; then {conversion}; fi
        grep -q converted "$2" && exec cat "$2"
        echo "Invalid system activity file: $2
File created by sar/sadc from sysstat version 8.9.9
Current sysstat version cannot read the format of this file (0x2170)" >&2
        exit 1
        """
    )
    program.chmod(0o755)
    return str(program)


@pytest.mark.parametrize(
    ("conversion", "told"),
    [
        ("kill -SEGV $$", "sadf -c, which converts files of sysstat 8.9.9, crashed with SIGSEGV"),
        ("exit 3", "sadf -c, which converts files of sysstat 8.9.9, ended with 3"),
        ("exec sleep 60", "sadf -c printed nothing for 0.2 s"),
        ("echo not what was asked for; exit 0", "sadf says: Invalid system activity file: "),
        ("echo converted rubbish; exit 0", "sadf did not print the expected JSON but 'converted rubbish'"),
    ],
    ids=["crash", "failure", "hang", "another format", "garbage"],
)
async def test_a_conversion_that_goes_wrong_is_survived_and_told(
    place: Place, recorded: Path, monkeypatch: pytest.MonkeyPatch, conversion: str, told: str
) -> None:
    monkeypatch.setattr("groundcrew_host_collector.sar.TIMEOUT_S", 0.2)
    shutil.copy(recorded, place.folder / "sa26")
    await place.look(program=fake_sadf(place.folder.parent, conversion))
    assert place.status.state is SourceState.FAILING
    assert place.status.detail.startswith(f"{place.folder}/sa26: {told}")
    assert place.samples == []


PRINTED = {"sadf-j_from_11.6.5.json": 1, "sadf-j_from_9.1.6.json": 1}


@pytest.mark.parametrize("name", PRINTED)
async def test_what_older_versions_of_sadf_print_is_read(place: Place, recorded: Path, name: str) -> None:
    """Their own sadf, not only their files."""
    if not (DATA / name).exists():
        pytest.skip("needs the shared SAR files (GROUNDCREW_DATA)")
    shutil.copy(recorded, place.folder / "sa26")
    program = place.folder.parent / "sadf"
    program.write_text(f"#!/bin/sh\nexec cat {DATA / name}\n")
    program.chmod(0o755)
    await place.look(program=str(program))
    assert place.status.state is SourceState.PRESENT, place.status.detail
    names = {name for name, _, _ in place.samples}
    assert {"cpu_percent", "load1", "memory_available_bytes", "disk_busy_percent"} <= names
    assert len({time for _, _, time in place.samples}) == PRINTED[name]


def test_every_version_in_the_data_is_one_that_a_test_names() -> None:
    if not DATA.exists():
        pytest.skip("needs the shared SAR files (GROUNDCREW_DATA)")
    files = {file.name for file in DATA.glob("data-*") if file.suffix != ".xml"}
    read = {"data-12.0.0", "data-11.6.5.conv12", "data-9.1.6.conv12", "data-ppc-11.7.2"}
    assert files == read | {"data-11.6.5", "data-9.1.6", "data-10.3.1"}


async def test_it_goes_on_looking_until_it_is_cancelled(place: Place, recorded: Path) -> None:
    following = asyncio.create_task(place.history().follow(0.05))
    async with asyncio.timeout(20):
        while not place.statuses.all():
            await asyncio.sleep(0.01)
        shutil.copy(recorded, place.folder / "sa26")
        while place.status.state is not SourceState.PRESENT:
            await asyncio.sleep(0.01)
    following.cancel()
    await asyncio.gather(following, return_exceptions=True)
    assert place.samples
