"""Two hundred BMCs on a clock of the test's own: a rack that hangs delays no other, and is asked less and less."""

import asyncio
import itertools
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
import structlog
from prometheus_client import CollectorRegistry

from groundcrew.contracts.clock import VirtualClock
from groundcrew.contracts.envelope import Envelope, ProducedBy
from groundcrew.contracts.inventory import Inventory, InventoryBmc, InventoryHost
from groundcrew.runtime.inventory import InventoryView
from groundcrew_ipmi_collector.fleet import Fleet
from groundcrew_ipmi_collector.observing import Observer
from groundcrew_ipmi_collector.outcome import Outcome
from groundcrew_ipmi_collector.reason import Reason
from groundcrew_ipmi_collector.settings import IpmiCollectorSection

T0 = datetime(2026, 3, 4, 2, tzinfo=UTC)
ANSWER_S, HANG_S = 0.1, 60.0


class Bus:
    site = "demo"

    def __init__(self) -> None:
        self.published: list[Envelope[Any]] = []

    async def publish_batch(self, envelopes: Sequence[Envelope[Any]]) -> None:
        self.published += envelopes


class Looked:
    """A poller of a BMC that answers or hangs; notes when it was asked, and how many are at once."""

    def __init__(self, entry: InventoryBmc, site: "Site") -> None:
        self.name = entry.name
        self.site = site
        self.outcome = Outcome()

    async def poll(self) -> None:
        site = self.site
        site.asked.setdefault(self.name, []).append(site.clock.monotonic())
        hangs = self.name in site.hanging
        site.open += 1
        site.most_open = max(site.most_open, site.open)
        try:
            await site.clock.sleep(HANG_S if hangs else ANSWER_S)
        finally:
            site.open -= 1
        self.outcome = Outcome(Reason.TIMEOUT, "the BMC does not answer", blind=True) if hangs else Outcome()
        site.observer.access.seen(self.name, self.outcome)

    async def rest(self, seconds: float) -> None:
        await self.site.clock.sleep(seconds)

    async def close(self) -> None:
        self.site.closed[self.name] += 1


