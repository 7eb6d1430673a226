"""Vectors in a Qdrant server or cluster, over its REST protocol."""

import asyncio
import importlib
import warnings
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from uuid import UUID

from groundcrew.stores.coordinator.vectors import (
    Embedded,
    Hit,
    Page,
    Passage,
    Space,
    VectorsUnavailable,
    name_and_space,
)

if TYPE_CHECKING:
    from types import ModuleType

    from qdrant_client import AsyncQdrantClient
    from qdrant_client import models as rest

_KEYWORDS = ("site", "entity", "ref")


class ServerVectors:
    """The client is made by the first call; importing it takes more than a second, so a thread does."""

    def __init__(self, url: str, *, api_key: str = "", timeout_s: float = 10.0) -> None:
        self._url = url
        self._api_key = api_key
        self._timeout_s = timeout_s
        self._client: AsyncQdrantClient | None = None
        self._models: ModuleType | None = None
        self._made: set[str] = set()
        self._lock = asyncio.Lock()

    async def upsert(self, name: str, space: Space, points: Sequence[Embedded]) -> None:
        if not points:
            return
        async with self._asking() as client:
            await self._make(client, name, space)
            models = self._rest()
            made = [
                models.PointStruct(id=str(UUID(one.passage.id)), vector=list(one.vector), payload=one.passage.payload())
                for one in points
            ]
            await client.upsert(space.collection(name), made, wait=True)

    async def delete(self, name: str, site: str, ref: str, *, keep: Sequence[str] = ()) -> None:
        async with self._asking() as client:
            what = self._rest().FilterSelector(filter=self._filter(site, ref=ref, but=keep))
            for space in await self._spaces(client, name):
                await client.delete(space.collection(name), what, wait=True)

    async def delete_ids(self, name: str, space: Space, site: str, ids: Sequence[str]) -> None:
        async with self._asking() as client:
            if ids and await self._exists(client, name, space):
                what = self._rest().FilterSelector(filter=self._filter(site, ids=ids))
                await client.delete(space.collection(name), what, wait=True)

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
        async with self._asking() as client:
            if not await self._exists(client, name, space):
                return []
            found = await client.query_points(
                space.collection(name),
                query=list(vector),
                query_filter=self._filter(site, entity=entity),
                limit=limit,
                score_threshold=min_score if min_score > -1 else None,  # -1.0000001 is opposite, too
                with_payload=True,
            )
            return [Hit(Passage.of(point.id, point.payload or {}), point.score) for point in found.points]

    async def known(self, name: str, space: Space, site: str, ids: Sequence[str]) -> dict[str, Passage]:
        found = await self._scroll(name, space, site, limit=max(1, len(ids)), ids=ids) if ids else Page([], None)
        return {passage.id: passage for passage in found.passages}

    async def page(self, name: str, space: Space, site: str, *, after: str | None = None, limit: int = 100) -> Page:
        return await self._scroll(name, space, site, limit=limit, after=after)

    async def oldest(self, name: str, space: Space, site: str, limit: int) -> list[str]:
        found = await self._scroll(name, space, site, limit=limit, by_time=True)
        return [passage.id for passage in found.passages]

    async def count(self, name: str, space: Space, site: str) -> int:
        async with self._asking() as client:
            if not await self._exists(client, name, space):
                return 0
            counted = await client.count(space.collection(name), count_filter=self._filter(site), exact=True)
            return int(counted.count)

    async def aliases(self) -> dict[str, Space]:
        async with self._asking() as client:
            return await self._aliases(client)

    async def spaces(self, name: str) -> list[Space]:
        async with self._asking() as client:
            there = await self._spaces(client, name)
            return [space for space in there if (await client.count(space.collection(name), exact=True)).count]

    async def switch(self, name: str, space: Space) -> None:
        async with self._asking() as client:
            await self._make(client, name, space)
            if (await self._aliases(client)).get(name) != space:
                await self._point(client, name, space, replace=True)
            for other in await self._spaces(client, name):
                if other != space and not (await client.count(other.collection(name), exact=True)).count:
                    self._made.discard(other.collection(name))
                    await client.delete_collection(other.collection(name))

    async def ping(self) -> str:
        async with self._asking() as client:
            version = (await client.info()).version
        return f"{self._url}, Qdrant {version}"

    async def close(self) -> None:
        if self._client is not None:
            await self._client.close()
            self._client = None

    # --- collections -------------------------------------------------------------------------------------------------

    async def _make(self, client: "AsyncQdrantClient", name: str, space: Space) -> None:
        """Make collection, indexes and alias where they are missing. Each step may have been done by a process that
        died after it, or by one that runs beside us."""
        physical = space.collection(name)
        if physical in self._made:
            return
        models = self._rest()
        if not await client.collection_exists(physical):
            parts = models.VectorParams(size=space.dim, distance=models.Distance.COSINE, on_disk=True)
            await self._unless_there(client.create_collection(physical, vectors_config=parts))
        for field in _KEYWORDS:
            await client.create_payload_index(physical, field, models.PayloadSchemaType.KEYWORD)
        await client.create_payload_index(physical, "us", models.PayloadSchemaType.INTEGER)
        if name not in await self._aliases(client):
            await self._point(client, name, space, replace=False)
        self._made.add(physical)

    async def _point(self, client: "AsyncQdrantClient", name: str, space: Space, *, replace: bool) -> None:
        models = self._rest()
        steps: list[rest.AliasOperations] = []
        if replace:
            steps.append(models.DeleteAliasOperation(delete_alias=models.DeleteAlias(alias_name=name)))
        made = models.CreateAlias(collection_name=space.collection(name), alias_name=name)
        steps.append(models.CreateAliasOperation(create_alias=made))
        await client.update_collection_aliases(steps)

    async def _aliases(self, client: "AsyncQdrantClient") -> dict[str, Space]:
        found = {}
        for alias in (await client.get_aliases()).aliases:
            ours = name_and_space(alias.collection_name)
            if ours is not None and ours[0] == alias.alias_name:
                found[ours[0]] = ours[1]
        return found

    async def _spaces(self, client: "AsyncQdrantClient", name: str) -> list[Space]:
        there = [name_and_space(one.name) for one in (await client.get_collections()).collections]
        return [ours[1] for ours in there if ours is not None and ours[0] == name]

    async def _exists(self, client: "AsyncQdrantClient", name: str, space: Space) -> bool:
        physical = space.collection(name)
        return physical in self._made or await client.collection_exists(physical)

    async def _unless_there(self, making: Any) -> None:
        from qdrant_client.http.exceptions import UnexpectedResponse

        try:
            await making
        except UnexpectedResponse as error:
            if error.status_code != 409:
                raise

    # --- asking ------------------------------------------------------------------------------------------------------

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
        async with self._asking() as client:
            if not await self._exists(client, name, space):
                return Page([], None)
            found, following = await client.scroll(
                space.collection(name),
                scroll_filter=self._filter(site, ids=ids),
                limit=limit,
                offset=str(UUID(after)) if after else None,
                order_by=self._rest().OrderBy(key="us") if by_time else None,
                with_payload=True,
            )
            passages = [Passage.of(point.id, point.payload or {}) for point in found]
            return Page(passages, UUID(str(following)).hex if following is not None else None)

    def _filter(
        self, site: str, *, entity: str = "", ref: str = "", ids: Sequence[str] = (), but: Sequence[str] = ()
    ) -> "rest.Filter":
        """Points of one site; an empty argument says nothing."""
        models = self._rest()
        equal = {"site": site, "entity": entity, "ref": ref}
        must: list[Any] = [
            models.FieldCondition(key=key, match=models.MatchValue(value=value))
            for key, value in equal.items()
            if value or key == "site"
        ]
        if ids:
            must.append(models.HasIdCondition(has_id=[str(UUID(one)) for one in ids]))
        must_not: list[Any] = [models.HasIdCondition(has_id=[str(UUID(one)) for one in but])] if but else []
        found: rest.Filter = models.Filter(must=must, must_not=must_not)
        return found

    def _rest(self) -> Any:
        assert self._models is not None
        return self._models

    @asynccontextmanager
    async def _asking(self) -> "AsyncIterator[AsyncQdrantClient]":
        """The client, for calls that end in time together. A server that is away, refuses us or talks garbage is
        VectorsUnavailable; what is wrong with our own request is not."""
        try:
            async with asyncio.timeout(self._timeout_s):
                client = await self._open()
                from qdrant_client.http.exceptions import ResponseHandlingException, UnexpectedResponse

                try:
                    yield client
                except ResponseHandlingException as error:
                    raise VectorsUnavailable(f"Qdrant at {self._url}: {error}") from error
                except ValueError as error:  # no JSON, or not of Qdrant's shape
                    raise VectorsUnavailable(
                        f"{self._url} does not answer as Qdrant does: {str(error)[:200]}"
                    ) from error
                except UnexpectedResponse as error:
                    self._made.clear()  # a collection that we knew may have been dropped by somebody
                    if error.status_code == 400:
                        raise
                    raise VectorsUnavailable(
                        f"Qdrant at {self._url} answers {error.status_code} {error.reason_phrase}"
                    ) from error
        except TimeoutError:
            raise VectorsUnavailable(f"Qdrant at {self._url}: no answer within {self._timeout_s:g} s") from None

    async def _open(self) -> "AsyncQdrantClient":
        async with self._lock:
            if self._client is None:
                package = await asyncio.to_thread(importlib.import_module, "qdrant_client")
                self._models = package.models
                with warnings.catch_warnings():  # a key without TLS is what an inner network of containers has
                    warnings.simplefilter("ignore", UserWarning)
                    self._client = package.AsyncQdrantClient(
                        url=self._url,
                        api_key=self._api_key or None,
                        timeout=max(1, round(self._timeout_s)),
                        check_compatibility=False,  # it would ask the server here, without a bound of its own
                    )
            return self._client
