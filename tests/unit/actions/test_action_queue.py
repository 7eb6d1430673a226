"""The life of an action, from proposal to verified result."""

from datetime import timedelta
from typing import Any

import pytest

from groundcrew.bus.port import BusUnavailable, RequestFailed
from groundcrew.contracts.actions import (
    ActionChanged,
    ActionGranted,
    ActionKind,
    ActionState,
    AutonomyLevel,
    Outcome,
)
from groundcrew.contracts.identity import stable_id
from groundcrew.contracts.incidents import DeadLetter
from groundcrew.contracts.inventory import Inventory, InventoryHost
from groundcrew.contracts.queries import Empty, Endpoints, Failure, SetAutonomy


async def test_at_suggest_a_restart_waits_for_a_person(make_site: Any) -> None:
    site = await make_site()
    action = await site.propose()
    assert action.state is ActionState.QUEUED
    assert action.argv == ["systemctl", "restart", "--", "trainer.service"]
    assert action.outcome == "disruptive at autonomy suggest: waits for approval"
    assert site.seen(ActionGranted) == []
    assert [change.action.state for change in site.seen(ActionChanged)] == [ActionState.QUEUED]


async def test_an_approved_restart_is_granted_once_reported_and_verified(make_site: Any) -> None:
    site = await make_site()
    action = await site.propose()
    running = await site.decide(action)
    assert running.state is ActionState.RUNNING
    assert running.decided_by == "ada"
    (grant,) = site.seen(ActionGranted)
    assert grant.action_id == action.id
    assert grant.argv == action.argv
    assert grant.approved_by == "ada"
    done = await site.report(running)
    assert done.state is ActionState.SUCCEEDED
    assert done.outcome == "the unit is active (), result not known in a new invocation"
    assert done.output == "done"
    assert await site.audit_events() == ["proposed", "queued", "approved", "granted", "reported"]
    verdict = await site.ask(Endpoints.AUDIT_VERIFY, Empty())
    assert verdict.ok
    assert verdict.entries == 5
    states = [change.action.state.value for change in site.seen(ActionChanged)]
    assert states == ["queued", "approved", "running", "succeeded"]
    assert {envelope.correlation_id for envelope in site.told[1:-2]} == {site.told[0].correlation_id}


async def test_a_proposal_that_comes_twice_is_one_action(make_site: Any) -> None:
    site = await make_site()
    first = await site.propose()
    await site.pass_time(minutes=3)  # longer than the broker remembers ids
    assert await site.propose() == first
    assert len(await site.all_actions()) == 1
    assert await site.audit_events() == ["proposed", "queued"]


@pytest.mark.parametrize("first", [True, False], ids=["approved", "rejected"])
@pytest.mark.parametrize("second", [True, False], ids=["approve", "reject"])
async def test_a_second_decision_is_a_conflict_that_names_the_first(make_site: Any, first: bool, second: bool) -> None:
    site = await make_site()
    action = await site.propose()
    await site.decide(action, approve=first)
    with pytest.raises(RequestFailed, match="already by ada") as failed:
        await site.decide(action, approve=second, actor="bob")
    assert failed.value.failure is Failure.CONFLICT
    assert len(site.seen(ActionGranted)) == int(first)


async def test_approving_too_late_is_a_conflict_and_the_action_is_expired(make_site: Any) -> None:
    site = await make_site(expiry_s=60)
    action = await site.propose()
    site.clock.advance_to(site.clock.now() + timedelta(seconds=61))
    with pytest.raises(RequestFailed, match="expired") as failed:
        await site.decide(action)
    assert failed.value.failure is Failure.CONFLICT
    assert (await site.action(action.id)).state is ActionState.EXPIRED
    assert site.seen(ActionGranted) == []


async def test_in_a_rehearsal_an_approved_action_is_refused_and_never_granted(make_site: Any) -> None:
    site = await make_site(execute=False)
    action = await site.propose()
    await site.decide(action)
    refused = await site.action(action.id)
    assert refused.state is ActionState.REFUSED
    assert "rehearsal" in refused.outcome
    assert site.seen(ActionGranted) == []
    assert await site.audit_events() == ["proposed", "queued", "approved", "refused"]


async def test_what_nobody_decides_expires_by_itself(make_site: Any) -> None:
    site = await make_site(expiry_s=60)
    action = await site.propose()
    await site.pass_time(seconds=90)
    expired = await site.action(action.id)
    assert expired.state is ActionState.EXPIRED
    assert expired.outcome.startswith("nobody decided until 2026-03-01 02:37:00 UTC")
    assert ActionState.EXPIRED in [change.action.state for change in site.seen(ActionChanged)]


async def test_a_proposal_that_is_older_than_the_expiry_never_runs(make_site: Any) -> None:
    site = await make_site(level=AutonomyLevel.AUTO_FULL)
    action = await site.propose(time=site.clock.now() - timedelta(days=1))
    assert action.state is ActionState.EXPIRED
    assert site.seen(ActionGranted) == []


