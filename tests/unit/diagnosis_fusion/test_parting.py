"""Two faults stay two, also where they have a consequence in common; what is one later on becomes one."""

import pytest

from groundcrew.contracts.incidents import EvidenceSource, Severity
from groundcrew.contracts.inventory import Inventory, InventoryDependency, InventoryHost

from .conftest import Crew, rack, raise_trigger

MINUTE = 60
CRITICAL = Severity.CRITICAL


def causes(crew):
    return sorted((i.cause.id, i.cause.component, tuple(i.hosts)) for i in crew.incidents if i.merged_into is None)


def test_two_faults_with_a_consequence_in_common_are_parted_when_the_second_shows(crew, trigger):
    crew.see(
        trigger("n1", "software.failed", part="shop.service", at=30),
        trigger("n1", "memory_pressure.oom", part="shop", at=20),
    )
    before = crew.only
    crew.see(trigger("n1", "filesystem.full", part="/var", severity=CRITICAL, at=40))
    assert causes(crew) == [("filesystem.full", "/var", ("n1",)), ("memory_pressure.oom", "shop", ("n1",))]
    assert before.id in {incident.id for incident in crew.incidents}


def test_each_piece_of_evidence_goes_with_its_fault(crew, trigger):
    crew.see(
        trigger("n1", "software.failed", part="shop.service", at=30),
        trigger("n1", "memory_pressure.oom", part="shop", at=20),
        trigger("n1", "filesystem.full", part="/var", severity=CRITICAL, at=40),
    )
    texts = {
        track.incident.cause.id: sorted(evidence.text.split()[0] for evidence in track.evidence)
        for track in crew.fusion._held.all()
    }
    assert texts["filesystem.full"] == ["filesystem.full"]
    assert sorted(text for some in texts.values() for text in some) == [
        "filesystem.full", "memory_pressure.oom", "software.failed"
    ]  # fmt: skip


def test_a_cause_of_both_makes_them_one_again(crew, trigger):
    crew.see(
        trigger("n1", "fan.failed", part="FAN3", at=0),
        trigger("n1", "psu.redundancy_lost", part="", at=10),
    )
    assert len(crew.incidents) == 2
    crew.see(
        trigger("n1", "gpu.application_error", part="GPU 3", at=20),
        trigger("n1", "gpu.fallen_off_bus", part="GPU 0000:3b:00.0", severity=CRITICAL, at=20),
        trigger("n1", "psu.input_lost", part="PSU1", at=12),
    )
    assert [c for c, _, _ in causes(crew)] == ["fan.failed", "psu.input_lost"]


def test_the_same_bad_update_on_two_hosts_is_one_incident(crew, trigger):
    crew.see(
        trigger("n1", "software.regression", part="nginx", severity=CRITICAL),
        trigger("m1", "software.regression", part="nginx.service", severity=CRITICAL, at=90),
        trigger("n2", "software.regression", part="redis", severity=CRITICAL, at=95),
    )
    assert causes(crew) == [
        ("software.regression", "nginx", ("m1", "n1")),
        ("software.regression", "redis", ("n2",)),
    ]


def worded(event, text):
    evidence = [event.data.evidence[0].model_copy(update={"text": text})]
    return event.model_copy(update={"data": event.data.model_copy(update={"evidence": evidence})})


@pytest.mark.parametrize(
    ("text", "hosts"),
    [
        ("Fatal error: Device FileStorage of Storage daemon at bak-1:9103 in error state", [("bak-1",)]),
        ("JobId 8812: could not connect to bak-1.example.net", [("bak-1",)]),
        ("Fatal error: Device FileStorage in error state", [("bak-1",), ("bak-2",)]),
        ("Fatal error: bak-11 is away", [("bak-1",), ("bak-2",)]),
    ],
)
def test_who_names_the_host_at_fault_in_its_words_only_suffers(trigger, text, hosts):
    crew = Crew(Inventory(host=[InventoryHost(name=one) for one in ("bak-1", "bak-2")]))
    crew.see(trigger("bak-1", "filesystem.corruption", part="dm-4", severity=CRITICAL))
    crew.see(worded(trigger("bak-2", "software.failed", part="bareos-dir", at=60), text))
    assert sorted(tuple(incident.hosts) for incident in crew.incidents) == hosts


def test_a_name_that_could_be_any_word_names_no_host(trigger):
    crew = Crew(Inventory(host=[InventoryHost(name=one) for one in ("head", "n1")]))
    crew.see(trigger("head", "filesystem.corruption", part="dm-4", severity=CRITICAL))
    crew.see(worded(trigger("n1", "software.failed", part="web", at=60), "read of head failed"))
    assert len(crew.incidents) == 2


