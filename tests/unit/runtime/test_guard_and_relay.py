"""Handlers whose store is away pause; outboxes are emptied in order and survive a broker that is away."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
import structlog

from groundcrew.bus.memory import MemoryBus
from groundcrew.bus.port import BusUnavailable, Delivery, RequestFailed, Unavailable
from groundcrew.contracts.clock import VirtualClock
from groundcrew.contracts.envelope import Envelope, ProducedBy, encode, seal
from groundcrew.contracts.identity import stable_id
from groundcrew.contracts.incidents import Tick
from groundcrew.contracts.queries import Failure
from groundcrew.runtime.guard import answering, pausing
from groundcrew.runtime.relay import BATCH, relay, relay_once
from groundcrew.stores.port import StoreUnavailable

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def message(number: int) -> Envelope[Tick]:
    return seal(
        Tick(name="review"),
        id=stable_id("test", number),
        site="default",
        entity="site:default",
        time=NOW,
        received_at=NOW,
        source="test",
        position=str(number),
        produced_by=ProducedBy(service="review", version="1", packs=""),
    )


def delivery() -> Delivery[Any]:
    return Delivery(envelope=message(0), sequence=1, deliveries=1, partition=0)


@dataclass
class ListOutbox:
    waiting: dict[int, bytes]
    fails: int = 0

    async def pending(self, limit: int) -> Sequence[Any]:
        if self.fails:
            self.fails -= 1
            raise StoreUnavailable("PostgreSQL at db:5432 went away")
        return [SimpleNamespace(seq=seq, payload=payload) for seq, payload in sorted(self.waiting.items())[:limit]]

    async def published(self, seqs: Sequence[int]) -> None:
        for seq in seqs:
            del self.waiting[seq]


@dataclass
class RecordingBus:
    fails: int = 0
    sent: list[str] = field(default_factory=list)

    async def publish_batch(self, envelopes: Sequence[Envelope[Any]]) -> None:
        if self.fails:
            self.fails -= 1
            raise BusUnavailable("NATS at hub:4222 did not answer")
        self.sent += [envelope.position for envelope in envelopes]


def outbox(count: int) -> ListOutbox:
    return ListOutbox({number: encode(message(number)) for number in range(count)})


@pytest.mark.parametrize(
    ("error", "dependency"), [(StoreUnavailable("db"), "postgres"), (BusUnavailable("hub"), "nats")]
)
async def test_a_handler_whose_dependency_is_away_pauses_its_consumer(error: Exception, dependency: str) -> None:
    async def handler(_delivery: Delivery[Any]) -> None:
        raise error

    with pytest.raises(Unavailable) as caught:
        await pausing(handler)(delivery())
    assert caught.value.dependency == dependency


async def test_log_lines_of_a_handler_carry_the_ids_of_its_message() -> None:
    seen: dict[str, Any] = {}

    async def handler(_delivery: Delivery[Any]) -> None:
        seen.update(structlog.contextvars.get_contextvars())

    await pausing(handler)(delivery())
    assert seen["correlation_id"] == message(0).correlation_id
    assert structlog.contextvars.get_contextvars() == {}


async def test_an_endpoint_whose_store_is_away_says_so() -> None:
    async def handler(_request: str) -> str:
        raise StoreUnavailable("PostgreSQL at db:5432 went away")

    with pytest.raises(RequestFailed) as caught:
        await answering(handler)("hosts")
    assert caught.value.failure is Failure.UNAVAILABLE
    assert "db:5432" in caught.value.reason


async def test_an_outbox_is_emptied_in_order_batch_by_batch() -> None:
    waiting, bus = outbox(2 * BATCH + 1), RecordingBus()
    assert await relay_once(waiting, bus) == 2 * BATCH + 1
    assert bus.sent == [str(number) for number in range(2 * BATCH + 1)]
    assert not waiting.waiting


async def test_what_the_broker_did_not_take_stays_in_the_outbox() -> None:
    waiting = outbox(3)
    with pytest.raises(BusUnavailable):
        await relay_once(waiting, RecordingBus(fails=1))
    assert len(waiting.waiting) == 3


async def test_the_relay_tries_again_until_store_and_broker_are_back() -> None:
    clock, wake = VirtualClock(NOW), asyncio.Event()
    waiting, bus = outbox(2), RecordingBus(fails=1)
    waiting.fails = 1
    task = asyncio.create_task(relay(waiting, bus, wake, clock))
    for _ in range(200):
        await asyncio.sleep(0)
        if (due := clock.next_wake()) and not bus.sent:
            clock.advance_to(due)
    assert bus.sent == ["0", "1"]
    waiting.waiting[7] = encode(message(7))
    wake.set()
    for _ in range(20):
        await asyncio.sleep(0)
    assert bus.sent == ["0", "1", "7"]
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_the_memory_bus_is_a_bus_for_the_relay() -> None:
    bus = MemoryBus("default", VirtualClock(NOW), service="review")
    assert await relay_once(outbox(1), bus) == 1
