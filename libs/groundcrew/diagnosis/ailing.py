"""Which sensors of a BMC are ailing within their thresholds, by a week of their own and by their siblings.

False alarms weigh more than what is missed. A trend must hold over days, in both halves of them (a step is none), at
equal duty or load, be large against the value, and lead to a threshold within weeks. Siblings are machines of the same
model and role; of temperatures only those that draw about as much power count.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import median

from groundcrew.diagnosis.sensor_history import SLOT_S, SLOTS, VOLTS, WOBBLE, SensorHistory
from groundcrew.diagnosis.sensor_trends import (
    WOBBLE_TIMES,
    Series,
    against_siblings,
    fan_at_equal_duty,
    temperature_above_inlet,
)

WINDOW_S = SLOTS * SLOT_S
DAY_S = 86_400
MIN_POINTS = 24
MIN_SPAN_S = 4 * DAY_S
MIN_TAU, MIN_HALF_TAU = 0.6, 0.25
"""Kendall's tau of a trend that holds. Of 24 points without one it is 0.6 once in a hundred thousand times."""

FAN_DROP, FAN_DROP_UNLIMITED, FAN_WITHIN_S = 0.08, 0.20, 30 * DAY_S
RISE_C, RISE_C_UNLIMITED, RISE_WITHIN_S = 4.0, 12.0, 14 * DAY_S
SAME_POWER = 0.15
MIN_SIBLINGS, MAX_SIBLINGS = 8, 40
_DAY = DAY_S // SLOT_S
VOLT_STEP, FAN_STEP, TEMPERATURE_STEP_C = 0.01, 0.05, 2.5
"""Differences that siblings have anyway: share of the voltage, of the speed; degrees."""

_INLET = re.compile(r"(?i)inlet|ambient|intake|front panel|air in")
_OF_SUPPLY = re.compile(r"(?i)\bps(?:u)?[ _]?\d|power supply")
_CELSIUS = frozenset({"degrees c", "c"})
_WATTS = frozenset({"watts", "w"})


@dataclass(frozen=True, slots=True)
class Ailing:
    """`kind` is what rules of source `trend` are matched against."""

    kind: str
    sensor: str
    usual: str
    present: str
    left_s: float | None = None


@dataclass(frozen=True, slots=True)
class Machine:
    """A BMC's history with what its sensors are: units, and critical limits (lower, upper) where they say something."""

    history: SensorHistory
    units: Mapping[str, str]
    limits: Mapping[str, tuple[float | None, float | None]]

    def named(self, units: frozenset[str]) -> list[str]:
        return [name for name, unit in self.units.items() if unit.lower() in units and name in self.history.series]

    @property
    def fans(self) -> list[str]:
        """Fans that one controller drives alike: not those of supplies, not those that stand."""
        names = [name for name in self.named(frozenset({"rpm"})) if not _OF_SUPPLY.search(name)]
        return [name for name in names if (series := self.history.of(name)) and median(v for _, v in series) > 0]

    @property
    def power(self) -> dict[int, float]:
        """Watts of the machine: of its power sensors the largest."""
        found = [self.history.of(name) for name in self.named(_WATTS)]
        found = [series for series in found if len(series) >= MIN_POINTS]
        return dict(max(found, key=lambda series: median(v for _, v in series), default=[]))

    @property
    def inlet(self) -> list[tuple[int, float]]:
        names = [name for name in self.named(_CELSIUS) if _INLET.search(name)]
        return self.history.of(names[0]) if names else []


def ailing_of(machine: Machine) -> list[Ailing]:
    """Against its own week."""
    return [*_fans(machine), *_temperatures(machine), *_rails(machine)]


def _fans(machine: Machine) -> list[Ailing]:
    fans, found = machine.fans, []
    speeds = {name: machine.history.of(name) for name in fans}
    usual = {name: median(value for _, value in series) for name, series in speeds.items()}
    for name in fans:
        others = [dict(speeds[other]) for other in fans if other != name]
        middles = [usual[other] for other in fans if other != name]
        if len(others) < 3:
            continue
        duties = []
        for when, _ in speeds[name]:
            shares = [one[when] / middle for one, middle in zip(others, middles, strict=True) if when in one]
            if len(shares) >= 3:
                duties.append((when, 100 * median(shares)))
        found += _fan(machine, name, speeds[name], duties)
    return found


