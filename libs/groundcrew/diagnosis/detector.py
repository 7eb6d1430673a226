"""Observations in, trigger drafts out: the whole of layer 1 as one pure state machine.

Event time only: it moves with the times of rows, so that confirmation times pass when something newer of the same
entity was observed; a row that tells the end is taken before what waited until then. However a stream of rows is cut
into batches, the same drafts come out in the same order.
"""

from collections import Counter, OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from groundcrew.contracts.clock import to_us
from groundcrew.contracts.envelope import Envelope
from groundcrew.contracts.event_logs import EventLogBatch
from groundcrew.contracts.observations import (
    Columns,
    InventoryObserved,
    LogBatch,
    MetricBatch,
    SelBatch,
    SensorBatch,
    ServiceBatch,
)
from groundcrew.diagnosis.access_rules import AccessRules, tells_of_access
from groundcrew.diagnosis.drafts import TriggerDraft
from groundcrew.diagnosis.engines import CompiledStore, EngineName
from groundcrew.diagnosis.matching import Matcher
from groundcrew.diagnosis.memory import Memory
from groundcrew.diagnosis.records import EventLogRules, LogRules, SelRules, SensorRules
from groundcrew.diagnosis.rules import Rule
from groundcrew.diagnosis.services import ServiceCheck
from groundcrew.diagnosis.siblings import Siblings
from groundcrew.diagnosis.silencing import SilencedBy, never
from groundcrew.diagnosis.telling import Teller
from groundcrew.diagnosis.threshold_checks import RoleOf, ThresholdChecks, no_role
from groundcrew.diagnosis.thresholds import Override, Threshold
from groundcrew.diagnosis.tracks import Hit
from groundcrew.diagnosis.trend_rules import ModelOf, TrendRules, no_model
from groundcrew.diagnosis.unit_checks import ServiceChecks

MAX_ENTITIES = 10_000
_KNOWLEDGE = ("_logs", "_sel", "_sensors", "_event_logs", "_access", "_trends", "_metrics", "_services", "_specs")
"""What of a detector comes from the packs; the rest is state."""

__all__ = ["Counts", "Detector", "Knowledge", "TriggerDraft"]

WARNING = 4
"""syslog's severity of a warning; smaller is worse."""


@dataclass(frozen=True, kw_only=True)
class Knowledge:
    """Parsed packs."""

    rules: tuple[Rule, ...] = ()
    thresholds: tuple[Threshold, ...] = ()
    overrides: tuple[Override, ...] = ()
    services: tuple[ServiceCheck, ...] = ()
    debounce_s: float = 300


@dataclass(slots=True)
class Counts:
    """What a detector did, for metrics."""

    rows: dict[str, int] = field(default_factory=dict)
    hits: dict[tuple[str, str], int] = field(default_factory=dict)
    evictions: int = 0
    told: Counter[str] = field(default_factory=Counter)


