"""What context says of a host that fills its disk: which, when, and nothing of what stands still."""

import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from importlib import resources
from typing import Any

import pytest

from groundcrew.bus.port import RequestFailed
from groundcrew.contracts.clock import VirtualClock, to_us
from groundcrew.contracts.envelope import ProducedBy, seal
from groundcrew.contracts.inventory import Inventory, InventoryHost
from groundcrew.contracts.observations import MetricBatch, MetricSeries, SensorBatch
from groundcrew.contracts.queries import ForecastsQuery
from groundcrew.runtime.packs import PackFile, load_packs
from groundcrew.stores.context.memory import MemoryContextStore
from groundcrew_context.forecasting import Forecasts, targets_of

NOW = datetime(2026, 3, 4, tzinfo=UTC)
GIB = 2.0**30


async def filled(hours: int) -> MemoryContextStore:
    """/var loses a GiB an hour and has 48 left; /home stands still."""
    store = MemoryContextStore()
    names = ("/var", "/home")
    times = [NOW - timedelta(hours=hours - at) for at in range(hours + 1)]
    for at, when in enumerate(times):
        batch = MetricBatch(
            series=[MetricSeries(name="filesystem_avail_bytes", unit="bytes", labels={"mountpoint": m}) for m in names],
            series_index=[0, 1],
            times=[to_us(when)] * 2,
            values=[(48 + hours - at) * GIB, 900 * GIB],
        )
        await store.record_metrics(
            seal(
                batch,
                id=f"{at:032x}",
                site="default",
                entity="host:n1",
                time=when,
                received_at=when,
                source="metrics",
                position=str(at),
                produced_by=ProducedBy(service="test", version="0"),
            )
        )
    return store


def asked(store: MemoryContextStore) -> Forecasts:
    return Forecasts(
        site="default",
        store=store,
        clock=VirtualClock(NOW),
        targets=targets_of(load_packs().texts("forecasts")),
        inventory=lambda: Inventory(
            revision=1, host=[InventoryHost(name="n1", bmc="n1-bmc"), InventoryHost(name="n2")]
        ),
    )


async def test_a_disk_that_fills_is_told_with_its_hour() -> None:
    reply = await asked(await filled(48)).forecasts(ForecastsQuery(host="n1"))
    [one] = reply.forecasts
    assert (one.id, one.component, one.labels) == ("filesystem.full", "/var", {"mountpoint": "/var"})
    assert abs(one.likely - (NOW + timedelta(hours=48))) < timedelta(hours=1)
    assert one.soonest <= one.likely
    assert reply.series == 2


async def test_too_few_points_say_nothing() -> None:
    reply = await asked(await filled(6)).forecasts(ForecastsQuery(host="n1"))
    assert (reply.forecasts, reply.series) == ([], 2)


async def test_a_host_that_nobody_knows_is_said_and_one_that_is_only_listed_has_none() -> None:
    with pytest.raises(RequestFailed, match="there is no host 'n9'"):
        await asked(MemoryContextStore()).forecasts(ForecastsQuery(host="n9"))
    reply = await asked(MemoryContextStore()).forecasts(ForecastsQuery(host="n2"))
    assert (reply.forecasts, reply.series) == ([], 0)


def test_an_operators_pack_replaces_and_disables() -> None:
    shipped = resources.files("groundcrew.diagnosis").joinpath("packs/forecasts.toml").read_text()
    mine = PackFile("forecasts", 1, "forecasts-mine.toml", shipped.replace("limit = 100\n", "limit = 80\n"))
    found = targets_of([PackFile("forecasts", 0, "forecasts.toml", shipped), mine])
    assert {one.id: one for one in found.metrics}["nvme.wear"].limit == 80
    off = PackFile(
        "forecasts", 1, "forecasts-off.toml",
        '[[sensor_forecast]]\nid = "fan.wear"\ndisabled = true\nof = "fans"\nleast = 1\nhorizon_days = 1\ntitle = "x"\n'
        'component_class = "fan"\n',
    )  # fmt: skip
    found = targets_of([PackFile("forecasts", 0, "forecasts.toml", shipped), off])
    assert [one.id for one in found.sensors] == ["cooling.drift"]


Reads = Callable[[float], dict[str, tuple[float, str, float | None, float | None]]]
"""Of the days since the first reading: value, unit, lower and upper critical threshold by sensor."""


