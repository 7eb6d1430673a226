"""From a question to its honest answer: cache, the purpose's own server, the remote one where policy lets it."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager

from groundcrew.contracts.clock import Clock
from groundcrew.contracts.completions import (
    CompleteRequest,
    Completion,
    CompletionOutcome,
    CompletionPart,
    Purpose,
    Served,
)
from groundcrew.contracts.identity import random_id
from groundcrew.models.port import ModelFailed, Prompt, Said
from groundcrew_hybrid_coordinator.answer_cache import AnswerCache, digest, is_cacheable
from groundcrew_hybrid_coordinator.budget import Budget
from groundcrew_hybrid_coordinator.interactions import Interactions
from groundcrew_hybrid_coordinator.metrics import CompletionMetrics
from groundcrew_hybrid_coordinator.questions import Questions
from groundcrew_hybrid_coordinator.route import FAILURES, Left, Route
from groundcrew_hybrid_coordinator.token_counts import roughly

GOES_ON = FAILURES | {CompletionOutcome.MALFORMED}
"""After such a failure of the local server the remote one may be asked. A busy server or an empty budget is none."""

AGAIN_S = 0.5
"""Whoever waited for an identical question that timed out asks again with at least so much time left."""

Settle = Callable[[Said], None]


class Completer:
    """`routes` of a purpose in order: its own server, then the remote one; none where nothing may be asked."""

    def __init__(
        self,
        *,
        clock: Clock,
        routes: Mapping[Purpose, Sequence[Route]],
        nowhere: Mapping[Purpose, tuple[CompletionOutcome, str]],
        budgets: Mapping[Purpose, Budget],
        cache: AnswerCache,
        interactions: Interactions,
        questions: Questions,
        metrics: CompletionMetrics,
    ) -> None:
        self._clock = clock
        self._routes = routes
        self._nowhere = nowhere
        self._budgets = budgets
        self._cache = cache
        self._interactions = interactions
        self._questions = questions
        self._metrics = metrics
        self._underway: dict[str, asyncio.Task[Completion]] = {}

    async def complete(self, request: CompleteRequest) -> Completion:
        """Never raises for anything that a model server or Redis does."""
        began = self._clock.monotonic()
        if not self._routes[request.purpose]:
            return self._ended(request, self._failed(*self._nowhere[request.purpose]), began)
        if not is_cacheable(request):
            return self._ended(request, await self._through(request, self._within(request)), began)
        return self._ended(request, await self._shared(request, began), began)

    async def stream(self, request: CompleteRequest) -> AsyncIterator[CompletionPart]:
        """Pieces as they come; the last part carries the whole. A cached answer is one piece."""
        began, told = self._clock.monotonic(), False
        whole = Completion(outcome=CompletionOutcome.UNKNOWN, reason="whoever asked left before the end")
        try:
            if not self._routes[request.purpose]:
                whole = self._failed(*self._nowhere[request.purpose])
            else:
                async with aclosing(self._pieces(request, self._within(request))) as pieces:
                    async for piece in pieces:
                        if isinstance(piece, Completion):
                            whole = piece
                        else:
                            yield CompletionPart(text=piece)
            told = True
            yield CompletionPart(completion=self._ended(request, whole, began))
        finally:
            if not told:
                self._ended(request, whole, began)

    async def close(self) -> None:
        """End what is under way; nobody waits for it any more."""
        tasks = list(self._underway.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # --- one question at a time ---------------------------------------------------------------------------------------

    async def _shared(self, request: CompleteRequest, began: float) -> Completion:
        """Identical questions under way are asked once."""
        key = digest(request, *(route.server.address for route in self._routes[request.purpose]))
        end = began + self._within(request)
        while True:
            task = self._underway.get(key)
            leads = task is None
            left = end - self._clock.monotonic()
            if task is None:
                task = asyncio.create_task(self._through(request, left), name="completion")
                self._underway[key] = task
                task.add_done_callback(lambda _: self._underway.pop(key, None))
            await asyncio.wait({task}, timeout=None if leads else max(0.001, left))
            if not task.done():
                return self._failed(CompletionOutcome.TIMED_OUT, "an identical question is not answered yet")
            if task.cancelled():
                return self._failed(CompletionOutcome.UNREACHABLE, "the coordinator is being stopped")
            completion = task.result()
            if leads:
                return completion
            if completion.outcome is CompletionOutcome.TIMED_OUT and end - self._clock.monotonic() > AGAIN_S:
                continue
            self._metrics.shared.labels(request.purpose.value).inc()
            answered = completion.outcome is CompletionOutcome.ANSWERED
            return completion.model_copy(update={"served": Served.CACHE}) if answered else completion

    async def _through(self, request: CompleteRequest, within_s: float) -> Completion:
        """Route by route, until one answers or the failure is one that another server cannot mend."""
        end = self._clock.monotonic() + within_s
        failed = ModelFailed(CompletionOutcome.TIMED_OUT, f"no answer within {within_s:g} s")
        for route in self._routes[request.purpose]:
            if (cached := await self._cache.get(request, route)) is not None:
                return cached
            left = end - self._clock.monotonic()
            if left <= 0:
                break
            try:
                async with self._asking(request, route, left) as (prompt, remaining, settle):
                    said = await route.server.answer(prompt, within_s=remaining())
                    settle(said)
            except ModelFailed as error:
                failed = error
                if error.outcome not in GOES_ON:
                    break
            else:
                completion = self._answered(request, route, said)
                await self._cache.put(request, route, completion)
                return completion
        return self._failed(failed.outcome, failed.reason)

    async def _pieces(self, request: CompleteRequest, within_s: float) -> AsyncGenerator[str | Completion, None]:
        """As `_through`; once a piece is out, no other server is asked."""
        end = self._clock.monotonic() + within_s
        failed = ModelFailed(CompletionOutcome.TIMED_OUT, f"no answer within {within_s:g} s")
        for route in self._routes[request.purpose]:
            cached = await self._cache.get(request, route)
            if cached is not None:
                yield cached.text
                yield cached
                return
            left = end - self._clock.monotonic()
            if left <= 0:
                break
            text: list[str] = []
            try:
                async with self._asking(request, route, left) as (prompt, remaining, settle):
                    first_s = route.section.first_token_s
                    spoken = route.server.stream(prompt, within_s=remaining(), first_s=first_s)
                    said: Said | None = None
                    async with aclosing(spoken):
                        async for piece in spoken:
                            if isinstance(piece, Said):
                                said = piece
                                settle(said)
                            else:
                                text.append(piece)
                                yield piece
                    assert said is not None
            except ModelFailed as error:
                failed = error
                if text or error.outcome not in GOES_ON:
                    break
            else:
                completion = self._answered(request, route, said)
                await self._cache.put(request, route, completion)
                yield completion
                return
        yield self._failed(failed.outcome, failed.reason)

    @asynccontextmanager
    async def _asking(
        self, request: CompleteRequest, route: Route, within_s: float
    ) -> AsyncIterator[tuple[Prompt, Left, Settle]]:
        """A place at the server and tokens of the budget; what is not settled inside was worked for nothing."""
        prompt = Prompt(
            turns=request.turns,
            max_tokens=request.max_tokens,
            temperature=request.temperature,
            answer_schema=request.answer_schema,
        )
        budget = self._budgets[request.purpose]
        async with route.turn(min(within_s, route.section.deadline_s)) as left:
            tokens = await route.measure(prompt, left())
            reserved = tokens + prompt.max_tokens
            slot = await budget.reserve(reserved)
            if slot is None:
                reason = f"{await budget.spent()} of {budget.limit} tokens of the hour are spent for {request.purpose}"
                raise ModelFailed(CompletionOutcome.OVER_BUDGET, reason)
            used = [reserved, 0]

            def settle(said: Said) -> None:
                used[:] = _tokens(prompt, said)

            try:
                yield prompt, left, settle
            except ModelFailed as failed:
                if failed.outcome in (CompletionOutcome.UNREACHABLE, CompletionOutcome.BUSY):
                    used[:] = [0, 0]
                raise
            finally:
                self._metrics.used(request.purpose, *used)
                await budget.settle(slot, reserved, sum(used))

    # --- telling ------------------------------------------------------------------------------------------------------

    def _within(self, request: CompleteRequest) -> float:
        longest = max(route.section.deadline_s for route in self._routes[request.purpose])
        return min(request.deadline_s, longest)

    def _answered(self, request: CompleteRequest, route: Route, said: Said) -> Completion:
        prompt_tokens, completion_tokens = _tokens(request, said)
        return Completion(
            outcome=CompletionOutcome.ANSWERED,
            text=said.text,
            answer=said.answer,
            model=said.model or route.name,
            served=route.served,
            finish_reason=said.finish_reason,
            prompt_tokens=prompt_tokens,
            completion_tokens=completion_tokens,
        )

    def _failed(self, outcome: CompletionOutcome, reason: str) -> Completion:
        return Completion(outcome=outcome, reason=reason)

    def _ended(self, request: CompleteRequest, completion: Completion, began: float) -> Completion:
        """With the time it took and the id of its record."""
        interaction_id = random_id()
        ended = completion.model_copy(update={"latency_s": round(self._clock.monotonic() - began, 6)})
        self._metrics.count(request.purpose, ended)
        recorded = self._interactions.record(interaction_id, request, ended)
        self._questions.hear(interaction_id, request, ended)
        return ended.model_copy(update={"interaction_id": interaction_id}) if recorded else ended


def _tokens(asked: Prompt | CompleteRequest, said: Said) -> tuple[int, int]:
    """(of the prompt, of the answer): as the server counted, else about."""
    prompt, answer = said.prompt_tokens, said.completion_tokens
    if prompt is None:
        prompt = sum(roughly(turn.text) for turn in asked.turns)
    return prompt, roughly(said.text) if answer is None else answer
