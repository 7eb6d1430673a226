"""Changed packs are judged by without a restart; a mistake in one changes nothing and is told."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import structlog
from prometheus_client import CollectorRegistry

from groundcrew.contracts.clock import VirtualClock, to_us
from groundcrew.contracts.envelope import Envelope, ProducedBy, seal
from groundcrew.contracts.identity import stable_id
from groundcrew.contracts.observations import LogBatch
from groundcrew.diagnosis.detector import Detector
from groundcrew.runtime.packs import Packs
from groundcrew_trigger.metrics import TriggerMetrics
from groundcrew_trigger.pack_files import LOOK_S, PackFiles, follow
from groundcrew_trigger.settings import TriggerSection

WHEN = datetime(2026, 3, 4, 2, 0, tzinfo=UTC)


def rule(pattern: str, extra: str = "") -> str:
    return f"""
[[rule]]
id = "site.door"
title = "Door"
severity = "warning"
causes = ["unknown"]
component_class = "chassis"
patterns = ['{pattern}']
examples = [{{ text = "door open" }}]
meaning = "Open."
steps = ["Look."]
{extra}
"""


def lines(number: int, *texts: str) -> Envelope[LogBatch]:
    count = len(texts)
    data = LogBatch(
        ids=[stable_id(number, n) for n in range(count)],
        times=[to_us(WHEN + timedelta(seconds=60 * number + n)) for n in range(count)],
        priorities=[4] * count,
        identifiers=["doord"] * count,
        units=[""] * count,
        transports=["journal"] * count,
        boot_ids=[""] * count,
        positions=[f"{number}.{n}" for n in range(count)],
        messages=list(texts),
    )
    return seal(
        data, id=stable_id("batch", number), site="demo", entity="host:n1", time=WHEN, received_at=WHEN,
        source="journal", position=str(number), produced_by=ProducedBy(service="host-collector", version="1"),
    )  # fmt: skip


class Desk:
    """A detector that follows a folder, on a clock that the test moves."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = VirtualClock(WHEN)
        self.registry = CollectorRegistry()
        self.files = PackFiles(TriggerSection(packs=str(folder)))
        self.detector = self.build(self.files.load())
        self.adopted: list[str] = []

    @staticmethod
    def build(packs: Packs) -> Detector:
        return Detector(packs.knowledge)

    def adopt(self, packs: Packs, detector: Detector) -> None:
        self.adopted.append(packs.digest)
        self.detector.adopt(detector)

    def start(self) -> asyncio.Task[None]:
        log = structlog.wrap_logger(
            structlog.ReturnLogger(), wrapper_class=structlog.make_filtering_bound_logger("critical")
        )
        return asyncio.create_task(
            follow(
                self.files, build=self.build, adopt=self.adopt, clock=self.clock,
                metrics=TriggerMetrics(self.registry), log=log,
            )
        )  # fmt: skip

    async def looks(self, number: int) -> None:
        """Let so many looks happen; each reads files in a thread."""
        for _ in range(number):
            await self._sleeping()
            self.clock.advance_to(self.clock.now() + timedelta(seconds=LOOK_S))
        await self._sleeping()

    async def _sleeping(self) -> None:
        while self.clock.next_wake() is None:
            await asyncio.sleep(0.001)

    def fired(self, number: int, text: str) -> list[str]:
        return [draft.data.rule_id for draft in self.detector.observe(lines(number, text))]

    @property
    def refused(self) -> float | None:
        return self.registry.get_sample_value("groundcrew_trigger_packs_refused_total")


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    (tmp_path / "rules-site.toml").write_text(rule("door open"))
    made = Desk(tmp_path)
    task = made.start()
    yield made
    task.cancel()


async def test_a_changed_rule_is_judged_by_within_two_looks(desk: Desk) -> None:
    await desk.looks(1)
    (desk.folder / "rules-site.toml").write_text(rule("door ajar"))
    await desk.looks(2)
    assert desk.fired(1, "door open") == []
    assert desk.fired(2, "door ajar") == ["site.door"]
    assert len(desk.adopted) == 1


async def test_a_new_file_and_a_removed_one_are_taken_up(desk: Desk) -> None:
    await desk.looks(1)
    (desk.folder / "rules-site.toml").rename(desk.folder / "rules-other.toml")
    (desk.folder / "rules-gate.toml").write_text(rule("gate open").replace("site.door", "site.gate"))
    await desk.looks(2)
    assert desk.fired(1, "gate open") == ["site.gate"]
    (desk.folder / "rules-gate.toml").unlink()
    await desk.looks(2)
    assert desk.fired(2, "gate open") == []


async def test_a_mistake_is_told_and_the_rules_from_before_stay(desk: Desk) -> None:
    await desk.looks(1)
    (desk.folder / "rules-site.toml").write_text(rule("door (open"))
    await desk.looks(2)
    assert "rule site.door: " in desk.files.problem
    assert desk.refused == 1
    assert desk.fired(1, "door open") == ["site.door"]
    (desk.folder / "rules-site.toml").write_text(rule("door ajar"))
    await desk.looks(2)
    assert desk.files.problem == ""
    assert desk.fired(9, "door ajar") == ["site.door"]  # after the debounce of what was told


async def test_a_file_that_is_still_being_written_is_left_alone(desk: Desk) -> None:
    await desk.looks(1)
    path = desk.folder / "rules-site.toml"
    for step in range(4):
        path.write_text(rule("door ajar") + "#" * step)
        await desk.looks(1)
        assert desk.adopted == []
    await desk.looks(1)
    assert len(desk.adopted) == 1


async def test_what_is_held_of_a_host_outlives_the_change(desk: Desk) -> None:
    await desk.looks(1)
    assert desk.fired(1, "door open") == ["site.door"]
    (desk.folder / "thresholds-site.toml").write_text("")
    (desk.folder / "rules-more.toml").write_text(rule("gate open").replace("site.door", "site.gate"))
    await desk.looks(2)
    assert desk.fired(2, "door open") == []  # within the debounce of what was told before the change


async def test_what_waits_for_a_rule_that_is_gone_is_dropped(desk: Desk) -> None:
    (desk.folder / "rules-site.toml").write_text(rule("door open", "confirm_s = 30"))
    await desk.looks(2)
    assert desk.fired(1, "door open") == []
    assert desk.detector.due_us("host:n1") is not None
    (desk.folder / "rules-site.toml").write_text("")
    await desk.looks(2)
    assert desk.fired(2, "all is well") == []
    assert desk.detector.due_us("host:n1") is None
