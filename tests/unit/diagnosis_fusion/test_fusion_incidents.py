"""Which triggers make which incidents."""

from datetime import timedelta

import pytest

from groundcrew.contracts.incidents import (
    EvidenceSource,
    IncidentOpened,
    IncidentResolved,
    IncidentState,
    Severity,
    TriggerState,
)
from groundcrew.contracts.inventory import Inventory, InventoryHost
from groundcrew.diagnosis.fusion import AlreadyResolved, UnknownIncident
from groundcrew.diagnosis.track import MAX_EVIDENCE

from .conftest import Crew

MINUTE = 60
CLEARED = TriggerState.CLEARED
SERVICES = EvidenceSource.SERVICES


def test_first_warning_opens_an_incident_that_names_cause_and_part(crew, trigger):
    crew.see(trigger("n1", "fan.failed", part="FAN3"))
    incident = crew.only
    assert (incident.cause.id, incident.cause.component, incident.hosts) == ("fan.failed", "FAN3", ["n1"])
    assert incident.title == "FAN3 of n1 stopped"
    assert incident.evidence_count == 1
    assert isinstance(crew.changes[0].message(), IncidentOpened)


def test_info_alone_opens_nothing(crew, trigger):
    crew.see(trigger("n1", "dimm.correctable_storm", part="A1", severity=Severity.INFO))
    assert crew.incidents == []


def test_info_joins_an_open_incident_as_evidence(crew, trigger):
    crew.see(
        trigger("n1", "dimm.uncorrectable", part="A1", severity=Severity.CRITICAL),
        trigger("n1", "dimm.correctable_storm", part="A1", severity=Severity.INFO, at=30),
    )
    assert crew.only.evidence_count == 2


def test_500_repeats_are_one_incident_with_bounded_evidence(crew, trigger):
    crew.see_all(trigger("n1", "disk.failed", part="sda", at=i) for i in range(500))
    assert crew.only.trigger_count == 500
    assert crew.only.evidence_count <= MAX_EVIDENCE
    assert sum(change.tell for change in crew.changes) < 15


def test_fan_on_one_host_and_disk_on_another_are_two(crew, trigger):
    crew.see(trigger("n1", "fan.failed", part="FAN1"), trigger("n2", "disk.failed", part="sdb", at=30))
    assert [i.hosts for i in crew.incidents] == [["n1"], ["n2"]]


def test_fan_and_disk_on_one_host_are_two(crew, trigger):
    crew.see(trigger("n1", "fan.failed", part="FAN1"), trigger("n1", "disk.failed", part="sdb", at=30))
    assert sorted(i.cause.id for i in crew.incidents) == ["disk.failed", "fan.failed"]


def test_two_fans_of_one_host_are_two(crew, trigger):
    crew.see(trigger("n1", "fan.failed", part="FAN1"), trigger("n1", "fan.failed", part="FAN2", at=30))
    assert len(crew.incidents) == 2


def test_two_failed_units_are_two(crew, trigger):
    crew.see(
        trigger("n1", "software.failed", part="a.service"),
        trigger("n1", "software.crash_loop", part="b.service", at=5),
    )
    assert len(crew.incidents) == 2


def test_lost_power_and_the_gpus_it_takes_down_are_one(crew, trigger):
    crew.see(
        trigger("n1", "gpu.fallen_off_bus", part="GPU 0000:3b:00.0", severity=Severity.CRITICAL, at=2),
        trigger("n1", "gpu.fallen_off_bus", part="GPU 0000:5e:00.0", severity=Severity.CRITICAL, at=3),
        trigger("n1", "psu.input_lost", part="PS2", entity="bmc:n1-bmc", source=EvidenceSource.SEL),
        trigger("n1", "kernel.hung_task", part="python", at=60),
    )
    assert (crew.only.cause.id, crew.only.cause.component) == ("psu.input_lost", "PS2")
    assert crew.only.severity is Severity.CRITICAL
    assert crew.only.alternatives[0].confidence < crew.only.cause.confidence


