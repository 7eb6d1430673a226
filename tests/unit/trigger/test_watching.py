"""Novelty on the bus: what is told, what is kept, and what a failure in between leaves behind."""

from datetime import timedelta
from typing import Any

import orjson
import pytest
import structlog
from prometheus_client import CollectorRegistry

from groundcrew.bus.memory import MemoryBroker, MemoryBus
from groundcrew.bus.port import BusUnavailable, Delivery, RequestFailed
from groundcrew.contracts.clock import VirtualClock, from_us
from groundcrew.contracts.envelope import Envelope, ProducedBy
from groundcrew.contracts.queries import TemplatesQuery
from groundcrew.contracts.streams import Buckets
from groundcrew.diagnosis.novelty import NEW
from groundcrew_trigger.ledger import UnreadableState
from groundcrew_trigger.listing import Listing
from groundcrew_trigger.metrics import TriggerMetrics
from groundcrew_trigger.settings import TriggerSection
from groundcrew_trigger.shelf import CHUNK, TemplateShelf
from groundcrew_trigger.watching import Watcher

from ..diagnosis_novelty.lines import START_US, Line, after, batch, quiet_days, unruled  # noqa: TID252

SECTION = TriggerSection(novelty_learn_lines=100)
NEVER = "frobnicator lane 3 lost its calibration"


class Desk:
    """A watcher between a bus that may be deaf and a real bucket of the memory bus."""

    def __init__(self) -> None:
        self.clock = VirtualClock(from_us(START_US))
        self.broker = MemoryBroker(self.clock)
        self.published: list[Envelope[Any]] = []
        self.deaf = False
        self.sequence = 0

    async def start(self, section: TriggerSection = SECTION) -> None:
        """A new process: nothing in memory."""
        bus = MemoryBus("demo", self.clock, service="trigger", broker=self.broker)
        self.bucket = await bus.key_value(Buckets.TEMPLATES)
        self.registry = CollectorRegistry()
        self.shelf = TemplateShelf(self.bucket)
        self.watcher = Watcher(
            bus=self,  # type: ignore[arg-type]
            shelf=self.shelf,
            clock=self.clock,
            section=section,
            produced_by=ProducedBy(service="trigger", version="0"),
            metrics=TriggerMetrics(self.registry),
            log=structlog.get_logger(),
        )

    async def publish_batch(self, envelopes: list[Envelope[Any]]) -> None:
        if self.deaf:
            msg = "no answer"
            raise BusUnavailable(msg)
        self.published += envelopes

    def delivery(self, lines: list[Line], *, entity: str = "host:node-1", partition: int = 0) -> Delivery[Any]:
        self.sequence += 1
        return Delivery(envelope=batch(lines, entity), sequence=self.sequence, deliveries=1, partition=partition)

    async def see(self, lines: list[Line], *, entity: str = "host:node-1", partition: int = 0) -> Delivery[Any]:
        delivery = self.delivery(lines, entity=entity, partition=partition)
        await self.watcher.observe(delivery, unruled(delivery.envelope))
        return delivery

    def rules(self) -> list[str]:
        return [envelope.data.rule_id for envelope in self.published]


@pytest.fixture
async def desk() -> Desk:
    desk = Desk()
    await desk.start()
    return desk


async def learn(desk: Desk, *, partition: int = 0) -> None:
    await desk.see(list(quiet_days(2)), partition=partition)


async def test_a_new_error_is_published_with_what_caused_it(desk: Desk) -> None:
    await learn(desk)
    delivery = await desk.see([(after(2), 3, "frobd", NEVER)])
    [raised] = desk.published
    assert (raised.data.rule_id, raised.causation_id) == (NEW, delivery.envelope.id)


async def test_what_could_not_be_told_is_told_when_the_batch_comes_again_and_not_mined_twice(desk: Desk) -> None:
    await learn(desk)
    desk.deaf = True
    delivery = desk.delivery([(after(2), 3, "frobd", NEVER)])
    with pytest.raises(BusUnavailable):
        await desk.watcher.observe(delivery, [0])
    desk.deaf = False
    await desk.watcher.repeat(delivery)
    await desk.watcher.observe(delivery, [0])
    assert desk.rules() == [NEW]
    assert [one.count for one in desk.watcher.templates()] == [1]


async def test_what_was_learnt_survives_a_restart(desk: Desk) -> None:
    await learn(desk)
    await desk.see([(after(2), 3, "frobd", NEVER)])
    await desk.watcher.write()
    before = [template.state() for template in desk.watcher.templates()]
    await desk.start()
    await desk.see([(after(2, 60), 3, "frobd", NEVER.replace("3", "8"))])
    assert desk.rules() == [NEW]
    [template] = desk.watcher.templates()
    assert template.id == before[0][0]
    assert template.count == 2


async def test_a_process_that_was_killed_tells_again_under_the_same_id(desk: Desk) -> None:
    await learn(desk)
    await desk.watcher.write()
    for _ in range(2):
        await desk.start()
        await desk.see([(after(2), 3, "frobd", NEVER)])
    first, second = desk.published
    assert first.id == second.id


