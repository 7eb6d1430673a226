"""Whichever engine looks, the matches are those of each pattern asked by itself with re2."""

import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from groundcrew.diagnosis.engines import (
    EngineName,
    EngineUnusable,
    HyperscanEngine,
    database_key,
    lines_of,
    loose_characters,
)
from groundcrew.diagnosis.matching import Matcher
from groundcrew.diagnosis.prefilter import Untranslatable, prefilter
from groundcrew.diagnosis.rules import Example, Rule, compile_pattern
from groundcrew.runtime.packs import load_packs

RULES = [rule for rule in load_packs().knowledge.rules if rule.source == "log"]
Found = set[tuple[int, str, bool, tuple[tuple[str, str], ...]]]


def a_rule(pattern: str, number: int = 0) -> Rule:
    return Rule(
        id=f"test.n{number}",
        title="test",
        severity="info",
        component_class="software",
        patterns=[pattern],
        examples=[Example(text="x")],
        meaning="x",
        steps=["x"],
    )


def engines() -> Iterator[EngineName]:
    yield "re2"
    try:
        Matcher([a_rule("x")], engine="hyperscan")
    except EngineUnusable:
        return
    yield "hyperscan"


ENGINES = tuple(engines())
needs_hyperscan = pytest.mark.skipif("hyperscan" not in ENGINES, reason="hyperscan has no wheel here")


@cache
def shipped(engine: EngineName) -> Matcher:
    return Matcher(RULES, engine=engine)


@cache
def searches(engine: EngineName, *patterns: str) -> Matcher:
    return Matcher([a_rule(pattern, number) for number, pattern in enumerate(patterns)], engine=engine)


def one_line(text: str) -> str:
    return text.replace("\n", " ").encode("utf-8", "replace").decode()


@cache
def asked(pattern: str) -> Any:
    return compile_pattern(pattern, "").search


def each_by_itself(rules: list[Rule], texts: list[str]) -> Found:
    """The plain way: every line, every rule, every pattern."""
    found: Found = set()
    for row, text in enumerate(map(one_line, texts)):
        for rule in rules:
            refused = any(asked(p)(text) for p in rule.not_patterns)
            hits = [(False, p) for p in rule.patterns if not refused] + [(True, p) for p in rule.clear]
            for clears, pattern in hits:
                if hit := asked(pattern)(text):
                    named = rule.facts | {n: value for n, value in hit.groupdict().items() if value and n not in SPELT}
                    found.add((row, rule.id, clears, tuple(sorted(named.items()))))
                    break
    return found


SPELT = {"pci", "dev", "disk", "unit", "identifier"}


def by(matcher: Matcher, texts: list[str]) -> Found:
    return {
        (
            match.row,
            match.rule.id,
            match.clears,
            tuple(sorted((name, value) for name, value in match.captures.items() if name not in SPELT)),
        )
        for match in matcher.match(texts)
    }


EXAMPLES = [e.text for rule in RULES for e in (*rule.examples, *rule.counter_examples)]
ODD = ["\0", "é", "日本", "🖥", "ſ", "K", "\v", "\r", "\t", "\n", "\x1b[31m", "\ud800", "\x85", "\u2028", "", "S", "-"]


@st.composite
def bent(draw: st.DrawFn) -> str:
    """An example with something odd put into it, cut, doubled, or in another case."""
    text = draw(st.sampled_from(EXAMPLES))
    at = draw(st.integers(0, len(text)))
    odd = draw(st.sampled_from(ODD)) * draw(st.sampled_from([1, 1, 1, 3, 90]))
    change = draw(st.sampled_from(["insert", "insert", "replace", "cut", "double", "case", "long"]))
    return {
        "insert": text[:at] + odd + text[at:],
        "replace": text[:at] + odd + text[at + 1 :],
        "cut": text[at:],
        "double": text + odd + text,
        "case": text.swapcase(),
        "long": "x" * 9_000 + odd + text,
    }[change]


any_line = st.sampled_from(EXAMPLES) | bent() | st.text(st.characters(exclude_categories=[]), max_size=40)


@pytest.mark.parametrize("engine", ENGINES)
@settings(max_examples=30, deadline=None)
@given(texts=st.lists(any_line, max_size=12))
def test_shipped_patterns_match_what_each_matches_by_itself(engine: EngineName, texts: list[str]) -> None:
    assert by(shipped(engine), texts) == each_by_itself(RULES, texts)


@cache
def found_in_many() -> Found:
    """The plain way takes 20 ms for a line: a third of the examples, once for both engines."""
    return each_by_itself(RULES, EXAMPLES[::3])


@pytest.mark.parametrize("engine", ENGINES)
def test_many_examples_at_once(engine: EngineName) -> None:
    assert by(shipped(engine), EXAMPLES[::3]) == found_in_many()


