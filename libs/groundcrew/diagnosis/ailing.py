"""Which sensors of a BMC are ailing within their thresholds, by a week of their own (siblings.py: by their siblings).

False alarms weigh more than what is missed. A trend must hold over days, in both halves of them (a step is none), at
equal duty or load, be large against the value, and lead to a threshold within weeks.
"""

import re
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from groundcrew.diagnosis.sensor_history import SLOT_S, SLOTS, VOLTS, WOBBLE, SensorHistory
from groundcrew.diagnosis.sensor_trends import WOBBLE_TIMES, Series, fan_at_equal_duty, temperature_above_inlet
from groundcrew.diagnosis.slopes import slopes_of

WINDOW_S = SLOTS * SLOT_S
DAY_S = 86_400
MIN_POINTS = 24
MIN_SPAN_S = 4 * DAY_S
MIN_TAU, MIN_HALF_TAU = 0.6, 0.25
"""Kendall's tau of a trend that holds. Of 24 points without one it is 0.6 once in a hundred thousand times."""

FAN_DROP, FAN_DROP_UNLIMITED, FAN_WITHIN_S = 0.08, 0.20, 30 * DAY_S
RISE_C, RISE_C_UNLIMITED, RISE_WITHIN_S = 4.0, 12.0, 14 * DAY_S
SAME_POWER = 0.15
VOLT_STEP = 0.01
"""Share of a voltage by which rails of one kind differ anyway."""

INLET = re.compile(r"(?i)inlet|ambient|intake|front panel|air in")
_OF_SUPPLY = re.compile(r"(?i)\bps(?:u)?[ _]?\d|power supply")
CELSIUS = frozenset({"degrees c", "c"})
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
        names = [name for name in self.named(CELSIUS) if INLET.search(name)]
        return self.history.of(names[0]) if names else []


def ailing_of(machine: Machine) -> list[Ailing]:
    """Against its own week."""
    return [*_fans(machine), *_temperatures(machine), *_rails(machine)]


def _fans(machine: Machine) -> list[Ailing]:
    fans, found = machine.fans, list[Ailing]()
    if len(fans) < 4:
        return found
    speeds = {name: machine.history.of(name) for name in fans}
    usual = {name: median(value for _, value in series) for name, series in speeds.items()}
    shares: dict[int, dict[str, float]] = {}
    for name, series in speeds.items():
        for when, value in series:
            shares.setdefault(when, {})[name] = value / usual[name]
    ordered = {when: sorted(of.values()) for when, of in shares.items() if len(of) >= 4}
    for name in fans:
        duties = [
            (when, 100 * _median_without(ordered[when], shares[when][name]))
            for when, _ in speeds[name]
            if when in ordered
        ]
        found += _fan(machine, name, speeds[name], duties)
    return found


def _median_without(ordered: Sequence[float], one: float) -> float:
    """The median of the others of a list in order."""
    at, rest = bisect_left(ordered, one), len(ordered) - 1
    upper = ordered[rest // 2 + (rest // 2 >= at)]
    if rest % 2:
        return upper
    below = rest // 2 - 1
    return (ordered[below + (below >= at)] + upper) / 2


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
    for name in machine.named(CELSIUS):
        series = [(when, value) for when, value in machine.history.of(name) if when in inlet_at]
        if INLET.search(name) or not series:
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
    return [] if now is None else [(t, v) for t, v in series if t in power and alike(power[t], now)]


def alike(watts: float, others: float) -> bool:
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
    whole, middle = slopes_of(points), len(points) // 2
    if whole is None or abs(whole.tau) < MIN_TAU:
        return 0.0
    halves = slopes_of(points[:middle]), slopes_of(points[middle:])
    if any(half is None or half.tau * (1 if whole.tau > 0 else -1) < MIN_HALF_TAU for half in halves):
        return 0.0
    return whole.middle * (points[-1][0] - points[0][0])
