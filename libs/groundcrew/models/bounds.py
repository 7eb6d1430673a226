"""A transport that reads no more of a reply than it is worth, whatever the server sends."""

from collections.abc import AsyncIterator

import httpx2


class ReplyTooLarge(httpx2.TransportError):
    """More bytes than a reply may have."""


class EncodedReply(httpx2.TransportError):
    """A compressed reply: we ask for none, and its size could not be bounded."""


class BoundedTransport(httpx2.AsyncBaseTransport):
    """Over the ordinary one. Bytes are counted as they come, before anything is kept."""

    def __init__(self, inner: httpx2.AsyncBaseTransport, *, max_bytes: int) -> None:
        self._inner = inner
        self._max_bytes = max_bytes

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        request.headers["accept-encoding"] = "identity"
        response = await self._inner.handle_async_request(request)
        if response.headers.get("content-encoding", "identity") != "identity":
            await response.aclose()
            msg = "the reply is compressed"
            raise EncodedReply(msg, request=request)
        assert isinstance(response.stream, httpx2.AsyncByteStream)
        response.stream = _Bounded(response.stream, self._max_bytes, request)
        return response

    async def aclose(self) -> None:
        await self._inner.aclose()


class _Bounded(httpx2.AsyncByteStream):
    def __init__(self, inner: httpx2.AsyncByteStream, left: int, request: httpx2.Request) -> None:
        self._inner = inner
        self._left = left
        self._request = request

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._inner:
            self._left -= len(chunk)
            if self._left < 0:
                msg = "the reply is larger than any answer"
                raise ReplyTooLarge(msg, request=self._request)
            yield chunk

    async def aclose(self) -> None:
        await self._inner.aclose()
