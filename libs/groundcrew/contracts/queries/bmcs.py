"""Questions to context about BMCs, their sensors and event logs."""

from pydantic import AwareDatetime, Field

from groundcrew.contracts.envelope import Record
from groundcrew.contracts.event_logs import LogChange, SyncJob, WhenFull
from groundcrew.contracts.identity import Entity, Id
from groundcrew.contracts.observations import SourceStatus
from groundcrew.contracts.queries.endpoint import MAX_PAGE, Actor, Paged


class SensorsQuery(Record):
    """Newest readings of the sensors of one BMC, or of the BMC of one host."""

    bmc: str | None = Field(None, max_length=256)
    host: str | None = Field(None, max_length=256)


class SensorReading(Record):
    time: AwareDatetime
    bmc: str
    sensor: str
    value: float | None
    text: str
    unit: str
    status: str = Field(description="ok, nc, cr, nr or ns as ipmitool prints them")
    lower: float | None = Field(None, description="lower critical threshold, where the BMC tells one")
    upper: float | None = Field(None, description="upper critical threshold")


class SensorsReply(Record):
    sensors: list[SensorReading] = Field(description="by name, at most 1,000")


class SensorHistoryQuery(Record):
    """What the sensors of one BMC, or of the BMC of one host, measured; each series is labelled with its sensor."""

    bmc: str | None = Field(None, max_length=256)
    host: str | None = Field(None, max_length=256)
    since: AwareDatetime
    until: AwareDatetime
    step_s: int = Field(300, ge=1, le=86_400, description="width of a bucket; wider where there would be too many")


class SelQuery(Paged):
    """Event-log records of one BMC, or of the BMC of one host; newest first."""

    bmc: str | None = Field(None, max_length=256)
    host: str | None = Field(None, max_length=256)
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None
    contains: str | None = Field(None, max_length=200)


class SelEntry(Record):
    id: Id
    bmc: str
    record_id: int
    time: AwareDatetime
    source_time: str
    sensor: str
    event: str
    asserted: bool | None
    text: str
    uncertainty_s: float | None = Field(None, description="seconds by which `time` may be off; None where unknown")


class EventLogsQuery(Record):
    """The event logs of one BMC, or of the BMC of one host."""

    bmc: str | None = Field(None, max_length=256)
    host: str | None = Field(None, max_length=256)


class EventLogState(Record):
    """An event log as it was last found."""

    log: str
    time: AwareDatetime
    generation: int
    entries: int
    capacity: int | None
    when_full: WhenFull
    overflow: bool


class EventLogEvent(Record):
    """What became of an event log."""

    id: Id
    log: str
    time: AwareDatetime
    generation: int
    entries: int
    change: LogChange
    detail: str


class EventLogsReply(Record):
    logs: list[EventLogState] = Field(description="by name")
    changes: list[EventLogEvent] = Field(description="newest first, at most 50")
    sync: SyncJob | None = Field(None, description="the newest job that read them whole")


class SyncsQuery(Record):
    """Jobs that read event logs, those under way first; of each BMC the newest."""

    bmc: str | None = Field(None, max_length=256)
    limit: int = Field(100, ge=1, le=MAX_PAGE)


class SyncsReply(Record):
    items: list[SyncJob]


class StartSync(Record):
    """Read all event logs of a BMC again: what is missing is recorded, nothing is judged or doubled."""

    bmc: str = Field(max_length=256)
    actor: Actor


class SelPage(Record):
    items: list[SelEntry]
    next: str | None = None


class BmcsQuery(Paged):
    """By name."""

    name: str | None = Field(None, max_length=256, description="only this BMC")
    host: str | None = Field(None, max_length=256, description="only the BMC of this host")


class BmcSummary(Record):
    """A BMC: what the inventory says, and what its collector last said of it."""

    name: str
    entity: Entity
    host: str = Field("", description="the host that it sits in, empty where the inventory does not say")
    address: str = ""
    last_seen: AwareDatetime | None = None
    facts: dict[str, str] = Field(default_factory=dict, description="power, firmware, manufacturer, product, ...")
    sources: list[SourceStatus] = Field(default_factory=list, description="event log, sensors, chassis")


class BmcPage(Record):
    items: list[BmcSummary]
    next: str | None = None
