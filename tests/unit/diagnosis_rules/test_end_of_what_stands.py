"""A fault of an event log ends when the last of its states does, for the trigger as for `groundcrew sel`."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundcrew.diagnosis.conditions import fold_records
from groundcrew.diagnosis.detector import Detector
from groundcrew.diagnosis.facts import Vocabulary
from groundcrew.diagnosis.sel import SelRecord
from groundcrew.runtime.packs import load_packs

from .seen import records, said

KNOWLEDGE = load_packs().knowledge
VOCABULARY = Vocabulary(KNOWLEDGE.rules)
HOT = "Temperature CPU1 Temp"
SLOW = "Fan FAN3"
UPPER = [f"Upper {level} going high" for level in ("Non-critical", "Critical", "Non-recoverable")]
LOWER = [f"Lower {level} going low" for level in ("Non-critical", "Critical", "Non-recoverable")]

QUIET = ("OS Boot", "C: boot completed", True)
"""A record that tells of no fault: with its time what waits for confirmation has waited."""

Row = tuple[float, str, str, bool | None]


@pytest.fixture
def detector() -> Detector:
    return Detector(KNOWLEDGE)


def told(detector: Detector, *rows: Row) -> list[tuple[str, str]]:
    """(state, component) of the triggers of warning and worse."""
    grave = {rule.id for rule in KNOWLEDGE.rules if rule.severity.rank > 0}
    return [(state, part) for rule, state, part in said(detector, records(*rows)) if rule in grave]


def test_the_end_of_non_recoverable_is_not_the_end_while_critical_stands(detector: Detector):
    begun = [(0.0, HOT, UPPER[1], True), (10.0, HOT, UPPER[2], True), (60.0, HOT, UPPER[2], False)]
    assert told(detector, *begun) == [("raised", "CPU1 Temp")]
    assert told(detector, (120.0, HOT, UPPER[1], False)) == [("cleared", "CPU1 Temp")]


def test_the_end_of_a_milder_threshold_ends_the_graver_ones_whose_end_was_lost(detector: Detector):
    begun = [(0.0, SLOW, LOWER[1], True), (1.0, SLOW, LOWER[2], True)]
    assert told(detector, *begun, (40.0, *QUIET)) == [("raised", "FAN3")]
    assert told(detector, (60.0, SLOW, LOWER[0], False)) == [("cleared", "FAN3")]


def test_the_other_side_of_the_range_and_another_sensor_are_other_faults(detector: Detector):
    begun = told(detector, (0.0, HOT, UPPER[1], True), (1.0, "Temperature CPU2 Temp", UPPER[1], True))
    assert sorted(begun) == [("raised", "CPU1 Temp"), ("raised", "CPU2 Temp")]
    assert told(detector, (60.0, HOT, LOWER[1], False)) == []
    assert told(detector, (61.0, "Temperature CPU2 Temp", UPPER[1], False)) == [("cleared", "CPU2 Temp")]


def test_a_supply_that_failed_and_lost_its_input_is_well_when_both_are_over(detector: Detector):
    supply = "Power Supply PS2 Status"
    begun = told(detector, (0.0, supply, "Failure detected", True), (1.0, supply, "Predictive failure", True))
    assert begun == [("raised", "PS2")]
    assert told(detector, (60.0, supply, "Predictive failure", False)) == []
    assert told(detector, (90.0, supply, "Failure detected", False)) == [("cleared", "PS2")]


def test_the_good_state_ends_all_states(detector: Detector):
    supply = "Power Supply PS2 Status"
    told(detector, (0.0, supply, "Failure detected", True), (1.0, supply, "Predictive failure", True))
    assert told(detector, (60.0, supply, "Presence detected", True)) == [("cleared", "PS2")]


def test_an_end_whose_beginning_nobody_saw_ends_what_was_raised(detector: Detector):
    assert told(detector, (0.0, HOT, UPPER[1], None)) == [("raised", "CPU1 Temp")]
    assert told(detector, (60.0, HOT, UPPER[1], False)) == [("cleared", "CPU1 Temp")]


def test_readings_within_the_event_do_not_tell_states_apart(detector: Detector):
    rail = "Power Supply PSU1_FAIL"
    assert told(detector, (0.0, rail, "State Asserted (Reading 12.1 Volts)", True)) == [("raised", "PSU1")]
    assert told(detector, (60.0, rail, "State Asserted (Reading 0.3 Volts)", False)) == [("cleared", "PSU1")]


def test_what_stands_is_remembered_over_a_restart(detector: Detector):
    told(detector, (0.0, HOT, UPPER[1], True), (10.0, HOT, UPPER[2], True))
    entity = "bmc:brickbox-43-bmc"
    again = Detector(KNOWLEDGE)
    again.restore(entity, detector.state(entity))
    assert told(again, (60.0, HOT, UPPER[2], False)) == []
    assert told(again, (120.0, HOT, UPPER[1], False)) == [("cleared", "CPU1 Temp")]


ROWS = st.lists(
    st.tuples(st.sampled_from([HOT, SLOW]), st.sampled_from([*UPPER[1:], *LOWER[1:]]), st.booleans()), max_size=14
)


@given(ROWS)
def test_the_trigger_and_the_listing_agree_on_what_stands(rows: list[tuple[str, str, bool]]):
    log: list[Row] = [(40.0 * at, *row) for at, row in enumerate(rows)]
    detector = Detector(KNOWLEDGE)
    standing: set[tuple[str, str]] = set()
    for rule, state, part in said(detector, records(*log, (40.0 * len(log), *QUIET))):
        (standing.add if state == "raised" else standing.discard)((rule, part))
    # what flaps is told when it is calm; its state is what was withheld
    for (rule, part), flap in detector._memories["bmc:brickbox-43-bmc"].flaps.items():
        if flap.withheld is not None:
            standing.discard((rule, part))
    folded = fold_records(
        [
            SelRecord(at, None, "", sensor, event, asserted, event)
            for at, (_, sensor, event, asserted) in enumerate(log)
        ],
        VOCABULARY,
    )
    active = {(one.rule.id, one.locator) for one in folded.active}
    assert {part for _, part in standing} == {part for _, part in active}
