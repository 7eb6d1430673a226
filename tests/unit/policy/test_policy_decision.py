"""Autonomy, limits, breaker and cool-down, as one operator would explain them to another."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundcrew.contracts.actions import ActionKind, AutonomyLevel, RiskClass
from groundcrew.contracts.inventory import Inventory, InventoryHost
from groundcrew.policy.autonomy import Verdict, table
from groundcrew.policy.blast_radius import ClassLimits, Limits, Recent, groups_of
from groundcrew.policy.catalogue import CATALOGUE
from groundcrew.policy.decision import Decision, Situation, decide

NOW = datetime(2026, 3, 1, 2, 36, tzinfo=UTC)
RESTART = CATALOGUE[ActionKind.SERVICE_RESTART]
TICKET = CATALOGUE[ActionKind.TICKET_CREATE]
LIMITS = Limits()


def restart(number: int, host: str = "a", *, unit: str = "x.service", ago_s: float = 0, ran: bool = True) -> Recent:
    when = NOW - timedelta(seconds=ago_s)
    return Recent(
        id=f"{number:032x}", kind=ActionKind.SERVICE_RESTART, risk=RiskClass.DISRUPTIVE, target=f"host:{host}",
        parameters={"unit": unit}, proposed_at=when, granted_at=when if ran else None,
    )  # fmt: skip


def judged(
    subject: Recent,
    *recent: Recent,
    level: AutonomyLevel = AutonomyLevel.AUTO_FULL,
    stopped: bool = False,
    limits: Limits = LIMITS,
    inventory: Inventory | None = None,
) -> Decision:
    situation = Situation(level=level, stopped=stopped, recent=recent, now=NOW, inventory=inventory)
    return decide(subject, RESTART, situation, limits)


@pytest.mark.parametrize(
    ("level", "verdict"),
    [
        (AutonomyLevel.OBSERVE, Verdict.REFUSE),
        (AutonomyLevel.SUGGEST, Verdict.QUEUE),
        (AutonomyLevel.AUTO_SAFE, Verdict.QUEUE),
        (AutonomyLevel.AUTO_FULL, Verdict.RUN),
        (AutonomyLevel.UNKNOWN, Verdict.REFUSE),
    ],
)
def test_a_restart_runs_by_itself_at_auto_full_only(level: AutonomyLevel, verdict: Verdict) -> None:
    decision = judged(restart(1), level=level)
    assert decision.verdict is verdict
    assert level.value in decision.reason


def test_at_suggest_a_ticket_is_written_and_whatever_touches_a_host_waits() -> None:
    assert table(AutonomyLevel.SUGGEST, RiskClass.SAFE, on_host=False) is Verdict.RUN
    for risk in (RiskClass.READ_ONLY, RiskClass.SAFE, RiskClass.DISRUPTIVE, RiskClass.DESTRUCTIVE):
        assert table(AutonomyLevel.SUGGEST, risk, on_host=True) is Verdict.QUEUE


@given(
    level=st.sampled_from([x for x in AutonomyLevel if x is not AutonomyLevel.AUTO_FULL]),
    risk=st.sampled_from([RiskClass.DESTRUCTIVE, RiskClass.UNKNOWN]),
    on_host=st.booleans(),
)
def test_nothing_destructive_or_unknown_runs_below_auto_full(
    level: AutonomyLevel, risk: RiskClass, on_host: bool
) -> None:
    assert table(level, risk, on_host=on_host) is not Verdict.RUN


@pytest.mark.parametrize("level", list(AutonomyLevel))
def test_an_unknown_risk_is_refused_at_every_level(level: AutonomyLevel) -> None:
    assert table(level, RiskClass.UNKNOWN, on_host=True) is Verdict.REFUSE


def test_stop_all_makes_everything_wait() -> None:
    assert judged(restart(1), stopped=True) == Decision(Verdict.QUEUE, "all actions are stopped: waits for approval")


def test_a_host_gets_no_more_restarts_than_its_hourly_limit() -> None:
    ran = [restart(n, unit=f"u{n}.service", ago_s=1800) for n in range(2, 5)]
    assert "host:a within the hour, at most 3" in judged(restart(1), *ran).reason
    assert judged(restart(1), *ran[1:]).verdict is Verdict.RUN
    old = [restart(n, unit=f"u{n}.service", ago_s=3601) for n in range(2, 5)]
    assert judged(restart(1), *old).verdict is Verdict.RUN


def test_a_site_gets_no_more_than_its_hourly_limit_and_what_only_waited_does_not_count() -> None:
    spread = [restart(n, f"h{n}", ago_s=1800) for n in range(2, 12)]
    assert "in this site" in judged(restart(1), *spread).reason
    waited = [restart(n, f"h{n}", ago_s=1800, ran=False) for n in range(2, 12)]
    assert judged(restart(1), *waited).verdict is Verdict.RUN


def test_a_rack_gets_no_more_than_its_hourly_limit() -> None:
    hosts = [InventoryHost(name=f"h{n}", rack="r7" if n < 7 else "r8") for n in range(1, 9)]
    inventory = Inventory(host=hosts)
    ran = [restart(n, f"h{n}", ago_s=1800) for n in range(2, 7)]
    assert "rack:r7" in judged(restart(1, "h1"), *ran, inventory=inventory).reason
    assert judged(restart(1, "h8"), *ran, inventory=inventory).verdict is Verdict.RUN


def test_groups_name_everything_that_a_host_shares() -> None:
    entry = InventoryHost(name="a", bmc="bmc-a", rack="r7", pdu=["p1", "p2"], switch="s1", role="train")
    expected = {"rack:r7", "pdu:p1", "pdu:p2", "switch:s1", "role:train"}
    assert groups_of("host:a", Inventory(host=[entry])) == expected
    assert groups_of("bmc:bmc-a", Inventory(host=[entry])) == expected
    assert groups_of("host:b", Inventory(host=[entry])) == frozenset()
    assert groups_of("host:a", None) == frozenset()


def test_the_breaker_stops_all_when_many_hosts_ask_for_the_same_at_once() -> None:
    others = [restart(n, f"h{n}", ago_s=60, ran=False) for n in (2, 3, 4)]
    decision = judged(restart(1), *others)
    assert decision.verdict is Verdict.QUEUE
    assert "4 hosts within 10 min" in decision.reason
    assert judged(restart(1), *others[1:]).verdict is Verdict.RUN
    long_ago = [restart(n, f"h{n}", ago_s=601, ran=False) for n in (2, 3, 4)]
    assert judged(restart(1), *long_ago).verdict is Verdict.RUN


def test_the_breaker_is_told_to_the_one_who_approves() -> None:
    others = [restart(n, f"h{n}", ran=False) for n in (2, 3, 4)]
    assert "breaker" in judged(restart(1), *others, level=AutonomyLevel.SUGGEST).reason


def test_the_same_restart_waits_for_its_cool_down() -> None:
    decision = judged(restart(1), restart(2, ago_s=60))
    assert decision.verdict is Verdict.QUEUE
    assert decision.reason == "cool-down: the same action ran 60 s ago, 540 s are left"
    assert judged(restart(1), restart(2, ago_s=601)).verdict is Verdict.RUN
    assert judged(restart(1), restart(2, unit="other.service", ago_s=60)).verdict is Verdict.RUN


@given(st.lists(st.tuples(st.integers(0, 7200), st.sampled_from("abc"), st.booleans()), max_size=15))
def test_what_runs_by_itself_never_passes_the_limits(history: list[tuple[int, str, bool]]) -> None:
    limits = Limits(by_risk={RiskClass.DISRUPTIVE: ClassLimits(per_host=2, per_group=9, per_site=4)})
    recent = [
        restart(n, host, unit=f"u{n}.service", ago_s=ago, ran=ran) for n, (ago, host, ran) in enumerate(history, 2)
    ]
    if judged(restart(1), *recent, limits=limits).verdict is Verdict.RUN:
        within = [r for r in recent if r.granted_at and r.granted_at > NOW - timedelta(hours=1)]
        assert len(within) < 4
        assert sum(r.target == "host:a" for r in within) < 2
