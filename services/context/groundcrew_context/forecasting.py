"""What of a host will be used up, and when: by the forecasts of `diagnosis/forecasts.py` over what is stored."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from groundcrew.contracts.clock import Clock
from groundcrew.contracts.identity import host
from groundcrew.contracts.queries import Forecast, ForecastsQuery, ForecastsReply, MetricPoints, MetricsQuery
from groundcrew.diagnosis.forecasts import MAX_POINTS, Line, Target, line_of, parse_forecasts, time_to
from groundcrew.diagnosis.rules import overlay
from groundcrew.diagnosis.templates import fill
from groundcrew.runtime.packs import PackFile
from groundcrew.stores.context.port import ContextStore

MAX_FORECASTS = 100


def targets_of(files: Iterable[PackFile]) -> list[Target]:
    """Shipped ones, and the operator's laid over them. Raises PackError."""
    layers: list[list[Target]] = [[], []]
    for file in files:
        layers[file.layer] += parse_forecasts(file.text, file.name)
    return list(overlay(layers))


class Forecasts:
    """Answers what is asked about one host."""

    def __init__(self, *, site: str, store: ContextStore, clock: Clock, targets: Iterable[Target]) -> None:
        self._site = site
        self._store = store
        self._clock = clock
        self._targets = list(targets)

    async def forecasts(self, query: ForecastsQuery) -> ForecastsReply:
        row = next((one for one in await self._store.hosts(self._site) if one.entity == host(query.host)), None)
        known = {name.partition("{")[0] for name in row.latest} if row is not None else set()
        found: list[Forecast] = []
        looked = 0
        for target in self._targets:
            if target.metric not in known:
                continue
            for points in await self._series(query.host, target):
                looked += 1
                if (told := told_by(points, target)) is not None:
                    found.append(told)
        found.sort(key=lambda one: (one.likely, one.id, one.component))
        return ForecastsReply(forecasts=found[:MAX_FORECASTS], series=looked)

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
    line = line_of([when.timestamp() for when in points.times], points.averages)
    if line is None:
        return None
    newest = points.times[-1]
    found = time_to(line, target.limit, falls=target.falls)
    if found is None or found.likely_s > target.horizon_days * 86_400:
        return None
    likely, soonest = _after(newest, found.likely_s), _after(newest, found.soonest_s)
    if likely is None or soonest is None:
        return None
    latest = _after(newest, found.latest_s) if found.latest_s is not None else None
    return _forecast(points, target, line, soonest=soonest, likely=likely, latest=latest)


def _forecast(
    points: MetricPoints, target: Target, line: Line, *, soonest: datetime, likely: datetime, latest: datetime | None
) -> Forecast:
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
        per_day=line.slope * 86_400,
        soonest=soonest,
        likely=likely,
        latest=latest,
        points=line.points,
    )


def _after(when: datetime, seconds: float) -> datetime | None:
    """None beyond the calendar."""
    try:
        return when + timedelta(seconds=round(seconds))
    except OverflowError:
        return None
