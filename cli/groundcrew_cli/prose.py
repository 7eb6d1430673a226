"""Markdown of an answer on a terminal: within 80 columns, without its marks, and never with control characters."""

import re
from collections.abc import Callable

from groundcrew_cli.terminal import paint, plain, wrapped

_ESCAPED = re.compile(r"\\([\\`*_{}\[\]<>#|!])")
_STRONG = re.compile(r"(?<!\\)\*\*(.+?)(?<!\\)\*\*")
_MILD = re.compile(r"(?<![\w*\\])\*(?!\s)(.+?)(?<![\s\\])\*(?![\w*])")
_CODE = re.compile(r"(`+) ?(.+?) ?\1")
_ITEM = re.compile(r"^(\s*(?:[-*]|\d{1,3}\.) )(.*)$")


class Prose:
    """Takes text in any pieces and says it line by line."""

    def __init__(self, out: Callable[[str], None]) -> None:
        self._out = out
        self._held = ""
        self._blank = True

    def feed(self, text: str) -> None:
        self._held += text
        *lines, self._held = self._held.split("\n")
        for line in lines:
            self._line(line)

    def end(self) -> None:
        if self._held:
            self._line(self._held)
        self._held = ""

    def _line(self, line: str) -> None:
        shown = rendered(line)
        if shown or not self._blank:  # of several empty lines, one
            self._out(shown)
        self._blank = not shown


def rendered(line: str) -> str:
    """One line of Markdown as it is shown."""
    bare = line.strip()
    if not bare:
        return ""
    if set(bare) == {"-"} and len(bare) >= 3:
        return paint("-" * 40, "dim")
    if bare.startswith("#"):
        return paint(_inline(bare.lstrip("#").strip()), "bold")
    if match := _ITEM.match(line):
        return wrapped(_inline(match[2]), match[1], " " * len(match[1]))
    return wrapped(_inline(bare), "", "")


def _inline(text: str) -> str:
    """Code as it stands; elsewhere emphasis and escapes taken off."""
    parts, at = [], 0
    for code in _CODE.finditer(text):
        parts += [_bare(text[at : code.start()]), code[2]]
        at = code.end()
    return plain("".join([*parts, _bare(text[at:])]))


def _bare(text: str) -> str:
    return _ESCAPED.sub(r"\1", _MILD.sub(r"\1", _STRONG.sub(r"\1", text)))
