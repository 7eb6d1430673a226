"""Vectors from a server that speaks the OpenAI protocol's `/v1/embeddings`: llama.cpp, vLLM, or any other.

A plain HTTP client is enough for its one request, and is a tenth of the memory of the official one.
"""

import asyncio
from collections.abc import Sequence
from math import sqrt
from typing import TYPE_CHECKING

from pydantic import BaseModel, Field, ValidationError

from groundcrew.contracts.identity import token
from groundcrew.models.embedding import EmbedderUnavailable

if TYPE_CHECKING:
    import httpx2

MAX_ANSWER = 32 * 1024 * 1024
MAX_DIMENSION = 16_384


class _One(BaseModel):
    index: int = Field(ge=0)
    embedding: list[float] = Field(min_length=1, max_length=MAX_DIMENSION)


class _Answer(BaseModel):
    data: list[_One]


class OpenAiEmbedder:
    """`url` ends in `/v1`. `max_characters` of a text are sent, as the server refuses what its model cannot read."""

    min_score = 0.2

    def __init__(
        self, url: str, model: str, *, api_key: str = "", timeout_s: float = 30.0, max_characters: int = 2_000
    ) -> None:
        self._url = url.rstrip("/") + "/embeddings"
        self._model = model
        self._api_key = api_key
        self._timeout_s = timeout_s
        self._max_characters = max_characters
        self._client: httpx2.AsyncClient | None = None
        self._dimension = 0

    @property
    def name(self) -> str:
        """The model's name as a collection's name may carry it."""
        return token(self._model).replace("_", "-").strip("-")[:80] or "model"

    async def dimension(self) -> int:
        if not self._dimension:
            await self.embed(["dimension"])
        return self._dimension

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        if not texts:
            return []
        body = await self._ask([text[: self._max_characters] or " " for text in texts])
        try:
            found = sorted(_Answer.model_validate_json(body).data, key=lambda one: one.index)
        except ValidationError as error:
            raise self._wrong(f"answers garbage: {error.errors()[0]['msg']}") from None
        if [one.index for one in found] != list(range(len(texts))):
            raise self._wrong(f"answers {len(found)} vectors to {len(texts)} texts")
        lengths = {len(one.embedding) for one in found} | ({self._dimension} if self._dimension else set())
        if len(lengths) != 1:
            raise self._wrong(f"answers vectors of {sorted(lengths)} numbers; one length is expected, always")
        self._dimension = lengths.pop()
        return [self._scaled(one.embedding) for one in found]

    async def close(self) -> None:
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    async def _ask(self, texts: list[str]) -> bytes:
        import httpx2

        if self._client is None:
            headers = {"Authorization": f"Bearer {self._api_key}"} if self._api_key else {}
            self._client = httpx2.AsyncClient(timeout=self._timeout_s, headers=headers, trust_env=False)
        question = {"model": self._model, "input": texts, "encoding_format": "float"}
        try:
            async with asyncio.timeout(self._timeout_s), self._client.stream("POST", self._url, json=question) as reply:
                body = bytearray()
                async for piece in reply.aiter_bytes():
                    body += piece
                    if len(body) > MAX_ANSWER:
                        raise self._wrong(f"answers more than {MAX_ANSWER} bytes")
        except TimeoutError:
            raise self._wrong(f"does not answer within {self._timeout_s:g} s") from None
        except httpx2.HTTPError as error:
            raise self._wrong(f"cannot be asked: {str(error) or type(error).__name__}") from error
        if reply.status_code != 200:
            raise self._wrong(f"answers status {reply.status_code}")
        return bytes(body)

    def _scaled(self, vector: list[float]) -> list[float]:
        length = sqrt(sum(x * x for x in vector))
        if not 0 < length < float("inf"):
            raise self._wrong("answers a vector without a length")
        return [x / length for x in vector]

    def _wrong(self, what: str) -> EmbedderUnavailable:
        return EmbedderUnavailable(f"the embedding server {self._url} {what}")
