"""A health score is explained point by point, and more evidence never raises it."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from groundcrew.contracts.incidents import IncidentState, Severity
from groundcrew.diagnosis.health import device_health, health_points, host_health, score_of

from .conftest import SINCE, T0, UNTIL, incident, minutes, resolved, symptom

incidents = st.lists(
    st.builds(
        lambda number, severity, symptoms, state, start, length: incident(
            number,
            severity=severity,
            symptoms=[symptom(f"rule-{n}") for n in range(symptoms)],
            state=state,
            opened_at=minutes(start),
            last_seen=minutes(start),
            resolved_at=minutes(start + length) if state is IncidentState.RESOLVED else None,
        ),
        st.integers(1, 40),
        st.sampled_from([Severity.INFO, Severity.WARNING, Severity.CRITICAL, Severity.UNKNOWN]),
        st.integers(0, 12),
        st.sampled_from([IncidentState.OPEN, IncidentState.ACKNOWLEDGED, IncidentState.RESOLVED]),
        st.integers(-600, 600),
        st.integers(0, 100),
    ),
    max_size=8,
    unique_by=lambda one: one.id,
)


@given(incidents)
def test_the_score_is_100_less_the_points_that_it_tells(some):
    points = health_points(some)
    score, reasons = host_health(some)
    assert score == score_of(points) == max(0, 100 - sum(point.points for point in points))
    assert len(reasons) == sum(one.state is not IncidentState.RESOLVED for one in some)
    assert all(reason.startswith(f"-{point.points} ") for reason, point in zip(reasons, points, strict=True))


@given(incidents, incidents)
def test_another_incident_never_raises_a_score(some, more):
    known = {one.id for one in some}
    every = [*some, *(one for one in more if one.id not in known)]
    before, after = (device_health("host:gpu-03", each, SINCE, UNTIL) for each in (some, every))
    assert after.score <= before.score
    assert after.worst <= before.worst


@given(incidents, st.integers(0, 7))
def test_another_symptom_or_a_graver_one_never_raises_a_score(some, which):
    if not some:
        return
    changed = some[which % len(some)]
    for update in (
        {"symptoms": [*changed.symptoms, symptom("one-more")]},
        {"severity": Severity.CRITICAL},
    ):
        worse = [one.model_copy(update=update) if one is changed else one for one in some]
        before, after = (device_health("host:gpu-03", each, SINCE, UNTIL) for each in (some, worse))
        assert after.score <= before.score
        assert after.worst <= before.worst


@given(incidents)
def test_the_worst_score_of_a_time_is_never_above_the_score_at_its_end(some):
    health = device_health("host:gpu-03", some, SINCE, UNTIL)
    assert 0 <= health.worst <= health.score <= 100
    assert (health.worst_at is None) == (health.worst == 100)


def test_what_has_recovered_counts_for_the_worst_score_alone():
    over = resolved(incident(), minutes(30), cleared=True)
    health = device_health("host:gpu-03", [over], SINCE, UNTIL)
    assert (health.score, health.worst, health.worst_at, health.points) == (100, 60, T0, [])
    before = device_health("host:gpu-03", [over], minutes(60), UNTIL)
    assert (before.worst, before.worst_at) == (100, None), "it was over before the time began"


def test_two_incidents_that_never_stood_together_are_not_added_up():
    first = resolved(incident(1), minutes(30), cleared=True)
    second = resolved(incident(2, opened_at=minutes(60)), minutes(90), cleared=True)
    assert device_health("host:gpu-03", [first, second], SINCE, UNTIL).worst == 60
    together = resolved(incident(2, opened_at=minutes(20)), minutes(90), cleared=True)
    health = device_health("host:gpu-03", [first, together], SINCE, UNTIL)
    assert (health.worst, health.worst_at) == (20, minutes(20))


def test_a_fault_in_a_feed_counts_for_the_feed_and_for_the_hosts_that_it_names():
    feed = incident(1, entity="pdu:pdu-3b", hosts=["gpu-03", "gpu-04"])
    for device in ("pdu:pdu-3b", "host:gpu-03", "host:gpu-04"):
        assert device_health(device, [feed], SINCE, UNTIL).score == 60
    assert device_health("host:gpu-05", [feed], SINCE, UNTIL).score == 100
    merged = feed.model_copy(update={"merged_into": "0" * 32, "opened_at": T0 + timedelta(hours=1)})
    assert device_health("host:gpu-03", [merged], SINCE, UNTIL).score == 100, "the other one counts"