@pytest.mark.parametrize(("unit", "hosts"), [("ceph-osd@11.service", [("n2",)]), ("nginx.service", [("n1",), ("n2",)])])
@pytest.mark.parametrize("backwards", [False, True])
def test_the_complaint_of_a_cluster_is_of_the_host_whose_member_failed(trigger, unit, hosts, backwards):
    crew = Crew(Inventory(host=[InventoryHost(name=one) for one in ("n1", "n2", "n3")]))
    story = [
        trigger("n2", "disk.failed", part="sdl", severity=CRITICAL),
        trigger("n2", "software.failed", part=unit, at=20),
        trigger("n1", "filesystem.cluster_failed", rule="netfs.ceph-cluster", at=50),
    ]
    crew.see(*(reversed(story) if backwards else story))
    assert sorted(tuple(incident.hosts) for incident in crew.incidents if incident.merged_into is None) == hosts


def test_a_bmc_clock_that_nothing_bounds_parts_no_fault(trigger):
    def told(unsure):
        record = trigger(
            "n1", "psu.input_lost", part="PS2", entity="bmc:n1-bmc", source=EvidenceSource.SEL, at=-31 * MINUTE
        )
        data = record.data.model_copy(update={"uncertainty_s": unsure})
        return Crew(Inventory(host=[InventoryHost(name="n1", bmc="n1-bmc")])).see(
            trigger("n1", "gpu.fallen_off_bus", part="GPU 0000:3b:00.0", severity=CRITICAL),
            record.model_copy(update={"data": data}),
        )

    assert len(told(0.0).incidents) == 2
    assert told(45.0 * MINUTE).only.cause.id == "psu.input_lost"


def test_clients_of_a_server_that_panicked_suffer_and_are_not_to_blame(trigger):
    hosts = [InventoryHost(name=name, switch="tor-1") for name in ("nas", "c1", "c2", "c3")]
    crew = Crew(Inventory(host=hosts)).see(
        *(
            trigger(c, "filesystem.remote_unavailable", part="nas:/export", at=i)
            for i, c in enumerate(("c1", "c2", "c3"))
        ),
        trigger("nas", "kernel.panic", severity=CRITICAL, at=5),
    )
    assert causes(crew) == [("kernel.panic", "", ("nas",))]


def test_what_depends_on_a_host_by_the_inventory_suffers_with_it(trigger):
    inventory = Inventory(
        host=[InventoryHost(name="db"), InventoryHost(name="web")],
        dependency=[InventoryDependency(entity="host:web", on="host:db")],
    )
    crew = Crew(inventory).see(
        trigger("web", "software.degraded", part="shop.service", at=20),
        trigger("db", "filesystem.full", part="/var", severity=CRITICAL),
    )
    assert causes(crew) == [("filesystem.full", "/var", ("db",))]


def test_warm_inlets_of_two_racks_at_once_are_the_rooms(trigger):
    hosts = [InventoryHost(name=f"{rack}n{i}", rack=rack) for rack in ("w1", "w2") for i in range(3)]
    crew = Crew(Inventory(host=hosts))
    for index, one in enumerate(hosts):
        crew.see(raise_trigger(one.name, "cooling.ambient_high", part="Inlet Temp", at=index * 30))
    assert (crew.only.cause.id, crew.only.hosts) == ("cooling.ambient_high", sorted(h.name for h in hosts))


def test_a_unit_that_crashes_on_two_hosts_after_a_change_of_both_is_one_bad_update(trigger):
    def crashes(*changed):
        crew = Crew(rack(3))
        crew.see_all(trigger(host, "software.regression", severity=Severity.INFO) for host in changed)
        crew.see(
            trigger("n1", "software.crash_loop", "software.regression", part="slurmd.service", at=20),
            trigger("n2", "software.crash_loop", "software.regression", part="slurmd.service", at=60),
        )
        return [hosts for _, _, hosts in causes(crew)]

    assert crashes("n1", "n2") == [("n1", "n2")]
    assert sorted(crashes("n1")) == [("n1",), ("n2",)]


def test_who_says_that_a_hosts_clock_is_wrong_does_not_matter(trigger):
    crew = Crew(rack(2)).see(
        trigger("n1", "time.skew", rule="says-the-monitor", part="n2"),
        trigger("n2", "time.skew", rule="says-itself", at=60),
    )
    assert causes(crew) == [("time.skew", "n2", ("n2",))]


def test_a_fault_that_ended_a_host_is_critical_and_a_host_that_came_back_is_none(trigger):
    came_back = trigger("n1", "kernel.unclean_stop", severity=Severity.INFO, at=120)
    lost = Crew(rack(1)).see(trigger("n1", "psu.input_lost", part="PSU1"), came_back)
    assert lost.only.severity is Severity.CRITICAL
    assert Crew(rack(1)).see(trigger("n1", "psu.input_lost", part="PSU1")).only.severity is Severity.WARNING
    assert Crew(rack(1)).see(came_back).incidents == []


def test_a_unit_that_fails_everywhere_without_a_change_is_looked_for_on_one_host_alone(trigger):
    crew = Crew(rack(30)).see_all(
        trigger(f"n{number}", "software.failed", part="shop.service", at=number) for number in range(1, 30)
    )
    [more] = Crew(rack(30)).see(trigger("n30", "software.failed", part="shop.service", at=40)).only.symptoms
    assert crew.fusion._held.sharing(more) == set()
    assert len(crew.incidents) == 29
