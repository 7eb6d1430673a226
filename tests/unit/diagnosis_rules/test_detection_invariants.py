"""What must hold for any stream: no crash, no dependence on how it was cut into batches, none on restarts."""

import itertools
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from groundcrew.contracts.envelope import Envelope
from groundcrew.contracts.incidents import TriggerRaised
from groundcrew.diagnosis.detector import Detector, Knowledge
from groundcrew.diagnosis.matching import Matcher
from groundcrew.diagnosis.memory import MAX_TRACKS, Memory
from groundcrew.diagnosis.rules import compile_pattern
from groundcrew.runtime.packs import load_packs

from .seen import drafts, logs, readings, records, samples, units

KNOWLEDGE = load_packs().knowledge
LINES = [(e.identifier, e.text) for rule in KNOWLEDGE.rules if rule.source == "log" for e in rule.examples] + [
    ("systemd", "report-gen.service: Scheduled restart job, restart counter is at 1."),
    ("mdadm", "RebuildFinished event detected on md device /dev/md0"),
    ("kernel", "bnxt_en 0000:19:00.0 eno1np0: NIC Link is Up, 25000 Mbps"),
    ("kernel", "Linux version 5.15.0-119-generic"),
    ("CRON", "nothing of note"),
]
Line = tuple[float, str, str]

streams = st.lists(
    st.tuples(st.integers(-30, 120), st.sampled_from(LINES)).map(lambda drawn: (drawn[0], *drawn[1])), max_size=40
)


def _timed(steps: list[tuple[int, str, str]]) -> list[Line]:
    """Steps become times; now and then one lies before its neighbour."""
    now, timed = 1_000.0, []
    for step, identifier, text in steps:
        timed.append((now + step if step < 0 else now, identifier, text))
        now += max(step, 0)
    return timed


def _cut(lines: list[Line], cuts: list[int]) -> list[Envelope[Any]]:
    edges = [0, *sorted({min(cut, len(lines)) for cut in cuts}), len(lines)]
    return [logs(*lines[a:b], first=a) for a, b in itertools.pairwise(edges) if a < b]


def _told(found: list[Any]) -> list[tuple[str, int, TriggerRaised]]:
    return [(draft.id, draft.time_us, draft.data) for draft in found]


@given(streams, st.lists(st.integers(0, 40), max_size=6))
@settings(max_examples=150, deadline=None)
def test_the_borders_of_batches_change_nothing(steps: list[tuple[int, str, str]], cuts: list[int]) -> None:
    lines = _timed(steps)
    whole = drafts(DETECTOR(), *_cut(lines, []))
    assert _told(drafts(DETECTOR(), *_cut(lines, cuts))) == _told(whole)


@given(streams, st.lists(st.integers(0, 40), max_size=6))
@settings(max_examples=100, deadline=None)
def test_a_restart_between_batches_changes_nothing(steps: list[tuple[int, str, str]], cuts: list[int]) -> None:
    batches = _cut(_timed(steps), cuts)
    detector, found = DETECTOR(), []
    for batch in batches:
        found += detector.observe(batch)
        state = detector.state(batch.entity)
        detector = DETECTOR()
        detector.restore(batch.entity, state)
    assert _told(found) == _told(drafts(DETECTOR(), *batches))


@given(streams)
@settings(max_examples=50, deadline=None)
def test_ids_are_used_once(steps: list[tuple[int, str, str]]) -> None:
    ids = [draft.id for draft in drafts(DETECTOR(), *_cut(_timed(steps), []))]
    assert len(ids) == len(set(ids))


def DETECTOR() -> Detector:  # noqa: N802 - reads as the constant that it stands for
    """A fresh detector over matchers that are compiled once."""
    detector = Detector(Knowledge())
    for part in ("_logs", "_sel", "_sensors", "_metrics", "_services", "_specs"):
        setattr(detector, part, getattr(_COMPILED, part))
    return detector


_COMPILED = Detector(KNOWLEDGE)

any_text = st.text(st.characters(exclude_categories=[]), max_size=60)
finite_time = st.floats(-1e9, 1e9)


