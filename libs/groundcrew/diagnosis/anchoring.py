"""Where to begin looking for a pattern: at the literals that are rarest in logs.

`\\S+: Last path deleted` begins with what any line has, and an automaton is busy with it at every byte; `Last path
deleted` it finds at next to no cost. What comes before may be left out, as whoever finds a line asks the whole pattern.
"""

from collections.abc import Collection, Sequence
from functools import lru_cache

from groundcrew.diagnosis.pattern_syntax import Alternatives, Assertion, Characters, Node, Repetition, Sequential
from groundcrew.diagnosis.rarity import EDGE, rarity

_MAX_LITERALS = 40
_MAX_CODES = 3
_MAX_TIMES = 2
_SHORTEST = 2
_ENOUGH = 8.0
"""Bits from which on a beginning costs next to nothing: an even rarer one would only leave out more of the pattern, and
name more lines in vain."""

_GAIN = 0.5
"""Bits that a later beginning must be rarer: what is left out told lines apart, too."""


def anchored(node: Node) -> Node:
    """The pattern from its rarest beginning on: every text with a match of `node` has one of this."""
    return _Anchors().anchored(node)


class _Anchors:
    """Of one pattern. What a part of it may be is asked for every place to begin, and worked out once."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[Node, Sequence[str] | None]] = {}

    def anchored(self, node: Node) -> Node:
        if isinstance(node, Alternatives):
            return Alternatives(tuple(self.anchored(part) for part in node.parts))
        parts = _flat(node)
        best, rarest = node, self._begins_with(Sequential(tuple(parts)))
        if rarest >= _ENOUGH:
            return node
        for at, part in enumerate(parts):
            if at and self._goes_on(parts[at - 1], part):
                continue
            first = self.anchored(part) if isinstance(part, Alternatives) else part
            rest = Sequential((first, *parts[at + 1 :]))
            found = self._begins_with(rest)
            if found > rarest + (_GAIN if at else 0.0):
                best, rarest = rest, found
            if rarest >= _ENOUGH:
                break
        return best

    def _goes_on(self, before: Node, part: Node) -> bool:
        """Whether a beginning at `part` would be one within a literal."""
        within = not isinstance(before, Assertion)
        return within and self._literals(part) is not None and self._literals(before) is not None

    def _begins_with(self, node: Node) -> float:
        """The rarity of what it begins with; below zero where that is no literal."""
        literals = _shortest(self._beginnings(node))
        return rarity(literals) if literals and all(map(_tells, literals)) else -1.0

    def _beginnings(self, node: Node) -> Sequence[str]:
        """Lower-case texts one of which begins every match; the empty one where it may begin with too many."""
        match node:
            case Sequential(parts):
                found: Sequence[str] = [""]
                for part in parts:
                    literals = self._literals(part)
                    more = self._beginnings(part) if literals is None else literals
                    if len(more) * len(found) > _MAX_LITERALS:
                        break
                    found = [one + another for one in found for another in more]
                    if literals is None:
                        break
                return found
            case Repetition(inner, least, _):
                return self._beginnings(inner) if least else [""]
            case Alternatives(parts):
                every = [text for part in parts for text in self._beginnings(part)]
                return every if len(every) <= _MAX_LITERALS else [""]
        return self._literals(node) or [""]

    def _literals(self, node: Node) -> Sequence[str] | None:
        """All texts that it matches, in lower case; None where those are many."""
        known = self._known.get(id(node))
        if known is None:  # the node is held with it, so that its id stays its own
            known = self._known[id(node)] = (node, self._literals_of(node))
        return known[1]

    def _literals_of(self, node: Node) -> Sequence[str] | None:
        found: set[str] | None
        match node:
            case Assertion(text):
                return [EDGE if text == r"\b" else ""]
            case Characters(codes, wide, other):
                return None if wide or other else _letters(codes)
            case Repetition(inner, least, most):
                found = self._times(inner, least, most)
            case Sequential(parts):
                found = {""}
                for part in parts:
                    found = _joined(found, self._literals(part))
                    if found is None:
                        return None
            case Alternatives(parts):
                each = [self._literals(part) for part in parts]
                found = None if None in each else {text for one in each if one is not None for text in one}
        return None if found is None or len(found) > _MAX_LITERALS else sorted(found)

    def _times(self, inner: Node, least: int, most: int | None) -> set[str] | None:
        literals = self._literals(inner)
        if most is None or most > _MAX_TIMES or literals is None:
            return None
        found: set[str] | None = {""}
        every: set[str] = {""} if least == 0 else set()
        for count in range(1, most + 1):
            found = _joined(found, literals)
            if found is None:
                return None
            every |= found if count >= least else set()
        return every


@lru_cache(maxsize=1_024)
def _letters(codes: frozenset[int]) -> Sequence[str] | None:
    if codes <= _DIGITS:
        return ["0"]  # any number is about as rare as any other
    return sorted({chr(code).lower() for code in codes}) if len(codes) <= _MAX_CODES else None


_DIGITS = frozenset(map(ord, "0123456789"))


def _tells(literal: str) -> bool:
    """Whether it is more than a sign or a number, which any line may have."""
    said = literal.replace(EDGE, "")
    return len(said) >= _SHORTEST and not said.replace(" ", "").isdigit()


def _flat(node: Node) -> list[Node]:
    if isinstance(node, Sequential):
        return [inner for part in node.parts for inner in _flat(part)]
    return [node]


def _shortest(literals: Collection[str]) -> list[str]:
    """Without those that hold another one."""
    kept: list[str] = []
    for literal in sorted(set(literals), key=len):
        if not any(short in literal for short in kept):
            kept.append(literal)
    return kept


def _joined(some: set[str] | None, others: Sequence[str] | None) -> set[str] | None:
    if some is None or others is None or len(some) * len(others) > _MAX_LITERALS:
        return None
    return {one + another for one in some for another in others}
