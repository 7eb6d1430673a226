"""A small HTTP server that speaks the part of Qdrant's REST protocol that we use, over qdrant-client's local mode.

There is no Qdrant server to be had from packages. Here the real client goes over real HTTP, and what points, filters
and aliases mean comes from Qdrant's authors, not from us. What it cannot show is the real server's own behaviour: its
durability, its indexes, its limits.
"""

import asyncio
import json
import socket
from collections.abc import Awaitable, Callable
from typing import Any

import uvicorn
from qdrant_client import QdrantClient
from qdrant_client import models as rest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

VERSION = "1.16.0"


class ProtocolServer:
    """Listens on a free loopback port until `stop`."""

    def __init__(self, api_key: str = "") -> None:
        self.client = QdrantClient(":memory:")
        self.api_key = api_key
        self.hang = False
        self.garbage = False
        self.indexes: set[tuple[str, str]] = set()
        self._sock = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._sock.getsockname()[1]}"
        config = uvicorn.Config(self._app(), log_config=None, lifespan="off", timeout_graceful_shutdown=1)
        self._server = uvicorn.Server(config)
        self._server.config.load()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._task = asyncio.create_task(self._server.serve(sockets=[self._sock]))
        while not self._server.started:
            await asyncio.sleep(0.01)

    async def stop(self) -> None:
        self._server.should_exit = True
        if self._task is not None:
            await self._task
        self._sock.close()
        self.client.close()

    def _app(self) -> Starlette:
        named = "/collections/{name}"
        routes: list[tuple[str, str, Callable[[Request], Awaitable[Any]]]] = [
            ("GET", "/", self._info),
            ("GET", "/collections", self._collections),
            ("GET", "/aliases", self._aliases),
            ("POST", "/collections/aliases", self._change_aliases),
            ("GET", f"{named}/exists", self._exists),
            ("PUT", f"{named}/index", self._index),
            ("PUT", f"{named}/points", self._upsert),
            ("POST", f"{named}/points/delete", self._delete),
            ("POST", f"{named}/points/query", self._query),
            ("POST", f"{named}/points/scroll", self._scroll),
            ("POST", f"{named}/points/count", self._count),
            ("PUT", named, self._create),
            ("DELETE", named, self._drop),
        ]
        return Starlette(routes=[Route(path, self._guarded(work), methods=[how]) for how, path, work in routes])

    def _guarded(self, work: Callable[[Request], Awaitable[Any]]) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            if self.hang:
                await asyncio.sleep(3_600)
            if self.garbage:
                return Response("<html>proxy error</html>", media_type="text/html")
            if self.api_key and request.headers.get("api-key") != self.api_key:
                return JSONResponse({"status": {"error": "Invalid api-key"}}, 403)
            try:
                result = await work(request)
            except ValueError as error:  # how local mode says that there is no such collection, or one already
                status = 409 if "already exists" in str(error) else 404
                return JSONResponse({"status": {"error": str(error)}, "time": 0}, status)
            if request.url.path == "/":
                return JSONResponse(result)
            return Response(_json({"result": result, "status": "ok", "time": 0}), media_type="application/json")

        return answer

    async def _info(self, request: Request) -> Any:
        del request
        return {"title": "qdrant - vector search engine", "version": VERSION}

    async def _collections(self, request: Request) -> Any:
        del request
        return self.client.get_collections()

    async def _aliases(self, request: Request) -> Any:
        del request
        return self.client.get_aliases()

    async def _change_aliases(self, request: Request) -> Any:
        change = rest.ChangeAliasesOperation.model_validate(await request.json())
        return self.client.update_collection_aliases(change.actions)

    async def _exists(self, request: Request) -> Any:
        return {"exists": self.client.collection_exists(request.path_params["name"])}

    async def _create(self, request: Request) -> Any:
        body = rest.CreateCollection.model_validate(await request.json())
        return self.client.create_collection(request.path_params["name"], vectors_config=body.vectors)

    async def _drop(self, request: Request) -> Any:
        return self.client.delete_collection(request.path_params["name"])

    async def _index(self, request: Request) -> Any:
        """Local mode has no indexes: they are noted, so that a test can ask for them."""
        self.indexes.add((request.path_params["name"], (await request.json())["field_name"]))
        return _DONE

    async def _upsert(self, request: Request) -> Any:
        points = rest.PointsList.model_validate(await request.json()).points
        self.client.upsert(request.path_params["name"], points)
        return _DONE

    async def _delete(self, request: Request) -> Any:
        self.client.delete(request.path_params["name"], rest.FilterSelector.model_validate(await request.json()))
        return _DONE

    async def _query(self, request: Request) -> Any:
        body = rest.QueryRequest.model_validate(await request.json())
        query = body.query.nearest if isinstance(body.query, rest.NearestQuery) else body.query
        return self.client.query_points(
            request.path_params["name"],
            query=query,
            query_filter=body.filter,
            limit=body.limit or 10,
            score_threshold=body.score_threshold,
            with_payload=True,
        )

    async def _scroll(self, request: Request) -> Any:
        body = rest.ScrollRequest.model_validate(await request.json())
        points, following = self.client.scroll(
            request.path_params["name"],
            scroll_filter=body.filter,
            limit=body.limit or 10,
            offset=body.offset,
            order_by=body.order_by,
            with_payload=True,
        )
        return {"points": [point.model_dump(mode="json") for point in points], "next_page_offset": following}

    async def _count(self, request: Request) -> Any:
        body = rest.CountRequest.model_validate(await request.json())
        return self.client.count(request.path_params["name"], count_filter=body.filter, exact=True)


_DONE = {"operation_id": 0, "status": "completed"}


def _json(value: Any) -> str:
    return json.dumps(value, default=lambda one: one.model_dump(mode="json"))
