"""When the silence after an observation has lasted long enough to confirm what it said.

Confirmation times are event times. Between two observations of an entity its event time is taken to pass as the clock
does, so a failure that nothing speaks against is raised on time even where nothing else is observed.
"""

import asyncio
from datetime import datetime, timedelta
from typing import Any

from groundcrew.bus.port import Delivery
from groundcrew.contracts.clock import Clock, set_within

GRACE = timedelta(milliseconds=300)
"""For what was written before the time was up and is still on its way from the collector."""

MAX_WAITING = 10_000
"""Entities that are waited for at once; one beyond is confirmed by its next observation."""


class Silences:
    """What each entity waits for; the soonest comes first."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._waiting: dict[str, tuple[datetime, int, Delivery[Any]]] = {}
        self._changed = asyncio.Event()

    def expect(self, delivery: Delivery[Any], due_us: int | None) -> None:
        """After `delivery`, wait until event time `due_us`; None: its entity waits for nothing."""
        entity = delivery.envelope.entity
        times: list[int] = [] if due_us is None else getattr(delivery.envelope.data, "times", [])
        if due_us is None or not times:
            self._waiting.pop(entity, None)
        elif entity in self._waiting or len(self._waiting) < MAX_WAITING:
            left = timedelta(microseconds=max(0, due_us - max(times)))
            self._waiting[entity] = (self._clock.now() + left + GRACE, due_us, delivery)
        self._changed.set()

    async def next(self) -> tuple[Delivery[Any], int]:
        """Waits for the soonest; (the entity's last delivery, the event time that is reached)."""
        while True:
            self._changed.clear()
            soonest = min(self._waiting.items(), key=lambda item: (item[1][0], item[0]), default=None)
            if soonest is None:
                await self._changed.wait()
                continue
            entity, (when, due_us, delivery) = soonest
            left = (when - self._clock.now()).total_seconds()
            if left <= 0:
                del self._waiting[entity]
                return delivery, due_us
            await set_within(self._changed, self._clock, left)
