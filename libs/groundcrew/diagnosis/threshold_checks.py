"""Looks at samples with the thresholds of a site, with hysteresis and hold time, and says what was crossed."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from groundcrew.contracts.clock import from_us
from groundcrew.contracts.envelope import Envelope
from groundcrew.contracts.identity import kind_of, name_of, stable_id
from groundcrew.contracts.incidents import EvidenceSource
from groundcrew.contracts.observations import MetricBatch, MetricSeries
from groundcrew.diagnosis.levels import Look, Patience, Step
from groundcrew.diagnosis.memory import Memory
from groundcrew.diagnosis.templates import fill
from groundcrew.diagnosis.thresholds import Override, Threshold
from groundcrew.diagnosis.tracks import SECOND_US, Cited, Hit, Spec
from groundcrew.diagnosis.trend import enough, forecast

RoleOf = Callable[[str], str]
"""The role that the inventory gives a host, empty where it gives none."""

MAX_KNOWN = 20_000
"""Series of which it is remembered which thresholds look at them; beyond, all are looked up anew."""

_WATCHED_ABOVE = 25
"""Percent above `only_below` from which on a trend is kept, so that there is one when it is needed. Of what has more
left nothing is remembered: most file systems of a large host."""

_CLEAR_FACTOR = 1.5
"""A forecast is good again where there is so many times more time left than asked for."""


def no_role(_: str) -> str:
    """Where there is no inventory."""
    return ""


@dataclass(frozen=True, slots=True)
class _Check:
    """A threshold as it holds for a series."""

    threshold: Threshold
    spec: Spec
    patience: Patience


@dataclass(frozen=True, slots=True)
class _Judged:
    """What a sample is to a threshold, in words: its figure, the limit, and what more there is to say."""

    look: Look
    said: str
    limit: str
    more: dict[str, str]


class ThresholdChecks:
    def __init__(
        self, thresholds: Sequence[Threshold], overrides: Sequence[Override] = (), role_of: RoleOf = no_role
    ) -> None:
        self._by_metric: dict[str, list[tuple[Threshold, list[Override]]]] = {}
        self._role_of = role_of
        self._divisors: set[str] = set()
        self._markers: set[str] = set()
        self._local: set[str] = set()
        for threshold in thresholds:
            changed_by = [one for one in overrides if one.names(threshold)]
            self._by_metric.setdefault(threshold.metric, []).append((threshold, changed_by))
            self._divisors |= {name for name in (threshold.percent_of, threshold.per) if name}
            self._markers |= {threshold.unless_metric} if threshold.unless_metric else set()
            if any(one.hosts or one.roles for one in (threshold, *changed_by)):
                self._local.add(threshold.metric)
        self._known: dict[tuple[str, str, str], list[_Check]] = {}

    def hits(self, envelope: Envelope[MetricBatch], memory: Memory) -> Iterator[tuple[int, Hit]]:
        """Rows and what they say."""
        batch = envelope.data
        keys = [_key(series.name, series.labels) for series in batch.series]
        host = name_of(envelope.entity)
        role = self._role_of(host) if self._local and kind_of(envelope.entity) == "host" else ""
        wanted = [self._wanted(series, key, host, role) for series, key in zip(batch.series, keys, strict=True)]
        for series, key in zip(batch.series, keys, strict=True):
            if series.name in self._markers:
                memory.fact(_known_key(key), 1.0)
        divides = [series.name in self._divisors for series in batch.series]
        for row, index in enumerate(batch.series_index):
            if divides[index]:
                memory.divisor(keys[index], batch.values[row])
            for check in wanted[index]:
                hit = _look(check, keys[index], envelope, memory, row)
                if hit is not None:
                    yield row, hit

    def _wanted(self, series: MetricSeries, key: str, host: str, role: str) -> list[_Check]:
        found = self._by_metric.get(series.name)
        if found is None:
            return []
        place = (host, role, key) if series.name in self._local else ("", "", key)
        known = self._known.get(place)
        if known is None:
            if len(self._known) >= MAX_KNOWN:
                self._known.clear()
            fitting = [pair for pair in found if pair[0].fits(host, role, series.labels)]
            known = [check for pair in fitting if (check := _checked(*pair, host, role, series.labels)) is not None]
            self._known[place] = known
        return known


def _checked(
    threshold: Threshold, overrides: Sequence[Override], host: str, role: str, labels: dict[str, str]
) -> _Check | None:
    """The threshold with what overrides it there; None where it is off."""
    changes: dict[str, object] = {}
    off = False
    for override in overrides:
        if override.fits(host, role, labels):
            off = override.off
            changes |= override.changes()
    if off:
        return None
    held = threshold.model_copy(update=changes) if changes else threshold
    return _Check(held, _spec(held), _patience(held))


def _look(check: _Check, key: str, envelope: Envelope[MetricBatch], memory: Memory, row: int) -> Hit | None:
    batch, threshold = envelope.data, check.threshold
    series = batch.series[batch.series_index[row]]
    when, value = batch.times[row], batch.values[row]
    if threshold.unless_metric and _known_key(_key(threshold.unless_metric, series.labels)) in memory.facts:
        return None
    judged = _judge(threshold, series, value, when, memory)
    if judged is None:
        return None
    level = _key(threshold.id, series.labels)
    before = memory.levels.get(level)
    since = before.since_us if before is not None and before.since_us else when
    step = memory.look(level, judged.look, when, check.patience)
    if step is Step.NONE:
        return None
    began = f"{from_us(since):%Y-%m-%d %H:%M:%S} UTC"
    captures = {**series.labels, "value": judged.said, "limit": judged.limit, "since": began, **judged.more}
    unit = f" {series.unit}" if series.unit else ""
    cited = Cited(
        id=stable_id(envelope.site, envelope.entity, "metric", level, when),
        source=EvidenceSource.METRICS,
        ref=f"{key}@{when}",
        time_us=when,
        text=f"{key} = {value:g}{unit} ({judged.said}; limit {judged.limit}; since {began})",
    )
    component = fill(threshold.component, captures)
    return Hit(check.spec, component, captures, cited, clears=step is Step.CLEAR)


def _judge(threshold: Threshold, series: MetricSeries, value: float, when: int, memory: Memory) -> _Judged | None:
    """None where the sample cannot be judged (NaN, unknown divisor, no trend yet)."""
    if value != value:  # NaN says nothing
        return None
    if threshold.when == "runs-out":
        return _runs_out(threshold, series, value, when, memory)
    limit, clear, shown, unit = threshold.limit, threshold.clear, value, threshold.unit or series.unit
    other = threshold.percent_of or threshold.per
    if other:
        total = _total(other, series, memory)
        if total > 0:
            shown = value / total * (100 if threshold.percent_of else 1)
            unit = "%" if threshold.percent_of else unit
        elif threshold.without_percent == "absolute":
            limit, clear = threshold.absolute_limit or 0.0, threshold.absolute_clear or 0.0
        else:
            return None
    elif threshold.window_s:
        growth = _key(threshold.id + " growth", series.labels)
        shown = memory.increase(growth, value, when, round(threshold.window_s * SECOND_US))
    side = f"{threshold.when} {in_words(limit, unit)}"
    return _Judged(_side(threshold.when, shown, limit, clear), in_words(shown, unit), side, {})


def _runs_out(threshold: Threshold, series: MetricSeries, value: float, when: int, memory: Memory) -> _Judged | None:
    total = _total(threshold.percent_of, series, memory) if threshold.percent_of else 0.0
    if threshold.percent_of and total <= 0:
        return None
    # Hundredths of a percent, or four digits: what is finer is noise to a forecast and would only be written down.
    shown = round(value / total * 100, 2) if total else float(f"{value:.4g}")
    unit, key = threshold.unit or series.unit, _key(threshold.id + " trend", series.labels)
    limit = f"within {duration(threshold.within_s)}"
    if total and shown > threshold.only_below + _WATCHED_ABOVE:
        memory.forget_series(key)
        return _Judged(Look.GOOD, f"{in_words(value, unit)} left", limit, {})
    points = memory.trend(key, when, shown, threshold.window_s)
    if points is None or not enough(points, threshold.window_s):
        return None
    line = forecast(points, threshold.window_s) if not total or shown < threshold.only_below else None
    if line is None:
        return _Judged(Look.GOOD, f"{in_words(value, unit)} left, not falling", limit, {})
    look = Look.BETWEEN
    if line.left_s <= threshold.within_s:
        look = Look.BAD
    elif line.left_s > threshold.within_s * _CLEAR_FACTOR:
        look = Look.GOOD
    rate = -line.rate * 3_600 * (total / 100 if total else 1)
    said = f"{duration(line.left_s)} at {in_words(rate, unit)} an hour"
    more = {"left": in_words(value, unit)}
    if line.left_s < 366 * 86_400:
        more["at"] = f"{from_us(when) + timedelta(seconds=line.left_s):%Y-%m-%d %H:%M} UTC"
    return _Judged(look, said, limit, more)


def _total(name: str, series: MetricSeries, memory: Memory) -> float:
    return memory.facts.get(_key(name, series.labels), memory.facts.get(name, 0.0))


def _side(when: str, value: float, limit: float, clear: float) -> Look:
    if when == "above":
        return Look.BAD if value > limit else Look.GOOD if value <= clear else Look.BETWEEN
    return Look.BAD if value < limit else Look.GOOD if value >= clear else Look.BETWEEN


def in_words(value: float, unit: str) -> str:
    """A figure with its unit: `3.5 GiB`, `12 ms`, `95.2%`."""
    if unit in ("bytes", "bytes_per_second"):
        per = "/s" if unit == "bytes_per_second" else ""
        for name, size in (("TiB", 2**40), ("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)):
            if abs(value) >= size:
                return f"{value / size:.1f} {name}{per}"
        return f"{value:.0f} bytes{per}"
    if unit == "seconds" and abs(value) < 1:
        return f"{value * 1_000:.1f}".removesuffix(".0") + " ms"
    number = f"{value:.1f}".removesuffix(".0")
    name = {"percent": "%", "seconds": "s", "celsius": "degrees C"}.get(unit, unit)
    return f"{number}{'' if name in {'%', ''} else ' '}{name}"


def duration(seconds: float) -> str:
    """`25 min`, `3.5 hours`, `2.1 days`."""
    for name, size in (("days", 86_400), ("hours", 3_600)):
        if seconds >= 1.5 * size:
            return f"{seconds / size:.1f}".removesuffix(".0") + f" {name}"
    return f"{seconds / 60:.0f} min"


def _key(name: str, labels: dict[str, str]) -> str:
    if not labels:
        return name
    return f"{name}{{{','.join(f'{label}={labels[label]}' for label in sorted(labels))}}}"


def _known_key(key: str) -> str:
    return f"{key} known"


def _spec(threshold: Threshold) -> Spec:
    return Spec(
        rule_id=threshold.id,
        title=threshold.title,
        severity=threshold.severity,
        causes=tuple(threshold.causes),
        component_class=threshold.component_class,
    )


def _patience(threshold: Threshold) -> Patience:
    return Patience(
        hold_us=round(threshold.hold_s * SECOND_US),
        clear_hold_us=round(threshold.clear_hold_s * SECOND_US),
        repeat_us=round(threshold.repeat_s * SECOND_US),
    )
