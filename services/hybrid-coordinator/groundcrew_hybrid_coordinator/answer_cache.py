"""The exact cache: the same question to the same model has the same answer, for a while."""

from hashlib import sha256

import orjson
from pydantic import ValidationError

from groundcrew.contracts.completions import CompleteRequest, Completion, CompletionOutcome, Served
from groundcrew_hybrid_coordinator.route import Route
from groundcrew_hybrid_coordinator.shelf import Shelf


def is_cacheable(request: CompleteRequest) -> bool:
    """Only what would be answered the same again, and where an old answer is welcome."""
    return request.cache and request.temperature == 0


def digest(request: CompleteRequest, *where: str) -> str:
    """Of everything that decides an answer: the turns, the schema, the limits, and who is asked."""
    decides = (
        where,
        [(turn.role, turn.text) for turn in request.turns],
        request.answer_schema,
        request.temperature,
        request.max_tokens,
    )
    plain = orjson.dumps(decides, option=orjson.OPT_SORT_KEYS, default=str)
    return sha256(plain).hexdigest()


class AnswerCache:
    """Keys hold the site: what one tenant asked is no answer for another."""

    def __init__(self, shelf: Shelf | None, *, site: str, keep_s: int, max_bytes: int) -> None:
        self._shelf = shelf if keep_s else None
        self._site = site
        self._keep_s = keep_s
        self._max_bytes = max_bytes

    async def get(self, request: CompleteRequest, route: Route) -> Completion | None:
        """None while it is not known which model the server has: an answer may be that of another one."""
        if self._shelf is None or not route.name or not is_cacheable(request):
            return None
        value = await self._shelf.get(self._key(request, route))
        if value is None:
            return None
        try:
            kept = Completion.model_validate_json(value)
        except ValidationError:  # of another version, or none of ours
            return None
        return kept.model_copy(update={"served": Served.CACHE}) if kept.outcome is CompletionOutcome.ANSWERED else None

    async def put(self, request: CompleteRequest, route: Route, completion: Completion) -> None:
        if self._shelf is None or not route.name or not is_cacheable(request):
            return
        value = completion.model_dump_json().encode()
        if len(value) <= self._max_bytes:
            await self._shelf.put(self._key(request, route), value, self._keep_s)

    def _key(self, request: CompleteRequest, route: Route) -> str:
        return f"{self._site}:answer:{digest(request, route.server.address, route.name)}"