class Detector:
    """Layer 1 for the entities of one partition."""

    def __init__(
        self,
        knowledge: Knowledge,
        *,
        max_entities: int = MAX_ENTITIES,
        tells_unruled: bool = False,
        engine: EngineName = "re2",
        compiled: CompiledStore | None = None,
        compiles: bool = True,
        role_of: RoleOf = no_role,
        silenced: SilencedBy = never,
        model_of: ModelOf = no_model,
    ) -> None:
        """`engine` looks for log patterns; event logs and sensors are few, and always re2's. hyperscan compiles for
        seconds what `compiled` does not hold; with `compiles` False re2 looks instead. Raises EngineUnusable."""
        sources = ("log", "sel", "sensor", "eventlog", "bmc", "trend")
        by_source: dict[str, list[Rule]] = {source: [] for source in sources}
        for rule in knowledge.rules:
            by_source[rule.source].append(rule)
        self._logs = LogRules(
            by_source["log"], knowledge.debounce_s, engine=engine, compiled=compiled, compiles=compiles
        )
        self._sel = SelRules(by_source["sel"], knowledge.debounce_s)
        self._sensors = SensorRules(by_source["sensor"], knowledge.debounce_s)
        self._event_logs = EventLogRules(by_source["eventlog"], knowledge.debounce_s)
        self._access = AccessRules(by_source["bmc"], knowledge.debounce_s)
        self._trends = TrendRules(by_source["trend"], knowledge.debounce_s, model_of)
        self._siblings = Siblings()
        self._metrics = ThresholdChecks(knowledge.thresholds, knowledge.overrides, role_of)
        self._services = ServiceChecks(knowledge.services, role_of)
        bmc_specs = [
            *self._sel.specs,
            *self._sensors.specs,
            *self._event_logs.specs,
            *self._access.specs,
            *self._trends.specs,
        ]
        specs = [*self._logs.specs, *bmc_specs, *self._services.specs]
        self._specs = {spec.rule_id: spec for spec in specs}
        self._teller = Teller(silenced, lambda: self._specs)
        self._memories: OrderedDict[str, Memory] = OrderedDict()
        self._max_entities = max_entities
        self._newest: tuple[Any, int] = (None, 0)
        self.counts = Counts()
        self._tells_unruled = tells_unruled
        self.unruled: list[int] = []

    @property
    def log_matcher(self) -> Matcher:
        """What looks for the log patterns: its engine, and what that does not take."""
        return self._logs.matcher

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
        drafts: list[TriggerDraft] = []
        if isinstance(envelope.data, InventoryObserved) and not tells_of_access(envelope.data):
            return drafts
        memory = self._memory(envelope.entity)
        rows = len(envelope.data) if isinstance(envelope.data, Columns) else 1
        self.counts.rows[envelope.type] = self.counts.rows.get(envelope.type, 0) + rows
        if (isinstance(envelope.data, MetricBatch) and envelope.data.history) or (
            isinstance(envelope.data, SelBatch) and envelope.data.again
        ):
            return drafts  # nothing is wrong now because of what was last week
        done, spoken_of = 0, set()
        for row, hit in self._hits(envelope, memory):
            spoken_of.add(row)
            reached = row if hit.clears else row + 1
            if reached > done:
                drafts += self._pass(envelope, memory, done, reached)
                done = reached
            drafts += self._take(envelope, memory, hit)
        drafts += self._pass(envelope, memory, done, rows)
        if self._tells_unruled and isinstance(envelope.data, LogBatch):
            priorities = envelope.data.priorities
            self.unruled = [row for row, one in enumerate(priorities) if one <= WARNING and row not in spoken_of]
        self.counts.evictions += memory.evictions
        memory.evictions = 0
        self._newest = (None, 0)
        return drafts

    def due_us(self, entity: str) -> int | None:
        """Event time at which something of the entity will have waited long enough for its confirmation."""
        memory = self._memories.get(entity)
        return memory.due_us if memory is not None else None

    def elapse(self, envelope: Envelope[Any], now_us: int) -> list[TriggerDraft]:
        """Drafts of what is confirmed because event time reached `now_us` and nothing spoke against it.

        `envelope` is the last one of the entity: what follows from silence follows from what was said before it.
        """
        return self._teller.advance(envelope, self._memory(envelope.entity), [now_us])

    def reconsider(self, now_us: int, entity: str | None = None) -> list[str]:
        """The site's silences changed, or may have since this entity's state was written. Entities of which something
        is due earlier than it was: `elapse` tells it."""
        names = list(self._memories) if entity is None else [entity]
        return [name for name in names if self._teller.reconsider(name, self._memories[name], now_us)]

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
        taken.told, self._teller.tally = self._teller.tally, Counter()
        return taken

    def _memory(self, entity: str) -> Memory:
        memory = self._memories.get(entity)
        if memory is None:
            return self._hold(entity, Memory(entity))
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
                yield from self._logs.hits(envelope, memory)
            case SelBatch():
                yield from self._sel.hits(envelope, memory)
            case EventLogBatch():
                yield from self._event_logs.hits(envelope)
            case SensorBatch():
                yield from self._sensors.hits(envelope, memory)
                yield from self._trends.hits(envelope, memory, self._siblings)
            case InventoryObserved():
                yield from self._access.hits(envelope, memory)
            case MetricBatch():
                yield from self._metrics.hits(envelope, memory)
            case ServiceBatch():
                yield from self._services.hits(envelope, memory)

    def _take(self, envelope: Envelope[Any], memory: Memory, hit: Hit) -> list[TriggerDraft]:
        key = (hit.spec.severity.value, "cleared" if hit.clears else "hit")
        self.counts.hits[key] = self.counts.hits.get(key, 0) + 1
        return (self._teller.clear if hit.clears else self._teller.take)(envelope, memory, hit)

    def _pass(self, envelope: Envelope[Any], memory: Memory, start: int, end: int) -> list[TriggerDraft]:
        """Let the event times of these rows pass; they are read only where something waits."""
        if memory.due_us is None or start == end or memory.due_us > self._newest_us(envelope):
            return []
        return self._teller.advance(envelope, memory, _times(envelope)[start:end])

    def _newest_us(self, envelope: Envelope[Any]) -> int:
        """The newest event time of a batch, looked for once."""
        if self._newest[0] is not envelope:
            self._newest = (envelope, max(_times(envelope)))
        return self._newest[1]


def _times(envelope: Envelope[Any]) -> list[int]:
    """Event times of the rows; that of the message where it has none."""
    if isinstance(envelope.data, Columns):
        return list(envelope.data.times)  # type: ignore[attr-defined]
    return [to_us(envelope.time)]
