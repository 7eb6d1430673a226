"""Forecasts: when a file system will be full, and when nothing can be said."""

import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundcrew.diagnosis.detector import Detector, Knowledge
from groundcrew.diagnosis.memory import Memory
from groundcrew.diagnosis.trend import POINTS, Point, add, enough, forecast, step_of

from .seen import drafts, said, samples

HOUR = 3_600
WINDOW = 6 * HOUR
GIB = 2.0**30


def series(values: list[float], *, step: float | None = None) -> list[Point]:
    """As points of one window, one after another."""
    points: list[Point] = []
    for index, value in enumerate(values):
        add(points, round(index * (step or step_of(WINDOW))), value, WINDOW)
    return points


def falling(rate: float, count: int = POINTS, start: float = 60.0) -> list[float]:
    return [start - rate * index for index in range(count)]


def test_a_steady_fall_runs_out_where_the_line_does() -> None:
    found = forecast(series(falling(1.0)), WINDOW)
    assert found is not None
    assert found.left_s == pytest.approx(45 * step_of(WINDOW))


def test_a_copy_that_came_and_went_does_not_move_the_line() -> None:
    values = falling(1.0)
    values[5] -= 40
    values[6] -= 40
    found = forecast(series(values), WINDOW)
    assert found is not None
    assert found.left_s == pytest.approx(45 * step_of(WINDOW), rel=0.05)


@pytest.mark.parametrize("phase", range(8))
def test_logs_that_are_rotated_within_the_window_give_no_forecast(phase: int) -> None:
    assert forecast(series([60.0 - (index + phase) % 8 for index in range(POINTS)]), WINDOW) is None


def test_noise_about_a_level_gives_no_forecast() -> None:
    random.seed(7)
    for _ in range(200):
        assert forecast(series([50 + random.gauss(0, 1) for _ in range(POINTS)]), WINDOW) is None


def test_too_few_points_say_nothing() -> None:
    points = series(falling(5.0, count=7))
    assert not enough(points, WINDOW)
    assert forecast(points, WINDOW) is None


def test_a_flat_stretch_takes_two_points_and_counts_as_many() -> None:
    points = series([50.0] * 100)
    assert len(points) == 2
    assert enough(points, WINDOW)
    assert forecast(points, WINDOW) is None


def test_a_stretch_without_samples_is_not_taken_for_a_flat_one() -> None:
    points = series(falling(1.0, count=3))
    add(points, 5 * HOUR, 20.0, WINDOW)
    assert not enough(points, WINDOW)


def test_a_clock_that_was_set_back_begins_anew() -> None:
    points = series(falling(1.0))
    add(points, 0, 50.0, WINDOW)
    assert points == [[0, 50.0]]


@given(
    st.lists(st.tuples(st.integers(-100, 10_000), st.floats(0, 100).map(lambda v: round(v, 2))), max_size=200),
    st.sampled_from([600.0, 3_600.0, 86_400.0]),
)
def test_points_are_bounded_and_a_forecast_lies_ahead(moves: list[tuple[int, float]], window_s: float) -> None:
    points: list[Point] = []
    when = 1_000_000
    for gap, value in moves:
        when += gap
        add(points, when, value, window_s)
        assert len(points) <= POINTS + 2
        assert all(a[0] < b[0] for a, b in itertools.pairwise(points))
        found = forecast(points, window_s)
        assert found is None or (found.left_s >= 0 and found.rate < 0)


def filling(rate_gib_per_hour: float, *, hours: float, start: float = 60.0) -> list[tuple[float, float]]:
    """Samples every minute of what is available in a file system of 100 GiB."""
    return [(60.0 * m, (start - rate_gib_per_hour * m / 60) * GIB) for m in range(round(60 * hours))]


def test_a_file_system_that_will_be_full_today_is_told_with_rate_and_hour(detector: Detector) -> None:
    drafts(detector, samples("filesystem_size_bytes", (0, 100 * GIB), mountpoint="/data"))
    found = drafts(detector, samples("filesystem_avail_bytes", *filling(2.0, hours=6, start=40), mountpoint="/data"))
    [draft] = [one for one in found if one.data.rule_id == "filesystem.fills"]
    assert draft.data.component == "/data"
    assert draft.data.title.startswith("/data will be full in ")
    assert "2.0 GiB an hour" in draft.data.title
    assert draft.data.captures["at"].endswith(" UTC")


def test_a_file_system_that_fills_within_hours_is_told_sooner(detector: Detector) -> None:
    drafts(detector, samples("filesystem_size_bytes", (0, 100 * GIB), mountpoint="/data"))
    found = said(detector, samples("filesystem_avail_bytes", *filling(6.0, hours=1, start=22), mountpoint="/data"))
    assert found == [("filesystem.fills-soon", "raised", "/data")]


def test_a_forecast_is_withdrawn_when_room_was_made(detector: Detector) -> None:
    drafts(detector, samples("filesystem_size_bytes", (0, 100 * GIB), mountpoint="/data"))
    fall = filling(6.0, hours=1, start=22)
    room = [(3_600 + 60.0 * m, 70 * GIB) for m in range(60)]
    found = said(detector, samples("filesystem_avail_bytes", *fall, *room, mountpoint="/data"))
    assert [state for rule, state, _ in found if rule == "filesystem.fills-soon"] == ["raised", "cleared"]


def test_a_forecast_survives_a_restart_in_mid_window(detector: Detector, knowledge: Knowledge) -> None:
    falling_fast = filling(6.0, hours=1, start=22)
    size = samples("filesystem_size_bytes", (0, 100 * GIB), mountpoint="/data")
    before = drafts(detector, size, samples("filesystem_avail_bytes", *falling_fast[:25], mountpoint="/data"))
    again = Detector(Knowledge(thresholds=knowledge.thresholds))
    again.restore("host:db-01", detector.state("host:db-01"))
    rest = samples("filesystem_avail_bytes", *falling_fast[25:], mountpoint="/data")
    assert before == []
    assert drafts(again, rest) == drafts(detector, rest) != []


def test_much_room_is_no_alarm_however_fast_it_is_used(detector: Detector) -> None:
    drafts(detector, samples("filesystem_size_bytes", (0, 100 * GIB), mountpoint="/data"))
    batch = samples("filesystem_avail_bytes", *filling(6.0, hours=1, start=95), mountpoint="/data")
    assert said(detector, batch) == []
    assert b"trend" not in detector.state("host:db-01"), "and nothing is remembered of it"


def test_the_trends_of_a_thousand_mount_points_fit_into_one_state() -> None:
    memory = Memory()
    for step in range(40):
        for mount in range(1_000):
            for window_s in (HOUR, WINDOW):
                value = round(90 - 0.01 * (step * (mount % 7)), 2)
                key = f"filesystem.fills trend{{mountpoint=/srv/volume-{mount:04}}} {window_s}"
                memory.trend(key, step * round(window_s / POINTS + 1) * 1_000_000, value, window_s)
    assert len(memory.state()) < 700_000
    assert memory.evictions == 0
