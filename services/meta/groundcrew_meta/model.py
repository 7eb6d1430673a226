"""Asking the model, through hybrid-coordinator. That there is none, or that it fails, is an ordinary outcome."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any

from groundcrew.bus.port import Bus, RequestFailed
from groundcrew.contracts.clock import Clock
from groundcrew.contracts.completions import (
    CompleteRequest,
    Completion,
    CompletionOutcome,
    CompletionPart,
    ModelState,
    ModelStatus,
    Purpose,
    Turn,
)
from groundcrew.contracts.knowledge import AugmentQuery, Passage
from groundcrew.contracts.queries import ContextWindow, Empty, Endpoints, Failure, WindowQuery

STANDING_S = 1.0
WINDOW_S = 2.5
PASSAGES_S = 1.0
SPARE_S = 5.0
"""Seconds beyond the deadline that the coordinator may take to say that it passed."""

_WHY = {
    CompletionOutcome.NOT_CONFIGURED: "No model is configured for this, so this is what the rules say.",
    CompletionOutcome.REFUSED: "The site's policy allows no model for this.",
    CompletionOutcome.OVER_BUDGET: "The model's budget or context does not allow this question now.",
    CompletionOutcome.BUSY: "The model is busy, so this is what the rules say.",
    CompletionOutcome.TIMED_OUT: "The model did not answer in time.",
    CompletionOutcome.UNREACHABLE: "The model cannot be reached.",
    CompletionOutcome.MALFORMED: "The model's answer could not be read.",
}


def missing(completion: Completion) -> str:
    """One sentence or two: what the model would have added, and why it did not. Empty where it answered."""
    if completion.outcome is CompletionOutcome.ANSWERED:
        return ""
    why = _WHY.get(completion.outcome, "The model did not answer.")
    silent = completion.outcome is CompletionOutcome.NOT_CONFIGURED
    return why if silent or not completion.reason else f"{why} ({completion.reason.rstrip('.')}.)"


class Model:
    def __init__(self, bus: Bus, clock: Clock, *, window_tokens: int, passages: int) -> None:
        self._bus = bus
        self._clock = clock
        self._window_tokens = window_tokens
        self._passages = passages

    async def standing(self) -> ModelStatus | Completion:
        """The model that would be asked; or, where none is configured or nobody is there to ask, the outcome that
        asking would have. One whose state is not known in time is asked."""
        began = self._clock.monotonic()
        try:
            reply = await self._bus.request(Endpoints.MODELS, Empty(), timeout=STANDING_S)
        except RequestFailed as failed:
            slow = failed.failure is Failure.UNAVAILABLE and self._clock.monotonic() - began >= STANDING_S
            return ModelStatus(purpose=Purpose.META, state=ModelState.UNKNOWN) if slow else _away(failed)
        status = next((one for one in reply.models if one.purpose is Purpose.META), None)
        if status is None or status.state is ModelState.NOT_CONFIGURED:
            detail = status.detail if status else ""
            return Completion(outcome=CompletionOutcome.NOT_CONFIGURED, reason=detail)
        return status

    async def window(self, incident_id: str | None, host: str | None, *, budget: int = 0) -> ContextWindow:
        """Raises RequestFailed."""
        query = WindowQuery(incident_id=incident_id, host=host, budget_tokens=budget or self._window_tokens)
        return await self._bus.request(Endpoints.WINDOW, query, timeout=WINDOW_S)

    async def passages(self, text: str) -> list[Passage]:
        """What is remembered of things alike; nothing where memory does not answer."""
        if self._passages == 0 or not text.strip():
            return []
        try:
            query = AugmentQuery(text=text[:4_000], limit=self._passages)
            found = await self._bus.request(Endpoints.AUGMENT, query, timeout=PASSAGES_S)
        except RequestFailed:
            return []
        return found.passages[: self._passages]

    async def words(self, request: CompleteRequest) -> AsyncGenerator[CompletionPart, None]:
        """The model's words as they come; the last part carries the completion, whatever happens."""
        try:
            idle_s = request.deadline_s + SPARE_S
            async with aclosing(self._bus.request_stream(Endpoints.COMPLETE_STREAM, request, idle_s=idle_s)) as parts:
                async for part in parts:
                    yield part
                    if part.completion is not None:
                        return
        except RequestFailed as failed:
            yield CompletionPart(completion=_away(failed))
            return
        lost = Completion(outcome=CompletionOutcome.MALFORMED, reason="the answer ended without an end")
        yield CompletionPart(completion=lost)

    async def answer(self, request: CompleteRequest) -> Completion:
        """The whole answer at once."""
        try:
            return await self._bus.request(Endpoints.COMPLETE, request, timeout=request.deadline_s + SPARE_S)
        except RequestFailed as failed:
            return _away(failed)


def question_of(
    turns: Sequence[Turn],
    *,
    max_tokens: int,
    deadline_s: float,
    asked_by: str,
    incident_id: str | None,
    question: str = "",
    schema: dict[str, Any] | None = None,
) -> CompleteRequest:
    return CompleteRequest(
        purpose=Purpose.META,
        turns=list(turns),
        answer_schema=schema,
        max_tokens=max_tokens,
        deadline_s=deadline_s,
        incident_id=incident_id,
        asked_by=asked_by,
        question=question,
    )


def _away(failed: RequestFailed) -> Completion:
    return Completion(
        outcome=CompletionOutcome.UNREACHABLE, reason=f"hybrid-coordinator does not answer: {failed.reason}"
    )
