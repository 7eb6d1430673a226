"""Answering an endpoint: bytes in, bytes or RequestFailed out; the same on both buses."""

from collections.abc import Awaitable, Callable
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
    try:
        request = endpoint.request.model_validate_json(payload)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "request"
        raise RequestFailed(Failure.INVALID, f"{label_of(endpoint)}: {place}: {first['msg']}") from None
    try:
        reply = await handler(request)
    except RequestFailed:
        raise
    except Exception:  # a caller gets an answer whatever the handler raises; the log has the error
        log.exception("endpoint failed", endpoint=label_of(endpoint))
        raise RequestFailed(Failure.INTERNAL, INTERNAL) from None
    return reply.model_dump_json().encode()
