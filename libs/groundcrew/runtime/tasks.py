"""Named root tasks. One that ends without being asked to ends the process, so that a supervisor starts it afresh."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any

from structlog.typing import FilteringBoundLogger

AGAIN_S = 3.0
"""A task that was cancelled and still runs after so long is cancelled once more: where a result comes at the moment of
the cancellation, `asyncio.wait_for` of Python 3.11 returns the result, and the task goes on as if nobody had asked."""


@dataclass(frozen=True)
class TaskEnd:
    """Which root task ended unexpectedly, and why."""

    name: str
    error: BaseException | None

    def __str__(self) -> str:
        return f"root task '{self.name}' " + (f"failed: {self.error!r}" if self.error else "returned; it should not")


class RootTasks:
    """The root tasks of one service. `prefix` tells services apart that share a process."""

    def __init__(self, log: FilteringBoundLogger, *, prefix: str = "") -> None:
        self._log = log
        self._prefix = prefix
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._closing = False
        self._ended: asyncio.Future[TaskEnd] = asyncio.get_running_loop().create_future()

    def spawn(self, name: str, coroutine: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        if name in self._tasks:
            coroutine.close()
            msg = f"there is a root task '{name}' already"
            raise ValueError(msg)
        task = asyncio.create_task(coroutine, name=self._prefix + name)
        self._tasks[name] = task
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[None]) -> None:
        error = asyncio.CancelledError("cancelled") if task.cancelled() else task.exception()
        if self._closing:
            return
        end = TaskEnd(task.get_name(), error)
        self._log.error("a root task ended", task=end.name, error=repr(error) if error else None, exc_info=error)
        if not self._ended.done():
            self._ended.set_result(end)

    async def ended(self) -> TaskEnd:
        """Waits until a root task ends unexpectedly."""
        return await asyncio.shield(self._ended)

    async def close(self) -> None:
        """Cancel all, newest first, and wait for them; what they raise while closing is logged."""
        self._closing = True
        running = list(reversed(self._tasks.values()))
        while running:
            for task in running:
                task.cancel()
            await asyncio.wait(running, timeout=AGAIN_S)
            running = [task for task in running if not task.done()]
        results = await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        for name, result in zip(self._tasks, results, strict=True):
            if isinstance(result, Exception) and not self._reported(name):
                self._log.warning("a root task failed while it was stopped", task=name, error=repr(result))

    def _reported(self, name: str) -> bool:
        return self._ended.done() and self._ended.result().name == self._prefix + name
