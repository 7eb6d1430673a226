"""Delivery is at least once: any interleaving and repetition of batches leaves the same rows, in both stores."""

import asyncio
import itertools

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.contract.stores.observed import MINUTE, NOON, SITE, incident, logs, metrics, opened, save, services, trigger

from groundcrew.contracts.queries import LogsQuery, MetricsQuery
from groundcrew.stores.context import recording
from groundcrew.stores.context.memory import MemoryContextStore
from groundcrew.stores.port import StoreUnavailable

_SITE = itertools.count(1)
DAY_US = 86_400_000_000
BATCHES = st.lists(st.lists(st.integers(0, 30), max_size=12), min_size=1, max_size=8)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=BATCHES, step=st.sampled_from([0, 1, DAY_US]))
async def test_any_repetition_of_batches_stores_each_line_once(store, batches, step):
    site = f"site-{next(_SITE)}"
    new = [await store.record_logs(logs(batch, site=site, step_us=step)) for batch in batches]
    distinct = {number for batch in batches for number in batch}
    assert sum(new) == len(distinct) == await store.count_logs(site)
    page = await store.logs(site, LogsQuery(limit=1_000))
    assert sorted(line.message for line in page.items) == sorted(f"line {number}" for number in distinct)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    batches=st.lists(
        st.lists(st.tuples(st.integers(0, 900), st.floats(-1e6, 1e6)), max_size=20), min_size=1, max_size=5
    ),
    step=st.integers(1, 400),
)
async def test_memory_and_postgresql_give_the_same_trends(postgres_store, batches, step):
    site = f"site-{next(_SITE)}"
    query = MetricsQuery(host="node-1", name="node_load1", since=NOON, until=NOON + 12 * MINUTE, step_s=step)
    replies = []
    for store in (MemoryContextStore(), postgres_store):
        new = [await store.record_metrics(metrics(batch, site=site)) for batch in batches]
        (row,) = await store.hosts(site)
        replies.append((new, row.latest, row.last_seen, (await store.metrics(site, query)).series))
    memory, postgresql = replies
    assert memory[:3] == postgresql[:3]
    assert [one.times for one in memory[3]] == [one.times for one in postgresql[3]]
    for ours, theirs in zip(memory[3], postgresql[3], strict=True):
        assert ours.averages == pytest.approx(theirs.averages, abs=1e-6)
        assert (ours.minima, ours.maxima) == (theirs.minima, theirs.maxima)
        assert (ours.slope_per_hour is None) == (theirs.slope_per_hour is None)
        if ours.slope_per_hour is not None:
            assert ours.slope_per_hour == pytest.approx(theirs.slope_per_hour, rel=1e-6, abs=1e-3)


async def again_until_stored(record, envelope):
    """As the bus does it: where the store is unavailable (or two batches stood in each other's way), once more."""
    for _ in range(60):
        try:
            return await record(envelope)
        except StoreUnavailable:
            await asyncio.sleep(0.2)
    raise AssertionError("the store did not come back")


async def test_processes_that_record_overlapping_batches_at_once_store_each_line_once(store):
    batches = [list(range(start, start + 400)) for start in range(0, 1_000, 100)]
    new = await asyncio.gather(
        *(again_until_stored(store.record_logs, logs(one, step_us=DAY_US // 100)) for one in batches),
        *(again_until_stored(store.record_logs, logs(one[::-1], step_us=DAY_US // 100)) for one in batches),
        *(again_until_stored(store.record_metrics, metrics([(second, 1.0) for second in one])) for one in batches),
        *(
            again_until_stored(store.record_services, services({f"unit-{n}.service": "active" for n in one[:50]}))
            for one in batches
        ),
    )
    assert sum(new[:20]) == 1_300 == await store.count_logs(SITE)
    assert sum(new[20:30]) == 1_300


async def test_a_series_whose_first_batch_was_rolled_back_is_recorded_later(postgres_store, monkeypatch):
    async def fails(*_):
        raise ZeroDivisionError

    with monkeypatch.context() as patched:
        patched.setattr(recording, "_update_latest", fails)
        with pytest.raises(ZeroDivisionError):
            await postgres_store.record_metrics(metrics([(0, 1.0)]))
    assert await postgres_store.record_metrics(metrics([(0, 1.0)])) == 1
    query = MetricsQuery(host="node-1", name="node_load1", since=NOON, until=NOON + MINUTE)
    assert (await postgres_store.metrics(SITE, query)).series[0].averages == [1.0]


@pytest.mark.chaos
async def test_a_database_that_dies_while_lines_flow_loses_and_doubles_none(postgres_store, postgres):
    """40 batches of 500 lines, four at once, and three crashes; a failed batch comes again, as the bus does it."""
    broken = 0

    async def record(envelope):
        nonlocal broken
        try:
            return await postgres_store.record_logs(envelope)
        except StoreUnavailable:
            broken += 1
            raise

    async def deliver(numbers):
        return await again_until_stored(record, logs(numbers))

    async def crash():
        await asyncio.sleep(0.05)
        for _ in range(3):
            postgres.kill()
            postgres.start()
            await asyncio.sleep(0.15)

    crashes = asyncio.create_task(crash())
    for first in range(0, 20_000, 2_000):
        await asyncio.gather(*(deliver(range(start, start + 500)) for start in range(first, first + 2_000, 500)))
    await crashes
    assert broken > 0
    assert await postgres_store.count_logs(SITE) == 20_000
    pages, cursor, seen = 0, None, set()
    while pages == 0 or cursor is not None:
        page = await postgres_store.logs(SITE, LogsQuery(limit=1_000, cursor=cursor))
        seen |= {line.id for line in page.items}
        pages, cursor = pages + 1, page.next
    assert len(seen) == 20_000


@pytest.mark.chaos
async def test_a_database_that_dies_within_fusion_leaves_nothing_of_it(postgres_store, postgres):
    await save(postgres_store, incident(1))
    with pytest.raises(StoreUnavailable):  # noqa: PT012 - the kill belongs inside the transaction
        async with postgres_store.fusion(SITE) as transaction:
            await transaction.add_trigger(trigger(1), incident(1).id)
            await transaction.publish(opened(incident(1)))
            postgres.kill()
            postgres.start()
            await transaction.save_incident(incident(1, revision=2), [], actor="fusion", change="more")
    assert (await postgres_store.incident(SITE, incident(1).id)).revision == 1
    assert await postgres_store.outbox.pending(10) == []
    async with postgres_store.fusion(SITE) as transaction:
        assert await transaction.add_trigger(trigger(1), incident(1).id) is True
