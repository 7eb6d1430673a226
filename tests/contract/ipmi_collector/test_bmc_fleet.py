"""The collector as a process: killed in mid-poll, with a BMC that hangs, with an inventory that changes."""

import json
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from groundcrew.contracts.inventory import Inventory, InventoryBmc, InventoryHost

from .simulated_bmc import PASSWORD, USER, SimulatedBmc, simulated

COLLECTING = Path(__file__).with_name("collecting.py")


@dataclass
class Watching:
    """A collector, its inventory and what it published."""

    folder: Path
    backend: str = "ipmitool"
    revision: int = 0
    process: subprocess.Popen[bytes] | None = None

    @property
    def store(self) -> Path:
        return self.folder / "store.jsonl"

    def name(self, **bmcs: SimulatedBmc) -> None:
        """The inventory names these BMCs, by a write that is seen whole."""
        self.revision += 1
        inventory = Inventory(
            revision=self.revision,
            host=[InventoryHost(name="node-1")],
            bmc=[InventoryBmc(name=name, address="127.0.0.1", port=bmc.port, user=USER) for name, bmc in bmcs.items()],
        )
        fresh = self.folder / "inventory.new"
        fresh.write_text(inventory.model_dump_json())
        fresh.replace(self.folder / "inventory.json")

    @contextmanager
    def running(self) -> Iterator[None]:
        """A collector, killed at the end of the block."""
        section = {
            "state_dir": str(self.folder / "state"),
            "password": PASSWORD,
            "backend": self.backend,
            "interval_s": 1,
            "sensors_interval_s": 1,
            "tries": 1,
            "session_s": 10,
        }
        said = self.folder / "said"
        with said.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, COLLECTING, json.dumps(section), self.folder / "inventory.json", self.store],
                stdout=output, stderr=output,
            )  # fmt: skip
        try:
            yield
            assert self.process.poll() is None, said.read_text()
        finally:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()

    def published(self, kind: str, bmc: str) -> list[dict[str, Any]]:
        """Messages that were stored whole; a kill may leave a torn line, which no server would have acknowledged."""
        found = []
        for line in self.store.read_bytes().splitlines() if self.store.exists() else []:
            try:
                envelope = json.loads(line)
            except ValueError:
                continue
            if (envelope["type"], envelope["entity"]) == (kind, f"bmc:{bmc}"):
                found.append(envelope)
        return found

    def records(self, bmc: str) -> dict[str, set[tuple[int, int, str]]]:
        """What was said of each record's id: number, time and text."""
        said: dict[str, set[tuple[int, int, str]]] = {}
        for envelope in self.published("observe.sel", bmc):
            data = envelope["data"]
            for row in zip(data["ids"], data["record_ids"], data["times"], data["texts"], strict=True):
                said.setdefault(row[0], set()).add(row[1:])
        return said

    def state(self, bmc: str) -> str:
        told = self.published("observe.inventory", bmc)
        return told[-1]["data"]["sources"][0]["state"] if told else ""

    def until(self, condition: Callable[[], object], complaint: str) -> None:
        deadline = time.monotonic() + 60
        while not condition():
            assert self.process is None or self.process.poll() is None, (self.folder / "said").read_text()
            assert time.monotonic() < deadline, complaint
            time.sleep(0.05)


@pytest.fixture
def watching(tmp_path: Path, backend: str) -> Watching:
    folder = tmp_path / "collector"
    folder.mkdir()
    return Watching(folder, backend)


@pytest.fixture
def bmc(tmp_path: Path) -> Iterator[SimulatedBmc]:
    with simulated(tmp_path / "bmc") as running:
        yield running


@pytest.mark.chaos
def test_killed_in_mid_poll_each_record_is_stored_once_with_one_time(bmc: SimulatedBmc, watching: Watching):
    chance = random.Random(11)
    watching.name(one=bmc)
    for life in range(5):
        bmc.add_records(40, start=40 * life)
        before = len(watching.published("observe.sel", "one"))
        with watching.running():
            if life == 4:
                watching.until(lambda: len(watching.records("one")) >= 200, "not all records were published")
            elif life % 2:
                watching.until(lambda known=before: len(watching.published("observe.sel", "one")) > known, "nothing")
            else:
                said = len(watching.published("observe.inventory", "one"))
                watching.until(
                    lambda known=said: len(watching.published("observe.inventory", "one")) > known, "nothing"
                )
                time.sleep(chance.uniform(0, 1.3))

    records = watching.records("one")

    assert all(len(said) == 1 for said in records.values()), "a record that was published again is the same record"
    assert sorted(next(iter(said))[0] for said in records.values()) == list(range(1, 201))


@pytest.mark.chaos
@pytest.mark.parametrize("backend", ["ipmitool"])
def test_no_ipmitool_outlives_a_killed_collector(bmc: SimulatedBmc, watching: Watching):
    watching.name(one=bmc)
    bmc.freeze()
    with watching.running():
        assert watching.process is not None
        collector = psutil.Process(watching.process.pid)
        watching.until(lambda: collector.children(), "ipmitool was not started")
        children = collector.children()
    _, alive = psutil.wait_procs(children, timeout=20)
    bmc.thaw()
    assert not alive


def test_a_bmc_that_hangs_holds_up_no_other(bmc: SimulatedBmc, watching: Watching, tmp_path: Path):
    with simulated(tmp_path / "hanging") as hanging:
        watching.name(hangs=hanging, works=bmc)
        hanging.freeze()
        with watching.running():
            watching.until(lambda: watching.state("hangs") == "failing", "it is not told that it hangs")
            bmc.add_records(3)
            watching.until(lambda: len(watching.records("works")) == 3, "the other one is not read")
            assert not watching.records("hangs")
            hanging.thaw()
            hanging.add_records(2)
            watching.until(lambda: len(watching.records("hangs")) == 2, "it is not read on")


def test_bmcs_come_and_go_with_the_inventory_without_a_restart(bmc: SimulatedBmc, watching: Watching, tmp_path: Path):
    watching.name()
    with simulated(tmp_path / "other") as other, watching.running():
        watching.name(one=bmc)
        watching.until(lambda: watching.state("one") == "present", "the first is not read")
        watching.name(two=other)
        watching.until(lambda: watching.state("two") == "present", "the second is not read")
        told = len(watching.published("observe.inventory", "one"))
        more = len(watching.published("observe.inventory", "two")) + 2
        watching.until(lambda: len(watching.published("observe.inventory", "two")) >= more, "it is read once only")
        assert len(watching.published("observe.inventory", "one")) <= told + 1, "the first is left alone now"


@pytest.mark.parametrize("backend", ["ipmitool"])
def test_one_bmc_under_two_names_never_has_two_sessions_at_once(bmc: SimulatedBmc, watching: Watching):
    watching.name(one=bmc, same=bmc)
    with watching.running():
        assert watching.process is not None
        collector = psutil.Process(watching.process.pid)
        most = 0

        def both_read() -> bool:
            nonlocal most
            most = max(most, len(collector.children()))
            return all(len(watching.published("observe.sensors", name)) >= 2 for name in ("one", "same"))

        watching.until(both_read, "they are not read")
    assert most == 1
