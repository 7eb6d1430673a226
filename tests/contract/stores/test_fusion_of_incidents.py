"""Fusion: what one trigger event changes is committed at once, and told in order."""

import asyncio
from datetime import timedelta

import pytest
from tests.contract.stores.observed import (
    HOST,
    MINUTE,
    NOON,
    SITE,
    evidence,
    incident,
    inventory,
    logs,
    opened,
    save,
    trigger,
)

from groundcrew.contracts.identity import stable_id
from groundcrew.contracts.incidents import Finding, IncidentState, Severity
from groundcrew.contracts.queries import IncidentsQuery, TriggersQuery
from groundcrew.contracts.streams import decode
from groundcrew.stores.context.port import MAX_HISTORY
from groundcrew.stores.port import StaleRevision


async def published(store, limit=100):
    return [decode(waiting.payload) for waiting in await store.outbox.pending(limit)]


async def test_a_trigger_an_incident_and_its_message_are_stored_together(store):
    one = incident(1)
    async with store.fusion(SITE) as transaction:
        assert await transaction.add_trigger(trigger(1), one.id) is True
        await transaction.save_incident(one, [evidence(1)], actor="fusion", change="opened by psu.input_lost")
        await transaction.publish(opened(one))
    assert await store.incident(SITE, one.id) == one
    assert await store.evidence(SITE, one.id) == [evidence(1)]
    (entry,) = await store.history(SITE, one.id)
    assert (entry.revision, entry.time, entry.actor, entry.change) == (
        1, one.updated_at, "fusion", "opened by psu.input_lost"
    )  # fmt: skip
    (summary,) = (await store.triggers(SITE, TriggersQuery())).items
    assert (summary.id, summary.time, summary.incident_id) == (trigger(1).id, NOON, one.id)
    (message,) = await published(store)
    assert message.data.incident == one


async def test_evidence_that_belongs_to_another_incident_is_withdrawn(store):
    async with store.fusion(SITE) as transaction:
        await transaction.save_incident(incident(1), [evidence(1), evidence(2)], actor="fusion", change="opened")
        await transaction.save_incident(incident(2), [evidence(2)], actor="fusion", change="parted")
        await transaction.withdraw_evidence(incident(1).id, [evidence(2)])
    assert await store.evidence(SITE, incident(1).id) == [evidence(1)]
    assert await store.evidence(SITE, incident(2).id) == [evidence(2)]


async def test_an_exception_leaves_nothing_of_the_transaction(store):
    with pytest.raises(ZeroDivisionError):  # noqa: PT012 - the error belongs inside the transaction
        async with store.fusion(SITE) as transaction:
            await transaction.add_trigger(trigger(1), None)
            await transaction.save_incident(incident(1), [evidence(1)], actor="fusion", change="opened")
            await transaction.publish(opened(incident(1)))
            raise ZeroDivisionError
    assert (await store.triggers(SITE, TriggersQuery())).items == []
    assert await store.live_incidents(SITE) == []
    assert await store.evidence(SITE, incident(1).id) == []
    assert await store.outbox.pending(10) == []
    assert await store.hosts(SITE) == []


async def test_a_redelivered_trigger_is_known(store):
    async with store.fusion(SITE) as transaction:
        assert await transaction.add_trigger(trigger(1), None) is True
        assert await transaction.add_trigger(trigger(1), None) is False
    async with store.fusion(SITE) as transaction:
        assert await transaction.add_trigger(trigger(1), incident(1).id) is False
    (summary,) = (await store.triggers(SITE, TriggersQuery())).items
    assert summary.incident_id is None


async def test_trigger_events_of_no_incident_and_info_ones_are_read_again_in_their_order(store):
    async with store.fusion(SITE) as transaction:
        await transaction.add_trigger(trigger(1, second=1), None)
        await transaction.add_trigger(trigger(2, second=2), incident(1).id)
        await transaction.add_trigger(trigger(3, second=3, severity=Severity.INFO), incident(1).id)
        await transaction.add_trigger(trigger(4, second=4, severity=Severity.INFO), None)
        await transaction.add_trigger(trigger(5, second=0), None)
    found = await store.loose_triggers(SITE, NOON + timedelta(seconds=1), 100)
    wanted = [(trigger(1, second=1), None), (trigger(3, second=3, severity=Severity.INFO), incident(1).id)]
    assert [(one.id, one.time, one.entity, one.data, to) for one, to in found[:2]] == [
        (one.id, one.time, one.entity, one.data, to) for one, to in wanted
    ]
    newest = await store.loose_triggers(SITE, NOON, 2)
    assert [one.data.title for one, _ in newest] == ["trigger 3", "trigger 4"]
    assert await store.loose_triggers("elsewhere", NOON, 100) == []


