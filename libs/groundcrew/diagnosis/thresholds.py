"""Metric thresholds: absolute, percentage of another series, or growth of a counter; with hysteresis and hold time."""

import re
from collections.abc import Iterator, Sequence
from typing import Literal, Self

from pydantic import Field, model_validator

from groundcrew.contracts.envelope import Envelope
from groundcrew.contracts.identity import stable_id
from groundcrew.contracts.incidents import EvidenceSource
from groundcrew.contracts.observations import MetricBatch, MetricSeries
from groundcrew.diagnosis.levels import Look, Patience, Step
from groundcrew.diagnosis.memory import Memory
from groundcrew.diagnosis.rules import CauseId, ComponentClass, Level, Named, parse_tables
from groundcrew.diagnosis.templates import fill
from groundcrew.diagnosis.tracks import SECOND_US, Cited, Hit, Spec


class Threshold(Named):
    """One limit on one metric. `percent_of` and `per` divide the sample by the last sample of another metric of the
    same labels; `window_s` compares the growth of a counter within that window."""

    title: str = Field(min_length=1)
    severity: Level
    causes: list[CauseId] = Field(default_factory=list)
    component_class: ComponentClass
    component: str = ""
    metric: str = Field(min_length=1)
    labels: dict[str, str] = Field(default_factory=dict)
    not_labels: dict[str, str] = Field(default_factory=dict)
    when: Literal["above", "below"]
    limit: float
    clear: float
    percent_of: str = ""
    per: str = ""
    without_percent: Literal["skip", "absolute"] = "skip"
    absolute_limit: float | None = None
    absolute_clear: float | None = None
    window_s: float = Field(0, ge=0, le=86_400)
    hold_s: float = Field(0, ge=0, le=86_400)
    clear_hold_s: float = Field(0, ge=0, le=86_400)
    repeat_s: float = Field(3_600, ge=60)
    unit: str = ""
    meaning: str = Field(min_length=1)
    steps: list[str] = Field(min_length=1)

    @model_validator(mode="after")
    def _limits_fit(self) -> Self:
        wrong = self.clear > self.limit if self.when == "above" else self.clear < self.limit
        if wrong:
            side = "at most" if self.when == "above" else "at least"
            msg = f"clear: expected {side} the limit ({self.limit})"
            raise ValueError(msg)
        if self.without_percent == "absolute" and (self.absolute_limit is None or self.absolute_clear is None):
            msg = "absolute_limit: expected with absolute_clear where without_percent = 'absolute'"
            raise ValueError(msg)
        for key in ("labels", "not_labels"):
            for name, pattern in getattr(self, key).items():
                try:
                    re.compile(pattern)
                except re.error as error:
                    msg = f"{key}.{name}: {error}"
                    raise ValueError(msg) from None
        return self


def parse_thresholds(text: str, file: str) -> list[Threshold]:
    """The `[[threshold]]` tables of one file. Raises PackError naming file, threshold and key."""
    return parse_tables(text, file, "threshold", Threshold)