async def test_it_is_written_in_time_and_not_with_each_batch(desk: Desk) -> None:
    await learn(desk)
    assert await desk.bucket.keys() == []
    desk.clock.advance_to(desk.clock.now() + timedelta(seconds=SECTION.novelty_write_s))
    await desk.see([(after(2), 6, "cron", "well")])
    head = await desk.bucket.get("p0")
    await desk.see([(after(2, 1), 6, "cron", "well")])
    assert await desk.bucket.get("p0") == head


async def test_a_new_error_that_was_told_is_written_soon(desk: Desk) -> None:
    await learn(desk)
    desk.clock.advance_to(desk.clock.now() + timedelta(seconds=3))
    await desk.see([(after(2), 3, "frobd", NEVER)])
    assert await desk.shelf.read(0) is not None


async def test_partitions_of_a_process_know_what_each_other_knows(desk: Desk) -> None:
    for partition in (0, 1):
        await learn(desk, partition=partition)
    await desk.see([(after(2), 3, "frobd", NEVER)])
    await desk.see([(after(2, 9), 3, "frobd", NEVER)], entity="host:node-1", partition=1)
    assert desk.rules() == [NEW]


async def test_two_processes_on_one_partition_add_to_each_other(desk: Desk) -> None:
    await learn(desk)
    await desk.watcher.write()
    first = desk.watcher
    await desk.start()
    await desk.see([(after(2), 4, "frobd", NEVER)])
    await desk.watcher.write()
    desk.watcher = first
    await desk.see([(after(2, 60), 4, "frobd", "quite another thing happened")])
    await first.write()
    assert sorted(one.text for one in first.templates()) == [
        "frobnicator lane <*> lost its calibration", "quite another thing happened"
    ]  # fmt: skip


async def test_with_novelty_off_lines_are_mined_for_the_model_and_nothing_is_told(desk: Desk) -> None:
    await desk.start(TriggerSection(novelty=False, classify=True, novelty_learn_lines=100))
    await learn(desk)
    await desk.see([(after(2), 3, "frobd", NEVER)])
    assert desk.published == []
    assert len(desk.watcher.templates()) == 1


async def test_a_state_that_cannot_be_read_begins_anew_and_is_counted(desk: Desk) -> None:
    await desk.bucket.put("p0", b"rubbish")
    await desk.see([(after(2), 3, "frobd", NEVER)])
    assert desk.registry.get_sample_value("groundcrew_trigger_unreadable_states_total") == 1
    await desk.watcher.write()
    assert await desk.shelf.read(0) is not None


async def test_a_large_state_is_cut_into_chunks_and_an_older_one_goes(desk: Desk) -> None:
    noise = orjson.dumps([hash(str(n)) for n in range(200_000)])
    for mark in (7, 8, 9):
        await desk.shelf.write(2, mark, noise)
        assert await desk.shelf.read(2) == (mark, noise)
    keys = await desk.bucket.keys()
    assert len(keys) > 2
    assert len({key.split(".")[1] for key in keys if "." in key}) == 1
    sizes = [len(entry.value) for key in keys if (entry := await desk.bucket.get(key)) is not None]
    assert max(sizes) <= CHUNK


async def test_chunks_that_do_not_fit_their_head_are_refused(desk: Desk) -> None:
    await desk.shelf.write(0, 1, b"state")
    [chunk] = [key for key in await desk.bucket.keys() if "." in key]
    await desk.bucket.put(chunk, b"other")
    with pytest.raises(UnreadableState, match="do not fit"):
        await desk.shelf.read(0)


async def test_templates_are_listed_in_pages_most_frequent_first(desk: Desk) -> None:
    lines = [(after(0, n), 4, "frobd", NEVER) for n in range(3)]
    await desk.see([*lines, (after(0, 9), 2, "netd", "the uplink is gone")])
    listing = Listing(desk.watcher, None)
    page = await listing.templates(TemplatesQuery(limit=1))
    assert [(one.identifier, one.count, one.sample) for one in page.items] == [("frobd", 3, NEVER)]
    assert page.learning.startswith("learning (2 templates of 4 lines in 1 hours)")
    rest = await listing.templates(TemplatesQuery(limit=1, cursor=page.next))
    assert ([one.worst_priority for one in rest.items], rest.next) == ([2], None)
    found = await listing.templates(TemplatesQuery(contains="UPLINK"))
    assert [one.identifier for one in found.items] == ["netd"]
    assert (await listing.templates(TemplatesQuery(id=found.items[0].id[:5]))).items == found.items
    assert (await listing.templates(TemplatesQuery(novel=True))).items == []
    with pytest.raises(RequestFailed, match="cursor"):
        await listing.templates(TemplatesQuery(cursor="somewhere"))


async def test_where_nothing_is_mined_the_list_says_so() -> None:
    assert "nothing is mined" in (await Listing(None, None).templates(TemplatesQuery())).learning
