"""Outcomes of handlers: a dependency that is away pauses a consumer, and an endpoint says so instead of breaking."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import nullcontext
from functools import wraps
from typing import Any, TypeVar

from groundcrew.bus.port import BusUnavailable, Delivery, Handler, HandlerOfMany, RequestFailed, StreamFull, Unavailable
from groundcrew.contracts.queries import Failure
from groundcrew.stores.paging import BadCursor
from groundcrew.stores.port import StoreUnavailable
from groundcrew.telemetry.log import correlated

Q = TypeVar("Q")
R = TypeVar("R")


def pausing(handler: Handler) -> Handler:
    """Wrap a message handler: log lines carry the message's ids, and a store or broker that is away pauses the
    consumer (`Unavailable`, which spends no delivery) until it is back."""

    @wraps(handler)
    async def guarded(delivery: Delivery[Any]) -> None:
        with correlated(delivery.envelope):
            try:
                await handler(delivery)
            except StoreUnavailable as error:
                raise Unavailable(error.dependency, str(error)) from error
            except (BusUnavailable, StreamFull) as error:
                raise Unavailable("nats", str(error)) from error

    return guarded


def pausing_together(handler: HandlerOfMany) -> HandlerOfMany:
    """As `pausing`, for a handler of many messages; log lines carry the ids of one that comes alone."""

    @wraps(handler)
    async def guarded(deliveries: Sequence[Delivery[Any]]) -> None:
        with correlated(deliveries[0].envelope) if len(deliveries) == 1 else nullcontext():
            try:
                await handler(deliveries)
            except StoreUnavailable as error:
                raise Unavailable(error.dependency, str(error)) from error
            except (BusUnavailable, StreamFull) as error:
                raise Unavailable("nats", str(error)) from error

    return guarded


def answering(handler: Callable[[Q], Awaitable[R]]) -> Callable[[Q], Awaitable[R]]:
    """Wrap an endpoint's handler: a store or broker that is away is the answer UNAVAILABLE, with the reason, and a
    cursor that no page gave out is INVALID."""

    @wraps(handler)
    async def guarded(request: Q) -> R:
        try:
            return await handler(request)
        except (StoreUnavailable, BusUnavailable, StreamFull) as error:
            raise RequestFailed(Failure.UNAVAILABLE, str(error)) from error
        except BadCursor as error:
            raise RequestFailed(Failure.INVALID, str(error)) from error

    return guarded
