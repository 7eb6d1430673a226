"""Storms: one line by the million, or over thousands of components. One trigger each, and every hit counted."""

import itertools

import pytest

from groundcrew.contracts.observations import MAX_BATCH_ROWS
from groundcrew.diagnosis.crowds import MAX_COMPONENTS, MAX_TOLD_APART
from groundcrew.diagnosis.detector import Detector, Knowledge, TriggerDraft
from groundcrew.diagnosis.rules import parse_rules

from .seen import drafts, logs

RULES = """
[[rule]]
id = "test.oops"
title = "{part} is in trouble"
severity = "warning"
component_class = "software"
component = "{part}"
patterns = ['^(?P<part>\\S+) in trouble$']
clear = ['^(?P<part>\\S+) is well$']
debounce_s = 300
examples = [{ text = "a in trouble", component = "a" }]
meaning = "m"
steps = ["s"]

[[rule]]
id = "test.event"
title = "{part} had an event"
severity = "warning"
component_class = "software"
component = "{part}"
patterns = ['^(?P<part>\\S+) had an event$']
debounce_s = 300
examples = [{ text = "a had an event", component = "a" }]
meaning = "m"
steps = ["s"]

[[rule]]
id = "test.rate"
title = "{part} is corrected too often"
severity = "warning"
component_class = "dimm"
component = "{part}"
patterns = ['^corrected (?P<part>\\S+)$']
rate = { count = 50, window_s = 3600 }
debounce_s = 300
examples = [{ text = "corrected a", component = "a" }]
meaning = "m"
steps = ["s"]
"""
KNOWLEDGE = Knowledge(rules=tuple(parse_rules(RULES, "test")))
NUMBERS = itertools.count()


@pytest.fixture
def detector() -> Detector:
    return Detector(KNOWLEDGE)


def told(detector: Detector, *lines: tuple[float, str]) -> list[TriggerDraft]:
    """(seconds, message) lines, in batches of the largest size."""
    found: list[TriggerDraft] = []
    for start in range(0, len(lines), MAX_BATCH_ROWS):
        some = [(seconds, "app", text) for seconds, text in lines[start : start + MAX_BATCH_ROWS]]
        found += drafts(detector, logs(*some, first=next(NUMBERS) * MAX_BATCH_ROWS))
    return found


def test_a_storm_of_equal_lines_is_told_once_per_debounce_and_its_counts_add_up(detector: Detector) -> None:
    storm = [(number / 100, "a had an event") for number in range(100_000)]
    found = told(detector, *storm, (2_000, "nothing of note"))
    assert sum(draft.data.count for draft in found) == 100_000
    assert len(found) == 5, "at 0, 300, 600, 900 s, and the rest when the debounce is over"


def test_a_storm_that_is_over_within_the_debounce_is_told_whole_when_that_is_over(detector: Detector) -> None:
    [first] = told(detector, *[(number / 100, "a had an event") for number in range(5_000)])
    assert first.data.count == 1
    [rest] = told(detector, (301, "nothing of note"))
    assert rest.data.count == 4_999
    assert [e.time for e in rest.data.evidence] == sorted(e.time for e in rest.data.evidence)
    assert rest.data.evidence[-1].time == rest.data.last_seen, "the newest is cited beside the first ones"
    assert len(rest.data.evidence) == 10
    assert told(detector, (1_000, "nothing of note")) == []


def test_two_or_three_more_within_the_debounce_are_no_storm(detector: Detector) -> None:
    told(detector, (0, "a had an event"), (1, "a had an event"), (2, "a had an event"))
    assert told(detector, (1_000, "nothing of note")) == []


def test_the_state_of_a_storm_does_not_grow(detector: Detector) -> None:
    sizes = []
    for batch in range(50):
        told(detector, *[(batch + number / 2_000, "a had an event") for number in range(2_000)])
        sizes.append(len(detector.state("host:train-11")))
    assert max(sizes[1:]) - min(sizes[1:]) < 100


def test_components_beyond_many_are_one_trigger_that_says_how_many(detector: Detector) -> None:
    found = told(detector, *[(number / 100, f"pid{number} had an event") for number in range(5_000)])
    assert len(found) == MAX_COMPONENTS + 1
    folded = found[-1].data
    assert (folded.component, folded.captures["folded"]) == ("", "1")
    [rest] = told(detector, (400, "nothing of note"))
    assert rest.data.title == "pid4999 had an event (and others, 4936 folded into one)"
    assert rest.data.captures["folded"] == str(5_000 - MAX_COMPONENTS)
    assert sum(draft.data.count for draft in [*found, rest]) == 5_000
    assert detector.take_counts().told["folded"] == 5_000 - MAX_COMPONENTS
    assert detector.take_counts().evictions == 0


def test_beyond_what_can_be_told_apart_it_says_that_there_are_more(detector: Detector) -> None:
    number = MAX_COMPONENTS + MAX_TOLD_APART + 500
    told(detector, *[(each / 1_000, f"pid{each} had an event") for each in range(number)])
    [rest] = told(detector, (400, "nothing of note"))
    assert rest.data.captures["folded"] == f"more than {MAX_TOLD_APART}"
    assert len(detector.state("host:train-11")) < 100_000


def test_after_a_storm_of_components_a_new_one_has_a_trigger_of_its_own(detector: Detector) -> None:
    told(detector, *[(number / 10, f"pid{number} had an event") for number in range(100)])
    [later] = told(detector, (2_000, "disk had an event"))[-1:]
    assert (later.data.component, later.data.title) == ("disk", "disk had an event")


def test_a_crowd_ends_when_the_last_of_its_components_does(detector: Detector) -> None:
    told(detector, *[(number / 10, f"p{number} in trouble") for number in range(70)])
    for number in range(MAX_COMPONENTS, 69):
        assert told(detector, (20, f"p{number} is well")) == []
    [ended] = told(detector, (21, "p69 is well"))
    assert (ended.data.state.value, ended.data.component) == ("cleared", "")


def test_few_corrected_errors_are_noise_and_fifty_an_hour_are_a_trigger(detector: Detector) -> None:
    assert told(detector, *[(number * 600, "corrected a") for number in range(5)]) == []
    [draft] = told(detector, *[(10_000 + number * 60, "corrected a") for number in range(50)])
    assert draft.data.count == 50


def test_a_rate_that_fell_below_the_half_has_to_be_reached_again(detector: Detector) -> None:
    told(detector, *[(number, "corrected a") for number in range(50)])
    trickle = [(50 + 1_200 * number, "corrected a") for number in range(1, 30)]
    assert [d.data.count for d in told(detector, *trickle) if d.time_us > trickle[3][0]] != []
    quiet = [(60_000 + 1_200 * number, "corrected a") for number in range(30)]
    assert told(detector, *quiet) == [], "three an hour are noise, whatever was before"
    assert len(told(detector, *[(100_000 + number, "corrected a") for number in range(50)])) == 1


def test_a_rate_that_goes_on_is_told_once_per_debounce(detector: Detector) -> None:
    found = told(detector, *[(float(number), "corrected a") for number in range(3_000)])
    assert sum(draft.data.count for draft in found) <= 3_000
    assert 9 <= len(found) <= 11
