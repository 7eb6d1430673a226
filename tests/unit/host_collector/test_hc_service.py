"""The whole collector on a bus that the test holds."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import structlog
from prometheus_client import CollectorRegistry

from groundcrew.bus.port import BusUnavailable, PublishDenied, StreamFull
from groundcrew.contracts.clock import SystemClock
from groundcrew.contracts.envelope import Envelope, ProducedBy, encode
from groundcrew.contracts.observations import SourceState
from groundcrew.contracts.streams import decode
from groundcrew.runtime.health import HealthBoard
from groundcrew.runtime.resources import Resources
from groundcrew.runtime.tasks import RootTasks
from groundcrew_host_collector.service import wire
from groundcrew_host_collector.settings import HostCollectorSection, Settings


@dataclass
class HeldBus:
    """Takes messages, unless told to refuse."""

    site: str = "demo"
    refuse: Exception | None = None
    tries: list[list[str]] = field(default_factory=list)
    taken: list[Envelope[Any]] = field(default_factory=list)

    async def publish_batch(self, envelopes: Sequence[Envelope[Any]]) -> None:
        self.tries.append([envelope.id for envelope in envelopes])
        if self.refuse is not None:
            raise self.refuse
        self.taken += [decode(encode(envelope)) for envelope in envelopes]

    def of(self, kind: str) -> list[Any]:
        return [envelope.data for envelope in self.taken if envelope.type == kind]

    @property
    def messages(self) -> list[str]:
        return [message for batch in self.of("observe.logs") for message in batch.messages]


@dataclass
class Running:
    bus: HeldBus
    health: HealthBoard
    tasks: RootTasks
    registry: CollectorRegistry


@pytest.fixture
async def run(tmp_path: Path) -> AsyncIterator[Any]:
    """Starts the collector with some settings over the test's folder; sources that are not named are off."""
    stack = AsyncExitStack()

    async def start(**settings: Any) -> Running:
        off = {"journal": "off", "kmsg": "off", "metrics": "off", "sar": "off", "services": "off", "files": []}
        off |= {"gpus": "off", "smart": "off"}
        section = HostCollectorSection(**(off | {"host": "web-1", "state_dir": tmp_path / "state"} | settings))
        clock, log = SystemClock(), structlog.get_logger()
        running = Running(HeldBus(), HealthBoard(clock), RootTasks(log), CollectorRegistry())
        stack.push_async_callback(running.tasks.close)
        resources = Resources(
            service="host-collector",
            site="demo",
            clock=clock,
            bus=running.bus,  # type: ignore[arg-type]
            stores=None,  # type: ignore[arg-type]
            registry=running.registry,
            log=log,
            health=running.health,
            tasks=running.tasks,
            stack=stack,
            produced_by=ProducedBy(service="host-collector", version="0"),
        )
        await wire(Settings(host_collector=section), resources)
        running.health.started()
        return running

    async with stack:
        yield start


async def until(condition: Any) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.01)


async def test_a_line_of_a_file_becomes_a_row_with_its_place(run: Any, tmp_path: Path) -> None:
    (tmp_path / "app.log").write_text("2026-03-04T02:00:00Z web-1 kernel: md0: disk failure\n")
    running = await run(files=[str(tmp_path / "*.log")], files_start="start")
    await until(lambda: running.bus.messages)

    envelope = next(e for e in running.bus.taken if e.type == "observe.logs")
    assert (envelope.site, envelope.entity, envelope.source) == ("demo", "host:web-1", f"file:{tmp_path}/app.log")
    assert envelope.data.messages == ["md0: disk failure"]
    assert envelope.data.positions[0].endswith(":0")


async def test_absent_sources_are_told_with_the_reason_and_do_not_make_it_unready(run: Any, tmp_path: Path) -> None:
    running = await run(
        journal="auto",
        journal_directory=tmp_path / "none",
        kmsg="on",
        kmsg_path=tmp_path / "kmsg",
        services="on",
        systemctl_path=str(tmp_path),
        files=[str(tmp_path / "*.log")],
    )
    await until(lambda: running.bus.of("observe.inventory"))

    sources = {source.name: source for source in running.bus.of("observe.inventory")[-1].sources}
    assert {name: source.state for name, source in sources.items()} == {
        "journal": SourceState.ABSENT,
        "files": SourceState.PRESENT,
        "kmsg": SourceState.ABSENT,
        "metrics": SourceState.ABSENT,
        "gpus": SourceState.ABSENT,
        "smart": SourceState.ABSENT,
        "sar": SourceState.ABSENT,
        "systemd": SourceState.ABSENT,
    }
    assert "no journal file in" in sources["journal"].detail
    assert sources["metrics"].detail == "switched off in the settings"
    report = await running.health.report()
    assert report.ready
    assert not report.checks["journal"].ok
    assert report.checks["journal"].detail.startswith("absent: ")


