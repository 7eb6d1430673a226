"""Forecasts: `groundcrew bench forecasts`.

Composed series whose truth is known: how often a forecast is given, how far its likely time is from the truth, how
often the truth lies within the range. Then every series of the recorded and composed scenarios of GROUNDCREW_SCENARIOS
that the pack forecasts, told as far as each of several cuts: what the line says of the value half as far ahead as it
looks back, or four fifths of the way to its limit where it says that this comes first (what is used up is then freed by
force: no line knows of that), against what was measured then; beside it the error of saying that nothing changes.
"""

import os
import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from statistics import median

import orjson
from tests.bench.bench_forecasts_sensors import composed_sensors

from groundcrew.diagnosis.forecasts import Target, line_of, parse_forecasts, parse_sensor_forecasts, time_to
from groundcrew.runtime.packs import load_packs

SERIES = 400
POINTS = 96
HOUR_S = 3_600.0
HORIZON_S = 1e9
SHORT_OF = 0.8
"""Of the way to the limit: what comes there is somebody's doing."""

CUTS = (0.3, 0.45, 0.6)
Shape = Callable[[random.Random], tuple[list[float], float | None]]


def _wear(noise: float, outliers: float) -> Shape:
    """Falls at a steady rate from 1,000 to 0; noise remembers half of itself; some points lie far below."""

    def made(chance: random.Random) -> tuple[list[float], float | None]:
        rate, drift, values = chance.uniform(0.5, 5.0), 0.0, []
        for at in range(POINTS):
            drift = 0.5 * drift + chance.gauss(0, noise)
            spoilt = chance.uniform(-300, 0) if chance.random() < outliers else 0.0
            values.append(1_000 - rate * at + drift + spoilt)
        return values, (1_000 / rate - (POINTS - 1)) * HOUR_S

    return made


def _faster(chance: random.Random) -> tuple[list[float], float | None]:
    """Falls ever faster: a line is late."""
    rate, more = chance.uniform(0.5, 2.0), chance.uniform(0.005, 0.02)
    values = [1_000 - rate * at - more * at * at for at in range(POINTS)]
    end = POINTS - 1
    while 1_000 - rate * end - more * end * end > 0:
        end += 1
    return values, (end - (POINTS - 1)) * HOUR_S


def _saw(chance: random.Random) -> tuple[list[float], float | None]:
    """Logs that fill and are rotated: never full."""
    period, depth = chance.randint(6, 30), chance.uniform(50, 400)
    return [1_000 - depth * ((at % period) / period) + chance.gauss(0, 2) for at in range(POINTS)], None


def _restarted(chance: random.Random) -> tuple[list[float], float | None]:
    """Leaks, is killed late in the window and begins anew from another level."""
    rate, at_end = chance.uniform(1.0, 4.0), chance.randint(60, 94)
    begun, anew = rate * at_end + chance.uniform(0, 20), chance.uniform(400, 900)
    values = [begun - rate * at if at < at_end else anew - rate * (at - at_end) for at in range(POINTS)]
    return [value + chance.gauss(0, 3) for value in values], values[-1] / rate * HOUR_S


def _still(chance: random.Random) -> tuple[list[float], float | None]:
    """Stands still, with noise that wanders for a while."""
    drift, values = 0.0, []
    for _ in range(POINTS):
        drift = 0.8 * drift + chance.gauss(0, 5)
        values.append(900 + drift)
    return values, None


SHAPES: dict[str, Shape] = {
    "steady": _wear(0, 0),
    "steady, noise of 2 steps": _wear(5, 0),
    "steady, noise, 10 % of points far off": _wear(5, 0.1),
    "ever faster": _faster,
    "leaks, killed, leaks anew (none, or right)": _restarted,
    "fills and is emptied (must give none)": _saw,
    "stands still, wanders (must give none)": _still,
}