async def test_messages_wait_in_the_order_of_commits_until_they_are_published(store):
    async def one(number):
        async with store.fusion(SITE) as transaction:
            await transaction.publish(opened(incident(number)))
            await asyncio.sleep(0)
            await transaction.publish(opened(incident(number, revision=2)))

    await asyncio.gather(*(one(number) for number in range(4)))
    waiting = await store.outbox.pending(100)
    assert [message.seq for message in waiting] == sorted(message.seq for message in waiting)
    told = [decode(message.payload).data.incident for message in waiting]
    assert [one.revision for one in told] == [1, 2] * 4, "the two messages of a transaction stand together"
    assert len(await store.outbox.pending(3)) == 3
    await store.outbox.published([message.seq for message in waiting[:3]])
    await store.outbox.published([message.seq for message in waiting[:3]])
    assert [message.seq for message in await store.outbox.pending(100)] == [m.seq for m in waiting[3:]]


async def test_what_a_transaction_wrote_is_not_seen_before_its_end(store):
    async with store.fusion(SITE) as transaction:
        await transaction.save_incident(incident(1), [], actor="fusion", change="opened")
        await transaction.publish(opened(incident(1)))
        assert await store.incident(SITE, incident(1).id) is None
        assert await store.outbox.pending(10) == []
    assert await store.incident(SITE, incident(1).id) is not None


async def test_revisions_replace_the_snapshot_and_keep_the_history(store):
    await save(store, incident(1), [evidence(1)])
    await save(
        store, incident(1, revision=2, note="seen"), [evidence(2, second=5), evidence(1)], change="more evidence"
    )
    found = await store.incident(SITE, incident(1).id)
    assert (found.revision, found.note) == (2, "seen")
    assert [entry.change for entry in await store.history(SITE, found.id)] == ["opened", "more evidence"]
    assert await store.evidence(SITE, found.id) == [evidence(1), evidence(2, second=5)]


async def test_the_same_revision_again_is_no_change_and_another_one_is_stale(store):
    await save(store, incident(1))
    await save(store, incident(1))
    assert len(await store.history(SITE, incident(1).id)) == 1
    with pytest.raises(StaleRevision, match="revision 1 comes after 1 was stored"):
        await save(store, incident(1, note="written by somebody who read an older one"))


async def test_live_incidents_come_with_their_evidence_oldest_first(store):
    await save(store, incident(2, minute=5), [evidence(3, second=3), evidence(2, second=2)])
    await save(store, incident(1, minute=1, state=IncidentState.ACKNOWLEDGED), [evidence(1)])
    await save(store, incident(3, minute=2))
    await save(store, incident(3, minute=2, revision=2, state=IncidentState.RESOLVED), change="resolved")
    live = await store.live_incidents(SITE)
    assert [(one.title, [piece.ref for piece in pieces]) for one, pieces in live] == [
        ("incident 1", ["cursor-1"]),
        ("incident 2", ["cursor-2", "cursor-3"]),
    ]
    assert await store.live_incidents("other") == []


async def test_evidence_is_bounded_to_the_newest_in_order_of_time(store):
    await save(store, incident(1), [evidence(number, second=number) for number in range(6)])
    found = await store.evidence(SITE, incident(1).id, limit=3)
    assert [piece.ref for piece in found] == ["cursor-3", "cursor-4", "cursor-5"]


async def test_evidence_keeps_exactly_what_was_observed(store):
    text = "\x00 {} \U0001f525 \\u0000 'quoted' \x1b[31m"
    await save(store, incident(1), [evidence(1, text=text)])
    assert (await store.evidence(SITE, incident(1).id))[0].text == text


@pytest.mark.parametrize(
    ("query", "titles"),
    [
        ({}, ["incident 3", "incident 2", "incident 1"]),
        ({"states": [IncidentState.OPEN]}, ["incident 3", "incident 1"]),
        ({"states": [IncidentState.OPEN, IncidentState.RESOLVED]}, ["incident 3", "incident 2", "incident 1"]),
        ({"host": "node-7"}, ["incident 3"]),
        ({"severity": Severity.WARNING}, ["incident 1"]),
        ({"since": NOON + 8 * MINUTE}, ["incident 3"]),
        ({"host": "node-1", "severity": Severity.CRITICAL}, ["incident 2"]),
    ],
)
async def test_incidents_are_found_by_what_they_are(store, query, titles):
    await save(store, incident(1, minute=0, severity=Severity.WARNING))
    await save(store, incident(2, minute=2, state=IncidentState.RESOLVED))
    await save(store, incident(3, minute=9, hosts=("node-7", "node-8")))
    page = await store.incidents(SITE, IncidentsQuery(**query))
    assert [one.title for one in page.items] == titles
    assert page.next is None


