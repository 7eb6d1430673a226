"""What holds for fusion whatever comes in, in whatever order and however often."""

from hypothesis import given, settings
from hypothesis import strategies as st

from groundcrew.contracts.incidents import Severity, TriggerState
from groundcrew.diagnosis.fusion import Fusion
from groundcrew.diagnosis.health import host_health

from .conftest import Crew, rack, raise_trigger

LATER = 2_400

KINDS = [
    ("psu.input_lost", "PS2"),
    ("gpu.fallen_off_bus", "GPU 0000:3b:00.0"),
    ("fan.failed", "FAN1"),
    ("fan.failed", "FAN2"),
    ("disk.failed", "sda"),
    ("raid.degraded", "md0"),
    ("software.failed", "a.service"),
    ("software.failed", "b.service"),
    ("memory_pressure.oom", "a"),
]


@st.composite
def triggers(draw, hosts=("n1", "n2", "m1"), spread=1_200):
    host = draw(st.sampled_from(hosts))
    cause, part = draw(st.sampled_from(KINDS))
    severity = draw(st.sampled_from([Severity.WARNING, Severity.CRITICAL]))
    at = draw(st.integers(0, spread))
    return raise_trigger(host, cause, part=part, at=at, severity=severity)


def shape(crew):
    """What an operator sees, without wording, ids and revisions that tell of the order of arrival."""
    return sorted((i.cause.id, i.cause.component, i.hosts, i.severity.value, len(i.symptoms)) for i in crew.incidents)


@given(st.lists(triggers(), max_size=10), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_doubles_in_any_pattern_change_nothing(some, random):
    once, often = Crew(rack(6)).see_all(some), Crew(rack(6))
    for index, trigger in enumerate(some):
        often.see(trigger).see_all(random.choices(some[: index + 1], k=random.randrange(3)))
    assert often.incidents == once.incidents


@given(st.lists(triggers(), max_size=10, unique_by=lambda t: t.id), st.randoms(use_true_random=False))
@settings(max_examples=80, deadline=None)
def test_order_of_arrival_does_not_change_what_the_incidents_are(some, random):
    shuffled = list(some)
    random.shuffle(shuffled)
    # what should have been seen by now and was not counts from some moment on, whatever came last
    one, other = (Crew(rack(6)).see_all(order).wait_until(LATER) for order in (shuffled, some))
    assert shape(one) == shape(other)


@given(st.lists(triggers(), max_size=10, unique_by=lambda t: t.id))
@settings(max_examples=50, deadline=None)
def test_standby_that_rebuilds_itself_goes_on_alike(some):
    half = len(some) // 2
    steady, first = Crew(rack(6)).see_all(some), Crew(rack(6)).see_all(some[:half])
    heir = Crew(rack(6))
    latest = {change.incident.id: change.track for change in first.changes}
    for track in latest.values():
        heir.fusion.adopt(track.incident, track.evidence)
    heir.see_all(some[half:])
    assert heir.incidents == steady.incidents


@given(st.lists(triggers(), max_size=12, unique_by=lambda t: t.id))
@settings(max_examples=50, deadline=None)
def test_every_trigger_is_in_exactly_one_incident(some):
    crew = Crew(rack(6)).see_all(some)
    cited = [evidence.id for t in crew.fusion._held.all() for evidence in t.evidence]
    assert sorted(cited) == sorted(e.id for t in some for e in t.data.evidence)


@given(st.lists(triggers(), max_size=12, unique_by=lambda t: t.id))
@settings(max_examples=50, deadline=None)
def test_revisions_count_up_by_one_and_confidences_stay_chances(some):
    crew = Crew(rack(6)).see_all(some)
    seen: dict[str, int] = {}
    for change in crew.changes:
        incident = change.incident
        assert incident.revision == seen.get(incident.id, 0) + 1
        seen[incident.id] = incident.revision
        assert 0 <= incident.cause.confidence <= 1
        assert sum(c.confidence for c in (incident.cause, *incident.alternatives)) <= 1.001


@given(st.lists(triggers(hosts=("n1",)), min_size=1, max_size=8, unique_by=lambda t: t.id))
@settings(max_examples=50, deadline=None)
def test_all_clear_resolves_everything(some):
    crew = Crew(rack(6)).see_all(some)
    clears = [
        raise_trigger(
            "n1",
            t.data.causes[0],
            part=t.data.component,
            at=2_000,
            state=TriggerState.CLEARED,
        )
        for t in some
    ]
    crew.see_all(clears).wait_until(2_000 + 301)
    assert {i.state.value for i in crew.incidents} == {"resolved"}


@given(st.lists(triggers(hosts=("n1",)), max_size=10, unique_by=lambda t: t.id))
@settings(max_examples=50, deadline=None)
def test_a_host_is_healthier_only_where_its_faults_are_fewer_or_less_grave(some):
    crew, before, graver = Crew(rack(6)), 100, []
    for trigger in some:
        crew.see(trigger)
        health, reasons = host_health(crew.incidents)
        grave = sorted((i.severity.rank for i in crew.incidents), reverse=True)
        if len(grave) >= len(graver) and all(new >= old for new, old in zip(grave, graver, strict=False)):
            assert health <= before
        assert (health == 100) == (not reasons)
        before, graver = health, grave


def test_fusing_is_fast_enough_for_a_storm(knowledge):
    fusion = Fusion(knowledge, rack(6))
    for index in range(2_000):
        fusion.keep(fusion.fuse(raise_trigger(f"h{index % 200}", "disk.failed", part="sda", at=index)))
    assert fusion.held == 200