@needs_hyperscan
def test_both_engines_find_the_same_in_every_example() -> None:
    assert by(shipped("hyperscan"), EXAMPLES) == by(shipped("re2"), EXAMPLES)


@pytest.mark.parametrize("engine", ENGINES)
def test_no_shipped_pattern_is_looked_for_beside(engine: EngineName) -> None:
    assert not shipped(engine).beside


def test_matches_come_in_the_order_of_rows_and_rules() -> None:
    for engine in ENGINES:
        found = searches(engine, "b", "a").match(["x", "ab", "", "a"])
        assert [(match.row, match.rule.id) for match in found] == [(1, "test.n0"), (1, "test.n1"), (3, "test.n1")]


atoms = st.sampled_from(
    [
        *("a", "b", "k", "s", "S", "1", " ", "-", ":", "é", ".", r"\.", r"\x41", r"\t"),
        *(r"\d", r"\w", r"\s", r"\S", r"\D", r"\W", r"\b", r"\B", "^", "$", r"\A", r"\z"),
        *("[ab]", "[^a]", "[^:]", r"[\w-]", r"[^\s:]", "[a-k]", "[[:space:]]", "[]a]", r"[^\W]", "[^ab:]"),
    ]
)
repeats = st.sampled_from(["", "", "", "*", "+", "?", "*?", "+?", "{2}", "{0,3}", "{1,40}", "{2,}", "{0,200}?"])
patterns = st.recursive(
    st.tuples(atoms, repeats).map("".join),
    lambda inner: (
        st.lists(inner, min_size=1, max_size=4).map("".join)
        | st.lists(inner, min_size=1, max_size=3).map(lambda parts: f"(?:{'|'.join(parts)})")
        | st.tuples(inner, repeats).map(lambda pair: f"({pair[0]}){pair[1]}")
        | inner.map(lambda part: f"(?i:{part})")
        | inner.map(lambda part: f"(?i){part}")
    ),
    max_leaves=8,
)
short_texts = st.text(st.sampled_from("aabbkKsS1 -:.Aéſ\u212a日\v\t\r\0\n\ud800"), max_size=14)


@settings(max_examples=200, deadline=None)
@given(pattern=patterns, texts=st.lists(short_texts, min_size=1, max_size=12))
@example(pattern="(?i:k)", texts=["\u212a", "x"])
@example(pattern="a.{0,3}b", texts=["a日日日b"])
@example(pattern=r"a\Sb", texts=["a\vb"])
@example(pattern="^a$", texts=["a", "", "a\nb", "b"])
@example(pattern="a[^b]c", texts=["a", "c", "aéc"])
def test_any_pattern_matches_what_it_matches_by_itself(pattern: str, texts: list[str]) -> None:
    try:
        rules = [a_rule(pattern, 0), a_rule("ab", 1)]
    except ValueError:
        assume(False)  # re2 takes it for no pattern, and so it is in no pack
    expected = each_by_itself(rules, texts)
    for engine in ENGINES:
        assert by(searches(engine, pattern, "ab"), texts) == expected, engine


@settings(max_examples=200, deadline=None)
@given(pattern=patterns, text=short_texts)
def test_the_looser_pattern_finds_all_that_the_pattern_finds(pattern: str, text: str) -> None:
    try:
        compiled = compile_pattern(pattern, "")
        loose = prefilter(pattern)
    except ValueError:
        assume(False)
    line = one_line(text)
    if compiled.search(line):
        assert compile_pattern(f"(?m:{loose.of_characters})", "").search(line)


def test_one_hit_of_a_greedy_end_is_found_once() -> None:
    for pattern in ("error: .{1,120}", "error: .*", r"error: (?P<x>\S+)(?: at \d+)?", "error: (?:a+|b{2,9})?x+"):
        loose = compile_pattern(prefilter(pattern).of_characters, "")
        assert loose.search("error: xx" + "x" * 200).end() <= len("error: x")


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("a*", "empty"),
        ("", "empty"),
        (r"\pL", "\\p"),
        ("(?U)a+", "unknown kind"),
        ("(?i:é)", "beyond ASCII"),
        ("[é-ü]", "beyond ASCII"),
        ("a\nb", "newline"),
        ("(" * 60 + "a" + ")" * 60, "deeper"),
    ],
)
def test_what_is_not_understood_is_refused_and_looked_for_beside(pattern: str, why: str) -> None:
    with pytest.raises(Untranslatable, match=re.escape(why)):
        prefilter(pattern)
    for engine in ENGINES:
        assert by(searches(engine, pattern, "ab"), ["xéa", "abü", "l"]) == each_by_itself(
            [a_rule(pattern, 0), a_rule("ab", 1)], ["xéa", "abü", "l"]
        )


