"""What becomes of a message when its handler returns, raises, is slow, or cannot go on."""

import asyncio
import base64
from dataclasses import replace

import orjson
import pytest

from groundcrew.bus.port import Reject, Retry, Unavailable
from groundcrew.bus.subjects import partition_of
from groundcrew.contracts.envelope import encode
from groundcrew.contracts.identity import host
from groundcrew.contracts.streams import Durables, subject_of

from .conftest import SITE, Harness, granted, logged, until

RECORD = Durables.RECORD


async def test_a_handled_message_is_delivered_once(harness: Harness):
    bus = await harness.bus()
    seen = []

    async def record(delivery):
        seen.append((delivery.data.messages, delivery.deliveries, delivery.sequence))

    await bus.consume(RECORD, record)
    await bus.publish(logged("web-1", 1))
    await until(lambda: len(seen) == 1)
    await asyncio.sleep(0.1)
    assert seen == [(["line 1"], 1, 1)]


async def test_every_durable_gets_every_message(harness: Harness):
    bus = await harness.bus()
    seen = []

    async def trigger(_delivery):
        seen.append("trigger")

    async def record(_delivery):
        seen.append("record")

    await bus.consume(Durables.TRIGGER, trigger)
    await bus.consume(RECORD, record)
    await bus.publish(logged("web-1", 1))
    await until(lambda: len(seen) == 2)
    assert sorted(seen) == ["record", "trigger"]


async def test_a_message_whose_handler_raises_comes_again(harness: Harness):
    bus = await harness.bus()
    deliveries = []

    async def fails_once(delivery):
        deliveries.append((delivery.deliveries, delivery.sequence, delivery.envelope.id))
        if delivery.deliveries == 1:
            raise RuntimeError("disk on fire")

    await bus.consume(RECORD, fails_once)
    await bus.publish(logged("web-1", 1))
    await until(lambda: len(deliveries) == 2)
    assert [d for d, _, _ in deliveries] == [1, 2]
    assert len({(sequence, message_id) for _, sequence, message_id in deliveries}) == 1


async def test_a_message_that_always_fails_ends_in_the_dead_letters(harness: Harness):
    bus = await harness.bus()
    deliveries = []

    async def fails(delivery):
        deliveries.append(delivery.deliveries)
        raise RuntimeError("no such table")

    await bus.consume(replace(RECORD, max_deliver=2), fails)
    envelope = logged("web-1", 1)
    await bus.publish(envelope)
    await until(lambda: len(deliveries) == 2)
    await asyncio.sleep(0.2)
    (letter,) = await harness.stored("DEADLETTER")
    assert letter.data.reason == "gave up after 2 failures: RuntimeError: no such table"
    assert letter.data.durable == "record"
    assert letter.data.deliveries == 2
    assert letter.entity == host("web-1")
    assert letter.causation_id == envelope.id
    assert base64.b64decode(letter.data.payload) == encode(envelope)
    assert deliveries == [1, 2]


async def test_retry_waits_as_long_as_the_handler_asks(harness: Harness):
    bus = await harness.bus()
    times = []

    async def not_yet(_delivery):
        times.append(asyncio.get_running_loop().time())
        if len(times) == 1:
            raise Retry("host still booting", after_s=0.4)

    await bus.consume(RECORD, not_yet)
    await bus.publish(logged("web-1", 1))
    await until(lambda: len(times) == 2)
    assert 0.35 < times[1] - times[0] < 3


async def test_a_rejected_message_is_a_dead_letter_at_once(harness: Harness):
    bus = await harness.bus()
    calls = []

    async def reject(delivery):
        calls.append(delivery.deliveries)
        if delivery.envelope.position == "1":
            raise Reject("host is not of this site")

    await bus.consume(RECORD, reject)
    await bus.publish(logged("web-1", 1))
    await bus.publish(logged("web-1", 2))
    await until(lambda: len(calls) == 2)
    (letter,) = await harness.stored("DEADLETTER")
    assert letter.data.reason == "host is not of this site"
    assert calls == [1, 1]


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"\x00\xffnot json", "malformed: not a JSON object"),
        (b'{"type": "observe.telepathy"}', "malformed: type 'observe.telepathy': expected one of"),
        (
            orjson.dumps({**orjson.loads(encode(logged("web-1", 1))), "site": "Not A Site"}),
            "malformed: observe.logs: site:",
        ),
    ],
)
async def test_a_malformed_payload_is_a_dead_letter_and_holds_nobody_up(harness: Harness, payload, reason):
    bus = await harness.bus()
    seen = []

    async def record(delivery):
        seen.append(delivery.envelope.position)

    await bus.consume(RECORD, record)
    await harness.publish_raw(f"gc.{SITE}.observe.logs.host_3aweb-1", payload)
    await bus.publish(logged("web-1", 7))
    await until(lambda: seen == ["7"])
    (letter,) = await harness.stored("DEADLETTER")
    assert letter.data.reason.startswith(reason)
    assert letter.entity == f"site:{SITE}"
    assert base64.b64decode(letter.data.payload) == payload


async def test_a_handler_slower_than_ack_wait_keeps_its_message(harness: Harness):
    bus = await harness.bus()
    calls = []

    async def slow(delivery):
        calls.append(delivery.deliveries)
        await asyncio.sleep(1.2)

    await bus.consume(replace(RECORD, ack_wait_s=0.5), slow)
    await bus.publish(logged("web-1", 1))
    await asyncio.sleep(1.6)
    assert calls == [1]


