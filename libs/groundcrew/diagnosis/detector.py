"""Observations in, trigger drafts out: the whole of layer 1 as one pure state machine.

Event time only: it moves with the times of rows, so that confirmation times pass when something newer of the same
entity was observed; a row that tells the end is taken before what waited until then. However a stream of rows is cut
into batches, the same drafts come out in the same order.
"""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from groundcrew.contracts.clock import from_us
from groundcrew.contracts.envelope import Envelope
from groundcrew.contracts.identity import stable_id
from groundcrew.contracts.incidents import Evidence, TriggerRaised, TriggerState
from groundcrew.contracts.observations import LogBatch, MetricBatch, SelBatch, SensorBatch, ServiceBatch
from groundcrew.diagnosis.memory import Memory
from groundcrew.diagnosis.records import LogRules, SelRules, SensorRules
from groundcrew.diagnosis.rules import Rule
from groundcrew.diagnosis.services import ServiceCheck, ServiceChecks
from groundcrew.diagnosis.templates import fill
from groundcrew.diagnosis.thresholds import Threshold, ThresholdChecks
from groundcrew.diagnosis.tracks import Cited, Hit, Spec, Track

MAX_ENTITIES = 10_000
MAX_TITLE = 300
_KNOWLEDGE = ("_logs", "_sel", "_sensors", "_metrics", "_services", "_specs")
"""What of a detector comes from the packs; the rest is state."""

WARNING = 4
"""syslog's severity of a warning; smaller is worse."""


@dataclass(frozen=True, kw_only=True)
class Knowledge:
    """Parsed packs."""

    rules: tuple[Rule, ...] = ()
    thresholds: tuple[Threshold, ...] = ()
    services: tuple[ServiceCheck, ...] = ()
    debounce_s: float = 300


@dataclass(frozen=True, slots=True)
class TriggerDraft:
    """A trigger event to be sealed: its deterministic id, where and when, and the data."""

    id: str
    entity: str
    time_us: int
    data: TriggerRaised


@dataclass(slots=True)
class Counts:
    """What a detector did, for metrics."""

    rows: dict[str, int] = field(default_factory=dict)
    hits: dict[tuple[str, str], int] = field(default_factory=dict)
    evictions: int = 0


