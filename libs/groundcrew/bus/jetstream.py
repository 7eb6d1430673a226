"""The bus on NATS JetStream; implements `port.Bus`.

    bus = await JetStreamBus.connect(url="nats://127.0.0.1:4222", service="trigger", site="default", ...)

What the server does is in the modules `jetstream_*`: connection, declarations, pulling, consuming, endpoints, KV.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, Protocol, TypeVar

import nats.errors
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription as NatsSubscription
from nats.js.errors import NotFoundError
from prometheus_client import CollectorRegistry
from structlog.typing import FilteringBoundLogger

from groundcrew.bus.access import may_consume, may_publish, may_serve, may_write
from groundcrew.bus.jetstream_connection import Connection, reason_of
from groundcrew.bus.jetstream_consumer import ConsumeContext, JetStreamConsumer, Worker
from groundcrew.bus.jetstream_declare import Declarations
from groundcrew.bus.jetstream_endpoints import Endpoints
from groundcrew.bus.jetstream_kv import JetStreamKeyValue
from groundcrew.bus.jetstream_publish import Publisher
from groundcrew.bus.metrics import BusMetrics, metrics_on
from groundcrew.bus.outcome import check_may_wait_together, each
from groundcrew.bus.port import (
    BusError,
    BusUnavailable,
    Consumer,
    Handler,
    HandlerOfMany,
    KeyValue,
    PublishDenied,
    Subscription,
)
from groundcrew.bus.subjects import partitions_of
from groundcrew.bus.ticks import schedule_subject, tick, tick_subject
from groundcrew.bus.tries import Failures
from groundcrew.contracts.clock import Clock
from groundcrew.contracts.envelope import Envelope, ProducedBy, Record, encode
from groundcrew.contracts.incidents import Tick
from groundcrew.contracts.queries import Endpoint, StreamEndpoint
from groundcrew.contracts.streams import Durable, MalformedMessage, Stream, decode

TAP_PENDING = 1_024

Q = TypeVar("Q", bound=Record)
R = TypeVar("R", bound=Record)


class _Stoppable(Protocol):
    @property
    def stopped(self) -> bool: ...

    async def stop(self) -> None: ...


@dataclass(frozen=True, kw_only=True)
class _Parts:
    """What `connect` made."""

    site: str
    connection: Connection
    declarations: Declarations
    publisher: Publisher
    clock: Clock
    metrics: BusMetrics
    log: FilteringBoundLogger
    drain_s: float


class JetStreamBus:
    """Made by `connect`, ended by `close`."""

    def __init__(self, parts: _Parts) -> None:
        self._site = parts.site
        self._connection = parts.connection
        self._declarations = parts.declarations
        self._clock = parts.clock
        self._metrics = parts.metrics
        self._log = parts.log
        self._drain_s = parts.drain_s
        self._service = parts.connection.service
        self._produced_by = ProducedBy(service=self._service, version=version("groundcrew"))
        self._endpoints = Endpoints(parts.connection, clock=parts.clock, metrics=parts.metrics, log=parts.log)
        self._publisher = parts.publisher
        self._running: list[_Stoppable] = []

    @classmethod
    async def connect(
        cls,
        *,
        url: str,
        service: str,
        site: str,
        clock: Clock,
        registry: CollectorRegistry,
        log: FilteringBoundLogger,
        user: str = "",
        password: str = "",
        wait_s: float = 30,
        replicas: int = 1,
        drain_s: float = 10,
        streams: Sequence[Stream] = (),
        on_fatal: Callable[[str], None] | None = None,
    ) -> "JetStreamBus":
        """Wait at most `wait_s` for the server, then declare the site's streams and durables.

        `on_fatal` is called with a reason if the connection is lost for good later. `streams` replaces streams of the
        table by name. Raises BusUnavailable with the server's address, DeclarationFailed.
        """
        metrics = metrics_on(registry)
        connection = Connection(url=url, service=service, clock=clock, log=log, metrics=metrics, on_fatal=on_fatal)
        await connection.open(user=user, password=password, wait_s=wait_s)
        declarations = Declarations(connection.js, site, replicas=replicas, log=log, service=service, streams=streams)
        publisher = Publisher(connection, metrics)
        try:
            await declarations.declare()
            await publisher.start()
        except nats.errors.Error as error:
            await connection.close()
            msg = f"NATS at {connection.address}: cannot declare the streams: {reason_of(error)}"
            raise BusUnavailable(msg) from None
        except BusError:
            await connection.close()
            raise
        parts = _Parts(
            site=site,
            connection=connection,
            declarations=declarations,
            publisher=publisher,
            clock=clock,
            metrics=metrics,
            log=log,
            drain_s=drain_s,
        )
        return cls(parts)

    @property
    def site(self) -> str:
        return self._site

    # --- publish ------------------------------------------------------------------------------------------------------

    async def publish(self, envelope: Envelope[Any]) -> None:
        await self._publisher.publish((envelope,))

    async def publish_batch(self, envelopes: Sequence[Envelope[Any]]) -> None:
        await self._publisher.publish(envelopes)

    # --- consume ------------------------------------------------------------------------------------------------------

    async def consume(
        self, durable: Durable, handler: Handler, *, concurrency: int = 1, entity: str | None = None
    ) -> Consumer:
        if durable.per_entity != (entity is not None):
            msg = f"durable {durable.name}: an entity is {'required' if durable.per_entity else 'not allowed'}"
            raise ValueError(msg)
        return await self._start(durable, each(handler), concurrency=concurrency, entity=entity)

    async def consume_together(
        self, durable: Durable, handler: HandlerOfMany, *, at_most: int, concurrency: int = 1
    ) -> Consumer:
        check_may_wait_together(durable)
        return await self._start(durable, handler, at_most=at_most, concurrency=concurrency)

    async def _start(
        self,
        durable: Durable,
        handler: HandlerOfMany,
        *,
        at_most: int = 1,
        concurrency: int = 1,
        entity: str | None = None,
    ) -> Consumer:
        if not may_consume(self._service, durable):
            msg = f"{self._service} may not consume durable {durable.name} of {durable.owner}"
            raise PublishDenied(msg)
        context = ConsumeContext(
            bus=self,
            connection=self._connection,
            declarations=self._declarations,
            clock=self._clock,
            metrics=self._metrics,
            log=self._log,
            produced_by=self._produced_by,
        )
        workers, failures = [], Failures()
        for partition in partitions_of(durable):
            await self._declared(durable, partition, entity)
            turns = asyncio.Lock() if at_most > 1 else None
            for _ in range(1 if durable.partitioned else concurrency):
                worker = Worker(
                    context,
                    durable,
                    handler,
                    failures,
                    partition=partition,
                    entity=entity,
                    at_most=at_most,
                    turns=turns,
                )
                await worker.start()
                workers.append(worker)
        consumer = JetStreamConsumer(durable.name, workers, self._drain_s)
        self._keep(consumer)
        return consumer

    def _keep(self, running: _Stoppable) -> None:
        """Remember what `close` has to stop, forget what is stopped."""
        self._running = [each for each in self._running if not each.stopped]
        self._running.append(running)

    async def _declared(self, durable: Durable, partition: int, entity: str | None) -> None:
        try:
            await self._declarations.consumer(durable, partition, entity)
        except nats.errors.Error as error:
            msg = f"NATS at {self._connection.address}: consumer {durable.name}: {reason_of(error)}"
            raise BusUnavailable(msg) from None

    # --- tap, request, serve ------------------------------------------------------------------------------------------

    async def tap(self, subject: str, callback: Callable[[Envelope[Any]], Awaitable[None]]) -> Subscription:
        dropped = self._metrics.tap_dropped.labels(self._service).inc
        tap = _Tap(subject, callback, dropped=dropped, log=self._log)
        await tap.start(self._connection)
        self._keep(tap)
        return tap

    async def request(
        self, endpoint: Endpoint[Q, R], request: Q, *, site: str | None = None, timeout: float = 5.0
    ) -> R:
        return await self._endpoints.request(endpoint, request, site=site or self._site, timeout_s=timeout)

    async def serve(self, endpoint: Endpoint[Q, R], handler: Callable[[Q], Awaitable[R]]) -> Subscription:
        if not may_serve(self._service, endpoint):
            msg = f"{self._service} may not serve {endpoint.subject(self._site)}"
            raise PublishDenied(msg)
        return await self._endpoints.serve(endpoint, handler, site=self._site)

    def request_stream(
        self, endpoint: StreamEndpoint[Q, R], request: Q, *, site: str | None = None, idle_s: float = 30.0
    ) -> AsyncGenerator[R, None]:
        return self._endpoints.request_stream(endpoint, request, site=site or self._site, idle_s=idle_s)

    async def serve_stream(
        self, endpoint: StreamEndpoint[Q, R], handler: Callable[[Q], AsyncIterator[R]]
    ) -> Subscription:
        if not may_serve(self._service, endpoint):
            msg = f"{self._service} may not serve {endpoint.subject(self._site)}"
            raise PublishDenied(msg)
        return await self._endpoints.serve_stream(endpoint, handler, site=self._site)

    # --- schedules, KV, life ------------------------------------------------------------------------------------------

    async def schedule(self, name: str, every_s: int) -> None:
        if not may_publish(self._service, Tick):
            msg = f"{self._service} may not schedule ticks"
            raise PublishDenied(msg)
        subject = schedule_subject(self._site, name)
        every = f"@every {every_s}s"
        try:
            known = await self._connection.js.get_last_msg("TICK", subject)
            if (known.headers or {}).get("Nats-Schedule") == every:
                return
        except NotFoundError:
            pass
        except nats.errors.Error as error:
            msg = f"NATS at {self._connection.address}: cannot read schedule {name}: {reason_of(error)}"
            raise BusUnavailable(msg) from None
        envelope = tick(self._site, name, now=self._clock.now(), produced_by=self._produced_by)
        headers = {
            "Nats-Schedule": every,
            "Nats-Schedule-Target": tick_subject(self._site, name),
            "Nats-TTL": "never",  # else the schedule itself ends at the stream's max_age
        }
        await self._publisher.publish_raw(subject, encode(envelope), headers)

    async def key_value(self, bucket: str) -> KeyValue:
        try:
            kv = await self._connection.js.key_value(bucket)
        except nats.errors.Error as error:
            msg = f"bucket {bucket} at {self._connection.address}: {reason_of(error)}"
            raise BusUnavailable(msg) from None
        return JetStreamKeyValue(
            kv,
            bucket,
            self._site,
            connection=self._connection,
            clock=self._clock,
            log=self._log,
            writable=may_write(self._service, bucket),
            watching=self._keep,
        )

    @property
    def paused(self) -> Mapping[str, str]:
        consumers = [each for each in self._running if isinstance(each, JetStreamConsumer) and not each.stopped]
        return {each.name: each.paused for each in consumers if each.paused is not None}

    async def ping(self) -> None:
        await self._connection.ready(0.1)
        try:
            await self._connection.js.account_info()
        except nats.errors.Error as error:
            msg = f"JetStream at {self._connection.address}: {reason_of(error)}"
            raise BusUnavailable(msg) from None

    async def close(self) -> None:
        """Consumers and endpoints finish what they are at (bounded by `drain_s`), then the connection closes."""
        stops = (self._endpoints.stop(), *(each.stop() for each in self._running))
        results = await asyncio.gather(*stops, return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                self._log.warning("bus: stopping failed", reason=reason_of(result))
        self._running.clear()
        await self._connection.close()


class _Tap:
    """A live view: a bounded queue between the subscription and the callback."""

    def __init__(
        self,
        subject: str,
        callback: Callable[[Envelope[Any]], Awaitable[None]],
        *,
        dropped: Callable[[], None],
        log: FilteringBoundLogger,
    ) -> None:
        self._subject = subject
        self._callback = callback
        self._dropped = dropped
        self._log = log
        self._queue: asyncio.Queue[Msg] = asyncio.Queue(TAP_PENDING)
        self._subscription: NatsSubscription | None = None
        self._task: asyncio.Task[None] | None = None
        self.stopped = False

    async def start(self, connection: Connection) -> None:
        self._subscription = await connection.client.subscribe(self._subject, cb=self._offer)
        await connection.synced()
        self._task = asyncio.create_task(self._run(), name=f"{connection.service}: tap {self._subject}")

    async def _offer(self, message: Msg) -> None:
        try:
            self._queue.put_nowait(message)
        except asyncio.QueueFull:
            self._dropped()

    async def _run(self) -> None:
        while True:
            message = await self._queue.get()
            try:
                envelope = decode(message.data)
            except MalformedMessage as malformed:
                self._log.warning("tap: malformed message", subject=message.subject, reason=str(malformed))
                continue
            try:
                await self._callback(envelope)
            except Exception:  # noqa: BLE001 - a view's error may not end the tap
                self._log.exception("tap failed", subject=self._subject)

    async def stop(self) -> None:
        self.stopped = True
        if self._subscription is not None:
            subscription, self._subscription = self._subscription, None
            try:
                await subscription.unsubscribe()
            except nats.errors.Error as error:
                self._log.debug("tap: unsubscribe failed", reason=str(error))
        if self._task is not None and self._task is not asyncio.current_task():
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
