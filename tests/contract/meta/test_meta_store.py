"""What every meta store does."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from groundcrew.contracts.completions import CompletionOutcome
from groundcrew.contracts.conversations import Analysis, AnalysisCompleted, Citation, Said
from groundcrew.contracts.envelope import ProducedBy, seal
from groundcrew.contracts.identity import stable_id
from groundcrew.contracts.queries import ConversationsQuery
from groundcrew.contracts.streams import decode
from groundcrew.stores.meta import port
from groundcrew.stores.meta.port import BadCursor, MetaStore, NotYours, Opening

SITE = "default"
T0 = datetime(2026, 3, 1, 2, 36, tzinfo=UTC)
HOSTILE = "Ünïcode, a NUL \x00 and <b>markup</b>"


def said(number: int, role: str = "user", text: str = HOSTILE) -> Said:
    cited = Citation(id=stable_id("evidence", number), kind="evidence", text=text)
    return Said(role=role, text=text, time=T0 + timedelta(seconds=number), citations=[cited], cited=[cited.id])


def opening(number: int = 1, actor: str = "ada") -> Opening:
    incident = stable_id("incident", number)
    return Opening(id=stable_id("conversation", number), actor=actor, title=f"talk {number}", incident_id=incident)


def analysis(number: int = 1, incident: int = 1) -> Analysis:
    return Analysis(
        id=stable_id("analysis", number), incident_id=stable_id("incident", incident), revision=number,
        time=T0 + timedelta(seconds=number), reason="critical", report=HOSTILE,
        outcome=CompletionOutcome.NOT_CONFIGURED,
    )  # fmt: skip


async def add(store: MetaStore, one: Analysis, site: str = SITE) -> Analysis:
    message = seal(
        AnalysisCompleted(analysis=one), id=stable_id("message", one.id), site=site, entity="host:a", time=T0,
        received_at=T0, source="meta", position="1", produced_by=ProducedBy(service="meta", version="0"),
    )  # fmt: skip
    return await store.add_analysis(site, one, message)


async def test_a_conversation_comes_back_as_it_was_said(store: MetaStore) -> None:
    await store.add_turns(SITE, opening(), [said(1)])
    summary = await store.add_turns(SITE, opening(), [said(2, "assistant"), said(3)])
    assert (summary.turns, summary.created_at, summary.updated_at) == (3, said(1).time, said(3).time)
    kept = await store.conversation(SITE, opening().id)
    assert kept is not None
    assert kept.said == [said(1), said(2, "assistant"), said(3)]
    assert (kept.title, kept.actor, kept.incident_id, kept.host) == ("talk 1", "ada", stable_id("incident", 1), None)


async def test_another_actor_cannot_write_into_a_conversation(store: MetaStore) -> None:
    await store.add_turns(SITE, opening(), [said(1)])
    with pytest.raises(NotYours):
        await store.add_turns(SITE, opening(actor="bob"), [said(2)])
    kept = await store.conversation(SITE, opening().id)
    assert kept is not None
    assert kept.said == [said(1)]


async def test_another_site_sees_nothing(store: MetaStore) -> None:
    await store.add_turns(SITE, opening(), [said(1)])
    await add(store, analysis())
    assert await store.conversation("other", opening().id) is None
    assert (await store.conversations("other", ConversationsQuery())).items == []
    assert await store.newest_analysis("other", stable_id("incident", 1)) is None
    assert await store.rename("other", opening().id, "x") is None
    assert await store.delete("other", opening().id) is None


async def test_an_actors_conversations_are_listed_last_used_first_in_pages(store: MetaStore) -> None:
    for number in range(5):
        await store.add_turns(SITE, opening(number), [said(number)])
    await store.add_turns(SITE, opening(9, "bob"), [said(9)])
    await store.add_turns(SITE, opening(0), [said(20)])
    first = await store.conversations(SITE, ConversationsQuery(actor="ada", limit=2))
    rest = await store.conversations(SITE, ConversationsQuery(actor="ada", limit=10, cursor=first.next))
    assert [one.title for one in first.items + rest.items] == [f"talk {n}" for n in (0, 4, 3, 2, 1)]
    assert rest.next is None
    assert len((await store.conversations(SITE, ConversationsQuery())).items) == 6
    with pytest.raises(BadCursor):
        await store.conversations(SITE, ConversationsQuery(cursor="yesterday"))


async def test_renaming_and_deleting(store: MetaStore) -> None:
    await store.add_turns(SITE, opening(), [said(1)])
    renamed = await store.rename(SITE, opening().id, "the feed of r7")
    assert renamed is not None
    assert renamed.title == "the feed of r7"
    assert (await store.delete(SITE, opening().id)) == renamed
    assert await store.conversation(SITE, opening().id) is None
    assert await store.delete(SITE, opening().id) is None


async def test_of_a_long_conversation_the_newest_turns_are_kept(
    store: MetaStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"{type(store).__module__}.MAX_TURNS", 4)
    for number in range(6):
        await store.add_turns(SITE, opening(), [said(number)])
    kept = await store.conversation(SITE, opening().id)
    assert kept is not None
    assert [one.time for one in kept.said] == [said(n).time for n in (2, 3, 4, 5)]
    assert kept.turns == 4
    assert port.MAX_TURNS == 200


async def test_of_many_conversations_those_used_last_are_kept(
    store: MetaStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"{type(store).__module__}.MAX_CONVERSATIONS", 2)
    await store.add_turns(SITE, opening(8, "bob"), [said(0)])
    for number in range(3):
        await store.add_turns(SITE, opening(number), [said(number)])
    listed = await store.conversations(SITE, ConversationsQuery())
    assert [one.title for one in listed.items] == ["talk 2", "talk 1", "talk 8"]


async def test_turns_added_at_once_are_all_kept(store: MetaStore) -> None:
    await asyncio.gather(*(store.add_turns(SITE, opening(), [said(n), said(n, "assistant")]) for n in range(4)))
    kept = await store.conversation(SITE, opening().id)
    assert kept is not None
    assert [one.role for one in kept.said] == ["user", "assistant"] * 4


async def test_an_analysis_is_stored_with_its_message_once(store: MetaStore) -> None:
    first = await add(store, analysis())
    again = await add(store, analysis().model_copy(update={"report": "another run of the same escalation"}))
    assert first == again == analysis()
    waiting = await store.outbox.pending(10)
    assert [decode(one.payload).data.analysis for one in waiting] == [analysis()]
    assert await store.analysis(SITE, analysis().id) == analysis()


async def test_the_newest_analysis_of_an_incident(store: MetaStore) -> None:
    for number, incident in ((2, 1), (3, 2), (1, 1)):
        await add(store, analysis(number, incident))
    assert await store.newest_analysis(SITE, stable_id("incident", 1)) == analysis(2, 1)
    assert await store.newest_analysis(SITE, stable_id("incident", 5)) is None


async def test_what_is_old_is_forgotten(store: MetaStore) -> None:
    await store.add_turns(SITE, opening(1), [said(1)])
    await store.add_turns(SITE, opening(2), [said(50)])
    await store.add_turns("other", opening(1), [said(1)])
    await add(store, analysis(1))
    await add(store, analysis(60))
    dropped = await store.forget(SITE, before=T0 + timedelta(seconds=30))
    assert dropped == {"conversations": 1, "analyses": 1, "reports": 0, "tasks": 0}
    assert await store.conversation(SITE, opening(1).id) is None
    assert await store.conversation(SITE, opening(2).id) is not None
    assert await store.conversation("other", opening(1).id) is not None
    assert await store.newest_analysis(SITE, stable_id("incident", 1)) == analysis(60)
