"""Pulling from one JetStream consumer.

One request of up to 30 s is outstanding at a time, which costs an idle consumer two messages a minute. What would
make it hang is met by name: after a reconnect the request is asked anew (a restarted server has forgotten it), and a
consumer that is gone is told to the caller, who makes it again.
"""

import asyncio
from collections.abc import Callable, Mapping

import nats.errors
import orjson
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription as NatsSubscription

from groundcrew.bus.jetstream_connection import LEAVE_S, Connection

EXPIRES_S = 30.0
_GRACE_S = 2.0

MAX_BYTES = 16 * 1024 * 1024
"""Of the messages that are asked for together, so that some large ones don't fill the memory."""

_MORE_S = 1.0
"""The server answers what is not to be waited for at once; a server that does not is asked again as usual."""


class ConsumerGone(Exception):
    """The server does not know the consumer (deleted, or the server is just coming up)."""


class Puller:
    """Messages of one consumer, `batch` asked for at a time."""

    def __init__(self, connection: Connection, stream: str, consumer: str, *, batch: int = 1) -> None:
        self._connection = connection
        self._subject = f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{consumer}"
        self._batch = batch
        self._queue: asyncio.Queue[Msg | None] = asyncio.Queue()
        self._inbox = ""
        self._subscription: NatsSubscription | None = None
        self._wanted = 0
        self._forget_listener: Callable[[], None] | None = None
        self.reconnected = False

    async def start(self) -> None:
        self._inbox = self._connection.client.new_inbox()
        self._forget_listener = self._connection.on_reconnect(self._on_reconnect)
        self._subscription = await self._connection.client.subscribe(self._inbox, cb=self._queue.put)

    def _on_reconnect(self) -> None:
        self._wanted = 0
        self.reconnected = True
        self._queue.put_nowait(None)

    def wake(self) -> None:
        """Make a waiting `next` return None."""
        self._queue.put_nowait(None)

    async def next(self) -> Msg | None:
        """The next message; None where it is worth looking whether to go on. Raises ConsumerGone, nats errors."""
        if self._queue.empty():
            await self._ask()
        try:
            async with asyncio.timeout(EXPIRES_S + _GRACE_S):
                message = await self._queue.get()
        except TimeoutError:
            self._wanted = 0
            return None
        if message is None:
            return None
        if message.reply:
            self._wanted = max(0, self._wanted - 1)
            return message
        self._heed(message)
        return None

    async def more(self, at_most: int) -> list[Msg]:
        """What else waits at the moment, without waiting for it to come. Raises ConsumerGone, nats errors."""
        found: list[Msg] = []
        if at_most < 1 or self._wanted > 0:
            return found
        await self._request({"batch": at_most, "no_wait": True, "max_bytes": MAX_BYTES}, at_most)
        try:
            async with asyncio.timeout(_MORE_S):
                while self._wanted > 0 and (message := await self._queue.get()) is not None:
                    if message.reply:
                        self._wanted -= 1
                        found.append(message)
                    else:
                        self._heed(message)
        except (TimeoutError, ConsumerGone):
            pass  # the next request meets it again, with nothing in hand
        self._wanted = 0
        return found

    async def _ask(self) -> None:
        if self._wanted == 0:
            await self._request({"batch": self._batch, "expires": int(EXPIRES_S * 1e9)}, self._batch)

    async def _request(self, request: Mapping[str, object], wanted: int) -> None:
        self._wanted = wanted
        await self._connection.client.publish(self._subject, orjson.dumps(request), reply=self._inbox)

    def _heed(self, message: Msg) -> None:
        """What the server says of a request in place of a message."""
        headers = message.headers or {}
        status, description = headers.get("Status", ""), headers.get("Description", "")
        if status == "100":
            return
        self._wanted = 0
        gone = status == "503" or (status == "409" and "consumer deleted" in description.lower())
        if gone or (status == "404" and "consumer" in description.lower()):
            raise ConsumerGone(f"{status} {description}".strip())

    async def stop(self) -> list[Msg]:
        """Stop listening; returns the messages that had arrived but were not taken, for the caller to give back."""
        if self._forget_listener is not None:
            self._forget_listener()
            self._forget_listener = None
        subscription, self._subscription = self._subscription, None
        if subscription is not None and not self._connection.client.is_closed:
            await self._withdraw(subscription)
        left = []
        while not self._queue.empty():
            message = self._queue.get_nowait()
            if message is not None and message.reply:
                left.append(message)
        return left

    async def _withdraw(self, subscription: NatsSubscription) -> None:
        """Take back the outstanding request: the server forgets it together with our interest in its inbox.

        A message that it had sent before that still comes, ahead of the answers to our pings, and must be heard until
        then: the public `unsubscribe` closes our ears first, and such a message would come again only after ack_wait.
        """
        client = self._connection.client
        try:
            if self._wanted > 0 and self._connection.connected:
                async with asyncio.timeout(LEAVE_S):
                    await client._send_unsubscribe(subscription._id)  # noqa: SLF001 - there is no public way
                    await self._connection.parted()
                    await subscription.drain()  # type: ignore[no-untyped-call]  # its callback has seen everything
                return
        except (TimeoutError, nats.errors.Error, OSError):
            pass  # the connection is lost or frozen: so are the request and what it might have brought
        if not client.is_closed and subscription._closed is False:  # noqa: SLF001 - as above
            await subscription.unsubscribe()
