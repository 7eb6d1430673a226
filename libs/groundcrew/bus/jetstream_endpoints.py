"""Request and reply through the NATS services API, so that `nats micro ls` and `$SRV.PING` see our endpoints."""

import asyncio
import warnings
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from importlib.metadata import version
from typing import Any, TypeVar

import nats.errors
import nats.micro
from nats.micro.request import ERROR_CODE_HEADER, ERROR_HEADER, Request
from nats.micro.service import Service
from pydantic import ValidationError
from structlog.typing import FilteringBoundLogger

from groundcrew.bus.jetstream_connection import LEAVE_S, Connection, reason_of
from groundcrew.bus.jetstream_streams import ask, respond
from groundcrew.bus.metrics import BusMetrics
from groundcrew.bus.port import PublishDenied, RequestFailed, Subscription
from groundcrew.bus.service import answer, failure_of, label_of
from groundcrew.contracts.clock import Clock
from groundcrew.contracts.envelope import Record
from groundcrew.contracts.queries import Endpoint, Failure, StreamEndpoint

MAX_REQUESTS = 16
"""Requests that one endpoint of one process answers at once; more wait."""

_STOP_S = 5.0
Q = TypeVar("Q", bound=Record)
R = TypeVar("R", bound=Record)


class Endpoints:
    """Asks other services, and answers for the own one."""

    def __init__(self, connection: Connection, *, clock: Clock, metrics: BusMetrics, log: FilteringBoundLogger) -> None:
        self._connection = connection
        self._clock = clock
        self._metrics = metrics
        self._log = log
        self._service: Service | None = None
        self._served: list[_Served] = []

    # --- asking -------------------------------------------------------------------------------------------------------

    async def request(self, endpoint: Endpoint[Q, R], request: Q, *, site: str, timeout_s: float) -> R:
        started = self._clock.monotonic()
        outcome = "ok"
        try:
            return await self._ask(endpoint, request, endpoint.subject(site), timeout_s)
        except RequestFailed as failed:
            outcome = failed.failure.value
            raise
        finally:
            seconds = self._clock.monotonic() - started
            labels = (self._connection.service, label_of(endpoint), outcome)
            self._metrics.request_seconds.labels(*labels).observe(seconds)

    async def _ask(self, endpoint: Endpoint[Q, R], request: Q, subject: str, timeout_s: float) -> R:
        client = self._connection.client
        asking = asyncio.ensure_future(client.request(subject, request.model_dump_json().encode(), timeout=timeout_s))
        denied: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._connection.watch_denial(subject, denied)
        try:
            await asyncio.wait({asking, denied}, return_when=asyncio.FIRST_COMPLETED)
            if denied.done():
                denied.result()
            message = await asking
        except PublishDenied as error:
            raise RequestFailed(Failure.INTERNAL, str(error)) from None
        except nats.errors.NoRespondersError:
            raise RequestFailed(Failure.UNAVAILABLE, f"nobody answers {subject}") from None
        except (nats.errors.Error, TimeoutError, OSError) as error:
            reason = f"{subject} did not answer within {timeout_s:g} s ({type(error).__name__})"
            raise RequestFailed(Failure.UNAVAILABLE, reason) from None
        finally:
            asking.cancel()
            denied.cancel()
        headers = message.headers or {}
        if ERROR_CODE_HEADER in headers:
            raise RequestFailed(failure_of(headers[ERROR_CODE_HEADER]), headers.get(ERROR_HEADER, ""))
        try:
            return endpoint.reply.model_validate_json(message.data)
        except ValidationError as error:
            reason = f"{subject}: the answer does not fit {endpoint.reply.__name__}: {error.errors()[0]['msg']}"
            raise RequestFailed(Failure.INTERNAL, reason) from None

    async def request_stream(
        self, endpoint: StreamEndpoint[Q, R], request: Q, *, site: str, idle_s: float
    ) -> AsyncGenerator[R, None]:
        started, outcome = self._clock.monotonic(), "left"
        try:
            async with aclosing(ask(self._connection, endpoint, request, endpoint.subject(site), idle_s)) as parts:
                async for part in parts:
                    yield part
            outcome = "ok"
        except RequestFailed as failed:
            outcome = failed.failure.value
            raise
        finally:
            labels = (self._connection.service, label_of(endpoint), outcome)
            self._metrics.request_seconds.labels(*labels).observe(self._clock.monotonic() - started)

    # --- answering ----------------------------------------------------------------------------------------------------

    async def serve(self, endpoint: Endpoint[Q, R], handler: Callable[[Q], Awaitable[R]], *, site: str) -> Subscription:
        async def once(request: Request) -> str:
            await request.respond(await answer(endpoint, handler, request.data, self._log))
            return "ok"

        return await self._serve(endpoint, once, site)

    async def serve_stream(
        self, endpoint: StreamEndpoint[Q, R], handler: Callable[[Q], AsyncIterator[R]], *, site: str
    ) -> Subscription:
        async def in_parts(request: Request) -> str:
            return await respond(self._connection, endpoint, handler, request, self._log)

        return await self._serve(endpoint, in_parts, site)

    async def _serve(
        self, endpoint: Endpoint[Any, Any], respond: Callable[[Request], Awaitable[str]], site: str
    ) -> Subscription:
        if self._service is None:
            self._service = await self._start_service()
        served = _Served(endpoint, respond, service=self._connection.service, metrics=self._metrics, log=self._log)
        await self._service.add_endpoint(
            name=endpoint.what,
            subject=endpoint.subject(site),
            handler=served.take,
            metadata={"site": site, "request": endpoint.request.__name__, "reply": endpoint.reply.__name__},
        )
        await self._connection.synced()
        served.detach = lambda: self._remove(endpoint.subject(site))
        self._served.append(served)
        return served

    async def _start_service(self) -> Service:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # nats.micro asks datetime.utcnow
            return await nats.micro.add_service(
                self._connection.client,
                name=self._connection.service,
                version=version("groundcrew"),
                description=f"Groundcrew {self._connection.service}",
            )

    async def _remove(self, subject: str) -> None:
        """nats.micro can only stop a service as a whole; end this one endpoint's subscription."""
        if self._service is None:
            return
        for one in list(self._service._endpoints):  # noqa: SLF001 - there is no public way
            if one._subject == subject:  # noqa: SLF001
                self._service._endpoints.remove(one)  # noqa: SLF001
                await one._stop()  # noqa: SLF001
        if self._connection.connected:
            await self._connection.parted()

    async def stop(self) -> None:
        """Take no more requests, answer those under way: all at once, and within _STOP_S."""
        await asyncio.gather(*(served.stop() for served in self._served))
        self._served.clear()
        await self._leave()

    async def _leave(self) -> None:
        """Take the service off the services API."""
        service, self._service = self._service, None
        if service is None or not self._connection.connected or self._connection.silent:
            return
        try:
            async with asyncio.timeout(LEAVE_S):
                await service.stop()
        except (TimeoutError, nats.errors.Error) as error:
            self._log.warning("endpoint: stopping failed", reason=reason_of(error))


