"""The event logs of BMCs as such: how full, which generation, what became of them; and the jobs that read them."""

from typing import ClassVar

from pydantic import AwareDatetime, Field

from groundcrew.contracts.envelope import Message, OpenEnum, Record
from groundcrew.contracts.identity import Id
from groundcrew.contracts.observations import Columns


class LogChange(OpenEnum):
    """What became of an event log since the look before."""

    NONE = "none"
    CLEARED = "cleared"
    LOST = "lost"
    DELETED = "deleted"
    REPLACED = "replaced"
    UNKNOWN = "unknown"


class WhenFull(OpenEnum):
    """What the log does with a new record when it is full."""

    STOPS = "stops"
    OVERWRITES = "overwrites"
    UNKNOWN = "unknown"


class EventLogBatch(Columns):
    """Event logs of one BMC, a row for each that changed: as it is now, or what became of it. A log that is as
    before is told every ten minutes."""

    TYPE: ClassVar[str] = "observe.eventlogs"

    ids: list[Id]
    times: list[int] = Field(description="of our look, microseconds since the epoch, UTC")
    logs: list[str] = Field(description="SEL over IPMI; over Redfish the log service's name")
    generations: list[int] = Field(description="counts up when none of the records known before is left")
    entries: list[int] = Field(description="records that it holds")
    capacities: list[int | None] = Field(description="records that fit, None where the BMC does not say")
    when_full: list[WhenFull] = Field(description="stops, overwrites its oldest, or unknown")
    overflows: list[bool] = Field(description="the BMC says that it dropped records for lack of space")
    changes: list[LogChange] = Field(description="none: the row tells how the log is")
    details: list[str] = Field(
        description="one sentence of a change: what was there before and is now, what speaks for it"
    )


class SyncState(OpenEnum):
    """Where a job stands."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    UNKNOWN = "unknown"


class SyncJob(Record):
    """Reading all event logs of a BMC whole: the first time, anew after one was cleared or replaced, or because
    somebody asked. It survives its collector: a job that was under way goes on where it was."""

    id: Id
    bmc: str
    state: SyncState
    reason: str = Field(description="first look, log cleared, records lost, BMC replaced, or who asked")
    progress: float = Field(ge=0, le=1, description="share of the records that the bus has")
    current_step: str = Field(description="waiting for its turn, reading, storing, done, or why it does not go on")
    events_synced: int = Field(ge=0)
    events_total: int = Field(ge=0, description="records in its logs, as the BMC last said")
    started_at: AwareDatetime
    updated_at: AwareDatetime
    finished_at: AwareDatetime | None = None
    estimated_remaining: float | None = Field(None, ge=0, description="seconds, None where it cannot be told yet")


class SyncChanged(Message):
    """A job moved on."""

    TYPE: ClassVar[str] = "observe.sync"

    job: SyncJob
