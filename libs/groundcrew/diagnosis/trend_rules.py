"""Rules of source `trend`: what is ailing within its thresholds, judged once a slot and confirmed over several.

A pattern sees `<kind>: <sensor>`, the kinds are those of `ailing.py`.
"""

from collections.abc import Callable, Iterator, Sequence

from groundcrew.contracts.clock import from_us
from groundcrew.contracts.envelope import Envelope
from groundcrew.contracts.identity import name_of, stable_id
from groundcrew.contracts.incidents import EvidenceSource
from groundcrew.contracts.observations import SensorBatch
from groundcrew.diagnosis.ailing import Ailing, ailing_of
from groundcrew.diagnosis.equal_terms import Machine
from groundcrew.diagnosis.levels import Look, Patience, Step
from groundcrew.diagnosis.matching import Match, Matcher
from groundcrew.diagnosis.memory import Memory
from groundcrew.diagnosis.records import spec_of
from groundcrew.diagnosis.rules import Rule
from groundcrew.diagnosis.siblings import Siblings
from groundcrew.diagnosis.templates import fill
from groundcrew.diagnosis.threshold_checks import duration
from groundcrew.diagnosis.tracks import SECOND_US, Cited, Hit

ModelOf = Callable[[str], str]
"""What the inventory knows a BMC's machine by: make, model and role as one text; empty where it does not say."""

_NEVER_US = 3_650 * 86_400 * SECOND_US


def no_model(_: str) -> str:
    """Where there is no inventory."""
    return ""


class TrendRules:
    def __init__(self, rules: Sequence[Rule], debounce_s: float, model_of: ModelOf = no_model) -> None:
        self._rules = {rule.id: rule for rule in rules}
        self._matcher = Matcher(rules)
        self._specs = {rule.id: spec_of(rule, debounce_s) for rule in rules}
        self.specs = tuple(self._specs.values())
        self._model_of = model_of

    def hits(self, envelope: Envelope[SensorBatch], memory: Memory, siblings: Siblings) -> Iterator[tuple[int, Hit]]:
        """What a slot that is complete confirms or ends; nothing at all other times. Of the batch's last row."""
        batch = envelope.data
        if not self._rules or not len(batch):
            return
        when = max(batch.times)
        if not memory.history.take(when // SECOND_US, batch.sensors, batch.values, batch.units):
            return
        memory.changed = True
        machine = Machine(memory.history, dict(zip(batch.sensors, batch.units, strict=True)), limits_of(batch))
        found = ailing_of(machine)
        name = name_of(envelope.entity)
        if model := self._model_of(name):
            found += siblings.odd(model, name, machine)
        yield from self._steps(envelope, memory, found, when)

    def _steps(
        self, envelope: Envelope[SensorBatch], memory: Memory, found: list[Ailing], when: int
    ) -> Iterator[tuple[int, Hit]]:
        bad: dict[str, tuple[Ailing, Match]] = {}
        for match in self._matcher.match([f"{one.kind}: {one.sensor}" for one in found]):
            bad.setdefault(f"{match.rule.id}:{found[match.row].sensor}", (found[match.row], match))
        row = len(envelope.data) - 1
        standing = [key for key in memory.levels if key.partition(":")[0] in self._rules]
        for key in dict.fromkeys([*standing, *bad]):
            rule = self._rules[key.partition(":")[0]]
            patience = Patience(looks=rule.polls, clear_looks=2, repeat_us=_NEVER_US)
            step = memory.look(key, Look.BAD if key in bad else Look.GOOD, when, patience)
            if step is Step.RAISE:
                yield row, self._hit(envelope, rule, *bad[key], when)
            elif step is Step.CLEAR:
                yield row, self._end(envelope, rule, key.partition(":")[2], when)

    def _hit(self, envelope: Envelope[SensorBatch], rule: Rule, one: Ailing, match: Match, when: int) -> Hit:
        left = ""
        if one.left_s is not None:
            left = f", at its threshold in {duration(one.left_s)}"
        value = f"{one.present}, usually {one.usual}{left}"
        captures = {**match.captures, "sensor": one.sensor, "value": value, "event": one.kind}
        cited = _cited(envelope, one.sensor, when, f"{one.sensor} | {one.kind} | {value}")
        return Hit(self._specs[rule.id], fill(rule.component, captures) or one.sensor, captures, cited)

    def _end(self, envelope: Envelope[SensorBatch], rule: Rule, sensor: str, when: int) -> Hit:
        captures = {"sensor": sensor, "value": "usual again"}
        cited = _cited(envelope, sensor, when, f"{sensor} | usual again since {from_us(when):%Y-%m-%d %H:%M} UTC")
        return Hit(self._specs[rule.id], fill(rule.component, captures) or sensor, captures, cited, clears=True)


def limits_of(batch: SensorBatch) -> dict[str, tuple[float | None, float | None]]:
    """Critical limits of a batch by sensor; zero and what is absent say nothing."""
    if not batch.lowers:
        return {}
    columns = zip(batch.sensors, batch.lowers, batch.uppers, strict=True)
    return {sensor: (low or None, high or None) for sensor, low, high in columns if low or high}


def _cited(envelope: Envelope[SensorBatch], sensor: str, when: int, text: str) -> Cited:
    return Cited(
        stable_id(envelope.site, envelope.entity, "trend", sensor, when),
        EvidenceSource.SENSORS,
        f"{name_of(envelope.entity)}/{sensor}@{when}",
        when,
        text,
    )