class ThresholdChecks:
    """Looks at the samples of a batch with the thresholds of a site."""

    def __init__(self, thresholds: Sequence[Threshold]) -> None:
        self._by_metric: dict[str, list[tuple[Threshold, Spec, Patience]]] = {}
        self._divisors: set[str] = set()
        for threshold in thresholds:
            entry = (threshold, _spec(threshold), _patience(threshold))
            self._by_metric.setdefault(threshold.metric, []).append(entry)
            self._divisors |= {name for name in (threshold.percent_of, threshold.per) if name}

    def hits(self, envelope: Envelope[MetricBatch], memory: Memory) -> Iterator[tuple[int, Hit]]:
        """Rows and what they say."""
        batch = envelope.data
        wanted = [self._wanted(series) for series in batch.series]
        divisor = [_key(series.name, series.labels) if series.name in self._divisors else "" for series in batch.series]
        for row, index in enumerate(batch.series_index):
            value = batch.values[row]
            if divisor[index]:
                memory.fact(divisor[index], value)
            for threshold, spec, patience in wanted[index]:
                hit = self._look(threshold, spec, patience, envelope, memory, row)
                if hit is not None:
                    yield row, hit

    def _wanted(self, series: MetricSeries) -> list[tuple[Threshold, Spec, Patience]]:
        return [entry for entry in self._by_metric.get(series.name, ()) if _labels_fit(entry[0], series.labels)]

    @staticmethod
    def _look(
        threshold: Threshold, spec: Spec, patience: Patience, envelope: Envelope[MetricBatch], memory: Memory, row: int
    ) -> Hit | None:
        batch = envelope.data
        series = batch.series[batch.series_index[row]]
        when, value = batch.times[row], batch.values[row]
        judged = _judge(threshold, series, value, when, memory)
        if judged is None:
            return None
        look, said = judged
        key = _key(threshold.id, series.labels)
        step = memory.look(key, look, when, patience)
        if step is Step.NONE:
            return None
        captures = {**series.labels, "value": said}
        text = f"{_key(series.name, series.labels)} = {value:g}{series.unit and ' ' + series.unit} ({said})"
        cited = Cited(
            id=stable_id(envelope.site, envelope.entity, "metric", key, when),
            source=EvidenceSource.METRICS,
            ref=f"{_key(series.name, series.labels)}@{when}",
            time_us=when,
            text=text,
        )
        component = fill(threshold.component, captures)
        return Hit(spec, component, captures, cited, clears=step is Step.CLEAR)


def _judge(
    threshold: Threshold, series: MetricSeries, value: float, when: int, memory: Memory
) -> tuple[Look, str] | None:
    """The look and its figure in words; None where the sample cannot be judged (NaN, unknown divisor)."""
    limit, clear, shown, unit = threshold.limit, threshold.clear, value, threshold.unit or series.unit
    if value != value:  # NaN says nothing
        return None
    other = threshold.percent_of or threshold.per
    if other:
        total = memory.facts.get(_key(other, series.labels), memory.facts.get(other, 0.0))
        if total > 0:
            shown = value / total * (100 if threshold.percent_of else 1)
            unit = "%" if threshold.percent_of else unit
        elif threshold.without_percent == "absolute":
            limit, clear = threshold.absolute_limit or 0.0, threshold.absolute_clear or 0.0
        else:
            return None
    elif threshold.window_s:
        key = _key(threshold.id + " growth", series.labels)
        shown = memory.increase(key, value, when, round(threshold.window_s * SECOND_US))
    return _side(threshold.when, shown, limit, clear), _in_words(shown, unit)


def _side(when: str, value: float, limit: float, clear: float) -> Look:
    if when == "above":
        return Look.BAD if value > limit else Look.GOOD if value <= clear else Look.BETWEEN
    return Look.BAD if value < limit else Look.GOOD if value >= clear else Look.BETWEEN


def _in_words(value: float, unit: str) -> str:
    if unit == "bytes":
        for name, size in (("TiB", 2**40), ("GiB", 2**30), ("MiB", 2**20)):
            if abs(value) >= size:
                return f"{value / size:.1f} {name}"
        return f"{value:.0f} bytes"
    number = f"{value:.1f}".removesuffix(".0")
    return f"{number}{'' if unit in {'%', ''} else ' '}{unit}"


def _labels_fit(threshold: Threshold, labels: dict[str, str]) -> bool:
    wanted = all(re.fullmatch(pattern, labels.get(name, "")) for name, pattern in threshold.labels.items())
    return wanted and not any(re.fullmatch(p, labels.get(name, "")) for name, p in threshold.not_labels.items())


def _key(name: str, labels: dict[str, str]) -> str:
    if not labels:
        return name
    return f"{name}{{{','.join(f'{label}={labels[label]}' for label in sorted(labels))}}}"


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
