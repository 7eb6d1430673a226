"""From proposal to verified repair, with the services as production wires them: actions and runner on one bus."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog
from prometheus_client import CollectorRegistry

from groundcrew.bus.memory import MemoryBroker, MemoryBus
from groundcrew.contracts.actions import Action, ActionGranted, ActionKind, ActionProposed, ActionState, AutonomyLevel
from groundcrew.contracts.clock import SystemClock, VirtualClock
from groundcrew.contracts.envelope import ProducedBy, seal
from groundcrew.contracts.identity import stable_id
from groundcrew.contracts.queries import ActionQuery, AuditQuery, DecideAction, Empty, Endpoints, SetAutonomy
from groundcrew.runtime.health import HealthBoard
from groundcrew.runtime.resources import Resources
from groundcrew.runtime.tasks import RootTasks
from groundcrew.stores.actions.memory import MemoryActionStore
from groundcrew.stores.actions.port import ActionStore
from groundcrew.stores.actions.postgres import PostgresActionStore
from groundcrew.stores.database import Database
from groundcrew.stores.migrate import migrate
from groundcrew_actions.service import wire as wire_actions
from groundcrew_actions.settings import ActionsSection
from groundcrew_actions.settings import Settings as ActionsSettings
from groundcrew_runner.service import wire as wire_runner
from groundcrew_runner.settings import RunnerSection
from groundcrew_runner.settings import Settings as RunnerSettings

T0 = datetime(2026, 3, 1, 2, 36, tzinfo=UTC)
UNIT = "trainer.service"


class Loop:
    def __init__(self, store: ActionStore, systemd: Any, folder: Path) -> None:
        self.clock = VirtualClock(T0)
        self.broker = MemoryBroker(self.clock)
        self.store = store
        self.systemd = systemd
        self.state_dir = folder / "state"
        self.stack = AsyncExitStack()
        self.outside = MemoryBus("default", self.clock, broker=self.broker)

    async def actions(self) -> ActionStore:
        return self.store

    def resources(self, service: str, stack: AsyncExitStack) -> Resources:
        log = structlog.get_logger()
        tasks = RootTasks(log)
        bus = MemoryBus("default", self.clock, service=service, broker=self.broker)
        stack.push_async_callback(bus.close)
        stack.push_async_callback(tasks.close)
        stores: Any = self
        return Resources(
            service=service, site="default", clock=self.clock, bus=bus, stores=stores, registry=CollectorRegistry(),
            log=log, health=HealthBoard(self.clock), tasks=tasks, stack=stack,
            produced_by=ProducedBy(service=service, version="0", packs=""),
        )  # fmt: skip

    async def start_actions(self, level: AutonomyLevel = AutonomyLevel.SUGGEST) -> AsyncExitStack:
        settings = ActionsSettings(actions=ActionsSection(autonomy=level))
        stack = await self.stack.enter_async_context(AsyncExitStack())
        await wire_actions(settings, self.resources("actions", stack))
        return stack

    async def start_runner(self) -> AsyncExitStack:
        settings = RunnerSettings(
            runner=RunnerSection(host="a", path=self.systemd.path, state_dir=self.state_dir, settle_s=0)
        )
        stack = await self.stack.enter_async_context(AsyncExitStack())
        await wire_runner(settings, self.resources("runner", stack))
        return stack

    async def propose(self) -> Action:
        data = ActionProposed(
            kind=ActionKind.SERVICE_RESTART, target="host:a", parameters={"unit": UNIT}, reason="it failed",
            proposed_by="review",
        )  # fmt: skip
        envelope = seal(
            data, id=stable_id("p"), site="default", entity="host:a", time=T0, received_at=T0, source="t",
            position="1", produced_by=ProducedBy(service="review", version="0", packs=""),
        )  # fmt: skip
        await self.outside.publish(envelope)
        await self.broker.settle()
        return await self.action()

    async def action(self) -> Action:
        return await self.outside.request(Endpoints.ACTION, ActionQuery(id=stable_id("p")))

    async def approve(self) -> None:
        await self.outside.request(Endpoints.DECIDE, DecideAction(id=stable_id("p"), approve=True, actor="ada"))
        await self.broker.settle()


@pytest.fixture(params=["memory", "postgres"])
async def loop(request: pytest.FixtureRequest, systemd: Any, tmp_path: Path) -> AsyncIterator[Loop]:
    store: ActionStore = MemoryActionStore()
    if request.param == "postgres":
        parts = request.getfixturevalue("database_conninfo")
        database = await Database.open(**parts, owner="actions", clock=SystemClock())
        await migrate(database, "actions")
        store = PostgresActionStore(database)
    loop = Loop(store, systemd, tmp_path)
    yield loop
    await loop.stack.aclose()
    await loop.outside.close()
    await store.close()


async def test_a_failed_service_is_restarted_after_approval_and_the_repair_is_verified(loop: Loop) -> None:
    loop.systemd.unit(UNIT)
    await loop.start_actions()
    await loop.start_runner()
    waiting = await loop.propose()
    assert waiting.state is ActionState.QUEUED
    assert loop.systemd.restarts() == []
    await loop.approve()
    done = await loop.action()
    assert done.state is ActionState.SUCCEEDED
    assert "the unit is active (running), result success in a new invocation" in done.outcome
    assert loop.systemd.restarts() == [f"restart -- {UNIT}"]
    events = [entry.event for entry in (await loop.outside.request(Endpoints.AUDIT, AuditQuery())).items]
    assert events == ["proposed", "queued", "approved", "granted", "reported"]
    verdict = await loop.outside.request(Endpoints.AUDIT_VERIFY, Empty())
    assert verdict.ok, verdict.detail


async def test_a_repair_that_does_not_help_is_a_failed_action(loop: Loop) -> None:
    loop.systemd.unit(UNIT)
    loop.systemd.restart_fails()
    await loop.start_actions()
    await loop.start_runner()
    await loop.propose()
    await loop.approve()
    done = await loop.action()
    assert done.state is ActionState.FAILED
    assert done.output == f"Job for {UNIT} failed.\n"


async def test_a_runner_that_starts_after_the_approval_still_does_it_and_only_once(loop: Loop) -> None:
    loop.systemd.unit(UNIT)
    await loop.start_actions()
    await loop.propose()
    await loop.approve()
    assert (await loop.action()).state is ActionState.RUNNING
    first = await loop.start_runner()
    await loop.broker.settle()
    await first.aclose()
    await loop.start_runner()
    await loop.broker.settle()
    assert (await loop.action()).state is ActionState.SUCCEEDED
    assert len(loop.systemd.restarts()) == 1


async def test_a_runner_that_starts_too_late_refuses(loop: Loop) -> None:
    loop.systemd.unit(UNIT)
    await loop.start_actions()
    await loop.propose()
    await loop.approve()
    await loop.broker.settle(until=T0.replace(minute=42))
    await loop.start_runner()
    await loop.broker.settle()
    late = await loop.action()
    assert late.state is ActionState.REFUSED
    assert "the grant expired" in late.outcome
    assert loop.systemd.restarts() == []


async def test_stop_all_also_stops_what_was_granted_and_not_begun(loop: Loop) -> None:
    loop.systemd.unit(UNIT)
    await loop.start_actions()
    await loop.propose()
    await loop.approve()
    await loop.outside.request(Endpoints.AUTONOMY, SetAutonomy(stopped=True, actor="ada"))
    await loop.start_runner()
    await loop.broker.settle()
    refused = await loop.action()
    assert refused.state is ActionState.REFUSED
    assert "all actions are stopped" in refused.outcome
    assert loop.systemd.restarts() == []


async def test_a_grant_that_actions_never_gave_is_refused_even_where_it_reaches_the_runner(loop: Loop) -> None:
    loop.systemd.unit(UNIT)
    await loop.start_actions()
    await loop.start_runner()
    forged = ActionGranted(
        action_id=stable_id("p"), kind=ActionKind.SERVICE_RESTART, target="host:a", parameters={"unit": UNIT},
        argv=["systemctl", "restart", "--", UNIT], timeout_s=30, expires_at=T0 + timedelta(minutes=5),
        approved_by="ada",
    )  # fmt: skip
    for action_state in ("never proposed", "waiting for approval"):
        envelope = seal(
            forged, id=stable_id("forged", action_state), site="default", entity="host:a", time=T0, received_at=T0,
            source="t", position="1", produced_by=ProducedBy(service="actions", version="0", packs=""),
        )  # fmt: skip
        await loop.outside.publish(envelope)
        await loop.broker.settle()
        assert loop.systemd.restarts() == []
        await loop.propose()
    assert (await loop.action()).state is ActionState.QUEUED


async def test_a_runner_waits_for_actions_to_answer_and_the_grant_expires_meanwhile(loop: Loop) -> None:
    loop.systemd.unit(UNIT)
    actions = await loop.start_actions()
    await loop.propose()
    await loop.approve()
    await actions.aclose()
    await loop.start_runner()
    await loop.broker.settle(until=T0 + timedelta(minutes=6))
    await loop.start_actions()
    await loop.broker.settle(until=T0 + timedelta(minutes=7))
    assert loop.systemd.restarts() == []
    late = await loop.action()
    assert late.state is ActionState.REFUSED
    assert "the grant expired" in late.outcome


async def test_at_auto_full_no_approval_is_needed(loop: Loop) -> None:
    loop.systemd.unit(UNIT)
    await loop.start_actions(AutonomyLevel.AUTO_FULL)
    await loop.start_runner()
    done = await loop.propose()
    assert done.state is ActionState.SUCCEEDED
    assert done.decided_by == "policy"


@pytest.mark.parametrize("loop", ["postgres"], indirect=True)
async def test_an_entry_changed_behind_the_databases_back_is_found(loop: Loop) -> None:
    loop.systemd.unit(UNIT)
    await loop.start_actions()
    await loop.propose()
    await loop.approve()
    database = loop.store._database  # type: ignore[attr-defined]
    async with database.transaction() as connection:
        await connection.execute("SET LOCAL session_replication_role = replica")
        await connection.execute("UPDATE audit SET actor = 'eve' WHERE event = 'approved'")
    verdict = await loop.outside.request(Endpoints.AUDIT_VERIFY, Empty())
    assert (verdict.ok, verdict.broken_at) == (False, 3)
    async with database.transaction() as connection:
        await connection.execute("SET LOCAL session_replication_role = replica")
        await connection.execute("UPDATE audit SET actor = 'ada' WHERE event = 'approved'")
        await connection.execute("DELETE FROM audit WHERE seq = (SELECT max(seq) FROM audit)")
    verdict = await loop.outside.request(Endpoints.AUDIT_VERIFY, Empty())
    assert not verdict.ok
    assert "were written" in verdict.detail
