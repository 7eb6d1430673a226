"""Which lines of a batch may match which patterns: hyperscan where its wheel is, re2 elsewhere.

Both look for the looser patterns of `prefilter` and may name a line too many, never one too few; whoever asks confirms.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from types import ModuleType
from typing import Any, Literal, Protocol

import re2

from groundcrew.diagnosis.pattern_syntax import FOLDED
from groundcrew.diagnosis.prefilter import Prefilter
from groundcrew.diagnosis.rules import MAX_MEMORY

EngineName = Literal["auto", "hyperscan", "re2"]

CHUNK = 12
"""Lines that re2 is asked about at once. Larger chunks cost fewer calls but hit more often."""

_MANY = 50
_FOLDED_BYTES = tuple(letter.encode() for letter in FOLDED)
_FORMAT = b"groundcrew patterns 1\n"


class CompiledStore(Protocol):
    """Where compiled databases are kept between starts. What it gives back is checked; losing one costs seconds."""

    def load(self, key: str) -> bytes | None: ...
    def store(self, key: str, data: bytes) -> None: ...


class EngineUnusable(Exception):
    """This machine or installation cannot run that engine; the text says why."""


Candidate = tuple[int, tuple[int, ...]]
"""A row, and which patterns (by position) may match it."""


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

    def __init__(self, patterns: Sequence[str], chunk: int = CHUNK) -> None:
        """`patterns` are those of `Prefilter.of_characters`; with `chunk` 1, any."""
        self._chunk = chunk
        self._found = compile_set([f"(?m:{pattern})" for pattern in patterns]).Match if patterns else None

    def candidates(self, lines: Lines) -> list[Candidate]:
        found, texts = self._found, lines.texts
        rows: list[Candidate] = []
        if found is None:
            return rows
        for start in range(0, len(texts), self._chunk):
            chunk = texts[start : start + self._chunk]
            if found("\n".join(chunk)):
                for row, text in enumerate(chunk, start):
                    if indices := found(text):
                        rows.append((row, tuple(sorted(indices))))
        return rows


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

    def __init__(self, patterns: Sequence[Prefilter], store: CompiledStore | None = None) -> None:
        """Raises EngineUnusable. `refused` holds positions of patterns that hyperscan cannot take, with its reason;
        it does not look for those."""
        self._hyperscan = _hyperscan()
        self.refused: dict[int, str] = {}
        self._database = self._open([pattern.of_bytes for pattern in patterns], store)
        self._scratch: list[Any] = []
        folding = [index for index, pattern in enumerate(patterns) if pattern.folds and index not in self.refused]
        self._folding = tuple(folding)

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

    def _open(self, patterns: Sequence[bytes], store: CompiledStore | None) -> Any:
        if not patterns:
            return None
        key = database_key(patterns, self._hyperscan.__version__)
        kept = store.load(key) if store is not None else None
        database = self._loaded(kept, key) if kept is not None else None
        if database is None:
            database = self._compile(patterns)
            if store is not None and database is not None and not self.refused:
                store.store(key, _sealed(self._hyperscan.dumpb(database), key))
        return database

    def _loaded(self, kept: bytes, key: str) -> Any:
        """None where it is damaged, or made for another processor or version."""
        dump = kept[len(_FORMAT) + 32 :]
        if _sealed(dump, key) != kept:
            return None
        try:
            database = self._hyperscan.loadb(dump, self._hyperscan.HS_MODE_BLOCK)
            self._hyperscan.Scratch(database)
        except self._hyperscan.error:
            return None
        return database

    def _compile(self, patterns: Sequence[bytes]) -> Any:
        try:
            return self._compiled(list(enumerate(patterns)))
        except self._hyperscan.ArchitectureError as error:
            raise EngineUnusable(str(error)) from None
        except self._hyperscan.error:
            pass
        taken = []
        for index, pattern in enumerate(patterns):
            try:
                self._compiled([(index, pattern)])
                taken.append((index, pattern))
            except self._hyperscan.error as error:
                self.refused[index] = str(error)
        return self._compiled(taken) if taken else None

    def _compiled(self, numbered: Sequence[tuple[int, bytes]]) -> Any:
        database = self._hyperscan.Database(mode=self._hyperscan.HS_MODE_BLOCK)
        database.compile(
            expressions=[pattern for _, pattern in numbered],
            ids=[index for index, _ in numbered],
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


def database_key(patterns: Sequence[bytes], version: str) -> str:
    """What a compiled database depends on, but for the processor, which loading checks."""
    digest = blake2b(digest_size=16)
    for part in (_FORMAT, version.encode(), *patterns):
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


def _sealed(dump: bytes, key: str) -> bytes:
    """hyperscan trusts what it loads, so a damaged file must not get that far."""
    return _FORMAT + blake2b(dump, digest_size=32, key=key.encode()).digest() + dump
