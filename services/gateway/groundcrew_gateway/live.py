"""Live events for browsers: what changes on the bus, fanned out to bounded queues, one per client.

It may drop, and says so: a client that is told to refresh asks the API, which holds the truth.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import orjson

from groundcrew.bus.port import Bus, Subscription
from groundcrew.contracts.actions import ActionChanged
from groundcrew.contracts.conversations import AnalysisCompleted
from groundcrew.contracts.envelope import Envelope
from groundcrew.contracts.event_logs import EventLogBatch, SyncChanged
from groundcrew.contracts.incidents import (
    IncidentOpened,
    IncidentResolved,
    IncidentUpdated,
    ReviewCompleted,
    TriggerRaised,
)
from groundcrew_gateway.meters import Meters

_SUBJECTS = (
    "gc.{site}.incident.>",
    "gc.{site}.action.>",
    "gc.{site}.trigger.>",
    "gc.{site}.review.*",
    "gc.{site}.analysis.*",
    "gc.{site}.observe.sync.*",
    "gc.{site}.observe.eventlogs.*",
)
_KINDS: dict[type, str] = {
    IncidentOpened: "incident",
    IncidentUpdated: "incident",
    IncidentResolved: "incident",
    ActionChanged: "action",
    TriggerRaised: "trigger",
    ReviewCompleted: "review",
    AnalysisCompleted: "analysis",
    SyncChanged: "sync",
    EventLogBatch: "eventlog",
}
MAX_EVENT_BYTES = 65_536


class TooManyClients(Exception):
    """The gateway serves as many live clients as it is set to."""


class Client:
    """One WebSocket client's queue."""

    def __init__(self, site: str, size: int) -> None:
        self.site = site
        self._queue: asyncio.Queue[str] = asyncio.Queue(size)

    def offer(self, text: str) -> int:
        """Queue an event. Where the queue is full, all of it gives way to one call to refresh; returns how many
        events that dropped."""
        try:
            self._queue.put_nowait(text)
        except asyncio.QueueFull:
            dropped = self._queue.qsize() + 1
            while not self._queue.empty():
                self._queue.get_nowait()
            self._queue.put_nowait(message("refresh", dropped=dropped))
            return dropped
        return 0

    async def next(self) -> str:
        return await self._queue.get()


class Live:
    """Taps each site that somebody watches once, however many clients there are."""

    def __init__(self, bus: Bus, meters: Meters, *, max_clients: int, queue: int) -> None:
        self._bus = bus
        self._meters = meters
        self._max_clients = max_clients
        self._queue = queue
        self._clients: set[Client] = set()
        self._taps: dict[str, list[Subscription]] = {}
        self._opening = asyncio.Lock()

    async def join(self, site: str) -> Client:
        """Raises TooManyClients."""
        if len(self._clients) >= self._max_clients:
            msg = f"{self._max_clients} live clients are connected already"
            raise TooManyClients(msg)
        client = Client(site, self._queue)
        self._clients.add(client)
        self._meters.live_clients.set(len(self._clients))
        try:
            await self._tap(site)
        except BaseException:
            self.leave(client)
            raise
        return client

    def leave(self, client: Client) -> None:
        self._clients.discard(client)
        self._meters.live_clients.set(len(self._clients))

    async def close(self) -> None:
        for subscriptions in self._taps.values():
            for subscription in subscriptions:
                await subscription.stop()
        self._taps.clear()

    async def _tap(self, site: str) -> None:
        async with self._opening:
            if site not in self._taps:
                opened: list[Subscription] = []
                for subject in _SUBJECTS:
                    opened.append(await self._bus.tap(subject.format(site=site), self._fan_out(site)))  # noqa: PERF401
                self._taps[site] = opened

    def _fan_out(self, site: str) -> Callable[[Envelope[Any]], Awaitable[None]]:
        async def seen(envelope: Envelope[Any]) -> None:
            kind = _KINDS.get(type(envelope.data))
            watching = [client for client in self._clients if client.site == site]
            if kind is None or not watching:
                return
            text = event(kind, envelope)
            for client in watching:
                self._meters.live_dropped.inc(client.offer(text))

        return seen


def message(kind: str, **fields: object) -> str:
    """A message that is no event: hello, heartbeat, refresh."""
    return orjson.dumps({"kind": kind, **fields}).decode()


def event(kind: str, envelope: Envelope[Any]) -> str:
    """What a client sees of an envelope; data that is too big is left for the API to tell."""
    head = {
        "kind": kind,
        "type": envelope.type,
        "id": envelope.id,
        "site": envelope.site,
        "entity": envelope.entity,
        "time": envelope.time,
    }
    text = orjson.dumps({**head, "data": envelope.data.model_dump(mode="json")})
    return (text if len(text) <= MAX_EVENT_BYTES else orjson.dumps({**head, "data": None})).decode()
