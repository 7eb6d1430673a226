"""Which sensors of a BMC differ from those of its siblings: machines of the same model and role.

Of temperatures only slots count in which a sibling drew about as much power. What is compared of a machine is worked
out once a slot, when it is judged itself, and kept for those that are judged after it.
"""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from groundcrew.diagnosis.ailing import DAY_S, VOLT_STEP, Ailing
from groundcrew.diagnosis.equal_terms import CELSIUS, INLET, Machine, alike
from groundcrew.diagnosis.sensor_history import SLOT_S, VOLTS
from groundcrew.diagnosis.sensor_trends import against_siblings

MIN_SIBLINGS, MAX_SIBLINGS = 8, 40
FAN_STEP, TEMPERATURE_STEP_C = 0.05, 2.5
"""Differences that siblings have anyway, beside VOLT_STEP: share of the speed; degrees."""

_DAY = DAY_S // SLOT_S
_MIN_AT_EQUAL_POWER = 3


@dataclass(frozen=True, slots=True)
class Profile:
    """What is compared of a machine. `rails` and `fans`: medians of the last day, of a fan as a share of the machine's
    others. `watts` are those of the slots in which power and inlet are known; `above` is what each part was above the
    inlet in them, NaN where it has no reading."""

    slot: int
    rails: dict[str, float]
    fans: dict[str, float]
    watts: "array[float]"
    above: "dict[str, array[float]]"

    @classmethod
    def of(cls, machine: Machine) -> "Profile":
        history = machine.history
        power, inlet = machine.power, dict(machine.inlet)
        places = [(n, slot * SLOT_S) for n, slot in enumerate(history.slots)]
        places = [(n, when) for n, when in places if when in power and when in inlet]
        above = {
            name: array("f", [history.series[name][n] - inlet[when] for n, when in places])
            for name in machine.named(CELSIUS)
            if not INLET.search(name)
        }
        watts = array("d", [power[when] for _, when in places])
        rails = {name: _last_day(machine, name) for name in machine.named(VOLTS)}
        return cls(history.slots[-1], rails, _fan_shares(machine), watts, above)


class Siblings:
    """The machines of each model, by what was last seen of them. Not written down: they come again within a slot."""

    def __init__(self) -> None:
        self._by_model: dict[str, dict[str, Profile]] = {}

    def odd(self, model: str, bmc: str, machine: Machine) -> list[Ailing]:
        """Take a machine in, and say which of its sensors are none of its siblings'."""
        if len(machine.history.slots) < _DAY:
            return []
        mine = Profile.of(machine)
        known = self._by_model.setdefault(model, {})
        known.pop(bmc, None)
        others = [one for one in known.values() if one.slot >= mine.slot - _DAY][-MAX_SIBLINGS:]
        known[bmc] = mine
        while len(known) > MAX_SIBLINGS + 1:
            del known[next(iter(known))]
        if len(others) < MIN_SIBLINGS:
            return []
        found: list[Ailing] = []
        for name, level in mine.rails.items():
            found += _odd(name, level, [one.rails[name] for one in others if name in one.rails], VOLT_STEP, " V")
        for name, share in mine.fans.items():
            siblings = [one.fans[name] for one in others if name in one.fans]
            found += _odd(name, share, siblings, FAN_STEP, " times the other fans")
        return [*found, *_odd_temperatures(machine, mine, others)]


def _fan_shares(machine: Machine) -> dict[str, float]:
    """How fast a fan turns against the others of its own machine."""
    speeds = {name: _last_day(machine, name) for name in machine.fans}
    if len(speeds) < 4 or not (middle := median(speeds.values())):
        return {}
    return {name: speed / middle for name, speed in speeds.items()}


def _odd_temperatures(machine: Machine, mine: Profile, others: Sequence[Profile]) -> list[Ailing]:
    newest = machine.history.slots[-1] * SLOT_S
    if (watts := machine.power.get(newest)) is None:
        return []
    own = _alike_at(mine, watts)
    theirs = [(one, _alike_at(one, watts)) for one in others]
    theirs = [(one, places) for one, places in theirs if len(places) >= _MIN_AT_EQUAL_POWER]
    found = []
    for name in mine.above:
        values = _told(mine, name, own)[-_DAY:]
        if not values:
            continue
        told = [_told(one, name, places) for one, places in theirs if name in one.above]
        siblings = [median(of) for of in told if len(of) >= _MIN_AT_EQUAL_POWER]
        unit = " degrees C above the inlet at equal power"
        found += _odd(name, median(values), siblings, TEMPERATURE_STEP_C, unit)
    return found


def _alike_at(profile: Profile, watts: float) -> list[int]:
    """The slots in which it drew about so much."""
    return [place for place, drawn in enumerate(profile.watts) if alike(drawn, watts)]


def _told(profile: Profile, name: str, places: Sequence[int]) -> list[float]:
    above = profile.above[name]
    return [value for place in places if (value := above[place]) == value]


def _last_day(machine: Machine, name: str) -> float:
    return median([value for _, value in machine.history.of(name)][-_DAY:] or [0.0])


def _odd(sensor: str, value: float, siblings: Sequence[float], step: float, unit: str) -> list[Ailing]:
    """`step`: degrees, else a share of what is usual."""
    if len(siblings) < MIN_SIBLINGS:
        return []
    least = step if step == TEMPERATURE_STEP_C else step * abs(median(siblings))
    odd = against_siblings(value, siblings, least or step)
    return [] if odd is None else [Ailing("odd among siblings", sensor, f"{odd.usual:.3g}{unit}", f"{value:.3g}{unit}")]
