"""Composed weeks of BMCs whose truth is known, for `groundcrew bench forecasts`.

Fans that wear and parts that clog, and machines that only work harder or stand in a room that warms up.
"""

import math
import random
from collections.abc import Callable
from statistics import median

from groundcrew.diagnosis.equal_terms import Machine
from groundcrew.diagnosis.forecasts import SensorTarget
from groundcrew.diagnosis.sensor_forecasts import sensors_ahead
from groundcrew.diagnosis.sensor_history import SLOT_S, SLOTS, SensorHistory

MACHINES = 150
LOWER, UPPER = 1_500.0, 92.0
DAY_S = 86_400.0
Series = dict[str, list[tuple[int, float]]]
Week = Callable[[random.Random], tuple[Series, str, float | None]]
"""Series by sensor, the sensor that ails (empty: none), and in how many seconds it reaches its threshold, at the duty,
inlet and power of the last slot."""


def _load(chance: random.Random, at: int) -> float:
    return 0.35 + 0.25 * math.sin(2 * math.pi * at * SLOT_S / DAY_S) + chance.uniform(-0.15, 0.15)


def _week(
    chance: random.Random, *, wear: float = 0.0, clog: float = 0.0, busier: float = 0.0, warmer: float = 0.0
) -> tuple[Series, float, float]:
    """RPM a day at full duty that FAN3 loses, degrees a day that CPU1 gains, load and inlet that grow in a day.

    Beside the series the duty of the last slot, and the speed of FAN3 at full duty in the beginning.
    """
    series: Series = {name: [] for name in ("Inlet Temp", "CPU1 Temp", "DIMM Temp", "Sys Power")}
    series |= {f"FAN{at}": [] for at in range(1, 7)}
    full = [9_000 * chance.uniform(0.95, 1.05) for _ in range(6)]
    duty = inlet = 0.0
    for at in range(SLOTS):
        day = at * SLOT_S / DAY_S
        load = min(1.0, max(0.0, _load(chance, at) + busier * day))
        inlet = 23 + 2 * math.sin(2 * math.pi * (day - 0.2)) + warmer * day + chance.gauss(0, 0.2)
        watts, duty = 150 + 450 * load, 0.3 + 0.5 * load
        values = {
            "Inlet Temp": round(inlet),
            "CPU1 Temp": round(inlet + 0.08 * watts + clog * day + chance.gauss(0, 0.7)),
            "DIMM Temp": round(inlet + 12 + 8 * load + chance.gauss(0, 0.7)),
            "Sys Power": round(watts / 4) * 4,
        }
        for number, speed in enumerate(full, 1):
            lost = wear * day if number == 3 else 0.0
            values[f"FAN{number}"] = round((speed - lost) * duty * chance.gauss(1, 0.01) / 75) * 75
        for name, value in values.items():
            series[name].append((at * SLOT_S, float(value)))
    return series, duty, full[2]


def _worn(chance: random.Random) -> tuple[Series, str, float | None]:
    wear = chance.uniform(150, 500)
    series, duty, full = _week(chance, wear=wear)
    now = full - wear * (SLOTS - 1) * SLOT_S / DAY_S
    return series, "FAN3", (now - LOWER / duty) / wear * DAY_S


def _clogged(chance: random.Random) -> tuple[Series, str, float | None]:
    clog = chance.uniform(0.8, 2.5)
    series, duty, _ = _week(chance, clog=clog)
    watts = 150 + 450 * (duty - 0.3) / 0.5
    now = series["Inlet Temp"][-1][1] + 0.08 * watts + clog * (SLOTS - 1) * SLOT_S / DAY_S
    return series, "CPU1 Temp", (UPPER - now) / clog * DAY_S


WEEKS: dict[str, Week] = {
    "a fan loses 2 to 6 % of its speed a day": _worn,
    "a part gains 0.8 to 2.5 degrees a day above its inlet": _clogged,
    "healthy (must give none)": lambda chance: (_week(chance)[0], "", None),
    "load grows all week (must give none)": lambda chance: (_week(chance, busier=0.06)[0], "", None),
    "the room warms up all week (must give none)": lambda chance: (_week(chance, warmer=1.0)[0], "", None),
}


def composed_sensors(targets: list[SensorTarget]) -> None:
    print("\n| composed weeks of a BMC | told of the part | error, median | truth within the range | told of others |")
    print("|---|---|---|---|---|")
    for name, week in WEEKS.items():
        chance, told, others, within, errors = random.Random(name), 0, 0, 0, list[float]()
        for _ in range(MACHINES):
            series, part, truth = week(chance)
            for one in (one for target in targets for one in sensors_ahead(_machine(series), target)):
                if one.sensor != part or truth is None:
                    others += 1
                    continue
                told += 1
                errors.append(abs(one.when.likely_s - truth) / max(truth, DAY_S))
                late = one.when.latest_s is None or truth <= one.when.latest_s * 1.02
                within += one.when.soonest_s <= truth * 1.02 and late
        shown = (f"{told / MACHINES:.0%}", f"{median(errors):.0%}", f"{within / told:.0%}") if told else ("-", "-", "-")
        print(f"| {name} | {' | '.join(shown)} | {others / MACHINES:.1%} |")


def _machine(series: Series) -> Machine:
    units = {name: "RPM" if name.startswith("FAN") else "degrees C" for name in series} | {"Sys Power": "Watts"}
    limits: dict[str, tuple[float | None, float | None]] = {
        name: (LOWER, None) if unit == "RPM" else (None, UPPER) for name, unit in units.items() if unit != "Watts"
    }
    return Machine(SensorHistory.of_series(series), units, limits)
