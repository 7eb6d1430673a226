"""One pass of all patterns over a whole batch; captures only where something hit.

An engine looks for all patterns of a source at once (`engines`), so a line costs the same however many rules there are.
The few lines that it names are asked again with re2, pattern by pattern: what matches, and what is captured, is re2's
word alone, whichever engine looked (`groundcrew bench detection`).
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import re2

from groundcrew.diagnosis.engines import (
    Candidate,
    CompiledStore,
    Engine,
    EngineName,
    EngineUnusable,
    HyperscanEngine,
    Lines,
    NotCompiled,
    Re2Engine,
    compile_set,
    lines_of,
    loose_characters,
)
from groundcrew.diagnosis.locators import SPELLINGS
from groundcrew.diagnosis.rules import Rule, compile_pattern


class Match(NamedTuple):
    """Rule `rule` found (or, with `clears`, found its end told) in row `row`."""

    row: int
    rule: Rule
    captures: dict[str, str]
    clears: bool


@dataclass(frozen=True, slots=True)
class Beside:
    """A pattern that the engine does not take, and why; a re2 set looks for it beside, at re2's speed."""

    rule_id: str
    pattern: str
    reason: str


Spans = Sequence[tuple[int, int]]


class _Pattern:
    """One pattern of a rule. It is compiled when a line may match it for the first time: most never are."""

    __slots__ = ("_groups", "_refused", "_search", "clears", "identifiers", "rule", "text")

    def __init__(self, rule: Rule, text: str, identifiers: frozenset[str], *, clears: bool) -> None:
        self.rule = rule
        self.text = text
        self.identifiers = identifiers
        self.clears = clears
        self._search: Callable[[bytes], Spans | None] | None = None
        self._groups: tuple[tuple[str, int, Callable[[str], str] | None], ...] = ()
        self._refused: Any = None

    def captures(self, raw: bytes) -> dict[str, str] | None:
        """What its groups hold; None where it does not match."""
        search = self._search or self._compile()
        spans = search(raw)
        if spans is None or (self._refused is not None and self._refused(raw)):
            return None
        found: dict[str, str] = {}
        for name, at, spelling in self._groups:
            start, end = spans[at]
            if start < end:
                value = raw[start:end].decode("utf-8", "replace")
                found[name] = value if spelling is None else spelling(value)
        return found

    def _compile(self) -> Callable[[bytes], Spans | None]:
        compiled = compile_pattern(self.text, self.rule.id)
        self._groups = tuple((name, at, SPELLINGS.get(name)) for name, at in compiled.groupindex.items())
        if self.rule.not_patterns and not self.clears:
            self._refused = compile_set(self.rule.not_patterns).Match
        search = _searching(compiled)
        self._search = search  # last: another thread that sees it uses the rest
        return search


class Matcher:
    """The compiled patterns of rules of one source. Threads may use it at once.

    `engine` is the name of the one in use, `beside` are patterns that it does not take, and `unusable` says why `auto`
    did not take hyperscan, where it did not.
    """

    def __init__(
        self,
        rules: Sequence[Rule],
        *,
        engine: EngineName = "re2",
        compiled: CompiledStore | None = None,
        compiles: bool = True,
    ) -> None:
        """Where `compiles` is False, hyperscan is taken only with what `compiled` has, and re2 else. Raises
        EngineUnusable where `engine` is hyperscan and cannot be had."""
        self._patterns = [pattern for rule in rules for pattern in _patterns_of(rule)]
        self.unusable = ""
        texts = [pattern.text for pattern in self._patterns]
        self._engine, beside = self._opened(texts, engine, compiled, compiles=compiles)
        self.engine = self._engine.name
        self.beside = tuple(
            Beside(self._patterns[at].rule.id, texts[at], reason) for at, reason in sorted(beside.items())
        )
        self._rest = Re2Engine({at: texts[at] for at in beside}, chunk=1)

    def _opened(
        self, texts: Sequence[str], engine: EngineName, compiled: CompiledStore | None, *, compiles: bool
    ) -> tuple[Engine, dict[int, str]]:
        """The engine, and which patterns it does not look for, with why."""
        if engine != "re2":
            try:
                scanning = HyperscanEngine(texts, compiled, compiles=compiles)
            except NotCompiled:
                pass
            except EngineUnusable as error:
                if engine == "hyperscan":
                    raise
                self.unusable = str(error)
            else:
                return scanning, scanning.refused
        loose, beside = loose_characters(texts, compiled)
        return Re2Engine(loose), beside

    def match(
        self, texts: Sequence[str], identifiers: Sequence[str] | None = None, units: Sequence[str] | None = None
    ) -> list[Match]:
        """All matches, by row and then in the rules' order; at most one per rule and row, a hit before an end.

        `identifiers` and `units` are columns beside `texts`; an empty identifier is one the source does not know.
        """
        if not self._patterns or not texts:
            return []
        lines = lines_of(texts)
        matches: list[Match] = []
        for row, indices in self._candidates(lines):
            identifier = identifiers[row] if identifiers is not None else ""
            unit = units[row] if units is not None else ""
            self._confirm(matches, row, lines.texts[row], indices, identifier, unit)
        return matches

    def _candidates(self, lines: Lines) -> Iterable[Candidate]:
        """Rows that something may match, and positions of patterns, in order."""
        found = self._engine.candidates(lines)
        if not self.beside:
            return found  # the engine has all of them
        merged = dict(found)
        for row, indices in self._rest.candidates(lines):
            merged[row] = tuple(sorted((*merged.get(row, ()), *indices)))
        return sorted(merged.items())

    def _confirm(
        self, matches: list[Match], row: int, text: str, indices: Sequence[int], identifier: str, unit: str
    ) -> None:
        """Adds what surely matches."""
        raw = text.encode()
        done: Rule | None = None
        for index in indices:
            pattern = self._patterns[index]
            rule = pattern.rule
            if rule is done or (identifier and pattern.identifiers and identifier not in pattern.identifiers):
                continue
            groups = pattern.captures(raw)
            if groups is None:
                continue
            captures = {"unit": unit, "identifier": identifier, **rule.facts, **groups}
            matches.append(Match(row, rule, captures, pattern.clears))
            done = rule  # its other patterns come next


def _patterns_of(rule: Rule) -> Iterable[_Pattern]:
    identifiers = frozenset(rule.identifiers)
    for clears, patterns in ((False, rule.patterns), (True, rule.clear)):
        for text in patterns:
            yield _Pattern(rule, text, identifiers, clears=clears)


def _searching(compiled: Any) -> Callable[[bytes], Spans | None]:
    """Where a pattern and its groups are found in a text; (-1, -1) for a group that is not part of it.

    The package's own `search` and match objects take three times as long, for every hit.
    """
    match, anywhere = compiled._regexp.Match, re2._Anchor.UNANCHORED  # noqa: SLF001

    def search(raw: bytes) -> Spans | None:
        spans: Spans = match(anywhere, raw, 0, len(raw))
        return spans if spans[0][0] >= 0 else None

    return search
