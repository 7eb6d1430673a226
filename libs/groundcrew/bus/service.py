"""Answering an endpoint: bytes in, bytes or RequestFailed out; the same on both buses."""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from typing import Any, TypeVar

from pydantic import ValidationError
from structlog.typing import FilteringBoundLogger

from groundcrew.bus.port import RequestFailed
from groundcrew.contracts.envelope import Record
from groundcrew.contracts.queries import Endpoint, Failure

Q = TypeVar("Q", bound=Record)
R = TypeVar("R", bound=Record)

INTERNAL = "the service failed to answer; its log says why"


def label_of(endpoint: Endpoint[Any, Any]) -> str:
    """The endpoint as a metric label: owner.what."""
    return f"{endpoint.owner}.{endpoint.what}"


async def answer(
    endpoint: Endpoint[Q, R], handler: Callable[[Q], Awaitable[R]], payload: bytes, log: FilteringBoundLogger
) -> bytes:
    """The reply's bytes. Raises RequestFailed, with nothing of an unexpected error in its text."""
    request = _read(endpoint, payload)
    try:
        reply = await handler(request)
    except RequestFailed:
        raise
    except Exception:  # a caller gets an answer whatever the handler raises; the log has the error
        log.exception("endpoint failed", endpoint=label_of(endpoint))
        raise RequestFailed(Failure.INTERNAL, INTERNAL) from None
    return reply.model_dump_json().encode()


async def answer_in_parts(
    endpoint: Endpoint[Q, R], handler: Callable[[Q], AsyncIterator[R]], payload: bytes, log: FilteringBoundLogger
) -> AsyncGenerator[bytes, None]:
    """The bytes of each part; closing it closes the handler's iterator. Raises like `answer`."""
    request = _read(endpoint, payload)
    try:
        async with aclosing(_closable(handler(request))) as parts:
            async for part in parts:
                yield part.model_dump_json().encode()
    except RequestFailed:
        raise
    except Exception:  # as above
        log.exception("endpoint failed", endpoint=label_of(endpoint))
        raise RequestFailed(Failure.INTERNAL, INTERNAL) from None


async def _closable(parts: AsyncIterator[R]) -> AsyncGenerator[R, None]:
    """Any iterator as one that can be closed; a generator is closed with it."""
    try:
        async for part in parts:
            yield part
    finally:
        if isinstance(parts, AsyncGenerator):
            await parts.aclose()


def _read(endpoint: Endpoint[Q, R], payload: bytes) -> Q:
    try:
        return endpoint.request.model_validate_json(payload)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "request"
        raise RequestFailed(Failure.INVALID, f"{label_of(endpoint)}: {place}: {first['msg']}") from None


def failure_of(code: str) -> Failure:
    """A newer owner may answer with a code that we don't know."""
    return Failure(code) if code in {f.value for f in Failure} else Failure.INTERNAL
