"""Order of detecting, publishing and committing, and what a failure between them leaves behind."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import structlog
from prometheus_client import CollectorRegistry

from groundcrew.bus.memory import MemoryBroker, MemoryBus
from groundcrew.bus.port import BusUnavailable, Delivery, Entry, KeyConflict, Retry
from groundcrew.contracts.clock import VirtualClock, to_us
from groundcrew.contracts.envelope import Envelope, ProducedBy, seal
from groundcrew.contracts.identity import stable_id, token
from groundcrew.contracts.observations import LogBatch
from groundcrew.contracts.streams import Buckets
from groundcrew.diagnosis.detector import Detector
from groundcrew.runtime.packs import load_packs
from groundcrew_trigger.handlers import Observer
from groundcrew_trigger.ledger import Ledger
from groundcrew_trigger.metrics import TriggerMetrics

WHEN = datetime(2026, 3, 4, 2, 0, tzinfo=UTC)
OOM = "Out of memory: Killed process 3656 (ingestd) total-vm:258713220kB"
ATTEMPT = "Failed password for root from 203.0.113.87 port 53033 ssh2"
KNOWLEDGE = load_packs().knowledge


def delivered(
    sequence: int, *lines: tuple[str, str], entity: str = "host:login-1", turn: int = 0
) -> Delivery[LogBatch]:
    """(identifier, message) lines, a second apart, as the `sequence`-th message of the stream."""
    count = len(lines)
    data = LogBatch(
        ids=[stable_id(entity, sequence, n) for n in range(count)],
        times=[to_us(WHEN + timedelta(minutes=sequence, seconds=n)) for n in range(count)],
        priorities=[4] * count,
        identifiers=[identifier for identifier, _ in lines],
        units=[""] * count,
        transports=["journal"] * count,
        boot_ids=[""] * count,
        positions=[f"{sequence}.{n}" for n in range(count)],
        messages=[message for _, message in lines],
    )
    envelope = seal(
        data,
        id=stable_id("batch", entity, sequence),
        site="demo",
        entity=entity,
        time=WHEN,
        received_at=WHEN,
        source="journal",
        position=str(sequence),
        produced_by=ProducedBy(service="host-collector", version="1"),
    )
    return Delivery(envelope=envelope, sequence=sequence, deliveries=1, partition=0, turn=turn)


class Bucket:
    """A bucket that can be made to fail, and counts what is written."""

    def __init__(self) -> None:
        self.values: dict[str, Entry] = {}
        self.reads = 0
        self.writes = 0
        self.away = False

    async def get(self, key: str) -> Entry | None:
        self.reads += 1
        return self.values.get(key)

    async def keys(self) -> list[str]:
        return list(self.values)

    async def create(self, key: str, value: bytes) -> int:
        return await self.update(key, value, 0)

    async def update(self, key: str, value: bytes, revision: int) -> int:
        if self.away:
            msg = "no answer"
            raise BusUnavailable(msg)
        if revision != (self.values[key].revision if key in self.values else 0):
            msg = "somebody else wrote it"
            raise KeyConflict(msg)
        self.writes += 1
        self.values[key] = Entry(value, self.writes)
        return self.writes


class Desk:
    """The observer between a bus that records and a bucket."""

    site = "demo"

    def __init__(self) -> None:
        self.bucket = Bucket()
        self.published: list[Envelope[Any]] = []
        self.deaf = False
        self.clock = VirtualClock(WHEN)
        self.registry = CollectorRegistry()
        self.restart()

    def restart(self) -> None:
        """A new process: nothing in memory, the bucket as it was left."""
        self.registry = CollectorRegistry()
        self.observer = Observer(
            detector=Detector(KNOWLEDGE),
            ledger=Ledger(self.bucket),  # type: ignore[arg-type]
            bus=self,  # type: ignore[arg-type]
            clock=self.clock,
            produced_by=ProducedBy(service="trigger", version="1", packs="digest"),
            metrics=TriggerMetrics(self.registry),
            log=structlog.wrap_logger(
                structlog.ReturnLogger(), wrapper_class=structlog.make_filtering_bound_logger("critical")
            ),
        )

    async def publish_batch(self, envelopes: list[Envelope[Any]]) -> None:
        if self.deaf:
            msg = "no answer"
            raise BusUnavailable(msg)
        self.published += envelopes

    def metric(self, name: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(f"groundcrew_trigger_{name}", labels)


@pytest.fixture
def desk() -> Desk:
    return Desk()


async def test_a_trigger_names_what_caused_it(desk: Desk) -> None:
    delivery = delivered(1, ("kernel", OOM))
    await desk.observer.observe(delivery)
    [raised] = desk.published
    assert raised.causation_id == delivery.envelope.id
    assert raised.correlation_id == delivery.envelope.correlation_id
    assert raised.received_at == delivery.envelope.received_at
    assert raised.produced_by.packs == "digest"


async def test_a_redelivered_batch_is_neither_counted_nor_told_again(desk: Desk) -> None:
    attempts = [("sshd", ATTEMPT)] * 12
    await desk.observer.observe(delivered(1, *attempts))
    await desk.observer.observe(delivered(1, *attempts))
    assert desk.published == []
    desk.restart()
    await desk.observer.observe(delivered(1, *attempts))
    assert (desk.published, desk.metric("repeated_total")) == ([], 1)
    await desk.observer.observe(delivered(2, *attempts))
    assert [e.data.count for e in desk.published] == [20]


async def test_after_a_crash_between_publishing_and_committing_the_same_ids_are_published(desk: Desk) -> None:
    desk.bucket.away = True
    with pytest.raises(BusUnavailable):
        await desk.observer.observe(delivered(1, ("kernel", OOM)))
    desk.bucket.away = False
    desk.restart()
    await desk.observer.observe(delivered(1, ("kernel", OOM)))
    first, second = desk.published
    assert first == second


async def test_a_publish_that_failed_leaves_nothing_counted(desk: Desk) -> None:
    await desk.observer.observe(delivered(1, *[("sshd", ATTEMPT)] * 10))
    desk.deaf = True
    for _ in range(3):
        with pytest.raises(BusUnavailable):
            await desk.observer.observe(delivered(2, *[("sshd", ATTEMPT)] * 10))
    desk.deaf = False
    await desk.observer.observe(delivered(2, *[("sshd", ATTEMPT)] * 10))
    assert [e.data.count for e in desk.published] == [20]


async def test_batches_that_move_nothing_are_not_written(desk: Desk) -> None:
    for sequence in range(1, 50):
        await desk.observer.observe(delivered(sequence, ("CRON", "nothing of note")))
    assert desk.bucket.writes == 0
    await desk.observer.observe(delivered(50, ("kernel", OOM), ("kernel", OOM)))
    assert desk.bucket.writes == 1


async def test_a_state_that_cannot_be_read_begins_anew(desk: Desk) -> None:
    desk.bucket.values[token("host:login-1")] = Entry(b"\x01rubbish", 1)
    await desk.observer.observe(delivered(1, ("kernel", OOM)))
    assert len(desk.published) == 1
    assert desk.metric("unreadable_states_total") == 1


async def test_what_is_seen_is_counted_by_severity(desk: Desk) -> None:
    await desk.observer.observe(
        delivered(1, ("kernel", OOM), ("kernel", "Kernel panic - not syncing: Fatal exception"))
    )
    assert desk.metric("rows_total", type="observe.logs") == 2
    assert desk.metric("hits_total", severity="warning") == 1
    assert desk.metric("events_total", severity="critical", state="raised") == 1


async def test_the_bucket_of_the_bus_takes_the_keys() -> None:
    bus = MemoryBus("demo", VirtualClock(WHEN), service="trigger", broker=MemoryBroker(VirtualClock(WHEN)))
    ledger = Ledger(await bus.key_value(Buckets.TRIGGER_STATE))
    assert (await ledger.read("bmc:Weird Näme")).opened() is None
    revision = await ledger.write("bmc:Weird Näme", 7, b"state", 0)
    stored = await ledger.read("bmc:Weird Näme")
    assert (stored.revision, stored.opened()) == (revision, (7, b"state"))
    for stale in (0, revision + 1):
        with pytest.raises(KeyConflict):
            await ledger.write("bmc:Weird Näme", 8, b"other", stale)
    await bus.close()


def cabled(*lines: tuple[str, str]) -> Delivery[LogBatch]:
    return delivered(1, *lines, entity="host:edge-01")


LINK_DOWN = ("kernel", "mlx5_core 0000:5e:00.0 eno1np0: Link down")
LINK_UP = ("kernel", "mlx5_core 0000:5e:00.0 eno1np0: Link up")


async def settled(desk: Desk, seconds: float) -> None:
    """Let the root task run while so many seconds pass on the desk's clock."""
    task = asyncio.create_task(desk.observer.wait_out())
    for _ in range(5):
        await asyncio.sleep(0)
    desk.clock.advance_to(desk.clock.now() + timedelta(seconds=seconds))
    for _ in range(10):
        await asyncio.sleep(0)
    task.cancel()


