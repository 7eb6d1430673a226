"""One batch of observations, or the silence after one: detect, publish, commit, in this order."""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from structlog.typing import FilteringBoundLogger

from groundcrew.bus.port import Bus, BusError, Delivery
from groundcrew.contracts.clock import Clock, from_us
from groundcrew.contracts.envelope import Envelope, ProducedBy, seal
from groundcrew.contracts.incidents import TriggerRaised
from groundcrew.contracts.observations import LogBatch
from groundcrew.diagnosis.detector import Detector, TriggerDraft
from groundcrew_trigger.classifying import Classifier
from groundcrew_trigger.ledger import Ledger, UnreadableState
from groundcrew_trigger.metrics import TriggerMetrics
from groundcrew_trigger.silences import Silences
from groundcrew_trigger.watching import Watcher


class Observer:
    """Layer 1 on the bus. Partitions may run at once: one entity's batches come one after another, and a batch that
    comes again holds back those behind it, so that skipping by sequence loses nothing.

    The state that is written says up to which sequence it goes. A process that dies between publishing and writing
    publishes the same ids again; one that dies after writing finds the redelivered batch done.
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
        self._marks: dict[str, int] = {}
        self._locks: defaultdict[int, asyncio.Lock] = defaultdict(asyncio.Lock)
        self.silences = Silences(clock)

    async def observe(self, delivery: Delivery[Any]) -> None:
        async with self._locks[delivery.partition]:
            await self._observe(delivery)

    def adopt(self, detector: Detector, packs: str) -> None:
        """Judge by another detector's knowledge from now on, and name its packs' digest."""
        self._detector.adopt(detector)
        self._produced_by = self._produced_by.model_copy(update={"packs": packs})

    async def listen_to_silence(self) -> None:
        """Root task: confirm what nothing spoke against in time, without waiting for the next observation."""
        while True:
            delivery, due_us = await self.silences.next()
            async with self._locks[delivery.partition]:
                await self._elapse(delivery, due_us)

    async def _observe(self, delivery: Delivery[Any]) -> None:
        entity = delivery.envelope.entity
        began = self._clock.monotonic()
        if not self._detector.knows(entity):
            await self._recall(entity)
        unruled: list[int] = []
        if delivery.sequence <= self._marks.get(entity, 0):
            self._metrics.repeated.inc()
            if self._watcher is not None and isinstance(delivery.envelope.data, LogBatch):
                await self._watcher.repeat(delivery)
            return

        def detect() -> list[TriggerDraft]:
            drafts = self._detector.observe(delivery.envelope)
            unruled.extend(self._detector.unruled)
            return drafts

        await self._commit(delivery, detect)
        if self._watcher is not None and isinstance(delivery.envelope.data, LogBatch):
            mined = await self._watcher.observe(delivery, unruled)
            if self._classifier is not None:
                self._classifier.offer(delivery.envelope, mined)
        self._metrics.batch.observe(self._clock.monotonic() - began)

    async def _elapse(self, delivery: Delivery[Any], due_us: int) -> None:
        envelope = delivery.envelope
        if self._detector.due_us(envelope.entity) is None:
            return
        try:
            await self._commit(delivery, lambda: self._detector.elapse(envelope, due_us))
        except BusError as error:
            # It is still in the state that was written: the next observation of the entity confirms it.
            self._log.warning("a confirmation waits for the bus", entity=envelope.entity, reason=str(error))

    async def _commit(self, delivery: Delivery[Any], detect: Callable[[], list[TriggerDraft]]) -> None:
        try:
            await self._detect(delivery, detect)
        except BaseException:
            # What was taken in is not committed: the next delivery begins from what was written last.
            self._detector.forget(delivery.envelope.entity)
            self._marks.pop(delivery.envelope.entity, None)
            raise
        self.silences.expect(delivery, self._detector.due_us(delivery.envelope.entity))

    async def _detect(self, delivery: Delivery[Any], detect: Callable[[], list[TriggerDraft]]) -> None:
        envelope = delivery.envelope
        drafts = detect()
        self._metrics.count(self._detector.take_counts())
        if drafts:
            await self._bus.publish_batch([self._seal(draft, envelope) for draft in drafts])
            self._metrics.published(drafts)
        if self._detector.changed(envelope.entity):
            mark = max(delivery.sequence, self._marks.get(envelope.entity, 0))
            await self._ledger.write(envelope.entity, mark, self._detector.state(envelope.entity))
            self._marks[envelope.entity] = mark

    async def _recall(self, entity: str) -> None:
        self._marks.pop(entity, None)
        try:
            stored = await self._ledger.read(entity)
            if stored is not None:
                self._detector.restore(entity, stored[1])
                self._marks[entity] = stored[0]
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
