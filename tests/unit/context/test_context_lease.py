"""One process of a site fuses; a standby takes over when it falls silent."""

from contextlib import AsyncExitStack
from datetime import timedelta

import pytest

from groundcrew.bus.memory import MemoryBroker, MemoryBus
from groundcrew.bus.port import BusUnavailable
from groundcrew.contracts.clock import VirtualClock
from groundcrew.contracts.incidents import Severity
from groundcrew.contracts.queries import Endpoints, IncidentCommand
from groundcrew.contracts.streams import Buckets
from groundcrew_context.lease import Lease

from .conftest import START, trigger

TERM = 10.0


@pytest.fixture
def clock():
    return VirtualClock(START)


@pytest.fixture
async def bucket(clock):
    return await MemoryBus("demo", clock, broker=MemoryBroker(clock)).key_value(Buckets.LEASES)


def after(clock, seconds):
    clock.advance_to(clock.now() + timedelta(seconds=seconds))


async def test_first_takes_it_and_second_waits(bucket, clock):
    first, second = (Lease(bucket, "fusion", name, clock, TERM) for name in "ab")
    assert await first.take()
    assert not await second.take()
    after(clock, 9)
    assert not await second.take()


async def test_silent_holder_loses_it_after_the_term(bucket, clock):
    first, second = (Lease(bucket, "fusion", name, clock, TERM) for name in "ab")
    await first.take()
    await second.take()
    after(clock, TERM)
    assert not first.held
    assert await second.take()
    assert not await first.take()


async def test_holder_that_renews_keeps_it(bucket, clock):
    first, second = (Lease(bucket, "fusion", name, clock, TERM) for name in "ab")
    await first.take()
    for _ in range(10):
        assert not await second.take()
        after(clock, 4)
        assert await first.take()


async def test_released_lease_is_free_at_once(bucket, clock):
    first, second = (Lease(bucket, "fusion", name, clock, TERM) for name in "ab")
    await first.take()
    await first.release()
    assert await second.take()


async def test_same_name_need_not_wait_after_a_restart(bucket, clock):
    await Lease(bucket, "fusion", "embedded", clock, TERM).take()
    assert await Lease(bucket, "fusion", "embedded", clock, TERM).take()


async def test_holder_gives_up_before_the_standby_may_take_it(bucket, clock, monkeypatch):
    first = Lease(bucket, "fusion", "a", clock, TERM)
    await first.take()

    async def away(*_):
        raise BusUnavailable("the broker is away")

    monkeypatch.setattr(bucket, "update", away)
    after(clock, 0.8 * TERM)
    with pytest.raises(BusUnavailable):
        await first.take()
    assert not first.held


async def test_standby_tells_of_a_host_that_went_down_by_order_and_stays_away(station, tmp_path):
    file = tmp_path / "inventory.toml"
    file.write_text('[[host]]\nname = "n1"\n[[host]]\nname = "head"\n')
    first = AsyncExitStack()
    await station.start(first, instance="first", inventory_file=str(file))
    await station.start(instance="second", inventory_file=str(file))
    await station.send(
        trigger("n1", "kernel.ordered_stop", severity=Severity.INFO),
        trigger("head", "software.node_not_ready", "n1", at=20),
    )
    await first.aclose()
    await station.wait_until(60)
    assert await station.incidents() == []
    await station.wait_until(16 * 60)
    [incident] = await station.incidents()
    assert (incident.hosts, incident.cause.entry) == (["n1"], "software.node_not_ready")


async def test_standby_takes_over_and_goes_on(station):
    first = AsyncExitStack()
    await station.start(first, instance="first")
    await station.start(instance="second")
    await station.send(trigger("n1", "disk.failed", "sda"))
    await first.aclose()
    await station.wait_until(60)
    await station.send(trigger("n1", "raid.degraded", "md0", at=61))
    [incident] = await station.incidents()
    assert (incident.revision, incident.cause.id) == (2, "disk.failed")
    request = IncidentCommand(id=incident.id, command="note", actor="alex", text="seen")
    assert (await station.ask(Endpoints.INCIDENT_COMMAND, request)).note == "seen"
