"""Forecasts: series whose truth is known fall within the range, and what does not wear gives none."""

import random
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundcrew.diagnosis.forecasts import Target, back_test, forecast, line_of, parse_forecasts, time_to
from groundcrew.diagnosis.rules import PackError

HOUR = 3_600.0
DAY = 86_400.0
WEAR = Target(
    id="nvme.wear", metric="smart_percentage_used", limit=100, window_h=720, horizon_days=730,
    title="x", component="x", component_class="nvme",
)  # fmt: skip
FULL = WEAR.model_copy(update={"falls": True, "limit": 0.0, "horizon_days": 60})


def test_a_steady_wear_is_told_to_the_day() -> None:
    times = [at * 6 * HOUR for at in range(60)]
    found = forecast(times, [40 + when / DAY for when in times], WEAR)
    assert found is not None
    expected = (60 - times[-1] / DAY) * DAY
    assert found.likely_s == pytest.approx(expected, rel=0.01)
    assert found.soonest_s <= found.likely_s
    assert found.latest_s is not None
    assert found.latest_s >= found.likely_s


def test_eight_points_are_the_least() -> None:
    assert line_of([at * HOUR for at in range(7)], [float(at) for at in range(7)]) is None
    assert line_of([at * HOUR for at in range(8)], [float(at) for at in range(8)]) is not None


def test_what_stands_still_or_swings_gives_none() -> None:
    times = [at * HOUR for at in range(48)]
    assert forecast(times, [50.0] * 48, WEAR) is None
    assert forecast(times, [50.0 + at % 12 for at in range(48)], WEAR) is None


def test_what_goes_the_other_way_gives_none() -> None:
    times = [at * HOUR for at in range(48)]
    assert forecast(times, [90.0 - at for at in range(48)], WEAR) is None


def test_what_lies_beyond_the_horizon_is_not_told() -> None:
    times = [at * HOUR for at in range(48)]
    assert forecast(times, [1e12 - at for at in range(48)], FULL) is None


def test_a_copy_that_comes_and_goes_does_not_move_the_line() -> None:
    times = [at * HOUR for at in range(60)]
    values = [1000.0 - at for at in range(60)]
    spoilt = [value - 600 if at in range(20, 32) else value for at, value in enumerate(values)]
    clean, dirty = forecast(times, values, FULL), forecast(times, spoilt, FULL)
    assert clean is not None
    assert dirty is not None
    assert dirty.likely_s == pytest.approx(clean.likely_s, rel=0.1)


def test_what_was_emptied_lately_gives_none_until_its_old_line_is_out_of_the_window() -> None:
    """A leak, a kill and a new start from a higher level: the old line would say that nothing is left already."""
    times = [at * HOUR for at in range(96)]
    leak = [170.0 - 2 * at for at in range(84)]
    started = [230.0 - 2 * at for at in range(12)]
    assert forecast(times[:84], leak, FULL) is not None
    assert line_of(times, leak + started) is None
    assert line_of(times, started + [206.0 - 2 * at for at in range(84)]) is not None


def test_a_back_test_says_by_how_much_the_line_would_have_missed() -> None:
    times = [at * HOUR for at in range(60)]
    steady = back_test(times, [1_000.0 - at for at in times])
    assert steady == pytest.approx(0.0, abs=1e-9)
    slowed = back_test(times, [1_000.0 - 10 * min(at, 36) - 2 * max(0, at - 36) for at in range(60)])
    assert slowed is not None
    assert slowed > 0.2
    assert back_test(times[:9], [1_000.0 - at for at in range(9)]) is None  # no line of six points
    assert back_test(times, [5.0] * 60) is None


@pytest.mark.parametrize("noise", [0.0, 2.0, 8.0])
def test_the_truth_lies_within_the_range_in_most_series(noise: float) -> None:
    """Composed: a known rate, noise that remembers itself, one in twenty points far off. The range says nine of ten."""
    chance = random.Random(7)
    within = told = 0
    for _ in range(120):
        rate = chance.uniform(0.5, 4.0)
        times = [at * HOUR for at in range(96)]
        drift, values = 0.0, []
        for at in range(96):
            drift = 0.5 * drift + chance.gauss(0, noise)
            values.append(1_000 - rate * at + drift + (chance.uniform(-300, 0) if chance.random() < 0.05 else 0))
        found = forecast(times, values, FULL.model_copy(update={"horizon_days": 365}))
        if found is None:
            continue
        told += 1
        truth = (1_000 - rate * 95) / rate * HOUR
        within += found.soonest_s <= truth * 1.02 and (found.latest_s is None or truth * 0.98 <= found.latest_s)
    assert told >= 100
    assert within >= 0.85 * told


@given(
    st.lists(st.floats(-1e6, 1e6), min_size=8, max_size=60),
    st.floats(0.001, 1e3),
    st.floats(-1e3, 1e3),
)
def test_the_line_follows_scale_and_shift(values: list[float], scale: float, shift: float) -> None:
    times = [at * HOUR for at in range(len(values))]
    rounded = [float(round(value)) for value in values]
    one, other = line_of(times, rounded), line_of(times, [value * scale + shift for value in rounded])
    assert (one is None) == (other is None)
    if one is not None and other is not None:
        assert other.slope == pytest.approx(one.slope * scale, rel=1e-6, abs=1e-6)


@given(st.lists(st.tuples(st.floats(0, 1e7), st.floats(allow_nan=True, allow_infinity=True)), max_size=200))
def test_any_series_is_taken(points: list[tuple[float, float]]) -> None:
    points.sort(key=lambda one: one[0])
    line = line_of([when for when, _ in points], [value for _, value in points])
    if line is not None:
        assert line.lower <= line.slope <= line.upper
        found = time_to(line, 0.0, falls=True)
        assert found is None or 0 <= found.soonest_s <= found.likely_s


def test_the_shipped_pack_is_whole() -> None:
    text = resources.files("groundcrew.diagnosis").joinpath("packs/forecasts.toml").read_text()
    targets = parse_forecasts(text, "forecasts.toml")
    assert {"filesystem.full", "nvme.wear", "dimm.correctable"} <= {one.id for one in targets}
    assert len({one.id for one in targets}) == len(targets)


def test_a_mistake_names_file_entry_and_key() -> None:
    with pytest.raises(PackError, match=r"mine\.toml: forecast x\.y: limit: Field required"):
        parse_forecasts('[[forecast]]\nid = "x.y"\nmetric = "m"\nwindow_h = 1\nhorizon_days = 1\n', "mine.toml")
