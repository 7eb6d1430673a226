"""What a BMC's sensors read over the last week: medians of three hours, of readings twenty minutes apart.

One odd reading moves no median. Floats of four bytes in arrays: sixty sensors of one BMC take about 20 KB. Of rails it
is kept beside how far two readings in a row lie apart, under the sensor's name behind `~`.
"""

import base64
import math
from array import array
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

SLOT_S = 3 * 3_600
SLOTS = 56
"""A week."""

MAX_SENSORS = 256
_EVERY_S = 1_200
VOLTS = frozenset({"v", "volts"})
WOBBLE = "~"


class SensorHistory:
    """Of one BMC. `slots` are numbers of finished slots since the epoch, each sensor's `series` as long as they."""

    def __init__(self) -> None:
        self.slots: list[int] = []
        self.series: dict[str, array[float]] = {}
        self._slot: int | None = None
        self._now: dict[str, list[float]] = {}
        self._sampled_s = -math.inf
        self._before: dict[str, float] = {}

    @classmethod
    def of_series(cls, series: Mapping[str, Sequence[tuple[int, float]]]) -> "SensorHistory":
        """Of what is stored, (second, value) by sensor: as many slots as are kept, up to the newest."""
        history = cls()
        found = {name: {when // SLOT_S: value for when, value in pairs} for name, pairs in series.items()}
        slots = sorted({slot for of in found.values() for slot in of})
        history.slots = [slot for slot in slots if slot > slots[-1] - SLOTS]
        for name in sorted(found)[:MAX_SENSORS]:
            history.series[name] = array("f", [found[name].get(slot, math.nan) for slot in history.slots])
        return history

    def take(self, when_s: int, sensors: Sequence[str], values: Sequence[float | None], units: Sequence[str]) -> bool:
        """Take one reading of all sensors. True where a slot is complete with what came before."""
        if self._before:
            self._differences(sensors, values)
        if self._sampled_s <= when_s < self._sampled_s + _EVERY_S:
            return False
        self._sampled_s, slot = when_s, when_s // SLOT_S
        complete = self._slot is not None and slot > self._slot
        if complete:
            self._complete()
        elif self._slot is not None and slot < self._slot:  # the clock was set back
            self._now.clear()
        self._slot = slot
        for sensor, value, unit in zip(sensors, values, units, strict=True):
            if value is None or not math.isfinite(value):
                continue
            self._add(sensor, value)
            if unit.lower() in VOLTS:
                self._before[sensor] = value
        return complete

    def _differences(self, sensors: Sequence[str], values: Sequence[float | None]) -> None:
        for sensor, value in zip(sensors, values, strict=True):
            if value is not None and sensor in self._before:
                self._add(WOBBLE + sensor, abs(value - self._before[sensor]))
        self._before.clear()

    def _add(self, sensor: str, value: float) -> None:
        readings = self._now.get(sensor)
        if readings is None:
            if len(self._now) >= MAX_SENSORS:
                return
            readings = self._now[sensor] = []
        readings.append(value)

    def _complete(self) -> None:
        assert self._slot is not None
        while self.slots and self.slots[-1] >= self._slot:
            self._drop(-1)
        held = len(self.slots)
        for sensor in self._now:
            if sensor not in self.series and len(self.series) < MAX_SENSORS:
                self.series[sensor] = array("f", [math.nan] * held)
        self.slots.append(self._slot)
        for sensor, series in self.series.items():
            readings = self._now.get(sensor)
            series.append(median(readings) if readings else math.nan)
        self._now.clear()
        while len(self.slots) > SLOTS or self.slots[0] <= self._slot - SLOTS:
            self._drop(0)
        for sensor in [name for name, series in self.series.items() if all(map(math.isnan, series))]:
            del self.series[sensor]

    def _drop(self, at: int) -> None:
        self.slots.pop(at)
        for series in self.series.values():
            series.pop(at)

    def of(self, sensor: str) -> list[tuple[int, float]]:
        """(second, value) of the slots that have one."""
        pairs = zip(self.slots, self.series.get(sensor, ()), strict=False)
        return [(slot * SLOT_S, value) for slot, value in pairs if value == value]

    def state(self) -> list[Any]:
        """A JSON form; `restore` reads it."""
        packed = {name: base64.b64encode(series.tobytes()).decode() for name, series in self.series.items()}
        return [self.slots, packed, self._slot, self._now, self._sampled_s if self._slot is not None else None]

    @classmethod
    def restore(cls, state: Sequence[Any]) -> "SensorHistory":
        history = cls()
        history.slots, packed, history._slot, history._now, sampled_s = state
        history._sampled_s = -math.inf if sampled_s is None else sampled_s
        for name, text in packed.items():
            series = array("f", base64.b64decode(text, validate=True))
            if len(series) != len(history.slots):
                msg = f"history of {name}: {len(series)} values for {len(history.slots)} slots"
                raise ValueError(msg)
            history.series[name] = series
        return history
