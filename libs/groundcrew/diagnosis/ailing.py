"""Which sensors of a BMC are ailing within their thresholds, by a week of their own (siblings.py: by their siblings).

False alarms weigh more than what is missed. A trend must hold over days, in both halves of them (a step is none), at
equal duty or load, be large against the value, and lead to a threshold within weeks.
"""

from dataclasses import dataclass
from statistics import median

from groundcrew.diagnosis.equal_terms import MIN_POINTS, Machine, fans_at_equal_duty, temperatures_above_inlet
from groundcrew.diagnosis.sensor_history import SLOT_S, SLOTS, VOLTS, WOBBLE
from groundcrew.diagnosis.sensor_trends import WOBBLE_TIMES, Series, time_to_threshold
from groundcrew.diagnosis.slopes import slopes_of

WINDOW_S = SLOTS * SLOT_S
DAY_S = 86_400
MIN_SPAN_S = 4 * DAY_S
MIN_TAU, MIN_HALF_TAU = 0.6, 0.25
"""Kendall's tau of a trend that holds. Of 24 points without one it is 0.6 once in a hundred thousand times."""

FAN_DROP, FAN_DROP_UNLIMITED, FAN_WITHIN_S = 0.08, 0.20, 30 * DAY_S
RISE_C, RISE_C_UNLIMITED, RISE_WITHIN_S = 4.0, 12.0, 14 * DAY_S
VOLT_STEP = 0.01
"""Share of a voltage by which rails of one kind differ anyway."""


@dataclass(frozen=True, slots=True)
class Ailing:
    """`kind` is what rules of source `trend` are matched against."""

    kind: str
    sensor: str
    usual: str
    present: str
    left_s: float | None = None


def ailing_of(machine: Machine) -> list[Ailing]:
    """Against its own week."""
    return [*_fans(machine), *_temperatures(machine), *_rails(machine)]


def _fans(machine: Machine) -> list[Ailing]:
    return [one for name, scaled in fans_at_equal_duty(machine).items() for one in _fan(machine, name, scaled)]


def _fan(machine: Machine, name: str, scaled: Series) -> list[Ailing]:
    if not scaled:
        return []
    begun = median(value for _, value in scaled[: max(1, len(scaled) // 4)])
    drop = -moved(scaled, FAN_DROP * begun)
    if drop <= 0:
        return []
    lower = machine.limits.get(name, (None, None))[0]
    line = time_to_threshold(scaled, lower, WINDOW_S, falling=True) if lower else None
    soon = line is not None and line.left_s <= FAN_WITHIN_S and drop >= FAN_DROP * begun
    if not soon and drop < FAN_DROP_UNLIMITED * begun:
        return []
    return [Ailing("fan sinks", name, f"{begun:.0f} RPM", f"{scaled[-1][1]:.0f} RPM", line.left_s if line else None)]


def _temperatures(machine: Machine) -> list[Ailing]:
    inlet_at, found = dict(machine.inlet), []
    for name, above in temperatures_above_inlet(machine).items():
        rise = moved(above, RISE_C)
        if rise < RISE_C:
            continue
        upper = machine.limits.get(name, (None, None))[1]
        left = upper - inlet_at[above[-1][0]] if upper else None
        line = time_to_threshold(above, left, WINDOW_S, falling=False) if left is not None else None
        if not (line is not None and line.left_s <= RISE_WITHIN_S) and rise < RISE_C_UNLIMITED:
            continue
        begun = median(value for _, value in above[: len(above) // 4])
        shown = f"{above[-1][1]:.0f} degrees C above the inlet"
        found.append(Ailing("rises above inlet", name, f"{begun:.0f}", shown, line.left_s if line else None))
    return found


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


def moved(points: Series, least: float) -> float:
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
