"""Trigger events that wait for their turn share a commit, and none of them depends on another one's luck."""

import asyncio
from contextlib import asynccontextmanager

import pytest
from prometheus_client import CollectorRegistry

from groundcrew.bus.port import BusUnavailable, Delivery
from groundcrew.contracts.inventory import Inventory
from groundcrew.diagnosis.causes import Knowledge
from groundcrew.diagnosis.relation import Windows
from groundcrew.runtime.packs import load_packs
from groundcrew.stores.port import StoreUnavailable
from groundcrew_context.fusing import AT_ONCE, Fuser
from groundcrew_context.metrics import ContextMetrics

from .conftest import MADE_BY, SITE, trigger


@pytest.fixture(scope="module")
def knowledge():
    return Knowledge.parse_layers((file.name, file.text) for file in load_packs().texts("causes"))


@pytest.fixture
def fuser(station, knowledge):
    return Fuser(
        site=SITE,
        store=station.store,
        bus=station.bus,
        clock=station.clock,
        knowledge=knowledge,
        inventory=Inventory,
        windows=Windows(),
        produced_by=MADE_BY,
        metrics=ContextMetrics(CollectorRegistry()),
    )


@pytest.fixture
def commits(station, monkeypatch):
    """Trigger events of each transaction that was begun; those in `bad` break it."""
    whole, begun, bad = station.store.fusion, [], set()

    @asynccontextmanager
    async def counted(site):
        async with whole(site) as transaction:
            here = []
            begun.append(here)
            add = transaction.add_trigger

            async def noted(envelope, incident_id):
                here.append(envelope.entity)
                await asyncio.sleep(0)
                if envelope.entity == "host:stuck":
                    await asyncio.Event().wait()
                if envelope.entity in bad:
                    raise bad_luck(envelope.entity)
                return await add(envelope, incident_id)

            transaction.add_trigger = noted
            yield transaction

    monkeypatch.setattr(station.store, "fusion", counted)
    return begun, bad


def bad_luck(entity):
    return StoreUnavailable("gone") if entity == "host:away" else ValueError(entity)


def delivered(*envelopes):
    return [Delivery(envelope=one, sequence=at, deliveries=1, partition=0) for at, one in enumerate(envelopes, start=1)]


def failed_disks(*hosts):
    return delivered(*(trigger(host, "disk.failed", "sda") for host in hosts))


async def hosts_of(store):
    return {name for incident, _ in await store.live_incidents(SITE) for name in incident.hosts}


def told(station):
    """What was published of incidents."""
    return [stored.envelope() for stored in station.broker._logs["INCIDENT"].messages.values()]


async def test_those_that_wait_are_one_commit(station, fuser, commits):
    begun, _ = commits
    await fuser.triggers(failed_disks(*(f"n{i}" for i in range(AT_ONCE))))
    assert [len(one) for one in begun] == [AT_ONCE]
    assert len(await station.store.live_incidents(SITE)) == AT_ONCE


async def test_what_they_change_of_one_incident_is_one_message_and_the_whole_history(station, fuser):
    events = [trigger("n1", "disk.failed", "sda"), trigger("n1", "filesystem.readonly", "/data")]
    await fuser.triggers(delivered(*events))
    ((incident, evidence),) = await station.store.live_incidents(SITE)
    (message,) = told(station)
    assert message.type == "incident.opened"
    assert message.data.incident == incident
    assert message.causation_id == events[0].id
    assert {one.id for one in message.data.evidence} == {one.id for one in evidence}
    assert [entry.revision for entry in await station.store.history(SITE, incident.id)] == [1, 2]


async def test_a_bad_event_breaks_the_commit_and_the_others_go_alone(station, fuser, commits):
    _, bad = commits
    bad.add("host:n1")
    three = failed_disks("n0", "n1", "n2")
    with pytest.raises(ValueError, match="host:n1"):
        await fuser.triggers(three)
    assert await hosts_of(station.store) == set()
    await fuser.triggers(three[:1])
    await fuser.triggers(three[2:])
    assert await hosts_of(station.store) == {"n0", "n2"}


async def test_a_store_that_is_away_is_asked_once_for_all(station, fuser, commits):
    begun, bad = commits
    bad.add("host:away")
    with pytest.raises(StoreUnavailable):
        await fuser.triggers(failed_disks("first", "away", "n1", "n2"))
    assert begun == [["host:first", "host:away"]]
    assert await hosts_of(station.store) == set()


async def test_a_handler_that_is_cancelled_leaves_nothing_behind_and_stops_no_other(station, fuser, commits):
    begun, _ = commits
    stuck = asyncio.create_task(fuser.triggers(failed_disks("n9", "stuck")))
    while not any("host:stuck" in one for one in begun):
        await asyncio.sleep(0)
    others = asyncio.create_task(fuser.triggers(failed_disks("n0", "n1")))
    await asyncio.sleep(0)
    stuck.cancel()
    outcomes = await asyncio.gather(stuck, others, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [asyncio.CancelledError, type(None)]
    assert await hosts_of(station.store) == {"n0", "n1"}


async def test_what_could_not_be_published_is_committed_and_goes_out_later(station, fuser, monkeypatch):
    publish = station.bus.publish_batch

    async def away(envelopes):
        raise BusUnavailable("no broker")

    monkeypatch.setattr(station.bus, "publish_batch", away)
    with pytest.raises(BusUnavailable):
        await fuser.triggers(failed_disks("n0", "n1"))
    assert await hosts_of(station.store) == {"n0", "n1"}
    monkeypatch.setattr(station.bus, "publish_batch", publish)
    await fuser.triggers(failed_disks("n2"))
    assert {one.data.incident.hosts[0] for one in told(station)} == {"n0", "n1", "n2"}
