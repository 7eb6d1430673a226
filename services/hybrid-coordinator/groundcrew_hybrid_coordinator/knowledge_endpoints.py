"""One coroutine per endpoint of the memory."""

from structlog.typing import FilteringBoundLogger

from groundcrew.bus.port import RequestFailed
from groundcrew.contracts.clock import Clock
from groundcrew.contracts.knowledge import Augmented, AugmentQuery, Collection, Remember, Remembered
from groundcrew.contracts.queries import Failure
from groundcrew_hybrid_coordinator.memory import Memory
from groundcrew_hybrid_coordinator.notes import Note, passage_id
from groundcrew_hybrid_coordinator.surroundings import INVENTORY, PACK

OWN_REFS = (INVENTORY, PACK, "incident/", "action/", "interaction/")
"""What Groundcrew writes by itself: nobody else may replace it."""


class KnowledgeAnswers:
    def __init__(self, memory: Memory, clock: Clock, log: FilteringBoundLogger) -> None:
        self._memory = memory
        self._clock = clock
        self._log = log

    async def augment(self, query: AugmentQuery) -> Augmented:
        return await self._memory.augment(query)

    async def remember(self, request: Remember) -> Remembered:
        if request.collection is Collection.UNKNOWN:
            raise RequestFailed(Failure.INVALID, "collection: expected one that this version knows")
        if own := next((one for one in OWN_REFS if request.ref.startswith(one)), None):
            raise RequestFailed(Failure.INVALID, f"ref: {own!r} begins what Groundcrew writes itself; choose another")
        if not request.text.strip():
            raise RequestFailed(Failure.INVALID, "text: expected some words")
        note = Note(ref=request.ref, text=request.text, time=self._clock.now(), entity=request.entity or "")
        await self._memory.remember(request.collection, [note])
        self._log.info("remembered", collection=request.collection.value, ref=request.ref, actor=request.actor)
        return Remembered(id=passage_id(self._memory.site, request.collection, request.ref))
