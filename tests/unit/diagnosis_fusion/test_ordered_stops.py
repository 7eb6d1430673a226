"""A host that goes down by order is missed by its neighbours, and announced work shows on its host: no fault unless it
stays so."""

from datetime import timedelta

import pytest

from groundcrew.contracts.incidents import Severity, TriggerState
from groundcrew.contracts.inventory import Inventory, InventoryDependency, InventoryHost
from groundcrew.diagnosis.excused import MAX_EXCUSED, announced_until

from .conftest import START, Crew

MINUTE = 60
CLEARED = TriggerState.CLEARED


@pytest.fixture
def crew():
    return Crew(Inventory(host=[InventoryHost(name=name) for name in ("n1", "n2", "n3", "head", "db-1")]))


def goes_down(trigger, host, at=0.0):
    return trigger(host, "kernel.ordered_stop", rule="system.going-down", severity=Severity.INFO, at=at)


def misses(trigger, at, node="n1", **more):
    return trigger("head", "software.node_not_ready", part=node, at=at, **more)


def test_a_scheduler_that_misses_a_node_which_was_told_to_restart_opens_nothing(crew, trigger):
    crew.see(goes_down(trigger, "n1"), misses(trigger, 120), misses(trigger, 300, state=CLEARED))
    assert crew.wait_until(60 * MINUTE).incidents == []


def test_a_node_that_stays_away_is_told_after_the_join_window(crew, trigger):
    crew.see(goes_down(trigger, "n1"), misses(trigger, 120))
    assert crew.wait_until(14 * MINUTE).incidents == []
    crew.wait_until(16 * MINUTE)
    assert (crew.only.cause.entry, crew.only.hosts, crew.only.trigger_count) == ("software.node_not_ready", ["n1"], 1)
    assert crew.wait_until(17 * MINUTE).only.trigger_count == 1, "told once"


@pytest.mark.parametrize("at", [-5 * MINUTE, 16 * MINUTE])
def test_what_comes_before_the_order_or_long_after_it_is_told_at_once(crew, trigger, at):
    crew.see(goes_down(trigger, "n1"), misses(trigger, at))
    assert crew.only.hosts == ["n1"]


def test_another_node_is_told_at_once(crew, trigger):
    crew.see(goes_down(trigger, "n1"), misses(trigger, 120, node="n2"))
    assert crew.only.hosts == ["n2"]


def test_a_fault_of_the_host_itself_is_told_at_once(crew, trigger):
    crew.see(goes_down(trigger, "n1"), trigger("n1", "disk.failed", part="sda", at=60))
    assert crew.only.cause.id == "disk.failed"


def test_a_fault_of_the_node_before_its_order_keeps_what_misses_it(crew, trigger):
    crew.see(
        trigger("n1", "psu.input_lost", part="PSU1", severity=Severity.CRITICAL, at=-60),
        goes_down(trigger, "n1"),
        misses(trigger, 120),
    )
    assert (crew.only.cause.id, len(crew.only.symptoms)) == ("psu.input_lost", 2)


@pytest.mark.parametrize(("host", "told"), [("n2", 0), ("db-1", 1)])
def test_the_complaint_of_a_cluster_waits_for_hosts_that_are_numbered_like_its_own(crew, trigger, host, told):
    complaint = ("filesystem.cluster_failed",)
    crew.see(
        goes_down(trigger, host),
        trigger("n3", *complaint, rule="netfs.ceph-cluster", at=90),
    )
    assert len(crew.incidents) == told


def comes_back(trigger, host, at):
    return trigger(host, "kernel.ordered_stop", rule="system.going-down", severity=Severity.INFO, at=at, state=CLEARED)


def complains(trigger, at, **more):
    """What a member says of its cluster; nothing ever says that it is over."""
    return trigger("n3", "software.cluster_degraded", rule="cluster.quorum", at=at, ends=False, **more)


def test_a_complaint_that_nothing_takes_back_was_the_restart_if_it_ends_with_it(crew, trigger):
    crew.see(goes_down(trigger, "n1"), complains(trigger, 90), comes_back(trigger, "n1", 5 * MINUTE))
    assert crew.wait_until(16 * MINUTE).wait_until(60 * MINUTE).incidents == []


@pytest.mark.parametrize("again", [11 * MINUTE, 14 * MINUTE])
def test_a_complaint_that_goes_on_after_the_host_is_back_is_told(crew, trigger, again):
    crew.see(goes_down(trigger, "n1"), complains(trigger, 90), comes_back(trigger, "n1", 5 * MINUTE))
    crew.see(complains(trigger, again)).wait_until(16 * MINUTE)
    assert crew.only.rules == ["cluster.quorum"]