def test_same_part_under_two_names_is_one(crew, trigger):
    crew.see(
        trigger("n1", "disk.pending_sectors", part="/dev/sde"),
        trigger("n1", "raid.degraded", "disk.failed", part="sde1", at=60),
    )
    assert len(crew.incidents) == 1


def test_disk_and_the_port_it_hangs_on_are_one_and_the_disk_is_blamed(crew, trigger):
    crew.see(
        trigger("n1", "disk.failed", part="ata3.00", severity=Severity.CRITICAL),
        trigger("n1", "disk.failed", part="sdc", at=5),
    )
    assert crew.only.cause.component == "sdc"


def test_related_causes_far_apart_stay_two(crew, trigger):
    crew.see(
        trigger("n1", "memory_pressure.oom", part="ingestd"),
        trigger("n1", "software.failed", part="x.service", at=40 * MINUTE),
    )
    assert len(crew.incidents) == 2


def test_trigger_that_relates_to_two_incidents_makes_them_one(crew, trigger):
    crew.see(
        trigger("n1", "software.failed", part="a.service"),
        trigger("n1", "software.failed", part="b.service", at=1),
        trigger("n1", "filesystem.full", part="/var", severity=Severity.CRITICAL, at=2),
    )
    assert crew.only.cause.id == "filesystem.full"
    gone = [change.incident for change in crew.changes if change.incident.merged_into]
    assert [i.merged_into for i in gone] == [crew.only.id]
    assert crew.only.evidence_count == 3


def test_late_trigger_joins_by_its_time(crew, trigger):
    crew.see(
        trigger("n1", "software.failed", part="a.service", at=10 * MINUTE),
        trigger("n1", "memory_pressure.oom", part="a", at=9 * MINUTE),
    )
    assert crew.only.opened_at == trigger("n1", at=9 * MINUTE).time


def test_three_hosts_on_one_feed_are_one_incident_of_the_feed(crew, trigger):
    crew.see_all(
        trigger(host, "psu.input_lost", part="PSU2", at=i, severity=Severity.WARNING)
        for i, host in enumerate(["n1", "n2", "n3", "n4", "n5", "n6"])
    )
    incident = crew.only
    assert (incident.cause.id, incident.cause.component, incident.entity) == ("pdu.failed", "pdu-b", "pdu:pdu-b")
    assert incident.severity is Severity.CRITICAL
    assert incident.hosts == ["n1", "n2", "n3", "n4", "n5", "n6"]
    assert incident.id == crew.changes[0].incident.id


def test_two_hosts_on_one_feed_stay_two_incidents(crew, trigger):
    crew.see(trigger("n1", "psu.input_lost", part="PSU2"), trigger("n2", "psu.input_lost", part="PSU2", at=1))
    assert len(crew.incidents) == 2


def test_flapping_links_behind_one_switch_name_the_switch(crew, trigger):
    crew.see_all(trigger(h, "nic.link_flap", part="eth0", at=i) for i, h in enumerate(["n1", "n2", "n3"]))
    assert (crew.only.cause.id, crew.only.entity) == ("switch.failed", "switch:tor-1")


def test_unrelated_host_does_not_join_the_shared_fault(crew, trigger):
    crew.see_all(trigger(h, "psu.input_lost", part="PSU2", at=i) for i, h in enumerate(["n1", "n2", "n3"]))
    crew.see(trigger("m1", "disk.failed", part="sda", at=5))
    assert len(crew.incidents) == 2


def test_cleared_and_held_resolves(crew, trigger):
    failed = {"part": "a.service", "source": SERVICES}
    crew.see(
        trigger("n1", "software.failed", **failed), trigger("n1", "software.failed", **failed, at=60, state=CLEARED)
    )
    crew.wait_until(60 + 4 * MINUTE)
    assert crew.only.state is IncidentState.OPEN
    crew.wait_until(60 + 5 * MINUTE)
    assert crew.only.state is IncidentState.RESOLVED
    assert isinstance(crew.changes[-1].message(), IncidentResolved)


