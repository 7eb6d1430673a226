"""Event log records out of JSON that was saved from a Redfish service: a collection of entries, one entry, several such
documents behind one another, or an entry in each line. Nothing raises; a document that cannot be read costs its line.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from groundcrew.diagnosis.redfish_log import RedfishEntry, parse_entry
from groundcrew.diagnosis.sel import SelRecord

MAX_ENTRIES = 200_000
"""Of one text; no BMC keeps a tenth of that."""


def parse_redfish(text: str) -> tuple[list[SelRecord], list[tuple[int, str]]] | None:
    """Records, and lines (the first is 0) that could not be read. None where no entry of a log is in the text."""
    records: list[SelRecord] = []
    unread: list[tuple[int, str]] = []
    for document, line, rest in _documents(text):
        if rest:
            unread.append((line, rest))
        for entry in _entries(document):
            if len(records) < MAX_ENTRIES and (parsed := parse_entry(entry)) is not None:
                records.append(record_of(parsed))
    return (records, unread) if records else None


def _documents(text: str) -> Iterator[tuple[Any, int, str]]:
    """Each document with the line at which it begins; what is none comes back as text."""
    decoder, at, line, counted = json.JSONDecoder(), 0, 0, 0
    while at < len(text):
        while at < len(text) and text[at] in " \t\r\n,\ufeff":
            at += 1
        if at == len(text):
            return
        line, counted = line + text.count("\n", counted, at), at
        try:
            document, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            end = text.find("\n", at)
            end = len(text) if end < 0 else end
            yield None, line, text[at:end].strip()
            at = end
        else:
            yield document, line, ""


def _entries(document: Any) -> Iterator[Any]:
    if isinstance(document, list):
        yield from document
    elif isinstance(document, dict):
        members = document.get("Members")
        yield from members if isinstance(members, list) else [document] if _is_entry(document) else []


def _is_entry(document: dict[str, Any]) -> bool:
    kind = document.get("@odata.type")
    return "LogEntry." in kind if isinstance(kind, str) else "Message" in document or "MessageId" in document


def record_of(entry: RedfishEntry) -> SelRecord:
    """An entry as a record of a listing; one whose stamp is no time has none."""
    when = None
    if entry.seconds is not None:
        try:
            when = datetime.fromtimestamp(entry.seconds, UTC)
        except (ValueError, OverflowError, OSError):
            when = None
    return SelRecord(entry.record_id, when, entry.source_time, entry.sensor, entry.event, entry.asserted, entry.text)