def composed() -> None:
    print("| composed series | forecasts given | error of the likely time, median | truth within the range |")
    print("|---|---|---|---|")
    times = [at * HOUR_S for at in range(POINTS)]
    for name, shape in SHAPES.items():
        chance = random.Random(name)
        errors, within, told = [], 0, 0
        for _ in range(SERIES):
            values, truth = shape(chance)
            line = line_of(times, values)
            found = time_to(line, 0.0, falls=True) if line is not None else None
            if found is None or found.likely_s > 60 * 24 * HOUR_S:
                continue
            told += 1
            if truth is not None:
                errors.append(abs(found.likely_s - truth) / truth)
                slack = 0.01 * truth
                late = found.latest_s is None or truth - slack <= found.latest_s
                within += found.soonest_s <= truth + slack and late
        error = f"{median(errors):.1%}" if errors else "-"
        inside = f"{within / told:.0%}" if errors else "-"
        print(f"| {name} | {told / SERIES:.0%} | {error} | {inside} |")


def recorded(folder: Path, targets: Sequence[Target]) -> None:
    """Of each metric: lines given at the cuts, and how far they are from what came."""
    wanted = {one.metric: one for one in targets}
    given: dict[str, int] = defaultdict(int)
    asked: dict[str, int] = defaultdict(int)
    errors: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for path in sorted(folder.glob("*/metrics.jsonl")):
        for (metric, _), series in _series(path, set(wanted)).items():
            for cut in CUTS:
                asked[metric] += 1
                if pair := _tried(series, cut, wanted[metric]):
                    given[metric] += 1
                    errors[metric].append(pair)
    print(
        "\n| recorded metric | series and cuts | lines given | error, median, of what moved | of saying 'no change' |"
    )
    print("|---|---|---|---|---|")
    for metric in sorted(asked):
        pairs = errors[metric]
        shown = " | ".join(f"{median(one[at] for one in pairs):.0%}" for at in (0, 1)) if pairs else "- | -"
        print(f"| {metric} | {asked[metric]} | {given[metric]} | {shown} |")


def _series(path: Path, metrics: set[str]) -> dict[tuple[str, str], list[tuple[float, float]]]:
    found: dict[tuple[str, str], list[tuple[float, float]]] = defaultdict(list)
    for line in path.read_bytes().splitlines():
        entry = orjson.loads(line)
        if entry["name"] in metrics:
            key = (entry["name"], f"{entry['host']} {sorted(entry.get('labels', {}).items())}")
            found[key].append((datetime.fromisoformat(entry["time"]).timestamp(), float(entry["value"])))
    return found


def _tried(series: Sequence[tuple[float, float]], cut: float, target: Target) -> tuple[float, float] | None:
    """Error of the line and of no change, as shares of how far the series ranges till then; None: no line is given."""
    at = int(len(series) * cut)
    behind = series[:at]
    line = line_of([when for when, _ in behind], [value for _, value in behind])
    if line is None:
        return None
    now = behind[-1][0]
    reached = time_to(line, target.limit, falls=target.falls)
    ahead = now + min((now - behind[0][0]) / 2, SHORT_OF * reached.likely_s if reached else HORIZON_S)
    then = [value for when, value in series if abs(when - ahead) <= (now - behind[0][0]) / 20]
    spread = max(value for _, value in series) - min(value for _, value in series)
    if not then or not spread:
        return None
    came = median(then)
    return abs(line.level + line.slope * (ahead - now) - came) / spread, abs(line.level - came) / spread


def main(arguments: Sequence[str]) -> None:
    del arguments
    composed()
    named = os.environ.get("GROUNDCREW_SCENARIOS", "")
    folder = Path(named) if named else Path(__file__).parents[3] / "shared" / "scenarios"
    files = load_packs().texts("forecasts")
    composed_sensors([one for file in files for one in parse_sensor_forecasts(file.text, file.name)])
    targets = [one for file in files for one in parse_forecasts(file.text, file.name)]
    if folder.is_dir():
        recorded(folder, targets)
    else:
        print("\nRecorded series are not looked at: GROUNDCREW_SCENARIOS names no folder.")
