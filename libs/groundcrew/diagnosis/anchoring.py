"""Where to begin looking for a pattern: at the literals that are rarest in logs.

`\\S+: Last path deleted` begins with what any line has, and an automaton is busy with it at every byte; `Last path
deleted` it finds at next to no cost. What comes before may be left out, as whoever finds a line asks the whole pattern.
"""

from collections.abc import Collection, Sequence

from groundcrew.diagnosis.pattern_syntax import Alternatives, Assertion, Characters, Node, Repetition, Sequential
from groundcrew.diagnosis.rarity import rarity

_MAX_LITERALS = 40
_MAX_CODES = 3
_MAX_TIMES = 2
_SHORTEST = 2
_GAIN = 0.5
"""Bits that a later beginning must be rarer: what is left out told lines apart, too."""


def anchored(node: Node) -> Node:
    """The pattern from its rarest beginning on: every text with a match of `node` has one of this."""
    return _anchored(node)[0]


def _anchored(node: Node) -> tuple[Node, float]:
    """With the rarity of what it begins with; below zero where that is no literal."""
    if isinstance(node, Alternatives):
        branches = [_anchored(part)[0] for part in node.parts]
        whole = Alternatives(tuple(branches))
        return whole, _begins_with(whole)
    parts = _flat(node)
    best, rarest = node, _begins_with(Sequential(tuple(parts)))
    for at, part in enumerate(parts):
        if at and _literals(part) is not None and _literals(parts[at - 1]) is not None and not _between(parts[at - 1]):
            continue  # within a literal
        first = _anchored(part)[0] if isinstance(part, Alternatives) else part
        rest = Sequential((first, *parts[at + 1 :]))
        found = _begins_with(rest)
        if found > rarest + (_GAIN if at else 0.0):
            best, rarest = rest, found
    return best, rarest


def _between(node: Node) -> bool:
    return isinstance(node, Assertion)


def _flat(node: Node) -> list[Node]:
    if isinstance(node, Sequential):
        return [inner for part in node.parts for inner in _flat(part)]
    return [node]


def _begins_with(node: Node) -> float:
    literals = _shortest(_beginnings(node))
    return rarity(literals) if literals and min(map(len, literals)) >= _SHORTEST else -1.0


def _shortest(literals: Collection[str]) -> list[str]:
    """Without those that hold another one."""
    kept: list[str] = []
    for literal in sorted(set(literals), key=len):
        if not any(short in literal for short in kept):
            kept.append(literal)
    return kept


def _beginnings(node: Node) -> Sequence[str]:
    """Lower-case texts one of which begins every match; the empty one where it may begin with too many."""
    match node:
        case Sequential(parts):
            found: Sequence[str] = [""]
            for part in parts:
                literals = _literals(part)
                more = _beginnings(part) if literals is None else literals
                if len(more) * len(found) > _MAX_LITERALS:
                    break
                found = [one + another for one in found for another in more]
                if literals is None:
                    break
            return found
        case Repetition(inner, least, _):
            return _beginnings(inner) if least else [""]
        case Alternatives(parts):
            every = [text for part in parts for text in _beginnings(part)]
            return every if len(every) <= _MAX_LITERALS else [""]
    return _literals(node) or [""]


def _literals(node: Node) -> Sequence[str] | None:
    """All texts that it matches, in lower case; None where those are many."""
    found: set[str] | None
    match node:
        case Assertion():
            found = {""}
        case Characters(codes, wide, other):
            few = not wide and not other and len(codes) <= _MAX_CODES
            found = {chr(code).lower() for code in codes} if few else None
        case Repetition(inner, least, most):
            found = _times(inner, least, most)
        case Sequential(parts):
            found = {""}
            for part in parts:
                found = _joined(found, _literals(part))
        case Alternatives(parts):
            each = [_literals(part) for part in parts]
            found = None if None in each else {text for one in each if one is not None for text in one}
    return None if found is None or len(found) > _MAX_LITERALS else sorted(found)


def _times(inner: Node, least: int, most: int | None) -> set[str] | None:
    literals = _literals(inner)
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


def _joined(some: set[str] | None, others: Sequence[str] | None) -> set[str] | None:
    if some is None or others is None or len(some) * len(others) > _MAX_LITERALS:
        return None
    return {one + another for one in some for another in others}
