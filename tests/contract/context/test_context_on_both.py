"""The context service does the same on the fakes and on real servers."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from groundcrew.bus.memory import MemoryBroker, MemoryBus
from groundcrew.bus.port import RequestFailed
from groundcrew.contracts.clock import VirtualClock
from groundcrew.contracts.inventory import InventoryHost
from groundcrew.contracts.queries import (
    EditInventory,
    Empty,
    Endpoints,
    IncidentCommand,
    IncidentQuery,
    IncidentsQuery,
    InventoryQuery,
    WindowQuery,
)
from groundcrew.stores.context.memory import MemoryContextStore

from .conftest import SITE, START, Station, log_lines, trigger

STORY = [
    trigger("n1", "psu.input_lost", "PS2", 0),
    trigger("n1", "gpu.fallen_off_bus", "GPU 0000:3b:00.0", 3),
    trigger("n2", "disk.failed", "sda", 10),
    trigger("n2", "raid.degraded", "md0", 12),
    trigger("n2", "software.failed", "a.service", 20),
    trigger("n2", "software.failed", "b.service", 21),
    trigger("n2", "filesystem.full", "/var", 22),
    *(trigger("n3", "fan.failed", "FAN1", 30 + i) for i in range(20)),
]


async def listed(bus):
    page = await bus.request(Endpoints.INCIDENTS, IncidentsQuery(limit=1_000))
    return sorted(page.items, key=lambda incident: incident.id)


async def expected():
    """The incidents of the story on the fakes, one handler at a time on a virtual clock."""
    clock = VirtualClock(START)
    broker = MemoryBroker(clock)

    async def connect(service):
        return MemoryBus(SITE, clock, service=service, broker=broker)

    async with AsyncExitStack() as stack:
        quiet = Station(connect, MemoryContextStore())
        await quiet.open()
        await quiet.start(stack)
        await quiet.bus.publish_batch(STORY)
        await broker.settle()
        return await listed(quiet.bus)


async def test_same_story_gives_equal_incidents(station):
    async with AsyncExitStack() as stack:
        await station.start(stack)
        await station.bus.publish_batch([*STORY, *STORY])
        wanted = await expected()

        async def done():
            return sum(i.trigger_count for i in await listed(station.bus)) >= sum(i.trigger_count for i in wanted)

        await station.until(done)
        assert await listed(station.bus) == wanted


async def test_trigger_in_evidence_window_and_history_out(station):
    async with AsyncExitStack() as stack:
        await station.start(stack)
        await station.bus.publish(trigger("n1", "disk.failed", "sda", 0))

        async def opened():
            return bool(await listed(station.bus))

        await station.until(opened)
        [incident] = await listed(station.bus)
        command = IncidentCommand(id=incident.id, command="acknowledge", actor="alex", text="on it")
        await station.bus.request(Endpoints.INCIDENT_COMMAND, command)
        detail = await station.bus.request(Endpoints.INCIDENT, IncidentQuery(id=incident.id))
        assert [e.text for e in detail.evidence] == ["disk.failed at sda"]
        assert [(h.revision, h.actor) for h in detail.history] == [(1, "fusion"), (2, "alex")]
        window = await station.bus.request(Endpoints.WINDOW, WindowQuery(incident_id=incident.id, budget_tokens=3_000))
        assert window.evidence_ids == [detail.evidence[0].id]


async def test_restart_in_mid_stream_records_every_line_once_and_keeps_the_incident(station):
    batches = [log_lines("n1", first, 100) for first in range(0, 2_000, 100)]
    async with AsyncExitStack() as first:
        await station.start(first)
        await station.bus.publish_batch(batches[:10])
        await station.bus.publish(trigger("n1", "disk.failed", "sda", 0))

        async def opened():
            return bool(await listed(station.bus))

        await station.until(opened)
    await station.bus.publish_batch(batches)
    await station.bus.publish(trigger("n1", "raid.degraded", "md0", 60))
    async with AsyncExitStack() as second:
        await station.start(second)

        async def stored():
            status = await station.bus.request(Endpoints.STATUS, Empty())
            return status.log_rows == 2_000 and (await listed(station.bus))[0].revision == 2

        await station.until(stored)
        [incident] = await listed(station.bus)
        assert incident.cause.id == "disk.failed"


async def test_inventory_is_edited_by_several_processes_and_nothing_is_lost(station, tmp_path):
    file = tmp_path / "inventory.toml"
    file.write_text('[[host]]\nname = "n0"\nrack = "r1"\n')
    async with AsyncExitStack() as stack:
        await station.start(stack, inventory_file=str(file))
        await station.start(stack, inventory_file=str(file), instance="two")

        def edit(number):
            change = EditInventory(actor=f"person-{number}", host=[InventoryHost(name=f"n{number}", rack="r2")])
            return station.bus.request(Endpoints.EDIT_INVENTORY, change)

        made = await asyncio.gather(*(edit(number) for number in range(1, 5)))
        assert sorted(one.revision for one in made) == [2, 3, 4, 5]

        async def told():
            inventory = await station.bus.request(Endpoints.INVENTORY, InventoryQuery())
            return {one.name for one in inventory.host} == {f"n{number}" for number in range(5)}

        await station.until(told)
        with pytest.raises(RequestFailed, match="edit it there"):
            await edit(0)
    async with AsyncExitStack() as again:
        await station.start(again, inventory_file=str(file))
        inventory = await station.bus.request(Endpoints.INVENTORY, InventoryQuery())
        assert (inventory.revision, [one.origin for one in inventory.host]) == (5, ["file", *["rest"] * 4])