async def test_a_source_that_appears_later_is_found(run: Any, tmp_path: Path) -> None:
    running = await run(kmsg="on", kmsg_path=tmp_path / "kmsg", probe_s=0.05, since_s=1_000_000_000)
    await until(lambda: running.bus.of("observe.inventory"))
    (tmp_path / "kmsg").write_text("3,1,1,-;late but there\n")

    await until(lambda: running.bus.messages == ["late but there"])


async def test_files_are_left_to_the_journal_where_there_is_one(run: Any, tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    journal.mkdir()
    (journal / "system.journal").touch()
    program = tmp_path / "journalctl"
    program.write_text("#!/bin/sh\nexec sleep 60\n")
    program.chmod(0o755)

    running = await run(
        journal="auto", journal_program=str(program), journal_directory=journal, files=None, kmsg="auto"
    )
    await until(lambda: running.bus.of("observe.inventory"))

    sources = {source.name: source for source in running.bus.of("observe.inventory")[-1].sources}
    assert sources["journal"].state is SourceState.PRESENT
    assert sources["files"].detail == sources["kmsg"].detail == "the journal is followed instead"


async def test_a_journalctl_that_ends_is_reported_as_failing_with_its_words(run: Any, tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    journal.mkdir()
    (journal / "system.journal").touch()
    program = tmp_path / "journalctl"
    program.write_text("#!/bin/sh\necho 'Journal file is corrupt' >&2\nexit 3\n")
    program.chmod(0o755)

    running = await run(journal="on", journal_program=str(program), journal_directory=journal)

    def failing() -> bool:
        observed = running.bus.of("observe.inventory")
        return bool(observed) and any(s.state is SourceState.FAILING for s in observed[-1].sources)

    await until(failing)
    source = next(s for s in running.bus.of("observe.inventory")[-1].sources if s.name == "journal")
    assert source.detail == f"{program} ended with 3: Journal file is corrupt"


@pytest.mark.parametrize("refusal", [BusUnavailable("no answer"), StreamFull("OBSERVE is full")])
async def test_a_batch_that_is_not_taken_is_held_and_tried_again_unchanged(
    run: Any, tmp_path: Path, refusal: Exception
) -> None:
    log = tmp_path / "app.log"
    log.touch()
    running = await run(files=[str(log)])
    await until(lambda: running.bus.of("observe.inventory"))
    running.bus.tries.clear()
    running.bus.refuse = refusal
    with log.open("a") as file:
        file.write("one\n")
    await until(lambda: len(running.bus.tries) >= 2)
    with log.open("a") as file:
        file.write("two\n")
    running.bus.refuse = None
    await until(lambda: running.bus.messages == ["one", "two"])

    assert running.bus.tries[0] == running.bus.tries[1]


async def test_a_forbidden_subject_ends_the_service_with_the_reason(run: Any, tmp_path: Path) -> None:
    running = await run(files=[str(tmp_path / "*.log")], files_start="start")
    running.bus.refuse = PublishDenied("gc.demo.observe.inventory.host_3aweb-1")

    end = await asyncio.wait_for(running.tasks.ended(), 10)

    assert isinstance(end.error, PublishDenied)


async def test_metrics_come_as_one_batch_with_a_row_per_series(run: Any) -> None:
    running = await run(metrics="on", metrics_interval_s=1)
    await until(lambda: len(running.bus.of("observe.metrics")) >= 2)

    first, second = running.bus.of("observe.metrics")[:2]
    names = {series.name for series in first.series}
    assert {"cpu_percent", "memory_available_bytes", "load1"} <= names
    assert len(first) == len(first.series)
    assert second.times[0] - first.times[0] < 2_000_000


async def test_units_come_whole_first_and_then_when_they_change(run: Any, tmp_path: Path) -> None:
    state = tmp_path / "active"
    state.write_text("active")
    program = tmp_path / "systemctl"
    program.write_text(
        "#!/bin/sh\n"
        f'case $1 in list-units) printf \'[{{"unit":"a.service","load":"loaded","active":"%s","sub":"x"}},'
        f'{{"unit":"b.service","load":"loaded","active":"active","sub":"running"}}]\' "$(cat {state})";; esac\n'
    )
    program.chmod(0o755)
    running = await run(services="on", systemctl_path=str(tmp_path), services_interval_s=1)
    await until(lambda: running.bus.of("observe.services"))
    state.write_text("failed")
    await until(lambda: len(running.bus.of("observe.services")) >= 2)

    whole, change = running.bus.of("observe.services")[:2]
    assert whole.units == ["a.service", "b.service"]
    assert (change.units, change.active_states) == (["a.service"], ["failed"])
