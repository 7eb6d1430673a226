"""Streams, durable consumers and buckets on the server, declared out of `contracts.streams`. Idempotent: what is there
is compared and, where it drifted, updated if the server (and our permissions) let us."""

from collections.abc import Sequence
from dataclasses import replace

import nats.errors
from nats.js import JetStreamContext
from nats.js.api import (
    AckPolicy,
    ConsumerConfig,
    ConsumerInfo,
    DeliverPolicy,
    DiscardPolicy,
    RetentionPolicy,
    StorageType,
    StreamConfig,
    SubjectTransform,
)
from nats.js.errors import APIError, NotFoundError
from structlog.typing import FilteringBoundLogger

from groundcrew.bus.access import UPDATERS
from groundcrew.bus.jetstream_connection import reason_of
from groundcrew.bus.port import BusError
from groundcrew.bus.subjects import consumer_name, filters_of, partitions_of
from groundcrew.contracts.streams import MIB, PARTITIONS, STREAMS, Buckets, Durable, Durables, Retention, Stream

MAX_ACK_PENDING = 1_024
"""Unacknowledged messages of a consumer without partitions; a partition has one, which keeps its order."""

BUCKET_BYTES = 16 * MIB
LARGE_BUCKETS = {Buckets.TRIGGER_STATE: 128 * MIB}
"""A bucket that is full refuses; the state of an entity takes some thousand bytes, of a few many times that."""

BUCKET_AGE_S = {Buckets.HELD: 7 * 86_400}
"""How long an entry stays where it is not for ever."""

BUCKETS = (
    Buckets.INVENTORY,
    Buckets.SILENCES,
    Buckets.TRIGGER_STATE,
    Buckets.TEMPLATES,
    Buckets.LEASES,
    Buckets.HELD,
)
_PARTITIONED = (
    "gc.*.observe.*.*",
    f"gc.{{{{wildcard(1)}}}}.observe.{{{{wildcard(2)}}}}.{{{{wildcard(3)}}}}.{{{{partition({PARTITIONS},1,3)}}}}",
)


class DeclarationFailed(BusError):
    """The server will not hold what the table asks for; the text says which stream or consumer, and why."""


def stream_config(stream: Stream, replicas: int) -> StreamConfig:
    """The server's words for a stream of the table."""
    interest = stream.retention is Retention.INTEREST
    return StreamConfig(
        name=stream.name,
        subjects=list(stream.subjects),
        retention=RetentionPolicy.INTEREST if interest else RetentionPolicy.LIMITS,
        discard=DiscardPolicy.NEW if interest else DiscardPolicy.OLD,
        max_bytes=stream.max_bytes,
        max_age=stream.max_age_s,
        max_msgs=-1,
        storage=StorageType.FILE,
        num_replicas=replicas,
        duplicate_window=stream.duplicate_window_s,
        subject_transform=SubjectTransform(*_PARTITIONED) if stream.partitioned else None,
        allow_msg_schedules=True if stream.schedules else None,
        allow_msg_ttl=True if stream.schedules else None,  # so that a schedule may outlive max_age
    )


def bucket_config(bucket: str, replicas: int) -> StreamConfig:
    """A KV bucket as the stream it is: one value per key, reads from the leader so that nobody sees an old one."""
    return StreamConfig(
        name=f"KV_{bucket}",
        subjects=[f"$KV.{bucket}.>"],
        max_msgs_per_subject=1,
        max_bytes=LARGE_BUCKETS.get(bucket, BUCKET_BYTES),
        max_age=BUCKET_AGE_S.get(bucket, 0),
        discard=DiscardPolicy.NEW,
        deny_delete=True,
        allow_rollup_hdrs=True,
        allow_direct=False,
        storage=StorageType.FILE,
        num_replicas=replicas,
        duplicate_window=120,
    )


def consumer_config(durable: Durable, site: str, partition: int, entity: str | None) -> ConsumerConfig:
    """The server's words for one consumer of a durable. Deliveries are counted there and limited by us, since a
    message at the server's own limit would stay behind without anybody told."""
    filters = filters_of(durable, site, entity)
    if durable.partitioned:
        filters = tuple(f"{each}.{partition}" for each in filters)
    name = consumer_name(durable, site, partition=partition, entity=entity)
    return ConsumerConfig(
        name=name,
        durable_name=name,
        filter_subjects=list(filters),
        ack_policy=AckPolicy.EXPLICIT,
        ack_wait=durable.ack_wait_s,
        max_deliver=-1,
        max_ack_pending=1 if durable.partitioned else MAX_ACK_PENDING,
        deliver_policy=DeliverPolicy.NEW if durable.start == "new" else DeliverPolicy.ALL,
    )


