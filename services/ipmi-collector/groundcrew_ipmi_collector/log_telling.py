"""What is told of a BMC's event logs as such: how full they are, and what became of them."""

from dataclasses import dataclass

from groundcrew.contracts.event_logs import EventLogBatch, LogChange, WhenFull
from groundcrew.contracts.identity import stable_id

AGAIN_S = 600.0
"""A log that stays as it was is told so often."""


@dataclass(frozen=True, slots=True)
class LogNow:
    """One log as it was found."""

    log: str
    generation: int
    entries: int
    capacity: int | None = None
    when_full: WhenFull = WhenFull.UNKNOWN
    overflow: bool = False

    def row(
        self, site: str, entity: str, at_us: int, change: LogChange = LogChange.NONE, detail: str = ""
    ) -> EventLogBatch:
        """As a batch of one row."""
        return EventLogBatch(
            ids=[stable_id(site, entity, "eventlog", self.log, self.generation, change.value, at_us)],
            times=[at_us],
            logs=[self.log],
            generations=[self.generation],
            entries=[self.entries],
            capacities=[self.capacity],
            when_full=[self.when_full],
            overflows=[self.overflow],
            changes=[change],
            details=[detail],
        )


def joined(rows: list[EventLogBatch]) -> EventLogBatch:
    """One batch of all rows."""
    columns = EventLogBatch.model_fields
    return EventLogBatch(**{name: [value for row in rows for value in getattr(row, name)] for name in columns})


class Told:
    """Of one BMC: which states were told last, and when."""

    def __init__(self) -> None:
        self._told: dict[str, tuple[LogNow, float]] = {}

    def due(self, logs: list[LogNow], now_s: float) -> list[LogNow]:
        """Those that are otherwise than told, or were told long ago."""
        return [
            one
            for one in logs
            if one.log not in self._told or self._told[one.log][0] != one or now_s - self._told[one.log][1] >= AGAIN_S
        ]

    def told(self, logs: list[LogNow], now_s: float) -> None:
        self._told |= {one.log: (one, now_s) for one in logs}
