"""Redis as a convenience: where it is away nothing waits for it, and a background task finds out that it is back."""

from collections.abc import Awaitable, Mapping
from typing import TypeVar

from structlog.typing import FilteringBoundLogger

from groundcrew.contracts.clock import Clock
from groundcrew.stores.coordinator.cache import Cache, CacheUnavailable

T = TypeVar("T")

LOOK_AGAIN_S = 1.0


class Shelf:
    """A cache that says None instead of failing. One call at most is held up (by the cache's own time limit) when it
    goes away; after that none is, until `watch` has seen it again."""

    def __init__(self, cache: Cache, clock: Clock, log: FilteringBoundLogger) -> None:
        self._cache = cache
        self._clock = clock
        self._log = log
        self.away = ""

    @property
    def address(self) -> str:
        return self._cache.address

    async def get(self, key: str) -> bytes | None:
        return await self._or_none(self._cache.get(key)) if not self.away else None

    async def put(self, key: str, value: bytes, ttl_s: int) -> None:
        if not self.away:
            await self._or_none(self._cache.put(key, value, ttl_s))

    async def spend(self, account: str, slot: int, tokens: int, keep_s: int) -> bool:
        """False: it is not written."""
        if not self.away:
            await self._or_none(self._cache.spend(account, slot, tokens, keep_s))
        return not self.away

    async def spent(self, account: str) -> Mapping[int, int] | None:
        return await self._or_none(self._cache.spent(account)) if not self.away else None

    async def forget(self, account: str, before: int) -> None:
        if not self.away:
            await self._or_none(self._cache.forget(account, before))

    async def watch(self) -> None:
        """Root task: sees it go and come back, also while nobody asks for anything."""
        while True:
            try:
                await self._cache.ping()
            except CacheUnavailable as error:
                self._note(error)
            else:
                if self.away:
                    self._log.info("the answer cache is back", address=self.address)
                self.away = ""
            await self._clock.sleep(LOOK_AGAIN_S)

    async def check(self) -> str:
        """For readiness."""
        if self.away:
            raise CacheUnavailable(f"{self.away}; answers are not cached, token budgets are kept in this process only")
        return self.address

    async def _or_none(self, call: Awaitable[T]) -> T | None:
        try:
            return await call
        except CacheUnavailable as error:
            self._note(error)
            return None

    def _note(self, error: CacheUnavailable) -> None:
        if not self.away:
            self._log.warning("the answer cache is away; nothing waits for it", reason=str(error))
        self.away = str(error)
