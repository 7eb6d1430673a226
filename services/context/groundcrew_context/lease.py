"""A lease in a KV bucket: of all processes of a site, one leads, and a standby takes over when it falls silent.

No clock is compared across machines: a standby takes the lease once it has seen the same revision for the whole term
by its own monotonic clock, and a holder gives up when it could not renew within the term by its own.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from structlog.typing import FilteringBoundLogger

from groundcrew.bus.port import BusError, Entry, KeyConflict, KeyValue
from groundcrew.contracts.clock import Clock

FAREWELL_S = 1.0
"""How long each step of letting go may wait for the broker."""


class Lease:
    """One process' view of one lease."""

    def __init__(self, bucket: KeyValue, key: str, holder: str, clock: Clock, term_s: float) -> None:
        self._bucket = bucket
        self._key = key
        self._holder = holder.encode()
        self._clock = clock
        self._term_s = term_s
        self._revision: int | None = None
        self._renewed = 0.0
        self._watched: tuple[int, float] | None = None

    @property
    def held(self) -> bool:
        """Whether this process may lead now. The last fifth of the term is left as a margin for the take-over."""
        return self._revision is not None and self._clock.monotonic() < self._renewed + 0.8 * self._term_s

    async def take(self) -> bool:
        """Take, renew, or watch; returns `held`. Raises BusError where the broker is away."""
        started = self._clock.monotonic()
        try:
            if self._revision is not None:
                self._revision = await self._bucket.update(self._key, self._holder, self._revision)
            else:
                self._revision = await self._try(started)
        except KeyConflict:
            self._revision = None
            self._watched = None
        if self._revision is not None:
            self._renewed = started
        return self.held

    async def release(self) -> None:
        """Let go at once, so that nobody has to wait for the term."""
        if self._revision is None:
            return
        self._revision = None
        with suppress(BusError):
            entry = await self._bucket.get(self._key)
            if entry is not None and entry.value == self._holder:
                await self._bucket.delete(self._key)

    async def _try(self, now: float) -> int | None:
        entry = await self._bucket.get(self._key)
        if entry is None:
            return await self._bucket.create(self._key, self._holder)
        if entry.value == self._holder or self._silent(entry, now):
            return await self._bucket.update(self._key, self._holder, entry.revision)
        return None

    def _silent(self, entry: Entry, now: float) -> bool:
        if self._watched is None or self._watched[0] != entry.revision:
            self._watched = (entry.revision, now)
            return False
        return now - self._watched[1] >= self._term_s


class Leadership:
    """Runs `start` when the lease is taken and `stop` when it is lost."""

    def __init__(
        self,
        lease: Lease,
        *,
        start: Callable[[], Awaitable[None]],
        stop: Callable[[], Awaitable[None]],
        log: FilteringBoundLogger,
    ) -> None:
        self._lease = lease
        self._start = start
        self._stop = stop
        self._log = log
        self._leading = False
        self._closed = False
        self._turn = asyncio.Lock()

    @property
    def leading(self) -> bool:
        return self._leading

    async def step(self) -> None:
        """One look at the lease, and what follows from it."""
        async with self._turn:
            if self._closed:
                return
            try:
                held = await self._lease.take()
            except BusError as error:
                self._log.warning("the fusion lease cannot be renewed", reason=str(error))
                held = self._lease.held
            if held and not self._leading and not self._closed:
                self._log.info("this process fuses for the site now")
                await self._start()
                self._leading = True
            elif not held and self._leading:
                self._log.warning("this process does not fuse for the site any more")
                self._leading = False
                await self._stop()

    async def keep(self, clock: Clock, every_s: float) -> None:
        """Root task: keep the lease, or wait for it."""
        while True:
            await clock.sleep(every_s)
            await self.step()

    async def close(self) -> None:
        """Stop leading and let go of the lease; a broker that is away is waited for only shortly, as the lease ends
        by itself."""
        self._closed = True
        with suppress(TimeoutError):
            async with asyncio.timeout(FAREWELL_S):
                await self._turn.acquire()  # a step may be waiting for the broker
        if self._leading:
            self._leading = False
            await self._stop()
        with suppress(TimeoutError):
            async with asyncio.timeout(FAREWELL_S):
                await self._lease.release()