def test_crash_lines_are_over_once_the_unit_runs_again(crew, trigger):
    crew.see(
        trigger("n1", "software.failed", part="a.service", rule="log-crash"),
        trigger("n1", "software.failed", part="a.service", rule="unit-failed", source=SERVICES, at=1),
        trigger("n1", "software.failed", part="a.service", rule="unit-failed", source=SERVICES, at=60, state=CLEARED),
    ).wait_until(10 * MINUTE)
    assert crew.only.state is IncidentState.RESOLVED


def test_one_symptom_still_raised_keeps_the_incident_open(crew, trigger):
    crew.see(
        trigger("n1", "filesystem.full", part="/var", source=EvidenceSource.METRICS),
        trigger("n1", "software.failed", part="a.service", source=SERVICES, at=1),
        trigger("n1", "software.failed", part="a.service", source=SERVICES, at=60, state=CLEARED),
    ).wait_until(60 * MINUTE)
    assert crew.only.state is IncidentState.OPEN


def test_clear_that_is_older_than_the_last_sight_is_ignored(crew, trigger):
    failed = {"part": "a.service", "source": SERVICES}
    crew.see(
        trigger("n1", "software.failed", **failed, at=100),
        trigger("n1", "software.failed", **failed, at=60, state=CLEARED),
    ).wait_until(60 * MINUTE)
    assert crew.only.state is IncidentState.OPEN


def test_recurrence_within_the_hour_opens_the_same_incident_again(crew, trigger):
    crew.see(trigger("n1", "disk.failed", part="sda"))
    first = crew.only
    crew.operator(first, "resolve", at=MINUTE).see(trigger("n1", "disk.failed", part="sda", at=30 * MINUTE))
    assert (crew.only.id, crew.only.state) == (first.id, IncidentState.OPEN)
    assert crew.only.revision == 3


def test_recurrence_after_the_hour_is_a_new_incident(crew, trigger):
    crew.see(trigger("n1", "disk.failed", part="sda"))
    crew.operator(crew.only, "resolve", at=MINUTE).see(trigger("n1", "disk.failed", part="sda", at=90 * MINUTE))
    assert len(crew.incidents) == 2


def test_late_evidence_of_a_resolved_incident_does_not_reopen_it(crew, trigger):
    crew.see(trigger("n1", "disk.failed", part="sda", at=60))
    crew.operator(crew.only, "resolve", at=10 * MINUTE).see(trigger("n1", "disk.failed", part="sda", at=30))
    assert crew.only.state is IncidentState.RESOLVED
    assert crew.only.evidence_count == 2


def test_what_a_clock_that_nothing_bounds_told_may_have_been_when_its_host_stopped(trigger):
    """The voltage sags and recovers by the BMC's clock before the journal tells of the restart, which is info alone."""

    def told(unsure):
        sag = trigger(
            "n1", "psu.voltage_unstable", part="12V", entity="bmc:n1-bmc", source=EvidenceSource.SEL, at=2 * MINUTE
        )
        sag = sag.model_copy(update={"data": sag.data.model_copy(update={"uncertainty_s": unsure})})
        crew = Crew(Inventory(host=[InventoryHost(name="n1", bmc="n1-bmc")])).see(sag)
        crew.operator(crew.only, "resolve", at=8 * MINUTE)
        return crew.see(trigger("n1", "kernel.unclean_stop", severity=Severity.INFO, at=12 * MINUTE)).only

    assert (told(0.0).severity, told(0.0).evidence_count) == (Severity.WARNING, 1)
    assert (told(45.0 * MINUTE).severity, told(45.0 * MINUTE).evidence_count) == (Severity.CRITICAL, 2)
    assert told(45.0 * MINUTE).state is IncidentState.RESOLVED


