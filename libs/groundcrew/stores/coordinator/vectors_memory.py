"""The vector store in memory: for replay and for tests that need no engine."""

from collections.abc import Sequence
from math import sqrt

from groundcrew.stores.coordinator.vectors import Embedded, Hit, Page, Passage, Space


class MemoryVectors:
    def __init__(self) -> None:
        self._points: dict[tuple[str, Space], dict[str, Embedded]] = {}
        self._aliases: dict[str, Space] = {}

    def _of(self, name: str, space: Space) -> dict[str, Embedded]:
        return self._points.get((name, space), {})

    async def upsert(self, name: str, space: Space, points: Sequence[Embedded]) -> None:
        if not points:
            return
        self._aliases.setdefault(name, space)
        self._points.setdefault((name, space), {}).update({point.passage.id: point for point in points})

    async def delete(self, name: str, site: str, ref: str, *, keep: Sequence[str] = ()) -> None:
        for space in self._spaces(name):
            for passage in self._site(name, space, site):
                if passage.ref == ref and passage.id not in keep:
                    del self._points[name, space][passage.id]

    async def delete_ids(self, name: str, space: Space, site: str, ids: Sequence[str]) -> None:
        for passage in self._site(name, space, site):
            if passage.id in ids:
                del self._points[name, space][passage.id]

    async def search(
        self,
        name: str,
        space: Space,
        vector: Sequence[float],
        *,
        site: str,
        entity: str = "",
        limit: int,
        min_score: float = -1.0,
    ) -> list[Hit]:
        stored = self._of(name, space)
        hits = [
            Hit(passage, _cosine(stored[passage.id].vector, vector))
            for passage in self._site(name, space, site)
            if not entity or passage.entity == entity
        ]
        hits.sort(key=lambda hit: (-hit.score, hit.passage.id))
        return [hit for hit in hits if hit.score >= min_score][:limit]

    async def known(self, name: str, space: Space, site: str, ids: Sequence[str]) -> dict[str, Passage]:
        wanted = frozenset(ids)
        return {passage.id: passage for passage in self._site(name, space, site) if passage.id in wanted}

    async def page(self, name: str, space: Space, site: str, *, after: str | None = None, limit: int = 100) -> Page:
        ordered = sorted(self._site(name, space, site), key=lambda passage: passage.id)
        rest = [passage for passage in ordered if after is None or passage.id >= after]
        return Page(rest[:limit], rest[limit].id if len(rest) > limit else None)

    async def oldest(self, name: str, space: Space, site: str, limit: int) -> list[str]:
        ordered = sorted(self._site(name, space, site), key=lambda passage: (passage.time, passage.id))
        return [passage.id for passage in ordered[:limit]]

    async def count(self, name: str, space: Space, site: str) -> int:
        return len(self._site(name, space, site))

    async def aliases(self) -> dict[str, Space]:
        return dict(self._aliases)

    async def spaces(self, name: str) -> list[Space]:
        return [space for space in self._spaces(name) if self._points[name, space]]

    async def switch(self, name: str, space: Space) -> None:
        self._aliases[name] = space
        for other in self._spaces(name):
            if other != space and not self._points[name, other]:
                del self._points[name, other]

    async def ping(self) -> str:
        return "memory"

    async def close(self) -> None:
        """There is nothing to close."""

    def _spaces(self, name: str) -> list[Space]:
        return [space for known, space in self._points if known == name]

    def _site(self, name: str, space: Space, site: str) -> list[Passage]:
        return [point.passage for point in self._of(name, space).values() if point.passage.site == site]


def _cosine(a: Sequence[float], b: Sequence[float]) -> float:
    length = sqrt(sum(x * x for x in a)) * sqrt(sum(y * y for y in b))
    return sum(x * y for x, y in zip(a, b, strict=True)) / length if length else 0.0
