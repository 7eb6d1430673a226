"""What the site remembers: texts in, passages that resemble a question out.

What comes out is context for a prompt or a page. It is never an answer by itself: that two questions are alike does
not make their answers the same.
"""

import asyncio
from collections.abc import Mapping, Sequence

from groundcrew.contracts.clock import Clock
from groundcrew.contracts.knowledge import Augmented, AugmentQuery, Collection
from groundcrew.contracts.knowledge import Passage as Told
from groundcrew.models.embedding import MAX_BATCH, Embedder, EmbedderUnavailable
from groundcrew.stores.coordinator.vectors import Embedded, Hit, Passage, Space, VectorStore
from groundcrew.stores.port import StoreUnavailable
from groundcrew_hybrid_coordinator.memory_metrics import MemoryMetrics
from groundcrew_hybrid_coordinator.notes import Note, passages

COLLECTIONS: tuple[Collection, ...] = tuple(one for one in Collection if one is not Collection.UNKNOWN)

GROWING = frozenset(
    {Collection.ISSUES, Collection.DECISIONS, Collection.ERROR_SOLUTIONS, Collection.INTERACTION_HISTORY}
)
"""What grows by itself and is kept to a number of passages, the newest. The rest is as large as its source."""

TOLD_CHARACTERS = 24_000
"""Of all passages of one answer."""

_CHECK_EVERY = 100
"""Writes of a growing collection between two counts of it."""


class EmbedderAway(StoreUnavailable):
    """No vectors can be made now; whoever learns pauses, as for a store that is away."""

    dependency = "embedder"


