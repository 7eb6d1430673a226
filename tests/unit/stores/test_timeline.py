"""The memory store's rows: kept like a sorted table, whatever order they come in."""

from hypothesis import given
from hypothesis import strategies as st

from groundcrew.stores.context.latest import MAX_LATEST, merged, series_key
from groundcrew.stores.context.memory_rows import Timeline

KEYS = st.tuples(st.integers(0, 50), st.sampled_from("abc"))
EDGE = st.none() | st.integers(0, 50)


@given(keys=st.lists(KEYS), since=EDGE, until=EDGE, behind=st.none() | KEYS)
def test_reading_newest_first_is_a_filtered_sort(keys, since, until, behind):
    timeline = Timeline()
    for key in keys:
        timeline.add(*key, key)
    wanted = [
        key
        for key in sorted(set(keys), reverse=True)
        if (since is None or key[0] >= since) and (until is None or key[0] < until) and (behind is None or key < behind)
    ]
    assert list(timeline.newest_first(since, until, behind)) == wanted


@given(keys=st.lists(KEYS), border=st.integers(0, 50))
def test_dropping_leaves_exactly_what_is_not_older(keys, border):
    timeline = Timeline()
    added = sum(timeline.add(*key, key) for key in keys)
    gone = timeline.drop_before(border)
    kept = [row for _, row in timeline.oldest_first()]
    assert sorted(gone + kept) == sorted(set(keys))
    assert all(key[0] < border for key in gone)
    assert all(key[0] >= border for key in kept)
    assert added == len(set(keys))


@given(
    batches=st.lists(st.dictionaries(st.sampled_from("xyz"), st.tuples(st.integers(0, 9), st.just(1.0))), max_size=6)
)
def test_the_newest_value_wins_in_any_order_of_batches(batches):
    def times(ordered):
        held = {}
        for batch in ordered:
            held = merged(held, batch)
        return {key: time for key, (time, _) in held.items()}

    assert times(batches) == times(batches[::-1])


def test_the_newest_values_of_an_entity_are_bounded():
    many = {f"metric_{number}": (1, 0.0) for number in range(MAX_LATEST + 50)}
    held = merged({}, many)
    assert len(held) == MAX_LATEST
    assert merged(held, {"metric_0": (2, 5.0)})["metric_0"] == (2, 5.0)


def test_a_series_is_named_with_its_labels_sorted():
    assert series_key("node_load1", {}) == "node_load1"
    assert series_key("node_disk_io", {"op": "read", "device": "sda"}) == "node_disk_io{device=sda,op=read}"