class _Served:
    """One endpoint, whole or in parts: up to MAX_REQUESTS at once, so that a slow answer holds up no other."""

    def __init__(
        self,
        endpoint: Endpoint[Any, Any],
        respond: Callable[[Request], Awaitable[str]],
        *,
        service: str,
        metrics: BusMetrics,
        log: FilteringBoundLogger,
    ) -> None:
        self._endpoint = endpoint
        self._answer = respond
        self._service = service
        self._metrics = metrics
        self._log = log
        self._slots = asyncio.Semaphore(MAX_REQUESTS)
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopped = False
        self.detach: Callable[[], Awaitable[None]] | None = None

    async def take(self, request: Request) -> None:
        """Called by nats.micro, one request after the other."""
        await self._slots.acquire()
        task = asyncio.create_task(self._respond(request), name=f"answer {label_of(self._endpoint)}")
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._slots.release()

    async def _respond(self, request: Request) -> None:
        try:
            try:
                outcome = await self._answer(request)
            except RequestFailed as failed:
                outcome = failed.failure.value
                await request.respond_error(failed.failure.value, _one_line(failed.reason))
        except asyncio.CancelledError:
            await request.respond_error(Failure.UNAVAILABLE.value, f"{self._service} stops")
            raise
        except nats.errors.MaxPayloadError:
            outcome = Failure.INTERNAL.value
            await request.respond_error(outcome, "the answer is larger than the broker takes; ask for less")
        except (nats.errors.Error, ValueError) as error:
            outcome = Failure.UNAVAILABLE.value
            self._log.warning("endpoint: the answer could not be sent", reason=reason_of(error))
        self._metrics.served.labels(self._service, label_of(self._endpoint), outcome).inc()

    async def stop(self) -> None:
        if self._stopped:
            return
        self._stopped = True
        if self.detach is not None:
            try:
                await self.detach()
            except nats.errors.Error as error:
                self._log.debug("endpoint: unsubscribe failed", reason=str(error))
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=_STOP_S)
            for task in late:
                task.cancel()


def _one_line(text: str) -> str:
    """A header value: one line of bounded length."""
    return " ".join(text.split())[:1_000]
