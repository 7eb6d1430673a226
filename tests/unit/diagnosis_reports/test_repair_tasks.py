"""One issue and one task per part; closed by proof, opened again by evidence."""

from hypothesis import given
from hypothesis import strategies as st

from groundcrew.contracts.incidents import Cause, EvidenceSource, IncidentState, Severity
from groundcrew.contracts.inventory import InventoryHost, InventoryPart
from groundcrew.contracts.reports import TaskState, TaskType, Urgency
from groundcrew.diagnosis.issues import detect_actionable_issues
from groundcrew.diagnosis.repairs import Machine, bundle, by_priority, closed, fold_task, task_id

from .conftest import T0, evidence, incident, minutes, resolved, symptom, trigger

DEVICES = {"host:gpu-03": "gpu-03"}
LISTED = InventoryHost(
    name="gpu-03", vendor="Supermicro", model="SYS-1", serial="H1", rack="r7", unit="U12",
    part=[InventoryPart(component_class="psu", locator="PSU 2", model="PWS-2K", serial="S1")],
)  # fmt: skip


def issues(*some, cited=None, events=(), **more):
    return detect_actionable_issues(some, cited or {}, events, devices=DEVICES, **more)


def folded(known, *some, serial="S1", now=T0):
    [issue] = issues(*some)
    part = LISTED.part[0].model_copy(update={"serial": serial})
    machine = Machine(entry=LISTED.model_copy(update={"part": [part]}))
    return fold_task(known, issue, bundle(issue, machine), some, site="default", now=now)


def test_incidents_of_one_part_are_one_issue_however_the_part_is_spelt():
    again = incident(
        2,
        severity=Severity.WARNING,
        cause=Cause(id="psu.failed", component_class="psu", component="PS2 Status", confidence=0.7),
    )
    [one] = issues(incident(1), again)
    assert (one.device, one.component, one.type) == ("gpu-03", "PSU2", TaskType.POWER)
    assert set(one.incident_ids) == {incident(1).id, again.id}


def test_two_parts_are_two_issues_and_software_is_none():
    other = incident(2, cause=Cause(id="psu.failed", component_class="psu", component="PSU1", confidence=0.7))
    crash = incident(3, cause=Cause(id="software.failed", component_class="software", component="x", confidence=1))
    assert len(issues(incident(1), other, crash)) == 2


def test_how_urgent_it_is_follows_from_whether_it_stands():
    warning = incident(1, severity=Severity.WARNING)
    over = resolved(incident(1), minutes(5), cleared=False)
    mended = resolved(incident(1), minutes(5), cleared=True)
    mitigated = incident(1, state=IncidentState.MITIGATED)
    found = [issues(one)[0].urgency for one in (incident(1), warning, mitigated, over, mended)]
    assert found == [Urgency.NOW, Urgency.SOON, Urgency.PLANNED, Urgency.PLANNED, Urgency.WATCH]


def test_variant_says_who_carries_the_spare_part():
    def told(variant: str, component_class: str, wider: str, part: str):
        return incident(
            cause=Cause(id=wider, variant=variant, component_class=component_class, component=part, confidence=0.9)
        )

    [cable] = issues(told("cable.drive_errors", "cable", "cable.errors", "sdc"))
    assert cable.type is TaskType.STORAGE
    assert issues(told("network.directory_unreachable", "network", "network.unreachable", "ldap.example")) == []


def test_only_wanted_types_are_told():
    assert issues(incident(), types=[TaskType.MEMORY]) == []
    assert len(issues(incident(), types=[TaskType.MEMORY, TaskType.POWER])) == 1


def test_errors_that_a_part_corrects_are_to_be_watched_once_they_recur():
    assert issues(events=[trigger(1), trigger(2)]) == []
    [one] = issues(events=[trigger(n) for n in range(5)])
    assert (one.urgency, one.component, one.count) == (Urgency.WATCH, "P1-DIMMA1", 5)


def test_the_bundle_holds_what_a_vendor_asks_for_and_names_what_is_missing():
    cited = {incident().id: [evidence(384, "AC lost"), evidence(1, "a line", source=EvidenceSource.JOURNAL)]}
    [issue] = issues(incident(), cited=cited)
    whole = bundle(issue, Machine(entry=LISTED, facts={"bios": "2.1"}, bmc_facts={"firmware": "1.74"}))
    assert (whole.slot, whole.serial, whole.model) == ("PSU 2", "S1", "PWS-2K")
    assert (whole.host_model, whole.host_serial) == ("Supermicro SYS-1", "H1")
    assert (whole.rack, whole.unit) == ("r7", "U12")
    assert whole.firmware == {"BIOS": "2.1", "BMC": "1.74"}
    assert whole.record_ids == ["gpu-03-bmc/384"], "of the event log alone"
    assert whole.catalogue_action == "Check the cord of PSU2."
    assert whole.missing == []
    bare = bundle(issue, Machine(entry=InventoryHost(name="gpu-03")))
    assert "serial number of the part" in bare.missing


def test_a_cards_serial_number_is_taken_from_what_its_driver_says():
    card = Cause(id="gpu.fallen_off_bus", component_class="gpu", component="GPU 0000:c3:00.0", confidence=1)
    [issue] = issues(incident(1, cause=card))
    latest = {
        "gpu_info{driver=535.183,gpu=0000:c3:00,model=A100,serial=15031}": 1.0,
        "gpu_info{gpu=0000:3b:00,serial=9}": 1,
    }
    whole = bundle(issue, Machine(entry=InventoryHost(name="gpu-03"), latest=latest))
    assert (whole.serial, whole.model, whole.firmware["driver"]) == ("15031", "A100", "535.183")


