"""When the quiet after an observation has lasted long enough to confirm what it said.

Confirmation times are event times. Between two observations of an entity its event time is taken to pass as the clock
does, so a failure that nothing speaks against is raised on time even where nothing else is observed, and what is
still bad when a silence of the operator's ends is raised then.
"""

import asyncio
import heapq
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from groundcrew.bus.port import Delivery
from groundcrew.contracts.clock import Clock, set_within
from groundcrew.contracts.observations import LogBatch

GRACE = timedelta(milliseconds=300)
"""For what was written before the time was up and is still on its way from the collector."""

NO_ROWS = LogBatch(
    ids=[], times=[], priorities=[], identifiers=[], units=[], transports=[], boot_ids=[], positions=[], messages=[]
)
"""Stands in for the rows of a delivery that is kept: a silence may last for days, and rows take room."""

MAX_WAITING = 10_000
"""Entities that are waited for at once; one beyond is confirmed by its next observation."""


class Quiet:
    """What each entity waits for; the soonest comes first."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._waiting: dict[str, _Wait] = {}
        self._order: list[tuple[datetime, str]] = []
        self._changed = asyncio.Event()

    def __contains__(self, entity: str) -> bool:
        return entity in self._waiting

    def expect(self, delivery: Delivery[Any], due_us: int | None, reached_us: int | None = None) -> None:
        """After `delivery`, wait until event time `due_us`; None: its entity waits for nothing. `reached_us` is the
        event time that is reached, by default that of the delivery's newest row."""
        entity = delivery.envelope.entity
        times: list[int] = getattr(delivery.envelope.data, "times", [])
        now_us = reached_us if reached_us is not None else max(times, default=None)
        if due_us is None:
            self._waiting.pop(entity, None)
        elif now_us is not None and (entity in self._waiting or len(self._waiting) < MAX_WAITING):
            bare = replace(delivery, envelope=delivery.envelope.model_copy(update={"data": NO_ROWS}))
            left = timedelta(microseconds=max(0, due_us - now_us))
            self._wait(entity, _Wait(self._clock.now() + left + GRACE, due_us, bare))

    def hasten(self, entity: str, due_us: int) -> None:
        """What the entity waits for is due already."""
        waiting = self._waiting.get(entity)
        if waiting is not None:
            self._wait(entity, _Wait(self._clock.now(), due_us, waiting.delivery))

    def _wait(self, entity: str, wait: "_Wait") -> None:
        self._waiting[entity] = wait
        heapq.heappush(self._order, (wait.when, entity))
        if len(self._order) > 2 * len(self._waiting) + 100:  # most are of waits that are over or were put off
            self._order = [(each.when, name) for name, each in self._waiting.items()]
            heapq.heapify(self._order)
        if self._order[0] == (wait.when, entity):
            self._changed.set()

    async def next(self) -> tuple[Delivery[Any], int]:
        """Waits for the soonest; (the entity's last delivery, the event time that is reached)."""
        while True:
            self._changed.clear()
            if not self._order:
                await self._changed.wait()
                continue
            when, entity = self._order[0]
            wait = self._waiting.get(entity)
            if wait is None or wait.when != when:
                heapq.heappop(self._order)
                continue
            left = (when - self._clock.now()).total_seconds()
            if left <= 0:
                heapq.heappop(self._order)
                del self._waiting[entity]
                return wait.delivery, wait.due_us
            await set_within(self._changed, self._clock, left)


@dataclass(frozen=True, slots=True)
class _Wait:
    when: datetime
    due_us: int
    delivery: Delivery[Any]
