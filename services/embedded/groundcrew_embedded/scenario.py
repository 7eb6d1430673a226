"""Scenario folders: a recorded stretch of a fleet's life, read into the messages that collectors would have sent.

The format is described in `docs/scenarios.md`. A malformed file ends in a `ScenarioError` that names file, line and
what was expected.
"""

import tomllib
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import orjson
from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from groundcrew.contracts.clock import to_us
from groundcrew.contracts.inventory import Inventory, InventoryHost
from groundcrew.diagnosis.sel import SelRecord, parse_sel
from groundcrew.diagnosis.sel_times import ahead
from groundcrew_host_collector.journal_entry import row_of
from groundcrew_host_collector.source import LogRow


class ScenarioError(Exception):
    """A scenario file is malformed; the text names file, line and what was expected."""


class _Line(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class MetricLine(_Line):
    time: AwareDatetime
    host: str
    name: str
    value: float
    labels: dict[str, str] = {}


class ServiceLine(_Line):
    time: AwareDatetime
    host: str
    unit: str
    active_state: str
    sub_state: str


class SensorLine(_Line):
    time: AwareDatetime
    bmc: str
    sensor: str
    value: float | str | None
    unit: str = ""
    status: str


class _Header(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    title: str
    start: AwareDatetime
    end: AwareDatetime
    host: list[InventoryHost]


@dataclass(frozen=True, order=True)
class Arrival:
    """One observed row on its way: when it arrives (microseconds), then a total order, then the row itself."""

    at: int
    order: tuple[str, str, int]
    row: Any = field(compare=False)


@dataclass(frozen=True)
class Scenario:
    """A scenario as read: `arrivals` is sorted by arrival."""

    name: str
    title: str
    start: datetime
    end: datetime
    inventory: Inventory
    arrivals: list[Arrival]
    kinds: dict[str, frozenset[str]]
    """By host or BMC, which kinds of observations there are."""


L = TypeVar("L", bound=_Line)


def _lines(path: Path, model: type[L]) -> Iterator[L]:
    if not path.is_file():
        return
    with path.open(encoding="utf-8", errors="surrogateescape") as lines:
        for number, line in enumerate(lines, 1):
            try:
                yield model.model_validate_json(line.encode("utf-8", "surrogateescape"))
            except ValidationError as error:
                first = error.errors()[0]
                place = ".".join(str(part) for part in first["loc"])
                msg = f"{path}:{number}: {place + ': ' if place else ''}{first['msg']}"
                raise ScenarioError(msg) from None


def _header(folder: Path) -> _Header:
    path = folder / "scenario.toml"
    try:
        return _Header.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        msg = f"{path}: {error.strerror}; a scenario folder holds a scenario.toml"
        raise ScenarioError(msg) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        msg = f"{path}: {error}"
        raise ScenarioError(msg) from None
    except ValidationError as error:
        first = error.errors()[0]
        msg = f"{path}: {'.'.join(str(part) for part in first['loc'])}: {first['msg']}"
        raise ScenarioError(msg) from None


def _journal(folder: Path, within: Callable[[int], int]) -> Iterator[Arrival]:
    """Entries arrive in the order of the file; one whose claimed time lies behind its neighbours' is late."""
    path = folder / "journal.jsonl"
    if not path.is_file():
        return
    now = within(0)
    with path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            host, row = _entry(line, f"{path}:{number}")
            now = max(now, within(row.time_us))
            yield Arrival(now, ("logs", host, number), row)


def _entry(line: bytes, place: str) -> tuple[str, LogRow]:
    try:
        fields = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        msg = f"{place}: {error}; a line is one JSON object"
        raise ScenarioError(msg) from None
    if not isinstance(fields, dict):
        msg = f"{place}: expected one JSON object"
        raise ScenarioError(msg)
    for name in ("__CURSOR", "__REALTIME_TIMESTAMP", "_HOSTNAME", "MESSAGE"):
        if name not in fields:
            msg = f"{place}: {name} is missing"
            raise ScenarioError(msg)
    if not str(fields["__REALTIME_TIMESTAMP"]).isdigit():
        msg = f"{place}: __REALTIME_TIMESTAMP: expected microseconds since the epoch"
        raise ScenarioError(msg)
    row = row_of(fields, 0)
    if row is None:
        msg = f"{place}: __CURSOR: expected a cursor"
        raise ScenarioError(msg)
    return str(fields["_HOSTNAME"]), row


def _placed(records: list[SelRecord], end: int) -> list[SelRecord]:
    """An undated record happened before the next dated one: where that is history, so is this. A clock that stamps
    what lies beyond the scenario's end is fast."""
    fast = timedelta(microseconds=ahead(max((to_us(one.time) for one in records if one.time), default=0), end))
    if fast:
        records = [replace(one, time=one.time - fast) if one.time is not None else one for one in records]
    placed: list[SelRecord] = []
    later: datetime | None = None
    for record in reversed(records):
        later = record.time or later
        placed.append(record if record.time is not None or later is None else replace(record, time=later))
    return placed[::-1]


def _event_logs(folder: Path, within: Callable[[int], int], end: int) -> Iterator[Arrival]:
    """A record arrives when its BMC says it happened: nothing in the folder tells by how much that clock is wrong, but
    that no record was written after the end."""
    for path in sorted((folder / "sel").glob("*.txt")):
        now = within(0)
        records = _placed(parse_sel(path.read_text(encoding="utf-8", errors="replace")), end)
        for number, record in enumerate(records, 1):
            if record.time is not None:
                now = max(now, within(to_us(record.time)))
            yield Arrival(now, ("sel", path.stem, number), record)


def read(folder: Path) -> Scenario:
    """Read a whole scenario folder. Raises ScenarioError."""
    header = _header(folder)
    start, end = to_us(header.start), to_us(header.end)

    def within(us: int) -> int:
        return min(max(us, start), end)

    arrivals = [*_journal(folder, within), *_event_logs(folder, within, end)]
    for number, metric in enumerate(_lines(folder / "metrics.jsonl", MetricLine)):
        arrivals.append(Arrival(within(to_us(metric.time)), ("metrics", metric.host, number), metric))
    for number, service in enumerate(_lines(folder / "services.jsonl", ServiceLine)):
        arrivals.append(Arrival(within(to_us(service.time)), ("services", service.host, number), service))
    for number, sensor in enumerate(_lines(folder / "sensors.jsonl", SensorLine)):
        arrivals.append(Arrival(within(to_us(sensor.time)), ("sensors", sensor.bmc, number), sensor))
    arrivals.sort()
    try:
        inventory = Inventory(revision=1, host=header.host)
    except ValidationError as error:
        msg = f"{folder / 'scenario.toml'}: {error.errors()[0]['msg']}"
        raise ScenarioError(msg) from None
    kinds: dict[str, set[str]] = defaultdict(set)
    for arrival in arrivals:
        kinds[arrival.order[1]].add(arrival.order[0])
    return Scenario(
        name=folder.resolve().name,
        title=header.title,
        start=header.start,
        end=header.end,
        inventory=inventory,
        arrivals=arrivals,
        kinds={name: frozenset(found) for name, found in kinds.items()},
    )
