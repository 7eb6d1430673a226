"""The cache in Redis, or anything that speaks its protocol. Every call is over within `timeout_s`, one way or another.

Importing this imports `redis`: whoever has no model configured does not.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import redis.asyncio as redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from groundcrew.stores.coordinator.cache import CacheUnavailable

MAX_CONNECTIONS = 16


class RedisCache:
    """Keys begin with `groundcrew:`. Connections are made when they are first needed."""

    def __init__(
        self, *, host: str, port: int, username: str = "", password: str = "", timeout_s: float = 0.25
    ) -> None:
        self._address = f"Redis at {host}:{port}"
        self._timeout_s = timeout_s
        self._client = redis.Redis(
            host=host,
            port=port,
            username=username or None,
            password=password or None,
            socket_timeout=timeout_s,
            socket_connect_timeout=timeout_s,
            retry=Retry(NoBackoff(), 0),
            max_connections=MAX_CONNECTIONS,
            client_name="groundcrew-coordinator",
        )

    @property
    def address(self) -> str:
        return self._address

    async def get(self, key: str) -> bytes | None:
        async with self._bounded():
            value = await self._client.get(_key(key))
        return value if isinstance(value, bytes) else None

    async def put(self, key: str, value: bytes, ttl_s: int) -> None:
        async with self._bounded():
            await self._client.set(_key(key), value, ex=ttl_s)

    async def spend(self, account: str, slot: int, tokens: int, keep_s: int) -> None:
        async with self._bounded(), self._client.pipeline(transaction=True) as pipeline:
            pipeline.hincrby(_key(account), str(slot), tokens)
            pipeline.expire(_key(account), keep_s)
            await pipeline.execute()

    async def spent(self, account: str) -> Mapping[int, int]:
        async with self._bounded():
            slots = await self._client.hgetall(_key(account))
        return {int(slot): int(tokens) for slot, tokens in slots.items()}

    async def forget(self, account: str, before: int) -> None:
        old = [str(slot) for slot in await self.spent(account) if slot < before]
        if old:
            async with self._bounded():
                await self._client.hdel(_key(account), *old)

    async def ping(self) -> None:
        async with self._bounded():
            await self._client.ping()

    async def close(self) -> None:
        await self._client.aclose()

    @asynccontextmanager
    async def _bounded(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self._timeout_s):
                yield
        except (RedisError, OSError, TimeoutError, ValueError) as error:
            msg = f"{self._address}: {_first_line(error)}"
            raise CacheUnavailable(msg) from error


def _key(name: str) -> str:
    return f"groundcrew:{name}"


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:200] if lines else "no answer in time"
