"""Messages that wait are handed over together, and none of them depends on another one's luck."""

import asyncio
from dataclasses import replace

import pytest

from groundcrew.bus.port import Reject, Unavailable
from groundcrew.contracts.envelope import ProducedBy, seal
from groundcrew.contracts.identity import host, stable_id
from groundcrew.contracts.incidents import Severity, TriggerRaised
from groundcrew.contracts.streams import Durables

from .conftest import SITE, WHEN, Harness, until

FUSE = Durables.FUSE


def raised(number: int, name: str | None = None):
    data = TriggerRaised(
        rule_id="disk.failed",
        severity=Severity.CRITICAL,
        title="disk failed",
        causes=["disk.failed"],
        component_class="disk",
        component="sda",
        first_seen=WHEN,
        last_seen=WHEN,
        evidence=[],
    )
    return seal(
        data,
        id=stable_id("trigger", number),
        site=SITE,
        entity=host(name or f"n{number}"),
        time=WHEN,
        received_at=WHEN,
        source="rules",
        position=str(number),
        produced_by=ProducedBy(service="trigger", version="1"),
    )


class Handler:
    """Keeps what it was called with; raises what `luck` says of a message's number."""

    def __init__(self, luck=None):
        self.calls: list[list[int]] = []
        self.handled: list[int] = []
        self._luck = luck or (lambda number: None)

    async def __call__(self, deliveries):
        numbers = [int(delivery.envelope.position) for delivery in deliveries]
        self.calls.append(numbers)
        for number in numbers:
            if (error := self._luck(number)) is not None:
                raise error
        self.handled += numbers


async def test_what_waits_is_handled_together_and_in_order(harness: Harness):
    bus = await harness.bus()
    handler = Handler()
    await bus.publish_batch([raised(number) for number in range(20)])
    consumer = await bus.consume_together(FUSE, handler, at_most=8)
    await until(lambda: len(handler.handled) == 20)
    assert handler.handled == list(range(20))
    assert max(map(len, handler.calls)) == 8
    assert len(handler.calls) <= 5
    await consumer.stop()


async def test_handlers_side_by_side_are_called_with_what_came_first_first(harness: Harness):
    bus = await harness.bus()
    called: list[int] = []

    async def uneven(deliveries):
        called.extend(int(delivery.envelope.position) for delivery in deliveries)
        await asyncio.sleep(0.01 * (len(called) % 3))

    await bus.consume_together(FUSE, uneven, at_most=5, concurrency=4)
    for first in range(0, 400, 20):  # of one entity, so that the broker has them one after another
        await bus.publish_batch([raised(number, "n1") for number in range(first, first + 20)])
    await until(lambda: len(called) == 400)
    assert called == list(range(400))


async def test_a_single_message_does_not_wait_for_company(harness: Harness):
    bus = await harness.bus()
    handler = Handler()
    await bus.consume_together(FUSE, handler, at_most=100)
    for number in range(3):
        await bus.publish(raised(number))
        await until(lambda number=number: number in handler.handled, seconds=0.9)  # less than any request expires in
    assert handler.calls == [[0], [1], [2]]


async def test_one_bad_message_fails_alone(harness: Harness):
    bus = await harness.bus()
    handler = Handler(lambda number: Reject("of another site") if number == 3 else None)
    await bus.publish_batch([raised(number) for number in range(6)])
    await bus.consume_together(FUSE, handler, at_most=6)
    await until(lambda: len(handler.handled) == 5)
    await asyncio.sleep(0.3)
    assert sorted(handler.handled) == [0, 1, 2, 4, 5], "each once, none comes again"
    (letter,) = await harness.stored("DEADLETTER")
    assert (letter.entity, letter.data.reason) == (host("n3"), "of another site")


async def test_a_message_that_fails_spends_its_own_deliveries_only(harness: Harness):
    bus = await harness.bus()
    handler = Handler(lambda number: RuntimeError("disk on fire") if number == 0 else None)
    await bus.publish_batch([raised(number) for number in range(3)])
    await bus.consume_together(replace(FUSE, max_deliver=2), handler, at_most=3)
    await until(lambda: sorted(handler.handled) == [1, 2])
    async with asyncio.timeout(10):
        while not (letters := await harness.stored("DEADLETTER")):
            await asyncio.sleep(0.05)
    assert [letter.data.reason for letter in letters] == ["gave up after 2 failures: RuntimeError: disk on fire"]
    assert sorted(handler.handled) == [1, 2]


async def test_a_dependency_that_is_down_holds_all_and_loses_none(harness: Harness):
    bus = await harness.bus()
    down = True

    def luck(_number):
        return Unavailable("postgres", "no route") if down else None

    handler = Handler(luck)
    await bus.publish_batch([raised(number) for number in range(5)])
    consumer = await bus.consume_together(replace(FUSE, max_deliver=1, ack_wait_s=1), handler, at_most=5)
    await until(lambda: consumer.paused == "postgres")
    await asyncio.sleep(2)  # held for longer than the broker waits for an answer
    down = False
    await until(lambda: len(handler.handled) == 5)
    await asyncio.sleep(0.2)
    assert handler.handled == list(range(5))
    assert consumer.paused is None
    assert await harness.stored("DEADLETTER") == []


async def test_a_malformed_message_among_others_is_a_dead_letter(harness: Harness):
    bus = await harness.bus()
    handler = Handler()
    await bus.publish(raised(0))
    await harness.publish_raw(f"gc.{SITE}.trigger.raised.host_3an1", b"not json")
    await bus.publish(raised(2))
    await bus.consume_together(FUSE, handler, at_most=9)
    await until(lambda: handler.handled == [0, 2])
    (letter,) = await harness.stored("DEADLETTER")
    assert letter.data.reason.startswith("malformed: not a JSON object")


async def test_stopping_lets_the_messages_in_hand_finish_and_gives_the_rest_to_others(harness: Harness):
    bus = await harness.bus()
    begun, go = asyncio.Event(), asyncio.Event()
    handled = []

    async def slow(deliveries):
        begun.set()
        await go.wait()
        handled.extend(int(delivery.envelope.position) for delivery in deliveries)

    await bus.publish_batch([raised(number) for number in range(12)])
    first = await bus.consume_together(FUSE, slow, at_most=4)
    await begun.wait()
    stopping = asyncio.create_task(first.stop())
    await asyncio.sleep(0.05)
    go.set()
    await stopping
    second = Handler()
    await bus.consume_together(FUSE, second, at_most=100)
    await until(lambda: len(handled) + len(second.handled) == 12)
    assert handled == [0, 1, 2, 3]
    assert second.handled == list(range(4, 12))


@pytest.mark.parametrize("durable", [Durables.RECORD, Durables.RUNNER])
async def test_what_must_go_one_after_another_does_not_go_together(harness: Harness, durable):
    bus = await harness.bus()
    with pytest.raises(ValueError, match=durable.name):
        await bus.consume_together(durable, Handler(), at_most=2)