@given(st.lists(st.tuples(finite_time, any_text, any_text), max_size=20))
@settings(max_examples=100, deadline=None)
def test_no_line_makes_it_raise(lines: list[Line]) -> None:
    drafts(DETECTOR(), logs(*lines))


@given(
    st.lists(st.tuples(finite_time, st.floats(allow_nan=True, allow_infinity=True)), max_size=20),
    st.sampled_from(sorted({t.metric for t in KNOWLEDGE.thresholds})),
    any_text,
)
@settings(max_examples=100, deadline=None)
def test_no_sample_makes_it_raise(values: list[tuple[float, float]], name: str, label: str) -> None:
    detector = DETECTOR()
    drafts(detector, samples(name, *values, mountpoint=label.encode("utf-8", "replace").decode(), device="eno1"))


@given(
    st.lists(
        st.tuples(finite_time, any_text, st.sampled_from(["active", "failed", "activating", "x"]), any_text),
        max_size=20,
    ),
    st.lists(st.tuples(finite_time, st.one_of(st.none(), st.floats()), st.sampled_from(["ok", "nr", "ns", "?"]))),
    st.lists(st.tuples(finite_time, any_text, any_text, st.sampled_from([True, False, None])), max_size=20),
)
@settings(max_examples=100, deadline=None)
def test_no_state_reading_or_record_makes_it_raise(rows: list[Any], polls: list[Any], sel: list[Any]) -> None:
    drafts(DETECTOR(), units(*rows), readings("FAN5", *polls), records(*sel))


LOG_RULES = [rule for rule in KNOWLEDGE.rules if rule.source == "log"]
ALL_AT_ONCE = Matcher(LOG_RULES)
EACH_BY_ITSELF = [
    (rule.id, [compile_pattern(p, "") for p in rule.patterns], [compile_pattern(p, "") for p in rule.not_patterns])
    for rule in LOG_RULES
]


@given(st.lists(st.sampled_from([text for _, text in LINES]) | any_text, max_size=30))
@settings(max_examples=100, deadline=None)
def test_one_pass_finds_what_every_pattern_by_itself_finds(texts: list[str]) -> None:
    expected = set()
    for row, text in enumerate(texts):
        line = text.replace("\n", " ").encode("utf-8", "replace").decode()
        for rule_id, patterns, not_patterns in EACH_BY_ITSELF:
            if any(p.search(line) for p in patterns) and not any(p.search(line) for p in not_patterns):
                expected.add((row, rule_id))
    assert {(m.row, m.rule.id) for m in ALL_AT_ONCE.match(texts) if not m.clears} == expected


def test_memory_is_bounded_and_tells_what_it_dropped() -> None:
    detector = DETECTOR()
    rows = [(float(n), f"worker@{n}.service", "failed", "failed") for n in range(MAX_TRACKS + 50)]
    drafts(detector, units(*rows))
    assert detector.take_counts().evictions == 50


def test_the_end_of_what_gave_way_to_others_is_told_all_the_same() -> None:
    detector = DETECTOR()
    rows = [(float(n), f"worker@{n}.service", "failed", "failed") for n in range(MAX_TRACKS + 50)]
    drafts(detector, units(*rows))
    ended = drafts(detector, units((1_000.0, "worker@0.service", "active", "running")))
    assert [(d.data.component, d.data.state.value) for d in ended] == [("worker@0.service", "cleared")]


def test_state_stays_below_the_largest_message() -> None:
    detector = DETECTOR()
    long = "x" * 6_000
    rows = [(float(n), f"{n}{long}.service", "failed", "failed") for n in range(200)]
    drafts(detector, units(*rows))
    assert len(detector.state("host:edge-03")) <= 700_000
    assert detector.take_counts().evictions > 0


def test_state_of_another_kind_is_refused() -> None:
    for data in (b"", b"[]", b'{"v": 99}', b'{"v": 1}', b"\xff"):
        try:
            Memory.restore(data)
        except ValueError:
            continue
        raise AssertionError(data)
