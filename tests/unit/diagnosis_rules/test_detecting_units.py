"""Units that should run, are stuck, flap or are masked; and what may rest."""

from typing import Any

import pytest

from groundcrew.contracts.envelope import Envelope
from groundcrew.contracts.observations import ServiceBatch
from groundcrew.diagnosis.detector import Detector, Knowledge
from groundcrew.diagnosis.rules import PackError
from groundcrew.diagnosis.services import parse_services

from .seen import drafts, logs, said, sealed, us

SITE = """
[[service]]
id = "site.web"
kind = "should-run"
hosts = ["web-*"]
names = ["nginx.service", "php*-fpm.service"]

[[service]]
id = "site.database"
kind = "should-run"
roles = ["database"]
names = ["postgresql@*.service"]
hold_s = 30
"""
HOST = "host:web-01"
Row = tuple[Any, ...]


@pytest.fixture
def detector(knowledge: Knowledge) -> Detector:
    checks = (*knowledge.services, *parse_services(SITE, "site"))
    roles = {"db-01": "database"}
    return Detector(Knowledge(services=checks), role_of=lambda host: roles.get(host, ""))


def units(*rows: Row, entity: str = HOST, complete: bool = False, old: bool = False) -> Envelope[ServiceBatch]:
    """(seconds, unit, active, sub, load, type, unit file state, triggered by) per row; what is left out is plain. With
    `old`, as a collector of the version before sends it."""
    plain = (None, None, "active", "running", "loaded", "simple", "enabled", "")
    full = [(*row, *plain[len(row) :]) for row in rows]
    batch = ServiceBatch(
        times=[us(row[0]) for row in full],
        units=[row[1] for row in full],
        active_states=[row[2] for row in full],
        sub_states=[row[3] for row in full],
        load_states=[row[4] for row in full],
        results=["exit-code" if row[2] == "failed" else "success" for row in full],
        restarts=[0] * len(full),
        types=[] if old else [row[5] for row in full],
        unit_file_states=[] if old else [row[6] for row in full],
        triggered_by=[] if old else [row[7] for row in full],
        complete=complete,
    )
    return sealed(batch, entity)


def later(seconds: float, entity: str = HOST) -> Envelope[Any]:
    return logs((seconds, "x", "nothing of note"), entity=entity, first=int(seconds))


def test_a_unit_that_should_run_and_is_inactive_is_raised_once_it_held(detector: Detector) -> None:
    assert said(detector, units((0, "nginx.service"), (10, "nginx.service", "inactive", "dead"))) == []
    assert said(detector, later(69)) == []
    [raised] = drafts(detector, later(70))
    assert (raised.data.rule_id, raised.data.title) == ("site.web", "nginx.service should run and is inactive")
    assert raised.data.severity.value == "critical"
    assert raised.data.evidence[0].text == "nginx.service: inactive (dead) while it should run"
    assert said(detector, units((200, "nginx.service"))) == [("site.web", "cleared", "nginx.service")]


def test_a_restart_within_the_time_to_hold_is_nothing(detector: Detector) -> None:
    stopped = [(10, "nginx.service", "deactivating", "stop-sigterm"), (12, "nginx.service", "inactive", "dead")]
    rows = [(0, "nginx.service"), *stopped, (13, "nginx.service", "activating", "start"), (14, "nginx.service")]
    assert said(detector, units(*rows), later(500)) == []


def test_it_is_about_the_hosts_and_roles_that_it_names(detector: Detector) -> None:
    down = (0, "nginx.service", "inactive", "dead", "loaded", "simple", "disabled")
    assert said(detector, units(down, entity="host:mail-01"), later(500, "host:mail-01")) == []
    down = (0, "postgresql@15-main.service", "inactive", "dead", "loaded", "forking", "")
    assert said(detector, units(down), later(500)) == []
    found = said(detector, units(down, entity="host:db-01"), later(500, "host:db-01"))
    assert found == [("site.database", "raised", "postgresql@15-main.service")]


