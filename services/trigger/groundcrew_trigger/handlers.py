"""One batch of observations, or the quiet after one: detect, publish, commit, in this order."""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from structlog.typing import FilteringBoundLogger

from groundcrew.bus.port import Bus, BusError, Delivery, KeyConflict, Retry
from groundcrew.bus.subjects import partition_of
from groundcrew.contracts.clock import Clock, from_us, to_us
from groundcrew.contracts.envelope import Envelope, ProducedBy, seal
from groundcrew.contracts.identity import stable_id
from groundcrew.contracts.incidents import TriggerRaised
from groundcrew.contracts.observations import LogBatch
from groundcrew.contracts.streams import subject_of
from groundcrew.diagnosis.detector import Detector, TriggerDraft
from groundcrew.diagnosis.memory import waits
from groundcrew_trigger.classifying import Classifier
from groundcrew_trigger.ledger import Ledger, UnreadableState
from groundcrew_trigger.metrics import TriggerMetrics
from groundcrew_trigger.quiet import NO_ROWS, Quiet
from groundcrew_trigger.watching import Watcher


@dataclass(slots=True)
class _Written:
    """What is known of an entity's state in the ledger: up to which sequence it goes, its revision there, and the epoch
    of its partition in which that was so."""

    mark: int
    revision: int
    epoch: int


