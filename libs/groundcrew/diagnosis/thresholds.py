"""Threshold packs: limits on metrics, and overrides by host, role and labels. Parsed and checked text, no I/O."""

import re
from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Literal, Self

from pydantic import Field, model_validator

from groundcrew.diagnosis.rules import CauseId, ComponentClass, Level, Named, PackError, parse_tables

WEEK_S = 7 * 86_400


class Selected(Named):
    """What a threshold or an override is for. Hosts and roles are shell patterns (`db-*`), labels are regular
    expressions that the whole value fits; what is left empty fits everything."""

    hosts: list[str] = Field(default_factory=list)
    roles: list[str] = Field(default_factory=list)
    labels: dict[str, str] = Field(default_factory=dict)
    not_labels: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _labels_compile(self) -> Self:
        for key in ("labels", "not_labels"):
            for name, pattern in getattr(self, key).items():
                try:
                    re.compile(pattern)
                except re.error as error:
                    msg = f"{key}.{name}: {error}"
                    raise ValueError(msg) from None
        return self

    def fits(self, host: str, role: str, labels: dict[str, str]) -> bool:
        if self.hosts and not any(fnmatchcase(host, pattern) for pattern in self.hosts):
            return False
        if self.roles and not any(fnmatchcase(role, pattern) for pattern in self.roles):
            return False
        wanted = all(re.fullmatch(pattern, labels.get(name, "")) for name, pattern in self.labels.items())
        return wanted and not any(re.fullmatch(p, labels.get(name, "")) for name, p in self.not_labels.items())


class Threshold(Selected):
    """One limit on one metric.

    `percent_of` and `per` divide the sample by the last sample of another metric of the same labels; `window_s`
    compares the growth of a counter within that window. `runs-out` forecasts by the trend of `window_s` when the
    series reaches zero, and is crossed where that is within `within_s` while less than `only_below` percent are left.
    A threshold with `unless_metric` is left alone where that metric is known for the same labels.
    """

    title: str = Field(min_length=1)
    severity: Level
    causes: list[CauseId] = Field(default_factory=list)
    component_class: ComponentClass
    component: str = ""
    metric: str = Field(min_length=1)
    when: Literal["above", "below", "runs-out"]
    limit: float = 0
    clear: float = 0
    percent_of: str = ""
    per: str = ""
    without_percent: Literal["skip", "absolute"] = "skip"
    absolute_limit: float | None = None
    absolute_clear: float | None = None
    unless_metric: str = ""
    window_s: float = Field(0, ge=0, le=WEEK_S)
    within_s: float = Field(0, ge=0, le=52 * WEEK_S)
    only_below: float = Field(100, gt=0, le=100)
    hold_s: float = Field(0, ge=0, le=86_400)
    clear_hold_s: float = Field(0, ge=0, le=86_400)
    repeat_s: float = Field(3_600, ge=60)
    unit: str = ""
    meaning: str = Field(min_length=1)
    steps: list[str] = Field(min_length=1)

    @model_validator(mode="after")
    def _limits_fit(self) -> Self:
        if self.when == "runs-out":
            return self._forecast_fits()
        for key in ("within_s", "only_below"):
            if key in self.model_fields_set:
                msg = f"{key}: only with when = 'runs-out'"
                raise ValueError(msg)
        for key in ("limit", "clear"):
            if key not in self.model_fields_set:
                msg = f"{key}: expected with when = {self.when!r}"
                raise ValueError(msg)
        _check_side(self.when, self.limit, self.clear, "clear", "the limit")
        if self.without_percent == "absolute":
            if self.absolute_limit is None or self.absolute_clear is None:
                msg = "absolute_limit: expected with absolute_clear where without_percent = 'absolute'"
                raise ValueError(msg)
            _check_side(self.when, self.absolute_limit, self.absolute_clear, "absolute_clear", "absolute_limit")
        return self

    def _forecast_fits(self) -> Self:
        for key in ("window_s", "within_s"):
            if not getattr(self, key):
                msg = f"{key}: expected with when = 'runs-out'"
                raise ValueError(msg)
        for key in ("limit", "clear", "per", "without_percent"):
            if key in self.model_fields_set:
                msg = f"{key}: not with when = 'runs-out', which has within_s"
                raise ValueError(msg)
        return self


