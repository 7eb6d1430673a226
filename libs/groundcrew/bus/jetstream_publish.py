"""Publishing to JetStream: many messages under way at once, each acknowledged, all within a time.

Order holds per entity: of one entity, a message is sent when the one before it is stored. Sending them all at once
would let the server refuse an early one (a stream that is full but for a small message, JetStream just coming up) and
store a later one, and publishing the batch again would then put the early one behind it. Entities go side by side.

Our own acknowledgement inbox instead of `publish_async` of nats-py, which drops a refusal of the server (a full stream)
on the floor, so that the caller sees a timeout (`APIError.from_error` raises there instead of returning; 2.16).
"""

import asyncio
import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import nats.errors
import orjson
from nats.aio.msg import Msg

from groundcrew.bus.jetstream_connection import Connection, reason_of
from groundcrew.bus.metrics import BusMetrics
from groundcrew.bus.port import BusError, BusUnavailable, MessageTooLarge, PublishDenied, StreamFull
from groundcrew.contracts.envelope import Envelope, encode
from groundcrew.contracts.streams import subject_of

TIMEOUT_S = 5.0
WINDOW_MESSAGES, WINDOW_BYTES = 500, 8 * 1024 * 1024
_FULL = frozenset({10077, 10047, 10023})  # maximum bytes exceeded, insufficient storage, insufficient resources
_DEAD_LETTER_SHARE = 0.7  # of max_payload: a dead letter carries the message in base64


