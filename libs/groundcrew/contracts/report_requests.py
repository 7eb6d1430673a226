"""What a report may be asked: its kind, how far back, which devices.

Unlike messages, a request with an unknown key is refused: what somebody asked for is never silently left out.
"""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StringConstraints

from groundcrew.contracts.envelope import Record
from groundcrew.contracts.identity import Id

MAX_DEVICES = 1_000


class TimeRange(StrEnum):
    """How far back a report looks."""

    DAY = "24h"
    THREE_DAYS = "72h"
    WEEK = "7d"
    MONTH = "30d"

    @property
    def span(self) -> timedelta:
        return {"24h": timedelta(hours=24), "72h": timedelta(hours=72), "7d": timedelta(days=7)}.get(
            self.value, timedelta(days=30)
        )


class SummaryType(StrEnum):
    """What a summary tells of: scores of devices, what fired, or what is measured."""

    HEALTH = "health"
    EVENTS = "events"
    SENSORS = "sensors"


Device = Annotated[str, StringConstraints(min_length=1, max_length=260, pattern=r"^[^\x00-\x1f\x7f]+$")]
"""A host's name, or 'host:NAME', 'bmc:NAME', 'rack:NAME', 'role:NAME', 'pdu:NAME', 'switch:NAME'; * and ? are wild."""

_DEVICES = (
    "empty: all; a host's name, or host:, bmc:, rack:, role:, pdu: or switch: with a name, where * and ? are wild"
)


class Requested(Record):
    model_config = ConfigDict(frozen=True, extra="forbid")

    time_range: TimeRange = TimeRange.DAY


class SummaryRequest(Requested):
    kind: Literal["summary"] = "summary"
    type: SummaryType = SummaryType.HEALTH
    devices: list[Device] = Field(default_factory=list, max_length=MAX_DEVICES, description=_DEVICES)
    severity_filter: list[Literal["info", "warning", "critical"]] = Field(
        default_factory=list, max_length=3, description="only events of these severities; empty: all"
    )


class TasksRequest(Requested):
    kind: Literal["tasks"] = "tasks"
    devices: list[Device] = Field(default_factory=list, max_length=MAX_DEVICES, description=_DEVICES)
    task_types: list[Literal["memory", "thermal", "power", "fans", "storage", "gpu", "network", "board"]] = Field(
        default_factory=list, max_length=8, description="empty: all"
    )


class RootCauseRequest(Requested):
    kind: Literal["root-cause"] = "root-cause"
    device: Device = Field(description="a host's name, 'host:NAME', or 'bmc:NAME' of the BMC that sits in it")
    event_id: Id | None = Field(
        None, description="an incident, a piece of evidence, a trigger event, an event-log record or a log line"
    )
    description: str = Field("", max_length=2_000, description="what was seen, in the operator's words")


ReportRequest = Annotated[SummaryRequest | TasksRequest | RootCauseRequest, Field(discriminator="kind")]
