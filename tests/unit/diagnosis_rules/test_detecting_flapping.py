"""What is raised and cleared over and over is told once, and its end when it is calm."""

from groundcrew.diagnosis.detector import Detector, TriggerDraft
from groundcrew.diagnosis.flapping import CALM_US
from groundcrew.diagnosis.tracks import SECOND_US

from .seen import drafts, logs, said, units

UNIT = "nginx.service"


def changes(count: int, *, every_s: float = 60, start: float = 0) -> list[tuple[float, str, str, str]]:
    """So many changes of a unit between failed and active, failed first."""
    states = [("failed", "failed"), ("active", "running")]
    return [(start + every_s * number, UNIT, *states[number % 2]) for number in range(count)]


def told(found: list[TriggerDraft]) -> list[tuple[str, str]]:
    return [(draft.data.state.value, draft.data.captures.get("flapping", "")) for draft in found]


def test_the_fifth_change_within_ten_minutes_says_that_it_flaps_and_the_rest_is_withheld(detector: Detector) -> None:
    detector.observe(units((-60, UNIT, "active", "running")))
    found = drafts(detector, units(*changes(20, every_s=30)))
    assert told(found) == [
        ("raised", ""),
        ("cleared", ""),
        ("raised", ""),
        ("cleared", ""),
        ("raised", "5 changes in 10 min"),
    ]
    assert found[-1].data.title == "nginx.service is down (flapping: 5 changes in 10 min)"
    assert detector.take_counts().told["withheld"] == 15


def test_once_it_is_calm_its_end_is_told(detector: Detector) -> None:
    detector.observe(units((-60, UNIT, "active", "running")))
    drafts(detector, units(*changes(10)))
    calm = 9 * 60 + CALM_US / SECOND_US
    assert drafts(detector, logs((calm - 1, "x", "nothing of note"), entity="host:edge-03")) == []
    [ended] = drafts(detector, logs((calm, "x", "nothing of note"), entity="host:edge-03", first=1))
    assert ended.data.state.value == "cleared"
    assert ended.data.title == "nginx.service is down (calm again after 10 changes in 10 min)"
    assert said(detector, units((5_000, UNIT, "failed", "failed"))) == [("service.down", "raised", UNIT)]


def test_what_is_calm_but_bad_stays_raised(detector: Detector) -> None:
    detector.observe(units((-60, UNIT, "active", "running")))
    drafts(detector, units(*changes(9)))
    assert drafts(detector, logs((3_000, "x", "nothing of note"), entity="host:edge-03")) == []
    [ended] = drafts(detector, units((3_100, UNIT, "active", "running")))
    assert told([ended]) == [("cleared", "")]


def test_changes_that_are_far_apart_are_pairs(detector: Detector) -> None:
    detector.observe(units((-60, UNIT, "active", "running")))
    found = drafts(detector, units(*changes(10, every_s=200)))
    assert told(found) == [("raised", ""), ("cleared", "")] * 5


def test_while_it_flaps_on_it_is_told_once_an_hour(detector: Detector) -> None:
    detector.observe(units((-60, UNIT, "active", "running")))
    found = drafts(detector, units(*changes(240)))
    assert [captured for _, captured in told(found) if captured] == ["5 changes in 10 min"] + [
        "11 changes in 10 min"
    ] * 3


def test_flapping_survives_a_restart(detector: Detector) -> None:
    detector.observe(units((-60, UNIT, "active", "running")))
    drafts(detector, units(*changes(10)))
    detector.restore("host:edge-03", detector.state("host:edge-03"))
    [ended] = drafts(detector, logs((3_000, "x", "nothing of note"), entity="host:edge-03"))
    assert ended.data.state.value == "cleared"
