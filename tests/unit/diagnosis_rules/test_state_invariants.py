"""What must hold for storms, crowds, flapping and silences, too: neither how a stream was cut into batches nor a
restart between them changes what is told, and every hit is counted."""

import itertools
from collections.abc import Sequence
from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from groundcrew.contracts.envelope import Envelope
from groundcrew.diagnosis.detector import Detector, Knowledge
from groundcrew.diagnosis.rules import parse_rules
from groundcrew.diagnosis.silencing import Silenced

from .seen import drafts, logs, us

RULES = """
[[rule]]
id = "test.state"
title = "{part} is broken"
severity = "warning"
component_class = "software"
component = "{part}"
patterns = ['^(?P<part>\\S+) broken$']
clear = ['^(?P<part>\\S+) well$', '^all well$']
debounce_s = 120
examples = [{ text = "a broken", component = "a" }]
meaning = "m"
steps = ["s"]

[[rule]]
id = "test.confirmed"
title = "{part} is down"
severity = "critical"
component_class = "nic"
component = "{part}"
patterns = ['^(?P<part>\\S+) down$']
clear = ['^(?P<part>\\S+) up$']
confirm_s = 30
examples = [{ text = "a down", component = "a" }]
meaning = "m"
steps = ["s"]

[[rule]]
id = "test.event"
title = "{part} had an event"
severity = "warning"
component_class = "software"
component = "{part}"
patterns = ['^(?P<part>\\S+) event$']
debounce_s = 60
examples = [{ text = "a event", component = "a" }]
meaning = "m"
steps = ["s"]

[[rule]]
id = "test.rate"
title = "{part} is corrected too often"
severity = "warning"
component_class = "dimm"
component = "{part}"
patterns = ['^(?P<part>\\S+) corrected$']
rate = { count = 5, window_s = 300 }
debounce_s = 60
examples = [{ text = "a corrected", component = "a" }]
meaning = "m"
steps = ["s"]
"""
KNOWLEDGE = Knowledge(rules=tuple(parse_rules(RULES, "test")))


