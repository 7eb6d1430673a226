"""Subject filters, partitions and names of consumers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundcrew.bus.outcome import hold_after, retry_after
from groundcrew.bus.subjects import consumer_name, filters_of, matches, partition_of
from groundcrew.contracts.streams import PARTITIONS, Durables

TOKENS = st.lists(st.text("abc", min_size=1, max_size=2), min_size=1, max_size=5)


@pytest.mark.parametrize(
    ("pattern", "subject", "covered"),
    [
        ("gc.*.observe.*.*", "gc.demo.observe.logs.host_3aa", True),
        ("gc.*.observe.*.*", "gc.demo.observe.logs", False),
        ("gc.*.observe.*.*", "gc.demo.observe.logs.host_3aa.3", False),
        ("gc.demo.>", "gc.demo.tick.review", True),
        ("gc.demo.>", "gc.demo", False),
        (">", "a", True),
        ("a.b", "a.b", True),
        ("a.b", "a.c", False),
        ("a", "a.b", False),
    ],
)
def test_a_filter_covers_a_subject(pattern, subject, covered):
    assert matches(pattern, subject) is covered


@given(TOKENS, st.data())
def test_a_subject_with_wildcards_for_tokens_covers_it(tokens, data):
    pattern = [data.draw(st.sampled_from([token, "*"])) for token in tokens]
    assert matches(".".join(pattern), ".".join(tokens))
    assert matches(".".join([*pattern[:-1], ">"]), ".".join([*tokens, "more"]))


@pytest.mark.parametrize(
    ("subject", "partition"),
    [  # as nats-server 2.15 put them
        ("gc.demo.observe.logs.host_3an2", 1),
        ("gc.demo.observe.logs.host_3an3", 2),
        ("gc.demo.observe.logs.host_3an4", 3),
        ("gc.demo.observe.logs.host_3an5", 0),
    ],
)
def test_partitions_are_those_of_the_server(subject, partition):
    assert partition_of(subject) == partition


@given(st.text("abc-_0123456789", min_size=1))
def test_all_kinds_of_observations_of_a_host_share_a_partition(host):
    partitions = {partition_of(f"gc.demo.observe.{kind}.{host}") for kind in ("logs", "metrics", "sel")}
    assert len(partitions) == 1
    assert partitions <= set(range(PARTITIONS))


def test_consumers_are_named_by_site_durable_and_partition_or_entity():
    assert consumer_name(Durables.RECORD, "demo", partition=3) == "demo-record-p3"
    assert consumer_name(Durables.FUSE, "demo") == "demo-fuse"
    assert consumer_name(Durables.RUNNER, "demo", entity="host:web-1") == "demo-runner-host_3aweb-1"
    assert filters_of(Durables.RUNNER, "demo", "host:web-1") == ("gc.demo.action.granted.host_3aweb-1",)


def test_the_longest_entity_still_gives_a_legal_name_of_its_own():
    one = consumer_name(Durables.RUNNER, "demo", entity="host:" + "é" * 120)
    other = consumer_name(Durables.RUNNER, "demo", entity="host:" + "é" * 119 + "e")
    assert len(one) < 255
    assert one != other


def test_waits_grow_and_are_bounded():
    assert [retry_after(n) for n in (1, 2, 3)] == [0.5, 1, 2]
    assert retry_after(10_000) == 60
    assert [hold_after(n) for n in (1, 2, 3)] == [0.5, 1, 2]
    assert hold_after(10_000) == 15