@pytest.mark.parametrize("nodes", ["n1", "n[1-2]"])
def test_a_node_that_a_scheduler_lost_is_the_matter_of_that_node(trigger, nodes):
    crew = Crew(Inventory(host=[InventoryHost(name=one) for one in ("n1", "n2", "head")])).see(
        trigger("n1", "psu.input_lost", part="PSU1", severity=Severity.CRITICAL),
        trigger("head", "software.node_not_ready", part=nodes, severity=Severity.CRITICAL, at=60),
    )
    assert (crew.only.cause.id, crew.only.hosts) == ("psu.input_lost", ["n1"])


@pytest.mark.parametrize("first", ["gpu", "ranks"])
def test_ranks_that_wait_for_a_peer_whose_gpu_failed_are_its_fault(trigger, first):
    fleet = [InventoryHost(name=f"n{i}", switch="leaf-1", role="training") for i in range(1, 5)]
    gpu = trigger("n3", "gpu.ecc_uncorrectable", part="GPU 0000:9a:00.0", severity=Severity.CRITICAL)
    ranks = [trigger(name, "gpu.collective_timeout", at=10 * MINUTE + i) for i, name in enumerate(("n1", "n2", "n4"))]
    crew = Crew(Inventory(host=fleet)).see(*([gpu, *ranks] if first == "gpu" else [*ranks, gpu]))
    assert (crew.only.cause.id, crew.only.hosts) == ("gpu.ecc_uncorrectable", ["n3"])


@pytest.mark.parametrize(("switch", "role"), [("leaf-2", "training"), ("leaf-1", "inference"), ("leaf-1", "")])
def test_a_rank_of_another_job_does_not_wait_for_the_gpu_that_failed(trigger, switch, role):
    fleet = [
        InventoryHost(name="n1", switch="leaf-1", role="training"),
        InventoryHost(name="n2", switch=switch, role=role),
    ]
    crew = Crew(Inventory(host=fleet)).see(
        trigger("n1", "gpu.ecc_uncorrectable", part="GPU 0000:9a:00.0", severity=Severity.CRITICAL),
        trigger("n2", "gpu.collective_timeout", at=10 * MINUTE),
    )
    assert [one.hosts for one in crew.incidents] == [["n1"], ["n2"]]


def test_a_warning_about_a_peer_does_not_account_for_a_rank_that_waits(trigger):
    fleet = [InventoryHost(name=name, switch="leaf-1", role="training") for name in ("n1", "n2")]
    crew = Crew(Inventory(host=fleet)).see(
        trigger("n1", "disk.failed", part="sda"), trigger("n2", "gpu.collective_timeout", at=5 * MINUTE)
    )
    assert [one.hosts for one in crew.incidents] == [["n1"], ["n2"]]


def members(*names, role="hypervisor"):
    return Inventory(host=[InventoryHost(name=name, switch=f"tor-{name}", role=role) for name in names])


def lost_member(trigger, host, at, part=""):
    return trigger(host, "software.cluster_degraded", part=part, at=at, severity=Severity.CRITICAL, ends=False)


@pytest.mark.parametrize("first", ["node", "members"])
def test_members_that_lose_a_node_of_their_role_are_its_fault(trigger, first):
    node = trigger("kvm-3", "cpu.ierr", part="CPU1", severity=Severity.CRITICAL)
    rest = [lost_member(trigger, name, 60 + at) for at, name in enumerate(("kvm-1", "kvm-2", "kvm-4"))]
    crew = Crew(members("kvm-1", "kvm-2", "kvm-3", "kvm-4")).see(*([node, *rest] if first == "node" else [*rest, node]))
    assert (crew.only.cause.id, crew.only.hosts) == ("cpu.ierr", ["kvm-3"])