def test_a_unit_that_is_not_there_at_all_is_raised(detector: Detector) -> None:
    assert said(detector, units((0, "sshd.service")), later(500)) == [], "changes alone say nothing of the others"
    all_units = units((600, "sshd.service"), (600, "php8.2-fpm.service"), complete=True)
    [raised] = drafts(detector, all_units, later(700))
    assert raised.data.title == "nginx.service should run and is not-found"
    assert raised.data.component == "nginx.service"
    assert said(detector, units((800, "nginx.service"), (800, "php8.2-fpm.service"), complete=True)) == [
        ("site.web", "cleared", "nginx.service")
    ]


def test_a_pattern_that_no_unit_has_is_raised_by_its_own_name(detector: Detector) -> None:
    found = said(detector, units((0, "nginx.service"), complete=True), later(100))
    assert found == [("site.web", "raised", "php*-fpm.service")]
    there = units((200, "nginx.service"), (200, "php8.2-fpm.service"), complete=True)
    assert said(detector, there) == [("site.web", "cleared", "php*-fpm.service")]


def test_a_failed_unit_that_should_run_is_told_as_both(detector: Detector) -> None:
    found = said(detector, units((0, "nginx.service"), (10, "nginx.service", "failed", "failed")), later(100))
    assert found == [("service.down", "raised", "nginx.service"), ("site.web", "raised", "nginx.service")]


def test_a_masked_unit_that_should_run_is_said_once_and_others_never(detector: Detector) -> None:
    rows = [(60.0 * n, "nginx.service", "inactive", "dead", "masked", "simple", "masked") for n in range(200)]
    [told] = drafts(detector, units(*rows))
    assert (told.data.rule_id, told.data.severity.value) == ("site.web.masked", "warning")
    assert told.data.title == "nginx.service should run and is masked: nothing can start it"
    other = (0, "rpcbind.service", "inactive", "dead", "masked", "simple", "masked")
    assert said(detector, units(other, entity="host:mail-01"), later(9_000, "host:mail-01")) == []
    assert said(detector, units((20_000, "nginx.service"))) == [("site.web.masked", "cleared", "nginx.service")]


@pytest.mark.parametrize(
    ("kind", "triggered_by", "raised"),
    [("oneshot", "", False), ("simple", "web.timer", False), ("notify", "web.socket", False), ("simple", "", True)],
)
def test_what_ends_by_itself_or_is_started_on_demand_may_rest(
    detector: Detector, kind: str, triggered_by: str, raised: bool
) -> None:
    resting = (0, "nginx.service", "inactive", "dead", "loaded", kind, "enabled", triggered_by)
    assert (said(detector, units(resting), later(500)) != []) is raised


def test_a_oneshot_that_failed_is_a_failure(detector: Detector) -> None:
    failed = (0, "backup.service", "failed", "failed", "loaded", "oneshot", "static", "backup.timer")
    assert said(detector, units(failed)) == [("service.failed", "raised", "backup.service")]


def test_an_enabled_timer_that_is_not_active_is_told_and_a_disabled_one_is_not(detector: Detector) -> None:
    stopped = [(0, f"{state}.timer", "inactive", "dead", "loaded", "", state) for state in ("enabled", "disabled")]
    assert said(detector, units(*stopped), later(301)) == [("service.timer-stopped", "raised", "enabled.timer")]
    assert said(detector, units((400, "enabled.timer", "active", "waiting", "loaded", ""))) == [
        ("service.timer-stopped", "cleared", "enabled.timer")
    ]


def test_what_every_host_needs_is_judged_where_it_is_enabled(detector: Detector) -> None:
    states = ("enabled", "disabled", "static", "")
    for number, state in enumerate(states):
        entity = f"host:n{number}"
        down = (0, "sshd.service", "inactive", "dead", "loaded", "notify", state)
        found = said(detector, units(down, entity=entity), later(500, entity))
        assert found == ([("service.essential-inactive", "raised", "sshd.service")] if state == "enabled" else [])