def silenced(_entity: str, rule: str, _causes: Sequence[str], when: int) -> Silenced | None:
    """Ten minutes of every half an hour, for two of the rules."""
    since = (when // 1_000_000) % 1_800
    if rule not in {"test.state", "test.event"} or since >= 600:
        return None
    return Silenced("silence of the test", when - when % 1_000_000 + (600 - since) * 1_000_000)


def fresh() -> Detector:
    detector = Detector(Knowledge(), silenced=silenced)
    detector.adopt(_COMPILED)
    return detector


_COMPILED = Detector(KNOWLEDGE)
Step = tuple[int, str, str]

texts = st.sampled_from(
    ["a broken", "a well", "a down", "a up", "a event", "a corrected", "b broken", "b well", "all well", "of no note"]
)
storms = st.sampled_from(
    ["storm of a event", "storm of a broken", "crowd event", "crowd broken", "storm of a corrected"]
)
streams = st.lists(st.tuples(st.integers(-20, 200), texts | storms), max_size=40)


def lines_of(steps: list[tuple[int, str]]) -> list[Step]:
    """Steps become times; a storm is thirty lines within three seconds, a crowd eighty components."""
    now, timed, number = 1_000.0, [], 0
    for step, text in steps:
        at = now + step if step < 0 else now
        if text.startswith("storm of "):
            timed += [(at + n / 10, "app", text.removeprefix("storm of ")) for n in range(30)]
        elif text.startswith("crowd "):
            timed += [(at + n / 40, "app", f"p{number + n} {text.removeprefix('crowd ')}") for n in range(80)]
            number += 40
        else:
            timed.append((at, "app", text))
        now += max(step, 0)
    return timed  # type: ignore[return-value]


def cut(lines: list[Step], cuts: list[int]) -> list[Envelope[Any]]:
    edges = [0, *sorted({each % (len(lines) + 1) for each in cuts}), len(lines)]
    return [logs(*lines[a:b], first=a) for a, b in itertools.pairwise(edges) if a < b]


def told(found: list[Any]) -> list[Any]:
    return [(draft.id, draft.time_us, draft.data) for draft in found]


@given(streams, st.lists(st.integers(0, 3_000), max_size=6))
@settings(max_examples=150, deadline=None)
def test_the_borders_of_batches_change_nothing(steps: list[tuple[int, str]], cuts: list[int]) -> None:
    lines = lines_of(steps)
    whole = drafts(fresh(), *cut(lines, []))
    assert told(drafts(fresh(), *cut(lines, cuts))) == told(whole)


@given(streams, st.lists(st.integers(0, 3_000), max_size=6))
@settings(max_examples=100, deadline=None)
def test_a_restart_between_batches_changes_nothing(steps: list[tuple[int, str]], cuts: list[int]) -> None:
    batches = cut(lines_of(steps), cuts)
    detector, found = fresh(), []
    for batch in batches:
        found += detector.observe(batch)
        state = detector.state(batch.entity)
        detector = fresh()
        detector.restore(batch.entity, state)
    assert told(found) == told(drafts(fresh(), *batches))


@given(streams)
@settings(max_examples=100, deadline=None)
def test_ids_are_used_once_and_titles_and_evidence_are_bounded(steps: list[tuple[int, str]]) -> None:
    found = drafts(fresh(), *cut(lines_of(steps), []))
    assert len({draft.id for draft in found}) == len(found)
    for draft in found:
        assert len(draft.data.title) <= 300
        assert 1 <= len(draft.data.evidence) <= 10


@given(streams)
@settings(max_examples=100, deadline=None)
def test_every_event_is_counted(steps: list[tuple[int, str]]) -> None:
    """Of a rule without rate and end: what is told and what waits to be told are all hits."""
    lines = lines_of([(abs(step), text) for step, text in steps])
    detector = fresh()
    found = drafts(detector, *cut(lines, []))
    counted = sum(d.data.count for d in found if d.data.rule_id == "test.event")
    waits = sum(
        track.count
        for memory in detector._memories.values()
        for (rule, _), track in memory.tracks.items()
        if rule == "test.event"
    )
    assert counted + waits == sum(text.endswith(" event") for _, _, text in lines)


@given(streams)
@settings(max_examples=60, deadline=None)
def test_a_silence_changes_what_is_marked_and_nothing_else(steps: list[tuple[int, str]]) -> None:
    batches = cut(lines_of(steps), [])
    always = Detector(Knowledge(), silenced=lambda *_: Silenced("silence of the test", us(10**7)))
    loud = Detector(Knowledge())
    for detector in (always, loud):
        detector.adopt(_COMPILED)
    marked = drafts(always, *batches)
    assert all(bool(draft.data.silenced_by) == (draft.data.state.value == "raised") for draft in marked)
    bare = [(d.id, d.time_us, d.data.model_copy(update={"silenced_by": ""})) for d in marked]
    assert bare == told(drafts(loud, *batches))


def test_what_is_bad_when_a_silence_ends_is_raised() -> None:
    steps = [(900, "of no note"), (500, "a broken"), (0, "of no note")]
    marked, late = drafts(fresh(), *cut(lines_of(steps), []))
    assert (marked.time_us, marked.data.silenced_by) == (us(1_900), "silence of the test")
    assert (late.time_us, late.data.silenced_by) == (us(2_400), "")


def test_a_state_of_the_version_before_is_taken_up() -> None:
    detector = fresh()
    drafts(detector, *cut(lines_of([(60, "a corrected")] * 4), []))
    document = orjson.loads(detector.state("host:train-11"))
    for key in ("entity", "crowds", "flaps", "hushed"):
        del document[key]
    other = fresh()
    other.restore("host:train-11", orjson.dumps(document))
    [raised] = drafts(other, logs((1_241, "app", "a corrected"), first=9))
    assert (raised.data.rule_id, raised.data.count) == ("test.rate", 5)
