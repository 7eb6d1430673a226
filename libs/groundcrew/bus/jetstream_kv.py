"""KV buckets on JetStream. A key of a site is `<site>.<key>` in the bucket, so that rules can be written on it."""

import asyncio
from collections.abc import Awaitable, Callable

import nats.errors
from nats.aio.msg import Msg
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from nats.js.errors import APIError, KeyNotFoundError, KeyWrongLastSequenceError
from nats.js.kv import KeyValue as NatsKeyValue
from structlog.typing import FilteringBoundLogger

from groundcrew.bus.jetstream_connection import Connection, reason_of
from groundcrew.bus.jetstream_pull import ConsumerGone, Puller
from groundcrew.bus.port import BusUnavailable, Entry, KeyConflict, PublishDenied
from groundcrew.contracts.clock import Clock
from groundcrew.contracts.identity import random_id

_WATCH_BATCH = 200
_INACTIVE_S = 300
Watcher = Callable[[str, bytes | None], Awaitable[None]]


class JetStreamKeyValue:
    """One site's keys of a bucket."""

    def __init__(
        self,
        kv: NatsKeyValue,
        bucket: str,
        site: str,
        *,
        connection: Connection,
        clock: Clock,
        log: FilteringBoundLogger,
        writable: bool,
        watching: Callable[["Watch"], None],
    ) -> None:
        self._kv = kv
        self._writable = writable
        self._register = watching
        self._bucket = bucket
        self._prefix = f"{site}."
        self._connection = connection
        self._clock = clock
        self._log = log.bind(bucket=bucket)

    async def get(self, key: str) -> Entry | None:
        try:
            entry = await self._kv.get(self._prefix + key)
        except KeyNotFoundError:  # never written, or deleted
            return None
        except nats.errors.Error as error:
            raise self._unavailable(error) from None
        return Entry(entry.value or b"", entry.revision or 0)

    async def put(self, key: str, value: bytes) -> int:
        self._check_write()
        try:
            return await self._kv.put(self._prefix + key, value)
        except nats.errors.Error as error:
            raise self._unavailable(error) from None

    async def create(self, key: str, value: bytes) -> int:
        self._check_write()
        try:
            return await self._kv.create(self._prefix + key, value)
        except KeyWrongLastSequenceError:
            msg = f"key {key!r} exists already"
            raise KeyConflict(msg) from None
        except nats.errors.Error as error:
            raise self._unavailable(error) from None

    async def update(self, key: str, value: bytes, revision: int) -> int:
        self._check_write()
        try:
            return await self._kv.update(self._prefix + key, value, last=revision)
        except KeyWrongLastSequenceError:
            msg = f"key {key!r} is not at revision {revision}"
            raise KeyConflict(msg) from None
        except nats.errors.Error as error:
            raise self._unavailable(error) from None

    async def delete(self, key: str) -> None:
        self._check_write()
        try:
            await self._kv.delete(self._prefix + key)
        except nats.errors.Error as error:
            raise self._unavailable(error) from None

    async def keys(self) -> list[str]:
        present: set[str] = set()

        async def note(key: str, value: bytes | None) -> None:
            if value is not None:
                present.add(key)

        listing = self._watching(note)
        try:
            await listing.load()
        finally:
            await listing.stop()
        return sorted(present)

    def _check_write(self) -> None:
        """Before the server, which would let a forbidden write end in a timeout."""
        if not self._writable:
            msg = f"{self._connection.service} may not write to bucket {self._bucket}"
            raise PublishDenied(msg)

    def _unavailable(self, error: Exception) -> BusUnavailable:
        return BusUnavailable(f"bucket {self._bucket} at {self._connection.address}: {reason_of(error)}")

    def _watching(self, callback: Watcher) -> "Watch":
        return Watch(
            self._bucket, self._prefix, callback, connection=self._connection, clock=self._clock, log=self._log
        )

    async def watch(self, callback: Watcher) -> "Watch":
        """Present values are called back before this returns."""
        watch = self._watching(callback)
        await watch.load()
        watch.follow()
        self._register(watch)
        return watch


class Watch:
    """Follows a bucket by an ephemeral consumer that is made anew, with all present values, after each reconnect: a
    callback may hear the same value twice, but never misses the last one."""

    def __init__(
        self,
        bucket: str,
        prefix: str,
        callback: Watcher,
        *,
        connection: Connection,
        clock: Clock,
        log: FilteringBoundLogger,
    ) -> None:
        self._bucket = bucket
        self._prefix = prefix
        self._callback = callback
        self._connection = connection
        self._clock = clock
        self._log = log
        self._puller: Puller | None = None
        self._consumer = ""
        self._task: asyncio.Task[None] | None = None
        self.stopped = False

    async def load(self) -> None:
        """Call back with what is there. Raises BusUnavailable."""
        try:
            await self._open(wait=True)
        except (nats.errors.Error, ConsumerGone) as error:
            msg = f"bucket {self._bucket} at {self._connection.address}: {reason_of(error)}"
            raise BusUnavailable(msg) from None

    def follow(self) -> None:
        """Go on with changes, in a task."""
        self._task = asyncio.create_task(self._run(), name=f"{self._connection.service}: watch {self._bucket}")

    async def _open(self, *, wait: bool) -> None:
        name = f"{self._connection.service}-{random_id()}"
        config = ConsumerConfig(
            name=name,
            filter_subject=f"$KV.{self._bucket}.{self._prefix}>",
            deliver_policy=DeliverPolicy.LAST_PER_SUBJECT,
            ack_policy=AckPolicy.NONE,
            mem_storage=True,
            num_replicas=1,
            inactive_threshold=_INACTIVE_S,
        )
        info = await self._connection.js.add_consumer(f"KV_{self._bucket}", config)
        puller = Puller(self._connection, f"KV_{self._bucket}", name, batch=_WATCH_BATCH)
        await puller.start()
        await self._leave()
        self._puller, self._consumer = puller, name
        present = info.num_pending or 0
        while wait and present > 0 and not puller.reconnected:
            message = await puller.next()
            if message is not None:
                present -= 1
                await self._tell(message)

    async def _run(self) -> None:
        while not self.stopped:
            assert self._puller is not None
            try:
                if self._puller.reconnected:
                    await self._open(wait=False)
                message = await self._puller.next()
                if message is not None:
                    await self._tell(message)
            except (ConsumerGone, nats.errors.Error, APIError) as error:
                self._log.warning("bus: watch starts again", reason=reason_of(error))
                self._puller.reconnected = True
                await self._clock.sleep(0.5)

    async def _tell(self, message: Msg) -> None:
        key = message.subject.removeprefix(f"$KV.{self._bucket}.").removeprefix(self._prefix)
        gone = (message.headers or {}).get("KV-Operation") in ("DEL", "PURGE")
        try:
            await self._callback(key, None if gone else message.data)
        except Exception:  # noqa: BLE001 - one change that a watcher cannot take may not end the watch
            self._log.exception("watch failed", key=key)

    async def stop(self) -> None:
        self.stopped = True
        if self._task is not None and self._task is not asyncio.current_task():
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._leave()

    async def _leave(self) -> None:
        """Stop pulling and remove the consumer, which the server would else keep for its time of inactivity."""
        puller, self._puller = self._puller, None
        if puller is None:
            return
        try:
            await puller.stop()
            if self._connection.connected:
                await self._connection.js.delete_consumer(f"KV_{self._bucket}", self._consumer)
        except (nats.errors.Error, OSError) as error:  # gone with the old server, or gone with the connection
            self._log.debug("bus: removing a watch failed", reason=reason_of(error))