def test_members_of_another_role_lose_a_node_of_their_own(trigger):
    fleet = [*members("kvm-3").host, *members("db-1", role="database").host]
    crew = Crew(Inventory(host=fleet)).see(
        trigger("kvm-3", "cpu.ierr", part="CPU1", severity=Severity.CRITICAL), lost_member(trigger, "db-1", 60)
    )
    assert [one.hosts for one in crew.incidents] == [["kvm-3"], ["db-1"]]


def test_a_member_that_names_whom_it_lost_speaks_of_no_other_node(trigger):
    crew = Crew(members("kvm-1", "kvm-2", "kvm-3")).see(
        trigger("kvm-3", "cpu.ierr", part="CPU1", severity=Severity.CRITICAL),
        lost_member(trigger, "kvm-1", 60, part="kvm-2"),
    )
    assert len(crew.incidents) == 2


def test_the_same_complaint_by_several_members_is_one_incident(trigger):
    crew = Crew(members("kvm-1", "kvm-2", "kvm-4")).see(
        *(lost_member(trigger, name, at) for at, name in enumerate(("kvm-1", "kvm-2", "kvm-4")))
    )
    assert (crew.only.cause.entry, crew.only.hosts) == ("software.cluster_degraded", ["kvm-1", "kvm-2", "kvm-4"])


def refused(trigger, host, at):
    return trigger(host, "time.tickets_refused", part="system clock", rule="time.kerberos-skew", at=at)


@pytest.mark.parametrize("first", ["server", "clients"])
def test_tickets_that_are_refused_everywhere_are_the_fault_of_the_host_whose_clock_is_wrong(trigger, first):
    hosts = [InventoryHost(name=name, role=name) for name in ("kdc", "login", "files")]
    wrong = trigger("kdc", "time.skew", part="system clock", at=5 * MINUTE)
    clients = [refused(trigger, "login", 0), refused(trigger, "files", MINUTE)]
    crew = Crew(Inventory(host=hosts)).see(*([wrong, *clients] if first == "server" else [*clients, wrong]))
    assert (crew.only.cause.id, crew.only.hosts) == ("time.skew", ["kdc"])


def test_tickets_that_several_hosts_are_refused_are_one_incident_of_unknown_clock(trigger):
    hosts = [InventoryHost(name=name, role=name) for name in ("login", "files")]
    crew = Crew(Inventory(host=hosts)).see(refused(trigger, "login", 0), refused(trigger, "files", MINUTE))
    assert (crew.only.cause.entry, crew.only.hosts) == ("time.tickets_refused", ["files", "login"])


def test_a_drive_that_a_mirror_does_without_is_a_warning_until_something_else_stops(crew, trigger):
    gone = trigger("n1", "nvme.controller_reset", part="nvme1", severity=Severity.CRITICAL)
    assert crew.see(gone).only.severity is Severity.CRITICAL
    assert (
        crew.see(trigger("n1", "disk.failed", "raid.degraded", part="nvme1", at=60)).only.severity is Severity.WARNING
    )
    crew.see(trigger("n1", "filesystem.readonly", part="nvme1", severity=Severity.CRITICAL, at=120))
    assert crew.only.severity is Severity.CRITICAL


@pytest.mark.parametrize(
    ("unit", "complaint", "expected"),
    [
        ("ceph-osd@11.service", Severity.WARNING, Severity.WARNING),
        ("ceph-osd@11.service", Severity.CRITICAL, Severity.CRITICAL),
        ("ceph-osd@11.service", Severity.INFO, Severity.CRITICAL),
        ("ceph-exporter.service", Severity.WARNING, Severity.CRITICAL),
    ],
)
def test_one_instance_that_its_cluster_does_without_is_a_warning(crew, trigger, unit, complaint, expected):
    crew.see(
        trigger("n1", "software.failed", part=unit, severity=Severity.CRITICAL),
        trigger("n2", "filesystem.cluster_failed", rule="netfs.ceph-cluster", severity=complaint, at=30),
    )
    assert next(one for one in crew.incidents if "n1" in one.hosts).severity is expected


