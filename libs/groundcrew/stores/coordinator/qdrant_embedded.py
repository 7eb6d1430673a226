"""Vectors in Qdrant's embedded engine: no server, one folder, one process.

One shard per vector space holds all its collections, told apart by a payload field: each loaded shard was measured to
cost 6 to 39 MB and a thread, and there are eleven collections. The engine's calls block, so one thread of our own makes
them, in order; a search over 100,000 points takes it milliseconds.
"""

import asyncio
import os
import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

import orjson

from groundcrew.stores.coordinator.vectors import Embedded, Hit, Page, Passage, Space, VectorsUnavailable

if TYPE_CHECKING:
    import qdrant_edge

T = TypeVar("T")

MAX_WAITING = 256
"""Calls that may wait for the thread; more are refused at once."""

_KEYWORDS = ("collection", "site", "entity", "ref")


class EmbeddedVectors:
    """`folder` is made by the first write, and belongs to this process alone."""

    def __init__(self, folder: Path, *, timeout_s: float = 10.0) -> None:
        self._folder = folder
        self._timeout_s = timeout_s
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="qdrant")
        self._waiting = 0
        self._closed = False
        self._shards: dict[Space, qdrant_edge.EdgeShard] = {}
        self._aliases: dict[str, Space] | None = None

    async def upsert(self, name: str, space: Space, points: Sequence[Embedded]) -> None:
        if points:
            await self._call(lambda: self._upsert(name, space, points))

    async def delete(self, name: str, site: str, ref: str, *, keep: Sequence[str] = ()) -> None:
        await self._call(lambda: self._delete(self._folders(), _filter(name, site, ref=ref, but=keep)))

    async def delete_ids(self, name: str, space: Space, site: str, ids: Sequence[str]) -> None:
        if ids:
            await self._call(lambda: self._delete([space], _filter(name, site, ids=ids)))

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
        def search(shard: "qdrant_edge.EdgeShard") -> list[Hit]:
            import qdrant_edge as edge

            found = shard.query(
                edge.QueryRequest(
                    limit=limit,
                    query=edge.Query.Nearest(list(vector)),
                    filter=_filter(name, site, entity=entity),
                    score_threshold=min_score if min_score > -1 else None,  # -1.0000001 is opposite, too
                    with_payload=True,
                )
            )
            return [Hit(Passage.of(point.id, point.payload or {}), point.score) for point in found]

        return await self._read(space, search, [])

    async def known(self, name: str, space: Space, site: str, ids: Sequence[str]) -> dict[str, Passage]:
        found = await self._scroll(name, space, site, limit=max(1, len(ids)), ids=ids) if ids else Page([], None)
        return {passage.id: passage for passage in found.passages}

    async def page(self, name: str, space: Space, site: str, *, after: str | None = None, limit: int = 100) -> Page:
        return await self._scroll(name, space, site, limit=limit, after=after)

    async def oldest(self, name: str, space: Space, site: str, limit: int) -> list[str]:
        found = await self._scroll(name, space, site, limit=limit, by_time=True)
        return [passage.id for passage in found.passages]

    async def count(self, name: str, space: Space, site: str) -> int:
        def count(shard: "qdrant_edge.EdgeShard") -> int:
            import qdrant_edge as edge

            return shard.count(edge.CountRequest(filter=_filter(name, site)))

        return await self._read(space, count, 0)

    async def aliases(self) -> dict[str, Space]:
        return await self._call(lambda: dict(self._read_aliases()))

    async def spaces(self, name: str) -> list[Space]:
        return await self._call(lambda: [space for space in self._folders() if self._count(name, space)])

    async def switch(self, name: str, space: Space) -> None:
        await self._call(lambda: self._switch(name, space))

    async def ping(self) -> str:
        await self._call(self._ping)
        return str(self._folder)

    async def close(self) -> None:
        """Let the running call end, flush, let go of the folder."""
        try:
            await self._call(self._close)
        finally:
            self._thread.shutdown(wait=False)

    # --- on the thread -----------------------------------------------------------------------------------------------

    def _upsert(self, name: str, space: Space, points: Sequence[Embedded]) -> None:
        import qdrant_edge as edge

        shard = self._shard(space, make=True)
        assert shard is not None
        made = [
            edge.Point(UUID(one.passage.id), list(one.vector), {"collection": name, **one.passage.payload()})
            for one in points
        ]
        shard.update(edge.UpdateOperation.upsert_points(made))
        shard.flush()  # the engine's own log outlives our process, but only a flush outlives a power failure
        if name not in self._read_aliases():
            self._write_aliases({**self._read_aliases(), name: space})

    def _delete(self, spaces: Sequence[Space], what: "qdrant_edge.Filter") -> None:
        import qdrant_edge as edge

        for space in spaces:
            if (shard := self._shard(space)) is not None:
                shard.update(edge.UpdateOperation.delete_points_by_filter(what))
                shard.flush()

    def _switch(self, name: str, space: Space) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._write_aliases({**self._read_aliases(), name: space})
        used = set(self._read_aliases().values())
        for other in self._folders():
            if other not in used and self._count(None, other) == 0:
                if (shard := self._shards.pop(other, None)) is not None:
                    shard.close()
                shutil.rmtree(self._folder / str(other))

    def _count(self, name: str | None, space: Space) -> int:
        """Points of all sites; None: of all collections."""
        import qdrant_edge as edge

        shard = self._shard(space)
        return 0 if shard is None else shard.count(edge.CountRequest(filter=_filter(name, None)))

    def _shard(self, space: Space, *, make: bool = False) -> "qdrant_edge.EdgeShard | None":
        """The open shard of a space; None where there is none yet. What waited behind `close` opens nothing again:
        whoever comes after us would find the folder taken."""
        if self._closed:
            raise VectorsUnavailable(f"{self._folder}: closed")
        if (known := self._shards.get(space)) is not None:
            return known
        folder = self._folder / str(space)
        if not (folder / "edge_config.json").exists() and not make:
            return None
        import qdrant_edge as edge

        config = edge.EdgeConfig(
            # Cold: mapped as it is read. The default was measured to map 32 MB of each shard at once.
            vectors=edge.EdgeVectorParams(space.dim, edge.Distance.Cosine, memory=edge.Memory.Cold),
            payload_memory=edge.Memory.Cold,
            max_search_threads=1,
        )
        if (folder / "edge_config.json").exists():
            shard = edge.EdgeShard.load(str(folder), config)
        else:
            folder.mkdir(parents=True, exist_ok=True)
            shard = edge.EdgeShard.create(str(folder), config)
        # Also after a load: a process may have died between making the shard and its indexes.
        for field in _KEYWORDS:
            shard.update(edge.UpdateOperation.create_field_index(field, edge.PayloadSchemaType.Keyword))
        shard.update(edge.UpdateOperation.create_field_index("us", edge.PayloadSchemaType.Integer))
        self._shards[space] = shard
        return shard

    def _folders(self) -> list[Space]:
        """Spaces that have a folder."""
        if not self._folder.is_dir():
            return []
        return [Space.parse(entry.name) for entry in sorted(self._folder.iterdir()) if entry.is_dir()]

    def _read_aliases(self) -> dict[str, Space]:
        if self._aliases is None:
            path = self._folder / "aliases.json"
            raw = orjson.loads(path.read_bytes()) if path.exists() else {}
            self._aliases = {name: Space.parse(text) for name, text in raw.items()}
        return self._aliases

    def _write_aliases(self, aliases: dict[str, Space]) -> None:
        """In one step: a reader sees the old file or the new one, whenever we die."""
        draft = self._folder / "aliases.json.new"
        with draft.open("wb") as file:
            file.write(orjson.dumps({name: str(space) for name, space in aliases.items()}))
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._folder / "aliases.json")
        self._aliases = aliases

    def _ping(self) -> None:
        self._read_aliases()
        for shard in self._shards.values():
            shard.info()

    def _close(self) -> None:
        self._closed = True
        while self._shards:
            _, shard = self._shards.popitem()
            shard.flush()
            shard.close()

    # --- from the event loop -----------------------------------------------------------------------------------------

    async def _scroll(
        self,
        name: str,
        space: Space,
        site: str,
        *,
        limit: int,
        after: str | None = None,
        ids: Sequence[str] = (),
        by_time: bool = False,
    ) -> Page:
        def scroll(shard: "qdrant_edge.EdgeShard") -> Page:
            import qdrant_edge as edge

            found, following = shard.scroll(
                edge.ScrollRequest(
                    offset=UUID(after) if after else None,
                    limit=limit,
                    filter=_filter(name, site, ids=ids),
                    with_payload=True,
                    order_by=edge.OrderBy("us") if by_time else None,
                )
            )
            passages = [Passage.of(point.id, point.payload or {}) for point in found]
            return Page(passages, UUID(str(following)).hex if following is not None else None)

        return await self._read(space, scroll, Page([], None))

    async def _read(self, space: Space, work: "Callable[[qdrant_edge.EdgeShard], T]", nothing: T) -> T:
        def read() -> T:
            shard = self._shard(space)
            return nothing if shard is None else work(shard)

        return await self._call(read)

    async def _call(self, work: Callable[[], T]) -> T:
        """Run on the thread, in order. A call that is over time goes on there; its caller is told that it is late."""
        if self._waiting >= MAX_WAITING:
            raise VectorsUnavailable(f"{self._folder}: {MAX_WAITING} calls wait already")
        self._waiting += 1
        try:
            running = asyncio.get_running_loop().run_in_executor(self._thread, work)
        except RuntimeError as error:
            self._waiting -= 1
            raise VectorsUnavailable(f"{self._folder}: {error}") from error
        running.add_done_callback(self._done)
        try:
            # Not wait_for: in Python 3.11 it swallows a cancellation that comes together with the result.
            async with asyncio.timeout(self._timeout_s):
                return await asyncio.shield(running)
        except TimeoutError:
            raise VectorsUnavailable(f"{self._folder}: no answer within {self._timeout_s:g} s") from None
        except OSError as error:
            raise VectorsUnavailable(f"{self._folder}: {error}") from error
        except Exception as error:  # the engine raises this very class for whatever goes wrong in it
            if type(error) is not Exception:
                raise
            raise VectorsUnavailable(f"{self._folder}: {str(error)[:300]}") from error

    def _done(self, running: "asyncio.Future[Any]") -> None:
        self._waiting -= 1
        if not running.cancelled():
            running.exception()  # who gave up on it has been told already


def _filter(
    name: str | None,
    site: str | None,
    *,
    entity: str = "",
    ref: str = "",
    ids: Sequence[str] = (),
    but: Sequence[str] = (),
) -> "qdrant_edge.Filter":
    """Points of one collection and one site (None: of all, for counting what is left); empty arguments say nothing."""
    import qdrant_edge as edge

    equal = {"collection": name, "site": site, "entity": entity or None, "ref": ref or None}
    must: list[Any] = [
        edge.FieldCondition(key=key, match=edge.MatchValue(value)) for key, value in equal.items() if value is not None
    ]
    if ids:
        must.append(edge.HasIdCondition({UUID(one) for one in ids}))
    must_not: list[Any] = [edge.HasIdCondition({UUID(one) for one in but})] if but else []
    return edge.Filter(must=must, must_not=must_not)
