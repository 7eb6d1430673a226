"""Endpoints that answer in parts, over core NATS.

The caller asks with an inbox of its own as reply subject. The owner answers with numbered parts; the last message
carries their count. Part 0 has no data and comes at once: its reply subject is where the caller says that it leaves.
Whatever is lost on the way is noticed by its number, so a caller sees all parts in order or a failure.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from typing import Any, TypeVar

import nats.errors
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.micro.request import ERROR_CODE_HEADER, ERROR_HEADER, Request
from pydantic import ValidationError
from structlog.typing import FilteringBoundLogger

from groundcrew.bus.jetstream_connection import Connection, reason_of
from groundcrew.bus.port import PublishDenied, RequestFailed
from groundcrew.bus.service import answer_in_parts, failure_of
from groundcrew.contracts.envelope import Record
from groundcrew.contracts.queries import Failure, StreamEndpoint

PART = "Groundcrew-Part"
END = "Groundcrew-End"
PENDING_PARTS = 10_000
"""Parts that wait for a caller at most; more are dropped, which the caller sees as a failure."""

_PENDING_BYTES = 16 * 1024 * 1024
Q = TypeVar("Q", bound=Record)
R = TypeVar("R", bound=Record)


async def ask(
    connection: Connection, endpoint: StreamEndpoint[Q, R], request: Q, subject: str, idle_s: float
) -> AsyncGenerator[R, None]:
    """The parts of an answer. Raises RequestFailed."""
    client = connection.client
    inbox = client.new_inbox()
    leave_at, ended, count = "", False, 0
    try:
        coming = await client.subscribe(inbox, pending_msgs_limit=PENDING_PARTS, pending_bytes_limit=_PENDING_BYTES)
        denied: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        connection.watch_denial(subject, denied)
        try:
            await client.publish(subject, request.model_dump_json().encode(), reply=inbox)
            while True:
                message = await _next(coming, denied, idle_s)
                headers = message.headers or {}
                leave_at = message.reply or leave_at
                ended = PART not in headers
                if ended:
                    _check_end(headers, count, subject)
                    return
                if headers[PART] != str(count):
                    raise RequestFailed(Failure.UNAVAILABLE, f"{subject}: a part of the answer was lost")
                count += 1
                if count > 1:
                    yield endpoint.reply.model_validate_json(message.data)
        finally:
            denied.cancel()
            await _leave(connection, coming, "" if ended else leave_at)
    except PublishDenied as error:
        raise RequestFailed(Failure.INTERNAL, str(error)) from None
    except ValidationError as error:
        reason = f"{subject}: a part does not fit {endpoint.reply.__name__}: {error.errors()[0]['msg']}"
        raise RequestFailed(Failure.INTERNAL, reason) from None
    except (nats.errors.Error, TimeoutError, OSError) as error:
        reason = f"{subject} said nothing for {idle_s:g} s ({type(error).__name__})"
        raise RequestFailed(Failure.UNAVAILABLE, reason) from None


def _check_end(headers: dict[str, str], count: int, subject: str) -> None:
    if ERROR_CODE_HEADER in headers:
        raise RequestFailed(failure_of(headers[ERROR_CODE_HEADER]), headers.get(ERROR_HEADER, ""))
    if END not in headers:  # the server's own 503: no responders
        raise RequestFailed(Failure.UNAVAILABLE, f"nobody answers {subject}")
    if headers[END] != str(count):
        raise RequestFailed(Failure.UNAVAILABLE, f"{subject}: a part of the answer was lost")


async def _next(coming: Subscription, denied: asyncio.Future[Any], idle_s: float) -> Msg:
    waiting = asyncio.ensure_future(coming.next_msg(timeout=idle_s))
    try:
        await asyncio.wait({waiting, denied}, return_when=asyncio.FIRST_COMPLETED)
        if denied.done():
            denied.result()
        return await waiting
    finally:
        waiting.cancel()


async def _leave(connection: Connection, coming: Subscription, leave_at: str) -> None:
    try:
        await coming.unsubscribe()
        if leave_at:
            await connection.client.publish(leave_at, b"")
    except nats.errors.Error:
        return  # the connection is gone, and the subscription with it


async def respond(
    connection: Connection,
    endpoint: StreamEndpoint[Q, R],
    handler: Callable[[Q], AsyncIterator[R]],
    request: Request,
    log: FilteringBoundLogger,
) -> str:
    """Send all parts and the end, or stop where the caller leaves. Returns the outcome; raises RequestFailed."""
    client = connection.client
    reply = request._msg.reply  # noqa: SLF001 - nats.micro answers only without a reply subject
    left = asyncio.Event()

    async def leaves(_message: Msg) -> None:
        left.set()

    control = await client.subscribe(client.new_inbox(), cb=leaves)
    leaving = asyncio.create_task(left.wait())
    sending: asyncio.Task[None] | None = None
    try:
        await connection.synced()  # the caller may leave at once
        await client.publish(reply, b"", reply=control.subject, headers={PART: "0"})

        async def send() -> None:
            count = 1
            async with aclosing(answer_in_parts(endpoint, handler, request.data, log)) as parts:
                async for part in parts:
                    await client.publish(reply, part, headers={PART: str(count)})
                    count += 1
            await client.publish(reply, b"", headers={END: str(count)})

        sending = asyncio.create_task(send(), name=f"answer {endpoint.what} in parts")
        await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not sending.done():
            return "left"
        await sending
        return "ok"
    finally:
        leaving.cancel()
        if sending is not None and not sending.done():
            sending.cancel()
            await asyncio.wait({sending})
        try:
            await control.unsubscribe()
        except nats.errors.Error as error:
            log.debug("endpoint: unsubscribe failed", reason=reason_of(error))