def test_a_complaint_about_a_host_that_comes_back_late_is_given_the_hold_time(crew, trigger):
    crew.see(goes_down(trigger, "n1"), complains(trigger, 90), comes_back(trigger, "n1", 14 * MINUTE))
    assert crew.wait_until(16 * MINUTE).wait_until(60 * MINUTE).incidents == []


def test_a_complaint_that_something_takes_back_is_told_though_the_host_is_back(crew, trigger):
    crew.see(goes_down(trigger, "n1"), misses(trigger, 120), comes_back(trigger, "n1", 5 * MINUTE))
    assert crew.wait_until(16 * MINUTE).only.cause.entry == "software.node_not_ready", "it never came back to work"


def test_that_a_host_is_back_is_known_after_a_take_over(crew, trigger):
    told = [goes_down(trigger, "n1"), complains(trigger, 90), comes_back(trigger, "n1", 5 * MINUTE)]
    heir = heir_of(crew.see(*told), told=[(one, None) for one in told])
    assert heir.wait_until(16 * MINUTE).incidents == []


@pytest.mark.parametrize(("role", "told"), [("storage", 0), ("", 1)])
def test_the_complaint_of_a_cluster_waits_for_hosts_of_its_role(trigger, role, told):
    hosts = [InventoryHost(name="alpha", role=role), InventoryHost(name="beta", role=role)]
    crew = Crew(Inventory(host=hosts))
    crew.see(goes_down(trigger, "alpha"), trigger("beta", "filesystem.cluster_failed", at=90))
    assert len(crew.incidents) == told


def test_what_depends_on_a_host_by_the_inventory_misses_it(trigger):
    needs = [InventoryDependency(entity="host:vm-1", on="host:san-1", kind="storage")]
    crew = Crew(Inventory(host=[InventoryHost(name=name) for name in ("vm-1", "san-1")], dependency=needs))
    lost = ("vm-1", "storage.path_lost", "sdb")
    crew.see(goes_down(trigger, "san-1"), trigger(*lost, at=30), trigger(*lost, at=300, state=CLEARED))
    assert crew.wait_until(60 * MINUTE).incidents == []


def work(trigger, host, at=0.0, names=""):
    rule = "system.work-announced"
    return trigger(host, "software.announced_work", rule=rule, severity=Severity.INFO, at=at, part=names)


def test_a_warning_of_a_host_with_announced_work_that_is_taken_back_opens_nothing(crew, trigger):
    lost = ("n1", "psu.input_lost", "PSU1")
    crew.see(work(trigger, "n1"), trigger(*lost, at=120), trigger(*lost, at=300, state=CLEARED))
    assert crew.wait_until(60 * MINUTE).incidents == []


def test_a_warning_that_outlasts_the_announced_work_is_told(crew, trigger):
    crew.see(work(trigger, "n1"), trigger("n1", "psu.input_lost", "PSU1", at=120))
    assert crew.wait_until(16 * MINUTE).incidents == []
    assert crew.wait_until(18 * MINUTE).only.hosts == ["n1"]


def test_work_may_begin_half_an_hour_after_it_was_announced(crew, trigger):
    lost = ("n1", "psu.input_lost", "PSU1")
    crew.see(work(trigger, "n1"), trigger(*lost, at=30 * MINUTE), trigger(*lost, at=40 * MINUTE, state=CLEARED))
    assert crew.wait_until(120 * MINUTE).incidents == []


def test_what_comes_long_after_an_announcement_is_told_at_once(crew, trigger):
    crew.see(work(trigger, "n1"), trigger("n1", "psu.input_lost", "PSU1", at=62 * MINUTE))
    assert crew.only.hosts == ["n1"]


@pytest.mark.parametrize("named", ["tor-1", "n4", "r1", "pdu-a"])
def test_announced_work_on_what_a_line_names_excuses_the_hosts_on_it(new_crew, trigger, named):
    lost = ("n4", "nic.link_down", "eth0")
    crew = new_crew().see(
        work(trigger, "m2", names=named), trigger(*lost, at=120), trigger(*lost, at=300, state=CLEARED)
    )
    assert crew.wait_until(60 * MINUTE).incidents == []


@pytest.mark.parametrize(
    ("words", "told"),
    [("feed A is off for the test", 0), ("leaf reloads, one uplink goes away", 0), ("new paint in the office", 1)],
)
def test_announced_work_on_what_its_own_host_hangs_on_excuses_the_others_on_it(new_crew, trigger, words, told):
    lost = ("n4", "psu.input_lost", "PSU1")
    crew = new_crew().see(
        work(trigger, "n1", names=words), trigger(*lost, at=120), trigger(*lost, at=300, state=CLEARED)
    )
    assert len(crew.incidents) == told


