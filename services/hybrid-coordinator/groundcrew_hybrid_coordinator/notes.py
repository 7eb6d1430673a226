"""A text to remember, and how a long one is cut into passages that are looked up one by one."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from groundcrew.contracts.identity import stable_id
from groundcrew.contracts.knowledge import Collection
from groundcrew.stores.coordinator.vectors import Passage
from groundcrew.telemetry.redaction import redact_text

PASSAGE_CHARACTERS = 1_200
"""About 300 tokens of English or 500 of logs: what small embedding models read, and what fits a prompt eight times."""

_BREAKS = (re.compile(r"\n\s*\n"), re.compile(r"\n"), re.compile(r"(?<=[.;!?])\s"), re.compile(r"\s"))


@dataclass(frozen=True, kw_only=True)
class Note:
    """`ref` says where it comes from; the same `ref` in the same collection replaces what was there."""

    ref: str
    text: str
    time: datetime
    entity: str = ""


def passage_id(site: str, collection: Collection, ref: str, number: int = 0) -> str:
    return stable_id("passage", site, collection.value, ref, number)


def passages(site: str, collection: Collection, note: Note) -> list[Passage]:
    """The note in passages, without secrets. Their ids follow from the ref, so that a repetition changes nothing."""
    return [
        Passage(
            id=passage_id(site, collection, note.ref, number),
            site=site,
            ref=note.ref,
            text=text,
            time=note.time,
            entity=note.entity,
        )
        for number, text in enumerate(cut(redact_text(note.text)))
    ]


def cut(text: str) -> list[str]:
    """Parts of at most PASSAGE_CHARACTERS, between paragraphs where that is possible, else lines, sentences, words."""
    parts: list[str] = []
    room = ""
    for piece in _pieces(text.strip(), 0):
        joined = f"{room}{piece}"
        if room and len(joined.strip()) > PASSAGE_CHARACTERS:
            parts.append(room.strip())
            joined = piece
        room = joined
    parts.append(room.strip())
    return [part for part in parts if part]


def _pieces(text: str, level: int) -> Iterator[str]:
    """Pieces that fit, each with the white space behind it."""
    if len(text) <= PASSAGE_CHARACTERS:
        yield text
        return
    if level == len(_BREAKS):
        yield from (text[at : at + PASSAGE_CHARACTERS] for at in range(0, len(text), PASSAGE_CHARACTERS))
        return
    start = 0
    for found in _BREAKS[level].finditer(text):
        yield from _pieces(text[start : found.end()], level + 1)
        start = found.end()
    yield from _pieces(text[start:], level + 1)