async def test_what_nothing_speaks_against_is_confirmed_by_silence(desk: Desk) -> None:
    await desk.observer.observe(cabled(LINK_DOWN))
    await settled(desk, 10)
    assert desk.published == [], "the time to confirm is not over"
    await settled(desk, 60)
    assert [(e.data.rule_id, e.data.component) for e in desk.published] == [("nic.link-down", "eno1np0")]
    desk.restart()
    await desk.observer.observe(cabled(LINK_DOWN))
    assert len(desk.published) == 1, "what silence confirmed is committed"


async def test_what_recovered_in_time_is_not_confirmed(desk: Desk) -> None:
    await desk.observer.observe(cabled(LINK_DOWN, LINK_UP))
    await settled(desk, 120)
    assert desk.published == []


async def test_a_bus_that_is_away_leaves_the_confirmation_to_the_next_observation(desk: Desk) -> None:
    await desk.observer.observe(cabled(LINK_DOWN))
    desk.deaf = True
    await settled(desk, 60)
    desk.deaf = False
    await desk.observer.observe(delivered(2, ("CRON", "nothing of note"), entity="host:edge-01"))
    assert [e.data.rule_id for e in desk.published] == ["nic.link-down"]


async def test_what_another_process_took_in_meanwhile_is_not_forgotten() -> None:
    one, other = Desk(), Desk()
    other.bucket = one.bucket
    other.restart()
    attempts = [("sshd", ATTEMPT)] * 10
    await one.observer.observe(delivered(1, *attempts, turn=1))
    await other.observer.observe(delivered(2, *attempts, turn=2))
    assert [e.data.count for e in other.published] == [20]
    await one.observer.observe(delivered(3, *attempts, turn=3))
    assert one.published == [], "it is raised already and told again after the debounce"
    assert one.metric("reread_states_total") == 1


