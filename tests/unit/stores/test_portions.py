"""Scattered batches are cut without losing a row."""

from hypothesis import given
from hypothesis import strategies as st
from tests.contract.stores.observed import logs

from groundcrew.stores.context.portions import MAX_SLOTS, portions
from groundcrew.stores.context.tables import LOG_EVENTS

DAY_US = 86_400_000_000


def test_a_batch_of_a_few_weeks_stays_whole():
    envelope = logs(range(60), step_us=DAY_US)
    assert portions(LOG_EVENTS, envelope, envelope.data.times) == [envelope]


@given(days=st.lists(st.integers(0, 20_000), max_size=300))
def test_portions_hold_each_row_once_and_few_days_each(days):
    envelope = logs(days, step_us=DAY_US, start_us=0)
    parts = portions(LOG_EVENTS, envelope, envelope.data.times)
    assert sorted(row for part in parts for row in part.data.ids) == sorted(envelope.data.ids)
    assert all(len({LOG_EVENTS.slot(time) for time in part.data.times}) <= MAX_SLOTS for part in parts)
    assert all(len(part.data.messages) == len(part.data) for part in parts)
