"""Titles and components are templates over what a rule captured."""

from collections.abc import Mapping


class _Blanks(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return ""


def fill(template: str, captures: Mapping[str, str]) -> str:
    """The template with its fields filled, missing ones empty, and no doubled or trailing spaces."""
    return " ".join(template.format_map(_Blanks(captures)).split())
