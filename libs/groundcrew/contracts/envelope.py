"""The envelope around every message, and how it becomes bytes."""

from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar, Generic, Self, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from groundcrew.contracts.identity import Entity, Id, Site


class OpenEnum(StrEnum):
    """An enum that reads a value of a newer version as `unknown`; each subclass has an UNKNOWN member."""

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        return cls("unknown") if isinstance(value, str) and value != "unknown" else None


class Record(BaseModel):
    """A frozen part of a message. Unknown fields are ignored: versions N and N-1 run side by side."""

    model_config = ConfigDict(frozen=True, extra="ignore", ser_json_inf_nan="null")


class Message(Record):
    """The data of an envelope. `TYPE` and `V` are the envelope's `type` and `v`."""

    TYPE: ClassVar[str]
    V: ClassVar[int] = 1

    def settle(self) -> None:
        """Read what was left unread when it came from the bus, before it is written again."""


class ProducedBy(Record):
    """Who made a message: needed to explain, a year later, why a verdict was what it was."""

    service: str
    version: str
    packs: str = Field("", description="digest of the loaded rule and cause packs, empty where none is used")


M = TypeVar("M", bound=Message)


class Envelope(Record, Generic[M]):
    """What every message carries. `id` is deterministic wherever the source numbers its records."""

    id: Id
    type: str
    v: int = 1
    site: Site
    entity: Entity
    time: AwareDatetime = Field(description="best estimate of when it happened; never rewritten")
    received_at: AwareDatetime = Field(description="when Groundcrew first saw it")
    source: str = Field(description="which numbered source, e.g. 'journal', 'file:/var/log/syslog'")
    position: str = Field(description="the source's own number of the (last) record")
    correlation_id: Id = Field(description="the same for all that follows from one observation")
    causation_id: Id | None = Field(None, description="id of the message this one answers")
    produced_by: ProducedBy
    data: M


def seal(
    data: M,
    *,
    id: str,  # noqa: A002
    site: str,
    entity: str,
    time: datetime,
    received_at: datetime,
    source: str,
    position: str,
    produced_by: ProducedBy,
    cause: "Envelope[Any] | None" = None,
) -> Envelope[M]:
    """Put `data` into an envelope; with `cause`, correlation and causation follow from that message."""
    return Envelope(
        id=id,
        type=data.TYPE,
        v=data.V,
        site=site,
        entity=entity,
        time=time,
        received_at=received_at,
        source=source,
        position=position,
        correlation_id=cause.correlation_id if cause else id,
        causation_id=cause.id if cause else None,
        produced_by=produced_by,
        data=data,
    )


def encode(envelope: Envelope[Any]) -> bytes:
    """JSON bytes of an envelope."""
    envelope.data.settle()
    return envelope.__pydantic_serializer__.to_json(envelope, serialize_as_any=True)
