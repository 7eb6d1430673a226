"""What every bus does, in the words of the services. `jetstream.JetStreamBus` and `memory.MemoryBus` implement it,
and one behaviour suite (`tests/contract/bus`) runs against both.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from groundcrew.contracts.envelope import Envelope, Message, Record
from groundcrew.contracts.queries import Endpoint, Failure, StreamEndpoint
from groundcrew.contracts.streams import Durable

M_co = TypeVar("M_co", bound=Message, covariant=True)
Q = TypeVar("Q", bound=Record)
R = TypeVar("R", bound=Record)


class BusError(Exception):
    """Something went wrong between us and the bus."""


class PublishDenied(BusError):
    """The broker's permissions forbid this subject; retrying cannot help."""


class BusUnavailable(BusError):
    """The broker did not take it in time. It may still be stored: publish the same envelope again, its id removes
    the double."""


class StreamFull(BusError):
    """The stream refuses more until its consumers catch up; hold the source back and try again."""


class MessageTooLarge(BusError):
    """More bytes than the broker takes in one message; cut the batch."""


class RequestFailed(BusError):
    """An endpoint answered with a failure, or nobody answered (UNAVAILABLE)."""

    def __init__(self, failure: Failure, reason: str) -> None:
        super().__init__(reason)
        self.failure = failure
        self.reason = reason


class Retry(Exception):
    """Raised by a handler: deliver again after `after_s` seconds (None: the bus' own backoff)."""

    def __init__(self, reason: str, after_s: float | None = None) -> None:
        super().__init__(reason)
        self.after_s = after_s


class Reject(Exception):
    """Raised by a handler: this message can never be handled; it goes to the dead letters with the reason."""


class Unavailable(Exception):
    """Raised by a handler: a dependency is down. The consumer pauses, holds the message (which spends no delivery)
    and calls the handler again until the dependency is back."""

    def __init__(self, dependency: str, reason: str) -> None:
        super().__init__(f"{dependency}: {reason}")
        self.dependency = dependency


@dataclass(frozen=True)
class Delivery(Generic[M_co]):
    """One delivery of one message. `sequence` is its place in the stream and never changes on redelivery.

    `turn` numbers the deliveries of a durable (of each of its partitions) over all processes that pull from it: two
    in a row mean that nobody else was given anything in between. 0 where it is not known.
    """

    envelope: Envelope[Any]
    sequence: int
    deliveries: int
    partition: int
    turn: int = 0

    @property
    def data(self) -> M_co:
        data: M_co = self.envelope.data
        return data


Handler = Callable[[Delivery[Any]], Awaitable[None]]
HandlerOfMany = Callable[[Sequence[Delivery[Any]]], Awaitable[None]]


class Consumer(Protocol):
    """A running pull consumer."""

    async def stop(self) -> None:
        """Take nothing new, let handlers finish, acknowledge. Bounded by the bus' drain time."""

    @property
    def paused(self) -> str | None:
        """The dependency it waits for, None while it runs."""


class Subscription(Protocol):
    async def stop(self) -> None: ...


@dataclass(frozen=True)
class Entry:
    """A KV value with its revision."""

    value: bytes
    revision: int


class KeyConflict(BusError):
    """Somebody else wrote the key meanwhile."""


class KeyValue(Protocol):
    """A bucket. Keys are made of `token`s joined by dots."""

    async def get(self, key: str) -> Entry | None: ...
    async def put(self, key: str, value: bytes) -> int:
        """Write unconditionally; returns the new revision."""

    async def create(self, key: str, value: bytes) -> int:
        """Write only where there is no value; raises KeyConflict."""

    async def update(self, key: str, value: bytes, revision: int) -> int:
        """Write only over this revision; raises KeyConflict."""

    async def delete(self, key: str) -> None: ...
    async def keys(self) -> list[str]: ...
    async def watch(self, callback: Callable[[str, bytes | None], Awaitable[None]]) -> Subscription:
        """Call back with each present value (before this returns), then with each change (None: deleted). The same
        value may come twice; the last one always comes."""


