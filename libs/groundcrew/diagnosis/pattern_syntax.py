"""Reads the part of re2's syntax that log patterns are written in (https://github.com/google/re2/wiki/Syntax).

One text is one line: it has no newline, so `(?m)` and `(?s)` change nothing and classes leave the newline out. Whatever
is not understood raises Untranslatable; nothing is guessed.
"""

import re
from dataclasses import dataclass
from typing import NoReturn

_NEWLINE = 10
_ALL = frozenset(range(128))
_DIGITS = frozenset(map(ord, "0123456789"))
_WORD = frozenset(code for code in _ALL if chr(code).isalnum()) | {ord("_")}
_SPACE = frozenset(map(ord, "\t\n\f\r "))
_ESCAPES = {"a": 7, "f": 12, "t": 9, "n": 10, "r": 13, "v": 11}
_PERL = {"d": _DIGITS, "w": _WORD, "s": _SPACE}
_UPPER = frozenset(range(ord("A"), ord("Z") + 1))
_LOWER = frozenset(range(ord("a"), ord("z") + 1))
_POSIX = {
    "alnum": _WORD - {ord("_")}, "alpha": _UPPER | _LOWER, "ascii": _ALL, "blank": frozenset(b"\t "),
    "cntrl": frozenset(range(32)) | {127}, "digit": _DIGITS, "graph": frozenset(range(33, 127)), "lower": _LOWER,
    "print": frozenset(range(32, 127)), "punct": frozenset(range(33, 127)) - (_WORD - {ord("_")}),
    "space": _SPACE | {11}, "upper": _UPPER, "word": _WORD, "xdigit": frozenset(b"0123456789abcdefABCDEF"),
}  # fmt: skip
FOLDED = {"\u017f": ord("s"), "\u212a": ord("k")}
"""Long s and the Kelvin sign: re2 takes them for s and k where case is ignored."""

_COUNTED = re.compile(r"\{(\d{1,4})(?:(,)(\d{1,4})?)?\}", re.ASCII)
_GROUP = re.compile(r"\(\?(?:P?<\w+>|([ims]*)(?:-([ims]*))?([:)]))", re.ASCII)
_HEX = re.compile(r"\\x(?:([0-9A-Fa-f]{2})|\{([0-9A-Fa-f]{1,6})\})")
_MAX_DEPTH = 40


class Untranslatable(ValueError):
    """A pattern, or a part of one, that is not read here; the text says which part."""


@dataclass(frozen=True, slots=True)
class Characters:
    """One character: of these ASCII codes, or (`wide`) any beyond ASCII, or exactly `other`, which is beyond ASCII.
    `folds`: case is ignored, so that those of `FOLDED` stand for ASCII letters as well."""

    codes: frozenset[int]
    wide: bool = False
    other: str = ""
    folds: bool = False


@dataclass(frozen=True, slots=True)
class Assertion:
    """Between characters: `^` and `$` of a line, `\\b`, `\\B`."""

    text: str


@dataclass(frozen=True, slots=True)
class Repetition:
    """`inner` from `least` to `most` times; None: without end."""

    inner: "Node"
    least: int
    most: int | None


@dataclass(frozen=True, slots=True)
class Sequential:
    """One after the other; none: the empty text."""

    parts: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Alternatives:
    """Any of them."""

    parts: tuple["Node", ...]


Node = Characters | Assertion | Repetition | Sequential | Alternatives


def parse(pattern: str) -> tuple[Node, bool]:
    """The pattern as a tree, and whether any part of it ignores case. Raises Untranslatable."""
    reader = _Reader(pattern)
    node = reader.alternatives(fold=False, depth=0)
    if reader.at < len(pattern):
        reader.refuse("an unopened group ends")
    return node, reader.folds


