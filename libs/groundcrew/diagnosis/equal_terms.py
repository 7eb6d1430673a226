"""What a machine does of itself is taken out of its sensors: a fan is compared at equal duty, a temperature above the
inlet's at equal power."""

import re
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from groundcrew.diagnosis.sensor_history import SensorHistory

MIN_POINTS = 24
SAME_POWER = 0.15
_OTHER_POWER = 0.05
_DAY_S = 86_400
INLET = re.compile(r"(?i)inlet|ambient|intake|front panel|air in")
CELSIUS = frozenset({"degrees c", "c"})
_RPM = frozenset({"rpm"})
_WATTS = frozenset({"watts", "w"})
_OF_SUPPLY = re.compile(r"(?i)\bps(?:u)?[ _]?\d|power supply")
_MIN_FANS = 4
"""From which on the others say what duty a fan has."""


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
        names = [name for name in self.named(_RPM) if not _OF_SUPPLY.search(name)]
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


def fans_at_equal_duty(machine: Machine) -> dict[str, list[tuple[int, float]]]:
    """Speeds of each fan (RPM) as they would have been at the present duty, which the median of the others tells.

    Of a machine with too few fans that are driven alike there are none.
    """
    fans = machine.fans
    if len(fans) < _MIN_FANS:
        return {}
    speeds = {name: machine.history.of(name) for name in fans}
    usual = {name: median(value for _, value in series) for name, series in speeds.items()}
    shares: dict[int, dict[str, float]] = {}
    for name, series in speeds.items():
        for when, value in series:
            shares.setdefault(when, {})[name] = value / usual[name]
    ordered = {when: sorted(of.values()) for when, of in shares.items() if len(of) >= _MIN_FANS}
    found = {}
    for name in fans:
        duty_at = {
            when: 100 * _median_without(ordered[when], shares[when][name])
            for when, _ in speeds[name]
            if when in ordered
        }
        now = next(reversed(duty_at.values()), 0.0)
        found[name] = [(when, speed * now / duty) for when, speed in speeds[name] if (duty := duty_at.get(when, 0)) > 0]
    return found


def temperatures_above_inlet(machine: Machine) -> dict[str, list[tuple[int, float]]]:
    """Degrees by which each part is warmer than the air that comes in, where the machine drew about as much power as it
    does now. None of a machine whose inlet nobody measures; those of a part are empty where its power is not known."""
    inlet_at, power, found = dict(machine.inlet), machine.power, {}
    for name in machine.named(CELSIUS):
        if INLET.search(name):
            continue
        series = [(when, value) for when, value in machine.history.of(name) if when in inlet_at]
        if series:
            found[name] = [(when, value - inlet_at[when]) for when, value in _at_equal_power(series, power)]
    return found


def temperatures_at_equal_power(machine: Machine) -> dict[str, list[tuple[int, float]]]:
    """Degrees by which each part is warmer than the air that comes in, as they would have been at the present power.

    What a watt adds is the median over pairs of slots within a day of each other whose power differs, so that a trend
    over days is none of it. None of a machine whose inlet or power nobody measures.
    """
    inlet_at, power, found = dict(machine.inlet), machine.power, {}
    for name in machine.named(CELSIUS):
        series = [(t, v - inlet_at[t], power[t]) for t, v in machine.history.of(name) if t in inlet_at and t in power]
        if INLET.search(name) or not series:
            continue
        a_watt, now = _degrees_a_watt(series), series[-1][2]
        found[name] = [(when, above - a_watt * (watts - now)) for when, above, watts in series]
    return found


def _degrees_a_watt(series: Sequence[tuple[int, float, float]]) -> float:
    """Never negative: no part gets colder for what the machine takes in."""
    found = []
    for at, (when, above, watts) in enumerate(series):
        for later, other, then in series[at + 1 :]:
            if later - when > _DAY_S:
                break
            if abs(then - watts) >= _OTHER_POWER * max(then, watts):
                found.append((other - above) / (then - watts))
    return max(0.0, median(found)) if found else 0.0


def _median_without(ordered: Sequence[float], one: float) -> float:
    """The median of the others of a list in order."""
    at, rest = bisect_left(ordered, one), len(ordered) - 1
    upper = ordered[rest // 2 + (rest // 2 >= at)]
    if rest % 2:
        return upper
    below = rest // 2 - 1
    return (ordered[below + (below >= at)] + upper) / 2


def _at_equal_power(series: Sequence[tuple[int, float]], power: Mapping[int, float]) -> list[tuple[int, float]]:
    if not power:
        return list(series)
    now = power.get(series[-1][0])
    return [] if now is None else [(t, v) for t, v in series if t in power and alike(power[t], now)]


def alike(watts: float, others: float) -> bool:
    return abs(watts - others) <= SAME_POWER * max(watts, others)