class Bus(Protocol):
    """The bus of one service in one site."""

    @property
    def site(self) -> str: ...

    async def publish(self, envelope: Envelope[Any]) -> None:
        """Store one message. Returns when the broker has it; the same id within the duplicate window is stored once.

        Raises PublishDenied, StreamFull, BusUnavailable, MessageTooLarge.
        """

    async def publish_batch(self, envelopes: Sequence[Envelope[Any]]) -> None:
        """Store many, in order per entity, also where it fails half way: nothing is stored before what precedes it.
        Raises like `publish`; then some may be stored already, and publishing all of them again is safe."""

    async def consume(
        self, durable: Durable, handler: Handler, *, concurrency: int = 1, entity: str | None = None
    ) -> Consumer:
        """Start pulling. `concurrency` handlers run at once, per partition where the durable is partitioned (keep 1
        there: order per entity depends on it). `entity` is required by, and only by, durables marked per_entity.

        The handler's outcome: returns -> acknowledged; Retry -> again later; Reject -> dead letter; Unavailable ->
        pause; any other exception -> again with backoff. A message is a dead letter after `max_deliver` failures
        (Retry or another exception) in one process, or as many deliveries that ended without any outcome because the
        process died; being held spends nothing, however often processes restart meanwhile. While a handler runs longer
        than a third of ack_wait, the broker is told so. A payload that does not decode is a dead letter at once.
        """

    async def consume_together(
        self, durable: Durable, handler: HandlerOfMany, *, at_most: int, concurrency: int = 1
    ) -> Consumer:
        """As `consume`, with what waits at the moment handed over together: at least one message, `at_most` many, in
        their order; one process hands over first what came first, with `concurrency`, too. Nobody waits for more to
        come. What the handler does counts for all of them; but where it raises anything but Unavailable with several,
        it is called again with each alone, so that no message spends another one's deliveries. Not for durables that
        are partitioned or per_entity (ValueError)."""

    async def tap(self, subject: str, callback: Callable[[Envelope[Any]], Awaitable[None]]) -> Subscription:
        """See live messages on a subject filter, at most once; for views that can refresh, never for state. When the
        callback is too slow, messages are dropped and counted."""

    async def request(
        self, endpoint: Endpoint[Q, R], request: Q, *, site: str | None = None, timeout: float = 5.0
    ) -> R:
        """Ask an endpoint's owner. Raises RequestFailed; no answer in time is UNAVAILABLE."""

    async def serve(self, endpoint: Endpoint[Q, R], handler: Callable[[Q], Awaitable[R]]) -> Subscription:
        """Answer an endpoint. A handler raises RequestFailed to answer with a failure; any other exception is
        INTERNAL, logged, and tells the caller nothing but that."""

    def request_stream(
        self, endpoint: StreamEndpoint[Q, R], request: Q, *, site: str | None = None, idle_s: float = 30.0
    ) -> AsyncGenerator[R, None]:
        """Ask for an answer in parts: all of them and in order. The iteration raises RequestFailed: a failure of the
        owner, UNAVAILABLE where nothing came for `idle_s` seconds or a part was lost. Whoever leaves early closes it
        (`contextlib.aclosing`): that tells the owner, who stops working on it."""

    async def serve_stream(
        self, endpoint: StreamEndpoint[Q, R], handler: Callable[[Q], AsyncIterator[R]]
    ) -> Subscription:
        """Answer an endpoint in parts. The iterator is closed where the caller leaves. Failures as in `serve`, also
        after some parts."""

    async def schedule(self, name: str, every_s: int) -> None:
        """Let the broker publish Tick(name) every so many seconds, once for all processes that ask for it."""

    async def key_value(self, bucket: str) -> KeyValue:
        """Open a bucket, made where it is missing."""

    @property
    def paused(self) -> Mapping[str, str]:
        """Which of our durables wait for a dependency, and for which."""

    async def ping(self) -> None:
        """Returns while the broker answers; raises BusUnavailable."""

    async def close(self) -> None:
        """Drain: consumers stop, pending publishes finish, bounded in time."""