@pytest.mark.parametrize(("host", "told"), [("n3", 0), ("m1", 1)])
def test_announced_work_excuses_the_hosts_of_a_range(new_crew, trigger, host, told):
    lost = (host, "psu.input_lost", "PSU1")
    crew = new_crew().see(
        work(trigger, "m2", names="n2..4"), trigger(*lost, at=120), trigger(*lost, at=300, state=CLEARED)
    )
    assert len(crew.incidents) == told


@pytest.mark.parametrize(
    ("words", "minutes"),
    [
        ("some work", 60),
        ("off 04:00 to 04:05 UTC", 155),
        ("from 2:30 on", 60),
        ("since 01:00 yesterday", 60),
        ("pg 14:12:01 and 10.1.2:30", 60),
        ("at 23:00", 60),
    ],
)
def test_announced_work_goes_on_until_the_time_of_day_that_it_names(words, minutes):
    assert announced_until(words, START) == START + timedelta(minutes=minutes)


def test_work_on_another_switch_excuses_nothing(new_crew, trigger):
    crew = new_crew().see(work(trigger, "m2", names="tor-2"), trigger("n4", "nic.link_down", "eth0", at=120))
    assert crew.only.hosts == ["n4"]


@pytest.mark.parametrize(("host", "severity"), [("n1", Severity.CRITICAL), ("n2", Severity.WARNING)])
def test_announced_work_excuses_nothing_critical_and_no_other_host(crew, trigger, host, severity):
    crew.see(work(trigger, "n1"), trigger(host, "psu.input_lost", "PSU1", severity=severity, at=120))
    assert crew.only.hosts == [host]


def test_announced_work_excuses_after_a_take_over(crew, trigger):
    announced = work(trigger, "n1")
    heir = heir_of(crew.see(announced), told=[(announced, None)])
    assert heir.see(trigger("n1", "psu.input_lost", "PSU1", at=120)).incidents == []


def test_work_on_a_named_host_excuses_it_after_a_take_over(crew, trigger):
    announced = work(trigger, "head", names="n1")
    heir = heir_of(crew.see(announced), told=[(announced, None)])
    assert heir.see(trigger("n1", "psu.input_lost", "PSU1", at=40 * MINUTE)).incidents == []


def heir_of(crew, *, told=()):
    """A process that takes over: what the store has of incidents and trigger events, nothing of the memory."""
    heir = Crew(Inventory(host=[InventoryHost(name=name) for name in ("n1", "n2", "n3", "head", "db-1")]))
    for track in crew.fusion._held.all():
        heir.fusion.adopt(track.incident, track.evidence)
    heir.fusion.recall(told)
    return heir


def test_a_complaint_that_waits_is_told_by_who_takes_over(crew, trigger):
    events = [goes_down(trigger, "n1"), misses(trigger, 120)]
    heir = heir_of(crew.see(*events), told=[(one, None) for one in events])
    assert heir.wait_until(14 * MINUTE).incidents == []
    assert heir.wait_until(16 * MINUTE).only.hosts == ["n1"]
    again = heir_of(heir, told=[(one, None) for one in events])
    assert again.wait_until(17 * MINUTE).only.trigger_count == 1, "told once"


def test_a_complaint_that_was_taken_back_is_not_told_by_who_takes_over(crew, trigger):
    events = [goes_down(trigger, "n1"), misses(trigger, 120), misses(trigger, 300, state=CLEARED)]
    heir = heir_of(crew.see(*events), told=[(one, None) for one in events])
    assert heir.wait_until(60 * MINUTE).incidents == []


def test_an_order_that_is_evidence_of_an_incident_excuses_after_a_take_over(crew, trigger):
    order = goes_down(trigger, "n1")
    heir = heir_of(crew.see(order), told=[(order, "0" * 32)])
    assert heir.see(misses(trigger, 120)).incidents == []


def test_who_takes_over_has_early_info_evidence(crew, trigger):
    early = trigger("n1", "disk.smart_failing", part="sda", severity=Severity.INFO)
    heir = heir_of(crew.see(early), told=[(early, None)])
    assert heir.see(trigger("n1", "disk.failed", part="sda", at=60)).only.trigger_count == 2


def test_more_than_can_wait_is_told_at_once(crew, trigger):
    crew.see(goes_down(trigger, "n1"))
    for number in range(MAX_EXCUSED + 1):
        crew.see(misses(trigger, 60 + number / 100, rule=f"missed-{number}"))
    assert crew.only.trigger_count == 1
