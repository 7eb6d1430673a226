"""The newest value of each series of an entity, held in one place so that a fleet page reads no samples."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import orjson

from groundcrew.contracts.observations import InventoryObserved, MetricBatch

MAX_LATEST = 512
"""Series of one entity whose newest value is held; more are still recorded, but not shown in the fleet view."""

Latest = dict[str, tuple[int, float]]


@dataclass(frozen=True)
class EntitySeen:
    """What is known of an entity (a `HostRow`)."""

    entity: str
    last_seen: datetime
    observed: InventoryObserved | None
    latest: dict[str, float]


def series_key(name: str, labels: Mapping[str, str]) -> str:
    """`name{label=value,...}` with the labels sorted; the bare name where there are none."""
    inner = ",".join(f"{label}={labels[label]}" for label in sorted(labels))
    return f"{name}{{{inner}}}" if inner else name


def labels_text(labels: Mapping[str, str]) -> str:
    """Canonical JSON of the labels: what makes two series equal."""
    return orjson.dumps(dict(labels), option=orjson.OPT_SORT_KEYS).decode()


def limit(value: float | None) -> float | None:
    """A threshold that says something: of a BMC that sets none, zero and what is no number come as one."""
    return value if value and math.isfinite(value) else None


def newest_of(batch: MetricBatch) -> Latest:
    """The newest sample of each series of a batch; series of single CPUs are left out, there are too many."""
    newest: dict[int, tuple[int, float]] = {}
    for index, time, value in zip(batch.series_index, batch.times, batch.values, strict=True):
        if index not in newest or newest[index][0] < time:
            newest[index] = (time, value)
    return {
        series_key(series.name, series.labels): newest[index]
        for index, series in enumerate(batch.series)
        if index in newest and "cpu" not in series.labels
    }


def merged(held: Latest, newer: Latest) -> Latest:
    """`held` with what is newer by time; keys beyond the bound are not taken in."""
    result = dict(held)
    for key, (time, value) in newer.items():
        known = result.get(key)
        if known is None:
            if len(result) < MAX_LATEST:
                result[key] = (time, value)
        elif known[0] < time:
            result[key] = (time, value)
    return result


def values_of(latest: Latest) -> dict[str, float]:
    return {key: latest[key][1] for key in sorted(latest)}
