"""What collectors see. Bulk travels in columns: one list per column, the envelope once per batch."""

from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol, Self

from pydantic import AwareDatetime, Field, PrivateAttr, model_validator

from groundcrew.contracts.envelope import Message, OpenEnum, Record
from groundcrew.contracts.identity import Id

MAX_BATCH_ROWS = 2_000
"""Rows of one batch at most; keeps a message well below the servers' 1 MiB default payload together with MAX_TEXT."""

MAX_TEXT = 8_192
"""Characters of one log line or event text; a collector cuts what is longer and marks the cut with ' …'."""


class Columns(Message):
    """A columnar batch: every list field has the same length unless named in `NOT_A_COLUMN`."""

    NOT_A_COLUMN: ClassVar[frozenset[str]] = frozenset()

    @model_validator(mode="after")
    def _same_length(self) -> Self:
        lengths = {
            name: len(value)
            for name in type(self).model_fields
            if name not in self.NOT_A_COLUMN and isinstance(value := getattr(self, name), list)
        }
        if len(set(lengths.values())) > 1:
            msg = f"columns differ in length: {lengths}"
            raise ValueError(msg)
        if lengths and next(iter(lengths.values())) > MAX_BATCH_ROWS:
            msg = f"{next(iter(lengths.values()))} rows, at most {MAX_BATCH_ROWS} fit one batch"
            raise ValueError(msg)
        return self

    def __len__(self) -> int:
        name = next(n for n in type(self).model_fields if n not in self.NOT_A_COLUMN)
        return len(getattr(self, name))


class Unread(Protocol):
    """A column of a log batch as its bytes."""

    def column(self) -> list[Any]:
        """All of it. Raises ValueError where it is not what its name promises."""

    def cell(self, row: int) -> Any:
        """One element, or None where only reading all of it tells."""


class LogBatch(Columns):
    """Log lines of one host, in order of arrival."""

    TYPE: ClassVar[str] = "observe.logs"

    ids: list[Id] = Field(description="stable_id(site, entity, source, position) per line")
    times: list[int] = Field(description="microseconds since the epoch, UTC")
    priorities: list[int] = Field(description="syslog severity 0 (emergency) to 7 (debug)")
    identifiers: list[str] = Field(description="SYSLOG_IDENTIFIER: kernel, sshd, ...")
    units: list[str] = Field(description="systemd unit that wrote the line, empty where unknown")
    transports: list[str] = Field(description="kernel, journal, syslog, stdout, file, ...")
    boot_ids: list[str] = Field(description="journald's _BOOT_ID, empty where unknown")
    positions: list[str] = Field(description="journal cursor, or device:inode:offset of a file")
    messages: list[str] = Field(description="the line itself, without time and host prefix")

    _unread: dict[str, Unread] | None = PrivateAttr(None)

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            """A column that was left as it came from the bus is read when it is asked for."""
            private = self.__pydantic_private__
            unread = private["_unread"] if private else None
            if unread is None or name not in unread:
                return super().__getattr__(name)
            self.__dict__[name] = column = unread[name].column()
            return column

    @classmethod
    def unsettled(cls, messages: list[str], unread: dict[str, Unread]) -> Self:
        """A batch whose other columns are read when they are asked for."""
        batch = cls.model_construct(set(cls.model_fields), messages=messages)  # type: ignore[call-arg]
        batch._unread = unread  # noqa: SLF001 - its own
        return batch  # type: ignore[return-value]

    def cell(self, name: str, row: int) -> Any:
        """One element of a column; where it can, without reading the others."""
        column = self.__dict__.get(name)
        if column is not None:
            return column[row]
        found = self.__pydantic_private__["_unread"][name].cell(row)  # type: ignore[index]
        return getattr(self, name)[row] if found is None else found

    def settle(self) -> None:
        if self._unread is not None:
            columns = {name: getattr(self, name) for name in type(self).model_fields}
            self.__dict__.clear()  # what is written follows the order of what is held
            self.__dict__.update(columns)
            self._unread = None

    def model_copy(self, **given: Any) -> Self:
        self.settle()
        return super().model_copy(**given)

    def model_dump(self, **given: Any) -> dict[str, Any]:
        self.settle()
        return super().model_dump(**given)

    def model_dump_json(self, **given: Any) -> str:
        self.settle()
        return super().model_dump_json(**given)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, LogBatch):
            self.settle()
            other.settle()
        return super().__eq__(other)

    __hash__ = None  # type: ignore[assignment]

    def __len__(self) -> int:
        return len(self.messages)


class MetricSeries(Record):
    """The identity of a series within an entity. Names follow node_exporter without its prefix."""

    name: str
    unit: str = ""
    labels: dict[str, str] = Field(default_factory=dict)


class MetricBatch(Columns):
    """Samples of one host; `series_index` points into `series`."""

    TYPE: ClassVar[str] = "observe.metrics"
    NOT_A_COLUMN: ClassVar[frozenset[str]] = frozenset({"series"})

    series: list[MetricSeries]
    series_index: list[int]
    times: list[int] = Field(description="microseconds since the epoch, UTC")
    values: list[float]
    history: bool = Field(
        False, description="read from an archive: recorded and shown, never judged; nothing is wrong now because of it"
    )

    @model_validator(mode="after")
    def _index_in_range(self) -> Self:
        if self.series_index and not 0 <= min(self.series_index) <= max(self.series_index) < len(self.series):
            msg = f"series_index must lie in 0..{len(self.series) - 1}"
            raise ValueError(msg)
        return self


