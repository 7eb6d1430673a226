"""What every action store does."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from groundcrew.contracts.actions import Action, ActionKind, ActionState, AutonomyLevel, RiskClass, Ticket
from groundcrew.contracts.audit import GENESIS, ChainCheck
from groundcrew.contracts.envelope import ProducedBy, seal
from groundcrew.contracts.identity import stable_id
from groundcrew.contracts.incidents import Tick
from groundcrew.contracts.queries import ActionsQuery, AuditQuery, TicketsQuery
from groundcrew.contracts.streams import decode
from groundcrew.stores.actions.port import ActionStore, AuditHead, BadCursor, Control, StoredAction

SITE = "default"
T0 = datetime(2026, 3, 1, 2, 36, tzinfo=UTC)
INCIDENT = stable_id("incident")


def action(number: int, *, state: ActionState = ActionState.QUEUED, incident_id: str | None = None) -> StoredAction:
    created = T0 + timedelta(seconds=number)
    return StoredAction(
        action=Action(
            id=stable_id("action", number),
            revision=1,
            kind=ActionKind.SERVICE_RESTART,
            target="host:a",
            parameters={"unit": "x.service"},
            risk=RiskClass.DISRUPTIVE,
            state=state,
            reason="it failed; text from a machine may hold \x00 and ünïcode",
            argv=["systemctl", "restart", "--", "x.service"],
            incident_id=incident_id,
            proposed_by="review",
            created_at=created,
            updated_at=created,
            expires_at=created + timedelta(hours=8),
        ),
        correlation_id=stable_id("correlation", number),
    )


async def save(store: ActionStore, *stored: StoredAction, site: str = SITE) -> None:
    async with store.transaction(site) as transaction:
        for one in stored:
            await transaction.save(one)


async def audit(store: ActionStore, event: str, site: str = SITE) -> None:
    async with store.transaction(site) as transaction:
        await transaction.audit(
            time=T0, actor="review", event=event, action_id=stable_id(event), detail={"b": "2", "a": "nül\x00"}
        )


async def test_an_action_comes_back_as_it_was_saved_and_a_newer_revision_replaces_it(store: ActionStore) -> None:
    first = action(1)
    await save(store, first)
    assert await store.action(SITE, first.action.id) == first.action
    granted = StoredAction(
        action=first.action.model_copy(update={"revision": 2, "state": ActionState.RUNNING}),
        correlation_id=first.correlation_id,
        granted_at=T0,
        report_due_at=T0 + timedelta(minutes=5),
    )
    await save(store, granted)
    async with store.transaction(SITE) as transaction:
        assert await transaction.action(first.action.id) == granted
    assert (await store.action(SITE, first.action.id)) == granted.action


async def test_an_action_of_another_site_is_not_seen(store: ActionStore) -> None:
    await save(store, action(1))
    assert await store.action("other", action(1).action.id) is None
    assert (await store.actions("other", ActionsQuery())).items == []
    async with store.transaction("other") as transaction:
        assert await transaction.action(action(1).action.id) is None
        assert await transaction.unfinished() == []


async def write_everything_then_fail(store: ActionStore) -> None:
    async with store.transaction(SITE) as transaction:
        await transaction.save(action(2))
        await transaction.save(action(1, state=ActionState.RUNNING))
        await transaction.set_control(Control(level=AutonomyLevel.AUTO_FULL, stopped=True))
        await transaction.audit(time=T0, actor="x", event="approved", action_id=stable_id("x"), detail={})
        await transaction.add_ticket(ticket(1))
        await transaction.publish(tick())
        raise RuntimeError("power")


async def test_what_raises_in_a_transaction_leaves_nothing_behind(store: ActionStore) -> None:
    await save(store, action(1))
    await audit(store, "proposed")
    with pytest.raises(RuntimeError, match="power"):
        await write_everything_then_fail(store)
    assert await store.action(SITE, action(2).action.id) is None
    kept = await store.action(SITE, action(1).action.id)
    assert kept is not None
    assert kept.state is ActionState.QUEUED
    assert await store.control(SITE) == Control()
    assert (await store.audit_head(SITE)).seq == 1
    assert (await store.tickets(SITE, TicketsQuery())).items == []
    assert await store.outbox.pending(10) == []


async def test_listing_is_newest_first_in_pages_and_filtered(store: ActionStore) -> None:
    await save(store, *(action(n, incident_id=INCIDENT if n % 2 else None) for n in range(5)))
    await save(store, action(9, state=ActionState.FAILED))
    page = await store.actions(SITE, ActionsQuery(limit=4))
    rest = await store.actions(SITE, ActionsQuery(limit=4, cursor=page.next))
    assert [a.id for a in page.items + rest.items] == [action(n).action.id for n in (9, 4, 3, 2, 1, 0)]
    assert rest.next is None
    failed = await store.actions(SITE, ActionsQuery(states=[ActionState.FAILED]))
    assert [a.id for a in failed.items] == [action(9).action.id]
    of_incident = await store.actions(SITE, ActionsQuery(incident_id=INCIDENT))
    assert [a.id for a in of_incident.items] == [action(n).action.id for n in (3, 1)]
    assert await store.waiting(SITE) == 5


@pytest.mark.parametrize("cursor", ["nonsense", "1-", "-" + "0" * 32, "٣-" + "0" * 32, "9" * 40 + "-" + "0" * 32])
async def test_a_cursor_that_was_not_handed_out_is_an_error(store: ActionStore, cursor: str) -> None:
    with pytest.raises(BadCursor):
        await store.actions(SITE, ActionsQuery(cursor=cursor))
    with pytest.raises(BadCursor):
        await store.audit(SITE, AuditQuery(cursor=cursor))


async def test_unfinished_are_oldest_first_and_recent_newest_first(store: ActionStore) -> None:
    old = action(1, state=ActionState.SUCCEEDED)
    granted = StoredAction(
        action=action(2, state=ActionState.RUNNING).action, correlation_id=stable_id("c"), granted_at=T0
    )
    await save(store, old, action(4), granted, action(3, state=ActionState.EXPIRED))
    async with store.transaction(SITE) as transaction:
        assert [s.action.id for s in await transaction.unfinished()] == [action(n).action.id for n in (2, 4)]
        after = T0 + timedelta(seconds=2)
        assert [s.action.id for s in await transaction.recent(after)] == [action(n).action.id for n in (4, 3)]
        assert len(await transaction.recent(T0 - timedelta(seconds=1))) == 4


async def test_the_switches_stay_as_people_set_them(store: ActionStore) -> None:
    assert await store.control(SITE) == Control()
    async with store.transaction(SITE) as transaction:
        await transaction.set_control(Control(level=AutonomyLevel.AUTO_SAFE, stopped=True))
        assert await transaction.control() == Control(level=AutonomyLevel.AUTO_SAFE, stopped=True)
    assert await store.control(SITE) == Control(level=AutonomyLevel.AUTO_SAFE, stopped=True)
    assert await store.control("other") == Control()


async def test_the_audit_chain_of_each_site_is_whole_and_paged_in_order(store: ActionStore) -> None:
    assert await store.audit_head(SITE) == AuditHead(0, GENESIS)
    for event in ("proposed", "queued", "approved"):
        await audit(store, event)
    await audit(store, "proposed", site="other")
    check = ChainCheck()
    page = await store.audit(SITE, AuditQuery(limit=2))
    check.walk(page.items)
    rest = await store.audit(SITE, AuditQuery(limit=2, cursor=page.next))
    check.walk(rest.items)
    assert [e.event for e in page.items + rest.items] == ["proposed", "queued", "approved"]
    assert rest.next is None
    assert await store.audit_head(SITE) == AuditHead(3, check.newest)
    assert (await store.audit_head("other")).seq == 1


async def test_links_added_at_once_never_fork_the_chain(store: ActionStore) -> None:
    await asyncio.gather(*(audit(store, f"event-{n}") for n in range(12)))
    check = ChainCheck()
    check.walk((await store.audit(SITE, AuditQuery(limit=100))).items)
    assert check.entries == 12


def ticket(number: int, incident_id: str | None = None) -> Ticket:
    return Ticket(
        id=stable_id("ticket", number),
        action_id=stable_id("action", number),
        incident_id=incident_id,
        created_at=T0 + timedelta(seconds=number),
        title=f"ticket {number}",
        body="# cause",
    )


async def test_tickets_are_kept_once_and_listed_newest_first(store: ActionStore) -> None:
    for number in (1, 2, 3, 3):
        async with store.transaction(SITE) as transaction:
            await transaction.add_ticket(ticket(number, INCIDENT if number == 2 else None))
    page = await store.tickets(SITE, TicketsQuery(limit=2))
    rest = await store.tickets(SITE, TicketsQuery(limit=2, cursor=page.next))
    assert page.items + rest.items == [ticket(3), ticket(2, INCIDENT), ticket(1)]
    assert (await store.tickets(SITE, TicketsQuery(incident_id=INCIDENT))).items == [ticket(2, INCIDENT)]


def tick(name: str = "x"):  # type: ignore[no-untyped-def]
    return seal(
        Tick(name=name), id=stable_id(name), site=SITE, entity="site:default", time=T0, received_at=T0, source="t",
        position="1", produced_by=ProducedBy(service="actions", version="0", packs=""),
    )  # fmt: skip


async def test_messages_wait_in_order_until_they_are_published(store: ActionStore) -> None:
    async with store.transaction(SITE) as transaction:
        for name in ("a", "b", "c"):
            await transaction.publish(tick(name))
    waiting = await store.outbox.pending(2)
    assert [decode(w.payload).data.name for w in waiting] == ["a", "b"]
    await store.outbox.published([w.seq for w in waiting])
    assert [decode(w.payload).data.name for w in await store.outbox.pending(9)] == ["c"]
