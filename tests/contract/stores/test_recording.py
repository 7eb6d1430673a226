"""Recording: every row once, whatever comes how often and in which order."""

from datetime import UTC, datetime, timedelta

import pytest
from tests.contract.stores.observed import HOST, NOON, NOON_US, SITE, inventory, logs, metrics, sel, sensors, services

from groundcrew.contracts.clock import to_us
from groundcrew.contracts.queries import LogsQuery, MetricsQuery

DAY_US = 86_400_000_000


async def lines_of(store, **query):
    page = await store.logs(SITE, LogsQuery(limit=1_000, **query))
    return [line.message for line in page.items]


async def test_log_lines_come_back_as_written_newest_first(store):
    envelope = logs([1, 2], text="mce: line {}", unit="sshd.service", priority=3)
    assert await store.record_logs(envelope) == 2
    newest = (await store.logs(SITE, LogsQuery())).items[0]
    assert newest.model_dump(mode="json") == {
        "id": envelope.data.ids[1],
        "time": "2026-03-04T12:00:02Z",
        "entity": HOST,
        "priority": 3,
        "identifier": "kernel",
        "unit": "sshd.service",
        "message": "mce: line 2",
        "source": "file:/var/log/syslog",
        "position": "2",
    }


async def test_a_redelivered_batch_adds_nothing(store):
    assert await store.record_logs(logs(range(5))) == 5
    assert await store.record_logs(logs(range(5))) == 0
    assert await store.record_logs(logs(range(3, 8))) == 3
    assert await store.count_logs(SITE) == 8


async def test_a_line_twice_in_one_batch_is_stored_once(store):
    assert await store.record_logs(logs([1, 1, 2])) == 2
    assert await store.count_logs(SITE) == 2


async def test_late_lines_fall_into_their_place(store):
    await store.record_logs(logs([5, 9]))
    await store.record_logs(logs([7, 1]))
    assert await lines_of(store) == ["line 9", "line 7", "line 5", "line 1"]


async def test_an_empty_batch_is_no_error(store):
    assert await store.record_logs(logs([])) == 0


async def test_sites_do_not_see_each_other(store):
    await store.record_logs(logs([1]))
    await store.record_logs(logs([1, 2], site="other"))
    assert await store.count_logs(SITE) == 1
    assert await store.count_logs("other") == 2
    assert len((await store.logs("other", LogsQuery())).items) == 2


async def test_what_a_machine_prints_is_stored_whatever_it_is(store):
    text = "'; DROP TABLE log_events; -- %s {} \\ \x00 \U0001f525 \x1b[31m"
    await store.record_logs(logs([1], text=text.replace("{}", "{{}}")))
    assert await lines_of(store) == [text.replace("\x00", "\ufffd")]


async def test_priorities_beyond_syslogs_are_taken_as_the_nearest(store):
    await store.record_logs(logs([1], priority=99))
    await store.record_logs(logs([2], priority=-1))
    assert [line.priority for line in (await store.logs(SITE, LogsQuery())).items] == [0, 7]


@pytest.mark.parametrize("time", [-1, 10**18])
async def test_a_time_that_no_calendar_holds_is_an_error_that_names_it(store, time):
    with pytest.raises(ValueError, match=rf"times\[0\] = {time}: expected microseconds"):
        await store.record_logs(logs([0], start_us=time))
    assert await store.count_logs(SITE) == 0


async def test_scenarios_of_years_ago_are_recorded(store):
    long_ago = to_us(datetime(2005, 11, 9, tzinfo=UTC))
    assert await store.record_logs(logs(range(10), start_us=long_ago)) == 10
    assert await store.record_logs(logs(range(10), start_us=long_ago)) == 0
    assert len(await lines_of(store, until=datetime(2006, 1, 1, tzinfo=UTC))) == 10


async def test_a_batch_that_is_scattered_over_many_days_is_stored_whole_and_once(store):
    scattered = logs(range(60), step_us=DAY_US)
    assert await store.record_logs(scattered) == 60
    assert await store.record_logs(scattered) == 0
    assert await store.record_logs(logs(range(0, 120, 2), step_us=DAY_US)) == 30
    assert await lines_of(store) == [f"line {n}" for n in sorted({*range(60), *range(0, 120, 2)}, reverse=True)]


async def test_samples_are_one_per_series_and_time(store):
    assert await store.record_metrics(metrics([(0, 1.0), (10, 2.0)])) == 2
    assert await store.record_metrics(metrics([(0, 9.0), (10, 9.0), (20, 3.0)])) == 1
    reply = await store.metrics(
        SITE, MetricsQuery(host="node-1", name="node_load1", since=NOON, until=NOON.replace(hour=13), step_s=10)
    )
    assert reply.series[0].averages == [1.0, 2.0, 3.0]


