"""Reads a log batch from its bytes, column by column, and most columns only when they are asked for.

Detection needs the messages of every row and the rest of few; validating all of it as a whole takes three times as
long as matching. Only the form that `encode` writes is read here: the envelope's head, then the columns in their order.
Head and messages are read at once, of the other columns it is checked at once that they may hold as many elements;
what is wrong within one is found when it is read (`MalformedColumn`), and ends at the dead letters as well. Anything
else (another order, a newer field, a wrong type) is left to ordinary validation, which says what is wrong.
"""

from typing import Any

import orjson
from pydantic import AwareDatetime, TypeAdapter, ValidationError

from groundcrew.contracts.envelope import Envelope, ProducedBy, Record
from groundcrew.contracts.identity import Entity, Id, Site
from groundcrew.contracts.observations import MAX_BATCH_ROWS, LogBatch

_NAMES = ("ids", "times", "priorities", "identifiers", "units", "transports", "boot_ids", "positions", "messages")
_OPENS = b',"data":{"ids":['
_SEAMS = tuple(f'],"{name}":['.encode() for name in _NAMES[1:])
_CLOSES = b"]}}"
_ID_BYTES = 35
"""An id as an element of a list: 32 digits, two quotes, a comma."""

_MAX_DIGITS = 19


class MalformedColumn(ValueError):
    """A column whose bytes are not what its name promises; found when it is read."""


class _Head(Record):
    """An envelope without its data."""

    id: Id
    type: str
    v: int = 1
    site: Site
    entity: Entity
    time: AwareDatetime
    received_at: AwareDatetime
    source: str
    position: str
    correlation_id: Id
    causation_id: Id | None = None
    produced_by: ProducedBy


def read_log_batch(payload: bytes) -> Envelope[LogBatch] | None:
    """None where the bytes are to be read the ordinary way, which also says what is wrong with them."""
    pieces = _pieces(payload)
    if pieces is None:
        return None
    try:
        head = _Head.model_validate_json(pieces[0] + b"}")
        messages = _texts(pieces[-1])
    except (ValueError, TypeError):
        return None
    rows = len(messages)
    if head.type != LogBatch.TYPE or not 0 < rows <= MAX_BATCH_ROWS:
        return None
    unread = _unread(pieces[1:-1], rows)
    if unread is None:
        return None
    data = LogBatch.unsettled(messages, unread)
    return Envelope[LogBatch].model_construct(head.model_fields_set | {"data"}, **head.__dict__, data=data)


def _pieces(payload: bytes) -> list[bytes] | None:
    """The head without its closing brace, and each column with its brackets. Within a JSON string a quote is escaped,
    so none of the texts looked for can be part of one."""
    at = payload.find(_OPENS)
    if at < 0 or not payload.endswith(_CLOSES):
        return None
    pieces = [payload[:at]]
    start = at + len(_OPENS) - 1
    for seam in _SEAMS:
        end = payload.find(b"]", start)
        while end >= 0 and not payload.startswith(seam, end):
            end = payload.find(b"]", end + 1)
        if end < 0:
            return None
        pieces.append(payload[start : end + 1])
        start = end + len(seam) - 1
    pieces.append(payload[start:-2])
    return pieces


def _texts(raw: bytes) -> list[str]:
    """Raises ValueError, or TypeError where something is no text, which joining finds at the least cost."""
    column: list[str] = orjson.loads(raw)
    "".join(column)
    return column


def _unread(raw: list[bytes], rows: int) -> dict[str, Any] | None:
    ids, times, priorities, *texts = raw
    if len(times) > rows * _MAX_DIGITS:  # larger numbers than a parser takes for whole ones
        return None
    if len(ids) != rows * _ID_BYTES + 1 or times.count(b",") != rows - 1 or priorities.count(b",") != rows - 1:
        return None
    columns: dict[str, Any] = {
        "ids": _Ids(ids, rows),
        "times": _Numbers("times", times, rows),
        "priorities": _Numbers("priorities", priorities, rows),
    }
    for name, piece in zip(_NAMES[3:8], texts, strict=True):
        columns[name] = _repeated(piece, rows) or _Texts(name, piece, rows)
    return columns