def machine(day: float, *, worn: float = 0.0, clogged: float = 0.0) -> dict[str, tuple[float, str, Any, Any]]:
    """Duty and inlet breathe with the day; FAN2 loses `worn` RPM a day, CPU1 gets `clogged` degrees warmer a day."""
    wave = math.sin(2 * math.pi * day)
    speeds = {f"FAN{at}": 6_000 + 100 * at + 900 * wave for at in range(1, 7)}
    speeds["FAN2"] -= worn * day * (1 + wave * 0.15)
    fans = {name: (speed, "RPM", 3_000.0, None) for name, speed in speeds.items()}
    inlet, watts = 23 + 3 * wave, 300 + 100 * math.sin(2 * math.pi * day * 3)
    return fans | {
        "Inlet Temp": (inlet, "degrees C", None, 45.0),
        "CPU1 Temp": (inlet + 0.1 * watts + 10 + clogged * day, "degrees C", None, 95.0),
        "CPU2 Temp": (inlet + 38, "degrees C", None, 0.0),
        "Sys Power": (watts, "Watts", None, None),
    }


async def measured(days: float, reads: Reads) -> MemoryContextStore:
    store = MemoryContextStore()
    begun, looks = NOW - timedelta(days=days), round(days * 24)
    for look in range(looks):
        when = begun + timedelta(hours=look)
        sensors = reads(look / 24)
        batch = SensorBatch(
            times=[to_us(when)] * len(sensors),
            sensors=list(sensors),
            values=[value for value, _, _, _ in sensors.values()],
            texts=[""] * len(sensors),
            units=[unit for _, unit, _, _ in sensors.values()],
            statuses=["ok"] * len(sensors),
            lowers=[lower for _, _, lower, _ in sensors.values()],
            uppers=[upper for _, _, _, upper in sensors.values()],
        )
        await store.record_sensors(
            seal(
                batch,
                id=f"{look:032x}",
                site="default",
                entity="bmc:n1-bmc",
                time=when,
                received_at=when,
                source="sensors",
                position=str(look),
                produced_by=ProducedBy(service="test", version="0"),
            )
        )
    return store


async def test_a_fan_that_wears_is_told_with_its_day_and_its_back_test() -> None:
    store = await measured(6.5, lambda day: machine(day, worn=150))
    reply = await asked(store).forecasts(ForecastsQuery(host="n1"))
    [one] = reply.forecasts
    assert (one.id, one.component, one.metric, one.limit, one.unit) == ("fan.wear", "FAN2", "fan", 3_000.0, "RPM")
    left = (6_200 - 150 * 6.5 - 3_000) / 150  # at the usual duty; at the present one it turns a little faster
    assert one.likely - NOW == pytest.approx(timedelta(days=left), abs=timedelta(days=3))
    assert one.soonest <= one.likely
    assert one.back_test is not None
    assert one.back_test < 0.1
    assert reply.series == 6 + 1  # CPU2 has no threshold that says something


async def test_a_part_that_gets_warmer_above_its_inlet_is_told_with_its_day() -> None:
    store = await measured(6.5, lambda day: machine(day, clogged=1.5))
    [one] = (await asked(store).forecasts(ForecastsQuery(host="n1"))).forecasts
    assert (one.id, one.component, one.metric, one.limit) == ("cooling.drift", "CPU1 Temp", "temperature", 95.0)
    warm_now = machine(6.42, clogged=1.5)["CPU1 Temp"][0]  # in the last three hours, with their inlet and power
    left = (95 - warm_now) / 1.5
    assert one.likely - NOW == pytest.approx(timedelta(days=left), abs=timedelta(days=1.5))


@pytest.mark.parametrize("days", [6.5, 3.0])
async def test_what_only_breathes_with_the_day_and_what_was_watched_too_shortly_give_none(days: float) -> None:
    worn = 0.0 if days > 4 else 150.0
    store = await measured(days, lambda day: machine(day, worn=worn))
    assert (await asked(store).forecasts(ForecastsQuery(host="n1"))).forecasts == []


async def test_a_fan_that_turns_slower_because_all_are_told_to_is_well() -> None:
    def slower(day: float) -> dict[str, tuple[float, str, Any, Any]]:
        return {
            name: (value * (1 - 0.05 * day) if unit == "RPM" else value, unit, low, high)
            for name, (value, unit, low, high) in machine(day).items()
        }

    assert (await asked(await measured(6.5, slower)).forecasts(ForecastsQuery(host="n1"))).forecasts == []


async def test_a_host_without_a_bmc_has_no_forecasts_of_sensors() -> None:
    store = await measured(6.5, lambda day: machine(day, worn=150))
    reply = await asked(store).forecasts(ForecastsQuery(host="n2"))
    assert (reply.forecasts, reply.series) == ([], 0)
