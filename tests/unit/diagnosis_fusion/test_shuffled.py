"""What comes out does not depend on what came first: more kinds of fault, parted and shared, than the other properties.

Faults of hosts that others depend on are left out: where clients of a server have faults of their own that hang
together with what they miss of it, a long story can still come out parted in two ways.
"""

from hypothesis import given, settings
from hypothesis import strategies as st

from groundcrew.contracts.incidents import Severity

from .conftest import Crew, rack, raise_trigger

KINDS = [
    ("memory_pressure.oom", "shop"),
    ("filesystem.full", "/var"),
    ("software.failed", "shop.service"),
    ("software.regression", "nginx"),
    ("software.crash_loop", "nginx.service"),
    ("network.dns", "dns"),
    ("nic.link_flap", "eth0"),
    ("cooling.airflow", "GPU 3 Temp"),
    ("cooling.ambient_high", "Inlet Temp"),
    ("gpu.thermal", "GPU 3"),
    ("dimm.uncorrectable", "A1"),
    ("dimm.uncorrectable", "mc#0csrow#1"),
]


@st.composite
def stories(draw):
    """Up to fourteen trigger events within the hour in which what speaks for one cause is close in time."""
    told = []
    for number in range(draw(st.integers(2, 14))):
        cause, part = draw(st.sampled_from(KINDS))
        host = draw(st.sampled_from(["n1", "n2", "n3", "m1"]))
        at = draw(st.integers(0, 900))
        severity = draw(st.sampled_from([Severity.WARNING, Severity.CRITICAL]))
        told.append(raise_trigger(host, cause, part=part, at=at, severity=severity, rule=f"{cause}-{number % 2}"))
    return list({one.id: one for one in told}.values())


def shape(crew):
    return sorted(
        (i.cause.id, i.cause.component, i.hosts, i.severity.value, sorted((s.rule_id, s.entity) for s in i.symptoms))
        for i in crew.incidents
    )


@given(stories(), st.randoms(use_true_random=False))
@settings(max_examples=150, deadline=None)
def test_order_of_arrival_changes_neither_faults_nor_causes(story, random):
    shuffled = list(story)
    random.shuffle(shuffled)
    assert shape(Crew(rack(6)).see_all(shuffled)) == shape(Crew(rack(6)).see_all(story))


@given(stories())
@settings(max_examples=100, deadline=None)
def test_every_piece_of_evidence_is_cited_by_exactly_one_incident(story):
    crew = Crew(rack(6)).see_all(story)
    cited = [evidence.id for track in crew.fusion._held.all() for evidence in track.evidence]
    assert sorted(cited) == sorted(evidence.id for one in story for evidence in one.data.evidence)


@given(stories())
@settings(max_examples=100, deadline=None)
def test_a_standby_that_takes_over_in_the_middle_goes_on_alike(story):
    half = len(story) // 2
    steady = Crew(rack(6)).see_all(story)
    first, heir = Crew(rack(6)).see_all(story[:half]), Crew(rack(6))
    for track in first.fusion._held.all():
        heir.fusion.adopt(track.incident, track.evidence)
    heir.see_all(story[half:])
    assert shape(heir) == shape(steady)
