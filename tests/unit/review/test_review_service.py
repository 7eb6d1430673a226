"""What review proposes, escalates and finds."""

from datetime import timedelta

from groundcrew.contracts.actions import ActionKind
from groundcrew.contracts.incidents import Cause, IncidentState, Severity
from groundcrew.contracts.observations import SourceState, SourceStatus
from groundcrew.contracts.queries import HistoryEntry
from groundcrew.policy.catalogue import prepare
from groundcrew_review.proposals import proposals

from .conftest import START, incident, points, summary, symptom


def kinds(owner):
    return [proposed.kind.value for proposed in owner.of("action.proposed")]


async def test_failed_unit_gets_a_look_at_its_log_and_a_restart(owner):
    await owner.open(incident("n1", "software.failed", "nginx.service"))
    assert kinds(owner) == ["journal.query", "service.restart"]
    restart = owner.of("action.proposed")[1]
    assert (restart.target, restart.parameters) == ("host:n1", {"unit": "nginx.service"})
    assert restart.evidence_ids != []


async def test_unit_seen_failed_is_restarted_though_the_line_names_no_unit(owner):
    owner.failed = ["n1 nginx.service", "n1 other.service", "n2 nginx.service"]
    await owner.open(incident("n1", "software.failed", "nginx"))
    restarts = [p for p in owner.of("action.proposed") if p.kind is ActionKind.SERVICE_RESTART]
    assert [(p.target, p.parameters["unit"]) for p in restarts] == [("host:n1", "nginx.service")]


async def test_broken_hardware_gets_a_ticket_and_no_restart(owner):
    await owner.open(incident("n1", "disk.failed", "sda"))
    assert kinds(owner) == ["ticket.create"]


async def test_repeats_of_a_proposal_are_one(owner):
    await owner.open(incident("n1", "disk.failed", "sda"))
    await owner.open(incident("n1", "disk.failed", "sda", revision=2, title="worded anew"))
    assert len({e.id for e in owner.told if e.type == "action.proposed"}) == 1


async def test_an_incident_waits_while_context_is_away_and_is_looked_at_then(owner):
    owner.away = True
    await owner.open(incident("n1", "disk.failed", "sda"))
    assert owner.of("review.completed") == []
    owner.away = False
    await owner.minutes(1)
    assert kinds(owner) == ["ticket.create"]


def test_restart_is_not_proposed_after_a_change(knowledge):
    symptoms = [
        symptom("n1", "software.crash_loop", "nginx.service"),
        symptom("n1", "software.regression", "nginx", severity=Severity.INFO),
    ]
    found = proposals(incident("n1", "software.crash_loop", "nginx.service", symptoms=symptoms), knowledge)
    assert ActionKind.SERVICE_RESTART not in {p.kind for p in found}


def test_a_unit_that_fails_on_several_hosts_is_not_restarted_on_each(knowledge):
    symptoms = [symptom(name, "software.failed", "nginx.service") for name in ("n1", "n2")]
    one = incident("n1", "software.failed", "nginx.service", symptoms=symptoms)
    alone = proposals(one, knowledge)
    both = proposals(one.model_copy(update={"hosts": ["n1", "n2"]}), knowledge)
    assert ActionKind.SERVICE_RESTART in {p.kind for p in alone}
    assert ActionKind.SERVICE_RESTART not in {p.kind for p in both}


def test_restart_is_not_proposed_where_the_unit_recovered(knowledge):
    cleared = symptom("n1", "software.failed", "nginx.service", cleared_at=START)
    assert proposals(incident("n1", "software.failed", "nginx.service", symptoms=[cleared]), knowledge) == []


def test_nothing_is_proposed_for_a_resolved_incident(knowledge):
    assert proposals(incident("n1", "disk.failed", "sda", state=IncidentState.RESOLVED), knowledge) == []


def test_every_shipped_cause_proposes_what_the_catalogue_takes(knowledge):
    for entry in knowledge.cause:
        one = incident("n1", entry.id, "nginx.service", severity=Severity.CRITICAL, title="a\nb")
        for proposal in proposals(one, knowledge):
            prepare(proposal.kind, proposal.target, proposal.parameters)


async def test_critical_incident_is_escalated_once(owner):
    await owner.open(incident("n1", "kernel.panic", severity=Severity.CRITICAL))
    await owner.open(incident("n1", "kernel.panic", severity=Severity.CRITICAL, revision=2))
    assert len({e.id for e in owner.told if e.type == "escalation.raised"}) == 1


async def test_uncertain_cause_is_escalated_with_its_confidence(owner):
    unsure = Cause(id="fan.failed", component_class="fan", component="F1", confidence=0.4)
    await owner.open(incident("n1", "fan.failed", "F1", cause=unsure))
    assert [e.reason for e in owner.of("escalation.raised")] == ["the cause fan.failed is uncertain (0.40)"]


async def test_certain_warning_is_not_escalated(owner):
    await owner.open(incident("n1", "fan.failed", "F1"))
    assert owner.of("escalation.raised") == []


async def test_incident_that_is_gone_meanwhile_is_left_alone(owner):
    gone = incident("n1", "disk.failed", "sda", state=IncidentState.RESOLVED)
    await owner.open(gone)
    assert owner.told == []


async def test_recurrence_is_found(owner):
    owner.history = [HistoryEntry(revision=2, time=START, actor="fusion", change="Opened again: the fault is back")]
    owner.past = [incident("n1", "disk.failed", "/dev/sda", id="f" * 32, state=IncidentState.RESOLVED)]
    await owner.open(incident("n1", "disk.failed", "sda"))
    [review] = owner.of("review.completed")
    assert [(f.kind, f.text) for f in review.findings] == [
        ("recurrence", "disk.failed sda came back: 3 times in what is on record")
    ]


async def test_tick_finds_gaps_trends_and_what_no_incident_tells(owner):
    absent = SourceStatus(name="systemd", state=SourceState.ABSENT, detail="PID 1 is no systemd", since=START)
    owner.hosts = [
        summary("n1", sources=[absent], latest={"filesystem_avail_bytes{/var}": 4.0}),
        summary("n2", last_seen=START - timedelta(hours=1)),
        summary("n3", last_seen=None),
    ]
    owner.series = [points(10, 9, 8, 7, 6, 5, 4, slope=-1.0)]
    owner.failed = ["n1 cron.service"]
    await owner.minutes(1)
    [review] = owner.of("review.completed")
    assert review.scope == "fleet"
    assert sorted((f.kind, f.entity) for f in review.findings) == [
        ("coverage", "host:n1"),
        ("coverage", "host:n3"),
        ("failed-unit", "host:n1"),
        ("silent-host", "host:n2"),
        ("trend", "host:n1"),
    ]
    assert "/var of n1 is full in about 4.0 h" in "".join(f.text for f in review.findings)


async def test_disk_that_swings_is_no_trend(owner):
    owner.hosts = [summary("n1", latest={"filesystem_avail_bytes{/var}": 4.0})]
    owner.series = [points(10, 4, 10, 4, 10, 4, 9, slope=-0.5)]
    await owner.minutes(1)
    assert owner.of("review.completed")[0].findings == []


async def test_same_cause_on_several_hosts_is_found_with_a_lasting_id(owner):
    owner.live = [incident("n1", "disk.failed", "sda"), incident("n2", "disk.failed", "sdb")]
    await owner.minutes(2)
    first, second = owner.of("review.completed")
    assert [f.kind for f in first.findings] == ["several-hosts"]
    assert first.findings == second.findings
