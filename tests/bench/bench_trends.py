"""Sensors judged by their own week and by their siblings: `groundcrew bench trends [-- --bmcs N] [--models N]`.

The rules of trends as the trigger runs them, without bus and disk, over BMCs of several models. Their week is filled
reading by reading; then the three rounds that there are in a day are measured: readings that come sooner than every
twenty minutes, readings that are kept, and those that end a slot of three hours, after which every BMC is judged.
One fan in a hundred machines sinks: it must be told, and nothing else.
"""

import argparse
import gc
import math
import random
import time
from collections.abc import Sequence
from datetime import UTC, datetime

import psutil

from groundcrew.contracts.clock import from_us
from groundcrew.contracts.envelope import Envelope, ProducedBy, seal
from groundcrew.contracts.identity import stable_id
from groundcrew.contracts.observations import SensorBatch
from groundcrew.diagnosis.memory import Memory
from groundcrew.diagnosis.sensor_history import SLOT_S
from groundcrew.diagnosis.siblings import Siblings
from groundcrew.diagnosis.trend_rules import TrendRules
from groundcrew.runtime.packs import load_packs

SENSORS = 60
WEEK_SLOTS = 56
SAMPLE_S = 1_200
JUDGED_SLOTS = 10
SINKS_EVERY = 100
SINKS_PER_DAY = 0.04
_BEGIN = int(datetime(2026, 3, 2, tzinfo=UTC).timestamp()) // SLOT_S * SLOT_S

_UNITS = ["degrees C"] * 20 + ["RPM"] * 16 + ["Volts"] * 16 + ["Watts"] * 4 + ["Amps"] * 4
_NAMES = [
    "Inlet Temp", *(f"Temp {n}" for n in range(1, 20)), *(f"FAN{n}" for n in range(1, 17)),
    *(f"P{n}V" for n in range(1, 17)), *(f"Power {n}" for n in range(1, 5)), *(f"Curr {n}" for n in range(1, 5)),
]  # fmt: skip
_LIMITS = {"degrees C": (None, 95.0), "RPM": (900.0, None), "Volts": (10.8, 13.2)}


class Machine:
    """Day and night, load, noise, steps of sensors; `sinks`: its third fan loses speed."""

    def __init__(self, number: int, models: int) -> None:
        self.name, self.model = f"b{number}", f"maker|m{number % models}|node"
        self.sinks = number % SINKS_EVERY == SINKS_EVERY - 1
        self.memory = Memory(f"bmc:{self.name}")
        self._chance = random.Random(number)

    def values(self, when: int) -> list[float]:
        noise = self._chance.gauss
        load = min(max(0.5 + 0.3 * math.sin(when / 86_400 * math.tau) + noise(0, 0.05), 0.0), 1.0)
        inlet = 23 + noise(0, 0.3)
        speed = 6_000 + 3_000 * load
        read = [inlet, *(inlet + 15 + 30 * load + noise(0, 1) for _ in range(19))]
        read += [round(speed * (1 + noise(0, 0.01)) / 75) * 75.0 for _ in range(16)]
        read += [round((12.1 - 0.1 * load + noise(0, 0.02)) / 0.06) * 0.06 for _ in range(16)]
        read += [(150 + 450 * load) / (n + 1) + noise(0, 3) for n in range(4)] + [10 + 5 * load] * 4
        if self.sinks:
            read[22] *= max(1 - SINKS_PER_DAY * (when - _BEGIN) / 86_400, 0.05)
        return read

    def batch(self, when: int) -> Envelope[SensorBatch]:
        limits = [_LIMITS.get(unit, (None, None)) for unit in _UNITS]
        data = SensorBatch(
            times=[when * 1_000_000] * SENSORS, sensors=_NAMES, values=list(self.values(when)), units=_UNITS,
            texts=[""] * SENSORS, statuses=["ok"] * SENSORS, lowers=[low for low, _ in limits],
            uppers=[high for _, high in limits],
        )  # fmt: skip
        entity, at = self.memory.entity, from_us(when * 1_000_000)
        return seal(
            data, id=stable_id(entity, when), site="bench", entity=entity, time=at, received_at=at, source="sensors",
            position=str(when), produced_by=ProducedBy(service="bench", version="0"),
        )  # fmt: skip


