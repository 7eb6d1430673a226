"""What people ask is remembered with its answer, beside the answer and never in its way."""

import asyncio
from dataclasses import dataclass
from datetime import datetime

from structlog.typing import FilteringBoundLogger

from groundcrew.contracts.clock import Clock
from groundcrew.contracts.completions import CompleteRequest, Completion, CompletionOutcome, Purpose, Served
from groundcrew.stores.port import StoreUnavailable
from groundcrew_hybrid_coordinator.learning import MAX_ANSWER, remember_interaction
from groundcrew_hybrid_coordinator.memory import Memory
from groundcrew_hybrid_coordinator.metrics import CompletionMetrics
from groundcrew_hybrid_coordinator.settings import CoordinatorSection

MAX_WAITING = 200


@dataclass(frozen=True, kw_only=True)
class Heard:
    id: str
    question: str
    answer: str
    time: datetime


class Questions:
    """A bounded queue before the memory. What does not fit, or comes while the memory is away, is dropped, counted:
    it is worth less than the room to keep it for later."""

    def __init__(
        self, *, clock: Clock, section: CoordinatorSection, metrics: CompletionMetrics, log: FilteringBoundLogger
    ) -> None:
        self._clock = clock
        self._keeps = section.keep_texts == "all"
        self._metrics = metrics
        self._log = log
        self._waiting: asyncio.Queue[Heard] = asyncio.Queue(MAX_WAITING)
        self._told = False

    def hear(self, interaction_id: str, request: CompleteRequest, completion: Completion) -> None:
        """Queue what is worth remembering: a person's question to meta that a model answered, once."""
        wanted = self._keeps and request.purpose is Purpose.META and request.asked_by and request.question.strip()
        if not wanted or completion.outcome is not CompletionOutcome.ANSWERED or completion.served is Served.CACHE:
            return
        question, answer = request.question[: 2 * MAX_ANSWER], completion.text[: 2 * MAX_ANSWER]
        heard = Heard(id=interaction_id, question=question, answer=answer, time=self._clock.now())
        try:
            self._waiting.put_nowait(heard)
        except asyncio.QueueFull:
            self._metrics.unremembered.inc()

    async def remember(self, memory: Memory) -> None:
        """Root task."""
        while True:
            heard = await self._waiting.get()
            try:
                await remember_interaction(
                    memory, interaction_id=heard.id, question=heard.question, answer=heard.answer, time=heard.time
                )
            except StoreUnavailable as error:
                self._metrics.unremembered.inc()
                if not self._told:
                    self._log.warning("questions are not remembered", reason=str(error))
                self._told = True
            else:
                self._told = False
