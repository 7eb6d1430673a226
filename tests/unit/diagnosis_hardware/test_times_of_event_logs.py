"""When the records of an event log happened, where the BMC's clock was off, not set, drifted or was set since."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundcrew.diagnosis.sel_bytes import PREINIT_END
from groundcrew.diagnosis.sel_times import DRIFT, HOUR_US, SECOND_US, ClockLook, Stamped, ahead, place

NOW_S = 1_780_000_000
NOW = NOW_S * SECOND_US
HOUR = 3_600
RIGHT = ClockLook(NOW, 0, 100_000)


def seconds(placed) -> list[int]:
    return [one.time_us // SECOND_US for one in placed]


@pytest.mark.parametrize(
    ("offset_s", "stamp", "expected"),
    [(0, -60, -60), (7 * HOUR, -60 - 7 * HOUR, -60), (-HOUR, HOUR - 60, -60)],
    ids=["in step", "hours behind", "an hour ahead"],
)
def test_a_stamp_is_corrected_by_how_far_the_clock_is_off(offset_s, stamp, expected):
    offset_us = offset_s * SECOND_US
    before = ClockLook(NOW - 60 * SECOND_US, offset_us)
    (one,) = place([Stamped(NOW_S + stamp)], ClockLook(NOW, offset_us, 200_000), before=before)
    assert one.time_us == (NOW_S + expected) * SECOND_US
    assert one.uncertainty_s == pytest.approx(1.2, abs=0.01), "a second of resolution and half the way of the packets"


def test_nothing_happened_in_the_future():
    assert place([Stamped(NOW_S + 600)], RIGHT)[0].time_us == NOW


def test_what_was_logged_long_before_the_first_look_is_less_sure():
    day, month = (place([Stamped(NOW_S - days * 86_400)], RIGHT)[0].uncertainty_s for days in (1, 30))
    assert day == pytest.approx(1.1 + 86_400 * DRIFT)
    assert month == pytest.approx(1.1 + 30 * 86_400 * DRIFT)


def test_a_clock_that_drifts_between_two_looks_is_corrected_by_where_it_was_then():
    before = ClockLook(NOW - 10 * HOUR * SECOND_US, 0)
    now = ClockLook(NOW, 4 * SECOND_US)
    (half,) = place([Stamped(NOW_S - 5 * HOUR - 2)], now, before=before)
    assert half.time_us == pytest.approx(NOW - 5 * HOUR * SECOND_US, abs=10_000)


def test_a_record_of_before_the_clock_was_set_is_corrected_by_how_it_was_before():
    before = ClockLook(NOW - 60 * SECOND_US, 7 * HOUR * SECOND_US)
    old, new = place([Stamped(NOW_S - 50 - 7 * HOUR), Stamped(NOW_S - 20)], RIGHT, before=before)
    assert (old.time_us, new.time_us) == ((NOW_S - 50) * SECOND_US, (NOW_S - 20) * SECOND_US)
    assert old.uncertainty_s > 7 * HOUR, "it was set in between, and nobody saw when"


def test_of_a_bmc_whose_clock_counts_from_its_start_the_records_of_this_start_are_exact():
    now = ClockLook(NOW, (NOW_S - 500) * SECOND_US, since_start=True)
    times = place([Stamped(900), Stamped(30), Stamped(400)], now, before=ClockLook(NOW - HOUR * SECOND_US))
    assert seconds(times)[1:] == [NOW_S - 470, NOW_S - 100]
    assert times[0].time_us <= times[1].time_us, "a count of 900 before one of 30 is of the start before"


def test_records_without_a_time_lie_between_their_neighbours_and_keep_their_distance():
    first, a, b, last = place([Stamped(NOW_S - 1_000), Stamped(10), Stamped(40), Stamped(NOW_S - 400)], RIGHT)
    assert b.time_us - a.time_us == 30 * SECOND_US
    assert first.time_us < a.time_us < b.time_us < last.time_us
    assert a.uncertainty_s == pytest.approx(1 + (600 - 30) / 2)


def test_a_boot_right_after_them_says_that_they_came_right_before():
    boot = Stamped.of(NOW_S - 400, "System Boot Initiated #0x1d | Initiated by power up")
    _, a, b, _ = place([Stamped(NOW_S - 1_000), Stamped(10), Stamped(40), boot], RIGHT)
    assert seconds([a, b]) == [NOW_S - 430, NOW_S - 400]
    assert a.uncertainty_s == pytest.approx(1 + 570), "at most so much earlier"


def test_where_the_log_tells_that_the_clock_was_set_the_count_is_exact():
    fault, before, after = (
        Stamped(10),
        Stamped(40),
        Stamped.of(NOW_S - 400, "System Event #0x83 | Timestamp Clock Sync"),
    )
    _, a, b, _ = place([Stamped(NOW_S - 90_000), fault, before, after], RIGHT)
    assert seconds([a, b]) == [NOW_S - 430, NOW_S - 400]
    assert a.uncertainty_s < 15


def test_what_is_new_since_the_last_look_happened_since_then():
    before = ClockLook(NOW - 30 * SECOND_US, 0)
    (one,) = place([Stamped(40)], RIGHT, before=before, newest_us=NOW - 900 * SECOND_US)
    assert one.time_us == NOW
    assert one.uncertainty_s == pytest.approx(31)


def test_of_a_log_never_read_before_a_record_without_a_time_is_no_news():
    known, unknown = place([Stamped(NOW_S - 90 * 86_400), Stamped(None)], RIGHT)
    assert unknown.time_us == known.time_us
    assert unknown.uncertainty_s == 1 + 90 * 86_400


def test_nothing_bounds_a_record_without_a_time_and_without_a_neighbour_before_it():
    one, two = place([Stamped(40), Stamped(NOW_S - 60)], RIGHT)
    assert one.time_us == two.time_us
    assert one.uncertainty_s is None


RISING = st.lists(st.integers(0, 86_400), max_size=30).map(sorted)


@given(RISING, st.data())
def test_where_the_bmc_keeps_order_so_do_the_times_and_each_lies_between_its_neighbours(ages, data):
    """Stamps that rise; any of them may be hidden behind a count from a start, or be none."""
    stamps = [NOW_S - 86_400 + one for one in ages]
    hidden = data.draw(st.lists(st.sampled_from(["no", "none", "count"]), min_size=len(stamps), max_size=len(stamps)))
    boots = data.draw(st.lists(st.booleans(), min_size=len(stamps), max_size=len(stamps)))
    records = [
        Stamped(stamp if how == "no" else None if how == "none" else stamp % 5_000, boot)
        for stamp, how, boot in zip(stamps, hidden, boots, strict=True)
    ]
    before = data.draw(st.sampled_from([None, ClockLook((NOW_S - 86_400) * SECOND_US, 0)]))
    newest = data.draw(st.sampled_from([None, (NOW_S - 86_401) * SECOND_US]))
    times = [one.time_us for one in place(records, RIGHT, before=before, newest_us=newest)]
    assert len(times) == len(records)
    assert all(a <= b for a, b in pairwise(times))
    assert all(time == stamp * SECOND_US for time, stamp, how in zip(times, stamps, hidden, strict=True) if how == "no")
    assert all(newest is None or before is not None or newest <= time <= NOW for time in times)


@given(
    st.lists(st.one_of(st.none(), st.integers(0, 2**32 - 2)).map(Stamped), max_size=20),
    st.one_of(st.none(), st.integers(-(2**32), 2**32)),
    st.booleans(),
    st.booleans(),
)
def test_whatever_a_log_holds_each_record_gets_a_time_that_is_not_in_the_future(records, offset_s, since_start, looked):
    offset = None if offset_s is None else offset_s * SECOND_US
    before = ClockLook(NOW - HOUR * SECOND_US, offset) if looked else None
    placed = place(records, ClockLook(NOW, offset, since_start=since_start), before=before)
    assert len(placed) == len(records)
    assert all(0 <= one.time_us <= NOW for one in placed)
    assert all(one.uncertainty_s is None or one.uncertainty_s >= 1 for one in placed)
    assert PREINIT_END < NOW_S


@pytest.mark.parametrize(
    ("stamped_h", "read_h", "fast_h"),
    [
        (5.0, 6.0, 0),  # may be true
        (6.5, 6.0, 0),  # as far off as a clock may be that nobody sets
        (14.25, 7.0, 8),  # China's time, written down 45 minutes before it was read
        (8.0, 7.0, 1),
    ],
)
def test_a_log_that_tells_of_what_is_yet_to_come_was_written_by_a_clock_in_another_time_zone(stamped_h, read_h, fast_h):
    assert ahead(round(stamped_h * HOUR_US), round(read_h * HOUR_US)) == fast_h * HOUR_US
