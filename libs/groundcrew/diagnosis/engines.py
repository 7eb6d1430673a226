"""Which lines of a batch may match which patterns: hyperscan where its wheel is, re2 elsewhere.

Both look for the looser patterns of `prefilter` and may name a line too many, never one too few; whoever asks confirms.
"""

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from hashlib import blake2b
from types import ModuleType
from typing import Any, Literal, Protocol

import orjson
import re2

from groundcrew.diagnosis import anchoring, pattern_syntax, rarity
from groundcrew.diagnosis import prefilter as prefilters
from groundcrew.diagnosis.pattern_syntax import FOLDED
from groundcrew.diagnosis.prefilter import Prefilter, Untranslatable, prefilter
from groundcrew.diagnosis.rules import MAX_MEMORY

EngineName = Literal["auto", "hyperscan", "re2"]

CHUNK = 12
"""Lines that re2 is asked about at once. Larger chunks cost fewer calls but hit more often."""

_MANY = 50
_FOLDED_BYTES = tuple(letter.encode() for letter in FOLDED)
_FORMAT = b"groundcrew patterns 2\n"
_LOOSE = b"groundcrew loose patterns 1"
"""Part of the key: changed whenever `prefilter` makes other patterns of the same ones."""


class CompiledStore(Protocol):
    """Where compiled databases are kept between starts. What it gives back is checked; losing one costs seconds."""

    def load(self, key: str) -> bytes | None: ...
    def store(self, key: str, data: bytes) -> None: ...


class EngineUnusable(Exception):
    """This machine or installation cannot run that engine; the text says why."""


class NotCompiled(Exception):
    """The patterns are not compiled yet, and compiling them now was not wanted."""


