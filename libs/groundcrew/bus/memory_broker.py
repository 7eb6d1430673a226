"""The broker behind `memory.MemoryBus`: streams, durables and schedules in one process.

It behaves as the JetStream streams of `contracts.streams` do (the suite in `tests/contract/bus` holds both to it).
Two ways to run it: `live=True` works in background tasks, as a server would; otherwise nothing happens until
`settle` handles what waits, one handler at a time in publish order, which is what makes replay deterministic.
"""

import asyncio
import itertools
from collections import OrderedDict
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from datetime import datetime, timedelta

from groundcrew.bus.memory_kv import MemoryBucket
from groundcrew.bus.memory_lanes import CallbackLane, DurableLane, Lane, Stored
from groundcrew.bus.port import StreamFull
from groundcrew.bus.subjects import consumer_name, filters_of, matches, partition_of, partitions_of, stream_of
from groundcrew.bus.ticks import tick, tick_subject
from groundcrew.contracts.clock import Clock, VirtualClock
from groundcrew.contracts.envelope import ProducedBy, encode
from groundcrew.contracts.streams import STREAMS, Durable, Durables, Retention, Stream

TAP_PENDING = 1_024
"""Messages that a tap may lag behind before new ones are dropped."""

WATCHED_KEYS = 100_000
"""Keys with a change that a watcher has not seen yet; more are dropped (a bucket holds far fewer)."""

Served = Callable[[bytes], Awaitable[bytes]]
"""An endpoint's answer to a request's bytes. Raises RequestFailed."""

Streamed = Callable[[bytes], AsyncGenerator[bytes, None]]
"""The same in parts."""

_TURNS = 20
"""Event-loop turns that whoever slept on the virtual clock gets before the next message is handled."""


class _Log:
    """One stream: its messages by sequence, and the ids of its duplicate window."""

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self.messages: OrderedDict[int, Stored] = OrderedDict()
        self.bytes = 0
        self.last = 0
        self._seen: OrderedDict[str, datetime] = OrderedDict()

    def duplicate(self, message_id: str, now: datetime) -> bool:
        window = timedelta(seconds=self.stream.duplicate_window_s)
        while self._seen and now - next(iter(self._seen.values())) > window:
            self._seen.popitem(last=False)
        return message_id in self._seen

    def append(self, stored: Stored, message_id: str, now: datetime) -> None:
        self.messages[stored.sequence] = stored
        self.bytes += len(stored.payload)
        self.last = stored.sequence
        if message_id:
            self._seen[message_id] = now

    def remove(self, sequence: int) -> None:
        stored = self.messages.pop(sequence, None)
        if stored is not None:
            stored.gone = True
            self.bytes -= len(stored.payload)

    def trim(self, now: datetime) -> None:
        """Make a LIMITS stream fit its size and age; the oldest go first."""
        limit = timedelta(seconds=self.stream.max_age_s)
        while self.messages:
            oldest = next(iter(self.messages.values()))
            too_old = self.stream.max_age_s > 0 and now - oldest.stored_at > limit
            if not too_old and self.bytes <= self.stream.max_bytes:
                return
            self.remove(oldest.sequence)


class _Schedule:
    def __init__(self, site: str, name: str, every_s: int, due: datetime, produced_by: ProducedBy) -> None:
        self.site = site
        self.name = name
        self.every_s = every_s
        self.due = due
        self.produced_by = produced_by


