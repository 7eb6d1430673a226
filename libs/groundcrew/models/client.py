"""A server that speaks the OpenAI protocol: llama.cpp, vLLM, or any other.

Importing this imports `openai`, half a second and 40 MB: whoever has no model configured does not.
"""

import asyncio
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import httpx2
import openai
from openai.types.chat import ChatCompletionChunk

from groundcrew.contracts.completions import CompletionOutcome, Turn
from groundcrew.models.bounds import BoundedTransport, EncodedReply, ReplyTooLarge
from groundcrew.models.port import ModelFailed, Prompt, Said
from groundcrew.models.replies import (
    Usage,
    check_length,
    finished,
    malformed,
    quoted,
    read_model,
    read_part,
    read_reply,
    read_template,
    read_tokens,
)

MAX_REPLY_BYTES = 16 * 1024 * 1024
"""A streamed token comes with about 250 bytes around it."""

CONNECT_S = 2.0
MAX_CONNECTIONS = 64


class OpenAiServer:
    """`url` ends in `/v1`. An empty `name` means the first model that the server lists.

    Nothing of the environment is read (proxies, keys), no redirect is followed and nothing is tried twice: where a
    question goes, and how often, is decided by whoever asks.
    """

    def __init__(
        self,
        url: str,
        *,
        name: str = "",
        api_key: str = "",
        connect_s: float = CONNECT_S,
        max_bytes: int = MAX_REPLY_BYTES,
    ) -> None:
        self._url = url.rstrip("/")
        self._name = name
        self._listed = ""
        self._counts = True
        self._http = httpx2.AsyncClient(
            transport=BoundedTransport(
                httpx2.AsyncHTTPTransport(
                    trust_env=False,
                    retries=0,
                    limits=httpx2.Limits(max_connections=MAX_CONNECTIONS, max_keepalive_connections=4),
                ),
                max_bytes=max_bytes,
            ),
            timeout=httpx2.Timeout(None, connect=connect_s),
            trust_env=False,
            follow_redirects=False,
        )
        self._headers = {"authorization": f"Bearer {api_key}"} if api_key else {}
        self._client = openai.AsyncOpenAI(
            base_url=self._url,
            api_key=api_key or "none",
            organization="",
            project="",
            webhook_secret="",
            max_retries=0,
            http_client=self._http,
        )

    @property
    def address(self) -> str:
        """The URL without user, password and query."""
        parts = urlsplit(self._url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"

    async def model(self, *, within_s: float) -> str:
        """The configured name where the server lists anything at all, else the first that it lists."""
        with self._failures(f"it did not say within {within_s:g} s which models it has"):
            async with asyncio.timeout(within_s):
                reply = await self._client.get("/models", cast_to=httpx2.Response)
        self._listed = read_model(reply.content)
        return self._name or self._listed

    async def answer(self, prompt: Prompt, *, within_s: float) -> Said:
        with self._failures(f"no answer within {within_s:g} s"):
            async with asyncio.timeout(within_s):
                raw = await self._client.chat.completions.with_raw_response.create(
                    **await self._request(prompt, within_s), stream=False
                )
                body = raw.http_response.content
        return read_reply(body, prompt)

    async def stream(self, prompt: Prompt, *, within_s: float, first_s: float) -> AsyncGenerator[str | Said, None]:
        text: list[str] = []
        length, model, reason = 0, "", ""
        usage: Usage | None = None
        loop = asyncio.get_running_loop()
        end = loop.time() + within_s
        first = min(first_s, within_s)
        with self._failures(f"no beginning of an answer within {first:g} s"):
            async with asyncio.timeout(first):
                events = await self._client.chat.completions.create(
                    **await self._request(prompt, first), stream=True, stream_options={"include_usage": True}
                )
        try:
            first_end = loop.time() + first
            while True:
                due = end if text else min(end, first_end)
                with self._failures(f"no answer within {within_s if text else first:g} s"):
                    async with asyncio.timeout_at(due):
                        event = await anext(events, None)
                if event is None:
                    break
                part = read_part(_plain(event))
                usage, model = part.usage or usage, part.model or model
                for choice in part.choices[:1]:
                    reason = choice.finish_reason or reason
                    if piece := choice.delta.content:
                        text.append(piece)
                        length += len(piece)
                        check_length(prompt, length)
                        yield piece
        finally:
            await events.close()
        if not reason:
            raise malformed("the stream ended before the answer did")
        yield finished(prompt, "".join(text), model=model, reason=reason, usage=usage)

    async def count(self, turns: Sequence[Turn], *, within_s: float) -> int | None:
        """By llama.cpp's own endpoints beside `/v1`; a server without them is asked once."""
        if not self._counts:
            return None
        try:
            async with asyncio.timeout(within_s):
                made = await self._beside("/apply-template", {"messages": _messages(turns)})
                prompt = read_template(made.content) if made.is_success else None
                if prompt is not None:
                    counted = await self._beside("/tokenize", {"content": prompt, "add_special": True})
                    if (tokens := read_tokens(counted.content)) is not None:
                        return tokens
        except (httpx2.HTTPError, TimeoutError):
            return None
        self._counts = False
        return None

    async def close(self) -> None:
        await self._client.close()

    async def _beside(self, path: str, body: Any) -> httpx2.Response:
        return await self._http.post(self._url.removesuffix("/v1") + path, json=body, headers=self._headers)

    async def _request(self, prompt: Prompt, within_s: float) -> dict[str, Any]:
        request: dict[str, Any] = {
            "model": self._name or self._listed or await self.model(within_s=within_s),
            "messages": _messages(prompt.turns),
            "max_tokens": prompt.max_tokens,
            "temperature": prompt.temperature,
        }
        if prompt.answer_schema is not None:
            request["response_format"] = {
                "type": "json_schema",
                "json_schema": {"name": "answer", "schema": prompt.answer_schema, "strict": True},
            }
        return request

    @contextmanager
    def _failures(self, late: str) -> Iterator[None]:
        """Whatever goes wrong on the way comes out as one kind of failure."""
        try:
            yield
        except (openai.APITimeoutError, TimeoutError) as error:
            if isinstance(error.__cause__, httpx2.ConnectTimeout):
                raise self._unreachable("no connection in time") from error
            raise ModelFailed(CompletionOutcome.TIMED_OUT, f"{self.address}: {late}") from error
        except openai.APIStatusError as error:
            raise self._refused(error.status_code, error.body) from error
        except openai.APIConnectionError as error:
            raise self._broken(error.__cause__ or error) from error
        except httpx2.HTTPError as error:
            raise self._broken(error) from error
        except openai.APIError as error:  # an error in mid-stream, or a reply of another shape
            raise malformed(f"{self.address}: {quoted(error.message)}") from error
        except (ValueError, TypeError, AttributeError, KeyError, RecursionError) as error:
            # what the client stumbles over where the reply is no JSON or of another shape than it takes for granted
            raise malformed(f"{self.address}: the reply is no part of the protocol ({type(error).__name__})") from error

    def _broken(self, error: BaseException) -> ModelFailed:
        if isinstance(error, (ReplyTooLarge, EncodedReply, httpx2.RemoteProtocolError, httpx2.DecodingError)):
            return malformed(f"{self.address}: {quoted(str(error)) or 'the connection broke off'}")
        return self._unreachable(quoted(str(error)) or type(error).__name__)

    def _unreachable(self, reason: str) -> ModelFailed:
        return ModelFailed(CompletionOutcome.UNREACHABLE, f"{self.address}: {reason}")

    def _refused(self, status: int, body: object) -> ModelFailed:
        said = body.get("message") if isinstance(body, dict) else None
        words = f": {quoted(said)}" if isinstance(said, str) and said else ""
        text = f"{self.address} answered {status}{words}"
        if status in (429, 503):
            return ModelFailed(CompletionOutcome.BUSY, text)
        if status in (400, 413) and ("context" in words or "exceed" in words):
            return ModelFailed(CompletionOutcome.OVER_BUDGET, text)
        if status in (400, 413, 422):
            return malformed(text)
        return ModelFailed(CompletionOutcome.UNREACHABLE, text)


def _messages(turns: Sequence[Turn]) -> list[dict[str, str]]:
    return [{"role": turn.role, "content": turn.text} for turn in turns]


def _plain(event: object) -> object:
    """An event as plain data: the client makes objects of it without looking what is in it."""
    return event.to_dict(warnings=False) if isinstance(event, ChatCompletionChunk) else event
