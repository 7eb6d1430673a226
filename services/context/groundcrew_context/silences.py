"""The site's silences: made and ended over REST, published as one revision into a KV bucket that trigger follows.

Those that are over stay for a while, so that one can look up who silenced what and why.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from pydantic import ValidationError
from structlog.typing import FilteringBoundLogger

from groundcrew.bus.port import KeyConflict, KeyValue, RequestFailed
from groundcrew.contracts.clock import Clock
from groundcrew.contracts.identity import stable_id
from groundcrew.contracts.queries import AddSilence, EndSilence, Failure, SilencePage, SilencesQuery
from groundcrew.contracts.silences import KEY, MAX_AHEAD, Silence, SilenceBook

MAX_STANDING = 500
"""Silences that are planned or in force at once."""

MAX_OVER = 500
KEPT_FOR = timedelta(days=92)
"""How long, and how many, that are over are kept."""

MAX_BYTES = 700_000
"""Of a revision: below the broker's default payload."""

_ATTEMPTS = 8


class Silences:
    """Answers the endpoints. Several processes may write."""

    def __init__(self, bucket: KeyValue, clock: Clock, log: FilteringBoundLogger) -> None:
        self._bucket = bucket
        self._clock = clock
        self._log = log

    async def silences(self, query: SilencesQuery) -> SilencePage:
        """Newest first; with `over` those that are over, too."""
        book, now = await self._read(), self._clock.now()
        found = [each for each in book[0].silence if query.over or each.state(now) != "over"]
        return SilencePage(items=sorted(found, key=lambda each: (each.created_at, each.id), reverse=True))

    async def add(self, request: AddSilence) -> Silence:
        """Raises RequestFailed: INVALID for what lies in the past or too far ahead, or where there are too many."""
        now = self._clock.now()
        window = request.window
        if window.ends_at <= now:
            raise RequestFailed(Failure.INVALID, "ends_at: expected in the future")
        if window.starts_at > now + MAX_AHEAD:
            raise RequestFailed(Failure.INVALID, f"starts_at: expected at most {MAX_AHEAD.days} days ahead")
        silence = Silence(
            **window.model_dump(),
            id=stable_id("silence", request.actor, now.isoformat(), window.model_dump_json()),
            by=request.actor,
            created_at=now,
        )

        def added(book: list[Silence]) -> list[Silence]:
            if sum(each.state(now) != "over" for each in book) >= MAX_STANDING:
                reason = f"there are {MAX_STANDING} silences already: end some, or make one of wider targets"
                raise RequestFailed(Failure.INVALID, reason)
            return [*book, silence]

        await self._change(added)
        self._log.info("silence begins", silence=silence.id, by=silence.by, targets=silence.targets, why=silence.why)
        return silence

    async def end(self, request: EndSilence) -> Silence:
        """End it now; one that has not begun never does. Raises RequestFailed: NOT_FOUND, or CONFLICT where it is
        over."""
        now = self._clock.now()

        def without(book: list[Silence]) -> list[Silence]:
            found = next((each for each in book if each.id == request.id), None)
            if found is None:
                raise RequestFailed(Failure.NOT_FOUND, f"there is no silence {request.id}")
            if found.state(now) == "over":
                raise RequestFailed(Failure.CONFLICT, f"silence {request.id} is over since {found.ends_at:%F %T}")
            ended = found.model_copy(
                update={"starts_at": min(found.starts_at, now), "ends_at": now, "ended_by": request.actor}
            )
            return [ended if each.id == request.id else each for each in book]

        book = await self._change(without)
        self._log.info("silence is ended", silence=request.id, by=request.actor)
        return next(each for each in book.silence if each.id == request.id)

    async def _change(self, change: Callable[[list[Silence]], list[Silence]]) -> SilenceBook:
        for _ in range(_ATTEMPTS):
            book, revision = await self._read()
            wanted = SilenceBook(
                revision=book.revision + 1, silence=_aged(change(list(book.silence)), self._clock.now())
            )
            value = wanted.model_dump_json().encode()
            if len(value) > MAX_BYTES:
                reason = f"the silences would take {len(value)} bytes, at most {MAX_BYTES} can be published: end some"
                raise RequestFailed(Failure.INVALID, reason)
            try:
                await (self._bucket.update(KEY, value, revision) if revision else self._bucket.create(KEY, value))
            except KeyConflict:
                continue
            return wanted
        raise RequestFailed(Failure.CONFLICT, f"the silences were written by others {_ATTEMPTS} times in a row")

    async def _read(self) -> tuple[SilenceBook, int]:
        entry = await self._bucket.get(KEY)
        if entry is None:
            return SilenceBook(), 0
        try:
            return SilenceBook.model_validate_json(entry.value), entry.revision
        except ValidationError as error:
            reason = f"the published silences cannot be read: {error.errors()[0]['msg']}"
            raise RequestFailed(Failure.INTERNAL, reason) from None


def _aged(book: list[Silence], now: datetime) -> list[Silence]:
    """Without those that are over for long, and with the newest of the others that are."""
    over = [each for each in book if each.state(now) == "over" and each.ends_at > now - KEPT_FOR]
    kept = {each.id for each in sorted(over, key=lambda each: (each.ends_at, each.id))[-MAX_OVER:]}
    return [each for each in book if each.state(now) != "over" or each.id in kept]
