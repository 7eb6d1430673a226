"""The shipped memory bus: for replay, for tests, and for whoever wants to run a service without a server.

    broker = MemoryBroker(clock)                       # shared by all services of the process
    bus = MemoryBus("demo", clock, service="trigger", broker=broker)
    ...
    await broker.settle()                              # handle what waits, deterministically

`MemoryBus(site, clock)` alone makes a broker of its own and may do everything.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from importlib.metadata import version
from typing import Any, TypeVar

import structlog
from prometheus_client import CollectorRegistry
from structlog.typing import FilteringBoundLogger

from groundcrew.bus.access import ADMIN, may_consume, may_publish, may_request, may_serve, may_write
from groundcrew.bus.deadletters import dead_letter
from groundcrew.bus.memory_broker import MemoryBroker
from groundcrew.bus.memory_kv import MemoryKeyValue
from groundcrew.bus.memory_lanes import CallbackLane, DurableLane, Handed, work
from groundcrew.bus.memory_running import MemoryConsumer, Running
from groundcrew.bus.memory_streams import MemoryStreams
from groundcrew.bus.metrics import metrics_on
from groundcrew.bus.outcome import LABELS, Dead, Done, Held, Outcome, check_may_wait_together, each, run_together
from groundcrew.bus.port import (
    BusUnavailable,
    Consumer,
    Delivery,
    Handler,
    HandlerOfMany,
    KeyValue,
    PublishDenied,
    RequestFailed,
    StreamFull,
    Subscription,
)
from groundcrew.bus.service import answer, label_of
from groundcrew.bus.tries import Failures
from groundcrew.contracts.clock import Clock, VirtualClock
from groundcrew.contracts.envelope import Envelope, ProducedBy, Record, encode
from groundcrew.contracts.incidents import Tick
from groundcrew.contracts.queries import Endpoint, Failure, StreamEndpoint
from groundcrew.contracts.streams import Durable, MalformedMessage, decode, subject_of

__all__ = ["MemoryBroker", "MemoryBus"]

Q = TypeVar("Q", bound=Record)
R = TypeVar("R", bound=Record)


def _drop(*_: Any) -> Any:
    raise structlog.DropEvent


def _silent_log() -> FilteringBoundLogger:
    log: FilteringBoundLogger = structlog.wrap_logger(
        structlog.ReturnLogger(), processors=[_drop], wrapper_class=structlog.make_filtering_bound_logger("critical")
    )
    return log


class MemoryBus:
    """The bus of one service on a MemoryBroker; implements `port.Bus`.

    `service` is checked against the tables as the broker's permissions are; the default may do everything.
    """

    def __init__(
        self,
        site: str,
        clock: Clock,
        *,
        service: str = ADMIN,
        broker: MemoryBroker | None = None,
        registry: CollectorRegistry | None = None,
        log: FilteringBoundLogger | None = None,
        drain_s: float = 10,
    ) -> None:
        self._site = site
        self._clock = clock
        self._service = service
        self.broker = broker or MemoryBroker(clock)
        self._metrics = metrics_on(registry or CollectorRegistry())
        self._log = log or _silent_log()
        self._drain_s = drain_s
        self._produced_by = ProducedBy(service=service, version=version("groundcrew"))
        self._running: list[Running] = []
        self._lanes: list[DurableLane] = []
        self._closed = False
        self._streams = MemoryStreams(self.broker, service, clock=clock, metrics=self._metrics, log=self._log)
        self.broker.declare(site)

    @property
    def site(self) -> str:
        return self._site

    async def settle(self, until: datetime | None = None) -> None:
        """See `MemoryBroker.settle`."""
        await self.broker.settle(until)

    # --- publish ------------------------------------------------------------------------------------------------------

    async def publish(self, envelope: Envelope[Any]) -> None:
        self._check_open()
        count = self._metrics.published
        if not may_publish(self._service, type(envelope.data)):
            count.labels(self._service, envelope.type, "denied").inc()
            msg = f"{self._service} may not publish on {subject_of(envelope)}"
            raise PublishDenied(msg)
        try:
            self.broker.store(subject_of(envelope), encode(envelope), envelope.id)
        except StreamFull:
            count.labels(self._service, envelope.type, "full").inc()
            raise
        count.labels(self._service, envelope.type, "stored").inc()

    async def publish_batch(self, envelopes: Sequence[Envelope[Any]]) -> None:
        for envelope in envelopes:
            await self.publish(envelope)

    # --- consume ------------------------------------------------------------------------------------------------------

    async def consume(
        self, durable: Durable, handler: Handler, *, concurrency: int = 1, entity: str | None = None
    ) -> Consumer:
        if durable.per_entity != (entity is not None):
            msg = f"durable {durable.name}: an entity is {'required' if durable.per_entity else 'not allowed'}"
            raise ValueError(msg)
        return self._start(durable, each(handler), concurrency=concurrency, entity=entity)

    async def consume_together(
        self, durable: Durable, handler: HandlerOfMany, *, at_most: int, concurrency: int = 1
    ) -> Consumer:
        check_may_wait_together(durable)
        return self._start(durable, handler, at_most=at_most, concurrency=concurrency)

    def _start(
        self,
        durable: Durable,
        handler: HandlerOfMany,
        *,
        at_most: int = 1,
        concurrency: int = 1,
        entity: str | None = None,
    ) -> Consumer:
        self._check_open()
        if not may_consume(self._service, durable):
            msg = f"{self._service} may not consume durable {durable.name} of {durable.owner}"
            raise PublishDenied(msg)
        lanes = self.broker.durable_lanes(durable, self._site, entity)
        failures = Failures()
        self._lanes += lanes
        return MemoryConsumer(lanes, [self._drive(lane, handler, failures, concurrency, at_most) for lane in lanes])

    def _keep(self, running: Running) -> Running:
        """Remember what `close` has to stop, forget what is stopped."""
        self._running = [each for each in self._running if not each.stopping.is_set()]
        self._running.append(running)
        return running

    def _drive(
        self, lane: DurableLane, handler: HandlerOfMany, failures: Failures, concurrency: int, at_most: int
    ) -> Running:
        async def handle(handed: Sequence[Handed]) -> Sequence[Outcome]:
            return await self._handle(lane.durable, handler, failures, handed)

        lane.workers.append(handle)
        running = Running(lambda: lane.workers.remove(handle), self._drain_s)
        self._keep(running)
        if self.broker.live:
            for _ in range(1 if lane.durable.partitioned else concurrency):
                self._spawn(running, lane, lambda: lane.step_with(handle, at_most), f"consume {lane.durable.name}")
        return running

    def _spawn(
        self, running: Running, lane: DurableLane | CallbackLane, step: Callable[[], Awaitable[None]], name: str
    ) -> None:
        running.tasks.append(
            asyncio.create_task(work(lane, self._clock, step, running.stopping), name=f"{self._service}: {name}")
        )

    async def _handle(
        self, durable: Durable, handler: HandlerOfMany, failures: Failures, handed: Sequence[Handed]
    ) -> Sequence[Outcome]:
        outcomes: list[Outcome] = [Done()] * len(handed)
        deliveries: dict[int, Delivery[Any]] = {}
        started = self._clock.monotonic()
        for index, one in enumerate(handed):
            try:
                envelope = one.stored.envelope()
            except MalformedMessage as malformed:
                outcomes[index] = Dead(f"malformed: {malformed}")
            else:
                deliveries[index] = Delivery(
                    envelope, one.stored.sequence, one.deliveries, one.stored.partition, one.turn
                )
        if deliveries:
            told = await run_together(handler, list(deliveries.values()), durable, failures, self._log)
            for index, outcome in zip(deliveries, told, strict=True):
                outcomes[index] = outcome
        spent = (self._clock.monotonic() - started) / len(handed)
        for index, (one, outcome) in enumerate(zip(handed, outcomes, strict=True)):
            self._count(durable, outcome, spent)
            if isinstance(outcome, Dead):
                delivery = deliveries.get(index)
                await self._bury(durable, one, outcome.reason, delivery.envelope if delivery else None)
        return outcomes

    def _count(self, durable: Durable, outcome: Outcome, seconds: float) -> None:
        self._metrics.handled.labels(self._service, durable.name, LABELS[type(outcome)]).inc()
        self._metrics.handle_seconds.labels(self._service, durable.name).observe(seconds)
        if isinstance(outcome, Done | Held):
            self._metrics.paused.labels(self._service, durable.name).set(isinstance(outcome, Held))

    async def _bury(self, durable: Durable, handed: Handed, reason: str, envelope: Envelope[Any] | None) -> None:
        stored = handed.stored
        self._metrics.dead_letters.labels(self._service, durable.name).inc()
        self._log.warning("dead letter", durable=durable.name, subject=stored.subject, reason=reason)
        await self.publish(
            dead_letter(
                durable,
                site=self._site,
                subject=stored.subject,
                sequence=stored.sequence,
                deliveries=handed.deliveries,
                payload=stored.payload,
                reason=reason,
                now=self._clock.now(),
                produced_by=self._produced_by,
                cause=envelope,
            )
        )

    # --- tap, request, serve ------------------------------------------------------------------------------------------

    async def tap(self, subject: str, callback: Callable[[Envelope[Any]], Awaitable[None]]) -> Subscription:
        async def see(payload: bytes) -> None:
            try:
                envelope = decode(payload)
            except MalformedMessage as malformed:
                self._log.warning("tap: malformed message", subject=subject, reason=str(malformed))
                return
            try:
                await callback(envelope)
            except Exception:  # noqa: BLE001 - a view's error may not end the tap
                self._log.exception("tap failed", subject=subject)

        dropped = self._metrics.tap_dropped.labels(self._service).inc
        return self._attach(self.broker.add_tap(subject, see, dropped), f"tap {subject}")

    def _attach(self, lane: CallbackLane, name: str) -> Running:
        running = Running(lambda: self.broker.remove(lane), self._drain_s)
        self._keep(running)
        if self.broker.live:
            self._spawn(running, lane, lane.step, name)
        return running

    async def request(
        self, endpoint: Endpoint[Q, R], request: Q, *, site: str | None = None, timeout: float = 5.0
    ) -> R:
        self._check_open()
        started = self._clock.monotonic()
        outcome = "ok"
        try:
            return await self._ask(endpoint, request, site or self._site, timeout)
        except RequestFailed as failed:
            outcome = failed.failure.value
            raise
        finally:
            seconds = self._clock.monotonic() - started
            self._metrics.request_seconds.labels(self._service, label_of(endpoint), outcome).observe(seconds)

    async def _ask(self, endpoint: Endpoint[Q, R], request: Q, site: str, timeout: float) -> R:
        subject = endpoint.subject(site)
        if not may_request(self._service, endpoint):
            raise RequestFailed(Failure.INTERNAL, f"{self._service} may not ask {subject}")
        served = self.broker.served.get(subject)
        if not served:
            raise RequestFailed(Failure.UNAVAILABLE, f"nobody answers {subject}")
        waits_real_time = not isinstance(self._clock, VirtualClock)
        try:
            async with asyncio.timeout(timeout if waits_real_time else None):
                reply = await served[0](request.model_dump_json().encode())
        except TimeoutError:
            raise RequestFailed(Failure.UNAVAILABLE, f"{subject} did not answer within {timeout:g} s") from None
        return endpoint.reply.model_validate_json(reply)

    async def serve(self, endpoint: Endpoint[Q, R], handler: Callable[[Q], Awaitable[R]]) -> Subscription:
        subject = endpoint.subject(self._site)
        if not may_serve(self._service, endpoint):
            msg = f"{self._service} may not serve {subject}"
            raise PublishDenied(msg)

        async def respond(payload: bytes) -> bytes:
            try:
                reply = await answer(endpoint, handler, payload, self._log)
            except RequestFailed as failed:
                self._metrics.served.labels(self._service, label_of(endpoint), failed.failure.value).inc()
                raise
            self._metrics.served.labels(self._service, label_of(endpoint), "ok").inc()
            return reply

        served = self.broker.served.setdefault(subject, [])
        served.append(respond)
        return self._keep(Running(lambda: served.remove(respond), self._drain_s))

    def request_stream(
        self, endpoint: StreamEndpoint[Q, R], request: Q, *, site: str | None = None, idle_s: float = 30.0
    ) -> AsyncGenerator[R, None]:
        self._check_open()
        return self._streams.request(endpoint, request, site=site or self._site, idle_s=idle_s)

    async def serve_stream(
        self, endpoint: StreamEndpoint[Q, R], handler: Callable[[Q], AsyncIterator[R]]
    ) -> Subscription:
        subject = endpoint.subject(self._site)
        if not may_serve(self._service, endpoint):
            msg = f"{self._service} may not serve {subject}"
            raise PublishDenied(msg)
        respond = self._streams.answering(endpoint, handler)
        streamed = self.broker.streamed.setdefault(subject, [])
        streamed.append(respond)
        return self._keep(Running(lambda: streamed.remove(respond), self._drain_s))

    # --- schedules, KV, life ------------------------------------------------------------------------------------------

    async def schedule(self, name: str, every_s: int) -> None:
        self._check_open()
        if not may_publish(self._service, Tick):
            msg = f"{self._service} may not schedule ticks"
            raise PublishDenied(msg)
        new = self.broker.schedule(self._site, name, every_s, self._produced_by)
        if new and self.broker.live:
            running = Running(lambda: None, 0)
            running.tasks.append(asyncio.create_task(self._tick(), name=f"{self._service}: schedule {name}"))
            self._keep(running)

    async def _tick(self) -> None:
        while (due := self.broker.next_tick()) is not None:
            await self._clock.sleep((due - self._clock.now()).total_seconds())
            self.broker.fire_due()

    async def key_value(self, bucket: str) -> KeyValue:
        def check_write() -> None:
            if not may_write(self._service, bucket):
                msg = f"{self._service} may not write to bucket {bucket}"
                raise PublishDenied(msg)

        def watch(prefix: str, callback: Callable[[str, bytes | None], Awaitable[None]]) -> Subscription:
            async def see(key: str, value: bytes | None) -> None:
                try:
                    await callback(key, value)
                except Exception:  # noqa: BLE001 - one change that a watcher cannot take may not end the watch
                    self._log.exception("watch failed", bucket=bucket, key=key)

            return self._attach(self.broker.add_watch(bucket, prefix, see), f"watch {bucket}")

        return MemoryKeyValue(self.broker.bucket(bucket), self._site, check_write=check_write, watch=watch)

    @property
    def paused(self) -> Mapping[str, str]:
        return {lane.durable.name: lane.paused for lane in self._lanes if lane.workers and lane.paused is not None}

    def _check_open(self) -> None:
        if self._closed:
            msg = "the bus is closed"
            raise BusUnavailable(msg)

    async def ping(self) -> None:
        self._check_open()

    async def close(self) -> None:
        """Stop consumers, taps, watches and endpoints of this bus; the broker and its messages stay."""
        for running in self._running:
            running.stopping.set()
        for running in reversed(self._running):
            await running.stop()
        self._running.clear()
        self._closed = True
