"""When a fan turns too slowly and when a part gets too warm, by a week of a BMC's sensors at equal terms.

What is no steady trend over days gives none (`ailing.moved`: enough points over enough days, agreement in both halves),
nor what moved less than a sensor's own steps. The line and its range are those of `forecasts.py`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from groundcrew.diagnosis.ailing import moved
from groundcrew.diagnosis.equal_terms import Machine, fans_at_equal_duty, temperatures_at_equal_power
from groundcrew.diagnosis.forecasts import Line, Range, SensorTarget, back_test, line_of, time_to

METRIC = {"fans": "fan", "temperatures": "temperature"}
UNIT = {"fans": "RPM", "temperatures": "degrees C"}


@dataclass(frozen=True, slots=True)
class SensorAhead:
    """What is ahead of one sensor; `newest_s` is the second since the epoch that the range counts from."""

    sensor: str
    limit: float
    line: Line
    when: Range
    newest_s: int
    back_test: float | None


def sensors_ahead(machine: Machine, target: SensorTarget) -> Iterator[SensorAhead]:
    """Of each sensor that is on its way to its limit within the target's horizon."""
    falls = target.of == "fans"
    for sensor, series, limit in _at_equal_terms(machine, target):
        if len(series) < 2:
            continue
        least = target.least * abs(series[-1][1]) if falls else target.least
        way = moved(series, least) * (-1 if falls else 1)
        if way < least:
            continue
        times, values = [float(when) for when, _ in series], [value for _, value in series]
        line = line_of(times, values)
        when = time_to(line, limit, falls=falls) if line is not None else None
        if line is None or when is None or when.likely_s > target.horizon_days * 86_400:
            continue
        yield SensorAhead(sensor, limit, line, when, series[-1][0], back_test(times, values))


def watched(machine: Machine, target: SensorTarget) -> int:
    """Sensors of which something could be told, were they on their way."""
    return sum(1 for _ in _at_equal_terms(machine, target))


def _at_equal_terms(machine: Machine, target: SensorTarget) -> Iterator[tuple[str, Sequence[tuple[int, float]], float]]:
    """(sensor, series, limit); temperatures at the inlet's present temperature."""
    if target.of == "fans":
        for sensor, series in fans_at_equal_duty(machine).items():
            if limit := target.limit or machine.limits.get(sensor, (None, None))[0]:
                yield sensor, series, limit
        return
    inlet_at = dict(machine.inlet)
    for sensor, above in temperatures_at_equal_power(machine).items():
        limit = target.limit or machine.limits.get(sensor, (None, None))[1]
        if limit and above:
            inlet = inlet_at[above[-1][0]]
            yield sensor, [(when, value + inlet) for when, value in above], limit
