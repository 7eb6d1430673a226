"""Retention: what is older goes, what is younger stays, and the counts say so."""

from datetime import timedelta

import pytest
from tests.contract.stores.observed import (
    HOST,
    NOON,
    NOON_US,
    SITE,
    evidence,
    incident,
    logs,
    metrics,
    save,
    sel,
    sensors,
    services,
    trigger,
)

from groundcrew.contracts.incidents import IncidentState
from groundcrew.contracts.queries import LogsQuery, MetricsQuery, TriggersQuery

DAY_US = 86_400_000_000
DAYS = timedelta(days=1)


async def test_old_log_lines_go_by_whole_days(store):
    await store.record_logs(logs(range(10), step_us=DAY_US))
    now = NOON + 9 * DAYS
    assert await store.apply_retention(now, {"log_events": 3}) == {"log_events": 6}
    assert await store.count_logs(SITE) == 4
    assert [line.message for line in (await store.logs(SITE, LogsQuery())).items] == [f"line {n}" for n in (9, 8, 7, 6)]
    assert await store.apply_retention(now, {"log_events": 3}) == {"log_events": 0}


async def test_rows_of_a_day_that_was_dropped_may_come_again(store):
    await store.record_logs(logs([0]))
    await store.apply_retention(NOON + 9 * DAYS, {"log_events": 3})
    assert await store.record_logs(logs([0, 1])) == 2
    assert await store.count_logs(SITE) == 2
    assert await store.apply_retention(NOON + 9 * DAYS, {"log_events": 3}) == {"log_events": 2}
    assert await store.count_logs(SITE) == 0


async def test_scattered_rows_go_too(store):
    await store.record_logs(logs(range(40), step_us=DAY_US, start_us=NOON_US - 400 * DAY_US))
    assert await store.apply_retention(NOON, {"log_events": 30}) == {"log_events": 40}
    assert await store.count_logs(SITE) == 0


async def test_a_batch_with_a_clock_gone_mad_is_stored_whole_and_dropped_again(store):
    mad = logs(range(300), step_us=3 * DAY_US, start_us=0)
    assert await store.record_logs(mad) == 300
    assert await store.record_logs(mad) == 0
    assert await store.count_logs(SITE) == 300
    assert await store.apply_retention(NOON, {"log_events": 30}) == {"log_events": 300}
    assert await store.count_logs(SITE) == 0


async def test_each_table_has_its_own_time(store):
    await store.record_metrics(metrics([(0, 1.0), (86_400 * 20, 2.0)]))
    await store.record_services(services({"cron.service": "active"}))
    await store.record_sensors(sensors({"Inlet": 20.0}))
    await store.record_sel(sel([1, 2]))
    async with store.fusion(SITE) as transaction:
        await transaction.add_trigger(trigger(1), None)
    keep = {"samples": 5, "service_status": 5, "sensor_readings": 30, "sel_records": 5, "trigger_events": 5}
    assert await store.apply_retention(NOON + 21 * DAYS, keep) == {
        "samples": 1, "service_status": 1, "sensor_readings": 0, "sel_records": 2, "trigger_events": 1
    }  # fmt: skip
    assert (await store.triggers(SITE, TriggersQuery())).items == []
    assert await store.services(SITE, HOST) == []
    query = MetricsQuery(host="node-1", name="node_load1", since=NOON, until=NOON + 30 * DAYS, step_s=86_400)
    assert (await store.metrics(SITE, query)).series[0].averages == [2.0]


async def test_only_resolved_incidents_are_forgotten_with_all_that_is_theirs(store):
    await save(store, incident(1), [evidence(1)])
    await save(store, incident(2, state=IncidentState.RESOLVED), [evidence(2)])
    assert await store.apply_retention(NOON + 40 * DAYS, {"incidents": 30}) == {"incidents": 1}
    assert await store.incident(SITE, incident(2).id) is None
    assert await store.evidence(SITE, incident(2).id) == []
    assert await store.history(SITE, incident(2).id) == []
    assert len(await store.evidence(SITE, incident(1).id)) == 1


async def test_a_table_that_is_none_of_ours_is_an_error_that_names_it(store):
    with pytest.raises(
        ValueError, match="retention of 'logs': expected one of event_log_changes, findings, incidents, log_events"
    ):
        await store.apply_retention(NOON, {"logs": 3})
    with pytest.raises(ValueError, match="retention of log_events: 0 days, expected at least 1"):
        await store.apply_retention(NOON, {"log_events": 0})