class Observer:
    """Layer 1 on the bus. Partitions may run at once: one entity's batches come one after another, and a batch that
    comes again holds back those behind it, so that skipping by sequence loses nothing.

    The state that is written says up to which sequence it goes. A process that dies between publishing and writing
    publishes the same ids again; one that dies after writing finds the redelivered batch done.

    Several processes may share the durable. Then the broker deals each partition's batches out among them, and what
    one holds of an entity is old as soon as another was given a batch of it. The deliveries' turns tell: after a gap,
    what is held of the partition's entities holds only where nobody wrote meanwhile.
    """

    def __init__(
        self,
        *,
        detector: Detector,
        ledger: Ledger,
        bus: Bus,
        clock: Clock,
        produced_by: ProducedBy,
        metrics: TriggerMetrics,
        log: FilteringBoundLogger,
        classifier: Classifier | None = None,
        watcher: Watcher | None = None,
    ) -> None:
        self._classifier = classifier
        self._watcher = watcher
        self._detector = detector
        self._ledger = ledger
        self._bus = bus
        self._clock = clock
        self._produced_by = produced_by
        self._metrics = metrics
        self._log = log
        self._written: dict[str, _Written] = {}
        self._turns: dict[int, int] = {}
        self._epochs: defaultdict[int, int] = defaultdict(int)
        self._locks: defaultdict[int, asyncio.Lock] = defaultdict(asyncio.Lock)
        self.quiet = Quiet(clock)

    async def observe(self, delivery: Delivery[Any]) -> None:
        async with self._locks[delivery.partition]:
            await self._observe(delivery)

    def adopt(self, detector: Detector, packs: str) -> None:
        """Judge by another detector's knowledge from now on, and name its packs' digest."""
        self._detector.adopt(detector)
        self._produced_by = self._produced_by.model_copy(update={"packs": packs})

    def reconsider(self) -> None:
        """The site's silences changed: what is due by that is told as soon as quiet is listened to."""
        now_us = to_us(self._clock.now())
        for entity in self._detector.reconsider(now_us):
            self.quiet.hasten(entity, now_us)

    async def wait_out(self) -> None:
        """Root task: confirm what nothing spoke against in time, without waiting for the next observation."""
        try:
            await self._resume()
        except BusError as error:
            self._log.warning("what was waited for before waits for the next observations", reason=str(error))
        while True:
            delivery, due_us = await self.quiet.next()
            async with self._locks[delivery.partition]:
                await self._elapse(delivery, due_us)

    async def _resume(self) -> None:
        """Wait for what the process before this one waited for: of a host that fell silent no other word may come."""
        async for stored in self._ledger.all():
            try:
                opened = stored.opened()
            except UnreadableState:  # told when its entity is observed; or none of ours
                continue
            waiting = waits(opened[1]) if opened is not None else None
            if waiting is not None and waiting[0] not in self.quiet:
                self._expect_again(*waiting)

    def _expect_again(self, entity: str, due_us: int) -> None:
        now = self._clock.now()
        envelope = seal(
            NO_ROWS,
            id=stable_id("resumed", self._bus.site, entity, due_us),
            site=self._bus.site,
            entity=entity,
            time=now,
            received_at=now,
            source="trigger",
            position=str(due_us),
            produced_by=self._produced_by,
        )
        delivery: Delivery[Any] = Delivery(envelope, 0, 1, partition_of(subject_of(envelope)))
        self.quiet.expect(delivery, due_us, to_us(now))

    async def _observe(self, delivery: Delivery[Any]) -> None:
        entity = delivery.envelope.entity
        began = self._clock.monotonic()
        self._note_turn(delivery)
        await self._take_up(entity, self._epochs[delivery.partition])
        unruled: list[int] = []
        if delivery.sequence <= self._written[entity].mark:
            self._metrics.repeated.inc()
            if self._watcher is not None and isinstance(delivery.envelope.data, LogBatch):
                await self._watcher.repeat(delivery)
            return

        def detect() -> list[TriggerDraft]:
            drafts = self._detector.observe(delivery.envelope)
            unruled.extend(self._detector.unruled)
            return drafts

        try:
            await self._commit(delivery, detect)
        except KeyConflict as conflict:
            self._metrics.conflicts.inc()
            raise Retry(str(conflict), after_s=0) from conflict
        if self._watcher is not None and isinstance(delivery.envelope.data, LogBatch):
            mined = await self._watcher.observe(delivery, unruled)
            if self._classifier is not None:
                self._classifier.offer(delivery.envelope, mined)
        self._metrics.batch.observe(self._clock.monotonic() - began)

    async def _elapse(self, delivery: Delivery[Any], due_us: int) -> None:
        envelope = delivery.envelope
        try:
            await self._take_up(envelope.entity, epoch=None)
            due = self._detector.due_us(envelope.entity)
            if due is None or due > due_us:
                self.quiet.expect(delivery, due, due_us)
                return
            await self._commit(delivery, lambda: self._detector.elapse(envelope, due_us), due_us)
        except BusError as error:
            # It is still in the state that was written: the next observation of the entity confirms it.
            self._log.warning("a confirmation waits for the bus", entity=envelope.entity, reason=str(error))

    async def _commit(
        self, delivery: Delivery[Any], detect: Callable[[], list[TriggerDraft]], reached_us: int | None = None
    ) -> None:
        try:
            await self._detect(delivery, detect)
        except BaseException:
            # What was taken in is not committed: the next delivery begins from what was written last.
            self._detector.forget(delivery.envelope.entity)
            raise
        self.quiet.expect(delivery, self._detector.due_us(delivery.envelope.entity), reached_us)

    async def _detect(self, delivery: Delivery[Any], detect: Callable[[], list[TriggerDraft]]) -> None:
        envelope = delivery.envelope
        drafts = detect()
        self._metrics.count(self._detector.take_counts())
        if drafts:
            await self._bus.publish_batch([self._seal(draft, envelope) for draft in drafts])
            self._metrics.published(drafts)
        if self._detector.changed(envelope.entity):
            written = self._written[envelope.entity]
            mark = max(delivery.sequence, written.mark)
            state = self._detector.state(envelope.entity)
            written.revision = await self._ledger.write(envelope.entity, mark, state, written.revision)
            written.mark = mark

    def _note_turn(self, delivery: Delivery[Any]) -> None:
        before, self._turns[delivery.partition] = self._turns.get(delivery.partition, 0), delivery.turn
        if not delivery.turn or delivery.turn != before + 1:
            self._epochs[delivery.partition] += 1

    async def _take_up(self, entity: str, epoch: int | None) -> None:
        """Hold the entity's state as it was written last. What is held since before this epoch (None: in any case) is
        compared with what is written, and read anew where somebody else wrote it."""
        known = self._written.get(entity) if self._detector.knows(entity) else None
        if known is not None and known.epoch == epoch:
            return
        stored = await self._ledger.read(entity)
        if known is not None and known.revision == stored.revision:
            known.epoch = known.epoch if epoch is None else epoch
            return
        if known is not None:
            self._metrics.reread.inc()
        written = self._written[entity] = _Written(0, stored.revision, epoch if epoch is not None else -1)
        self._detector.forget(entity)
        try:
            opened = stored.opened()
            if opened is not None:
                written.mark, state = opened
                self._detector.restore(entity, state)
                self._detector.reconsider(to_us(self._clock.now()), entity)
        except (UnreadableState, ValueError) as error:
            self._metrics.unreadable.inc()
            self._log.warning("state could not be read and begins anew", entity=entity, reason=str(error))

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