class _Ids:
    def __init__(self, raw: bytes, rows: int) -> None:
        self._raw = raw
        self._rows = rows

    def column(self) -> list[str]:
        raw, rows = self._raw, self._rows
        digits = len(raw.translate(None, b"0123456789abcdef")) == 3 * rows + 1
        quoted = raw[1::_ID_BYTES] == b'"' * rows == raw[34::_ID_BYTES]
        if not digits or not quoted or raw[35::_ID_BYTES] != b"," * (rows - 1) + b"]":
            return _validated("ids", list[Id], raw, rows)
        column: list[str] = orjson.loads(raw)
        return column

    def cell(self, row: int) -> str | None:
        """Its place follows from the length of the others; read as a whole where something else is there."""
        at = row * _ID_BYTES + 2
        found = self._raw[at : at + 32]
        framed = self._raw[at - 1 : at] + self._raw[at + 32 : at + 33] == b'""'
        return found.decode() if framed and not found.translate(None, b"0123456789abcdef") else None


class _Numbers:
    def __init__(self, name: str, raw: bytes, rows: int) -> None:
        self._name = name
        self._raw = raw
        self._rows = rows
        self._width = (len(raw) - 1) // rows
        even = self._width * rows == len(raw) - 1
        self._even = even and raw[self._width :: self._width] == b"," * (rows - 1) + b"]"

    def column(self) -> list[int]:
        if b"." in self._raw or b"e" in self._raw:  # a whole number may be written so
            return _validated(self._name, list[int], self._raw, self._rows)
        try:
            column: list[int] = orjson.loads(self._raw)
        except orjson.JSONDecodeError:
            column = []
        if len(column) == self._rows and set(map(type, column)) <= {int}:
            return column
        return _validated(self._name, list[int], self._raw, self._rows)

    def cell(self, row: int) -> int | None:
        """Times of one batch have as many digits each."""
        found = self._raw[row * self._width + 1 : (row + 1) * self._width] if self._even else b""
        return int(found) if found.isdigit() else None


class _Texts:
    def __init__(self, name: str, raw: bytes, rows: int) -> None:
        self._name = name
        self._raw = raw
        self._rows = rows

    def column(self) -> list[str]:
        try:
            column = _texts(self._raw)
        except (ValueError, TypeError):
            column = []
        return column if len(column) == self._rows else _validated(self._name, list[str], self._raw, self._rows)

    def cell(self, row: int) -> None:
        return None


def _validated(name: str, kind: Any, raw: bytes, rows: int) -> list[Any]:
    """The column as ordinary validation reads it. Raises MalformedColumn."""
    try:
        column: list[Any] = TypeAdapter(kind).validate_json(raw)
    except ValidationError as error:
        first = error.errors()[0]
        msg = f"data.{'.'.join(map(str, (name, *first['loc'])))}: {first['msg']}"
        raise MalformedColumn(msg) from None
    if len(column) != rows:
        msg = f"data.{name}: {len(column)} elements where messages has {rows}"
        raise MalformedColumn(msg)
    return column


class _Same:
    def __init__(self, value: str, rows: int) -> None:
        self._value = value
        self._rows = rows

    def column(self) -> list[str]:
        return [self._value] * self._rows

    def cell(self, row: int) -> str:
        return self._value


def _repeated(raw: bytes, rows: int) -> _Same | None:
    """The column of one string in every row, as most hosts' transports and boot ids are; None: it is not."""
    end = raw.find(b'"', 2) + 1
    first = raw[1:end]
    if b"\\" in first or raw[1:-1] != (first + b",") * (rows - 1) + first:
        return None
    try:
        value = orjson.loads(first)
    except orjson.JSONDecodeError:
        return None
    return _Same(value, rows) if isinstance(value, str) else None
