"""A looser pattern for each re2 pattern: it finds every line that the pattern matches, and few others.

All patterns are looked for at once in many joined lines, and only the lines found are asked about one by one. What is
looked for may therefore be simpler than what was written: no captures, no upper bounds that cost states, no greedy ends
(`error: .{1,120}` is found at `error: x` once instead of 120 times). The reading is exact where it must be: one line is
one text without a newline, `\\s`, `\\w` and `\\b` are ASCII as in re2, and a character of several bytes may stand where
the pattern takes any character. What is not understood is refused; such patterns are looked for as they are, beside.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from groundcrew.diagnosis.anchoring import anchored
from groundcrew.diagnosis.pattern_syntax import (
    FOLDED,
    Alternatives,
    Assertion,
    Characters,
    Node,
    Repetition,
    Sequential,
    Untranslatable,
    parse,
)

__all__ = ["Prefilter", "Untranslatable", "prefilter"]

_MAX_STATES = 32
"""A repetition that may go on longer is taken to go on for ever: that is one state of an automaton instead of many."""

_MIN_STATES = 16


@dataclass(frozen=True, slots=True)
class Prefilter:
    """The looser pattern, once for engines that read bytes and once for those that read characters, in multi-line
    mode. `folds`: case is ignored somewhere, so that lines with one of `FOLDED` are not for those that read bytes."""

    of_bytes: bytes
    of_characters: str
    folds: bool


@lru_cache(maxsize=16_384)  # packs are compiled again at every reload, and by every replay of a process
def prefilter(pattern: str) -> Prefilter:
    """Raises Untranslatable where there is none; `pattern` must be one that re2 compiles."""
    node, folds = parse(pattern)
    loose = _head(_tail(_loosen(anchored(node))))
    if _may_be_empty(loose):
        msg = "it may match an empty text"
        raise Untranslatable(msg)
    if folds:
        return Prefilter(_write(loose, _BYTES).encode(), _write(loose, _CHARACTERS), folds)
    text = _write(loose, _BEYOND)
    return Prefilter(text.replace(_BEYOND, _BYTES).encode(), text.replace(_BEYOND, _CHARACTERS), folds)


_BYTES, _CHARACTERS = r"\x80-\xff", r"\x{80}-\x{10ffff}"
"""How a class names all that is not ASCII."""

_BEYOND = "\uffff"
"""Stands for either until it is known which; no pattern that is read has it, as it is no character."""


def _loosen(node: Node) -> Node:
    """The same without upper bounds that cost states; a character that may have several bytes may be one or more."""
    match node:
        case Characters(wide=True):
            return Repetition(node, 1, None)
        case Repetition(inner, least, most):
            if isinstance(inner, Characters) and inner.wide:
                return Repetition(inner, min(least, _MIN_STATES), None)
            return Repetition(
                _loosen(inner), min(least, _MIN_STATES), most if most is not None and most <= _MAX_STATES else None
            )
        case Sequential(parts):
            return Sequential(tuple(_loosen(part) for part in parts))
        case Alternatives(parts):
            return Alternatives(tuple(_loosen(part) for part in parts))
    return node


_EMPTY = Sequential(())


def _tail(node: Node) -> Node:
    """The shortest end: a text that has a match of `node` has one of this, which ends no later."""
    match node:
        case Repetition(inner, least, _):
            if least == 0:
                return _EMPTY
            return _tail(inner) if least == 1 else Repetition(inner, least, least)
        case Sequential(parts):
            kept = list(parts)
            while kept:
                last = _tail(kept.pop())
                if last != _EMPTY:
                    return Sequential((*kept, last))
            return _EMPTY
        case Alternatives(parts):
            cut = tuple(_tail(part) for part in parts)
            return _EMPTY if _EMPTY in cut else Alternatives(cut)
    return node


def _head(node: Node) -> Node:
    """The shortest beginning, as `_tail`."""
    match node:
        case Repetition(inner, least, _):
            if least == 0:
                return _EMPTY
            return _head(inner) if least == 1 else Repetition(inner, least, least)
        case Sequential(parts):
            for index, part in enumerate(parts):
                first = _head(part)
                if first != _EMPTY:
                    return Sequential((first, *parts[index + 1 :]))
            return _EMPTY
        case Alternatives(parts):
            cut = tuple(_head(part) for part in parts)
            return _EMPTY if _EMPTY in cut else Alternatives(cut)
    return node


def _may_be_empty(node: Node) -> bool:
    match node:
        case Repetition(inner, least, _):
            return least == 0 or _may_be_empty(inner)
        case Sequential(parts):
            return all(_may_be_empty(part) for part in parts)
        case Alternatives(parts):
            return any(_may_be_empty(part) for part in parts)
    return isinstance(node, Assertion)


def _write(node: Node, beyond: str) -> str:
    match node:
        case Assertion(text):
            return text
        case Characters(other=other) if other:
            return f"(?:{other})"
        case Characters(codes, wide, _, folds):
            more = "".join(letter for letter, code in FOLDED.items() if code in codes)
            return _class(codes, beyond if wide else more if folds and beyond == _CHARACTERS else "")
        case Repetition(inner, least, most):
            bounds = {(0, None): "*", (1, None): "+", (0, 1): "?", (1, 1): ""}.get((least, most))
            if bounds is None:
                bounds = f"{{{least}}}" if least == most else f"{{{least},{'' if most is None else most}}}"
            return f"(?:{_write(inner, beyond)}){bounds}"
        case Alternatives(parts):
            return f"(?:{'|'.join(_write(part, beyond) for part in parts)})"
        case Sequential(parts):
            return "".join(_write(part, beyond) for part in parts)


@lru_cache(maxsize=4_096)
def _class(codes: frozenset[int], beyond: str) -> str:
    if len(codes) == 1 and not beyond:
        return _code(next(iter(codes)))
    spans = "".join(_code(first) if first == last else f"{_code(first)}-{_code(last)}" for first, last in _spans(codes))
    return f"[{spans}{beyond}]"


def _spans(codes: frozenset[int]) -> Sequence[tuple[int, int]]:
    spans: list[tuple[int, int]] = []
    for code in sorted(codes):
        if spans and spans[-1][1] == code - 1:
            spans[-1] = (spans[-1][0], code)
        else:
            spans.append((code, code))
    return spans


def _code(code: int) -> str:
    return chr(code) if chr(code).isalnum() else f"\\x{code:02x}"