class Detector:
    """Layer 1 for the entities of one partition."""

    def __init__(self, knowledge: Knowledge, *, max_entities: int = MAX_ENTITIES, tells_unruled: bool = False) -> None:
        by_source: dict[str, list[Rule]] = {"log": [], "sel": [], "sensor": []}
        for rule in knowledge.rules:
            by_source[rule.source].append(rule)
        self._logs = LogRules(by_source["log"], knowledge.debounce_s)
        self._sel = SelRules(by_source["sel"], knowledge.debounce_s)
        self._sensors = SensorRules(by_source["sensor"], knowledge.debounce_s)
        self._metrics = ThresholdChecks(knowledge.thresholds)
        self._services = ServiceChecks(knowledge.services)
        specs = [*self._logs.specs, *self._sel.specs, *self._sensors.specs]
        self._specs = {spec.rule_id: spec for spec in specs}
        self._memories: OrderedDict[str, Memory] = OrderedDict()
        self._max_entities = max_entities
        self.counts = Counts()
        self._tells_unruled = tells_unruled
        self.unruled: list[int] = []

    def adopt(self, other: "Detector") -> None:
        """Judge by the other's knowledge from now on. What is held of entities stays; what waits for a rule that is
        no more is dropped when its time comes."""
        for name in _KNOWLEDGE:
            setattr(self, name, getattr(other, name))

    def observe(self, envelope: Envelope[Any]) -> list[TriggerDraft]:
        """Drafts of what this batch completes, in order. Never raises for any valid batch.

        Afterwards `unruled` holds the rows of warning and worse that no log rule spoke of, where that is wanted.
        """
        self.unruled = []
        memory = self._memory(envelope.entity)
        drafts: list[TriggerDraft] = []
        times: list[int] = getattr(envelope.data, "times", [])
        self.counts.rows[envelope.type] = self.counts.rows.get(envelope.type, 0) + len(times)
        if isinstance(envelope.data, MetricBatch) and envelope.data.history:
            return drafts  # nothing is wrong now because of what was last week
        done, spoken_of = 0, set()
        for row, hit in self._hits(envelope, memory):
            spoken_of.add(row)
            reached = row if hit.clears else row + 1
            if reached > done:
                drafts += self._advance(envelope, memory, times[done:reached])
                done = reached
            drafts += self._take(envelope, memory, hit)
        drafts += self._advance(envelope, memory, times[done:])
        if self._tells_unruled and isinstance(envelope.data, LogBatch):
            priorities = envelope.data.priorities
            self.unruled = [row for row, one in enumerate(priorities) if one <= WARNING and row not in spoken_of]
        self.counts.evictions += memory.evictions
        memory.evictions = 0
        return drafts

    def due_us(self, entity: str) -> int | None:
        """Event time at which something of the entity will have waited long enough for its confirmation."""
        memory = self._memories.get(entity)
        return memory.due_us if memory is not None else None

    def elapse(self, envelope: Envelope[Any], now_us: int) -> list[TriggerDraft]:
        """Drafts of what is confirmed because event time reached `now_us` and nothing spoke against it.

        `envelope` is the last one of the entity: what follows from silence follows from what was said before it.
        """
        return self._advance(envelope, self._memory(envelope.entity), [now_us])

    def knows(self, entity: str) -> bool:
        """Whether the entity's state is held; where not, it may be restored before the next observation."""
        return entity in self._memories

    def changed(self, entity: str) -> bool:
        """Whether the entity's state moved since it was last written."""
        memory = self._memories.get(entity)
        return memory is not None and memory.changed

    def state(self, entity: str) -> bytes:
        """The entity's state, to be written; after that it counts as unchanged."""
        memory = self._memory(entity)
        data = memory.state()
        memory.changed = False
        self.counts.evictions += memory.evictions
        memory.evictions = 0
        return data

    def restore(self, entity: str, data: bytes) -> None:
        """Take up what `state` gave. Raises ValueError where it cannot be read; then the entity begins anew."""
        self._hold(entity, Memory.restore(data))

    def forget(self, entity: str) -> None:
        """Drop what is held of an entity, to restore it from what was written last."""
        self._memories.pop(entity, None)

    def take_counts(self) -> Counts:
        """What was counted since the last call."""
        taken, self.counts = self.counts, Counts()
        return taken

    def _memory(self, entity: str) -> Memory:
        memory = self._memories.get(entity)
        if memory is None:
            return self._hold(entity, Memory())
        self._memories.move_to_end(entity)
        return memory

    def _hold(self, entity: str, memory: Memory) -> Memory:
        self._memories[entity] = memory
        self._memories.move_to_end(entity)
        if len(self._memories) > self._max_entities:
            self._memories.popitem(last=False)
            self.counts.evictions += 1
        return memory

    def _hits(self, envelope: Envelope[Any], memory: Memory) -> Iterator[tuple[int, Hit]]:
        match envelope.data:
            case LogBatch():
                yield from self._logs.hits(envelope)
            case SelBatch():
                yield from self._sel.hits(envelope)
            case SensorBatch():
                yield from self._sensors.hits(envelope, memory)
            case MetricBatch():
                yield from self._metrics.hits(envelope, memory)
            case ServiceBatch():
                yield from self._services.hits(envelope, memory)

    def _take(self, envelope: Envelope[Any], memory: Memory, hit: Hit) -> list[TriggerDraft]:
        spec = hit.spec
        key = (spec.severity.value, "cleared" if hit.clears else "hit")
        self.counts.hits[key] = self.counts.hits.get(key, 0) + 1
        if hit.clears:
            return self._clear(envelope, memory, hit)
        track = memory.track(spec.rule_id, hit.component)
        waits = not spec.confirm_while_units_watched or memory.units_watched(hit.cited.time_us)
        if track.hit(hit, confirm_us=spec.confirm_us if waits else 0):
            return [_raise(envelope, spec, hit.component, track)]
        if track.due_us is not None:
            memory.due_us = track.due_us if memory.due_us is None else min(memory.due_us, track.due_us)
        return []

    @staticmethod
    def _clear(envelope: Envelope[Any], memory: Memory, hit: Hit) -> list[TriggerDraft]:
        drafts = []
        for rule_id, component in memory.tracks_of(hit.spec.rule_id, hit.component):
            track = memory.tracks[(rule_id, component)]
            memory.forget((rule_id, component))
            if track.raised:
                drafts.append(_cleared(envelope, hit, component, track))
        return drafts

    def _advance(self, envelope: Envelope[Any], memory: Memory, times: list[int]) -> list[TriggerDraft]:
        """Let event time pass; what waited for confirmation and was not cleared meanwhile is raised now."""
        if memory.due_us is None or not times:
            return []
        now = max(times)
        if now < memory.due_us:
            return []
        waiting = [(track.due_us, key) for key, track in memory.tracks.items() if track.due_us is not None]
        drafts = []
        for due, key in sorted(waiting):
            if due > now:
                continue
            if key[0] not in self._specs:  # its rule was taken out of the packs meanwhile
                memory.forget(key)
            else:
                drafts.append(_raise(envelope, self._specs[key[0]], key[1], memory.tracks[key]))
        left = [track.due_us for track in memory.tracks.values() if track.due_us is not None]
        memory.due_us = min(left, default=None)
        memory.changed = True
        return drafts