class Override(Selected):
    """What is different on some hosts, roles or labels: `off`, or other limits and times. All overrides that fit are
    applied in the order of the packs, so that the last one wins, key by key."""

    thresholds: list[str] = Field(min_length=1, description="ids of thresholds, or shell patterns of them")
    off: bool = False
    severity: Level | None = None
    limit: float | None = None
    clear: float | None = None
    absolute_limit: float | None = None
    absolute_clear: float | None = None
    within_s: float | None = Field(None, gt=0, le=52 * WEEK_S)
    only_below: float | None = Field(None, gt=0, le=100)
    hold_s: float | None = Field(None, ge=0, le=86_400)
    clear_hold_s: float | None = Field(None, ge=0, le=86_400)
    repeat_s: float | None = Field(None, ge=60)

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if not self.off and not self.changes():
            msg = "expected off = true or a key that it changes, such as limit and clear"
            raise ValueError(msg)
        for limit, clear in (("limit", "clear"), ("absolute_limit", "absolute_clear")):
            if (getattr(self, limit) is None) != (getattr(self, clear) is None):
                msg = f"{limit}: expected together with {clear}"
                raise ValueError(msg)
        return self

    def names(self, threshold: Threshold) -> bool:
        return any(fnmatchcase(threshold.id, pattern) for pattern in self.thresholds)

    def changes(self) -> dict[str, object]:
        """The keys of a threshold that it sets."""
        kept = set(Selected.model_fields) | {"thresholds", "off"}
        return {key: value for key, value in self if key not in kept and value is not None}


def _check_side(when: str, limit: float, clear: float, key: str, other: str) -> None:
    if clear > limit if when == "above" else clear < limit:
        side = "at most" if when == "above" else "at least"
        msg = f"{key}: expected {side} {other} ({limit:g})"
        raise ValueError(msg)


def parse_thresholds(text: str, file: str) -> list[Threshold]:
    """The `[[threshold]]` tables of one file. Raises PackError naming file, threshold and key."""
    return parse_tables(text, file, "threshold", Threshold, beside=("override",))


def parse_overrides(text: str, file: str) -> list[Override]:
    """The `[[override]]` tables of one file. Raises PackError naming file, override and key."""
    return parse_tables(text, file, "override", Override, beside=("threshold",))


def check_overrides(overrides: Sequence[Override], thresholds: Sequence[Threshold], file: str) -> None:
    """Whether each names thresholds that are there, and fits them. Raises PackError naming file and override."""
    for override in overrides:
        for pattern in override.thresholds:
            if not override.disabled and not any(fnmatchcase(one.id, pattern) for one in thresholds):
                msg = f"{file}: override {override.id}: thresholds: {pattern!r} is the id of no threshold"
                raise PackError(msg)
        for threshold in thresholds:
            if override.names(threshold):
                _check_fit(override, threshold, f"{file}: override {override.id}")


def _check_fit(override: Override, threshold: Threshold, place: str) -> None:
    forecasts = threshold.when == "runs-out"
    foreign = ("limit", "absolute_limit") if forecasts else ("within_s", "only_below")
    for key in foreign:
        if getattr(override, key) is not None:
            msg = f"{place}: {key}: {threshold.id} has when = {threshold.when!r} and no {key}"
            raise PackError(msg)
    for key in ("limit", "absolute_limit"):
        limit, clear = getattr(override, key), getattr(override, key.replace("limit", "clear"))
        if limit is not None and clear is not None:
            try:
                _check_side(threshold.when, limit, clear, key.replace("limit", "clear"), f"{key} for {threshold.id}")
            except ValueError as error:
                msg = f"{place}: {error}"
                raise PackError(msg) from None
