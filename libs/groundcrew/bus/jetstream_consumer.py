"""The consuming half of the JetStream bus: what one worker takes at a time, and what its outcome means there."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import nats.errors
from nats.aio.msg import Msg
from structlog.typing import FilteringBoundLogger

from groundcrew.bus.deadletters import dead_letter
from groundcrew.bus.jetstream_connection import Connection, reason_of
from groundcrew.bus.jetstream_declare import DeclarationFailed, Declarations
from groundcrew.bus.jetstream_pull import ConsumerGone, Puller
from groundcrew.bus.metrics import BusMetrics
from groundcrew.bus.outcome import (
    LABELS,
    Again,
    Dead,
    Done,
    Held,
    Outcome,
    hold_after,
    retry_after,
    run_together,
    worn_out,
)
from groundcrew.bus.port import Bus, BusError, Delivery, HandlerOfMany
from groundcrew.bus.subjects import consumer_name
from groundcrew.bus.ticks import fired
from groundcrew.bus.tries import Failures, Innocence
from groundcrew.contracts.clock import Clock, from_us
from groundcrew.contracts.envelope import Envelope, ProducedBy
from groundcrew.contracts.streams import Durable, MalformedMessage, decode

_HEAL_FIRST_S, _HEAL_MAX_S = 0.25, 5.0


@dataclass(frozen=True)
class Arrival:
    """What the server says of a delivery, in the reply subject of the message."""

    sequence: int
    deliveries: int
    stored_us: int
    turn: int

    @classmethod
    def of(cls, message: Msg) -> "Arrival":
        _, deliveries, sequence, turn, stored_ns, _pending = message.reply.rsplit(".", 5)
        return cls(int(sequence), int(deliveries), int(stored_ns) // 1_000, int(turn))


@dataclass(frozen=True, kw_only=True)
class ConsumeContext:
    """What all workers of a bus share."""

    bus: Bus
    connection: Connection
    declarations: Declarations
    clock: Clock
    metrics: BusMetrics
    log: FilteringBoundLogger
    produced_by: ProducedBy


@dataclass(frozen=True, kw_only=True)
class _InHand:
    """A message that is being handled."""

    message: Msg
    envelope: Envelope[Any]
    arrival: Arrival
    delivery: Delivery[Any]


class Worker:
    """Pulls from one consumer (one partition of a durable) and handles `at_most` messages at a time.

    Workers of the same consumer that share `turns` pull one after another: the handler is called with what came first
    first. Pulling side by side, the one that was answered second may well get to its handler before the other.
    """

    def __init__(
        self,
        context: ConsumeContext,
        durable: Durable,
        handler: HandlerOfMany,
        failures: Failures,
        *,
        partition: int,
        entity: str | None,
        at_most: int = 1,
        turns: asyncio.Lock | None = None,
    ) -> None:
        self._context = context
        self._durable = durable
        self._handler = handler
        self._partition = partition
        self._entity = entity
        self._at_most = at_most
        self._turns = turns or asyncio.Lock()
        self._log = context.log.bind(durable=durable.name)
        name = consumer_name(durable, context.bus.site, partition=partition, entity=entity)
        self._puller = Puller(context.connection, durable.stream, name)
        self._failures = failures
        self._innocence = Innocence(context.bus, durable, name, self._log)
        metrics, labels = context.metrics, (context.connection.service, durable.name)
        self._handled = {kind: metrics.handled.labels(*labels, label) for kind, label in LABELS.items()}
        self._seconds, self._is_paused = metrics.handle_seconds.labels(*labels), metrics.paused.labels(*labels)
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.paused: str | None = None

    async def start(self) -> None:
        await self._puller.start()
        name = f"{self._context.connection.service}: consume {self._durable.name} p{self._partition}"
        self._task = asyncio.create_task(self._run(), name=name)
        self._task.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        """A worker that ends by an error of ours would leave its partition unread in silence."""
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self._log.error("bus: consumer ended", exc_info=error)
            self._context.connection.fatal(f"{task.get_name()} ended: {reason_of(error)}")

    async def stop(self, drain_s: float) -> None:
        """Let the message at hand finish; after `drain_s` it is left to another process."""
        self._stopping.set()
        self._puller.wake()
        if self._task is None or self._task is asyncio.current_task():
            return
        _, late = await asyncio.wait({self._task}, timeout=drain_s)
        for task in late:
            self._log.warning("bus: handler did not finish in time", seconds=drain_s)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        for message in await self._puller.stop():
            if self._context.connection.connected:
                await message.nak()

    async def _run(self) -> None:
        heals = 0
        while not self._stopping.is_set():
            try:
                messages = await self._pull()
                heals = 0
                if not messages:
                    continue
                if self._stopping.is_set():
                    for one in messages:
                        await one.nak()
                else:
                    await self._process(messages)
            except ConsumerGone as gone:
                heals += 1
                await self._heal(str(gone), heals)
            except (nats.errors.Error, BusError, OSError) as error:
                # the message stays unacknowledged and comes again after ack_wait
                heals += 1
                self._log.warning("bus: consuming failed", reason=reason_of(error))
                await self._pause(min(_HEAL_MAX_S, _HEAL_FIRST_S * 2 ** min(heals - 1, 8)))

    async def _pull(self) -> list[Msg]:
        """What waits, or nothing where it is worth looking whether to go on. Raises ConsumerGone, nats errors."""
        async with self._turns:
            if self._stopping.is_set() or (message := await self._puller.next()) is None:
                return []
            return [message, *await self._puller.more(self._at_most - 1)]

    async def _heal(self, reason: str, attempt: int) -> None:
        await self._pause(min(_HEAL_MAX_S, _HEAL_FIRST_S * 2 ** min(attempt - 1, 8)))
        if self._stopping.is_set() or attempt < 2:  # a server that just came up answers so at first
            return
        self._log.warning("bus: consumer is gone, declaring it again", reason=reason)
        try:
            await self._context.declarations.consumer(self._durable, self._partition, self._entity)
        except (nats.errors.Error, DeclarationFailed) as error:
            self._log.warning("bus: declaring failed", reason=reason_of(error))
            try:
                await self._context.declarations.declare()
            except (nats.errors.Error, DeclarationFailed) as again:
                self._log.warning("bus: declaring the streams failed", reason=reason_of(again))

    async def _pause(self, seconds: float) -> None:
        """Wait, or until told to stop."""
        stop = asyncio.ensure_future(self._stopping.wait())
        wait = asyncio.ensure_future(self._context.clock.sleep(seconds))
        try:
            await asyncio.wait({stop, wait}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stop.cancel()
            wait.cancel()

    # --- the messages in hand ---------------------------------------------------------------------------------------

    async def _process(self, messages: Sequence[Msg]) -> None:
        in_hand: list[_InHand] = []
        for message in messages:
            arrival = Arrival.of(message)
            try:
                envelope: Envelope[Any] = fired(decode(message.data), arrival.sequence, from_us(arrival.stored_us))
            except MalformedMessage as malformed:
                await self._end(message, None, arrival, Dead(f"malformed: {malformed}"))
                continue
            if (dead := await self._worn_out(arrival)) is not None:
                await self._end(message, envelope, arrival, dead)
                continue
            delivery: Delivery[Any] = Delivery(
                envelope, arrival.sequence, arrival.deliveries, self._partition, arrival.turn
            )
            in_hand.append(_InHand(message=message, envelope=envelope, arrival=arrival, delivery=delivery))
        if in_hand:
            await self._handle(in_hand)

    async def _worn_out(self, arrival: Arrival) -> Dead | None:
        unexplained = arrival.deliveries - 1 - self._failures.of(arrival.sequence)
        if unexplained >= self._durable.max_deliver:
            unexplained -= await self._innocence.deliveries(arrival.sequence)
        return worn_out(self._durable, unexplained)

    async def _handle(self, in_hand: Sequence[_InHand]) -> None:
        """Call the handler, again and again while a dependency is down, telling the server that we are at it."""
        held = list(in_hand)
        heartbeat = asyncio.create_task(self._heartbeat(held))
        started = self._context.clock.monotonic()
        calls = 0
        try:
            while held:
                outcomes = await run_together(
                    self._handler, [one.delivery for one in held], self._durable, self._failures, self._log
                )
                spent = (self._context.clock.monotonic() - started) / len(held)
                handled = list(zip(held, outcomes, strict=True))
                held[:] = [one for one, outcome in handled if isinstance(outcome, Held)]
                await self._end_all([pair for pair in handled if not isinstance(pair[1], Held)], spent)
                if held:
                    calls += 1
                    outcome = next(outcome for outcome in outcomes if isinstance(outcome, Held))
                    self._count(outcome, 0)
                    await self._hold(held, outcome, calls)
                    if self._stopping.is_set():
                        await self._end_all([(one, outcome) for one in held], 0)
                        return
        finally:
            heartbeat.cancel()
            self.paused = None

    async def _hold(self, held: Sequence[_InHand], outcome: Held, calls: int) -> None:
        if self.paused is None:
            self._log.warning("bus: paused", dependency=outcome.dependency, reason=outcome.reason)
            for one in held:
                await self._innocence.note(one.arrival.sequence, one.arrival.deliveries)
        self.paused = outcome.dependency
        await self._pause(hold_after(calls))

    async def _heartbeat(self, in_hand: Sequence[_InHand]) -> None:
        while True:
            await self._context.clock.sleep(self._durable.ack_wait_s / 3)
            try:
                for one in tuple(in_hand):
                    await one.message.in_progress()
            except nats.errors.Error as error:
                self._log.warning("bus: heartbeat failed", reason=reason_of(error))

    async def _end_all(self, handled: Sequence[tuple[_InHand, Outcome]], seconds: float) -> None:
        """Conclude each; what goes wrong with one is raised after the others."""
        failed: nats.errors.Error | BusError | OSError | None = None
        for one, outcome in handled:
            try:
                await self._end(one.message, one.envelope, one.arrival, outcome, seconds)
            except (nats.errors.Error, BusError, OSError) as error:
                failed = failed or error
        if failed is not None:
            raise failed

    async def _end(
        self, message: Msg, envelope: Envelope[Any] | None, arrival: Arrival, outcome: Outcome, seconds: float = 0.0
    ) -> None:
        self._count(outcome, seconds)
        await self._conclude(message, envelope, arrival, outcome)

    async def _conclude(self, message: Msg, envelope: Envelope[Any] | None, arrival: Arrival, outcome: Outcome) -> None:
        match outcome:
            case Done():
                await message.ack()
            case Again(after_s=after_s, reason=reason):
                self._log.info("bus: again later", after_s=after_s, reason=reason, deliveries=arrival.deliveries)
                await message.nak(delay=after_s or None)
            case Held():  # stopping while a dependency is down
                await message.nak()
            case Dead(reason=reason):
                await self._bury(message, envelope, arrival, reason)

    async def _bury(self, message: Msg, envelope: Envelope[Any] | None, arrival: Arrival, reason: str) -> None:
        self._log.warning("bus: dead letter", subject=message.subject, reason=reason, deliveries=arrival.deliveries)
        letter = dead_letter(
            self._durable,
            site=self._context.bus.site,
            subject=message.subject,
            sequence=arrival.sequence,
            deliveries=arrival.deliveries,
            payload=message.data,
            reason=reason,
            now=self._context.clock.now(),
            produced_by=self._context.produced_by,
            cause=envelope,
        )
        try:
            await self._context.bus.publish(letter)
        except BusError:
            await message.nak(delay=retry_after(arrival.deliveries))  # buried on a later delivery
            raise
        self._context.metrics.dead_letters.labels(self._context.connection.service, self._durable.name).inc()
        await message.term()

    def _count(self, outcome: Outcome, seconds: float) -> None:
        self._handled[type(outcome)].inc()
        if not isinstance(outcome, Held):
            self._seconds.observe(seconds)
        self._is_paused.set(isinstance(outcome, Held))


class JetStreamConsumer:
    """The workers of one `consume`."""

    def __init__(self, name: str, workers: list[Worker], drain_s: float) -> None:
        self.name = name
        self._workers = workers
        self._drain_s = drain_s
        self.stopped = False

    async def stop(self) -> None:
        if not self.stopped:
            self.stopped = True
            await asyncio.gather(*(worker.stop(self._drain_s) for worker in self._workers))

    @property
    def paused(self) -> str | None:
        return next((worker.paused for worker in self._workers if worker.paused), None)
