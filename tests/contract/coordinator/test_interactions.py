"""One suite for the store of interactions, in memory and on a real PostgreSQL; and a coordinator without its store."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.unit.coordinator.conftest import Coordinator, question

from groundcrew.contracts.clock import SystemClock
from groundcrew.contracts.completions import CompletionOutcome, Purpose, Served
from groundcrew.contracts.identity import stable_id
from groundcrew.stores.coordinator.memory import MemoryCoordinatorStore
from groundcrew.stores.coordinator.port import CoordinatorStore, Interaction
from groundcrew.stores.coordinator.postgres import PostgresCoordinatorStore
from groundcrew.stores.database import Database
from groundcrew.stores.migrate import migrate
from groundcrew.stores.port import StoreUnavailable
from groundcrew_hybrid_coordinator import interactions

NOW = datetime(2026, 3, 4, 2, 0, tzinfo=UTC)
ONE = Interaction(
    id=stable_id("one"),
    time=NOW,
    purpose=Purpose.REVIEW,
    outcome=CompletionOutcome.ANSWERED,
    served=Served.LOCAL,
    model="tiny",
    prompt_tokens=12,
    completion_tokens=3,
    latency_s=0.25,
    prompt_digest="ab" * 16,
    prompt="user: what?",
    answer="this",
    asked_by="night shift",
    incident_id=stable_id("incident"),
)


@pytest.fixture(params=["memory", "postgres"])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[CoordinatorStore]:
    if request.param == "memory":
        yield MemoryCoordinatorStore()
        return
    conninfo = request.getfixturevalue("database_conninfo")
    database = await Database.open(**conninfo, owner="coordinator", clock=SystemClock())
    await migrate(database, "coordinator")
    opened = PostgresCoordinatorStore(database)
    yield opened
    await opened.close()


async def test_an_interaction_comes_back_as_it_was_kept(store: CoordinatorStore) -> None:
    await store.add("demo", [ONE])
    await store.add("demo", [replace(ONE, answer="another")])
    assert list(await store.newest("demo", 10)) == [ONE]
    assert list(await store.newest("other", 10)) == []


async def test_the_newest_come_first_and_those_of_an_incident_are_found(store: CoordinatorStore) -> None:
    later = replace(ONE, id=stable_id("two"), time=NOW + timedelta(hours=1), incident_id=None)
    await store.add("demo", [ONE, later])
    assert list(await store.newest("demo", 10)) == [later, ONE]
    assert list(await store.newest("demo", 1)) == [later]
    assert list(await store.newest("demo", 10, incident_id=ONE.incident_id)) == [ONE]


async def test_old_ones_are_forgotten(store: CoordinatorStore) -> None:
    later = replace(ONE, id=stable_id("two"), time=NOW + timedelta(hours=1))
    await store.add("demo", [ONE, later])
    assert await store.forget("demo", NOW + timedelta(minutes=1)) == 1
    assert list(await store.newest("demo", 10)) == [later]


async def test_any_text_can_be_kept(store: CoordinatorStore) -> None:
    await store.add("demo", [replace(ONE, prompt="a\x00b", answer="ünïcode 🚀")])
    [kept] = await store.newest("demo", 1)
    assert kept.answer == "ünïcode 🚀"


class Away:
    """A database that hangs."""

    async def add(self, site: str, batch: object) -> None:
        del site, batch
        await asyncio.sleep(3_600)

    async def forget(self, site: str, before: datetime) -> int:
        raise StoreUnavailable("away")


async def test_a_database_that_hangs_holds_up_no_answer_and_what_is_dropped_is_counted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(interactions, "MAX_WAITING", 5)
    coordinator = Coordinator(tmp_path)
    coordinator.stores.store = Away()
    await coordinator.start()
    async with asyncio.timeout(20):
        for number in range(20):
            completion = await coordinator.ask(question(f"question {number}"))
            assert completion.outcome is CompletionOutcome.NOT_CONFIGURED
    assert coordinator.metric("unrecorded_interactions_total") >= 14
    coordinator.stores.store.add = _refuse
    await coordinator.stop()


async def _refuse(site: str, batch: object) -> None:
    raise StoreUnavailable("away")