@needs_hyperscan
def test_a_pattern_that_hyperscan_does_not_take_is_named() -> None:
    matcher = searches("hyperscan", r"\pL", "ab")
    assert [(beside.rule_id, beside.pattern) for beside in matcher.beside] == [("test.n0", r"\pL")]
    assert "\\p" in matcher.beside[0].reason


class Kept:
    """A store that counts."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.loads = self.stores = 0

    def load(self, key: str) -> bytes | None:
        self.loads += 1
        return self.files.get(key)

    def store(self, key: str, data: bytes) -> None:
        self.stores += 1
        self.files[key] = data


@needs_hyperscan
def test_a_compiled_database_is_taken_from_the_store() -> None:
    kept, rules = Kept(), [a_rule("ab+", 0), a_rule("c$", 1)]
    for _ in range(2):
        assert len(Matcher(rules, engine="hyperscan", compiled=kept).match(["ab", "c", "cd"])) == 2
    assert (kept.loads, kept.stores) == (2, 1)
    Matcher([a_rule("ab+", 0)], engine="hyperscan", compiled=kept)
    assert kept.stores == 2


@needs_hyperscan
def test_what_is_looked_for_beside_or_without_case_is_the_same_with_a_database_from_the_store() -> None:
    kept = Kept()
    rules = [a_rule(pattern, number) for number, pattern in enumerate((r"\pL\d", "c$", "(?i)skip", r"\pN\pN"))]
    texts = ["é1", "c", "\u017fKIP", "skip", "12", "nothing"]
    fresh = Matcher(rules, engine="hyperscan", compiled=kept)
    again = Matcher(rules, engine="hyperscan", compiled=kept, compiles=False)
    assert kept.stores == 1
    assert again.engine == "hyperscan"
    assert again.beside == fresh.beside
    assert len(again.beside) == 2
    assert by(again, texts) == by(fresh, texts) == each_by_itself(rules, texts)


@needs_hyperscan
def test_a_change_of_how_patterns_are_read_needs_new_databases(monkeypatch: pytest.MonkeyPatch) -> None:
    before = database_key(["a"], "1")
    monkeypatch.setattr("groundcrew.diagnosis.engines._reading", lambda: b"another")
    assert database_key(["a"], "1") != before


@needs_hyperscan
@pytest.mark.parametrize(
    "damage",
    [lambda d: b"", lambda d: d[:-1], lambda d: d[:60] + bytes([d[60] ^ 1]) + d[61:], lambda d: d + d],
    ids=["empty", "cut", "flipped", "doubled"],
)
def test_a_damaged_database_is_compiled_anew(damage: Callable[[bytes], bytes]) -> None:
    kept, rules = Kept(), [a_rule("ab+", 0)]
    Matcher(rules, engine="hyperscan", compiled=kept)
    (key, data), *_ = kept.files.items()
    kept.files[key] = damage(data)
    assert len(Matcher(rules, engine="hyperscan", compiled=kept).match(["ab"])) == 1
    assert kept.files[key] == data


def test_the_key_tells_patterns_and_versions_apart() -> None:
    keys = [database_key(["a", "b"], "1"), database_key(["ab"], "1"), database_key(["a", "b"], "2")]
    assert len(set(keys)) == 3


@needs_hyperscan
def test_two_scans_at_once_do_not_meet() -> None:
    engine = HyperscanEngine(["ab"])
    lines = lines_of(["xab"])
    inside = []
    taken = engine._scratch_of_its_own()
    inside.append(engine.candidates(lines))
    engine._scratch.append(taken)
    inside.append(engine.candidates(lines))
    assert inside == [[(0, (0,))]] * 2


class Shelf:
    """A store that holds what it is given."""

    def __init__(self, broken: bytes | None = None) -> None:
        self.held: dict[str, bytes] = {}
        self._broken = broken

    def load(self, key: str) -> bytes | None:
        return self._broken if self._broken is not None else self.held.get(key)

    def store(self, key: str, data: bytes) -> None:
        self.held[key] = data


def test_what_was_loosened_is_taken_from_the_store() -> None:
    texts, shelf = ["error: .{1,120}", "x*"], Shelf()
    first = loose_characters(texts, shelf)
    assert len(shelf.held) == 1
    assert loose_characters(texts, shelf) == first
    assert loose_characters([*texts, "y+"], shelf) != first


@pytest.mark.parametrize("broken", [b"", b"{", b"[[], []]", b'[[[0, 7]], [[1, "x"]]]', b'[[[0, "a"]], []]'])
def test_a_broken_store_costs_only_time(broken: bytes) -> None:
    texts = ["error: .{1,120}", "x*"]
    assert loose_characters(texts, Shelf(broken)) == loose_characters(texts, None)
