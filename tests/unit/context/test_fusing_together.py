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


def delivered(envelope):
    return Delivery(envelope=envelope, sequence=1, deliveries=1, partition=0)


async def all_at_once(fuser, *hosts):
    events = [fuser.trigger(delivered(trigger(host, "disk.failed", "sda"))) for host in hosts]
    return await asyncio.gather(*events, return_exceptions=True)


async def test_those_that_wait_are_committed_together(station, fuser, commits):
    begun, _ = commits
    assert await all_at_once(fuser, *(f"n{i}" for i in range(AT_ONCE))) == [None] * AT_ONCE
    assert sum(map(len, begun)) == AT_ONCE
    assert len(begun) <= 2
    assert len(await station.store.live_incidents(SITE)) == AT_ONCE


async def test_one_bad_event_fails_alone(station, fuser, commits):
    _, bad = commits
    bad.add("host:n3")
    outcomes = await all_at_once(fuser, *(f"n{i}" for i in range(8)))
    assert [type(outcome) for outcome in outcomes] == [type(None)] * 3 + [ValueError] + [type(None)] * 4
    assert len(await station.store.live_incidents(SITE)) == 7


async def test_a_store_that_is_away_is_asked_once_for_all(fuser, commits):
    begun, bad = commits
    bad.add("host:away")
    outcomes = await all_at_once(fuser, "first", "away", "n1", "n2")
    assert [type(outcome) for outcome in outcomes[1:]] == [StoreUnavailable] * 3
    assert len(begun) <= 2


async def test_a_handler_that_is_cancelled_takes_nobody_along(station, fuser, commits):
    begun, _ = commits
    stuck = asyncio.create_task(fuser.trigger(delivered(trigger("stuck", "disk.failed", "sda"))))
    while not any(begun):
        await asyncio.sleep(0)
    others = [asyncio.create_task(fuser.trigger(delivered(trigger(f"n{i}", "disk.failed", "sda")))) for i in range(4)]
    await asyncio.sleep(0)
    stuck.cancel()
    outcomes = await asyncio.gather(stuck, *others, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [asyncio.CancelledError, *[type(None)] * 4]
    hosts = {name for incident, _ in await station.store.live_incidents(SITE) for name in incident.hosts}
    assert hosts == {"n0", "n1", "n2", "n3"}


async def test_a_bus_that_is_away_is_waited_for_once_for_all(station, fuser, monkeypatch):
    tried = 0

    async def away(envelopes):
        nonlocal tried
        tried += 1
        await asyncio.sleep(0)
        raise BusUnavailable("no broker")

    monkeypatch.setattr(station.bus, "publish_batch", away)
    outcomes = await all_at_once(fuser, *(f"n{i}" for i in range(AT_ONCE)))
    assert [type(outcome) for outcome in outcomes] == [BusUnavailable] * AT_ONCE
    assert tried <= 3
    assert len(await station.store.live_incidents(SITE)) == AT_ONCE, "what was committed goes out later"