async def test_a_runner_that_never_reports_leaves_the_action_unknown_and_a_late_report_still_counts(
    make_site: Any,
) -> None:
    site = await make_site(level=AutonomyLevel.AUTO_FULL, grant_ttl_s=60)
    running = await site.propose()
    await site.pass_time(minutes=5)
    overdue = await site.action(running.id)
    assert overdue.state is ActionState.UNKNOWN
    assert "has not reported" in overdue.outcome
    assert (await site.report(running)).state is ActionState.SUCCEEDED


async def test_a_report_of_success_that_the_probe_contradicts_is_a_failure(make_site: Any) -> None:
    site = await make_site(level=AutonomyLevel.AUTO_FULL)
    running = await site.propose()
    done = await site.report(running, after={"ActiveState": "failed", "InvocationID": "2"})
    assert done.state is ActionState.FAILED
    assert "the unit is failed" in done.outcome


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (Outcome.FAILED, ActionState.FAILED),
        (Outcome.REFUSED, ActionState.REFUSED),
        (Outcome.UNKNOWN, ActionState.UNKNOWN),
    ],
)
async def test_what_a_runner_reports_is_what_the_action_says(
    make_site: Any, outcome: Outcome, state: ActionState
) -> None:
    site = await make_site(level=AutonomyLevel.AUTO_FULL)
    done = await site.report(await site.propose(), outcome)
    assert done.state is state
    assert done.outcome == f"the runner says {outcome}"


async def test_a_second_report_changes_nothing(make_site: Any) -> None:
    site = await make_site(level=AutonomyLevel.AUTO_FULL)
    running = await site.propose()
    done = await site.report(running)
    assert await site.report(running, Outcome.FAILED, attempt=2) == done


async def test_a_report_of_another_host_is_a_dead_letter(make_site: Any) -> None:
    site = await make_site(level=AutonomyLevel.AUTO_FULL)
    dead: list[Any] = []

    async def saw(envelope: Any) -> None:
        dead.append(envelope.data)

    await site.outside.tap("gc.*.deadletter.*", saw)
    running = await site.propose()
    assert (await site.report(running, entity="host:evil")).state is ActionState.RUNNING
    assert isinstance(dead[0], DeadLetter)
    assert "report of host:evil on an action of host:a" in dead[0].reason


async def test_what_the_catalogue_does_not_allow_is_recorded_as_refused(make_site: Any) -> None:
    site = await make_site(level=AutonomyLevel.AUTO_FULL, protected_units=["slurm*"])
    unknown = await site.propose(1, kind=ActionKind.UNKNOWN)
    protected = await site.propose(2, parameters={"unit": "sshd.service"})
    own = await site.propose(3, parameters={"unit": "slurmd.service"})
    for action, reason in ((unknown, "no action of kind"), (protected, "protected"), (own, "protected (slurm*)")):
        assert action.state is ActionState.REFUSED
        assert reason in action.outcome
    assert site.seen(ActionGranted) == []
    assert await site.audit_events() == ["proposed", "refused"] * 3


async def test_at_observe_everything_is_recorded_and_nothing_runs_not_even_when_approved(make_site: Any) -> None:
    site = await make_site(level=AutonomyLevel.OBSERVE)
    assert (await site.propose(1)).state is ActionState.REFUSED
    waiting = await make_site()
    action = await waiting.propose(2)
    await waiting.ask(Endpoints.AUTONOMY, SetAutonomy(level=AutonomyLevel.OBSERVE, actor="ada"))
    with pytest.raises(RequestFailed, match="observe"):
        await waiting.decide(action)
    assert (await waiting.action(action.id)).state is ActionState.QUEUED


async def test_the_same_repair_is_not_queued_twice(make_site: Any) -> None:
    site = await make_site()
    first = await site.propose(1)
    second = await site.propose(2)
    assert second.state is ActionState.REFUSED
    assert first.id in second.outcome
    assert (await site.propose(3, host="b")).state is ActionState.QUEUED


async def test_a_full_queue_refuses_and_says_so(make_site: Any) -> None:
    site = await make_site(max_waiting=2)
    for number, host in enumerate("abc"):
        action = await site.propose(number, host=host)
    assert action.state is ActionState.REFUSED
    assert "at most 2" in action.outcome


async def test_stop_all_holds_everything_and_outlives_a_restart_of_the_service(make_site: Any) -> None:
    site = await make_site(level=AutonomyLevel.AUTO_FULL)
    stopped = await site.ask(Endpoints.AUTONOMY, SetAutonomy(stopped=True, actor="ada"))
    assert (stopped.level, stopped.stopped) == (AutonomyLevel.AUTO_FULL, True)
    action = await site.propose()
    assert action.state is ActionState.QUEUED
    with pytest.raises(RequestFailed, match="all actions are stopped"):
        await site.decide(action)
    assert (await site.store.control("default")).stopped
    await site.ask(Endpoints.AUTONOMY, SetAutonomy(stopped=False, actor="ada"))
    assert (await site.decide(action)).state is ActionState.RUNNING
    assert (await site.audit_events()).count("autonomy") == 2