class Declarations:
    """Declares for one site. `streams` replaces the table's by name (smaller ones, in tests)."""

    def __init__(
        self,
        js: JetStreamContext,
        site: str,
        *,
        replicas: int,
        log: FilteringBoundLogger,
        service: str,
        streams: Sequence[Stream] = (),
    ) -> None:
        self._js = js
        self._may_update = service in UPDATERS
        self._site = site
        self._replicas = replicas
        self._log = log
        replaced = {s.name: s for s in streams}
        self._streams = [replaced.get(s.name, s) for s in STREAMS]

    async def declare(self) -> None:
        """All streams, buckets and durables of the site. Raises DeclarationFailed, or nats errors while away."""
        configs = [stream_config(s, self._replicas) for s in self._streams]
        configs += [bucket_config(name, self._replicas) for name in BUCKETS]
        known = {c.name: await self._known(str(c.name)) for c in configs}
        await self._check_space([c for c in configs if known[c.name] is None])
        for config in configs:
            await self._stream(config, known[config.name])
        for durable in Durables.all():
            if not durable.per_entity:
                for partition in partitions_of(durable):
                    await self.consumer(durable, partition)

    async def _known(self, name: str) -> StreamConfig | None:
        try:
            return (await self._js.stream_info(name)).config
        except NotFoundError:
            return None

    async def _check_space(self, missing: list[StreamConfig]) -> None:
        """`max_bytes` is a reservation: say how much is missing rather than let the server say 'no resources'."""
        if not missing:
            return
        limits = (await self._js.account_info()).limits
        wanted = sum(c.max_bytes or 0 for c in missing) * max(1, self._replicas)
        room = limits.max_storage
        if 0 <= room < wanted:
            msg = f"streams reserve {wanted // MIB} MiB on disk, but the account may use {room // MIB} MiB"
            raise DeclarationFailed(msg)

    async def _stream(self, config: StreamConfig, known: StreamConfig | None) -> None:
        if known is None:
            try:
                await self._js.add_stream(config)
            except APIError as error:
                if error.err_code == 10058:  # another process was faster, with other words
                    known = await self._known(str(config.name))
                else:
                    msg = (
                        f"stream {config.name} ({(config.max_bytes or 0) // MIB} MiB): {error.description}; "
                        "the server's max_file_store must hold the sum of all streams"
                    )
                    raise DeclarationFailed(msg) from None
        if known is not None and _differs(config, known):
            await self._update(config)

    async def _update(self, config: StreamConfig) -> None:
        if not self._may_update:
            self._log.warning("bus: stream differs from the table", stream=config.name, updated_by=", ".join(UPDATERS))
            return
        try:
            await self._js.update_stream(config)
        except (APIError, nats.errors.Error) as error:
            reason = getattr(error, "description", None) or reason_of(error)
            self._log.warning(
                "bus: stream differs from the table and cannot be updated", stream=config.name, reason=reason
            )
        else:
            self._log.info("bus: stream updated to the table", stream=config.name)

    async def consumer(self, durable: Durable, partition: int, entity: str | None = None) -> ConsumerInfo:
        """Make one consumer, or bring its changeable settings (ack_wait, filters) up to the table."""
        config = consumer_config(durable, self._site, partition, entity)
        try:
            return await self._js.add_consumer(durable.stream, config)
        except APIError as error:
            if error.err_code != 10012:  # deliver policy and the like never change: keep what is there
                msg = f"consumer {config.name} of {durable.stream}: {error.description}"
                raise DeclarationFailed(msg) from None
        known = await self._js.consumer_info(durable.stream, str(config.name))
        config = replace(config, deliver_policy=known.config.deliver_policy)
        return await self._js.add_consumer(durable.stream, config)


def _differs(wanted: StreamConfig, known: StreamConfig) -> bool:
    fields = (
        "subjects",
        "retention",
        "discard",
        "max_bytes",
        "max_age",
        "num_replicas",
        "duplicate_window",
        "allow_msg_ttl",
    )
    transform = (known.subject_transform.dest if known.subject_transform else None) != (
        wanted.subject_transform.dest if wanted.subject_transform else None
    )
    return transform or any(
        getattr(wanted, name) != getattr(known, name) for name in fields if getattr(wanted, name) is not None
    )
