"""The tables that grow with time, and what a batch writes into each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from groundcrew.contracts.clock import from_us, to_us
from groundcrew.stores.copying import Target
from groundcrew.stores.timescale import Compression

DAY_US = 86_400_000_000
_LAST_US = 253_370_764_800_000_000  # the year 9999


def check_times(times_us: Sequence[int]) -> None:
    """Raises ValueError naming the first time that no table and no datetime can hold."""
    if times_us and not 0 <= min(times_us) <= max(times_us) < _LAST_US:
        row = next(row for row, time in enumerate(times_us) if not 0 <= time < _LAST_US)
        msg = f"times[{row}] = {times_us[row]}: expected microseconds since 1970, before the year 9999"
        raise ValueError(msg)


@dataclass(frozen=True)
class TimeTable:
    """Partitioned by time: each partition (or chunk) holds `days` days, counted from the Unix epoch."""

    name: str
    days: int
    target: Target

    @property
    def width_us(self) -> int:
        return self.days * DAY_US

    def slot(self, time_us: int) -> int:
        """Number of the partition that this time falls in."""
        return time_us // self.width_us

    def cutoff(self, now: datetime, keep_days: int) -> datetime:
        """Start of the oldest partition that is kept: the one in which the time to keep begins."""
        return from_us(self.slot(to_us(now - timedelta(days=keep_days))) * self.width_us)


LOG_EVENTS = TimeTable(
    "log_events",
    1,
    Target(
        "log_events",
        (
            ("site", "text"), ("time", "timestamptz"), ("id", "uuid"), ("entity", "text"),
            ("received_at", "timestamptz"), ("priority", "smallint"), ("identifier", "text"), ("unit", "text"),
            ("transport", "text"), ("boot_id", "text"), ("source", "text"), ("position", "text"), ("message", "text"),
        ),
    ),
)  # fmt: skip
SAMPLES = TimeTable(
    "samples",
    1,
    Target("samples", (("site", "text"), ("series_id", "integer"), ("time", "timestamptz"), ("value", "float8"))),
)
SERVICE_STATUS = TimeTable(
    "service_status",
    7,
    Target(
        "service_status",
        (
            ("site", "text"), ("time", "timestamptz"), ("entity", "text"), ("unit", "text"), ("load_state", "text"),
            ("active_state", "text"), ("sub_state", "text"), ("result", "text"), ("restarts", "bigint"),
        ),
    ),
)  # fmt: skip
SENSOR_READINGS = TimeTable(
    "sensor_readings",
    7,
    Target(
        "sensor_readings",
        (
            ("site", "text"), ("time", "timestamptz"), ("entity", "text"), ("sensor", "text"), ("value", "float8"),
            ("text", "text"), ("unit", "text"), ("status", "text"),
        ),
    ),
)  # fmt: skip
SEL_RECORDS = Target(
    "sel_records",
    (
        ("site", "text"), ("time", "timestamptz"), ("id", "uuid"), ("entity", "text"), ("received_at", "timestamptz"),
        ("record_id", "bigint"), ("source_time", "text"), ("sensor", "text"), ("event", "text"), ("asserted", "bool"),
        ("text", "text"), ("uncertainty_s", "float8"),
    ),
)  # fmt: skip

COMPRESSED = (
    Compression("samples", "series_id", "time DESC"),
    Compression("log_events", "site, entity", "time DESC, id"),
    Compression("service_status", "site, entity", "unit, time DESC"),
    Compression("sensor_readings", "site, entity", "sensor, time DESC"),
)
"""Where TimescaleDB may compress, old chunks are; every column of a table's key is in its segment or its order."""

TIME_TABLES = (LOG_EVENTS, SAMPLES, SERVICE_STATUS, SENSOR_READINGS)
"""Retention drops these by whole partitions."""

ROW_TABLES = {"sel_records": "time", "event_log_changes": "time", "trigger_events": "time", "findings": "time"}
"""Retention deletes from these by rows; the value is the column that counts. Incidents have a rule of their own."""


def check_retention(keep_days: dict[str, int]) -> None:
    """Raises ValueError naming what is no table of ours, or would drop the present."""
    known = {table.name for table in TIME_TABLES} | set(ROW_TABLES) | {"incidents"}
    for name, days in keep_days.items():
        if name not in known:
            msg = f"retention of {name!r}: expected one of {', '.join(sorted(known))}"
            raise ValueError(msg)
        if days < 1:
            msg = f"retention of {name}: {days} days, expected at least 1"
            raise ValueError(msg)