class Memory:
    """The memory of one site. `keep` bounds each growing collection, in passages."""

    def __init__(
        self, *, site: str, store: VectorStore, embedder: Embedder, clock: Clock, metrics: MemoryMetrics, keep: int
    ) -> None:
        self.site = site
        self.store = store
        self.clock = clock
        self.moving: dict[str, Space] = {}  # collections that are being embedded anew, and what from
        self.turn = asyncio.Lock()  # one writer: what is checked before a write holds until it is done
        self._embedder = embedder
        self._metrics = metrics
        self._keep = keep
        self._writes = dict.fromkeys(COLLECTIONS, 0)

    @property
    def embedder(self) -> str:
        return self._embedder.name

    async def space(self) -> Space:
        """Where vectors are written now. Raises EmbedderAway."""
        try:
            return Space(self._embedder.name, await self._embedder.dimension())
        except EmbedderUnavailable as error:
            raise EmbedderAway(str(error)) from error

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """Raises EmbedderAway."""
        try:
            return await self._embedder.embed(texts)
        except EmbedderUnavailable as error:
            raise EmbedderAway(str(error)) from error

    async def remember(self, collection: Collection, notes: Sequence[Note]) -> None:
        """Keep these texts, each in place of what its `ref` said before; an older text never replaces a newer one.
        Saying the same again changes nothing. Raises StoreUnavailable."""
        space = await self.space()
        per_turn = MAX_BATCH // 4
        for start in range(0, len(notes), per_turn):
            async with self.turn:
                await self._remember(collection, space, notes[start : start + per_turn])
        if collection in GROWING:
            await self._bound(collection, space, len(notes))

    async def forget(self, collection: Collection, ref: str) -> None:
        async with self.turn:
            await self.store.delete(collection.value, self.site, ref)
        self._metrics.forgotten.labels(collection.value).inc()

    async def augment(self, query: AugmentQuery) -> Augmented:
        """What resembles the question, and honestly what could not be searched."""
        wanted = [one for one in dict.fromkeys(query.collections or COLLECTIONS) if one is not Collection.UNKNOWN]
        try:
            space = await self.space()
            (vector,) = await self.embed([query.text])
        except EmbedderAway as error:
            self._metrics.searches.labels("no-embedder").inc()
            return Augmented(passages=[], embedder=self.embedder, missing=f"Nothing could be searched: {error}.")
        if not any(vector):  # not one word in it: everything would be equally alike
            return Augmented(passages=[], embedder=str(space))
        searches = [self._search(one, space, vector, query) for one in wanted]
        answers = await asyncio.gather(*searches, return_exceptions=True)
        found: dict[Collection, list[Hit]] = {}
        away: dict[Collection, str] = {}
        for one, answer in zip(wanted, answers, strict=True):
            if isinstance(answer, StoreUnavailable):
                away[one] = str(answer)
            elif isinstance(answer, BaseException):
                raise answer
            else:
                found[one] = answer
        self._metrics.searches.labels("partly" if away else "ok").inc()
        told = _told(found, query.limit)
        return Augmented(passages=told, embedder=str(space), missing=self._missing(wanted, away))

    async def _search(
        self, collection: Collection, space: Space, vector: Sequence[float], query: AugmentQuery
    ) -> list[Hit]:
        return await self.store.search(
            collection.value,
            space,
            vector,
            site=self.site,
            entity=query.entity or "",
            limit=query.limit,
            min_score=self._embedder.min_score if query.min_score is None else query.min_score,
        )

    def _missing(self, wanted: Sequence[Collection], away: Mapping[Collection, str]) -> str:
        said = []
        if away:
            said.append(f"Could not be searched: {', '.join(away)} ({next(iter(away.values()))}).")
        if moving := [one.value for one in wanted if one.value in self.moving]:
            said.append(f"Only partly searched, being embedded anew: {', '.join(moving)}.")
        return " ".join(said)

    async def _remember(self, collection: Collection, space: Space, notes: Sequence[Note]) -> None:
        name = collection.value
        cut = [passages(self.site, collection, note) for note in notes]
        known: dict[str, Passage] = {}
        everything = [one.id for parts in cut for one in parts]
        for start in range(0, len(everything), MAX_BATCH):
            asked = everything[start : start + MAX_BATCH]
            known |= await self.store.known(name, space, self.site, asked)
        fresh: list[Passage] = []
        rewritten: list[list[Passage]] = []
        for parts in cut:
            first = known.get(parts[0].id) if parts else None
            if not parts or (first is not None and first.time > parts[0].time):
                continue
            fresh += [one for one in parts if not _same(known.get(one.id), one)]
            if first is not None:
                rewritten.append(parts)
        for start in range(0, len(fresh), MAX_BATCH):
            batch = fresh[start : start + MAX_BATCH]
            vectors = await self.embed([one.text for one in batch])
            points = [Embedded(one, vector) for one, vector in zip(batch, vectors, strict=True)]
            await self.store.upsert(name, space, points)
        for parts in rewritten:  # what an earlier, longer text left behind
            await self.store.delete(name, self.site, parts[0].ref, keep=[one.id for one in parts])
        self._metrics.remembered.labels(name).inc(len(fresh))

    async def _bound(self, collection: Collection, space: Space, written: int) -> None:
        """Drop the oldest of a collection that has outgrown its bound; looked at on its first write and then rarely."""
        before, self._writes[collection] = self._writes[collection], self._writes[collection] + written
        if before and before // _CHECK_EVERY == self._writes[collection] // _CHECK_EVERY:
            return
        name = collection.value
        async with self.turn:
            excess = await self.store.count(name, space, self.site) - self._keep
            while excess > 0:
                oldest = await self.store.oldest(name, space, self.site, min(excess, MAX_BATCH))
                if not oldest:
                    return
                await self.store.delete_ids(name, space, self.site, oldest)
                self._metrics.forgotten.labels(name).inc(len(oldest))
                excess -= len(oldest)


def _same(known: Passage | None, wanted: Passage) -> bool:
    return known is not None and (known.text, known.entity) == (wanted.text, wanted.entity)


def _told(found: Mapping[Collection, Sequence[Hit]], limit: int) -> list[Told]:
    """The best of all collections, within a bound of characters; the best one always."""
    ranked = sorted(
        ((one, hit) for one, hits in found.items() for hit in hits),
        key=lambda pair: (-pair[1].score, pair[0].value, pair[1].passage.id),
    )
    told: list[Told] = []
    room = TOLD_CHARACTERS
    for collection, hit in ranked[:limit]:
        passage = hit.passage
        if told and len(passage.text) > room:
            continue
        room -= len(passage.text)
        told.append(
            Told(
                id=passage.id,
                collection=collection,
                text=passage.text,
                score=max(-1.0, min(1.0, hit.score)),
                entity=passage.entity or None,
                ref=passage.ref,
                time=passage.time,
            )
        )
    return told
