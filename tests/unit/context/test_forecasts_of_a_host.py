"""What context says of a host that fills its disk: which, when, and nothing of what stands still."""

from datetime import UTC, datetime, timedelta
from importlib import resources

from groundcrew.contracts.clock import VirtualClock, to_us
from groundcrew.contracts.envelope import ProducedBy, seal
from groundcrew.contracts.observations import MetricBatch, MetricSeries
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
        site="default", store=store, clock=VirtualClock(NOW), targets=targets_of(load_packs().texts("forecasts"))
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


async def test_a_host_that_nobody_knows_has_none() -> None:
    reply = await asked(MemoryContextStore()).forecasts(ForecastsQuery(host="n9"))
    assert (reply.forecasts, reply.series) == ([], 0)


def test_an_operators_pack_replaces_and_disables() -> None:
    shipped = resources.files("groundcrew.diagnosis").joinpath("packs/forecasts.toml").read_text()
    mine = PackFile("forecasts", 1, "forecasts-mine.toml", shipped.replace("limit = 100\n", "limit = 80\n"))
    targets = {one.id: one for one in targets_of([PackFile("forecasts", 0, "forecasts.toml", shipped), mine])}
    assert targets["nvme.wear"].limit == 80
