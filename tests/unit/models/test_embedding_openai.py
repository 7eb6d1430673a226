"""The embeddings client against a server that behaves, and against one that does not."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from groundcrew.models.embedding import EmbedderUnavailable
from groundcrew.models.embedding_openai import OpenAiEmbedder


class EmbeddingServer:
    """Answers `/v1/embeddings`: each text becomes [its length, 1], unless a test says otherwise."""

    def __init__(self) -> None:
        self.asked: list[dict] = []
        self.keys: list[str | None] = []
        self.answer: Response | None = None
        self.hang = False
        self._sock = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._sock.getsockname()[1]}/v1"
        app = Starlette(routes=[Route("/v1/embeddings", self._embed, methods=["POST"])])
        self._server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off", timeout_graceful_shutdown=1))

    async def start(self) -> None:
        self._task = asyncio.create_task(self._server.serve(sockets=[self._sock]))
        while not self._server.started:
            await asyncio.sleep(0.01)

    async def stop(self) -> None:
        self._server.should_exit = True
        await self._task
        self._sock.close()

    async def _embed(self, request: Request) -> Response:
        body = await request.json()
        self.asked.append(body)
        self.keys.append(request.headers.get("authorization"))
        if self.hang:
            await asyncio.sleep(3_600)
        if self.answer is not None:
            return self.answer
        data = [
            {"index": number, "object": "embedding", "embedding": [len(text), 1.0]}
            for number, text in enumerate(body["input"])
        ]
        # a server may answer in any order
        answer = {"object": "list", "data": data[::-1], "usage": {"prompt_tokens": 1, "total_tokens": 1}}
        return Response(json.dumps(answer), media_type="application/json")


@pytest.fixture
async def server() -> AsyncIterator[EmbeddingServer]:
    one = EmbeddingServer()
    await one.start()
    yield one
    await one.stop()


async def test_vectors_come_in_the_order_of_the_texts_and_have_length_one(server: EmbeddingServer):
    embedder = OpenAiEmbedder(server.url, "Org/Model_v2", api_key="a-key")
    first, second = await embedder.embed(["abc", ""])
    assert first == pytest.approx([3 / 10**0.5, 1 / 10**0.5])
    assert second == pytest.approx([1 / 2**0.5, 1 / 2**0.5])  # an empty text is sent as a blank
    assert await embedder.dimension() == 2
    assert server.asked == [{"model": "Org/Model_v2", "input": ["abc", " "], "encoding_format": "float"}]
    assert server.keys == ["Bearer a-key"]
    assert embedder.name == "org-2fmodel-5fv2"  # as a collection's name may carry it
    await embedder.close()


async def test_a_long_text_is_cut(server: EmbeddingServer):
    embedder = OpenAiEmbedder(server.url, "m", max_characters=10)
    await embedder.embed(["x" * 50])
    assert server.asked[0]["input"] == ["x" * 10]
    await embedder.close()


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("<html>busy</html>", "answers garbage"),
        ('{"data": []}', "answers 0 vectors to 2 texts"),
        ('{"data": [{"index": 0, "embedding": [1]}, {"index": 0, "embedding": [1]}]}', "answers 2 vectors to 2"),
        ('{"data": [{"index": 0, "embedding": [1]}, {"index": 1, "embedding": [1, 2]}]}', "one length is expected"),
        ('{"data": [{"index": 0, "embedding": [0, 0]}, {"index": 1, "embedding": [1, 2]}]}', "without a length"),
        ('{"data": [{"index": 0, "embedding": ["a"]}, {"index": 1, "embedding": [1]}]}', "answers garbage"),
    ],
)
async def test_garbage_is_unavailable_and_said(server: EmbeddingServer, body: str, says: str):
    server.answer = Response(body, media_type="application/json")
    embedder = OpenAiEmbedder(server.url, "m")
    with pytest.raises(EmbedderUnavailable, match=says):
        await embedder.embed(["a", "b"])
    await embedder.close()


async def test_a_refused_key_is_said_and_not_shown(server: EmbeddingServer):
    server.answer = Response("no", status_code=401)
    embedder = OpenAiEmbedder(server.url, "m", api_key="secret-key")
    with pytest.raises(EmbedderUnavailable, match="answers status 401") as refused:
        await embedder.embed(["a"])
    assert "secret-key" not in str(refused.value)
    await embedder.close()


async def test_a_server_that_hangs_is_not_waited_for(server: EmbeddingServer):
    server.hang = True
    embedder = OpenAiEmbedder(server.url, "m", timeout_s=0.2)
    with pytest.raises(EmbedderUnavailable, match=r"within 0\.2 s|Timeout"):
        await embedder.embed(["a"])
    await embedder.close()


async def test_a_server_that_changes_its_model_is_noticed(server: EmbeddingServer):
    embedder = OpenAiEmbedder(server.url, "m")
    await embedder.embed(["a"])
    server.answer = Response('{"data": [{"index": 0, "embedding": [1, 2, 3]}]}', media_type="application/json")
    with pytest.raises(EmbedderUnavailable, match="one length is expected, always"):
        await embedder.embed(["a"])
    await embedder.close()
