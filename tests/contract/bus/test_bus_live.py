"""Live views, ticks, and the end of a bus."""

import asyncio
import itertools
from dataclasses import replace

import pytest

from groundcrew.bus.port import BusError, PublishDenied
from groundcrew.contracts.streams import Durables, stream

from .conftest import Harness, granted, logged, until


async def test_a_tap_sees_messages_of_its_filter(harness: Harness):
    gateway, actions = await harness.bus("gateway"), await harness.bus("actions")
    collector = await harness.bus("host-collector")
    seen = []

    async def view(envelope):
        seen.append(envelope.type)

    tap = await gateway.tap("gc.demo.action.>", view)
    await collector.publish(logged("web-1", 1))
    await actions.publish(granted("web-1"))
    await until(lambda: seen == ["action.granted"])
    await tap.stop()
    await actions.publish(granted("web-2"))
    await asyncio.sleep(0.1)
    assert seen == ["action.granted"]


async def test_a_tap_that_is_too_slow_drops_and_counts(harness: Harness):
    bus = await harness.bus()
    go = asyncio.Event()
    seen = []

    async def slow(envelope):
        seen.append(int(envelope.position))
        await go.wait()

    def dropped() -> float:
        return harness.registry.get_sample_value("groundcrew_bus_tap_dropped_total", {"service": "admin"}) or 0

    await bus.tap("gc.demo.observe.>", slow)
    await bus.publish_batch([logged("web-1", number) for number in range(1_300)])
    await until(lambda: dropped() >= 275)
    go.set()
    await until(lambda: len(seen) + dropped() == 1_300)
    assert seen == list(range(len(seen)))


async def test_a_tap_outlives_an_error_of_its_view(harness: Harness):
    bus = await harness.bus()
    seen = []

    async def view(envelope):
        seen.append(envelope.position)
        if envelope.position == "1":
            raise RuntimeError("browser left")

    await bus.tap("gc.demo.observe.logs.*", view)
    await bus.publish(logged("web-1", 1))
    await bus.publish(logged("web-1", 2))
    await until(lambda: seen == ["1", "2"])


async def test_ticks_come_at_their_pace_with_ids_of_their_own(harness: Harness):
    review = await harness.bus("review")
    ticks = []

    async def on_tick(delivery):
        ticks.append(delivery.envelope)

    await review.consume(Durables.REVIEW_TICK, on_tick)
    await review.schedule("review", 1)
    await review.schedule("review", 1)
    await until(lambda: len(ticks) >= 3)
    assert {tick.data.name for tick in ticks} == {"review"}
    assert len({tick.id for tick in ticks}) == len(ticks)
    gaps = [(b.time - a.time).total_seconds() for a, b in itertools.pairwise(ticks)]
    assert all(0.5 < gap < 2.5 for gap in gaps), gaps


async def test_a_schedule_outlives_the_age_at_which_its_ticks_are_forgotten(harness: Harness):
    bus = await harness.bus(streams=[replace(stream("TICK"), max_age_s=1, duplicate_window_s=1)])
    ticks = []

    async def on_tick(delivery):
        ticks.append(delivery.envelope.id)

    await bus.consume(Durables.REVIEW_TICK, on_tick)
    await bus.schedule("review", 1)
    await asyncio.sleep(2.5)
    ticks.clear()
    await until(lambda: len(ticks) >= 1, seconds=4)


async def test_who_is_not_of_the_table_may_not_schedule(harness: Harness):
    trigger = await harness.bus("trigger")
    with pytest.raises(PublishDenied):
        await trigger.schedule("review", 1)


async def test_closing_lets_handlers_finish(harness: Harness):
    bus = await harness.bus()
    done = []
    started = asyncio.Event()

    async def slow(delivery):
        started.set()
        await asyncio.sleep(0.3)
        done.append(delivery.envelope.position)

    await bus.consume(Durables.RECORD, slow)
    await bus.publish(logged("web-1", 1))
    await asyncio.wait_for(started.wait(), 5)
    await bus.ping()
    await bus.close()
    assert done == ["1"]
    with pytest.raises(BusError):
        await bus.ping()
