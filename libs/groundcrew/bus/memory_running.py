"""What runs in the background for a user of the memory bus, until it is stopped."""

import asyncio
from collections.abc import Callable

from groundcrew.bus.memory_lanes import DurableLane


class Running:
    """Background tasks that drive one lane of a live broker for one consumer, tap or watch."""

    def __init__(self, detach: Callable[[], None], drain_s: float) -> None:
        self.stopping = asyncio.Event()
        self.tasks: list[asyncio.Task[None]] = []
        self._detach = detach
        self._detached = False
        self._drain_s = drain_s

    async def stop(self) -> None:
        if self._detached:
            return
        self._detached = True
        self.stopping.set()
        self._detach()
        own = asyncio.current_task()
        others = [task for task in self.tasks if task is not own]
        if others:
            _, late = await asyncio.wait(others, timeout=self._drain_s)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)


class MemoryConsumer:
    """The lanes of one `consume`."""

    def __init__(self, lanes: list[DurableLane], running: list[Running]) -> None:
        self._lanes = lanes
        self._running = running

    async def stop(self) -> None:
        await asyncio.gather(*(each.stop() for each in self._running))

    @property
    def paused(self) -> str | None:
        return next((lane.paused for lane in self._lanes if lane.paused), None)