def _fan(machine: Machine, name: str, speeds: Series, duties: Series) -> list[Ailing]:
    if not duties:
        return []
    duty_at, now = dict(duties), duties[-1][1]
    scaled = [(when, speed * now / duty_at[when]) for when, speed in speeds if duty_at.get(when, 0) > 0]
    if not scaled:
        return []
    begun = median(value for _, value in scaled[: max(1, len(scaled) // 4)])
    drop = -_moved(scaled, FAN_DROP * begun)
    if drop <= 0:
        return []
    lower = machine.limits.get(name, (None, None))[0]
    line = fan_at_equal_duty(scaled, [(when, now) for when, _ in scaled], lower, WINDOW_S) if lower else None
    soon = line is not None and line.left_s <= FAN_WITHIN_S and drop >= FAN_DROP * begun
    if not soon and drop < FAN_DROP_UNLIMITED * begun:
        return []
    return [Ailing("fan sinks", name, f"{begun:.0f} RPM", f"{scaled[-1][1]:.0f} RPM", line.left_s if line else None)]


def _temperatures(machine: Machine) -> list[Ailing]:
    inlet, power, found = machine.inlet, machine.power, []
    if not inlet:
        return []
    inlet_at = dict(inlet)
    for name in machine.named(_CELSIUS):
        series = [(when, value) for when, value in machine.history.of(name) if when in inlet_at]
        if _INLET.search(name) or not series:
            continue
        alike = _at_equal_power(series, power)
        above = [(when, value - inlet_at[when]) for when, value in alike]
        rise = _moved(above, RISE_C)
        if rise < RISE_C:
            continue
        upper = machine.limits.get(name, (None, None))[1]
        line = temperature_above_inlet(alike, inlet, upper, WINDOW_S) if upper else None
        if not (line is not None and line.left_s <= RISE_WITHIN_S) and rise < RISE_C_UNLIMITED:
            continue
        begun = median(value for _, value in above[: len(above) // 4])
        shown = f"{above[-1][1]:.0f} degrees C above the inlet"
        found.append(Ailing("rises above inlet", name, f"{begun:.0f}", shown, line.left_s if line else None))
    return found


def _at_equal_power(series: Series, power: Mapping[int, float]) -> list[tuple[int, float]]:
    if not power:
        return list(series)
    now = power.get(series[-1][0])
    return [] if now is None else [(t, v) for t, v in series if t in power and _alike(power[t], now)]


def _alike(watts: float, others: float) -> bool:
    return abs(watts - others) <= SAME_POWER * max(watts, others)


def _rails(machine: Machine) -> list[Ailing]:
    found = []
    for name in machine.named(VOLTS):
        wobble = [value for _, value in machine.history.of(WOBBLE + name)]
        if len(wobble) < MIN_POINTS:
            continue
        level = abs(median(value for _, value in machine.history.of(name)))
        usual, now = median(wobble[:-8]), median(wobble[-4:])
        if now >= WOBBLE_TIMES * max(usual, level * VOLT_STEP / 2):
            found.append(Ailing("wobbles", name, f"{usual:.3g} V from look to look", f"{now:.3g} V"))
    return found


def _moved(points: Series, least: float) -> float:
    """By how much a steady trend moved a series, signed; 0 where there is none, or only a step, or clearly less than
    `least`."""
    if len(points) < MIN_POINTS or points[-1][0] - points[0][0] < MIN_SPAN_S:
        return 0.0
    quarter = len(points) // 4
    if abs(median(v for _, v in points[-quarter:]) - median(v for _, v in points[:quarter])) < least / 2:
        return 0.0
    slopes = [(later - value) / (then - when) for (when, value), (then, later) in combinations(points, 2)]
    middle = len(points) // 2
    tau = _tau(points)
    halves = _tau(points[:middle]), _tau(points[middle:])
    if abs(tau) < MIN_TAU or any(half * (1 if tau > 0 else -1) < MIN_HALF_TAU for half in halves):
        return 0.0
    return median(slopes) * (points[-1][0] - points[0][0])


def _tau(points: Series) -> float:
    signs = [(later > value) - (later < value) for (_, value), (_, later) in combinations(points, 2)]
    return sum(signs) / len(signs) if signs else 0.0


# --- siblings --------------------------------------------------------------------------------------------------------


class Siblings:
    """The machines of each model, by what was last seen of them. Not written down: they come again within a slot."""

    def __init__(self) -> None:
        self._by_model: dict[str, dict[str, Machine]] = {}

    def odd(self, model: str, bmc: str, machine: Machine) -> list[Ailing]:
        """Take a machine in, and say which of its sensors are none of its siblings'."""
        slots = machine.history.slots
        if len(slots) < _DAY:
            return []
        known = self._by_model.setdefault(model, {})
        for name in [
            name for name, one in known.items() if not one.history.slots or one.history.slots[-1] < slots[-1] - _DAY
        ]:
            del known[name]
        others = [one for name, one in known.items() if name != bmc][-MAX_SIBLINGS:]
        known.pop(bmc, None)
        known[bmc] = machine
        if len(others) < MIN_SIBLINGS:
            return []
        return [*_odd_rails(machine, others), *_odd_fans(machine, others), *_odd_temperatures(machine, others)]


def _odd_rails(machine: Machine, others: Sequence[Machine]) -> list[Ailing]:
    found = []
    for name in machine.named(VOLTS):
        level = _last_day(machine, name)
        siblings = [_last_day(one, name) for one in others if name in one.history.series]
        found += _odd(name, level, siblings, VOLT_STEP, " V")
    return found


def _odd_fans(machine: Machine, others: Sequence[Machine]) -> list[Ailing]:
    """By how fast a fan turns against the others of its own machine."""
    mine, shares = _fan_shares(machine), [_fan_shares(one) for one in others]
    found = []
    for name, share in mine.items():
        found += _odd(name, share, [one[name] for one in shares if name in one], FAN_STEP, " times the other fans")
    return found


def _fan_shares(machine: Machine) -> dict[str, float]:
    speeds = {name: _last_day(machine, name) for name in machine.fans}
    if len(speeds) < 4 or not (middle := median(speeds.values())):
        return {}
    return {name: speed / middle for name, speed in speeds.items()}


def _odd_temperatures(machine: Machine, others: Sequence[Machine]) -> list[Ailing]:
    power = machine.power
    newest = machine.history.slots[-1] * SLOT_S
    if (watts := power.get(newest)) is None:
        return []
    powers = [(one, one.power, dict(one.inlet)) for one in others]
    inlet, found = dict(machine.inlet), []
    for name in machine.named(_CELSIUS):
        if _INLET.search(name):
            continue
        mine = _above_at(machine, name, watts, power, inlet)[-_DAY:]
        theirs = [_above_at(one, name, watts, drawn, taken) for one, drawn, taken in powers]
        siblings = [median(values) for values in theirs if len(values) >= 3]
        if mine:
            unit = " degrees C above the inlet at equal power"
            found += _odd(name, median(mine), siblings, TEMPERATURE_STEP_C, unit)
    return found


def _above_at(
    machine: Machine, name: str, watts: float, power: Mapping[int, float], inlet: Mapping[int, float]
) -> list[float]:
    """What a part was above the inlet in the slots in which the machine drew about so much."""
    series = machine.history.of(name)
    return [value - inlet[t] for t, value in series if t in inlet and t in power and _alike(power[t], watts)]


def _last_day(machine: Machine, name: str) -> float:
    return median([value for _, value in machine.history.of(name)][-_DAY:] or [0.0])


def _odd(sensor: str, value: float, siblings: Sequence[float], step: float, unit: str) -> list[Ailing]:
    """`step`: degrees, else a share of what is usual."""
    if len(siblings) < MIN_SIBLINGS:
        return []
    least = step if step == TEMPERATURE_STEP_C else step * abs(median(siblings))
    odd = against_siblings(value, siblings, least or step)
    return [] if odd is None else [Ailing("odd among siblings", sensor, f"{odd.usual:.3g}{unit}", f"{value:.3g}{unit}")]