async def test_a_host_that_only_an_incident_names_is_listed(store):
    await save(store, incident(1, hosts=("node-9",)))
    await store.record_logs(logs([1], entity="host:node-1"))
    rows = {row.entity: row.last_seen for row in await store.hosts(SITE)}
    assert rows == {"host:node-1": NOON + MINUTE / 60, "host:node-9": NOON + MINUTE}


async def test_an_incident_does_not_make_a_silent_host_look_alive(store):
    await store.record_inventory(inventory("6.1", second=0))
    await save(store, incident(1, minute=30))
    (row,) = await store.hosts(SITE)
    assert row.last_seen == NOON


async def test_findings_are_newest_first_and_each_once(store):
    def finding(number, incident_id=None):
        return Finding(
            id=stable_id("finding", number), kind="trend", severity=Severity.WARNING, entity=HOST,
            text=f"finding {number}", incident_id=incident_id,
        )  # fmt: skip

    of_incident = incident(1).id
    await store.add_findings(SITE, NOON, [finding(1), finding(2, of_incident)])
    await store.add_findings(SITE, NOON + MINUTE, [finding(3), finding(1)])
    assert [one.text for one in await store.findings(SITE, of_incident)] == ["finding 2"]
    assert (await store.findings(SITE, None))[0].text == "finding 3"
    assert len(await store.findings(SITE, None)) == 3
    assert len(await store.findings(SITE, None, limit=2)) == 2


async def test_of_a_long_history_the_newest_entries_are_told_in_order(store):
    async with store.fusion(SITE) as transaction:
        for revision in range(1, MAX_HISTORY + 3):
            await transaction.save_incident(incident(1, revision=revision), [], actor="fusion", change=str(revision))
    told = [entry.revision for entry in await store.history(SITE, incident(1).id)]
    assert told == list(range(3, MAX_HISTORY + 3))


async def test_evidence_that_is_withdrawn_and_comes_back_in_one_transaction_stays(store):
    async with store.fusion(SITE) as transaction:
        await transaction.save_incident(incident(1), [evidence(1)], actor="fusion", change="opened")
        await transaction.withdraw_evidence(incident(1).id, [evidence(1)])
        await transaction.save_incident(incident(1, revision=2), [evidence(1)], actor="fusion", change="joined again")
    assert await store.evidence(SITE, incident(1).id) == [evidence(1)]


async def test_trigger_events_that_are_looked_up_together_are_told_from_those_that_are_stored(store):
    async with store.fusion(SITE) as transaction:
        await transaction.add_trigger(trigger(1), None)
    async with store.fusion(SITE) as transaction:
        await transaction.expect([trigger(number) for number in range(3)])
        assert [await transaction.add_trigger(trigger(number), None) for number in range(3)] == [True, False, True]
    assert len((await store.triggers(SITE, TriggersQuery())).items) == 3


async def test_all_revisions_of_one_transaction_stand_in_the_history(store):
    async with store.fusion(SITE) as transaction:
        for revision in (1, 2, 3):
            await transaction.save_incident(incident(1, revision=revision), [], actor="fusion", change=str(revision))
    assert (await store.incident(SITE, incident(1).id)).revision == 3
    assert [entry.revision for entry in await store.history(SITE, incident(1).id)] == [1, 2, 3]


async def test_a_transaction_with_a_stale_revision_leaves_nothing(store):
    async with store.fusion(SITE) as transaction:
        await transaction.save_incident(incident(1, revision=5), [], actor="fusion", change="five")
    with pytest.raises(StaleRevision):  # noqa: PT012 - it may be told at the end of the transaction
        async with store.fusion(SITE) as transaction:
            await transaction.add_trigger(trigger(1), None)
            await transaction.save_incident(incident(2), [], actor="fusion", change="opened")
            await transaction.save_incident(incident(1, revision=4), [], actor="fusion", change="four")
    assert await store.incident(SITE, incident(2).id) is None
    assert (await store.triggers(SITE, TriggersQuery())).items == []
