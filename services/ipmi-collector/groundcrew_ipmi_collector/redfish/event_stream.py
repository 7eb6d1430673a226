"""A BMC's stream of events (`ServerSentEventUri` of its EventService), so that an entry is seen when it is written.

The stream is opened in a look, in the session of the looks, and closed with it: a BMC never has two sessions of ours.
An event only wakes the poller, which reads the log; a stream that breaks costs speed and nothing else. What is known of
makers: iDRAC has two streams at most, ends one after an hour in which it had nothing to say and wants half a minute
before the next; OpenBMC has ten; XCC sends a comment now and then.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum

from prometheus_client import CollectorRegistry, Counter, Gauge

from groundcrew.contracts.clock import Clock
from groundcrew.diagnosis.redfish_events import EventReader, Heard
from groundcrew_ipmi_collector.breaker import Breaker
from groundcrew_ipmi_collector.reason import IpmiFailed
from groundcrew_ipmi_collector.redfish.client import Client
from groundcrew_ipmi_collector.redfish.connection import Gone, NoHttp, Streaming
from groundcrew_ipmi_collector.redfish.waking import Waking

SILENT_S = 3_900.0
"""A stream that says nothing for so long is opened anew: nobody tells us of a peer that is gone."""

MAX_BYTES = 1024 * 1024
WINDOW_S = 60.0
"""A stream that says more than MAX_BYTES in a window is closed: looks at the interval read that log more cheaply."""

MAX_UNREADABLE = 20
"""Events in a row that cannot be read, after which a stream is closed."""

FIRST_S = 30.0
MOST_S = 3_600.0


class End(StrEnum):
    """Why a stream ended: a closed list, and a metric label."""

    REFUSED = "refused"  # it did not come about
    CLOSED = "closed"  # by the BMC or on the way
    SILENT = "silent"
    FLOOD = "flood"
    UNREADABLE = "unreadable"
    LEFT = "left"  # by us: the session ends


class Streams:
    """How many streams there may be at the same time, and what came of them. One for the whole fleet."""

    def __init__(self, most: int, registry: CollectorRegistry) -> None:
        self._most = most
        self._open = 0
        self._gauge = Gauge(
            "groundcrew_ipmi_collector_event_streams", "Streams of events over Redfish that are open", registry=registry
        )
        self.ends = Counter(
            "groundcrew_ipmi_collector_event_stream_ends",
            "Streams of events that ended or did not come about, by reason",
            ["reason"],
            registry=registry,
        )
        self.heard = Counter(
            "groundcrew_ipmi_collector_events_heard", "Events that BMCs sent or pushed, by kind", ["kind"],
            registry=registry,
        )  # fmt: skip

    def taken(self) -> bool:
        """False where there are as many as there may be."""
        if self._open >= self._most:
            return False
        self._open += 1
        self._gauge.set(self._open)
        return True

    def given_back(self) -> None:
        self._open -= 1
        self._gauge.set(self._open)


class _Ended(Exception):
    def __init__(self, why: End) -> None:
        super().__init__(why.value)
        self.why = why


@dataclass
class _Open:
    streaming: Streaming
    task: asyncio.Task[None]


class EventStream:
    """Of one BMC. `chance`: 0 to 1, so that a rack whose streams broke at once does not come back at once."""

    def __init__(self, streams: Streams, waking: Waking, *, clock: Clock, chance: Callable[[], float]) -> None:
        self._streams = streams
        self._waking = waking
        self._clock = clock
        self._breaker = Breaker(clock, first_s=FIRST_S, most_s=MOST_S, chance=chance)
        self._open: _Open | None = None

    @property
    def is_open(self) -> bool:
        return self._open is not None and not self._open.task.done()

    async def hold(self, client: Client, path: str) -> None:
        """Opens it, within a look, unless it is open or broke too lately. Raises nothing that a BMC does."""
        if self._open is not None and self._open.task.done():
            ended, self._open = self._open, None
            ended.task.result()  # what is no fault of the BMC goes on
        if not path or self._open is not None or self._breaker.is_open or not self._streams.taken():
            return
        try:
            streaming = await client.stream(path)
        except IpmiFailed:
            self._streams.given_back()
            self._streams.ends.labels(End.REFUSED.value).inc()
            self._broke()
            return
        except BaseException:
            self._streams.given_back()
            raise
        self._open = _Open(streaming, asyncio.create_task(self._follow(streaming), name="event stream"))

    async def close(self) -> None:
        """Bounded in time."""
        ended, self._open = self._open, None
        if ended is None:
            return
        ended.task.cancel()
        with suppress(asyncio.CancelledError):
            await ended.task

    async def _follow(self, streaming: Streaming) -> None:
        why = End.LEFT
        try:
            await self._hear(streaming)
        except _Ended as end:
            why = end.why
        except TimeoutError:
            why = End.SILENT
        except (OSError, Gone, NoHttp):
            why = End.CLOSED
        finally:
            self._streams.given_back()
            self._streams.ends.labels(why.value).inc()
            streaming.drop()
        self._broke()
        self._waking.wake()  # what happened meanwhile was told to nobody

    def _broke(self) -> None:
        """Half a minute from the first time on, four times as long each time until an event is heard."""
        self._breaker.failed()
        self._breaker.failed()

    async def _hear(self, streaming: Streaming) -> None:
        reader, amount, window_from, unreadable = EventReader(), 0, self._clock.monotonic(), 0
        while True:
            async with asyncio.timeout(SILENT_S):
                piece = await streaming.piece()
            if not piece:
                raise _Ended(End.CLOSED)
            now = self._clock.monotonic()
            if now - window_from >= WINDOW_S:
                amount, window_from = 0, now
            amount += len(piece)
            if amount > MAX_BYTES:
                raise _Ended(End.FLOOD)
            for kind in reader.feed(piece):
                self._streams.heard.labels(kind.value).inc()
                unreadable = unreadable + 1 if kind is Heard.UNREADABLE else 0
                if unreadable > MAX_UNREADABLE:
                    raise _Ended(End.UNREADABLE)
                if kind is not Heard.REPORT:
                    self._waking.wake()
                if kind is Heard.EVENT:
                    self._breaker.worked()
