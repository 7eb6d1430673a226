"""Keeps child processes alive: start at once, restart with backoff, stop in reverse order."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from groundcrew.contracts.clock import Clock
from groundcrew_embedded.home import Home, HomeError
from groundcrew_embedded.process import Child, Command, RollingLog
from groundcrew_embedded.server import Server

FIRST_BACKOFF_S = 0.2
MAX_BACKOFF_S = 10.0
STEADY_S = 30.0
"""Who ran that long without falling is restarted at once the next time."""

READY_S = 60.0
_PROBE_EVERY_S = 0.02


class ChildFailed(HomeError):
    """A child ended before it was ready."""

    def __init__(self, reason: str, code: int) -> None:
        super().__init__(reason)
        self.code = code


Tell = Callable[[str], None]
"""Says one line to whoever watches the terminal."""


@dataclass
class Backoff:
    """How long to wait before the next start of one child."""

    clock: Clock
    _wait: float = FIRST_BACKOFF_S
    _started: float = field(default=0.0)

    def started(self) -> None:
        self._started = self.clock.monotonic()

    def after_exit(self) -> float:
        if self.clock.monotonic() - self._started >= STEADY_S:
            self._wait = FIRST_BACKOFF_S
        wait, self._wait = self._wait, min(2 * self._wait, MAX_BACKOFF_S)
        return wait


class Supervised:
    """One child that is kept running from `start` until `stop`."""

    def __init__(
        self,
        home: Home,
        command: Callable[[], Command],
        ready: Callable[[], Awaitable[bool]],
        *,
        clock: Clock,
        tell: Tell,
        log: RollingLog,
    ) -> None:
        self._home = home
        self._command = command
        self._ready = ready
        self._clock = clock
        self._tell = tell
        self._log = log
        self._backoff = Backoff(clock)
        self._child: Child | None = None
        self._keeper: asyncio.Task[None] | None = None
        self.restarts = 0
        self.on_restart: Callable[[], None] = lambda: None

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child else None

    async def start(self, *, ready_s: float = READY_S) -> None:
        """Returns once it is ready; raises HomeError with its last words where it falls before that."""
        self._launch()
        await self._until_ready(ready_s)
        self._keeper = asyncio.create_task(self._keep(), name="keep")

    def _launch(self) -> None:
        command = self._command()
        self._backoff.started()
        self._child = Child.start(command, self._log, self._home.run / f"{command.name}.pid")

    async def _until_ready(self, ready_s: float) -> None:
        assert self._child is not None
        name, deadline = self._child.command.name, self._clock.monotonic() + ready_s
        while not (await self._ready() and (self._child.command.port is None or self._child.listens())):
            if self._child.exited.done():
                code = self._child.exited.result()
                words = " | ".join(self._child.tail[-5:]) or "it said nothing"
                msg = f"{name} ended with exit code {code} before it was ready: {words}"
                raise ChildFailed(msg, code)
            if self._clock.monotonic() > deadline:
                msg = f"{name} was not ready within {ready_s:g} s; see {self._log.path}"
                raise HomeError(msg)
            await asyncio.sleep(_PROBE_EVERY_S)

    async def _keep(self) -> None:
        while True:
            assert self._child is not None
            name = self._child.command.name
            code = await asyncio.shield(self._child.exited)
            wait = self._backoff.after_exit()
            self._tell(f"{name} ended with exit code {code}; starting it again in {wait:g} s (see {self._log.path})")
            await self._clock.sleep(wait)
            self.restarts += 1
            self._launch()
            self.on_restart()

    async def stop(self) -> None:
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
        if self._child is not None:
            await self._child.stop()


def supervise(home: Home, server: Server, *, clock: Clock, tell: Tell) -> Supervised:
    """A server under supervision, not started yet."""
    log = RollingLog(home.logs / f"{server.name}.log")
    return Supervised(home, server.command, server.is_ready, clock=clock, tell=tell, log=log)
