"""Weeks of a noisy fleet raise nothing; a fan that wears, a part that clogs, a rail that wobbles and an odd one out are
found within their thresholds, with the time that is left."""

import math
import random
import time
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundcrew.contracts.clock import from_us
from groundcrew.contracts.envelope import Envelope, ProducedBy, seal
from groundcrew.contracts.identity import stable_id
from groundcrew.contracts.observations import SensorBatch
from groundcrew.diagnosis import equal_terms
from groundcrew.diagnosis.detector import Detector, Knowledge, TriggerDraft
from groundcrew.diagnosis.sensor_history import SensorHistory
from groundcrew.diagnosis.siblings import MAX_SIBLINGS, Siblings
from groundcrew.runtime.packs import load_packs

RULES = tuple(rule for rule in load_packs().knowledge.rules if rule.source == "trend")
HOUR, DAY = 3_600, 86_400
T0 = 1_772_589_600 // DAY * DAY

Reads = dict[str, tuple[float, str, float | None, float | None]]
"""name -> value, unit, lower and upper critical threshold."""


@dataclass
class Machine:
    """Day and night, jobs, weekends, a room that breathes, steps of sensors, now and then nonsense."""

    name: str
    chance: random.Random
    powered: bool = True
    ail: Callable[[float, Reads], None] = lambda _day, _reads: None
    job_until: float = 0.0
    job: float = 0.3
    speeds: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.speeds = [9_000 * self.chance.uniform(0.95, 1.05) for _ in range(6)]
        self.resistance = self.chance.uniform(0.095, 0.105)
        self.rail = 12.1 + self.chance.gauss(0, 0.03)

    def load(self, when: float) -> float:
        if when >= self.job_until:
            self.job_until = when + self.chance.expovariate(1 / (6 * HOUR))
            self.job = self.chance.choice([0.1, 0.2, 0.5, 0.9])
        day = 0.5 + 0.5 * math.sin(2 * math.pi * when / DAY)
        weekend = 0.5 if int(when // DAY) % 7 >= 5 else 1.0
        return min(1.0, (0.15 * day + 0.8 * self.job) * weekend + abs(self.chance.gauss(0, 0.03)))

    def read(self, when: float) -> Reads:
        chance, load = self.chance, self.load(when)
        inlet = 23 + 3 * math.sin(2 * math.pi * (when - 5 * HOUR) / DAY) + chance.gauss(0, 0.3)
        watts = 150 + 450 * load + chance.gauss(0, 5)
        duty = 30 + 50 * load
        reads: Reads = {
            "Inlet Temp": (round(inlet), "degrees C", None, 45.0),
            "CPU1 Temp": (round(inlet + self.resistance * watts + chance.gauss(0, 1)), "degrees C", None, 95.0),
            "DIMM Temp": (round(inlet + 12 + 8 * load + chance.gauss(0, 1)), "degrees C", 0.0, 85.0),
            "P12V": (round((self.rail - 0.15 * load + chance.gauss(0, 0.02)) / 0.06) * 0.06, "Volts", 10.8, 13.2),
            "P3V3": (round((3.3 + chance.gauss(0, 0.01)) / 0.02) * 0.02, "Volts", None, 0.0),
        }
        if self.powered:
            reads["Sys Power"] = (round(watts / 4) * 4, "Watts", None, None)
        for at, speed in enumerate(self.speeds, 1):
            curve = (duty / 100) ** (1 + 0.02 * at)
            reads[f"FAN{at}"] = (round(speed * curve * chance.gauss(1, 0.01) / 75) * 75, "RPM", 500.0, None)
        self.ail((when - T0) / DAY, reads)
        for sensor, (_, unit, low, high) in reads.items():
            if chance.random() < 0.003:
                reads[sensor] = (chance.choice([0.0, 255.0]), unit, low, high)
        return reads


def batch(name: str, when: float, reads: Reads) -> Envelope[SensorBatch]:
    when_us, count = round(when * 1_000_000), len(reads)
    data = SensorBatch(
        times=[when_us] * count,
        sensors=list(reads),
        values=[value for value, _, _, _ in reads.values()],
        texts=[""] * count,
        units=[unit for _, unit, _, _ in reads.values()],
        statuses=["ok"] * count,
        lowers=[low for _, _, low, _ in reads.values()],
        uppers=[high for _, _, _, high in reads.values()],
    )
    entity, at = f"bmc:{name}", from_us(when_us)
    return seal(
        data, id=stable_id(entity, when_us), site="demo", entity=entity, time=at, received_at=at, source="sensors",
        position=str(when_us), produced_by=ProducedBy(service="test", version="0"),
    )  # fmt: skip


def detector(models: bool = True) -> Detector:
    return Detector(Knowledge(rules=RULES), model_of=lambda _: "maker|model|role" if models else "")


def watched(judge: Detector, machines: list[Machine], days: float, first: float = 0) -> Iterator[TriggerDraft]:
    """Two looks a minute apart, every twenty minutes: what lies between changes nothing."""
    for step in range(round(first * 72), round((first + days) * 72)):
        for machine in machines:
            for when in (T0 + step * 1_200, T0 + step * 1_200 + 60):
                yield from judge.observe(batch(machine.name, when, machine.read(when)))


def fleet(count: int, seed: int = 5, **kind: bool) -> list[Machine]:
    return [Machine(f"m{at}", random.Random(seed * 1_000 + at), **kind) for at in range(count)]


def told(drafts: Iterator[TriggerDraft]) -> list[tuple[str, str, str, str]]:
    return [(d.entity, d.data.rule_id, d.data.state.value, d.data.component) for d in drafts]


@pytest.mark.parametrize("powered", [True, False])
def test_twelve_healthy_machines_raise_nothing_in_two_weeks(powered: bool):
    assert told(watched(detector(), fleet(12, powered=powered), 14)) == []


def test_a_fan_that_wears_is_told_days_before_it_reaches_its_limit():
    def wears(day: float, reads: Reads) -> None:
        value, *rest = reads["FAN3"]
        reads["FAN3"] = (value * (1 - 0.05 * max(0, day - 3)), *rest)  # type: ignore[assignment]

    [machine] = fleet(1)
    machine.ail = wears
    [draft] = list(watched(detector(), [machine], 12))
    assert (draft.data.rule_id, draft.data.component) == ("sensor.fan-sinks", "FAN3")
    assert "at its threshold in " in draft.data.title
    day = (draft.time_us / 1_000_000 - T0) / DAY
    assert day < 12, "the fan stands at about day 21"


def test_a_part_that_clogs_is_told_before_it_is_too_hot():
    def clogs(day: float, reads: Reads) -> None:
        value, *rest = reads["CPU1 Temp"]
        reads["CPU1 Temp"] = (round(value + 2.5 * max(0, day - 2)), *rest)  # type: ignore[assignment]

    [machine] = fleet(1)
    machine.ail = clogs
    found = list(watched(detector(), [machine], 14))
    assert {(d.data.rule_id, d.data.component) for d in found} == {("sensor.rises-above-inlet", "CPU1 Temp")}
    assert found[0].data.severity.value == "warning"


def test_a_rail_that_wobbles_is_told_and_ends_when_it_is_calm():
    chance = random.Random(3)

    def wobbles(day: float, reads: Reads) -> None:
        value, *rest = reads["P12V"]
        reads["P12V"] = (value + (chance.choice([-0.5, 0.0, 0.5]) if 6 < day < 8 else 0), *rest)  # type: ignore[assignment]

    [machine] = fleet(1)
    machine.ail = wobbles
    found = told(watched(detector(), [machine], 10))
    assert [each[1:] for each in found] == [
        ("sensor.voltage-wobbles", "raised", "P12V"), ("sensor.voltage-wobbles", "cleared", "P12V"),
    ]  # fmt: skip


def test_one_machine_of_twelve_that_runs_hotter_at_equal_power_is_told_at_info():
    machines = fleet(12)
    machines[4].resistance *= 2.2
    found = list(watched(detector(), machines, 6))
    assert {(d.entity, d.data.rule_id, d.data.component) for d in found} == {
        ("bmc:m4", "sensor.odd-among-siblings", "CPU1 Temp")
    }
    assert {d.data.severity.value for d in found} == {"info"}
    assert told(watched(detector(models=False), machines, 6)) == [], "without a model there are no siblings"


def test_a_few_siblings_say_nothing():
    machines = fleet(8)
    machines[4].rail *= 0.85
    assert told(watched(detector(), machines, 4)) == []


def test_load_that_grows_for_a_week_is_no_fault():
    def busier(day: float, reads: Reads) -> None:
        more = 0.06 * day
        for sensor, (value, unit, low, high) in reads.items():
            factor = {"RPM": 1 + more / 2, "Watts": 1 + more}.get(unit, 1.0)
            warmer = 30 * more if sensor == "CPU1 Temp" else 0
            reads[sensor] = (value * factor + warmer, unit, low, high)

    machines = fleet(3)
    for machine in machines:
        machine.ail = busier
    assert told(watched(detector(), machines, 9)) == []


def test_what_was_read_is_remembered_over_a_restart():
    def wears(day: float, reads: Reads) -> None:
        value, *rest = reads["FAN3"]
        reads["FAN3"] = (value * (1 - 0.05 * max(0, day - 3)), *rest)  # type: ignore[assignment]

    [machine] = fleet(1)
    machine.ail = wears
    first, second = detector(), detector()
    before = told(watched(first, [machine], 6))
    second.restore("bmc:m0", first.state("bmc:m0"))
    after = told(watched(second, [machine], 6, first=6))
    assert [each[1:] for each in before + after] == [("sensor.fan-sinks", "raised", "FAN3")]


def test_memory_of_a_bmc_is_bounded_and_small():
    names = [f"SENSOR{at}" for at in range(60)]
    units = ["RPM"] * 20 + ["degrees C"] * 30 + ["Volts"] * 10

    def filled(count: int) -> SensorHistory:
        history = SensorHistory()
        for step in range(80 * 9):
            history.take(T0 + step * 1_200, names[:count], [float(step)] * count, units[:count])
        return history

    tracemalloc.start()
    try:
        history = filled(60)
        size, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(history.slots) == 56
    assert size < 60_000, f"{size} bytes of sixty sensors"
    many = SensorHistory()
    for step in range(100):
        sensors = [f"S{step}-{at}" for at in range(100)]
        many.take(T0 + step * 1_200, sensors, [1.0] * 100, ["RPM"] * 100)
    assert len(many.series) <= 256


def test_a_look_at_sixty_sensors_is_noted_in_little_time():
    history, names = SensorHistory(), [f"S{at}" for at in range(60)]
    began = time.process_time()
    for at in range(1_440):
        history.take(T0 + at * 60, names, [1.0] * 60, ["RPM"] * 60)
    assert time.process_time() - began < 5, "a day of looks a minute apart"


@pytest.mark.parametrize("back_s", [1, 3 * HOUR, 30 * DAY])
def test_a_clock_that_was_set_back_begins_anew_and_breaks_nothing(back_s: int):
    history = SensorHistory()
    for start in (T0, T0 - back_s, T0 + 40 * DAY):
        for step in range(72):
            history.take(start + step * 1_200, ["A", "B"], [1.0, None], ["RPM", "Volts"])
            assert len(set(map(len, history.series.values()))) <= 1
    assert history.slots == sorted(set(history.slots))
    again = SensorHistory.restore(history.state())
    assert (again.slots, again.series) == (history.slots, history.series)


@given(st.lists(st.floats(0.1, 3.0), min_size=2, max_size=20), st.data())
def test_the_median_of_the_other_fans_is_that_of_the_list_without_the_one(shares: list[float], data: st.DataObject):
    at = data.draw(st.integers(0, len(shares) - 1))
    assert equal_terms._median_without(sorted(shares), shares[at]) == median(shares[:at] + shares[at + 1 :])


def test_of_a_model_only_as_many_siblings_are_kept_as_are_compared():
    siblings, machines = Siblings(), fleet(MAX_SIBLINGS + 9)
    for machine in machines:
        history = SensorHistory()
        for step in range(12 * 9):
            reads = machine.read(T0 + step * 1_200)
            units = [unit for _, unit, _, _ in reads.values()]
            history.take(T0 + step * 1_200, list(reads), [value for value, _, _, _ in reads.values()], units)
        siblings.odd("model", machine.name, equal_terms.Machine(history, {}, {}))
    assert len(siblings._by_model["model"]) == MAX_SIBLINGS + 1
