"""BMCs as the store tells them: newest sensors, event log by page, and never as hosts."""

from datetime import timedelta

import pytest
from tests.contract.stores.observed import NOON, SITE, inventory, logs, sel, sensors

from groundcrew.contracts.queries import SelQuery, SensorHistoryQuery

BMC = "bmc:node-1"


async def test_bmcs_are_told_apart_from_hosts(store):
    await store.record_logs(logs([1]))
    await store.record_inventory(inventory("9.08", entity=BMC))
    await store.record_sensors(sensors({"Inlet": 20.0}, entity="bmc:node-2"))
    assert [row.entity for row in await store.bmcs(SITE)] == [BMC, "bmc:node-2"]
    assert [row.entity for row in await store.hosts(SITE)] == ["host:node-1"]
    assert (await store.bmcs(SITE))[0].observed.sources[0].name == "journal"


async def test_the_newest_reading_of_each_sensor_is_known_though_older_ones_come_late(store):
    await store.record_sensors(sensors({"Inlet": 23.5, "PS2": None}, second=60))
    await store.record_sensors(sensors({"Inlet": 99.0, "Outlet": 41.0}, second=0))
    told = await store.sensors(SITE, BMC)
    assert [(one.sensor, one.value, one.text) for one in told] == [
        ("Inlet", 23.5, ""),
        ("Outlet", 41.0, ""),
        ("PS2", None, "0x01"),
    ]
    assert (told[0].bmc, told[0].unit, told[0].status) == ("node-1", "degrees C", "ok")
    assert told[0].time == NOON + timedelta(seconds=60)
    assert await store.sensors(SITE, "bmc:node-2") == []
    assert await store.sensors("other", BMC) == []


async def test_a_sensor_that_is_listed_no_more_is_gone_after_an_hour(store):
    await store.record_sensors(sensors({"Old": 1.0, "Inlet": 20.0}, second=0))
    await store.record_sensors(sensors({"Inlet": 21.0}, second=3_599))
    assert [one.sensor for one in await store.sensors(SITE, BMC)] == ["Inlet", "Old"]
    await store.record_sensors(sensors({"Inlet": 22.0}, second=3_601))
    assert [one.sensor for one in await store.sensors(SITE, BMC)] == ["Inlet"]


async def test_what_sensors_measured_comes_in_buckets_by_sensor(store):
    for second, value in ((0, 20.0), (30, 30.0), (60, 40.0), (3_600, 99.0)):
        await store.record_sensors(sensors({"Inlet": value, "PS2": None}, second=second))
    await store.record_sensors(sensors({"Inlet": 1.0}, second=0, entity="bmc:node-2"))
    query = SensorHistoryQuery(since=NOON, until=NOON + timedelta(minutes=10), step_s=60)
    [series] = (await store.sensor_history(SITE, BMC, query)).series
    assert (series.labels, series.unit) == ({"sensor": "Inlet"}, "degrees C")
    assert series.times == [NOON, NOON + timedelta(seconds=60)]
    assert (series.averages, series.minima, series.maxima) == ([25.0, 40.0], [20.0, 40.0], [30.0, 40.0])
    assert (await store.sensor_history("other", BMC, query)).series == []


async def test_event_log_records_come_newest_first_in_whole_pages(store):
    await store.record_sel(sel(range(1, 8)))
    await store.record_sel(sel([100], entity="bmc:node-2"))
    seen, cursor, pages = [], None, 0
    while pages == 0 or cursor is not None:
        page = await store.sel(SITE, BMC, SelQuery(limit=3, cursor=cursor))
        seen += [entry.record_id for entry in page.items]
        cursor, pages = page.next, pages + 1
    assert seen == [7, 6, 5, 4, 3, 2, 1]
    assert pages == 3


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"contains": "ac LOST"}, [3, 2, 1]),
        ({"contains": "%"}, []),
        ({"since": NOON + timedelta(seconds=2)}, [3, 2]),
        ({"until": NOON + timedelta(seconds=2)}, [1]),
    ],
)
async def test_event_log_records_are_found_by_what_they_are(store, query, expected):
    await store.record_sel(sel([1, 2, 3]))
    page = await store.sel(SITE, BMC, SelQuery(**query))
    assert [entry.record_id for entry in page.items] == expected


async def test_an_event_log_record_comes_back_as_written(store):
    await store.record_sel(sel([4]))
    (entry,) = (await store.sel(SITE, BMC, SelQuery())).items
    assert entry.model_dump(mode="json", exclude={"id"}) == {
        "bmc": "node-1",
        "record_id": 4,
        "time": "2026-03-04T12:00:04Z",
        "source_time": "03/04/2026 12:00:00",
        "sensor": "Power Supply PS2 Status",
        "event": "Power Supply AC lost",
        "asserted": True,
        "text": "Power Supply PS2 Status | Power Supply AC lost | Asserted",
        "uncertainty_s": None,
    }


async def test_retention_drops_old_readings_and_records(store):
    await store.record_sensors(sensors({"Inlet": 20.0}))
    await store.record_sel(sel([1]))
    await store.apply_retention(NOON + timedelta(days=60), {"sensor_readings": 30, "sel_records": 30})
    assert await store.sensors(SITE, BMC) == []
    assert (await store.sel(SITE, BMC, SelQuery())).items == []