class ServiceBatch(Columns):
    """States of systemd units of one host. The last three columns are empty where the collector is of an older
    version."""

    TYPE: ClassVar[str] = "observe.services"
    NOT_A_COLUMN: ClassVar[frozenset[str]] = frozenset({"types", "unit_file_states", "triggered_by", "complete"})

    times: list[int] = Field(description="microseconds since the epoch, UTC")
    units: list[str]
    load_states: list[str] = Field(description="loaded, not-found, masked, ...; empty where the source does not say")
    active_states: list[str] = Field(description="active, inactive, failed, activating, ...")
    sub_states: list[str] = Field(description="running, dead, auto-restart, failed, ...")
    results: list[str] = Field(description="systemd's Result: success, exit-code, oom-kill, ...; empty where unknown")
    restarts: list[int | None] = Field(description="systemd's NRestarts")
    types: list[str] = Field(
        default_factory=list, description="systemd's Type: simple, notify, oneshot, ...; empty for a timer"
    )
    unit_file_states: list[str] = Field(
        default_factory=list, description="systemd's UnitFileState: enabled, disabled, static, masked, ..."
    )
    triggered_by: list[str] = Field(
        default_factory=list, description="systemd's TriggeredBy: timers, sockets, paths, joined by spaces"
    )
    complete: bool = Field(False, description="whether these are all units of the host: what is missing is not there")

    @model_validator(mode="after")
    def _later_columns_fit(self) -> Self:
        for name in ("types", "unit_file_states", "triggered_by"):
            if len(getattr(self, name)) not in (0, len(self.units)):
                msg = f"columns differ in length: {name} {len(getattr(self, name))}, units {len(self.units)}"
                raise ValueError(msg)
        return self

    def later(self, name: str, row: int) -> str:
        """A row of one of the last three columns, empty where they are."""
        column: list[str] = getattr(self, name)
        return column[row] if column else ""


class SensorBatch(Columns):
    """Sensor readings of one BMC."""

    TYPE: ClassVar[str] = "observe.sensors"

    times: list[int] = Field(description="microseconds since the epoch, UTC")
    sensors: list[str]
    values: list[float | None] = Field(description="None where there is no numeric reading")
    texts: list[str] = Field(description="discrete states as the source prints them: names or hex, else empty")
    units: list[str]
    statuses: list[str] = Field(description="ok, nc, cr, nr or ns as ipmitool prints them")


class SelBatch(Columns):
    """System event log records of one BMC. `uncertainties` is empty where the collector is of an older version."""

    TYPE: ClassVar[str] = "observe.sel"
    NOT_A_COLUMN: ClassVar[frozenset[str]] = frozenset({"uncertainties", "again"})

    ids: list[Id]
    record_ids: list[int]
    times: list[int] = Field(description="best estimate, microseconds since the epoch, UTC")
    source_times: list[str] = Field(description="as the BMC wrote it; 'Pre-Init' where its clock was not set")
    sensors: list[str] = Field(description="sensor type and name as printed, e.g. 'Power Supply PS2 Status'")
    events: list[str] = Field(description="event text, e.g. 'Power Supply AC lost'")
    asserted: list[bool | None]
    texts: list[str] = Field(description="the record as the tool printed it, without id and time")
    uncertainties: list[float | None] = Field(
        default_factory=list, description="seconds by which the time may be off to either side; None: nothing bounds it"
    )
    again: bool = Field(
        False, description="read once more because somebody asked: recorded where it is missing, never judged"
    )

    @model_validator(mode="after")
    def _uncertainties_fit(self) -> Self:
        if len(self.uncertainties) not in (0, len(self.ids)):
            msg = f"columns differ in length: uncertainties {len(self.uncertainties)}, ids {len(self.ids)}"
            raise ValueError(msg)
        return self

    def uncertainty(self, row: int) -> float | None:
        """Seconds; None where the collector did not say."""
        return self.uncertainties[row] if self.uncertainties else None


class SourceState(OpenEnum):
    """Whether a collector's source is there."""

    PRESENT = "present"
    ABSENT = "absent"
    FAILING = "failing"
    UNKNOWN = "unknown"


class SourceStatus(Record):
    """One source of a collector and how it is doing; absent sources are reported, never skipped in silence."""

    name: str = Field(description="journal, files, kmsg, metrics, systemd, ...")
    state: SourceState
    detail: str = Field("", description="one sentence for the operator: what is followed, or why not")
    since: AwareDatetime


class InventoryObserved(Message):
    """What a collector says about its machine and its own sources; sent at start, on change, and every minute."""

    TYPE: ClassVar[str] = "observe.inventory"

    collector: Literal["host", "bmc"] = "host"
    facts: dict[str, str] = Field(description="os, kernel, boot_id, cpu_model, cpu_count, memory_bytes, ...")
    sources: list[SourceStatus]
