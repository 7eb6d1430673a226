"""The context service does the same on the fakes and on real servers."""

import asyncio
from contextlib import AsyncExitStack
from datetime import datetime, timedelta

import pytest

from groundcrew.bus.memory import MemoryBroker, MemoryBus
from groundcrew.bus.port import RequestFailed
from groundcrew.contracts.clock import SystemClock, VirtualClock, to_us
from groundcrew.contracts.identity import stable_id
from groundcrew.contracts.inventory import InventoryHost
from groundcrew.contracts.observations import MetricBatch, MetricSeries
from groundcrew.contracts.queries import (
    EditInventory,
    Empty,
    Endpoints,
    HostsQuery,
    IncidentCommand,
    IncidentQuery,
    IncidentsQuery,
    InventoryQuery,
    MetricsQuery,
    WindowQuery,
)
from groundcrew.stores.context.memory import MemoryContextStore

from .conftest import SITE, START, Station, log_lines, sealed, trigger

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


async def test_history_joins_the_series_that_live_metrics_are_in_and_nothing_doubles(station):
    now = SystemClock().now().replace(microsecond=0)

    def batch(position, history, *rows):
        data = MetricBatch(
            series=[MetricSeries(name="load1")],
            series_index=[0] * len(rows),
            times=[to_us(now - timedelta(minutes=minutes)) for minutes, _ in rows],
            values=[value for _, value in rows],
            history=history,
        )
        return sealed(data, "n1", stable_id("metrics", position), now)

    old = [(minutes, float(minutes % 1_440)) for minutes in range(14 * 1_440, 13 * 1_440, -10)]
    async with AsyncExitStack() as stack:
        await station.start(stack)
        await station.bus.publish(batch("live", False, (1, 7.0)))
        await station.bus.publish(batch("sar 1", True, *old[:100]))
        # after a crash what was sent comes again in other batches
        await station.bus.publish_batch([batch("sar 2", True, *old[50:]), batch("sar 3", True, (20, 3.0))])

        async def series():
            query = MetricsQuery(host="n1", name="load1", since=now - timedelta(days=15), until=now, step_s=86_400)
            return (await station.bus.request(Endpoints.METRICS, query)).series

        async def stored():
            found = await series()
            return bool(found) and 3.0 in found[0].minima

        await station.until(stored)
        [points] = await series()
        days: dict[datetime, list[float]] = {}
        for minutes, value in [*old, (20, 3.0), (1, 7.0)]:
            day = (now - timedelta(minutes=minutes)).replace(hour=0, minute=0, second=0)
            days.setdefault(day, []).append(value)
        assert points.times == sorted(days)
        assert points.averages == pytest.approx([sum(days[day]) / len(days[day]) for day in sorted(days)])
        [host] = (await station.bus.request(Endpoints.HOSTS, HostsQuery(name="n1"))).items
        assert host.latest == {"load1": 7.0}, "what is shown as now is what is newest"
