"""What is usual, and what lies far outside of it."""

from hypothesis import given
from hypothesis import strategies as st

from groundcrew.diagnosis.bursts import CALM, MIN_BURST, Rate, Share
from groundcrew.diagnosis.usual import HALVED_AT, LEARNT, PER_DAY, PER_SLOT, History, from_bin, slot_of, to_bin


@given(st.integers(0, 1_000_000))
def test_a_count_comes_back_within_a_tenth(count):
    assert abs(from_bin(to_bin(count)) - count) <= 0.1 * (count + 1)


def history(days, count_of):
    made = History()
    for interval in range(days * PER_DAY):
        made.add(interval, count_of(interval))
    return made


def test_nothing_is_usual_before_a_day_was_seen():
    made = History()
    for interval in range(LEARNT - 1):
        made.add(interval, 3)
    assert made.usual(0) is None
    made.add(LEARNT - 1, 3)
    assert made.usual(0).median == 3


def test_a_time_of_day_is_judged_by_itself_after_three_days():
    busy_at_night = history(5, lambda interval: 200 if slot_of(interval) == 0 else 1)
    night, noon = busy_at_night.usual(0), busy_at_night.usual(4 * PER_SLOT)
    assert (night.by_time_of_day, noon.by_time_of_day) == (True, True)
    assert night.far > 4 * 180
    assert noon.far < 50


def test_single_outliers_do_not_move_what_is_usual():
    spiked = history(5, lambda interval: 10_000 if interval == 700 else 2)
    assert spiked.usual(700).far < 100


def test_long_histories_fade_and_stay_small():
    made = history(400, lambda interval: interval % 7)
    assert sum(made.weights.values()) <= 8 * 9 * HALVED_AT
    assert len(made.weights) <= 8 * 9


def rate_after(days, per_interval=0):
    rate = Rate(0)
    for interval in range(days * PER_DAY):
        if per_interval:
            assert rate.take(interval, per_interval) == []
    return rate, days * PER_DAY


def test_a_burst_is_told_with_the_line_that_crosses_the_limit_and_once():
    rate, now = rate_after(2, per_interval=3)
    bursts = [found for _ in range(500) for found in rate.take(now)]
    assert [(burst.over, burst.count, burst.usual.median) for burst in bursts] == [(False, MIN_BURST, 3.0)]


def test_a_burst_is_over_when_it_was_calm_for_three_intervals():
    rate, now = rate_after(2, per_interval=3)
    rate.take(now, 500)
    told = []
    for later in range(1, 8):
        told += [(later, burst.over) for burst in rate.take(now + later, 3)]
    assert told == [(1 + CALM, True)]


def test_silence_ends_a_burst_too():
    rate, now = rate_after(2, per_interval=3)
    rate.take(now, 500)
    assert [burst.over for burst in rate.take(now + 100)] == [True]


def test_what_lasts_a_day_becomes_usual():
    rate, now = rate_after(4, per_interval=3)
    told = [found.over for later in range(4 * PER_DAY) for found in rate.take(now + later, 500)]
    assert told[0] is False
    assert len(told) <= 6
    assert rate.history.usual(now).upper > 400


def test_without_a_history_nothing_is_a_burst():
    rate = Rate(0)
    assert rate.take(0, 1_000_000) == []


def test_a_usual_high_rate_is_no_burst():
    rate, now = rate_after(3, per_interval=400)
    assert [found for later in range(PER_DAY) for found in rate.take(now + later, 900)] == []


def test_lines_that_arrive_late_are_no_burst_and_a_clock_that_was_set_back_begins_an_interval():
    rate, now = rate_after(2, per_interval=3)
    rate.take(now)
    assert rate.take(now - 2, 5_000) == []
    assert rate.interval == now
    rate.take(now - 200)
    assert rate.interval == now - 200


@given(st.lists(st.tuples(st.integers(0, 900), st.integers(1, 400)), max_size=80), st.integers(0, 80))
def test_a_rate_survives_a_restart(steps, cut):
    steps = sorted(steps)
    whole, first = Rate(0), Rate(0)
    expected = [(b.over, b.count) for step in steps for b in whole.take(*step)]
    found = [(b.over, b.count) for step in steps[:cut] for b in first.take(*step)]
    second = Rate.restore(first.state())
    found += [(b.over, b.count) for step in steps[cut:] for b in second.take(*step)]
    assert found == expected
    assert second.state() == whole.state()


def test_a_share_of_errors_far_outside_is_told_and_its_end():
    share = Share()
    for interval in range(2 * PER_DAY):
        assert share.close(interval, 2, 1_000) is None
    now = 2 * PER_DAY
    risen = share.close(now, 600, 1_000)
    assert risen is not None
    assert (risen.over, risen.count, risen.lines) == (False, 600, 1_000)
    assert share.close(now + 1, 600, 1_000) is None
    ended = [share.close(now + later, 2, 1_000) for later in range(2, 6)]
    assert [burst.over for burst in ended if burst] == [True]


def test_few_errors_are_no_share_to_tell_of():
    share = Share()
    for interval in range(2 * PER_DAY):
        share.close(interval, 0, 1_000)
    assert share.close(2 * PER_DAY, 15, 60) is None


def test_what_was_reached_on_one_day_is_not_usual_and_on_two_days_it_is():
    once = history(5, lambda interval: 800 if interval == 4 * PER_DAY + 3 else 2)
    twice = history(5, lambda interval: 800 if interval % PER_DAY == 3 and interval > 3 * PER_DAY else 2)
    assert once.usual(3).far < 100
    assert twice.usual(3).far > 3_000
