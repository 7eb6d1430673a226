"""A KV bucket of the memory broker, and a service's view of it."""

from collections.abc import Awaitable, Callable, Iterator

from groundcrew.bus.memory_lanes import CallbackLane
from groundcrew.bus.port import Entry, KeyConflict, Subscription

Watcher = Callable[[str, bytes | None], Awaitable[None]]


class MemoryBucket:
    """Values of all sites (the key's first token), with one revision counter as in JetStream."""

    def __init__(self, order: Iterator[int]) -> None:
        self.entries: dict[str, Entry] = {}
        self.revision = 0
        self.watchers: list[tuple[str, CallbackLane]] = []
        self._order = order

    def write(self, key: str, value: bytes | None) -> int:
        """Set or (None) delete a key and tell the watchers."""
        self.revision += 1
        if value is None:
            self.entries.pop(key, None)
        else:
            self.entries[key] = Entry(value, self.revision)
        order = next(self._order)
        for prefix, lane in self.watchers:
            if key.startswith(prefix):
                lane.offer(key, order, key.removeprefix(prefix), value)
        return self.revision


class MemoryKeyValue:
    """One site's keys of a bucket."""

    def __init__(
        self,
        bucket: MemoryBucket,
        site: str,
        *,
        check_write: Callable[[], None],
        watch: Callable[[str, Watcher], Subscription],
    ) -> None:
        self._bucket = bucket
        self._prefix = f"{site}."
        self._check_write = check_write
        self._watch = watch

    async def get(self, key: str) -> Entry | None:
        return self._bucket.entries.get(self._prefix + key)

    async def put(self, key: str, value: bytes) -> int:
        self._check_write()
        return self._bucket.write(self._prefix + key, value)

    async def create(self, key: str, value: bytes) -> int:
        self._check_write()
        if self._prefix + key in self._bucket.entries:
            msg = f"key {key!r} exists already"
            raise KeyConflict(msg)
        return self._bucket.write(self._prefix + key, value)

    async def update(self, key: str, value: bytes, revision: int) -> int:
        self._check_write()
        known = self._bucket.entries.get(self._prefix + key)
        if known is None or known.revision != revision:
            msg = f"key {key!r} is at revision {known.revision if known else 0}, not {revision}"
            raise KeyConflict(msg)
        return self._bucket.write(self._prefix + key, value)

    async def delete(self, key: str) -> None:
        self._check_write()
        if self._prefix + key in self._bucket.entries:
            self._bucket.write(self._prefix + key, None)

    async def keys(self) -> list[str]:
        return sorted(k.removeprefix(self._prefix) for k in self._bucket.entries if k.startswith(self._prefix))

    async def watch(self, callback: Watcher) -> Subscription:
        subscription = self._watch(self._prefix, callback)
        for key in await self.keys():
            entry = self._bucket.entries.get(self._prefix + key)
            if entry is not None:
                await callback(key, entry.value)
        return subscription
