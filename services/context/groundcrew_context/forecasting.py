"""What of a host will be used up, and when: by the forecasts of `diagnosis/forecasts.py` over what is stored."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from groundcrew.bus.port import RequestFailed
from groundcrew.contracts.clock import Clock
from groundcrew.contracts.identity import bmc, host
from groundcrew.contracts.inventory import Inventory
from groundcrew.contracts.queries import (
    Failure,
    Forecast,
    ForecastsQuery,
    ForecastsReply,
    MetricPoints,
    MetricsQuery,
    SensorHistoryQuery,
)
from groundcrew.diagnosis.equal_terms import Machine
from groundcrew.diagnosis.forecasts import (
    MAX_POINTS,
    Range,
    SensorTarget,
    Target,
    back_test,
    line_of,
    parse_forecasts,
    parse_sensor_forecasts,
    time_to,
)
from groundcrew.diagnosis.rules import overlay
from groundcrew.diagnosis.sensor_forecasts import METRIC, UNIT, SensorAhead, sensors_ahead, watched
from groundcrew.diagnosis.sensor_history import SLOT_S, SLOTS, SensorHistory
from groundcrew.diagnosis.templates import fill
from groundcrew.runtime.packs import PackFile
from groundcrew.stores.context.port import ContextStore

MAX_FORECASTS = 100
DAY_S = 86_400


@dataclass(frozen=True)
class Targets:
    """What is forecast: of metrics, and of sensors of BMCs."""

    metrics: Sequence[Target]
    sensors: Sequence[SensorTarget] = ()


def targets_of(files: Iterable[PackFile]) -> Targets:
    """Shipped ones, and the operator's laid over them. Raises PackError."""
    metrics: list[list[Target]] = [[], []]
    sensors: list[list[SensorTarget]] = [[], []]
    for file in files:
        metrics[file.layer] += parse_forecasts(file.text, file.name)
        sensors[file.layer] += parse_sensor_forecasts(file.text, file.name)
    return Targets(overlay(metrics), overlay(sensors))


class Forecasts:
    """Answers what is asked about one host."""

    def __init__(
        self, *, site: str, store: ContextStore, clock: Clock, targets: Targets, inventory: Callable[[], Inventory]
    ) -> None:
        self._site = site
        self._store = store
        self._clock = clock
        self._targets = targets
        self._inventory = inventory

    async def forecasts(self, query: ForecastsQuery) -> ForecastsReply:
        """Raises RequestFailed NOT_FOUND for a host that neither reported nor is listed."""
        row = next((one for one in await self._store.hosts(self._site) if one.entity == host(query.host)), None)
        if row is None and all(one.name != query.host for one in self._inventory().host):
            raise RequestFailed(Failure.NOT_FOUND, f"there is no host {query.host[:80]!r}")
        known = {name.partition("{")[0] for name in row.latest} if row is not None else set()
        found: list[Forecast] = []
        looked = 0
        for target in self._targets.metrics:
            if target.metric not in known:
                continue
            for points in await self._series(query.host, target):
                looked += 1
                if (told := told_by(points, target)) is not None:
                    found.append(told)
        sensors, watched = await self._of_sensors(query.host)
        found += sensors
        looked += watched
        found.sort(key=lambda one: (one.likely, one.id, one.component))
        return ForecastsReply(forecasts=found[:MAX_FORECASTS], series=looked)

    async def _of_sensors(self, name: str) -> tuple[list[Forecast], int]:
        """Of the BMC in this host, and how many sensors were looked at."""
        bmc_name = next((one.bmc for one in self._inventory().host if one.name == name), "")
        if not bmc_name or not self._targets.sensors:
            return [], 0
        machine = await self._machine(bmc(bmc_name))
        found = [
            told
            for target in self._targets.sensors
            for one in sensors_ahead(machine, target)
            if (told := _of_sensor(one, target)) is not None
        ]
        return found, sum(watched(machine, target) for target in self._targets.sensors)

    async def _machine(self, entity: str) -> Machine:
        now = self._clock.now()
        newest = await self._store.sensors(self._site, entity)
        query = SensorHistoryQuery(since=now - timedelta(seconds=SLOTS * SLOT_S), until=now, step_s=SLOT_S)
        stored = (await self._store.sensor_history(self._site, entity, query)).series
        series = {
            one.labels.get("sensor", ""): [
                (int(when.timestamp()), value) for when, value in zip(one.times, one.averages, strict=True)
            ]
            for one in stored
        }
        return Machine(
            SensorHistory.of_series(series),
            {one.sensor: one.unit for one in newest},
            {one.sensor: (one.lower, one.upper) for one in newest},
        )

    async def _series(self, name: str, target: Target) -> list[MetricPoints]:
        now = self._clock.now()
        window = timedelta(hours=target.window_h)
        step_s = max(1, round(window.total_seconds() / MAX_POINTS))
        query = MetricsQuery(host=name, name=target.metric, since=now - window, until=now, step_s=min(step_s, 86_400))
        return (await self._store.metrics(self._site, query)).series


def told_by(points: MetricPoints, target: Target) -> Forecast | None:
    """None where nothing can be said of this series, or nothing happens within the target's horizon."""
    if not points.times:
        return None
    times = [when.timestamp() for when in points.times]
    line = line_of(times, points.averages)
    if line is None:
        return None
    found = time_to(line, target.limit, falls=target.falls)
    if found is None or found.likely_s > target.horizon_days * DAY_S:
        return None
    span = _span(points.times[-1], found)
    if span is None:
        return None
    return Forecast(
        id=target.id,
        title=fill(target.title, points.labels),
        component_class=target.component_class,
        component=fill(target.component, points.labels),
        metric=target.metric,
        labels=points.labels,
        unit=points.unit or target.unit,
        value=line.level,
        limit=target.limit,
        per_day=line.slope * DAY_S,
        soonest=span[0],
        likely=span[1],
        latest=span[2],
        points=line.points,
        back_test=back_test(times, points.averages),
    )


def _of_sensor(one: SensorAhead, target: SensorTarget) -> Forecast | None:
    span = _span(datetime.fromtimestamp(one.newest_s, UTC), one.when)
    if span is None:
        return None
    return Forecast(
        id=target.id,
        title=fill(target.title, {"sensor": one.sensor}),
        component_class=target.component_class,
        component=one.sensor,
        metric=METRIC[target.of],
        labels={"sensor": one.sensor},
        unit=UNIT[target.of],
        value=one.line.level,
        limit=one.limit,
        per_day=one.line.slope * DAY_S,
        soonest=span[0],
        likely=span[1],
        latest=span[2],
        points=one.line.points,
        back_test=one.back_test,
    )


def _span(newest: datetime, found: Range) -> tuple[datetime, datetime, datetime | None] | None:
    """Soonest, likely and latest; None where the calendar ends before."""
    soonest, likely = _after(newest, found.soonest_s), _after(newest, found.likely_s)
    if soonest is None or likely is None:
        return None
    return soonest, likely, _after(newest, found.latest_s) if found.latest_s is not None else None


def _after(when: datetime, seconds: float) -> datetime | None:
    """None beyond the calendar."""
    try:
        return when + timedelta(seconds=round(seconds))
    except OverflowError:
        return None