class Judge:
    def __init__(self, machines: Sequence[Machine]) -> None:
        models = {one.name: one.model for one in machines}
        rules = [rule for rule in load_packs().knowledge.rules if rule.source == "trend"]
        self._rules = TrendRules(rules, 300.0, models.__getitem__)
        self._siblings = Siblings()
        self._machines = machines
        self.told: set[tuple[str, str, str]] = set()

    def round(self, when: int) -> float:
        """CPU seconds that all machines take; what is told is kept."""
        batches = [one.batch(when) for one in self._machines]
        began = time.process_time()
        for machine, batch in zip(self._machines, batches, strict=True):
            for _, hit in self._rules.hits(batch, machine.memory, self._siblings):
                self.told.add((machine.name, hit.spec.rule_id, hit.component))
        return time.process_time() - began


def main(arguments: Sequence[str] = ()) -> None:
    parser = argparse.ArgumentParser(prog="groundcrew bench trends --", description="Trends of a fleet's sensors")
    parser.add_argument("--bmcs", type=int, default=1_000)
    parser.add_argument("--models", type=int, default=8)
    asked = parser.parse_args(list(arguments))
    gc.collect()
    before = psutil.Process().memory_info().rss
    machines = [Machine(number, asked.models) for number in range(asked.bmcs)]
    for when in range(_BEGIN, _BEGIN + WEEK_SLOTS * SLOT_S, SAMPLE_S):
        for machine in machines:
            machine.memory.history.take(when, _NAMES, machine.values(when), _UNITS)
    gc.collect()
    held = psutil.Process().memory_info().rss - before
    judge, now = Judge(machines), _BEGIN + WEEK_SLOTS * SLOT_S
    passed = kept = 0.0
    slots = []
    for _ in range(JUDGED_SLOTS):
        slots.append(judge.round(now))
        passed = judge.round(now + 30)
        for at in range(now + SAMPLE_S, now + SLOT_S, SAMPLE_S):
            kept = judge.round(at)
        now += SLOT_S
    _print(asked.bmcs, asked.models, held, (passed, kept, max(slots)), judge.told, machines)


def _print(
    bmcs: int,
    models: int,
    held: int,
    seconds: tuple[float, float, float],
    told: set[tuple[str, str, str]],
    machines: Sequence[Machine],
) -> None:
    passed, kept, slot = seconds
    sinking = {one.name for one in machines if one.sinks}
    seen = {name for name, _, part in told if part == "FAN3"} & sinking
    others = {row for row in told if row[0] not in sinking}
    a_day = 86_400 / 60 * passed + 86_400 / SAMPLE_S * kept + 86_400 / SLOT_S * slot
    print(f"| {bmcs:,} BMCs of {models} models, {SENSORS} sensors each, a week held | figure |")
    print("|---|---|")
    print(f"| memory of what is held, of each BMC | {held / 2**20:.0f} MiB, {held / bmcs / 1024:.0f} KiB |")
    print(f"| CPU of a round sooner than 20 min, of each BMC | {passed:.3f} s, {1e6 * passed / bmcs:.0f} us |")
    print(f"| CPU of a round that is kept | {kept:.3f} s, {1e6 * kept / bmcs:.0f} us |")
    print(f"| CPU of a round that ends a slot, all judged, most | {slot:.2f} s, {1e3 * slot / bmcs:.2f} ms |")
    print(f"| CPU of a day at a reading a minute | {a_day:.0f} s, {100 * a_day / 86_400:.2f} % of a core |")
    print(f"| sinking fans told | {len(seen)} of {len(sinking)} |")
    print(f"| told of machines that are well | {len(others)} |")


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])