class _Reader:
    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self.at = 0
        self.folds = False

    def refuse(self, what: str) -> NoReturn:
        msg = f"{what} at character {self.at + 1}"
        raise Untranslatable(msg)

    def _next(self) -> str:
        if self.at >= len(self._pattern):
            self.refuse("the pattern ends too early")
        self.at += 1
        return self._pattern[self.at - 1]

    def _peek(self, text: str) -> bool:
        return self._pattern.startswith(text, self.at)

    def alternatives(self, *, fold: bool, depth: int) -> Node:
        if depth > _MAX_DEPTH:
            self.refuse(f"groups are nested deeper than {_MAX_DEPTH}")
        branches: list[Node] = []
        parts: list[Node] = []
        while self.at < len(self._pattern) and not self._peek(")"):
            if self._peek("|"):
                self.at += 1
                branches.append(Sequential(tuple(parts)))
                parts = []
            elif (found := _GROUP.match(self._pattern, self.at)) and found.group(3) == ")":
                self.at = found.end()
                fold = self._folding(found, fold)
            else:
                parts.append(self._repeated(self._atom(fold, depth)))
        branches.append(Sequential(tuple(parts)))
        return branches[0] if len(branches) == 1 else Alternatives(tuple(branches))

    def _folding(self, found: re.Match[str], fold: bool) -> bool:
        on, off = found.group(1) or "", found.group(2) or ""
        fold = (fold or "i" in on) and "i" not in off
        self.folds |= fold
        return fold

    def _atom(self, fold: bool, depth: int) -> Node:
        if self._peek("("):
            return self._group(fold, depth)
        if self._peek("["):
            self.at += 1
            return self._class(fold)
        if self._peek("\\"):
            return self._escape(fold)
        char = self._next()
        if char in "^$":
            return Assertion(char)
        if char == ".":
            return Characters(_ALL - {_NEWLINE}, wide=True)
        if char in "*+?":
            self.refuse(f"nothing to repeat before {char}")
        return self._single(ord(char), fold)

    def _group(self, fold: bool, depth: int) -> Node:
        if self._peek("(?"):
            found = _GROUP.match(self._pattern, self.at)
            if found is None:
                self.refuse("a group of an unknown kind")
            self.at = found.end()
            fold = self._folding(found, fold)
        else:
            self.at += 1
        inner = self.alternatives(fold=fold, depth=depth + 1)
        if self._next() != ")":
            self.refuse("a group does not end")
        return inner

    def _single(self, code: int, fold: bool) -> Node:
        if code == _NEWLINE:
            self.refuse("a newline, which no line has,")
        if code < 128:
            return _FOLDING[code] if fold else _PLAIN[code]
        if fold:
            self.refuse("a letter beyond ASCII whose case is ignored")
        if 0xD800 <= code <= 0xDFFF or code > 0x10FFFF or code == 0xFFFF:
            self.refuse("a code that is no character")
        return Characters(frozenset(), other=chr(code))

    def _repeated(self, node: Node) -> Node:
        least, most = 1, 1
        bound: int | None = most
        if self.at >= len(self._pattern):
            return node
        if (simple := self._pattern[self.at]) in "*+?":
            self.at += 1
            least, bound = {"*": (0, None), "+": (1, None), "?": (0, 1)}[simple]
        elif found := _COUNTED.match(self._pattern, self.at):
            self.at = found.end()
            least = int(found.group(1))
            bound = int(found.group(3)) if found.group(3) else None if found.group(2) else least
        else:
            return node
        if self._peek("?"):
            self.at += 1
        if isinstance(node, Assertion):
            self.refuse("a repeated assertion")
        return Repetition(node, least, bound)

    def _escape(self, fold: bool) -> Node:
        if self._pattern[self.at + 1 : self.at + 2] in ("A", "b", "B", "z"):
            self.at += 2
            char = self._pattern[self.at - 1]
            return Assertion({"A": "^", "z": "$"}.get(char, f"\\{char}"))
        codes, wide, code = self._escaped()
        if code is not None:
            return self._single(code, fold)
        return Characters(codes - {_NEWLINE}, wide=wide, folds=fold)

    def _escaped(self) -> tuple[frozenset[int], bool, int | None]:
        """What `\\d` (its codes), `\\D` (its codes and all beyond ASCII) or `\\.` (its one code) stands for."""
        if found := _HEX.match(self._pattern, self.at):
            self.at = found.end()
            code = int(found.group(1) or found.group(2), 16)
            return frozenset(), False, code
        self.at += 1
        char = self._next()
        if char in _PERL:
            return _PERL[char], False, None
        if char.lower() in _PERL:
            return _ALL - _PERL[char.lower()], True, None
        if char in _ESCAPES:
            return frozenset(), False, _ESCAPES[char]
        if not char.isascii() or char.isalnum():
            self.refuse(f"\\{char}")
        return frozenset(), False, ord(char)

    def _class(self, fold: bool) -> Node:
        negated = self._peek("^")
        self.at += negated
        codes: frozenset[int] = frozenset()
        wide, first = False, True
        while first or not self._peek("]"):
            first = False
            more, beyond = self._item()
            codes, wide = codes | more, wide or beyond
        self.at += 1
        if fold:
            codes = _folded(codes)
        if negated:
            codes, wide = _ALL - codes, not wide
        codes -= {_NEWLINE}
        if not codes and not wide:
            self.refuse("a class that nothing in a line is of")
        return Characters(codes, wide, folds=fold)

    def _item(self) -> tuple[frozenset[int], bool]:
        if self._peek("[:"):
            end = self._pattern.find(":]", self.at)
            name = self._pattern[self.at + 2 : end]
            if end < 0 or name not in _POSIX:
                self.refuse("a named class of an unknown name")
            self.at = end + 2
            return _POSIX[name], False
        codes, wide, low = self._member()
        if low is None:
            return codes, wide
        high: int | None = low
        if self._peek("-") and not self._peek("-]"):
            self.at += 1
            _, _, high = self._member()
        if high is None or high < low or high > 127:
            self.refuse("a range beyond ASCII")
        return frozenset(range(low, high + 1)), False

    def _member(self) -> tuple[frozenset[int], bool, int | None]:
        if self._peek("\\"):
            return self._escaped()
        return frozenset(), False, ord(self._next())


def _folded(codes: frozenset[int]) -> frozenset[int]:
    return codes | frozenset(ord(chr(code).swapcase()) for code in codes if chr(code).isalpha())


_PLAIN = tuple(Characters(frozenset({code})) for code in range(128))
_FOLDING = tuple(Characters(_folded(frozenset({code})), folds=True) for code in range(128))