async def test_a_level_set_by_a_person_holds_over_the_configuration(make_site: Any) -> None:
    site = await make_site()
    await site.ask(Endpoints.AUTONOMY, SetAutonomy(level=AutonomyLevel.AUTO_FULL, actor="ada"))
    assert (await site.propose()).state is ActionState.RUNNING
    asked = await site.ask(Endpoints.AUTONOMY, SetAutonomy(actor="bob"))
    assert (asked.level, asked.waiting) == (AutonomyLevel.AUTO_FULL, 0)
    with pytest.raises(RequestFailed) as failed:
        await site.ask(Endpoints.AUTONOMY, SetAutonomy(level=AutonomyLevel.UNKNOWN, actor="bob"))
    assert failed.value.failure is Failure.INVALID


async def test_at_auto_full_the_breaker_stops_a_wave_of_equal_repairs(make_site: Any) -> None:
    site = await make_site(level=AutonomyLevel.AUTO_FULL, common_mode_hosts=2)
    states = [(await site.propose(n, host=f"h{n}")).state for n in range(4)]
    assert states == [ActionState.RUNNING, ActionState.RUNNING, ActionState.QUEUED, ActionState.QUEUED]


async def test_at_auto_full_a_repair_that_did_not_last_waits_for_a_person(make_site: Any) -> None:
    site = await make_site(level=AutonomyLevel.AUTO_FULL)
    await site.report(await site.propose(1))
    again = await site.propose(2)
    assert again.state is ActionState.QUEUED
    assert again.outcome.startswith("cool-down")


async def test_limits_per_rack_come_from_the_inventory_that_context_publishes(make_site: Any) -> None:
    site = await make_site(level=AutonomyLevel.AUTO_FULL, common_mode_hosts=9, disruptive_per_group=1)
    inventory = Inventory(revision=1, host=[InventoryHost(name=f"h{n}", rack="r7") for n in range(2)])
    bucket = await site.bus("context").key_value("inventory")
    await bucket.put("current", inventory.model_dump_json().encode())
    await bucket.put("broken", b"{")
    await site.broker.settle()
    assert (await site.propose(0, host="h0")).state is ActionState.RUNNING
    second = await site.propose(1, host="h1")
    assert second.state is ActionState.QUEUED
    assert "rack:r7" in second.outcome
    assert (await site.propose(2, host="h2")).state is ActionState.RUNNING


async def test_an_action_that_does_not_exist_is_not_found(make_site: Any) -> None:
    site = await make_site()
    with pytest.raises(RequestFailed) as failed:
        await site.action(stable_id("no"))
    assert failed.value.failure is Failure.NOT_FOUND


async def test_a_changed_audit_entry_and_a_cut_chain_are_found(make_site: Any) -> None:
    site = await make_site()
    await site.decide(await site.propose())
    chain = site.store._sites["default"].audit
    whole = list(chain)
    chain[1] = whole[1].model_copy(update={"actor": "eve"})
    verdict = await site.ask(Endpoints.AUDIT_VERIFY, Empty())
    assert (verdict.ok, verdict.broken_at) == (False, 2)
    chain[:] = whole[:1] + whole[2:]
    verdict = await site.ask(Endpoints.AUDIT_VERIFY, Empty())
    assert (verdict.ok, verdict.broken_at) == (False, 2)


async def test_a_proposal_for_a_ticket_without_incident_makes_one_at_suggest(make_site: Any) -> None:
    site = await make_site()
    action = await site.propose(kind=ActionKind.TICKET_CREATE, parameters={"title": "Look at the fan"})
    assert action.state is ActionState.SUCCEEDED
    assert action.argv == []


async def test_what_could_not_be_published_is_published_later_and_decided_once(
    make_site: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = await make_site(level=AutonomyLevel.AUTO_FULL)
    away = {"times": 2}
    publish = type(site.outside).publish_batch

    async def failing(bus: Any, envelopes: Any) -> None:
        if envelopes and away["times"]:
            away["times"] -= 1
            raise BusUnavailable("the broker is away")
        await publish(bus, envelopes)

    monkeypatch.setattr(type(site.outside), "publish_batch", failing)
    await site.propose()
    assert site.seen(ActionGranted) == []
    await site.pass_time(minutes=1)
    assert len(site.seen(ActionGranted)) == 1
    assert [change.action.revision for change in site.seen(ActionChanged)] == [1, 2]
    assert await site.audit_events() == ["proposed", "approved", "granted"]


async def test_a_decision_stands_although_the_broker_is_away(make_site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    site = await make_site()
    action = await site.propose()

    async def failing(bus: Any, envelopes: Any) -> None:
        raise BusUnavailable("the broker is away")

    with monkeypatch.context() as away:
        away.setattr(type(site.outside), "publish_batch", failing)
        assert (await site.decide(action)).state is ActionState.RUNNING
    await site.pass_time(seconds=30)
    assert len(site.seen(ActionGranted)) == 1