async def test_equal_names_with_other_labels_or_units_are_other_series(store):
    assert await store.record_metrics(metrics([(0, 1.0)], labels={"device": "sda"})) == 1
    assert await store.record_metrics(metrics([(0, 2.0)], labels={"device": "sdb"})) == 1
    assert await store.record_metrics(metrics([(0, 3.0)], labels={"device": "sda"}, unit="bytes")) == 1
    reply = await store.metrics(
        SITE, MetricsQuery(host="node-1", name="node_load1", since=NOON, until=NOON.replace(hour=13))
    )
    assert [(one.labels["device"], one.unit, one.averages) for one in reply.series] == [
        ("sda", "", [1.0]),
        ("sda", "bytes", [3.0]),
        ("sdb", "", [2.0]),
    ]


async def test_samples_that_are_no_number_are_left_out(store):
    assert await store.record_metrics(metrics([(0, float("nan")), (1, float("inf")), (2, 5.0)])) == 1


async def test_the_newest_state_of_each_unit_is_known_though_older_ones_come_late(store):
    assert await store.record_services(services({"nginx.service": "failed", "cron.service": "active"}, second=60)) == 2
    assert await store.record_services(services({"nginx.service": "active"}, second=0)) == 1
    assert await store.record_services(services({"nginx.service": "failed"}, second=60)) == 0
    states = await store.services(SITE, HOST)
    assert [(state.unit, state.active_state, state.restarts) for state in states] == [
        ("cron.service", "active", 0),
        ("nginx.service", "failed", None),
    ]
    assert states[0].time == NOON + timedelta(seconds=60)
    assert await store.services(SITE, "host:unknown") == []


async def test_a_unit_that_vanished_is_forgotten_once_the_host_told_of_others_for_long(store):
    await store.record_services(services({"run-u7.service": "failed", "cron.service": "active"}))
    soon, late = 5 * 3600, 6 * 3600
    await store.record_services(services({"cron.service": "active"}, second=soon))
    assert [state.unit for state in await store.services(SITE, HOST)] == ["cron.service", "run-u7.service"]
    await store.record_services(services({"cron.service": "active"}, second=late))
    assert [state.unit for state in await store.services(SITE, HOST)] == ["cron.service"]


async def test_sensor_readings_and_event_log_records_are_stored_once(store):
    assert await store.record_sensors(sensors({"Inlet": 23.5, "PS2": None})) == 2
    assert await store.record_sensors(sensors({"Inlet": 23.5, "PS2": None})) == 0
    assert await store.record_sel(sel([1, 2, 3])) == 3
    assert await store.record_sel(sel([2, 3, 4])) == 1


async def test_a_host_shows_its_newest_facts_values_and_time(store):
    await store.record_inventory(inventory("6.1", second=30))
    await store.record_metrics(metrics([(0, 1.0), (40, 3.0), (20, 2.0)], labels={"mountpoint": "/"}))
    await store.record_metrics(metrics([(10, 0.5)], labels={"mountpoint": "/"}))
    await store.record_metrics(metrics([(5, 7.0)], name="node_cpu", labels={"cpu": "0"}))
    await store.record_sensors(sensors({"Inlet": 20.0}))
    (row,) = await store.hosts(SITE)
    assert row.entity == HOST
    assert row.last_seen == NOON + timedelta(seconds=40)
    assert row.latest == {"node_load1{mountpoint=/}": 3.0}
    assert row.observed.facts == {"kernel": "6.1"}


async def test_an_older_inventory_does_not_replace_a_newer_one(store):
    assert await store.record_inventory(inventory("6.1", second=30)) == 1
    assert await store.record_inventory(inventory("6.1", second=30)) == 0
    assert await store.record_inventory(inventory("5.10", second=0)) == 0
    assert await store.record_inventory(inventory("6.6", second=60)) == 1
    (row,) = await store.hosts(SITE)
    assert row.observed.facts == {"kernel": "6.6"}
    assert row.observed.sources[0].detail == "no journal here"


async def test_hosts_come_by_name(store):
    for name in ("node-10", "node-2", "Node-1"):
        await store.record_logs(logs([1], entity=f"host:{name}"))
    assert [row.entity for row in await store.hosts(SITE)] == ["host:Node-1", "host:node-10", "host:node-2"]


async def test_noon_is_where_the_helpers_say(store):
    await store.record_logs(logs([0]))
    assert to_us((await store.logs(SITE, LogsQuery())).items[0].time) == NOON_US
