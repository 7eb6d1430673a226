"""What the collector asks of a source of log lines, and what a source asks of the collector.

A source numbers its records. A **span** is a stretch of one source between two positions; its end is written to the
ledger before its rows are published, so that after a crash the same span is read again and gives the same rows, ids
and times.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from groundcrew.contracts.observations import MAX_TEXT
from groundcrew.diagnosis.samples import Sample

_ESCAPED = re.compile('[\\x00-\\x1f"\\\\\\x7f]').findall

Position = dict[str, Any]
"""Where a stream stands, as JSON. Only its source understands it."""


class SourceAbsent(Exception):
    """The source is not there. The text is one sentence for the operator that says why."""


class SourceFailed(Exception):
    """The source is there but does not work. The text is one sentence for the operator."""


@dataclass(frozen=True, slots=True)
class LogRow:
    """One log line. `position` is the source's own number of it. `host` or `entity` say whose line it is; both are
    empty for this host."""

    position: str
    time_us: int
    priority: int
    identifier: str
    unit: str
    transport: str
    boot_id: str
    message: str
    host: str = ""
    entity: str = ""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of one stream. `start` and `end` are all that is needed to read it again.

    `received_us` and `boot_us` (wall time at which the monotonic clock was 0) are kept with it, so that lines
    without a time of their own, or with an uptime stamp, get the same time when they are read again.
    """

    key: str
    source: str
    start: Position
    end: Position
    received_us: int
    boot_us: int

    def to_json(self) -> dict[str, Any]:
        return {
            "source": self.source,
            "start": self.start,
            "end": self.end,
            "received_us": self.received_us,
            "boot_us": self.boot_us,
        }

    @classmethod
    def from_json(cls, key: str, value: dict[str, Any]) -> "Span":
        return cls(key, value["source"], value["start"], value["end"], value["received_us"], value["boot_us"])


class Sink(Protocol):
    """Where a log source hands its lines to."""

    @property
    def first_start(self) -> bool:
        """Whether this source was never followed before, so that it must choose where to begin."""

    def positions(self) -> dict[str, Position]:
        """Where each stream of this source stands: the end of its last span."""

    async def place(self, changes: dict[str, Position | None]) -> None:
        """Let streams stand here without publishing anything; None: forget the stream. Ends the first start."""

    async def take(self, span: Span, rows: Sequence[LogRow]) -> None:
        """Publish a span. Returns once the bus has it; until then the source must not read on."""

    @property
    def generation(self) -> int:
        """The number that files found now belong to."""

    def next_generation(self) -> int:
        """A number larger than all before, for telling apart what reuses a file's identity."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a program told at one look: samples, and a sentence for the operator."""

    samples: Sequence[Sample]
    detail: str


class MetricSource(Protocol):
    """Metrics that a program is asked for. Each implementation sits in a file of its own."""

    name: str

    async def read(self) -> Reading:
        """Raises SourceAbsent or SourceFailed."""

    def missing(self) -> Sequence[Sample]:
        """What is to be told where it failed."""


class LogSource(Protocol):
    """One kind of log. Each implementation sits in a file of its own."""

    name: str

    async def probe(self) -> str:
        """One sentence that says what will be followed. Raises SourceAbsent or SourceFailed."""

    async def follow(self, sink: Sink) -> None:
        """Hand over lines until cancelled. Raises SourceFailed; the collector starts it again later."""

    async def reread(self, span: Span) -> list[LogRow]:
        """The rows of a span that was written down but perhaps not published. What is gone is left out."""


def cut(text: str) -> str:
    """At most MAX_TEXT characters, a cut marked with ' …'; without NUL, which PostgreSQL cannot store."""
    if "\0" in text:
        text = text.replace("\0", "�")
    return text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 2] + " …"


def weight(row: LogRow) -> int:
    """Upper estimate of the bytes that a row takes in an encoded batch: text may grow when escaped, the rest is ids."""
    escaped = len(row.message.encode("utf-8", "replace")) + 5 * len(_ESCAPED(row.message))
    return escaped + len(row.position) + len(row.identifier) + len(row.unit) + 130