def _raise(envelope: Envelope[Any], spec: Spec, component: str, track: Track) -> TriggerDraft:
    cited = track.evidence
    trigger_id = stable_id(envelope.site, spec.rule_id, envelope.entity, component, cited[0].id)
    first, last = min(c.time_us for c in cited), track.newest_us
    data = TriggerRaised(
        rule_id=spec.rule_id,
        severity=spec.severity,
        title=_title(spec, track.captures, envelope),
        causes=list(spec.causes),
        component_class=spec.component_class,
        component=component,
        count=max(track.count, 1),
        first_seen=from_us(first),
        last_seen=from_us(last),
        captures=dict(sorted(track.captures.items())),
        evidence=[_evidence(c, envelope.entity, spec.rule_id, trigger_id) for c in cited],
    )
    track.emitted()
    return TriggerDraft(trigger_id, envelope.entity, last, data)


def _cleared(envelope: Envelope[Any], hit: Hit, component: str, track: Track) -> TriggerDraft:
    spec, cited = hit.spec, hit.cited
    trigger_id = stable_id(envelope.site, spec.rule_id, envelope.entity, component, cited.id, "cleared")
    seen = from_us(cited.time_us)
    data = TriggerRaised(
        rule_id=spec.rule_id,
        state=TriggerState.CLEARED,
        severity=spec.severity,
        title=_title(spec, {**track.captures, **hit.captures}, envelope),
        causes=list(spec.causes),
        component_class=spec.component_class,
        component=component,
        first_seen=seen,
        last_seen=seen,
        captures=dict(sorted(hit.captures.items())),
        evidence=[_evidence(cited, envelope.entity, spec.rule_id, trigger_id)],
    )
    return TriggerDraft(trigger_id, envelope.entity, cited.time_us, data)


def _title(spec: Spec, captures: dict[str, str], envelope: Envelope[Any]) -> str:
    return fill(spec.title, {"entity": envelope.entity, **captures})[:MAX_TITLE]


def _evidence(cited: Cited, entity: str, rule_id: str, trigger_id: str) -> Evidence:
    return Evidence(
        id=cited.id,
        source=cited.source,
        ref=cited.ref,
        time=from_us(cited.time_us),
        entity=entity,
        text=cited.text,
        rule_id=rule_id,
        trigger_id=trigger_id,
    )
