"""Scenario folders: a recorded stretch of a fleet's life, read into the messages that collectors would have sent.

The format is described in `docs/scenarios.md`. A malformed file ends in a `ScenarioError` that names file, line and
what was expected.
"""

import tomllib
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any, TypeVar

import orjson
from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from groundcrew.contracts.clock import from_us, to_us
from groundcrew.contracts.envelope import Envelope, Message, ProducedBy, seal
from groundcrew.contracts.identity import stable_id
from groundcrew.contracts.inventory import Inventory, InventoryHost
from groundcrew.contracts.observations import (
    MAX_BATCH_ROWS,
    LogBatch,
    MetricBatch,
    MetricSeries,
    SelBatch,
    SensorBatch,
    ServiceBatch,
)
from groundcrew.diagnosis.sel import SelRecord, parse_sel
from groundcrew_host_collector.journal_entry import row_of
from groundcrew_host_collector.source import LogRow

STEP_S = 5
"""Observations of one entity that arrive within so many seconds travel in one batch, as from a polling collector."""


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


def _event_logs(folder: Path, within: Callable[[int], int]) -> Iterator[Arrival]:
    """A record arrives when its BMC says it happened: nothing in the folder tells by how much that clock is wrong."""
    for path in sorted((folder / "sel").glob("*.txt")):
        now = within(0)
        for number, record in enumerate(parse_sel(path.read_text(encoding="utf-8", errors="replace")), 1):
            if record.time is not None:
                now = max(now, within(to_us(record.time)))
            yield Arrival(now, ("sel", path.stem, number), record)


def read(folder: Path) -> Scenario:
    """Read a whole scenario folder. Raises ScenarioError."""
    header = _header(folder)
    start, end = to_us(header.start), to_us(header.end)

    def within(us: int) -> int:
        return min(max(us, start), end)

    arrivals = [*_journal(folder, within), *_event_logs(folder, within)]
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
    return Scenario(
        name=folder.resolve().name,
        title=header.title,
        start=header.start,
        end=header.end,
        inventory=inventory,
        arrivals=arrivals,
    )


@dataclass(frozen=True)
class Feeder:
    """Turns a scenario into envelopes of a site, with all times moved by `shift`."""

    scenario: Scenario
    site: str
    produced_by: ProducedBy
    shift: timedelta = timedelta()

    def steps(self) -> Iterator[tuple[datetime, list[Envelope[Any]]]]:
        """(when the step ends, its messages), in order; steps without observations are left out."""
        width = STEP_S * 1_000_000
        for index, rows in groupby(self.scenario.arrivals, key=lambda arrival: arrival.at // width):
            when = from_us((index + 1) * width) + self.shift
            batches: dict[tuple[str, str], list[Any]] = defaultdict(list)
            for arrival in rows:
                batches[arrival.order[:2]].append(arrival.row)
            messages = [
                message
                for (kind, name), group in batches.items()
                for at in range(0, len(group), MAX_BATCH_ROWS)
                for message in self._seal(kind, name, group[at : at + MAX_BATCH_ROWS], when)
            ]
            yield when, messages

    def _seal(self, kind: str, name: str, rows: list[Any], when: datetime) -> Iterator[Envelope[Any]]:
        entity = f"{'bmc' if kind in ('sel', 'sensors') else 'host'}:{name}"
        data, times, position = _COLUMNS[kind](self, entity, rows, when)
        yield seal(
            data,
            id=stable_id(self._namespace, kind, entity, position, len(rows)),
            site=self.site,
            entity=entity,
            time=from_us(min(times)),
            received_at=when,
            source=f"scenario:{kind}",
            position=position,
            produced_by=self.produced_by,
        )

    @property
    def _namespace(self) -> str:
        """Part of every id: the site, and the shift, so that a scenario told again later is not taken for the first."""
        return f"{self.site}+{self.shift.total_seconds():.0f}" if self.shift else self.site

    def us(self, when: datetime | int) -> int:
        """Microseconds of a scenario time, shifted."""
        base = when if isinstance(when, int) else to_us(when)
        return base + self.shift // timedelta(microseconds=1)

    def logs(self, _entity: str, rows: list[LogRow], _when: datetime) -> tuple[Message, list[int], str]:
        times = [self.us(row.time_us) for row in rows]
        batch = LogBatch(
            ids=[stable_id(self._namespace, "journal", row.position) for row in rows],
            times=times,
            priorities=[row.priority for row in rows],
            identifiers=[row.identifier for row in rows],
            units=[row.unit for row in rows],
            transports=[row.transport for row in rows],
            boot_ids=[row.boot_id for row in rows],
            positions=[row.position for row in rows],
            messages=[row.message for row in rows],
        )
        return batch, times, rows[-1].position

    def metrics(self, _entity: str, rows: list[MetricLine], _when: datetime) -> tuple[Message, list[int], str]:
        series: dict[tuple[str, tuple[tuple[str, str], ...]], int] = {}
        index = [series.setdefault((row.name, tuple(sorted(row.labels.items()))), len(series)) for row in rows]
        times = [self.us(row.time) for row in rows]
        batch = MetricBatch(
            series=[MetricSeries(name=name, unit=unit_of(name), labels=dict(labels)) for name, labels in series],
            series_index=index,
            times=times,
            values=[row.value for row in rows],
        )
        return batch, times, str(times[-1])

    def services(self, _entity: str, rows: list[ServiceLine], _when: datetime) -> tuple[Message, list[int], str]:
        times = [self.us(row.time) for row in rows]
        batch = ServiceBatch(
            times=times,
            units=[row.unit for row in rows],
            load_states=["" for _ in rows],
            active_states=[row.active_state for row in rows],
            sub_states=[row.sub_state for row in rows],
            results=["" for _ in rows],
            restarts=[None for _ in rows],
        )
        return batch, times, str(times[-1])

    def sensors(self, _entity: str, rows: list[SensorLine], _when: datetime) -> tuple[Message, list[int], str]:
        times = [self.us(row.time) for row in rows]
        batch = SensorBatch(
            times=times,
            sensors=[row.sensor for row in rows],
            values=[row.value if isinstance(row.value, float) else None for row in rows],
            texts=[row.value if isinstance(row.value, str) else "" for row in rows],
            units=[row.unit for row in rows],
            statuses=[row.status for row in rows],
        )
        return batch, times, str(times[-1])

    def sel(self, entity: str, rows: list[SelRecord], when: datetime) -> tuple[Message, list[int], str]:
        fallback = to_us(when)
        times = [self.us(row.time) if row.time is not None else fallback for row in rows]
        batch = SelBatch(
            ids=[stable_id(self._namespace, entity, row.record_id, row.source_time, row.text) for row in rows],
            record_ids=[row.record_id for row in rows],
            times=times,
            source_times=[row.source_time for row in rows],
            sensors=[row.sensor for row in rows],
            events=[row.event for row in rows],
            asserted=[row.asserted for row in rows],
            texts=[row.text for row in rows],
        )
        return batch, times, str(rows[-1].record_id)


_COLUMNS: dict[str, Callable[[Feeder, str, list[Any], datetime], tuple[Message, list[int], str]]] = {
    "logs": Feeder.logs,
    "metrics": Feeder.metrics,
    "services": Feeder.services,
    "sensors": Feeder.sensors,
    "sel": Feeder.sel,
}


def unit_of(metric: str) -> str:
    """Unit by the naming rule of the metrics: the last word that names one."""
    words = metric.split("_")
    return next((word for word in reversed(words) if word in {"bytes", "percent", "celsius", "seconds", "ratio"}), "")
