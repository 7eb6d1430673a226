"""The events that a BMC sends over a stream (DSP0266, "Server-Sent Events"; their form is in the HTML standard, 9.2).

An event is a reason to look, never a record itself: what counts is read from the log. So nothing is kept of one but of
what kind it is. Nothing here raises.
"""

import re
from enum import StrEnum

import orjson

from groundcrew.diagnosis.redfish import Resource, resource, words

MAX_LINE = 64 * 1024
MAX_EVENT = 256 * 1024
"""Bytes of a line and of an event's data; what is longer is an event that cannot be read."""

_LINE_END = re.compile(rb"\r\n|\n|\r")


class Heard(StrEnum):
    """What a stream said."""

    EVENT = "event"  # something happened
    REPORT = "report"  # a metric report: readings that are collected anyway
    UNREADABLE = "unreadable"  # no JSON object, or too long: something happened


def kind_of(body: Resource) -> Heard:
    """Of an event's payload, as pushed or streamed."""
    if "MetricReport" in words(body.get("@odata.type")) or "MetricValues" in body:
        return Heard.REPORT
    return Heard.EVENT if body else Heard.UNREADABLE


class EventReader:
    """Bytes of a stream in, kinds of events out, in pieces of any size."""

    def __init__(self) -> None:
        self._line = bytearray()
        self._data = bytearray()
        self._is_long = False
        self._after_cr = False

    def feed(self, piece: bytes) -> list[Heard]:
        """What was heard whole by now. What was begun before the stream ended was never said."""
        if self._after_cr and piece[:1] == b"\n":
            piece = piece[1:]
        self._after_cr = piece.endswith(b"\r") if piece else self._after_cr
        heard: list[Heard] = []
        *lines, rest = _LINE_END.split(piece)
        for line in lines:
            self._add(line)
            if (found := self._line_ended()) is not None:
                heard.append(found)
        self._add(rest)
        return heard

    def _add(self, part: bytes) -> None:
        if len(self._line) + len(part) > MAX_LINE:
            self._is_long = True
            self._line[MAX_LINE // 2 :] = b""  # what it is a line of stays to be seen
            return
        self._line += part

    def _line_ended(self) -> Heard | None:
        line = bytes(self._line)
        self._line.clear()
        if not line:
            return self._event_ended()
        field, _, value = line.partition(b":")
        if field.removeprefix(b"\xef\xbb\xbf") == b"data":
            value = value.removeprefix(b" ")
            if len(self._data) + len(value) > MAX_EVENT:
                self._is_long = True
            else:
                self._data += value + b"\n"
        return None

    def _event_ended(self) -> Heard | None:
        data, is_long = bytes(self._data), self._is_long
        self._data.clear()
        self._is_long = False
        if is_long:
            return Heard.UNREADABLE
        if not data.strip():
            return None
        try:
            return kind_of(resource(orjson.loads(data)))
        except orjson.JSONDecodeError:
            return Heard.UNREADABLE