class Site:
    def __init__(self, racks: int = 5, per_rack: int = 40) -> None:
        self.clock = VirtualClock(T0)
        self.bus = Bus()
        self.registry = CollectorRegistry()
        self.observer = Observer(
            self.bus,  # type: ignore[arg-type]
            clock=self.clock,
            produced_by=ProducedBy(service="ipmi-collector", version="0"),
            registry=self.registry,
            log=structlog.get_logger(),
        )
        self.asked: dict[str, list[float]] = {}
        self.hanging: set[str] = set()
        self.closed: Counter[str] = Counter()
        self.open = self.most_open = 0
        self.view = InventoryView(structlog.get_logger())
        self.fleet = Fleet(
            self.view,
            lambda entry, _turn: Looked(entry, self),
            section=IpmiCollectorSection(),
            observer=self.observer,
            clock=self.clock,
            log=structlog.wrap_logger(structlog.PrintLogger(), wrapper_class=structlog.make_filtering_bound_logger(50)),
            chance=lambda: 0.5,
        )
        names = [f"r{rack}-{number}" for rack in range(racks) for number in range(per_rack)]
        self.inventory = Inventory(
            revision=1,
            host=[InventoryHost(name=name, bmc=f"{name}-bmc", rack=name.partition("-")[0]) for name in names],
            bmc=[InventoryBmc(name=f"{name}-bmc", address=f"10.0.0.{at}") for at, name in enumerate(names)],
        )

    def rack(self, number: int) -> set[str]:
        return {entry.name for entry in self.inventory.bmc if entry.name.startswith(f"r{number}-")}

    async def run(self, seconds: float) -> None:
        """Let so much time pass, sleeper by sleeper."""
        end = self.clock.monotonic() + seconds
        while True:
            for _ in range(6):  # whoever was woken comes to its next sleep
                await asyncio.sleep(0)
            wake = self.clock.next_wake()
            if wake is None or (wake - T0).total_seconds() > end:
                break
            self.clock.advance_to(wake)

    async def use(self, inventory: Inventory) -> None:
        await self.view.changed("current", inventory.model_dump_json().encode())

    def gaps(self, names: set[str], since: float) -> list[float]:
        """Seconds between two looks at one of these BMCs."""
        found = []
        for name in names:
            times = [at for at in self.asked[name] if at >= since]
            found += [later - earlier for earlier, later in itertools.pairwise(times)]
        return found

    def told(self, entity: str) -> list[str]:
        return [one.data.facts["access"] for one in self.bus.published if one.entity == entity]

    def value(self, name: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(f"groundcrew_ipmi_collector_{name}", labels)


@pytest.fixture
async def site() -> Any:
    made = Site()
    await made.use(made.inventory)
    following = asyncio.create_task(made.fleet.follow())
    await made.run(120)
    yield made
    following.cancel()
    while not following.done():
        await made.run(1)
    await asyncio.gather(following, return_exceptions=True)


async def test_a_rack_of_forty_that_hangs_delays_none_of_the_other_hundred_and_sixty(site: Site):
    site.hanging = site.rack(2)
    since = site.clock.monotonic() - 31
    await site.run(1_800)
    others = {entry.name for entry in site.inventory.bmc} - site.hanging
    gaps = sorted(site.gaps(others, since))
    assert len(gaps) > 160 * 50
    assert gaps[-1] < 30 * 1.1, "the interval is kept within a tenth of it, always"


async def test_one_of_another_rack_that_stumbles_is_asked_again_at_once(site: Site):
    site.hanging = site.rack(2)
    await site.run(600)
    site.hanging |= {"r4-7-bmc"}
    begun = site.clock.monotonic()
    await site.run(95)
    site.hanging -= {"r4-7-bmc"}
    await site.run(150)
    times = [at for at in site.asked["r4-7-bmc"] if at >= begun]
    assert len(times) >= 3
    assert max(later - earlier for earlier, later in itertools.pairwise(times)) <= HANG_S + 31


async def test_who_hangs_is_asked_less_and_less_and_found_when_it_answers(site: Site):
    site.hanging = site.rack(2)
    await site.run(3_600)
    begun = site.clock.monotonic()
    await site.run(3_600)
    looks = sum(at >= begun for name in site.hanging for at in site.asked[name])
    assert looks <= 40 * 3_600 / 600
    assert site.value("breakers", state="open") == 40
    site.hanging = set()
    await site.run(900)
    assert site.value("breakers", state="open") == 0
    assert site.value("bmcs", state="answering") == 200


async def test_never_more_are_asked_at_once_than_there_are_places(site: Site):
    site.hanging = {entry.name for entry in site.inventory.bmc}
    await site.run(1_800)
    assert site.most_open <= 64 + 5 * 4


async def test_no_place_is_lost_however_racks_come_and_go(site: Site):
    for round_ in range(6):
        site.hanging = site.rack(round_ % 5)
        await site.run(200)
    site.hanging = set()
    await site.run(1_200)
    assert max(site.gaps({entry.name for entry in site.inventory.bmc}, site.clock.monotonic() - 200)) < 33
    fewer = site.inventory.model_copy(update={"revision": 2, "bmc": site.inventory.bmc[:100]})
    await site.use(fewer)
    await site.run(60)
    assert sum(site.closed.values()) == 100
    assert site.value("answered_timestamp_seconds", bmc="r4-7-bmc") is None
    assert site.value("answered_timestamp_seconds", bmc="r0-7-bmc") is not None
    assert site.told("bmc:r4-7-bmc") == ["left: the inventory does not name it any more"]
    await site.use(Inventory(revision=3))
    await site.run(60)
    assert (sum(site.closed.values()), site.open) == (200, 0)


async def test_a_rack_that_falls_silent_is_told_as_a_rack_and_the_whole_site_as_a_site(site: Site):
    assert set(site.told("rack:r2")) == {"answers"}
    site.hanging = site.rack(2)
    await site.run(600)
    assert site.told("rack:r2")[-1] == "silent: rack r2: 40 of 40 BMCs of rack r2 do not answer"
    assert site.told("site:demo")[-1] == "answers"
    outcome = Outcome(Reason.TIMEOUT, "the BMC does not answer", blind=True)
    assert site.observer.access.seen("r2-3-bmc", outcome) == "together: 40 of 40 BMCs of rack r2 do not answer"
    site.hanging = {entry.name for entry in site.inventory.bmc}
    await site.run(1_800)
    assert site.told("site:demo")[-1].startswith("silent: all racks of demo: ")
    assert site.told("rack:r3")[-1].startswith("together: "), "a rack is no fault of its own then"
    site.hanging = set()
    await site.run(1_500)
    assert {site.told(entity)[-1] for entity in ("site:demo", "rack:r2", "rack:r3")} == {"answers"}


async def test_a_few_silent_bmcs_of_a_rack_are_faults_of_their_own(site: Site):
    site.hanging = {"r1-0-bmc", "r1-1-bmc", "r1-2-bmc", "r1-3-bmc"}
    await site.run(900)
    assert set(site.told("rack:r1")) == {"answers"}
    outcome = Outcome(Reason.TIMEOUT, "the BMC does not answer", blind=True)
    assert site.observer.access.seen("r1-0-bmc", outcome) == "timeout: the BMC does not answer"