Candidate = tuple[int, tuple[int, ...]]
"""A row, and which patterns (by position among all that were given) may match it."""


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of a batch, and all of them as UTF-8 joined by newlines; none holds a newline itself."""

    texts: Sequence[str]
    joined: bytes


def lines_of(texts: Sequence[str]) -> Lines:
    """Each text as one line: the newlines of an entry of several become spaces. What came out of invalid UTF-8 as lone
    surrogates becomes '?'."""
    joined = "\n".join(texts)
    if joined.count("\n") >= len(texts):
        texts = [text.replace("\n", " ") for text in texts]
        joined = "\n".join(texts)
    try:
        return Lines(texts, joined.encode())
    except UnicodeEncodeError:
        texts = [text.encode("utf-8", "replace").decode() for text in texts]
        return Lines(texts, "\n".join(texts).encode())


class Engine(Protocol):
    """Finds candidates."""

    name: str

    def candidates(self, lines: Lines) -> list[Candidate]:
        """In order of their rows."""


class Re2Engine:
    """One re2 set over a few joined lines at once, and over single lines where those hit."""

    name = "re2"

    def __init__(self, patterns: Mapping[int, str], chunk: int = CHUNK) -> None:
        """`patterns` by position are those of `Prefilter.of_characters`; with `chunk` 1, any."""
        self._chunk = chunk
        self._places = sorted(patterns)
        self._found = compile_set([f"(?m:{patterns[at]})" for at in self._places]).Match if patterns else None

    def candidates(self, lines: Lines) -> list[Candidate]:
        found, texts, places = self._found, lines.texts, self._places
        rows: list[Candidate] = []
        if found is None:
            return rows
        for start in range(0, len(texts), self._chunk):
            chunk = texts[start : start + self._chunk]
            if found("\n".join(chunk)):
                for row, text in enumerate(chunk, start):
                    if indices := found(text):
                        rows.append((row, tuple(places[index] for index in sorted(indices))))
        return rows


def loosened(patterns: Sequence[str]) -> tuple[dict[int, Prefilter], dict[int, str]]:
    """By position: the looser patterns, and why there is none."""
    loose: dict[int, Prefilter] = {}
    refused: dict[int, str] = {}
    for at, pattern in enumerate(patterns):
        try:
            loose[at] = prefilter(pattern)
        except Untranslatable as error:
            refused[at] = str(error)
    return loose, refused


def loose_characters(patterns: Sequence[str], store: CompiledStore | None) -> tuple[dict[int, str], dict[int, str]]:
    """What re2 looks for, by position, and why some is none; out of the store where it holds that, as reading
    thousands of patterns takes seconds."""
    digest = blake2b(_LOOSE, digest_size=16)
    for pattern in patterns:
        digest.update(len(pattern.encode()).to_bytes(8, "big") + pattern.encode())
    key = f"loose-{digest.hexdigest()}"
    held = _held_loose(store.load(key), len(patterns)) if store is not None else None
    if held is not None:
        return held
    loose, refused = loosened(patterns)
    characters = {at: one.of_characters for at, one in loose.items()}
    if store is not None:
        store.store(key, orjson.dumps([list(characters.items()), list(refused.items())]))
    return characters, refused


def _held_loose(data: bytes | None, count: int) -> tuple[dict[int, str], dict[int, str]] | None:
    """What a store gave back, where it is whole."""
    if data is None:
        return None
    try:
        loose, refused = (dict(pairs) for pairs in orjson.loads(data))
    except (orjson.JSONDecodeError, TypeError, ValueError):
        return None
    whole = sorted([*loose, *refused]) == list(range(count))
    return (loose, refused) if whole and all(isinstance(one, str) for one in loose.values()) else None


def compile_set(patterns: Sequence[str]) -> Any:
    """A re2 set that searches for all of them at once. Large ones are kept: all replays of a process have the same."""
    return _kept_set(tuple(patterns)) if len(patterns) >= _MANY else _compiled_set(patterns)


@lru_cache(maxsize=4)
def _kept_set(patterns: tuple[str, ...]) -> Any:
    return _compiled_set(patterns)


def _compiled_set(patterns: Sequence[str]) -> Any:
    options = re2.Options()
    options.max_mem = MAX_MEMORY
    options.log_errors = False
    options.never_capture = True
    compiled = re2.Set.SearchSet(options)
    for pattern in patterns:
        compiled.Add(pattern)
    compiled.Compile()
    return compiled


class HyperscanEngine:
    """One hyperscan scan over all lines of a batch."""

    name = "hyperscan"

    def __init__(self, patterns: Sequence[str], store: CompiledStore | None = None, *, compiles: bool = True) -> None:
        """Raises EngineUnusable; NotCompiled where `store` does not have them and it is not to compile them. `refused`
        holds positions of patterns that it does not look for, with the reason."""
        self._hyperscan = _hyperscan()
        self.refused: dict[int, str] = {}
        self._folding: tuple[int, ...] = ()
        self._database: Any = None
        self._scratch: list[Any] = []
        if not patterns:
            return
        key = database_key(patterns, self._hyperscan.__version__)
        kept = store.load(key) if store is not None else None
        if kept is not None and self._take(kept, key):
            return
        if not compiles:
            raise NotCompiled
        if self._compile(patterns) and store is not None:
            store.store(key, _sealed(self._kept(), key))

    def candidates(self, lines: Lines) -> list[Candidate]:
        ends: list[tuple[int, int]] = []

        def note(index: int, _start: int, end: int, _flags: int, _context: object) -> None:
            ends.append((end, index))

        data = lines.joined
        if self._database is not None:
            scratch = self._scratch_of_its_own()
            try:
                self._database.scan(data, note, scratch=scratch)
            finally:
                self._scratch.append(scratch)
        found = _rows_of(ends, data)
        if self._folding and not data.isascii() and any(letter in data for letter in _FOLDED_BYTES):
            return self._with_folding(found, lines.texts)
        return found

    def _with_folding(self, found: list[Candidate], texts: Sequence[str]) -> list[Candidate]:
        """What ignores case may match any line with a letter that bytes do not fold."""
        rows = dict(found)
        for row, text in enumerate(texts):
            if any(letter in text for letter in FOLDED):
                rows[row] = tuple(sorted({*rows.get(row, ()), *self._folding}))
        return sorted(rows.items())

    def _scratch_of_its_own(self) -> Any:
        """Two scans at once may not share one: as many are made as threads ever scanned at the same time."""
        try:
            return self._scratch.pop()
        except IndexError:
            return self._hyperscan.Scratch(self._database)

    def _kept(self) -> bytes:
        about = {"refused": [*self.refused.items()], "folding": self._folding}
        return orjson.dumps(about) + b"\n" + bytes(self._hyperscan.dumpb(self._database))

    def _take(self, sealed: bytes, key: str) -> bool:
        """False where it is damaged, or made for another processor or version."""
        kept = sealed[len(_FORMAT) + _SEAL_BYTES :]
        if _sealed(kept, key) != sealed:
            return False
        about, _, dump = kept.partition(b"\n")
        try:
            database = self._hyperscan.loadb(dump, self._hyperscan.HS_MODE_BLOCK)
            self._hyperscan.Scratch(database)
        except self._hyperscan.error:
            return False
        known = orjson.loads(about)
        self._database, self._folding, self.refused = database, tuple(known["folding"]), dict(known["refused"])
        return True

    def _compile(self, patterns: Sequence[str]) -> bool:
        """Whether there is any that it looks for."""
        loose, self.refused = loosened(patterns)
        taken = {at: one.of_bytes for at, one in loose.items()}
        if taken:
            try:
                self._database = self._compiled(taken)
            except self._hyperscan.ArchitectureError as error:
                raise EngineUnusable(str(error)) from None
            except self._hyperscan.error:
                self._compile_without_refused(taken)
        self._folding = tuple(at for at, one in loose.items() if one.folds and at not in self.refused)
        return self._database is not None

    def _compile_without_refused(self, patterns: Mapping[int, bytes]) -> None:
        taken = {}
        for at, pattern in patterns.items():
            try:
                self._compiled({at: pattern})
                taken[at] = pattern
            except self._hyperscan.error as error:
                self.refused[at] = str(error)
        self._database = self._compiled(taken) if taken else None

    def _compiled(self, numbered: Mapping[int, bytes]) -> Any:
        database = self._hyperscan.Database(mode=self._hyperscan.HS_MODE_BLOCK)
        database.compile(
            expressions=list(numbered.values()),
            ids=list(numbered),
            elements=len(numbered),
            flags=[self._hyperscan.HS_FLAG_MULTILINE] * len(numbered),
        )
        return database


def _hyperscan() -> ModuleType:
    try:
        import hyperscan  # not on every platform, and some megabytes that only detection needs
    except ImportError as error:
        msg = f"the package hyperscan cannot be loaded: {error}"
        raise EngineUnusable(msg) from None
    return hyperscan


def _rows_of(ends: list[tuple[int, int]], data: bytes) -> list[Candidate]:
    """Rows and patterns of matches by their end offsets."""
    rows: list[Candidate] = []
    ends.sort()
    row, at, line_end = 0, 0, -1
    held: list[int] = []
    for end, index in ends:
        if end > line_end:
            if held:
                rows.append((row, tuple(sorted(set(held))) if len(held) > 1 else (held[0],)))
                held = []
            row += data.count(b"\n", at, end)
            at = end
            line_end = data.find(b"\n", end)
            line_end = len(data) if line_end < 0 else line_end
        held.append(index)
    if held:
        rows.append((row, tuple(sorted(set(held)))))
    return rows


def database_key(patterns: Sequence[str], version: str) -> str:
    """What a compiled database depends on, but for the processor, which loading checks."""
    digest = blake2b(digest_size=16)
    for part in (_FORMAT, _reading(), version.encode(), *map(str.encode, patterns)):
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


@cache
def _reading() -> bytes:
    """What makes looser patterns of patterns: when it changes, what was compiled by the old one may miss lines."""
    modules = (pattern_syntax, rarity, anchoring, prefilters)
    return blake2b("".join(map(inspect.getsource, modules)).encode()).digest()


_SEAL_BYTES = 32


def _sealed(kept: bytes, key: str) -> bytes:
    """hyperscan trusts what it loads, so a damaged file must not get that far."""
    return _FORMAT + blake2b(kept, digest_size=_SEAL_BYTES, key=key.encode()).digest() + kept
