"""Titles and components are templates over what a rule captured."""

import string
from collections.abc import Mapping
from functools import lru_cache


class _Blanks(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return ""


def fill(template: str, captures: Mapping[str, str]) -> str:
    """The template with its fields filled, missing ones empty, and no doubled or trailing spaces."""
    if not template:
        return ""
    pieces = _pieces(template)
    if pieces is None:
        return " ".join(template.format_map(_Blanks(captures)).split())
    text = "".join([before + captures.get(name, "") for before, name in pieces])
    return " ".join(text.split())


@lru_cache(maxsize=4_096)
def _pieces(template: str) -> tuple[tuple[str, str], ...] | None:
    """Text and the field after it; None where a field says how it is to be formatted."""
    pieces = []
    for before, name, spec, conversion in string.Formatter().parse(template):
        if spec or conversion or (name is not None and not name.isidentifier()):
            return None
        pieces.append((before, name or ""))
    return tuple(pieces)
