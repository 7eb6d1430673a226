"""Contract of what hybrid-coordinator keeps for a while: answers, and tokens spent. `redis_cache.RedisCache` and
`MemoryCache` pass one suite. Nothing in it is missed for long where it is gone."""

from collections.abc import Mapping
from typing import Protocol

from groundcrew.contracts.clock import Clock


class CacheUnavailable(Exception):
    """The cache does not answer in time; the address is in the text."""


class Cache(Protocol):
    """All calls raise CacheUnavailable."""

    @property
    def address(self) -> str: ...

    async def get(self, key: str) -> bytes | None: ...
    async def put(self, key: str, value: bytes, ttl_s: int) -> None: ...

    async def spend(self, account: str, slot: int, tokens: int, keep_s: int) -> None:
        """Add tokens (or take some back) in a slot of time; the account is gone `keep_s` seconds after the last."""

    async def spent(self, account: str) -> Mapping[int, int]:
        """Tokens by slot."""

    async def forget(self, account: str, before: int) -> None:
        """Drop the slots before this one."""

    async def ping(self) -> None: ...
    async def close(self) -> None: ...


class MemoryCache:
    """In the process, on the clock that is handed in."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._values: dict[str, tuple[float, bytes]] = {}
        self._accounts: dict[str, tuple[float, dict[int, int]]] = {}

    @property
    def address(self) -> str:
        return "memory"

    async def get(self, key: str) -> bytes | None:
        until, value = self._values.get(key, (0.0, b""))
        return value if until > self._clock.monotonic() else None

    async def put(self, key: str, value: bytes, ttl_s: int) -> None:
        self._values[key] = self._clock.monotonic() + ttl_s, value

    async def spend(self, account: str, slot: int, tokens: int, keep_s: int) -> None:
        slots = dict(await self.spent(account))
        slots[slot] = slots.get(slot, 0) + tokens
        self._accounts[account] = self._clock.monotonic() + keep_s, slots

    async def spent(self, account: str) -> Mapping[int, int]:
        until, slots = self._accounts.get(account, (0.0, {}))
        return dict(slots) if until > self._clock.monotonic() else {}

    async def forget(self, account: str, before: int) -> None:
        until, slots = self._accounts.get(account, (0.0, {}))
        self._accounts[account] = until, {slot: tokens for slot, tokens in slots.items() if slot >= before}

    async def ping(self) -> None:
        return

    async def close(self) -> None:
        return
