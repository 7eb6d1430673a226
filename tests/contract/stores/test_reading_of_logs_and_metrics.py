"""Reading: filters, pages that stay whole while rows arrive, buckets and trends."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.contract.stores.observed import (
    HOST,
    MINUTE,
    NOON,
    SITE,
    incident,
    logs,
    metrics,
    save,
    trigger,
)

from groundcrew.contracts.clock import from_us
from groundcrew.contracts.queries import IncidentsQuery, LogsQuery, MetricsQuery, TriggersQuery
from groundcrew.stores.context.trend import bucket_seconds, slope_per_hour
from groundcrew.stores.paging import BadCursor


async def messages(store, **query):
    return [line.message for line in (await store.logs(SITE, LogsQuery(**query))).items]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"host": "node-1"}, ["Out of memory: Killed", "line 2", "line 1"]),
        ({"host": "node-2"}, ["line 3"]),
        ({"host": "node-3"}, []),
        ({"contains": "OUT OF MEM"}, ["Out of memory: Killed"]),
        ({"contains": "%"}, []),
        ({"max_priority": 3}, ["Out of memory: Killed"]),
        ({"unit": "sshd.service"}, ["line 2"]),
        ({"since": NOON + timedelta(seconds=2)}, ["Out of memory: Killed", "line 3", "line 2"]),
        ({"until": NOON + timedelta(seconds=2)}, ["line 1"]),
        ({"since": NOON + timedelta(seconds=2), "until": NOON + timedelta(seconds=3), "limit": 5}, ["line 2"]),
    ],
)
async def test_log_lines_are_found_by_what_they_are(store, query, expected):
    await store.record_logs(logs([1]))
    await store.record_logs(logs([2], unit="sshd.service"))
    await store.record_logs(logs([3], entity="host:node-2"))
    await store.record_logs(logs([4], text="Out of memory: Killed", priority=3))
    assert await messages(store, **query) == expected


async def test_pages_of_logs_are_whole_and_without_doubles_while_lines_arrive(store):
    await store.record_logs(logs(range(100, 150), step_us=0))
    await store.record_logs(logs(range(50)))
    seen, cursor, arriving = [], None, 200
    while True:
        page = await store.logs(SITE, LogsQuery(limit=7, cursor=cursor))
        seen += [line.id for line in page.items]
        if page.next is None:
            break
        cursor = page.next
        await store.record_logs(logs([arriving]))
        arriving += 1
    assert len(seen) == len(set(seen)) == 100


async def test_a_page_that_ends_exactly_with_the_rows_has_no_next(store):
    await store.record_logs(logs(range(4)))
    first = await store.logs(SITE, LogsQuery(limit=2))
    second = await store.logs(SITE, LogsQuery(limit=2, cursor=first.next))
    assert len(second.items) == 2
    assert second.next is None


async def test_a_page_of_long_lines_ends_early_and_goes_on_behind_its_cursor(store):
    await store.record_logs(logs(range(200), text="x" * 8_000))
    seen, cursor, pages = 0, None, 0
    while pages == 0 or cursor is not None:
        page = await store.logs(SITE, LogsQuery(limit=1_000, cursor=cursor))
        assert len(page.model_dump_json()) < 700_000
        seen, cursor, pages = seen + len(page.items), page.next, pages + 1
    assert (seen, pages) == (200, 4)


async def test_pages_of_triggers_and_incidents_are_whole(store):
    for number in range(5):
        async with store.fusion(SITE) as transaction:
            await transaction.add_trigger(trigger(number, entity=HOST if number else "bmc:node-1"), None)
        await save(store, incident(number, minute=number // 2))
    for read, query in ((store.triggers, TriggersQuery), (store.incidents, IncidentsQuery)):
        seen, cursor = [], None
        for _ in range(3):
            page = await read(SITE, query(limit=2, cursor=cursor))
            seen += [one.id for one in page.items]
            cursor = page.next
        assert cursor is None
        assert len(set(seen)) == 5
    assert len((await store.triggers(SITE, TriggersQuery(host="node-1"))).items) == 4
    assert (await store.triggers(SITE, TriggersQuery(since=NOON + MINUTE))).items == []


@pytest.mark.parametrize("cursor", ["", "7", "x-y", "1-" + "g" * 32, "9" * 40 + "-" + "0" * 32])
async def test_a_cursor_that_is_none_of_ours_is_an_error_that_says_so(store, cursor):
    with pytest.raises(BadCursor, match="expected the `next` of the page before"):
        await store.logs(SITE, LogsQuery(cursor=cursor))


async def test_metrics_come_in_buckets_with_their_trend(store):
    await store.record_metrics(metrics([(second, second / 60) for second in range(0, 600, 10)], unit="ratio"))
    query = MetricsQuery(host="node-1", name="node_load1", since=NOON, until=NOON + 10 * MINUTE, step_s=60)
    (series,) = (await store.metrics(SITE, query)).series
    assert series.times == [NOON + minute * MINUTE for minute in range(10)]
    assert series.unit == "ratio"
    assert series.minima == pytest.approx([float(minute) for minute in range(10)])
    assert series.maxima == pytest.approx([minute + 50 / 60 for minute in range(10)])
    assert series.averages == pytest.approx([minute + 25 / 60 for minute in range(10)])
    assert series.slope_per_hour == pytest.approx(60.0)


async def test_two_buckets_are_no_trend(store):
    await store.record_metrics(metrics([(0, 1.0), (60, 2.0)]))
    query = MetricsQuery(host="node-1", name="node_load1", since=NOON, until=NOON + 10 * MINUTE)
    assert (await store.metrics(SITE, query)).series[0].slope_per_hour is None


async def test_metrics_outside_the_range_or_unknown_are_no_series(store):
    await store.record_metrics(metrics([(0, 1.0), (60, 2.0)]))
    later = {"host": "node-1", "since": NOON + 2 * MINUTE, "until": NOON + 3 * MINUTE}
    assert (await store.metrics(SITE, MetricsQuery(name="node_load1", **later))).series == []
    assert (await store.metrics(SITE, MetricsQuery(name="node_load5", **later))).series == []


def test_a_range_of_too_many_buckets_gets_wider_ones():
    query = MetricsQuery(host="h", name="m", since=NOON, until=NOON + timedelta(days=30), step_s=1)
    assert bucket_seconds(query, 1) == 1_296
    assert bucket_seconds(query, 100) == 32_400
    assert bucket_seconds(query.model_copy(update={"step_s": 86_400}), 1) == 86_400


@settings(max_examples=50, deadline=None)
@given(
    slope=st.floats(-100, 100),
    start=st.floats(-1e6, 1e6),
    gaps=st.lists(st.integers(1, 10_000_000_000), min_size=2, max_size=30),
)
def test_the_slope_of_a_straight_line_is_its_slope(slope, start, gaps):
    times = [sum(gaps[:place]) for place in range(len(gaps) + 1)]
    hours = [time / 3_600_000_000 for time in times]
    found = slope_per_hour(times, [start + slope * hour for hour in hours])
    assert found == pytest.approx(slope, abs=1e-6 * max(1.0, abs(start)) / max(hours[-1], 1e-9))


def test_from_us_is_exact_at_the_cursor():
    assert from_us(1_772_625_600_123_457).microsecond == 123_457
