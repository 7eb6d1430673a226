"""The journal's export format (`journalctl -o export`, systemd-journal-remote), entry by entry.

An entry is a block of fields up to an empty line: `NAME=text`, or, where a value holds newlines or is no text, the name
alone, then a length of eight bytes (little endian) and the value. Source: https://systemd.io/JOURNAL_EXPORT_FORMATS/.
"""

from collections.abc import Iterator
from typing import Protocol

MAX_FIELD = 8 * 1024 * 1024
KEPT_BYTES = 64 * 1024
MAX_FIELDS = 1_024


class Malformed(ValueError):
    """It is not the export format; the text says where and what was expected."""


class Stream(Protocol):
    def readline(self, size: int, /) -> bytes: ...
    def read(self, size: int, /) -> bytes: ...


def entries(stream: Stream) -> Iterator[dict[str, str]]:
    """Fields of each entry; of a long value its beginning, of a repeated field the first. Raises Malformed."""
    fields: dict[str, str] = {}
    number = 0
    while line := stream.readline(MAX_FIELD):
        number += 1
        if line in (b"\n", b"\r\n"):
            if fields:
                yield fields
                fields = {}
            continue
        name, equals, value = line.rstrip(b"\n").partition(b"=")
        if not equals:
            value = _binary(stream, number)
        if not name or not name.replace(b"_", b"").isalnum():
            msg = f"line {number}: expected a field NAME=value of the journal's export format"
            raise Malformed(msg)
        if len(fields) < MAX_FIELDS:
            fields.setdefault(name.decode("ascii", "replace"), value[:KEPT_BYTES].decode("utf-8", "replace"))
    if fields:
        yield fields


def _binary(stream: Stream, number: int) -> bytes:
    length = int.from_bytes(stream.read(8), "little")
    if length > MAX_FIELD:
        msg = f"line {number}: a field of {length} bytes, at most {MAX_FIELD} are expected"
        raise Malformed(msg)
    value = stream.read(length)
    if len(value) < length or stream.read(1) not in (b"\n", b""):
        msg = f"line {number}: a field of {length} bytes that does not end there"
        raise Malformed(msg)
    return value
