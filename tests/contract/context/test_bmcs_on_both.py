"""BMCs, their sensors and their event logs: what collectors published is told, by BMC and by host."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any

import pytest

from groundcrew.bus.port import RequestFailed
from groundcrew.contracts.clock import to_us
from groundcrew.contracts.envelope import Envelope, ProducedBy, seal
from groundcrew.contracts.identity import bmc, stable_id
from groundcrew.contracts.inventory import InventoryHost
from groundcrew.contracts.observations import InventoryObserved, SelBatch, SensorBatch, SourceState, SourceStatus
from groundcrew.contracts.queries import (
    BmcsQuery,
    EditInventory,
    Endpoints,
    Failure,
    SelQuery,
    SensorsQuery,
)

from .conftest import SITE, START, Station

BMC = "gpu-03-bmc"


def of_bmc(data: Any, number: int, name: str = BMC) -> Envelope[Any]:
    return seal(
        data,
        id=stable_id("bmc message", name, number),
        site=SITE,
        entity=bmc(name),
        time=START,
        received_at=START,
        source="ipmi",
        position=str(number),
        produced_by=ProducedBy(service="test", version="0"),
    )


def seen() -> InventoryObserved:
    sources = [SourceStatus(name="sel", state=SourceState.PRESENT, since=START)]
    return InventoryObserved(collector="bmc", facts={"firmware": "1.74"}, sources=sources)


def records(*texts: str) -> SelBatch:
    count = len(texts)
    return SelBatch(
        ids=[stable_id("record", number) for number in range(count)],
        record_ids=list(range(1, count + 1)),
        times=[to_us(START + timedelta(minutes=number)) for number in range(count)],
        source_times=[""] * count,
        sensors=["Power Supply PS2 Status"] * count,
        events=list(texts),
        asserted=[True] * count,
        texts=list(texts),
    )


def readings(minute: int, **values: float) -> SensorBatch:
    count = len(values)
    return SensorBatch(
        times=[to_us(START + timedelta(minutes=minute))] * count,
        sensors=list(values),
        values=list(values.values()),
        texts=[""] * count,
        units=["degrees C"] * count,
        statuses=["ok"] * count,
    )


@pytest.fixture
async def told(station: Station) -> AsyncIterator[Station]:
    """A site whose inventory puts the BMC into gpu-03, after its collector published; gpu-04 has none."""
    async with AsyncExitStack() as stack:
        await station.start(stack)
        fleet = [InventoryHost(name="gpu-03", bmc=BMC, bmc_address="192.0.2.3"), InventoryHost(name="gpu-04")]
        edit = EditInventory(actor="alice", host=fleet)

        async def edited() -> bool:
            return len((await station.bus.request(Endpoints.EDIT_INVENTORY, edit)).host) == 2

        await station.until(edited)
        published = [
            seen(),
            records("Power Supply AC lost", "Failure detected"),
            readings(0, Inlet=21),
            readings(1, Inlet=24, CPU1=61),
        ]
        await station.bus.publish_batch([of_bmc(data, number) for number, data in enumerate(published)])

        async def recorded() -> bool:
            log = await station.bus.request(Endpoints.SEL, SelQuery(bmc=BMC))
            sensors = await station.bus.request(Endpoints.SENSORS, SensorsQuery(bmc=BMC))
            page = await station.bus.request(Endpoints.BMCS, BmcsQuery(name=BMC))
            return len(log.items) == 2 and len(sensors.sensors) == 2 and bool(page.items and page.items[0].facts)

        await station.until(recorded)
        yield station


async def test_a_bmc_is_told_with_its_host_and_what_its_collector_said(told: Station) -> None:
    for query in (BmcsQuery(), BmcsQuery(name=BMC), BmcsQuery(host="gpu-03")):
        [one] = (await told.bus.request(Endpoints.BMCS, query)).items
        assert (one.name, one.entity, one.host) == (BMC, f"bmc:{BMC}", "gpu-03")
        assert one.address.startswith("192.0.2.3")
        assert one.facts == {"firmware": "1.74"}
        assert [(source.name, source.state) for source in one.sources] == [("sel", SourceState.PRESENT)]
    for query in (BmcsQuery(name="nowhere"), BmcsQuery(host="gpu-04")):
        assert (await told.bus.request(Endpoints.BMCS, query)).items == []


@pytest.mark.parametrize("by", [{"bmc": BMC}, {"host": "gpu-03"}], ids=["bmc", "host"])
async def test_the_newest_reading_of_each_sensor_is_told(told: Station, by: dict[str, str]) -> None:
    found = (await told.bus.request(Endpoints.SENSORS, SensorsQuery(**by))).sensors
    assert [(one.sensor, one.value, one.unit, one.status) for one in found] == [
        ("CPU1", 61, "degrees C", "ok"), ("Inlet", 24, "degrees C", "ok")
    ]  # fmt: skip
    assert {one.bmc for one in found} == {BMC}


async def test_the_thresholds_of_a_sensor_are_those_that_were_told_last(told: Station) -> None:
    limits = {"lowers": [0.0, None], "uppers": [45.0, 95.0]}
    given = [
        readings(3, Inlet=25, CPU1=62).model_copy(update=limits),
        readings(2, Inlet=25, CPU1=62).model_copy(update={"lowers": [9.0, 9.0], "uppers": [9.0, 9.0]}),  # late
        readings(4, Inlet=26, CPU1=63),  # tells none
    ]
    for number, data in enumerate(given, start=50):
        await told.bus.publish(of_bmc(data, number))

    async def newest() -> list[tuple[str, float | None, float | None, float | None]]:
        found = (await told.bus.request(Endpoints.SENSORS, SensorsQuery(bmc=BMC))).sensors
        return [(one.sensor, one.value, one.lower, one.upper) for one in found]

    async def recorded() -> bool:
        return [value for _, value, _, _ in await newest()] == [63, 26]

    await told.until(recorded)
    assert await newest() == [("CPU1", 63, None, 95.0), ("Inlet", 26, None, 45.0)]


@pytest.mark.parametrize("by", [{"bmc": BMC}, {"host": "gpu-03"}], ids=["bmc", "host"])
async def test_the_event_log_is_told_newest_first_in_pages(told: Station, by: dict[str, str]) -> None:
    first = await told.bus.request(Endpoints.SEL, SelQuery(limit=1, **by))
    assert [(one.record_id, one.text, one.bmc) for one in first.items] == [(2, "Failure detected", BMC)]
    second = await told.bus.request(Endpoints.SEL, SelQuery(limit=1, cursor=first.next, **by))
    assert [one.text for one in second.items] == ["Power Supply AC lost"]
    found = await told.bus.request(Endpoints.SEL, SelQuery(contains="ac LOST", **by))
    assert [one.record_id for one in found.items] == [1]
    late = await told.bus.request(Endpoints.SEL, SelQuery(since=START + timedelta(seconds=30), **by))
    assert [one.record_id for one in late.items] == [2]


@pytest.mark.parametrize(
    ("endpoint", "query"), [(Endpoints.SENSORS, SensorsQuery), (Endpoints.SEL, SelQuery)], ids=["sensors", "sel"]
)
async def test_a_bmc_that_nobody_knows_is_not_found(told: Station, endpoint: Any, query: Any) -> None:
    with pytest.raises(RequestFailed, match="there is no BMC 'nowhere'") as failed:
        await told.bus.request(endpoint, query(bmc="nowhere"))
    assert failed.value.failure is Failure.NOT_FOUND
    with pytest.raises(RequestFailed, match="expected the name of a BMC or of a host") as failed:
        await told.bus.request(endpoint, query())
    assert failed.value.failure is Failure.INVALID
    of_none = await told.bus.request(endpoint, query(host="gpu-04"))
    assert list(getattr(of_none, "items", None) or getattr(of_none, "sensors", [])) == [], "gpu-04 has no BMC"
