"""What varies in a log line, masked: numbers, hex, addresses, ids, paths, devices.

A line is split at white space and masked word by word. Words repeat far more often than lines do, so each is looked
at by the regular expression once and remembered; that is what makes mining cheap enough to stand beside detection.
"""

import re
from collections.abc import Callable

WILD = "<*>"
"""Stands for whatever varies, as in the published templates of loghub."""

MAX_CHARACTERS = 1_000
MAX_WORDS = 80
"""A line is mined by its beginning: what is longer differs in its data, not in its kind."""

MAX_REMEMBERED = 65_536
MAX_WORD = 200
MAX_LINES = 10_000
"""Whole lines that are remembered: a storm repeats itself to the letter."""

_HEX = "[0-9a-fA-F]"
_VARIES = re.compile(
    r"[a-z][a-z0-9+.-]{1,10}://\S+"  # URLs
    r"|(?<![\w/.<])(?:/[\w.@%+:~-]+)+/?"  # paths
    rf"|\b(?:{_HEX}{{8}}-(?:{_HEX}{{4}}-){{3}}{_HEX}{{12}}"  # UUIDs
    rf"|(?:{_HEX}{{2}}[:-]){{5,}}{_HEX}{{2}}"  # MAC addresses and WWNs
    rf"|(?:{_HEX}{{4,8}}:)?{_HEX}{{2}}:{_HEX}{{2}}\.[0-7]"  # PCI addresses
    r"|\d{1,3}(?:\.\d{1,3}){3}(?::\d+|/\d+)?"  # IPv4, with port or mask
    rf"|(?=[a-fA-F]*\d){_HEX}{{6,}}"  # hex without a mark
    r"|(?:sd|hd|vd|xvd)[a-z]{1,3}\d{0,3}|nvme\d+(?:c\d+)?(?:n\d+(?:p\d+)?)?"  # disks
    r"|(?:en[opsx]|eth|wl[opsx]|ib[ops]?|bond|veth|br-|docker|tap|tun|cali)[0-9][\w@-]*"  # interfaces
    r")\b"
    rf"|(?<![\w:])(?:(?:{_HEX}{{1,4}}::?){{2,7}}{_HEX}{{0,4}}|{_HEX}{{1,4}}::{_HEX}{{1,4}}|::1)(?![\w:])"  # IPv6
    rf"|0[xX]{_HEX}+"
    r"|[+-]?\d+(?:[.,:/-]\d+)*"
)
_RUN = re.compile(r"<\*>(?:[.,:/x@_-]?<\*>)+")
_MAY_VARY = re.compile(r"[0-9/]|\b(?:sd|hd|vd|xvd)[a-z]|::").search


def masked(word: str) -> str:
    """The word with what varies in it replaced by WILD."""
    if word.isdecimal():
        return WILD
    if _MAY_VARY(word) is None:
        return word
    found = _VARIES.sub(WILD, word)
    return _RUN.sub(WILD, found) if found.count(WILD) > 1 else found


class _Words(dict[str, str]):
    """Masked words by word; bounded by beginning anew."""

    def __missing__(self, word: str) -> str:
        known = word if word.isalpha() else masked(word)[:MAX_WORD]
        if len(self) >= MAX_REMEMBERED:
            self.clear()
        self[word] = known
        return known


class Masker:
    """Masks lines and remembers words. What it remembers changes its speed, never its result."""

    def __init__(self) -> None:
        self._look = _Words().__getitem__
        self._lines: dict[str, tuple[str, ...]] = {}
        self.remembers: Callable[[str], bool] = self._lines.__contains__
        """Whether masking a line costs nothing."""

    def words(self, message: str) -> tuple[str, ...]:
        """The masked words of a line; without any, one empty word."""
        known = self._lines.get(message)
        if known is not None:
            return known
        given = message[:MAX_CHARACTERS].split(None, MAX_WORDS)
        found = tuple(map(self._look, given[:MAX_WORDS])) or ("",)
        if len(self._lines) >= MAX_LINES:
            self._lines.clear()
        if len(message) <= MAX_CHARACTERS:
            self._lines[message] = found
        return found
