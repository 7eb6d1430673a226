"""Every interaction is recorded, beside the answer and never in its way."""

import asyncio
from datetime import timedelta
from hashlib import sha256

from structlog.typing import FilteringBoundLogger

from groundcrew.contracts.clock import Clock
from groundcrew.contracts.completions import CompleteRequest, Completion
from groundcrew.stores.coordinator.port import CoordinatorStore, Interaction
from groundcrew.stores.port import StoreUnavailable
from groundcrew.telemetry.redaction import redact_text
from groundcrew_hybrid_coordinator.metrics import CompletionMetrics
from groundcrew_hybrid_coordinator.settings import CoordinatorSection

MAX_WAITING = 1_000
BATCH = 100
AGAIN_S = 2.0
RETENTION_EVERY_S = 6 * 3_600.0
FIRST_RETENTION_S = 600.0


class Interactions:
    """A bounded queue before the store. While the database is away it fills; what does not fit is dropped, counted."""

    def __init__(
        self,
        *,
        site: str,
        store: CoordinatorStore,
        clock: Clock,
        section: CoordinatorSection,
        metrics: CompletionMetrics,
        log: FilteringBoundLogger,
    ) -> None:
        self._site = site
        self._store = store
        self._clock = clock
        self._section = section
        self._metrics = metrics
        self._log = log
        self._waiting: asyncio.Queue[Interaction] = asyncio.Queue(MAX_WAITING)
        self._in_hand: list[Interaction] = []

    def record(self, interaction_id: str, request: CompleteRequest, completion: Completion) -> bool:
        """False: dropped."""
        try:
            self._waiting.put_nowait(self._interaction(interaction_id, request, completion))
        except asyncio.QueueFull:
            self._metrics.unrecorded.inc()
            return False
        return True

    async def write(self) -> None:
        """Root task."""
        while True:
            self._in_hand = [await self._waiting.get()]
            while len(self._in_hand) < BATCH and not self._waiting.empty():
                self._in_hand.append(self._waiting.get_nowait())
            await self._write(self._in_hand)
            self._in_hand = []

    async def flush(self) -> None:
        """What is left when the service ends, tried once."""
        left = self._in_hand + [self._waiting.get_nowait() for _ in range(self._waiting.qsize())]
        if left:
            try:
                await self._store.add(self._site, left)
            except StoreUnavailable as error:
                self._metrics.unrecorded.inc(len(left))
                self._log.warning("interactions are lost", count=len(left), reason=str(error))

    async def forget_old(self) -> None:
        """Root task."""
        await self._clock.sleep(FIRST_RETENTION_S)
        while True:
            try:
                await self._store.forget(self._site, self._clock.now() - timedelta(days=self._section.keep_days))
            except StoreUnavailable:
                await self._clock.sleep(FIRST_RETENTION_S)
                continue
            await self._clock.sleep(RETENTION_EVERY_S)

    async def _write(self, batch: list[Interaction]) -> None:
        while True:
            try:
                await self._store.add(self._site, batch)
            except StoreUnavailable:
                await self._clock.sleep(AGAIN_S)
            else:
                return

    def _interaction(self, interaction_id: str, request: CompleteRequest, completion: Completion) -> Interaction:
        prompt = "\n\n".join(f"{turn.role}: {turn.text}" for turn in request.turns)
        keep = self._section.keep_texts
        return Interaction(
            id=interaction_id,
            time=self._clock.now(),
            purpose=request.purpose,
            outcome=completion.outcome,
            served=completion.served,
            reason=completion.reason,
            model=completion.model,
            prompt_tokens=completion.prompt_tokens,
            completion_tokens=completion.completion_tokens,
            latency_s=completion.latency_s,
            prompt_digest=sha256(prompt.encode("utf-8", "surrogatepass")).hexdigest()[:32],
            prompt=self._kept(prompt) if keep == "all" else "",
            answer=self._kept(completion.text) if keep != "none" else "",
            asked_by=request.asked_by,
            incident_id=request.incident_id,
        )

    def _kept(self, text: str) -> str:
        """Redacted before it is cut, so that no half of a secret is left over."""
        limit = self._section.keep_characters
        shown = redact_text(text[: 2 * limit]).encode("utf-8", "replace").decode()
        return shown if len(shown) <= limit else f"{shown[: max(0, limit - 2)]} …"
