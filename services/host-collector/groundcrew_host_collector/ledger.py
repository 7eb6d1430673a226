"""The cursor file: where each stream stands, and which spans are under way.

One JSON file, replaced atomically. A span under way (an *intent*) is on disk before its rows are published; that it
was published is written with the next intent or after a moment, because reading a span twice does no harm while
forgetting one does.
"""

import asyncio
import json
from pathlib import Path
from typing import Any

from groundcrew.runtime.durable_file import replace_durably
from groundcrew.runtime.resources import CannotStart
from groundcrew_host_collector.source import Position, Span

_VERSION = 1


class LedgerError(CannotStart):
    """The cursor file cannot be used; the text names it and says what to do."""


class Ledger:
    """Positions and intents by source and stream key. Used by one process; not thread-safe."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._positions: dict[str, dict[str, Position]] = {}
        self._intents: dict[str, dict[str, Span]] = {}
        self._generation = 0
        self._dirty = False
        self._writing = asyncio.Lock()

    @classmethod
    def open(cls, folder: Path) -> "Ledger":
        """Read the cursor file, or begin one. Raises LedgerError."""
        ledger = cls(folder / "cursors.json")
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o750)
            if ledger._path.exists():
                ledger._load(json.loads(ledger._path.read_bytes()))
            replace_durably(ledger._path, ledger._dump())
        except OSError as error:
            msg = f"host_collector.state_dir {folder}: {error.strerror or error}; the folder must be writable"
            raise LedgerError(msg) from None
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            msg = f"{ledger._path}: not a cursor file of this program ({error}); move it away to begin anew"
            raise LedgerError(msg) from None
        return ledger

    def _load(self, data: dict[str, Any]) -> None:
        if data["version"] != _VERSION:
            msg = f"version {data['version']!r}, expected {_VERSION}"
            raise ValueError(msg)
        self._generation = int(data["generation"])
        self._positions = {source: dict(streams) for source, streams in data["positions"].items()}
        self._intents = {
            source: {key: Span.from_json(key, value) for key, value in spans.items()}
            for source, spans in data["intents"].items()
        }

    def _dump(self) -> bytes:
        return json.dumps(
            {
                "version": _VERSION,
                "generation": self._generation,
                "positions": self._positions,
                "intents": {
                    source: {key: span.to_json() for key, span in spans.items()}
                    for source, spans in self._intents.items()
                },
            }
        ).encode()

    async def save(self) -> None:
        """Put what is known on disk. What changes meanwhile is written by the next call."""
        async with self._writing:
            self._dirty = False
            data = self._dump()
            try:
                await asyncio.to_thread(replace_durably, self._path, data)
            except OSError:
                self._dirty = True
                raise

    async def flush(self) -> None:
        """Save where something is not on disk yet."""
        if self._dirty:
            await self.save()

    def known(self, source: str) -> bool:
        """Whether this source was ever followed; if not, its first start decides where it begins."""
        return source in self._positions

    def positions(self, source: str) -> dict[str, Position]:
        return dict(self._positions.get(source, {}))

    def intents(self, source: str) -> list[Span]:
        return list(self._intents.get(source, {}).values())

    @property
    def generation(self) -> int:
        return self._generation

    def next_generation(self) -> int:
        self._generation += 1
        self._dirty = True
        return self._generation

    def begin(self, source: str) -> None:
        """From now on the source is known."""
        self._positions.setdefault(source, {})
        self._dirty = True

    def place(self, source: str, key: str, position: Position | None) -> None:
        """Set or forget a stream's position; on disk with the next save."""
        streams = self._positions.setdefault(source, {})
        if position is None:
            streams.pop(key, None)
        else:
            streams[key] = position
        self._dirty = True

    def intend(self, source: str, span: Span) -> None:
        """A span is about to be published; on disk with the next save, which must come before publishing."""
        self._intents.setdefault(source, {})[span.key] = span
        self._dirty = True

    def commit(self, source: str, span: Span) -> None:
        """The bus has the span. Its end is the stream's position now."""
        self._intents.get(source, {}).pop(span.key, None)
        self.place(source, span.key, span.end)
