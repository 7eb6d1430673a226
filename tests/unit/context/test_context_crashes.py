"""What survives when a context process dies, or its store or broker is away."""

from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from groundcrew.bus.port import BusUnavailable, RequestFailed
from groundcrew.contracts.incidents import IncidentState
from groundcrew.contracts.queries import Endpoints, Failure, IncidentCommand
from groundcrew.stores.port import StoreUnavailable

from .conftest import trigger


class Cut(Exception):
    """The process died here."""


async def told(station):
    """Ids of the incident messages on the bus."""
    seen = []

    async def note(envelope):
        seen.append(envelope.id)

    await station.bus.tap("gc.*.incident.*.*", note)
    return seen


async def test_death_between_commit_and_publish_loses_nothing(station, monkeypatch):
    seen = await told(station)

    async def die(*_):
        raise Cut

    async with AsyncExitStack() as first:
        resources = await station.start(first)
        monkeypatch.setattr(resources.bus, "publish_batch", die)
        await station.bus.publish(trigger("n1", "disk.failed", "sda"))
        await station.broker.settle()
        assert seen == []
        assert len(await station.incidents()) == 1
    await station.start()
    await station.wait_until(300)
    assert len(seen) == len(set(seen)) == 1


async def test_failed_commit_is_done_whole_on_redelivery(station, monkeypatch):
    await station.start()
    whole = station.store.fusion
    failures = iter([True, True, False])

    def flaky(site):
        manager = whole(site)
        if next(failures, False):
            raise Cut
        return manager

    monkeypatch.setattr(station.store, "fusion", flaky)
    await station.send(trigger("n1", "disk.failed", "sda"))
    await station.wait_until(120)
    [incident] = await station.incidents()
    assert (incident.revision, incident.trigger_count, incident.evidence_count) == (1, 1, 1)


async def test_memory_does_not_run_ahead_of_a_commit_that_failed(station, monkeypatch):
    await station.start()
    await station.send(trigger("n1", "disk.failed", "sda"))
    [incident] = await station.incidents()

    def gone(_):
        raise Cut

    with monkeypatch.context() as patch:
        patch.setattr(station.store, "fusion", gone)
        with pytest.raises(RequestFailed) as refused:
            await station.ask(
                Endpoints.INCIDENT_COMMAND, IncidentCommand(id=incident.id, command="resolve", actor="alex")
            )
        assert refused.value.failure is Failure.INTERNAL
    resolved = await station.ask(
        Endpoints.INCIDENT_COMMAND, IncidentCommand(id=incident.id, command="resolve", actor="alex")
    )
    assert (resolved.state, resolved.revision) == (IncidentState.RESOLVED, 2)


async def test_a_commit_whose_answer_was_lost_is_read_back_and_not_worked_against(station, monkeypatch):
    """The store has it, the process doesn't know: with what it remembers it would write over what is stored."""
    await station.start()
    whole = station.store.fusion

    @asynccontextmanager
    async def answer_lost(site):
        async with whole(site) as transaction:
            yield transaction
        raise StoreUnavailable("the connection broke at the commit")

    with monkeypatch.context() as patch:
        patch.setattr(station.store, "fusion", answer_lost)
        await station.send(trigger("n1", "disk.failed", "sda"))
        [incident] = await station.incidents()
        note = IncidentCommand(id=incident.id, command="note", actor="alex", text="looking")
        with pytest.raises(RequestFailed, match="broke at the commit"):
            await station.ask(Endpoints.INCIDENT_COMMAND, note)
    await station.send(trigger("n1", "disk.failed", "sda", at=30))
    await station.wait_until(120)
    [incident] = await station.incidents()
    history = (await station.detail(incident)).history
    assert incident.trigger_count == 2
    assert [entry.actor for entry in history] == ["fusion", "alex", "fusion"]


async def test_broker_away_after_commit_is_told_later_and_once(station, monkeypatch):
    seen = await told(station)
    resources = await station.start()
    publish = resources.bus.publish_batch
    failures = iter([True, True])

    async def flaky(envelopes):
        if next(failures, False):
            raise BusUnavailable("the broker is away")
        await publish(envelopes)

    monkeypatch.setattr(resources.bus, "publish_batch", flaky)
    await station.send(trigger("n1", "disk.failed", "sda"))
    await station.wait_until(120)
    assert len(seen) == 1
