"""A BMC hangs: one incident names it and not its host. It answers: resolved. A rack's switch dies: one incident again.

The collector's own fleet and pollers, and trigger and context as replay wires them, all on one clock.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog
from prometheus_client import CollectorRegistry

from groundcrew.bus.memory import MemoryBus
from groundcrew.bus.memory_broker import MemoryBroker
from groundcrew.contracts.clock import VirtualClock
from groundcrew.contracts.envelope import ProducedBy
from groundcrew.contracts.incidents import Incident
from groundcrew.contracts.inventory import Inventory, InventoryBmc, InventoryHost
from groundcrew.contracts.queries import Endpoints, IncidentsQuery
from groundcrew.runtime.inventory import InventoryView
from groundcrew_embedded.rehearsal import rehearse
from groundcrew_ipmi_collector.fleet import Fleet
from groundcrew_ipmi_collector.ledger import Ledger
from groundcrew_ipmi_collector.look import Look
from groundcrew_ipmi_collector.observing import Observer
from groundcrew_ipmi_collector.poller import Poller
from groundcrew_ipmi_collector.reason import IpmiFailed, Reason
from groundcrew_ipmi_collector.settings import IpmiCollectorSection

T0 = datetime(2026, 3, 4, 2, tzinfo=UTC)
TEXTS = {Reason.TIMEOUT: "the BMC does not answer", Reason.CREDENTIALS: "the BMC refuses user or password"}


class Wire:
    """What comes back from a BMC: nothing, a refusal, or that it is well."""

    suite = 17

    def __init__(self, name: str, failing: dict[str, Reason]) -> None:
        self._name = name
        self._failing = failing

    async def look(self, *, who: bool) -> Look:
        if (reason := self._failing.get(self._name)) is not None:
            raise IpmiFailed(reason, TEXTS[reason])
        return Look(guid_known=who)

    async def sensors(self) -> list[Any]:
        return []

    async def close(self) -> None:
        pass


class Room:
    def __init__(self, clock: VirtualClock, broker: MemoryBroker) -> None:
        self.clock = clock
        self.broker = broker
        self.failing: dict[str, Reason] = {}

    async def passes(self, minutes: float) -> None:
        for _ in range(round(minutes * 6)):
            self.clock.advance_to(self.clock.now() + timedelta(seconds=10))
            for _ in range(8):
                await asyncio.sleep(0)
            await self.broker.settle()

    async def incidents(self) -> list[Incident]:
        bus = MemoryBus("demo", self.clock, service="gateway", broker=self.broker)
        return (await bus.request(Endpoints.INCIDENTS, IncidentsQuery(limit=200))).items


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    clock = VirtualClock(T0)
    broker = MemoryBroker(clock)
    names = [f"r{rack}-{number}" for rack in range(3) for number in range(10)]
    inventory = Inventory(
        revision=1,
        host=[InventoryHost(name=name, bmc=f"{name}-bmc", rack=name[:2]) for name in names],
        bmc=[InventoryBmc(name=f"{name}-bmc", address=f"10.0.0.{at}") for at, name in enumerate(names)],
    )
    section = IpmiCollectorSection(state_dir=tmp_path)
    ledger = Ledger(section.state_dir)
    ledger.open()
    silent = structlog.wrap_logger(structlog.PrintLogger(), wrapper_class=structlog.make_filtering_bound_logger(50))
    observer = Observer(
        MemoryBus("demo", clock, service="ipmi-collector", broker=broker),
        clock=clock,
        produced_by=ProducedBy(service="ipmi-collector", version="0"),
        registry=CollectorRegistry(),
        log=silent,
    )
    async with AsyncExitStack() as stack:
        await rehearse(stack, broker, clock, inventory, "demo")
        made = Room(clock, broker)

        def poller(entry: InventoryBmc, _turn: Any) -> Poller:
            return Poller(
                entity=f"bmc:{entry.name}",
                backend=Wire(entry.name, made.failing),  # type: ignore[arg-type]
                section=section,
                observer=observer,
                ledger=ledger,
                clock=clock,
            )

        view = InventoryView(silent)
        fleet = Fleet(view, poller, section=section, observer=observer, clock=clock, log=silent, chance=lambda: 0.5)
        await view.changed("current", inventory.model_dump_json().encode())
        following = asyncio.create_task(fleet.follow())
        await made.passes(2)
        yield made
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)


async def test_a_bmc_that_hangs_is_one_incident_that_names_it_and_resolves_when_it_answers(room: Room):
    room.failing["r1-4-bmc"] = Reason.TIMEOUT
    await room.passes(2)
    assert await room.incidents() == [], "not before it is confirmed"
    await room.passes(5)
    [incident] = await room.incidents()
    assert (incident.cause.id, incident.cause.component_class, incident.cause.component) == (
        "bmc.unreachable", "bmc", "r1-4-bmc",
    )  # fmt: skip
    assert (incident.entity, incident.severity.value, incident.state.value) == ("bmc:r1-4-bmc", "warning", "open")
    room.failing.clear()
    await room.passes(20)
    [incident] = await room.incidents()
    assert incident.state.value == "resolved"


async def test_a_wrong_password_is_an_incident_of_another_kind(room: Room):
    room.failing["r1-4-bmc"] = Reason.CREDENTIALS
    await room.passes(5)
    [incident] = await room.incidents()
    assert (incident.cause.id, incident.cause.component) == ("bmc.access_denied", "r1-4-bmc")


async def test_a_rack_that_falls_silent_is_one_incident_and_so_is_the_site(room: Room):
    room.failing |= {f"r2-{number}-bmc": Reason.TIMEOUT for number in range(10)}
    await room.passes(15)
    [incident] = await room.incidents()
    assert (incident.cause.entry, incident.entity) == ("bmc.network_lost", "rack:r2")
    assert incident.title == "The BMCs of rack r2 do not answer"
    room.failing.clear()
    await room.passes(30)
    [incident] = await room.incidents()
    assert incident.state.value == "resolved"

    room.failing |= {f"r{rack}-{number}-bmc": Reason.TIMEOUT for rack in range(3) for number in range(10)}
    await room.passes(15)
    live = [one for one in await room.incidents() if one.state.value == "open"]
    assert [(one.cause.entry, one.entity) for one in live] == [("bmc.network_lost", "site:demo")]