class Publisher:
    """Of one bus."""

    def __init__(self, connection: Connection, metrics: BusMetrics) -> None:
        self._connection = connection
        self._metrics = metrics
        self._inbox = ""
        self._numbers = itertools.count()
        self._pending: dict[str, asyncio.Future[None]] = {}

    async def start(self) -> None:
        self._inbox = self._connection.client.new_inbox()
        await self._connection.client.subscribe(f"{self._inbox}.*", cb=self._on_ack)
        self._connection.on_loss(self._on_loss)

    def _on_loss(self) -> None:
        """What is under way may be stored or not; its acknowledgement will not come on the next connection."""
        msg = f"NATS at {self._connection.address}: connection lost while publishing"
        for ack in list(self._pending.values()):
            if not ack.done():
                ack.set_exception(BusUnavailable(msg))

    async def publish(self, envelopes: Sequence[Envelope[Any]]) -> None:
        """In order per entity, in windows of at most WINDOW_MESSAGES and (but for one larger message) WINDOW_BYTES."""
        window: list[tuple[Envelope[Any], bytes]] = []
        size = 0
        for envelope in envelopes:
            payload = encode(envelope)
            if window and (len(window) >= WINDOW_MESSAGES or size + len(payload) > WINDOW_BYTES):
                await self._publish_window(window)
                window, size = [], 0
            window.append((envelope, payload))
            size += len(payload)
        if window:
            await self._publish_window(window)

    async def _publish_window(self, window: Sequence[tuple[Envelope[Any], bytes]]) -> None:
        lanes: dict[str, list[tuple[Envelope[Any], bytes]]] = {}
        for envelope, payload in window:
            lanes.setdefault(envelope.entity, []).append((envelope, payload))
        failures = [failed for failed in await asyncio.gather(*map(self._publish_lane, lanes.values())) if failed]
        if failures:
            raise failures[0]

    async def _publish_lane(self, lane: Sequence[tuple[Envelope[Any], bytes]]) -> BusError | None:
        """The messages of one entity, one after another; what ended that, None where all are stored."""
        for index, (envelope, payload) in enumerate(lane):
            ack: asyncio.Future[None] | None = None
            try:
                await self._connection.ready(TIMEOUT_S)
                self._check_size(envelope, payload)
                async with asyncio.timeout(TIMEOUT_S):
                    ack = await self._send(subject_of(envelope), payload, headers_of(envelope))
                    await ack
            except (TimeoutError, nats.errors.Error, BusError, OSError) as error:
                failure = self._failure(error)
                for unsent, _ in lane[index:]:
                    self._count(unsent, failure)
                return failure
            finally:
                if ack is not None:
                    ack.cancel()
            self._count(envelope, None)
        return None

    async def publish_raw(self, subject: str, payload: bytes, headers: Mapping[str, str]) -> None:
        """One message that is no envelope's own (a schedule)."""
        ack: asyncio.Future[None] | None = None
        try:
            await self._connection.ready(TIMEOUT_S)
            async with asyncio.timeout(TIMEOUT_S):
                ack = await self._send(subject, payload, headers)
                await ack
        except (TimeoutError, nats.errors.Error, BusError, OSError) as error:
            raise self._failure(error) from None
        finally:
            if ack is not None:
                ack.cancel()

    def _check_size(self, envelope: Envelope[Any], payload: bytes) -> None:
        limit = int(self._connection.client.max_payload * _DEAD_LETTER_SHARE)
        if len(payload) > limit and envelope.type != "deadletter":
            msg = f"{envelope.type} of {len(payload)} bytes; this server takes {limit}, cut the batch"
            raise MessageTooLarge(msg)

    async def _send(self, subject: str, payload: bytes, headers: Mapping[str, str]) -> asyncio.Future[None]:
        number = str(next(self._numbers))
        ack: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._pending[number] = ack
        ack.add_done_callback(lambda done: self._done(number, done))
        self._connection.watch_denial(subject, ack)
        try:
            await self._connection.client.publish(
                subject, payload, reply=f"{self._inbox}.{number}", headers=dict(headers)
            )
        except BaseException:
            ack.cancel()
            raise
        return ack

    def _done(self, number: str, ack: asyncio.Future[None]) -> None:
        self._pending.pop(number, None)
        if not ack.cancelled():
            ack.exception()  # seen: the window reports one failure for all

    async def _on_ack(self, message: Msg) -> None:
        ack = self._pending.get(message.subject.rpartition(".")[2])
        if ack is None or ack.done():
            return
        error = self._refusal(message)
        if error is None:
            ack.set_result(None)
        else:
            ack.set_exception(error)

    def _refusal(self, message: Msg) -> BusError | None:
        """Why the server did not store it; a duplicate is stored already, which is as good."""
        address = self._connection.address
        if (message.headers or {}).get("Status") == "503":
            return BusUnavailable(f"NATS at {address}: no stream took it; JetStream is not ready")
        try:
            error = orjson.loads(message.data).get("error")
        except (orjson.JSONDecodeError, AttributeError):
            return BusUnavailable(f"NATS at {address}: the acknowledgement is not readable")
        if error is None:
            return None
        text = f"NATS at {address}: {error.get('description', 'refused')}"
        return StreamFull(text) if error.get("err_code") in _FULL else BusUnavailable(text)

    def _failure(self, error: BaseException) -> BusError:
        address = self._connection.address
        match error:
            case BusError():
                return error
            case nats.errors.MaxPayloadError():
                return MessageTooLarge(f"larger than the server's limit of {self._connection.client.max_payload} bytes")
            case TimeoutError():
                return BusUnavailable(f"NATS at {address} did not acknowledge within {TIMEOUT_S:g} s")
            case _:
                return BusUnavailable(f"NATS at {address}: {reason_of(error)}")

    def _count(self, envelope: Envelope[Any], failure: BaseException | None) -> None:
        labels: dict[type, str] = {PublishDenied: "denied", StreamFull: "full", MessageTooLarge: "too_large"}
        outcome = labels.get(type(failure), "unavailable") if failure is not None else "stored"
        self._metrics.published.labels(self._connection.service, envelope.type, outcome).inc()


def headers_of(envelope: Envelope[Any]) -> dict[str, str]:
    """The id for the broker's duplicate window, and the W3C trace: correlation id, first half of the id as span."""
    return {
        "Nats-Msg-Id": envelope.id,
        "traceparent": f"00-{envelope.correlation_id}-{envelope.id[:16]}-01",
    }