def test_operator_acknowledges_notes_and_resolves(crew, trigger):
    crew.see(trigger("n1", "disk.failed", part="sda"))
    crew.operator(crew.only, "acknowledge").operator(crew.only, "note", "spare ordered")
    assert (crew.only.state, crew.only.note) == (IncidentState.ACKNOWLEDGED, "spare ordered")
    crew.operator(crew.only, "resolve")
    with pytest.raises(AlreadyResolved):
        crew.operator(crew.only, "acknowledge")


def test_command_for_an_incident_nobody_knows_says_so(crew, trigger):
    crew.see(trigger("n1", "disk.failed", part="sda"))
    ghost = crew.only.model_copy(update={"id": "0" * 32})
    with pytest.raises(UnknownIncident):
        crew.operator(ghost, "resolve")


def test_computed_but_not_kept_leaves_no_trace(crew, trigger):
    crew.see(trigger("n1", "disk.failed", part="sda"))
    before = crew.incidents
    crew.fusion.fuse(trigger("n1", "disk.failed", part="sda", at=5))
    crew.fusion.advance(before[0].opened_at + timedelta(days=1))
    assert crew.incidents == before


def test_resolved_incidents_are_forgotten_after_the_reopening_window(crew, trigger):
    crew.see(trigger("n1", "disk.failed", part="sda")).operator(crew.only, "resolve", at=MINUTE)
    crew.wait_until(62 * MINUTE)
    assert crew.incidents == []


def test_message_of_a_wide_merge_stays_below_the_brokers_limit(crew, trigger):
    crew.see_all(trigger("n1", "disk.failed", part="x" * 8_000, rule=f"r{i}", at=i) for i in range(100))
    crew.see(trigger("n1", "nvme.controller_reset", part="nvme0"))
    widest = max(crew.changes, key=lambda change: change.incident.evidence_count)
    big = widest.__class__(track=widest.track, evidence=list(widest.track.evidence), text="all at once")
    assert len(big.message().model_dump_json()) < 1_000_000
    assert 0 < len(big.message().evidence) < len(big.evidence)


def test_a_gpu_that_one_line_calls_by_index_and_one_by_address_is_one_fault(crew, trigger):
    crew.see(
        trigger("n1", "gpu.gsp_timeout", part="GPU 0000:9b:00.0", severity=Severity.CRITICAL),
        trigger("n1", "gpu.gsp_timeout", part="GPU 4", severity=Severity.CRITICAL, at=1),
    )
    assert crew.only.cause.id == "gpu.gsp_timeout"


def test_who_acknowledges_owns_what_nobody_owned(crew, trigger):
    crew.see(trigger("n1", "disk.failed", part="sda")).operator(crew.only, "acknowledge")
    assert crew.only.owner == "alex"
    crew.operator(crew.only, "assign", "night shift")
    assert (crew.only.owner, crew.only.state) == ("night shift", IncidentState.ACKNOWLEDGED)


def test_mitigated_opens_again_when_the_fault_shows_again(crew, trigger):
    crew.see(trigger("n1", "disk.failed", part="sda")).operator(crew.only, "mitigate", at=MINUTE)
    assert crew.only.state is IncidentState.MITIGATED
    crew.see(trigger("n1", "disk.failed", part="sda", at=2 * MINUTE))
    assert crew.only.state is IncidentState.OPEN
    assert "Opened again" in crew.changes[-1].text


def test_maintenance_stays_through_new_evidence_until_somebody_ends_it(crew, trigger):
    crew.see(trigger("n1", "disk.failed", part="sda")).operator(crew.only, "maintain", at=MINUTE)
    crew.see(trigger("n1", "disk.failed", part="sda", at=2 * MINUTE))
    assert (crew.only.state, crew.only.evidence_count) == (IncidentState.MAINTENANCE, 2)
    crew.operator(crew.only, "reopen", at=3 * MINUTE)
    assert crew.only.state is IncidentState.OPEN
