"""The collector as a process, with BMCs over Redfish: one that hangs, kills in mid-look, an inventory that changes."""

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

import pytest
from tests.bmc.redfish.bmc import PASSWORD, USER, RedfishBmc
from tests.bmc.redfish.certificates import Certified
from tests.bmc.redfish.server import Served, threaded

from groundcrew.contracts.inventory import Inventory, InventoryBmc

COLLECTING = Path(__file__).parents[1] / "ipmi_collector" / "collecting.py"


@dataclass
class Watching:
    """A collector, its inventory and what it published."""

    folder: Path
    certificates: Certified
    protocol: str = "redfish"
    revision: int = 0

    def name(self, **bmcs: Served) -> None:
        """The inventory names these BMCs, by a write that is seen whole."""
        self.revision += 1
        listed = [
            InventoryBmc(
                name=name,
                address="127.0.0.1",
                port=9,  # nobody answers IPMI there
                redfish_port=served.port,
                protocol=self.protocol,
                user=USER,
                tls_ca=str(self.certificates.ca),
            )
            for name, served in bmcs.items()
        ]
        fresh = self.folder / "inventory.new"
        fresh.write_text(Inventory(revision=self.revision, bmc=listed).model_dump_json())
        fresh.replace(self.folder / "inventory.json")

    @contextmanager
    def running(self, ends_by: signal.Signals = signal.SIGKILL) -> Iterator[None]:
        section = {
            "state_dir": str(self.folder / "state"), "password": PASSWORD, "interval_s": 1, "sensors_interval_s": 1,
            "redfish_reply_s": 2, "backoff_s": 1,
        }  # fmt: skip
        said = self.folder / "said"
        with said.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, COLLECTING, json.dumps(section), self.folder / "inventory.json", self.store],
                stdout=output, stderr=output,
            )  # fmt: skip
        try:
            yield
            assert process.poll() is None, said.read_text()
        finally:
            process.send_signal(ends_by)
            process.wait(timeout=20)

    @property
    def store(self) -> Path:
        return self.folder / "store.jsonl"

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
            assert time.monotonic() < deadline, f"{complaint}: {(self.folder / 'said').read_text()[-2_000:]}"
            time.sleep(0.05)


@pytest.fixture
def watching(tmp_path: Path, certificates: Certified) -> Watching:
    folder = tmp_path / "collector"
    folder.mkdir()
    return Watching(folder, certificates)


@pytest.fixture
def served(bmc: RedfishBmc, certificates: Certified) -> Iterator[Served]:
    with threaded(bmc, certificates.context) as running:
        yield running


def test_a_bmc_that_hangs_holds_up_no_other(
    bmc: RedfishBmc, served: Served, watching: Watching, certificates: Certified
):
    hanging = RedfishBmc(name="hangs", hangs=True, uuid="2" * 32)
    with threaded(hanging, certificates.context) as other:
        watching.name(hangs=other, works=served)
        with watching.running():
            watching.until(lambda: watching.state("hangs") == "failing", "it is not told that it hangs")
            bmc.add(3)
            watching.until(lambda: len(watching.records("works")) == 3, "the other one is not read")
            hanging.hangs = False
            hanging.add(2)
            watching.until(lambda: len(watching.records("hangs")) == 2, "it is not read on")


def test_a_bmc_that_leaves_the_inventory_is_logged_out_from(bmc: RedfishBmc, served: Served, watching: Watching):
    watching.name(one=served)
    with watching.running():
        watching.until(lambda: bmc.sessions, "there is no session")
        watching.name()
        watching.until(lambda: not bmc.sessions, "the session stays")
    assert bmc.opened == 1


def test_a_bmc_that_offers_redfish_is_read_over_it_by_itself(bmc: RedfishBmc, served: Served, watching: Watching):
    watching.protocol = "auto"
    bmc.add(2)
    watching.name(one=served)
    with watching.running():
        watching.until(lambda: watching.state("one") == "present", "it is not read")
    assert len(watching.records("one")) == 2
    assert watching.published("observe.inventory", "one")[-1]["data"]["facts"]["protocol"] == "redfish"


@pytest.mark.chaos
def test_killed_in_mid_look_each_record_is_stored_once_with_one_time(
    bmc: RedfishBmc, served: Served, watching: Watching
):
    chance = random.Random(11)
    watching.name(one=served)
    for life in range(6):
        bmc.add(40)
        before = len(watching.published("observe.sel", "one"))
        with watching.running():
            if life == 5:
                watching.until(lambda: len(watching.records("one")) >= 240, "not all records were published")
            elif life % 2:
                watching.until(lambda known=before: len(watching.published("observe.sel", "one")) > known, "nothing")
            else:
                watching.until(lambda: bmc.connections, "it is not looked at")
                time.sleep(chance.uniform(0, 0.2))

    records = watching.records("one")
    assert all(len(said) == 1 for said in records.values()), "a record that was published again is the same record"
    assert sorted(next(iter(said))[0] for said in records.values()) == list(range(1, 241))
    assert len(bmc.sessions) <= 2, "of the killed ones none is left but the last two"
