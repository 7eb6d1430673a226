"""Queues of the memory broker: one per durable and partition, per tap, per KV watch.

A lane knows what of it may be handled now (`ready`) and handles one piece (`step`). `MemoryBroker.settle` steps the
lanes in publish order; a live broker gives each lane tasks of its own (`work`).
"""

import asyncio
import heapq
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from groundcrew.bus.outcome import Again, Held, Outcome, hold_after
from groundcrew.bus.subjects import matches
from groundcrew.bus.ticks import fired
from groundcrew.contracts.clock import Clock
from groundcrew.contracts.envelope import Envelope
from groundcrew.contracts.streams import Durable, decode


@dataclass(slots=True)
class Stored:
    """A stored message. `order` counts over all streams; `interest` is how many durables still need it."""

    sequence: int
    order: int
    subject: str
    payload: bytes
    stored_at: datetime
    partition: int
    interest: int = 0
    gone: bool = False
    _decoded: Envelope[Any] | None = None

    def envelope(self) -> Envelope[Any]:
        """Raises MalformedMessage."""
        if self._decoded is None:
            self._decoded = fired(decode(self.payload), self.sequence, self.stored_at)
        return self._decoded


class Lane(Protocol):
    index: int
    changed: asyncio.Event

    def ready(self, now: datetime) -> int | None:
        """Publish order of the next piece that may be handled now."""

    def next_due(self, *, pauses: bool) -> datetime | None:
        """When something that waits for its time becomes ready."""

    async def step(self) -> None:
        """Handle the next ready piece."""


@dataclass(order=True, slots=True)
class _Item:
    order: int
    stored: Stored = field(compare=False)
    deliveries: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Handed:
    """One delivery of a message: how often it was delivered, this one included, and its turn in the lane."""

    stored: Stored
    deliveries: int
    turn: int


Work = Callable[[Sequence[Handed]], Awaitable[Sequence[Outcome]]]
"""Handles deliveries together and says what became of each."""


class DurableLane:
    """One server-side consumer. Where it is partitioned, one message at a time and strictly in order: a message that
    is to come again blocks those behind it, as `max_ack_pending: 1` does on the server."""

    def __init__(
        self,
        durable: Durable,
        filters: tuple[str, ...],
        *,
        partition: int,
        index: int,
        clock: Clock,
        finished: Callable[["DurableLane", Stored], None],
    ) -> None:
        self.durable = durable
        self.partition = partition
        self.index = index
        self.changed = asyncio.Event()
        self.workers: list[Work] = []
        self.paused: str | None = None
        self.turns = 0
        """Deliveries so far, those that came again included."""
        self._filters = filters
        self._clock = clock
        self._finished = finished
        self._waiting: list[_Item] = []
        self._later: list[tuple[datetime, _Item]] = []
        self._in_flight = 0
        self._paused_until: datetime | None = None
        self._holds = 0

    def offer(self, stored: Stored) -> None:
        """Queue the message if it passes the filters."""
        if self.durable.partitioned and stored.partition != self.partition:
            return
        if any(matches(pattern, stored.subject) for pattern in self._filters):
            stored.interest += 1
            heapq.heappush(self._waiting, _Item(stored.order, stored))
            self.changed.set()

    def ready(self, now: datetime) -> int | None:
        if not self.workers or (self._paused_until is not None and now < self._paused_until):
            return None
        while self._later and self._later[0][0] <= now:
            heapq.heappush(self._waiting, heapq.heappop(self._later)[1])
        if self.durable.partitioned and (self._later or self._in_flight):
            return None
        while self._waiting and self._waiting[0].stored.gone:
            heapq.heappop(self._waiting)
        return self._waiting[0].order if self._waiting else None

    def next_due(self, *, pauses: bool) -> datetime | None:
        if not self.workers:
            return None
        now = self._clock.now()
        if self._paused_until is not None and self._paused_until > now:
            return self._paused_until if pauses and (self._waiting or self._later) else None
        return self._later[0][0] if self._later else None

    async def step(self) -> None:
        await self.step_with(self.workers[0])

    async def step_with(self, work: Work, at_most: int = 1) -> None:
        """Handle the next ready messages with one of the attached workers."""
        items: list[_Item] = []
        while self._waiting and len(items) < at_most:
            item = heapq.heappop(self._waiting)
            if not item.stored.gone:
                items.append(item)
        handed = [Handed(item.stored, item.deliveries + 1, self.turns + at) for at, item in enumerate(items, start=1)]
        self._in_flight += len(items)
        self.turns += len(items)
        try:
            outcomes = await work(handed)
        except BaseException:  # cancelled while closing: they were delivered, and wait for another process
            for item in items:
                item.deliveries += 1
                heapq.heappush(self._waiting, item)
            raise
        finally:
            self._in_flight -= len(items)
            self.changed.set()
        held = next((outcome for outcome in outcomes if isinstance(outcome, Held)), None)
        self._pause(held)
        for item, outcome in zip(items, outcomes, strict=True):
            self._conclude(item, outcome)

    def _pause(self, held: Held | None) -> None:
        self._holds = self._holds + 1 if held else 0
        self.paused = held.dependency if held else None
        self._paused_until = self._clock.now() + timedelta(seconds=hold_after(self._holds)) if held else None

    def _conclude(self, item: _Item, outcome: Outcome) -> None:
        now = self._clock.now()
        if isinstance(outcome, Held):
            heapq.heappush(self._waiting, item)
            return
        if isinstance(outcome, Again):
            item.deliveries += 1
            heapq.heappush(self._later, (now + timedelta(seconds=outcome.after_s), item))
            return
        item.stored.interest -= 1
        self._finished(self, item.stored)


class CallbackLane:
    """Calls back once per offered piece. A newer piece of the same key replaces the one that still waits; beyond
    `limit` waiting pieces new ones are dropped and told to `dropped`."""

    def __init__(
        self,
        callback: Callable[..., Awaitable[None]],
        *,
        index: int,
        limit: int,
        dropped: Callable[[], None],
    ) -> None:
        self.index = index
        self.changed = asyncio.Event()
        self._callback = callback
        self._limit = limit
        self._dropped = dropped
        self._waiting: dict[str, tuple[int, tuple[Any, ...]]] = {}

    def offer(self, key: str, order: int, *arguments: Any) -> None:
        self._waiting.pop(key, None)
        if len(self._waiting) >= self._limit:
            self._dropped()
            return
        self._waiting[key] = (order, arguments)
        self.changed.set()

    def ready(self, now: datetime) -> int | None:
        return next((order for order, _ in self._waiting.values()), None)

    def next_due(self, *, pauses: bool) -> datetime | None:
        return None

    async def step(self) -> None:
        key = next(iter(self._waiting))
        _, arguments = self._waiting.pop(key)
        await self._callback(*arguments)


async def work(lane: Lane, clock: Clock, step: Callable[[], Awaitable[None]], stopping: asyncio.Event) -> None:
    """Drive a lane of a live broker until told to stop; the step under way is finished."""
    while not stopping.is_set():
        lane.changed.clear()
        now = clock.now()
        if lane.ready(now) is not None:
            await step()
            await asyncio.sleep(0)
            continue
        due = lane.next_due(pauses=True)
        waits: list[asyncio.Future[Any]] = [
            asyncio.ensure_future(lane.changed.wait()),
            asyncio.ensure_future(stopping.wait()),
        ]
        if due is not None:
            waits.append(asyncio.ensure_future(clock.sleep(max(0.0, (due - now).total_seconds()))))
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