async def test_a_consumer_pauses_while_a_dependency_is_down_and_loses_nothing(harness: Harness):
    bus = await harness.bus()
    down = True
    seen, calls = [], []

    async def record(delivery):
        calls.append(delivery.deliveries)
        if down:
            raise Unavailable("postgres", "connection refused")
        seen.append(delivery.envelope.position)

    consumer = await bus.consume(replace(RECORD, max_deliver=2, ack_wait_s=0.6), record)
    for number in range(4):
        await bus.publish(logged("web-1", number))
    await until(lambda: consumer.paused == "postgres" and len(calls) >= 3)
    assert bus.paused == {"record": "postgres"}
    down = False
    await until(lambda: len(seen) == 4)
    assert seen == ["0", "1", "2", "3"]
    assert set(calls) == {1}
    assert consumer.paused is None
    assert bus.paused == {}
    assert await harness.stored("DEADLETTER") == []


async def test_order_per_entity_survives_retries(harness: Harness):
    bus = await harness.bus()
    done: dict[str, list[int]] = {}

    async def record(delivery):
        number = int(delivery.envelope.position)
        if number % 5 == 2 and delivery.deliveries == 1:
            raise Retry("once more", after_s=0.05)
        done.setdefault(delivery.envelope.entity, []).append(number)

    await bus.consume(RECORD, record)
    hosts = [f"node-{n}" for n in range(6)]
    await bus.publish_batch([logged(name, number) for number in range(10) for name in hosts])
    await until(lambda: sum(len(numbers) for numbers in done.values()) == 60)
    assert done == {host(name): list(range(10)) for name in hosts}


async def test_a_host_is_in_the_partition_that_the_table_computes(harness: Harness):
    bus = await harness.bus()
    partitions = {}

    async def record(delivery):
        partitions[delivery.envelope.entity] = delivery.partition

    await bus.consume(RECORD, record)
    envelopes = [logged(f"node-{n}.rack é", 1) for n in range(12)]
    await bus.publish_batch(envelopes)
    await until(lambda: len(partitions) == 12)
    assert partitions == {e.entity: partition_of(subject_of(e)) for e in envelopes}
    assert set(partitions.values()) == {0, 1, 2, 3}


async def test_a_durable_without_partitions_works_on_several_at_once(harness: Harness):
    bus = await harness.bus()
    at_once, most = 0, 0
    seen = []
    durable = replace(RECORD, name="wide", partitioned=False, stream="DEADLETTER", filters=("gc.{site}.deadletter.*",))

    async def record(delivery):
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await asyncio.sleep(0.1)
        at_once -= 1
        seen.append(delivery.data.durable)

    async def reject(_delivery):
        raise Reject("for the other durable")

    await bus.consume(durable, record, concurrency=3)
    await bus.consume(RECORD, reject)
    await bus.publish_batch([logged(f"node-{n}", 1) for n in range(9)])
    await until(lambda: len(seen) == 9)
    assert most == 3


async def test_a_stopped_consumer_lets_its_handler_finish_and_another_takes_over(harness: Harness):
    bus = await harness.bus()
    first, second = [], []
    started = asyncio.Event()

    async def slow(delivery):
        started.set()
        await asyncio.sleep(0.3)
        first.append(delivery.envelope.position)

    async def other(delivery):
        second.append((delivery.envelope.position, delivery.deliveries))

    consumer = await bus.consume(RECORD, slow)
    await bus.publish(logged("web-1", 1))
    await bus.publish(logged("web-1", 2))
    await asyncio.wait_for(started.wait(), 5)
    await consumer.stop()
    assert first == ["1"]
    await bus.consume(RECORD, other)
    await until(lambda: len(second) == 1)
    assert second == [("2", 1)]


async def test_a_per_entity_durable_gets_its_own_entity_only(harness: Harness):
    bus = await harness.bus()
    seen = []

    async def run(delivery):
        seen.append(delivery.envelope.entity)

    await bus.consume(Durables.RUNNER, run, entity="host:web-1")
    for name in ("web-2", "web-1"):
        await bus.publish(granted(name))
    await until(lambda: len(seen) == 1)
    await asyncio.sleep(0.1)
    assert seen == ["host:web-1"]
    with pytest.raises(ValueError, match="an entity is required"):
        await bus.consume(Durables.RUNNER, run)
    with pytest.raises(ValueError, match="an entity is not allowed"):
        await bus.consume(RECORD, run, entity="host:web-1")


async def test_turns_count_the_deliveries_of_a_partition_over_all_processes(harness: Harness):
    """Who was given two turns in a row knows that nobody else was given a message in between."""
    one, other = await harness.bus(), await harness.bus()
    turns = []

    def seeing(name):
        async def see(delivery):
            turns.append((delivery.turn, name))
            if delivery.turn == 3:
                raise RuntimeError("again")

        return see

    await one.consume(RECORD, seeing("one"))
    await other.consume(RECORD, seeing("other"))
    for number in range(1, 9):
        await one.publish(logged("web-1", number))
    await until(lambda: len(turns) == 9)
    assert [turn for turn, _ in turns] == list(range(1, 10)), "what came again has a turn of its own"
