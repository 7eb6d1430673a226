"""Novelty and bursts on the bus: mine, publish, and now and then keep what was learnt.

Mining stands behind detection: a batch is mined after what rules say of it is committed. What was learnt is written at
most every so many seconds: a process that is killed forgets what it learnt since, loses no observation, and tells what
it tells again under the same id.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from structlog.typing import FilteringBoundLogger

from groundcrew.bus.port import Bus, BusError, Delivery
from groundcrew.contracts.clock import Clock, from_us
from groundcrew.contracts.envelope import Envelope, ProducedBy, seal
from groundcrew.contracts.incidents import TriggerRaised
from groundcrew.diagnosis.detector import TriggerDraft
from groundcrew.diagnosis.masking import Masker
from groundcrew.diagnosis.mining import Template
from groundcrew.diagnosis.novelty import Patience, Watch
from groundcrew_trigger.ledger import UnreadableState
from groundcrew_trigger.metrics import TriggerMetrics
from groundcrew_trigger.settings import TriggerSection
from groundcrew_trigger.shelf import TemplateShelf

TOLD_S = 2
"""Seconds after which a new template that was told is written, rather than with the next regular write."""


@dataclass
class _Partition:
    watch: Watch
    mark: int = 0
    pending: list[Envelope[TriggerRaised]] = field(default_factory=list)
    changed: bool = False
    told: bool = False
    written_at: float = 0.0
    writing: asyncio.Lock = field(default_factory=asyncio.Lock)


class Watcher:
    """The watches of the partitions that this process reads."""

    def __init__(
        self,
        *,
        bus: Bus,
        shelf: TemplateShelf,
        clock: Clock,
        section: TriggerSection,
        produced_by: ProducedBy,
        metrics: TriggerMetrics,
        log: FilteringBoundLogger,
    ) -> None:
        self._bus = bus
        self._shelf = shelf
        self._clock = clock
        self._section = section
        self._produced_by = produced_by
        self._metrics = metrics
        self._log = log
        self._masker = Masker()
        self._partitions: dict[int, _Partition] = {}

    async def observe(self, delivery: Delivery[Any], unruled: Sequence[int]) -> list[tuple[int, Template]]:
        """Mine a batch of log lines; its rows with their templates. Calls of one partition come one after another.

        Raises BusError where something new could not be told: the batch comes again then and is told, not mined again.
        """
        held = self._partitions.get(delivery.partition) or await self._recall(delivery.partition)
        mined: list[tuple[int, Template]] = []
        if delivery.sequence > held.mark:
            seen = held.watch.observe(delivery.envelope, unruled)
            mined = seen.mined
            if self._section.novelty:
                held.pending += [self._seal(draft, delivery.envelope) for draft in seen.drafts]
            held.mark, held.changed = delivery.sequence, True
            self._count(held.watch)
        await self._tell(held)
        await self._write_in_time(delivery.partition, held)
        return mined

    async def repeat(self, delivery: Delivery[Any]) -> None:
        """A batch that was detected already came again: tell what could not be told of it."""
        held = self._partitions.get(delivery.partition)
        if held is not None:
            await self._tell(held)

    async def keep_writing(self) -> None:
        """Root task: write what changed although no further batch came."""
        while True:
            await self._clock.sleep(self._section.novelty_write_s)
            await self.write()

    async def write(self) -> None:
        """Write every partition that changed; also on the way out."""
        for partition, held in sorted(self._partitions.items()):
            if held.changed:
                await self._write(partition, held)

    def templates(self) -> list[Template]:
        """All that this process knows, most frequent first."""
        found = [one for held in self._partitions.values() for one in held.watch.miner.templates.values()]
        return sorted(found, key=lambda one: (-one.count, one.id))

    @property
    def learning(self) -> str:
        """One sentence for the operator."""
        watches = [held.watch for held in self._partitions.values()]
        if not watches:
            return "no log line was observed yet"
        behind = min(watches, key=lambda watch: watch.learning[:2])
        hours, lines = min(w.learning[0] for w in watches), sum(w.learning[1] for w in watches)
        known = f"{sum(len(w.miner.templates) for w in watches):,} templates of {lines:,} lines in {hours} hours"
        if behind.learnt:
            return known
        wanted = f"{self._section.novelty_learn_hours} hours and {self._section.novelty_learn_lines:,} lines"
        return f"learning ({known}); what is new is told after {wanted}"

    # --- one partition ------------------------------------------------------------------------------------------------

    def _known_elsewhere(self, partition: int, identifier: str, message: str) -> bool:
        others = (held for number, held in self._partitions.items() if number != partition)
        return any(held.watch.miner.knows(identifier, message) for held in others)

    def _begin(self, partition: int) -> Watch:
        section = self._section
        return Watch(
            Patience(hours=section.novelty_learn_hours, lines=section.novelty_learn_lines),
            masker=self._masker,
            max_templates=section.novelty_templates,
            elsewhere=lambda identifier, message: self._known_elsewhere(partition, identifier, message),
        )

    async def _recall(self, partition: int) -> _Partition:
        watch, mark = self._begin(partition), 0
        try:
            stored = await self._shelf.read(partition)
            if stored is not None:
                watch.restore(stored[1])
                mark = stored[0]
        except (UnreadableState, ValueError) as error:
            self._metrics.unreadable.inc()
            self._log.warning("templates could not be read; learning begins anew", reason=str(error))
            watch, mark = self._begin(partition), 0
        held = _Partition(watch, mark, written_at=self._clock.monotonic())
        return self._partitions.setdefault(partition, held)

    async def _tell(self, held: _Partition) -> None:
        if not held.pending:
            return
        await self._bus.publish_batch(held.pending)
        for told in held.pending:
            self._metrics.triggers.labels(told.data.severity.value, told.data.state.value).inc()
        held.pending, held.told = [], True

    async def _write_in_time(self, partition: int, held: _Partition) -> None:
        age = self._clock.monotonic() - held.written_at
        if held.changed and age >= (TOLD_S if held.told else self._section.novelty_write_s):
            await self._write(partition, held)

    async def _write(self, partition: int, held: _Partition) -> None:
        """What could not be written is written next time; it is knowledge, not an observation."""
        async with held.writing:
            held.written_at, held.changed, held.told = self._clock.monotonic(), False, False
            try:
                if await self._shelf.moved(partition):
                    await self._absorb(partition, held.watch)
                await self._shelf.write(partition, held.mark, held.watch.state())
            except (BusError, ValueError) as error:
                held.changed = True
                self._log.warning("templates were not written", partition=partition, reason=str(error))

    async def _absorb(self, partition: int, watch: Watch) -> None:
        """Another process reads this partition, too: what it knows is known."""
        try:
            stored = await self._shelf.read(partition)
            if stored is not None:
                watch.absorb(stored[1])
        except (UnreadableState, ValueError) as error:
            self._metrics.unreadable.inc()
            self._log.warning("templates of another process could not be read", reason=str(error))

    def _count(self, watch: Watch) -> None:
        counts, watch.counts = watch.counts, type(watch.counts)()
        self._metrics.mined.labels("mined").inc(counts.mined)
        self._metrics.mined.labels("sampled").inc(counts.sampled)
        self._metrics.novelties_untold.inc(counts.untold)
        self._metrics.evictions.inc(counts.evictions)
        self._metrics.templates.set(sum(len(held.watch.miner.templates) for held in self._partitions.values()))

    def _seal(self, draft: TriggerDraft, cause: Envelope[Any]) -> Envelope[TriggerRaised]:
        return seal(
            draft.data,
            id=draft.id,
            site=cause.site,
            entity=draft.entity,
            time=from_us(draft.time_us),
            received_at=cause.received_at,
            source=cause.source,
            position=cause.position,
            produced_by=self._produced_by,
            cause=cause,
        )