class MemoryBroker:
    """Shared by the buses of all services of a process; `MemoryBus(site, clock, broker=...)` or `bus()` of `memory`.

    `streams` replaces the table's streams by name (a smaller `max_bytes`, say).
    """

    def __init__(self, clock: Clock, *, live: bool = False, streams: Sequence[Stream] = ()) -> None:
        self.clock = clock
        self.live = live
        self.buckets: dict[str, MemoryBucket] = {}
        self.served: dict[str, list[Served]] = {}
        self.streamed: dict[str, list[Streamed]] = {}
        replaced = {s.name: s for s in streams}
        self._logs = {s.name: _Log(replaced.get(s.name, s)) for s in STREAMS}
        self._lanes: list[Lane] = []
        self._durables: dict[str, DurableLane] = {}
        self._taps: list[tuple[str, CallbackLane]] = []
        self._schedules: dict[tuple[str, str], _Schedule] = {}
        self._order = itertools.count(1)
        self._index = itertools.count()
        self._sites: set[str] = set()
        self._settling = False

    # --- declared -----------------------------------------------------------------------------------------------------

    def declare(self, site: str) -> None:
        """Make a site's durables, so that interest exists before their consumers run. Idempotent."""
        if site in self._sites:
            return
        self._sites.add(site)
        for durable in Durables.all():
            if not durable.per_entity:
                self.durable_lanes(durable, site)

    def durable_lanes(self, durable: Durable, site: str, entity: str | None = None) -> list[DurableLane]:
        """The lanes (one per partition) of a durable, made where missing; later calls may change its limits."""
        return [self._durable_lane(durable, site, partition, entity) for partition in partitions_of(durable)]

    def _durable_lane(self, durable: Durable, site: str, partition: int, entity: str | None) -> DurableLane:
        name = consumer_name(durable, site, partition=partition, entity=entity)
        lane = self._durables.get(name)
        if lane is None:
            lane = DurableLane(
                durable,
                filters_of(durable, site, entity),
                partition=partition,
                index=next(self._index),
                clock=self.clock,
                finished=self._finished,
            )
            self._durables[name] = lane
            self._lanes.append(lane)
            if durable.start == "all":
                for stored in self._logs[durable.stream].messages.values():
                    lane.offer(stored)
        lane.durable = durable
        return lane

    def add_tap(
        self, subject: str, callback: Callable[..., Awaitable[None]], dropped: Callable[[], None]
    ) -> CallbackLane:
        """Queue what is published on a subject filter for `callback(payload)`."""
        lane = CallbackLane(callback, index=next(self._index), limit=TAP_PENDING, dropped=dropped)
        self._taps.append((subject, lane))
        self._lanes.append(lane)
        return lane

    def add_watch(self, bucket: str, prefix: str, callback: Callable[..., Awaitable[None]]) -> CallbackLane:
        """Queue changes of a bucket's keys for `callback(key, value)`; the newest value of a key wins."""
        lane = CallbackLane(callback, index=next(self._index), limit=WATCHED_KEYS, dropped=lambda: None)
        self.bucket(bucket).watchers.append((prefix, lane))
        self._lanes.append(lane)
        return lane

    def remove(self, lane: CallbackLane) -> None:
        """Forget a tap or a watch."""
        self._lanes = [known for known in self._lanes if known is not lane]
        self._taps = [(subject, known) for subject, known in self._taps if known is not lane]
        for bucket in self.buckets.values():
            bucket.watchers = [(prefix, known) for prefix, known in bucket.watchers if known is not lane]

    def bucket(self, name: str) -> MemoryBucket:
        return self.buckets.setdefault(name, MemoryBucket(self._order))

    # --- publish ------------------------------------------------------------------------------------------------------

    def store(self, subject: str, payload: bytes, message_id: str) -> bool:
        """Take one message; False where its id was a duplicate. Raises StreamFull."""
        now = self.clock.now()
        order = next(self._order)
        for pattern, tap in self._taps:
            if matches(pattern, subject):
                tap.offer(str(order), order, payload)
        return self._append(subject, payload, message_id, now, order)

    def _append(self, subject: str, payload: bytes, message_id: str, now: datetime, order: int) -> bool:
        stream = stream_of(subject)
        if stream is None:
            msg = f"no stream stores subject {subject}"
            raise ValueError(msg)
        log = self._logs[stream.name]
        if message_id and log.duplicate(message_id, now):
            return False
        log_full = log.bytes + len(payload) > log.stream.max_bytes
        if log_full and log.stream.retention is Retention.INTEREST:
            msg = f"stream {stream.name} is full: {log.bytes} of {log.stream.max_bytes} bytes wait for their consumers"
            raise StreamFull(msg)
        partition = partition_of(subject) if stream.partitioned else 0
        stored = Stored(log.last + 1, order, subject, payload, now, partition)
        log.append(stored, message_id, now)
        for lane in self._durables.values():
            if lane.durable.stream == stream.name:
                lane.offer(stored)
        if log.stream.retention is Retention.INTEREST:
            if stored.interest == 0:
                log.remove(stored.sequence)
        else:
            log.trim(now)
        return True

    def _finished(self, lane: DurableLane, stored: Stored) -> None:
        """A durable is done with a message; an INTEREST stream forgets it after the last one."""
        log = self._logs[lane.durable.stream]
        if stored.interest == 0 and log.stream.retention is Retention.INTEREST:
            log.remove(stored.sequence)

    def waiting(self, stream: str) -> int:
        """How many messages a stream holds."""
        return len(self._logs[stream].messages)

    # --- schedules ----------------------------------------------------------------------------------------------------

    def schedule(self, site: str, name: str, every_s: int, produced_by: ProducedBy) -> bool:
        """True where this is new or its period changed."""
        known = self._schedules.get((site, name))
        if known is not None and known.every_s == every_s:
            return False
        due = self.clock.now() + timedelta(seconds=every_s)
        self._schedules[site, name] = _Schedule(site, name, every_s, due, produced_by)
        return True

    def fire_due(self) -> None:
        """Publish the ticks that are due, in order of their time, then of site and name."""
        now = self.clock.now()
        due = sorted((s.due, key) for key, s in self._schedules.items() if s.due <= now)
        for _, key in due:
            schedule = self._schedules[key]
            envelope = tick(schedule.site, schedule.name, now=now, produced_by=schedule.produced_by)
            self._append(tick_subject(schedule.site, schedule.name), encode(envelope), "", now, next(self._order))
            missed = (now - schedule.due) // timedelta(seconds=schedule.every_s)
            schedule.due += timedelta(seconds=schedule.every_s) * (missed + 1)

    def next_tick(self) -> datetime | None:
        return min((s.due for s in self._schedules.values()), default=None)

    # --- settle -------------------------------------------------------------------------------------------------------

    async def settle(self, until: datetime | None = None) -> None:
        """Handle what waits, one handler at a time in publish order, until nothing waits.

        Messages that a handler wants again later are handled too: on a VirtualClock time moves to when they are due.
        Consumers that are paused (Unavailable) and schedules move time only with `until`: then everything up to that
        time happens in order of time (ticks, pauses, sleepers of the virtual clock), and the clock ends there.
        """
        if self.live:
            msg = "a live broker works by itself; settle is for live=False"
            raise RuntimeError(msg)
        if self._settling:
            msg = "settle was called from within a handler"
            raise RuntimeError(msg)
        self._settling = True
        try:
            await self._drain()
            while (due := self._next_due(until)) is not None:
                await self._move_to(due)
                self.fire_due()
                await self._drain()
            if until is not None:
                await self._move_to(until)
        finally:
            self._settling = False

    async def _drain(self) -> None:
        while (lane := self._next_lane()) is not None:
            await lane.step()

    def _next_lane(self) -> Lane | None:
        now = self.clock.now()
        best: tuple[tuple[int, int], Lane] | None = None
        for lane in self._lanes:
            order = lane.ready(now)
            if order is not None and (best is None or (order, lane.index) < best[0]):
                best = ((order, lane.index), lane)
        return best[1] if best else None

    def _next_due(self, until: datetime | None) -> datetime | None:
        retries = [due for lane in self._lanes if (due := lane.next_due(pauses=until is not None)) is not None]
        if until is None:
            return min(retries, default=None)
        others = [self.next_tick()]
        if isinstance(self.clock, VirtualClock):
            others.append(self.clock.next_wake())
        due = min((*retries, *(when for when in others if when is not None)), default=None)
        return due if due is not None and due <= until else None

    async def _move_to(self, when: datetime) -> None:
        if isinstance(self.clock, VirtualClock):
            self.clock.advance_to(when)
            for _ in range(_TURNS):
                await asyncio.sleep(0)
        else:
            await self.clock.sleep(max(0.0, (when - self.clock.now()).total_seconds()))
