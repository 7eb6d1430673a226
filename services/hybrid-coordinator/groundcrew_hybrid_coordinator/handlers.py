"""One coroutine per endpoint of completions."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence

from groundcrew.bus.port import RequestFailed
from groundcrew.contracts.completions import (
    CompleteRequest,
    Completion,
    CompletionOutcome,
    CompletionPart,
    ModelsReply,
    ModelState,
    ModelStatus,
    Purpose,
)
from groundcrew.contracts.queries import Empty, Failure
from groundcrew.models.port import ModelFailed
from groundcrew.models.replies import check_schema
from groundcrew_hybrid_coordinator.budget import Budget
from groundcrew_hybrid_coordinator.completing import Completer
from groundcrew_hybrid_coordinator.route import Route

DescribeMemory = Callable[[], tuple[str, str]]
"""(what makes vectors, where they are kept)"""


class Answers:
    """What trigger, review and meta ask, and how the models are."""

    def __init__(
        self,
        *,
        completer: Completer,
        routes: Mapping[Purpose, Sequence[Route]],
        nowhere: Mapping[Purpose, tuple[CompletionOutcome, str]],
        budgets: Mapping[Purpose, Budget],
        remote_allowed: Sequence[Purpose],
        memory: DescribeMemory = lambda: ("", ""),
    ) -> None:
        self._completer = completer
        self._routes = routes
        self._nowhere = nowhere
        self._budgets = budgets
        self._remote_allowed = remote_allowed
        self._memory = memory

    async def complete(self, request: CompleteRequest) -> Completion:
        _check(request)
        return await self._completer.complete(request)

    async def complete_stream(self, request: CompleteRequest) -> AsyncIterator[CompletionPart]:
        _check(request)
        async for part in self._completer.stream(request):
            yield part

    async def models(self, request: Empty) -> ModelsReply:
        del request
        embedder, vectors = self._memory()
        return ModelsReply(
            models=[await self._status(purpose) for purpose in Purpose], embedder=embedder, vectors=vectors
        )

    async def _status(self, purpose: Purpose) -> ModelStatus:
        routes, budget = self._routes[purpose], self._budgets[purpose]
        allowed = purpose in self._remote_allowed
        if not routes:
            _, missing = self._nowhere[purpose]
            state = ModelState.NOT_CONFIGURED
            return ModelStatus(purpose=purpose, state=state, detail=missing, remote_allowed=allowed)
        state, detail, route = await _best(routes)
        return ModelStatus(
            purpose=purpose,
            state=state,
            detail=detail,
            model=route.name,
            context_tokens=route.section.context_tokens,
            remote_allowed=allowed,
            waiting=sum(one.places.waiting for one in routes),
            tokens_last_hour=await budget.spent(),
            tokens_per_hour=budget.limit,
        )


async def _best(routes: Sequence[Route]) -> tuple[ModelState, str, Route]:
    """The first route that answers; where none does, what is wrong with the first."""
    wrong: list[str] = []
    for route in routes:
        try:
            detail = await route.check()
        except ModelFailed as failed:
            wrong.append(failed.reason)
        else:
            return ModelState.READY, "; ".join([*wrong, f"{route.served.value}: {detail}"]), route
    return ModelState.UNREACHABLE, "; ".join(wrong), routes[0]


def _check(request: CompleteRequest) -> None:
    """A schema that is none is the asking service's mistake, not the model's."""
    if request.answer_schema is None:
        return
    try:
        check_schema(request.answer_schema)
    except ValueError as error:
        raise RequestFailed(Failure.INVALID, str(error)) from None
