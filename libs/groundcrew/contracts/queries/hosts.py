"""Questions to context about hosts: how they are, what they logged and measured."""

from pydantic import AwareDatetime, Field

from groundcrew.contracts.envelope import Record
from groundcrew.contracts.identity import Entity, Id
from groundcrew.contracts.observations import SourceStatus
from groundcrew.contracts.queries.endpoint import Paged


class HostsQuery(Paged):
    """By name."""

    name: str | None = Field(None, max_length=256, description="only this host")


class HostSummary(Record):
    """A host with its health score: 100 is well, see `diagnosis/health.py` for what is taken off."""

    name: str
    entity: Entity
    health: int = Field(ge=0, le=100)
    health_reasons: list[str] = Field(description="what was taken off, e.g. '-40 critical: PSU2 lost its input'")
    open_incidents: int
    last_seen: AwareDatetime | None
    facts: dict[str, str]
    sources: list[SourceStatus]
    latest: dict[str, float] = Field(description="newest value of the well-known metrics, by name{labels}")


class HostPage(Record):
    items: list[HostSummary]
    next: str | None = None


class ForecastsQuery(Record):
    """What of a host will be used up, by what was measured of it."""

    host: str


class Forecast(Record):
    """When a limit is reached, by a robust line through the last `points` measurements."""

    id: str = Field(description="of the entry in the pack of forecasts")
    title: str = Field(description="what will be so then")
    component_class: str
    component: str
    metric: str = Field(description="name of the metric; 'fan' or 'temperature' of a sensor of the host's BMC")
    labels: dict[str, str] = Field(default_factory=dict)
    unit: str = ""
    value: float = Field(description="the line's value at the newest measurement")
    limit: float
    per_day: float = Field(description="how the line moves in a day")
    soonest: AwareDatetime = Field(description="nine of ten lines reach the limit between `soonest` and `latest`")
    likely: AwareDatetime
    latest: AwareDatetime | None = Field(None, description="None: it may be never")
    points: int
    back_test: float | None = Field(
        None,
        description="by how much the line through the first two thirds missed the present value, as a share of what it "
        "moved since the first; None where there was no line then",
    )


class ForecastsReply(Record):
    """Soonest first. Of series with too few points, or without a clear direction, nothing is told."""

    forecasts: list[Forecast]
    series: int = Field(description="series that were looked at")


class LogsQuery(Paged):
    """Newest first."""

    host: str | None = None
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None
    contains: str | None = Field(None, max_length=200)
    max_priority: int = Field(7, ge=0, le=7)
    unit: str | None = None


class LogLine(Record):
    id: Id
    time: AwareDatetime
    entity: Entity
    priority: int
    identifier: str
    unit: str
    message: str
    source: str
    position: str


class LogPage(Record):
    items: list[LogLine]
    next: str | None = None


class MetricsQuery(Record):
    host: str
    name: str
    since: AwareDatetime
    until: AwareDatetime
    step_s: int = Field(60, ge=1, le=86_400, description="width of a bucket; at most 2,000 buckets a series")


class MetricPoints(Record):
    labels: dict[str, str]
    unit: str
    times: list[AwareDatetime] = Field(description="start of each bucket that has a sample")
    averages: list[float]
    minima: list[float]
    maxima: list[float]
    slope_per_hour: float | None = Field(description="least-squares trend over the range, None below 3 buckets")


class MetricsReply(Record):
    series: list[MetricPoints]


class ServicesQuery(Record):
    host: str


class ServiceState(Record):
    time: AwareDatetime
    unit: str
    active_state: str
    sub_state: str
    result: str
    restarts: int | None


class ServicesReply(Record):
    services: list[ServiceState]
