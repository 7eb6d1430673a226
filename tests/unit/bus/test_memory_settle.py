"""Settling: what makes replay deterministic. What both buses share is in tests/contract/bus."""

from datetime import UTC, datetime, timedelta

import pytest

from groundcrew.bus.memory import MemoryBroker, MemoryBus
from groundcrew.bus.port import PublishDenied, Retry, Unavailable
from groundcrew.contracts.clock import VirtualClock, to_us
from groundcrew.contracts.envelope import ProducedBy, seal
from groundcrew.contracts.identity import host, stable_id
from groundcrew.contracts.observations import LogBatch
from groundcrew.contracts.streams import Durables

START = datetime(2026, 1, 1, tzinfo=UTC)


def line(name: str, number: int):
    batch = LogBatch(
        ids=[stable_id(name, number)],
        times=[to_us(START)],
        priorities=[6],
        identifiers=["sshd"],
        units=[""],
        transports=["file"],
        boot_ids=[""],
        positions=[str(number)],
        messages=[f"line {number}"],
    )
    return seal(
        batch,
        id=stable_id("batch", name, number),
        site="demo",
        entity=host(name),
        time=START,
        received_at=START,
        source="file:/var/log/syslog",
        position=str(number),
        produced_by=ProducedBy(service="host-collector", version="1"),
    )


@pytest.fixture
def clock():
    return VirtualClock(START)


@pytest.fixture
def bus(clock):
    return MemoryBus("demo", clock)


async def test_messages_of_all_partitions_are_handled_in_publish_order(bus):
    seen = []

    async def record(delivery):
        seen.append((delivery.envelope.entity, delivery.envelope.position))

    await bus.consume(Durables.TRIGGER, record)
    published = [(f"node-{n % 7}", n) for n in range(40)]
    for name, number in published:
        await bus.publish(line(name, number))
    await bus.settle()
    assert seen == [(host(name), str(number)) for name, number in published]


async def test_durables_take_turns_per_message(bus):
    seen = []

    async def trigger(delivery):
        seen.append(("trigger", delivery.envelope.position))

    async def record(delivery):
        seen.append(("record", delivery.envelope.position))

    await bus.consume(Durables.TRIGGER, trigger)
    await bus.consume(Durables.RECORD, record)
    await bus.publish(line("a", 1))
    await bus.publish(line("b", 2))
    await bus.settle()
    assert seen == [("trigger", "1"), ("record", "1"), ("trigger", "2"), ("record", "2")]


async def test_a_retry_moves_virtual_time_to_when_it_is_due(bus, clock):
    times = []

    async def flaky(delivery):
        times.append(clock.now())
        if delivery.deliveries == 1:
            raise Retry("not yet", after_s=30)

    await bus.consume(Durables.TRIGGER, flaky)
    await bus.publish(line("a", 1))
    await bus.settle()
    assert times == [START, START + timedelta(seconds=30)]


async def test_settling_until_a_time_fires_ticks_and_wakes_sleepers_in_order(bus, clock):
    seen = []

    async def on_tick(delivery):
        seen.append(("tick", clock.now(), delivery.envelope.id))

    await bus.consume(Durables.REVIEW_TICK, on_tick)
    await bus.schedule("review", 60)
    await bus.broker.settle(until=START + timedelta(minutes=3, seconds=1))
    assert [when for _, when, _ in seen] == [START + timedelta(minutes=n) for n in (1, 2, 3)]
    assert len({tick_id for _, _, tick_id in seen}) == 3
    assert clock.now() == START + timedelta(minutes=3, seconds=1)


async def test_a_paused_consumer_waits_for_settle_until_and_spends_no_delivery(bus, clock):
    deliveries = []

    async def store_away(delivery):
        deliveries.append(delivery.deliveries)
        if clock.now() < START + timedelta(seconds=100):
            raise Unavailable("postgres", "connection refused")

    consumer = await bus.consume(Durables.RECORD, store_away)
    await bus.publish(line("a", 1))
    await bus.settle()
    assert consumer.paused == "postgres"
    await bus.broker.settle(until=START + timedelta(seconds=200))
    assert consumer.paused is None
    assert len(deliveries) > Durables.RECORD.max_deliver
    assert set(deliveries) == {1}


async def test_services_share_a_broker_and_are_held_to_the_table(clock):
    broker = MemoryBroker(clock)
    collector = MemoryBus("demo", clock, service="host-collector", broker=broker)
    trigger = MemoryBus("demo", clock, service="trigger", broker=broker)
    seen = []

    async def record(delivery):
        seen.append(delivery.envelope.position)

    await trigger.consume(Durables.TRIGGER, record)
    await collector.publish(line("a", 1))
    with pytest.raises(PublishDenied, match=r"gc\.demo\.observe\.logs"):
        await trigger.publish(line("a", 2))
    await broker.settle()
    assert seen == ["1"]


async def test_settle_may_not_be_called_by_a_handler(bus):
    raised = []

    async def reenter(_delivery):
        try:
            await bus.settle()
        except RuntimeError as error:
            raised.append(str(error))

    await bus.consume(Durables.TRIGGER, reenter)
    await bus.publish(line("a", 1))
    await bus.settle()
    assert raised == ["settle was called from within a handler"]