def test_a_task_keeps_its_id_and_changes_only_when_something_did():
    task = folded(None, incident())
    assert (task.revision, task.state, task.serial) == (1, TaskState.OPEN, "S1")
    assert folded(task, incident(), now=minutes(60)) is task
    grown = folded(task, incident(last_seen=minutes(5), symptoms=[symptom(count=7)]), now=minutes(60))
    assert (grown.id, grown.revision, grown.count, grown.last_seen) == (task.id, 2, 7, minutes(5))


def test_mere_quiet_closes_nothing_and_the_observed_end_does():
    task = folded(None, incident())
    quiet = folded(task, resolved(incident(), minutes(30), cleared=False))
    assert quiet.state is TaskState.OPEN
    done = folded(quiet, resolved(incident(), minutes(30), cleared=True), now=minutes(31))
    assert (done.state, done.closed_at) == (TaskState.CLOSED, minutes(30))
    assert "was observed" in done.proof


def test_another_serial_number_is_proof_of_a_replacement():
    task = folded(None, incident())
    assert folded(task, incident(), serial="S2").state is TaskState.OPEN, "while the fault stands nothing is mended"
    done = folded(task, resolved(incident(), minutes(30), cleared=False), serial="S2", now=minutes(40))
    assert done.state is TaskState.CLOSED
    assert "serial S1 before, S2 now" in done.proof


def test_new_evidence_opens_a_closed_task_again_and_old_evidence_does_not():
    task = closed(folded(None, incident()), "new cord", "ada", at=minutes(60), now=minutes(60))
    assert folded(task, incident(), now=minutes(70)) is task
    back = folded(task, incident(2, last_seen=minutes(90)), serial="S2", now=minutes(91))
    assert (back.id, back.state, back.recurrences, back.proof, back.closed_at) == (
        task.id, TaskState.REOPENED, 1, "", None
    )  # fmt: skip
    assert back.serial == "S2", "the part that is in it now"
    assert [entry.text.split(":")[0].split(",")[0] for entry in back.history] == ["Opened", "Closed", "Opened again"]


def test_a_task_seen_first_when_it_is_over_is_closed_from_the_start():
    task = folded(None, resolved(incident(), minutes(5), cleared=True))
    assert (task.state, task.revision) == (TaskState.CLOSED, 1)


@given(st.permutations(range(6)))
def test_the_order_of_incidents_changes_no_issue(order):
    some = [
        incident(
            n,
            last_seen=minutes(n % 3),
            severity=[Severity.WARNING, Severity.CRITICAL][n % 2],
            cause=Cause(id="psu.failed", component_class="psu", component=f"PSU{n // 2}", confidence=0.5),
        )
        for n in range(6)
    ]
    assert issues(*some) == issues(*(some[n] for n in order))


def test_the_most_urgent_open_task_comes_first_and_closed_ones_last():
    now = folded(None, incident())
    soon = now.model_copy(update={"id": "1" * 32, "urgency": Urgency.SOON})
    later = now.model_copy(update={"id": "2" * 32, "last_seen": minutes(9)})
    done = now.model_copy(update={"id": "0" * 32, "state": TaskState.CLOSED})
    assert [one.id for one in by_priority([done, soon, now, later])] == [later.id, now.id, soon.id, done.id]


def test_the_id_of_a_task_follows_from_host_class_and_part():
    [one], [same] = issues(incident(1)), issues(incident(2, title="another"))
    [other] = issues(incident(1, hosts=["gpu-04"], entity="host:gpu-04"))
    assert task_id("a", one) == task_id("a", same) != task_id("a", other)
    assert task_id("a", one) != task_id("b", one)
    assert IncidentState.OPEN is incident().state


looks = st.lists(
    st.tuples(
        st.integers(1, 3),  # which incident
        st.integers(0, 300),  # minute of its newest evidence
        st.sampled_from(["open", "mitigated", "quiet", "recovered"]),
        st.sampled_from(["S1", "S2", ""]),
    ),
    min_size=1,
    max_size=12,
)


@given(looks)
def test_through_any_life_a_task_is_closed_exactly_while_it_has_a_proof(some):
    task = None
    for now, (number, minute, state, serial) in enumerate(some):
        one = incident(number, opened_at=minutes(min(minute, 0)), last_seen=minutes(minute))
        if state == "mitigated":
            one = one.model_copy(update={"state": IncidentState.MITIGATED})
        elif state != "open":
            one = resolved(one, minutes(minute + 1), cleared=state == "recovered")
        before = task
        task = folded(before, one, serial=serial, now=minutes(400 + now))
        assert (task.state is TaskState.CLOSED) == bool(task.proof) == (task.closed_at is not None)
        assert folded(task, one, serial=serial, now=minutes(500 + now)) == task, "a second look changes nothing"
        if before is not None:
            assert task.id == before.id
            assert task.revision - before.revision in (0, 1)
            assert task.recurrences >= before.recurrences
            assert (task.first_seen, task.last_seen) == (
                min(before.first_seen, task.first_seen), max(before.last_seen, task.last_seen)
            )  # fmt: skip