async def test_a_process_that_is_given_every_batch_reads_the_state_once(desk: Desk) -> None:
    for sequence in range(1, 20):
        await desk.observer.observe(delivered(sequence, ("kernel", OOM), turn=sequence))
    assert (desk.bucket.reads, desk.bucket.writes) == (1, 19)


async def test_a_process_that_froze_does_not_write_over_what_another_did(desk: Desk) -> None:
    await desk.observer.observe(delivered(1, ("kernel", OOM), turn=1))
    key = token("host:login-1")
    desk.bucket.values[key] = Entry(desk.bucket.values[key].value, 77)
    with pytest.raises(Retry):
        await desk.observer.observe(delivered(2, ("kernel", OOM), turn=2))
    assert desk.metric("state_conflicts_total") == 1
    assert desk.bucket.values[key].revision == 77


async def test_quiet_confirms_nothing_that_another_process_heard_the_end_of() -> None:
    one, other = Desk(), Desk()
    other.bucket = one.bucket
    other.restart()
    before = [("CRON", "(root) CMD (true)")] * 40  # so that the link is back after twenty seconds
    await one.observer.observe(delivered(1, *before, LINK_DOWN, entity="host:edge-01", turn=1))
    await other.observer.observe(delivered(2, LINK_UP, entity="host:edge-01", turn=2))
    await settled(one, 120)
    assert (one.published, other.published) == ([], [])


async def test_a_host_that_fell_silent_is_confirmed_by_the_process_that_comes_next(desk: Desk) -> None:
    await desk.observer.observe(cabled(LINK_DOWN))
    desk.bucket.values["templates"] = Entry(b"of somebody else", 1)
    desk.clock.advance_to(desk.clock.now() + timedelta(minutes=2))
    desk.restart()
    await settled(desk, 1)
    [raised] = desk.published
    assert (raised.data.rule_id, raised.entity) == ("nic.link-down", "host:edge-01")
    await settled(desk, 600)
    assert len(desk.published) == 1