def test_a_collector_of_the_version_before_raises_nothing_that_it_cannot_tell(detector: Detector) -> None:
    rows: list[Row] = [(0, "sshd.service", "inactive", "dead"), (0, "slow.service", "activating", "start")]
    rows += [(30.0 * n, "x.service", *(("inactive", "dead"), ("active", "running"))[n % 2]) for n in range(20)]
    assert said(detector, units(*rows, entity="host:old", old=True), later(5_000, "host:old")) == []


@pytest.mark.parametrize(
    ("active", "sub", "kind", "raised"),
    [
        ("activating", "start", "notify", True),
        ("activating", "start-pre", "forking", True),
        ("deactivating", "stop-sigterm", "simple", True),
        ("deactivating", "stop", "oneshot", True),
        ("activating", "start", "oneshot", False),
        ("activating", "auto-restart", "simple", False),
        ("reloading", "reload", "notify", False),
    ],
)
def test_starting_or_stopping_for_minutes_is_stuck(
    detector: Detector, active: str, sub: str, kind: str, raised: bool
) -> None:
    slow = units((0, "slow.service", active, sub, "loaded", kind))
    assert said(detector, slow, later(299)) == []
    assert said(detector, later(301)) == ([("service.stuck", "raised", "slow.service")] if raised else [])
    cleared = said(detector, units((400, "slow.service")))
    assert cleared == ([("service.stuck", "cleared", "slow.service")] if raised else [])


def test_what_moves_on_in_time_is_not_stuck(detector: Detector) -> None:
    rows = [(0, "slow.service", "activating", "start", "loaded", "notify"), (250, "slow.service")]
    again = (260, "slow.service", "activating", "start", "loaded", "notify")
    assert said(detector, units(*rows, again), later(500)) == []


def test_a_service_that_starts_and_stops_over_and_over_flaps_until_it_is_calm(detector: Detector) -> None:
    states = [("active", "running"), ("inactive", "dead")]
    rows = [(30.0 * n, "agent.service", *states[n % 2]) for n in range(7)]
    [raised] = drafts(detector, units(*rows))
    assert (raised.data.rule_id, raised.data.component) == ("service.flapping", "agent.service")
    assert raised.data.evidence[0].text == "agent.service: active (running), 6 changes within 10 min"
    calm = [(60.0 * n, "agent.service") for n in range(4, 20)]
    assert said(detector, units(*calm)) == [("service.flapping", "cleared", "agent.service")]


def test_what_a_timer_starts_every_minute_does_not_flap(detector: Detector) -> None:
    states = [("active", "running"), ("inactive", "dead")]
    rows = [(30.0 * n, "job.service", *states[n % 2], "loaded", "simple", "static", "job.timer") for n in range(40)]
    assert said(detector, units(*rows)) == []


def test_units_of_users_and_sessions_are_left_alone(detector: Detector) -> None:
    rows = [(0, "user@1000.service", "deactivating", "stop-sigterm", "loaded", "notify", "static")]
    assert said(detector, units(*rows), later(5_000)) == []


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ('names = ["nginx"]', "names: 'nginx': expected names that end in .service or .timer"),
        ("names = []", "names: expected the units that should run"),
        ('units = "("', "units: "),
        ("hold_s = -1", "hold_s: "),
        ("critical = true", "critical: "),
    ],
)
def test_a_check_that_makes_no_sense_names_file_check_and_key(changed: str, told: str) -> None:
    names = "" if "names" in changed else 'names = ["nginx.service"]\n'
    with pytest.raises(PackError) as refused:
        parse_services(f'[[service]]\nid = "site.web"\nkind = "should-run"\n{names}{changed}\n', "services-site.toml")
    assert str(refused.value).startswith("services-site.toml: service site.web: ")
    assert told in str(refused.value)
