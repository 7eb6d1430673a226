"""Sensors within their thresholds that are ailing, and those that only do as they are told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundcrew.diagnosis.sensor_trends import (
    against_siblings,
    spread_of,
    time_to_threshold,
)

DAY = 86_400
HOUR = 3_600
WINDOW = 7 * DAY


def series(value, hours=range(0, 168, 3)):  # type: ignore[no-untyped-def]
    return [(hour * HOUR, float(value(hour))) for hour in hours]


def test_a_saw_tooth_and_a_flat_line_give_no_forecast() -> None:
    assert time_to_threshold(series(lambda hour: 60 + hour % 24), 90, WINDOW, falling=False) is None
    assert time_to_threshold(series(lambda hour: 60), 90, WINDOW, falling=False) is None


def test_one_machine_of_a_model_that_runs_hotter_than_its_siblings() -> None:
    siblings = [61.0, 62, 60, 61, 63, 62, 61]
    odd = against_siblings(83, siblings, resolution=1)
    assert odd is not None
    assert odd.usual == 61
    assert odd.deviations > 6
    assert against_siblings(65, siblings, resolution=1) is None
    cold = against_siblings(30, siblings, resolution=1)
    assert cold is not None
    assert cold.deviations < 0


def test_a_few_siblings_say_nothing_and_a_broken_one_among_them_does_not_hide_it() -> None:
    assert against_siblings(83, [61, 62, 60, 61], resolution=1) is None
    assert against_siblings(83, [61, 62, 60, 61, 63, 120, 0], resolution=1) is not None


@given(st.lists(st.floats(-1e6, 1e6), min_size=1), st.floats(-1e6, 1e6))
def test_the_spread_does_not_mind_where_the_values_lie(values: list[float], shift: float) -> None:
    assert spread_of([value + shift for value in values]) == pytest.approx(spread_of(values), abs=1e-3)


@given(
    st.lists(st.tuples(st.integers(0, 10**9), st.floats(-1e5, 1e5)), max_size=60).map(
        lambda found: sorted(dict(found).items())
    )
)
def test_a_forecast_is_never_in_the_past(points: list[tuple[int, float]]) -> None:
    for falling in (True, False):
        found = time_to_threshold(points, 0, WINDOW, falling=falling)
        assert found is None or (found.left_s >= 0 and found.rate < 0)
