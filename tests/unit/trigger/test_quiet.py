"""Whom the trigger service waits for: the soonest first, and never more than it can hold."""

from datetime import UTC, datetime, timedelta

import pytest

from groundcrew.bus.port import Delivery
from groundcrew.contracts.clock import VirtualClock, to_us
from groundcrew.contracts.envelope import ProducedBy, seal
from groundcrew.contracts.identity import stable_id
from groundcrew.contracts.observations import SelBatch
from groundcrew_trigger import quiet as module
from groundcrew_trigger.quiet import GRACE, Quiet

T0 = datetime(2026, 3, 1, 2, 36, tzinfo=UTC)


def delivery(name: str) -> Delivery[SelBatch]:
    batch = SelBatch(
        ids=[stable_id(name)], times=[to_us(T0)], record_ids=[1], source_times=[""], sensors=["PSU1"], events=["lost"],
        asserted=[True], texts=[""],
    )  # fmt: skip
    envelope = seal(
        batch, id=stable_id("batch", name), site="default", entity=f"host:{name}", time=T0, received_at=T0,
        source="t", position="1", produced_by=ProducedBy(service="t", version="0", packs=""),
    )  # fmt: skip
    return Delivery(envelope=envelope, sequence=1, deliveries=1, partition=0)


def after(seconds: float) -> int:
    return to_us(T0 + timedelta(seconds=seconds))


async def test_the_soonest_comes_first_and_a_withdrawn_one_never() -> None:
    clock = VirtualClock(T0)
    waiting = Quiet(clock)
    for name, seconds in (("a", 15), ("b", 5), ("c", 1)):
        waiting.expect(delivery(name), after(seconds))
    waiting.expect(delivery("c"), None)
    clock.advance_to(T0 + timedelta(seconds=15) + GRACE)
    reached = [await waiting.next() for _ in range(2)]
    assert [(one.envelope.entity, due) for one, due in reached] == [("host:b", after(5)), ("host:a", after(15))]


async def test_beyond_the_bound_nobody_new_is_waited_for_and_those_there_are_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "MAX_WAITING", 1)
    clock = VirtualClock(T0)
    waiting = Quiet(clock)
    waiting.expect(delivery("a"), after(5))
    waiting.expect(delivery("b"), after(1))
    waiting.expect(delivery("a"), after(7))
    clock.advance_to(T0 + timedelta(seconds=7) + GRACE)
    one, due = await waiting.next()
    assert (one.envelope.entity, due) == ("host:a", after(7))


async def test_time_that_passed_without_rows_counts() -> None:
    clock = VirtualClock(T0)
    waiting = Quiet(clock)
    waiting.expect(delivery("a"), after(5))
    clock.advance_to(T0 + timedelta(seconds=5) + GRACE)
    last, due = await waiting.next()
    waiting.expect(last, after(9), due)
    clock.advance_to(T0 + timedelta(seconds=9) + 2 * GRACE)
    assert (await waiting.next())[1] == after(9), "it waits the four seconds that are left, not nine"


async def test_what_is_put_off_again_and_again_takes_no_room() -> None:
    clock = VirtualClock(T0)
    waiting = Quiet(clock)
    for seconds in range(1, 2_000):
        waiting.expect(delivery("a"), after(seconds))
    assert len(waiting._order) < 200
    clock.advance_to(T0 + timedelta(seconds=3_000))
    assert (await waiting.next())[1] == after(1_999)
