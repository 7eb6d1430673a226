"""Publishing: what is stored once, what is refused, and how the publisher is told."""

import asyncio
from dataclasses import replace

import pytest

from groundcrew.bus.port import PublishDenied, StreamFull
from groundcrew.contracts.streams import Durables, stream

from .conftest import Harness, granted, logged, until


async def test_the_same_id_is_stored_once(harness: Harness):
    bus = await harness.bus()
    seen = []

    async def record(delivery):
        seen.append(delivery.envelope.position)

    await bus.publish(logged("web-1", 1))
    await bus.publish(logged("web-1", 1))
    await bus.publish_batch([logged("web-1", 1), logged("web-1", 2)])
    await bus.consume(Durables.RECORD, record)
    await until(lambda: len(seen) == 2)
    await asyncio.sleep(0.1)
    assert seen == ["1", "2"]


async def test_outside_its_window_an_id_is_stored_again(harness: Harness):
    bus = await harness.bus(streams=[replace(stream("OBSERVE"), duplicate_window_s=0.3)])
    seen = []

    async def record(delivery):
        seen.append(delivery.sequence)

    await bus.consume(Durables.RECORD, record)
    await bus.publish(logged("web-1", 1))
    await asyncio.sleep(0.8)
    await bus.publish(logged("web-1", 1))
    await until(lambda: len(seen) == 2)
    assert seen == [1, 2]


async def test_a_batch_arrives_in_order(harness: Harness):
    bus = await harness.bus()
    seen = []

    async def record(delivery):
        seen.append(int(delivery.envelope.position))

    await bus.consume(Durables.RECORD, record)
    await bus.publish_batch([logged("web-1", number) for number in range(1_500)])
    await until(lambda: len(seen) == 1_500)
    assert seen == list(range(1_500))


async def test_observations_wait_for_consumers_that_have_never_run(harness: Harness):
    collector = await harness.bus("host-collector")
    await collector.publish(logged("web-1", 1))
    context = await harness.bus("context")
    seen = []

    async def record(delivery):
        seen.append(delivery.envelope.position)

    await context.consume(Durables.RECORD, record)
    await until(lambda: seen == ["1"])


async def test_observations_are_forgotten_when_every_durable_has_them(harness: Harness):
    bus = await harness.bus()
    done = []

    async def note(_delivery):
        done.append(1)

    await bus.publish(logged("web-1", 1))
    await bus.consume(Durables.RECORD, note)
    await until(lambda: len(done) == 1)
    await asyncio.sleep(0.1)
    assert len(await harness.stored("OBSERVE")) == 1
    await bus.consume(Durables.TRIGGER, note)
    await until(lambda: len(done) == 2)
    await asyncio.sleep(0.1)
    assert await harness.stored("OBSERVE") == []


async def test_grants_stay_for_a_runner_that_comes_later(harness: Harness):
    bus = await harness.bus()
    await bus.publish(granted("web-1"))
    seen = []

    async def run(delivery):
        seen.append(delivery.data.action_id)

    await bus.consume(Durables.RUNNER, run, entity="host:web-1")
    await until(lambda: len(seen) == 1)
    assert len(await harness.stored("ACTION")) == 1


async def test_a_full_stream_refuses_and_takes_again_once_consumers_catch_up(harness: Harness):
    bus = await harness.bus(streams=[replace(stream("OBSERVE"), max_bytes=40_000)])
    with pytest.raises(StreamFull):
        await bus.publish_batch([logged("web-1", number, text="x" * 1_000) for number in range(100)])
    stored = len(await harness.stored("OBSERVE"))
    assert 5 < stored < 40
    seen = []

    async def note(delivery):
        seen.append(delivery.envelope.position)

    await bus.consume(Durables.RECORD, note)
    await bus.consume(Durables.TRIGGER, note)
    await until(lambda: len(seen) == 2 * stored)
    await asyncio.sleep(0.2)
    await bus.publish(logged("web-1", 1_000))
    await until(lambda: len(seen) == 2 * stored + 2)


async def test_nothing_is_stored_before_what_precedes_it_when_a_batch_is_partly_refused(harness: Harness):
    bus = await harness.bus(streams=[replace(stream("OBSERVE"), max_bytes=20_000)])
    long, short = "x" * 3_000, "y"
    batch = [logged("web-1", number, text=short if number % 8 == 7 else long) for number in range(16)]
    with pytest.raises(StreamFull):
        await bus.publish_batch(batch)
    kept = [int(envelope.position) for envelope in await harness.stored("OBSERVE")]
    assert 2 < len(kept) < 8
    assert kept == list(range(len(kept)))


async def test_a_limits_stream_lets_the_oldest_go(harness: Harness):
    bus = await harness.bus(streams=[replace(stream("ACTION"), max_bytes=20_000)])
    for number in range(60):
        await bus.publish(granted("web-1", number))
    kept = [int(envelope.position) for envelope in await harness.stored("ACTION")]
    assert 5 < len(kept) < 60
    assert kept == list(range(60 - len(kept), 60))


@pytest.mark.parametrize("service", ["trigger", "review", "runner", "gateway", "host-collector"])
async def test_only_actions_grants(harness: Harness, service):
    bus = await harness.bus(service)
    started = asyncio.get_running_loop().time()
    with pytest.raises(PublishDenied, match=r"gc\.demo\.action\.granted\.host_3aweb-1"):
        await bus.publish(granted("web-1"))
    assert asyncio.get_running_loop().time() - started < 2, "a denial must not look like a timeout"
    assert await harness.stored("ACTION") == []


async def test_a_denied_message_in_a_batch_is_told(harness: Harness):
    bus = await harness.bus("host-collector")
    with pytest.raises(PublishDenied):
        await bus.publish_batch([logged("web-1", 1), granted("web-1"), logged("web-1", 2)])
    value = harness.registry.get_sample_value(
        "groundcrew_bus_published_total",
        {"service": "host-collector", "type": "action.granted", "outcome": "denied"},
    )
    assert value == 1
