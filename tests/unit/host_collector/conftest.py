"""A sink that remembers, and a files source over a folder of the test."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC
from pathlib import Path

import pytest
import structlog

from groundcrew.contracts.clock import Clock, SystemClock
from groundcrew.diagnosis.lines import LineReader
from groundcrew_host_collector.files import FilesSource
from groundcrew_host_collector.source import LogRow, Position, Span


async def never() -> None:
    """No other source replaces this one."""


@dataclass
class RecordingSink:
    """Implements `Sink` in memory; it outlives the source, as the cursor file does."""

    rows: list[LogRow] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)
    places: dict[str, Position] = field(default_factory=dict)
    first_start: bool = True
    generation: int = 0
    held: asyncio.Event | None = None

    def positions(self) -> dict[str, Position]:
        return dict(self.places)

    async def place(self, changes: dict[str, Position | None]) -> None:
        self.first_start = False
        for key, position in changes.items():
            if position is None:
                self.places.pop(key, None)
            else:
                self.places[key] = position

    async def take(self, span: Span, rows: Sequence[LogRow]) -> None:
        if self.held is not None:
            await self.held.wait()
        self.spans.append(span)
        self.rows += rows
        self.places[span.key] = span.end

    def next_generation(self) -> int:
        self.generation += 1
        return self.generation

    @property
    def messages(self) -> list[str]:
        return [row.message for row in self.rows]

    async def until(self, count: int) -> None:
        async with asyncio.timeout(10):
            while len(self.rows) < count:
                await asyncio.sleep(0.01)


@pytest.fixture
def sink() -> RecordingSink:
    return RecordingSink()


MakeFiles = Callable[..., FilesSource]


@pytest.fixture
def make_files(tmp_path: Path) -> MakeFiles:
    def make(
        pattern: str = "*.log", *, from_end: bool = False, poll_s: float = 0.02, clock: Clock | None = None
    ) -> FilesSource:
        return FilesSource(
            patterns=(str(tmp_path / pattern),),
            from_end=from_end,
            poll_s=poll_s,
            reader=LineReader("web-1", lambda naive: naive.replace(tzinfo=UTC)),
            instead=never,
            clock=clock or SystemClock(),
            boot_us=lambda: 0,
            log=structlog.get_logger(),
        )

    return make
