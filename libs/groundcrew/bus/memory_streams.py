"""Endpoints that answer in parts, on the memory bus."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from typing import TypeVar

from structlog.typing import FilteringBoundLogger

from groundcrew.bus.access import may_request
from groundcrew.bus.memory_broker import MemoryBroker, Streamed
from groundcrew.bus.metrics import BusMetrics
from groundcrew.bus.port import RequestFailed
from groundcrew.bus.service import answer_in_parts, label_of
from groundcrew.contracts.clock import Clock, VirtualClock
from groundcrew.contracts.envelope import Record
from groundcrew.contracts.queries import Failure, StreamEndpoint

Q = TypeVar("Q", bound=Record)
R = TypeVar("R", bound=Record)


class MemoryStreams:
    """Asks and answers for one service. A part is made when the caller takes it, so nothing is queued."""

    def __init__(
        self, broker: MemoryBroker, service: str, *, clock: Clock, metrics: BusMetrics, log: FilteringBoundLogger
    ) -> None:
        self._broker = broker
        self._service = service
        self._clock = clock
        self._metrics = metrics
        self._log = log

    async def request(
        self, endpoint: StreamEndpoint[Q, R], request: Q, *, site: str, idle_s: float
    ) -> AsyncGenerator[R, None]:
        subject = endpoint.subject(site)
        began, outcome = self._clock.monotonic(), "left"
        limit = None if isinstance(self._clock, VirtualClock) else idle_s
        try:
            if not may_request(self._service, endpoint):
                raise RequestFailed(Failure.INTERNAL, f"{self._service} may not ask {subject}")
            streamed = self._broker.streamed.get(subject)
            if not streamed:
                raise RequestFailed(Failure.UNAVAILABLE, f"nobody answers {subject}")
            async with aclosing(streamed[0](request.model_dump_json().encode())) as parts:
                while (part := await _within(parts, limit, subject)) is not None:
                    yield endpoint.reply.model_validate_json(part)
            outcome = "ok"
        except RequestFailed as failed:
            outcome = failed.failure.value
            raise
        finally:
            seconds = self._clock.monotonic() - began
            self._metrics.request_seconds.labels(self._service, label_of(endpoint), outcome).observe(seconds)

    def answering(self, endpoint: StreamEndpoint[Q, R], handler: Callable[[Q], AsyncIterator[R]]) -> Streamed:
        async def respond(payload: bytes) -> AsyncGenerator[bytes, None]:
            outcome = "left"
            try:
                async with aclosing(answer_in_parts(endpoint, handler, payload, self._log)) as parts:
                    async for part in parts:
                        yield part
                outcome = "ok"
            except RequestFailed as failed:
                outcome = failed.failure.value
                raise
            finally:
                self._metrics.served.labels(self._service, label_of(endpoint), outcome).inc()

        return respond


async def _within(parts: AsyncGenerator[bytes, None], limit_s: float | None, subject: str) -> bytes | None:
    """The next part, None at the end."""
    try:
        async with asyncio.timeout(limit_s):
            return await anext(parts, None)
    except TimeoutError:
        raise RequestFailed(Failure.UNAVAILABLE, f"{subject} said nothing for {limit_s:g} s") from None
