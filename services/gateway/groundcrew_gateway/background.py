"""Work that a request begins and does not wait for. It is bounded, and its failures are logged."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from structlog.typing import FilteringBoundLogger

from groundcrew.bus.port import RequestFailed
from groundcrew_gateway.problems import Problem

T = TypeVar("T")
MOST = 32


class Background:
    def __init__(self, log: FilteringBoundLogger) -> None:
        self._log = log
        self._running: set[asyncio.Task[Any]] = set()

    def spawn(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Raises Problem 503 where too much is under way already."""
        if len(self._running) >= MOST:
            work.close()
            raise Problem(503, f"{MOST} requests of this kind are under way already", headers={"Retry-After": "5"})
        task = asyncio.create_task(work, name="gateway background")
        self._running.add(task)
        task.add_done_callback(self._ended)
        return task

    async def close(self) -> None:
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            expected = isinstance(error, RequestFailed)
            self._log.warning("background work failed", reason=str(error), exc_info=None if expected else error)
