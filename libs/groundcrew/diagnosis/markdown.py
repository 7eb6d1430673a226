"""Text from machines inside Markdown that we write: it is shown as it is, and never taken as markup."""

import re
from collections.abc import Sequence

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u200b-\u200f\u2028-\u202e\u2066-\u2069]")
_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|!])")


def one_line(text: str) -> str:
    return _CONTROL.sub("\ufffd", " ".join(text.split()))


def prose(text: str) -> str:
    """One line with its Markdown switched off: names and titles come from machines, too."""
    return _MARKUP.sub(r"\\\1", one_line(text))


def code(text: str, most: int = 300) -> str:
    """One line as an inline code span, which no backtick in it can end; at most `most` characters of it."""
    flat = one_line(text)
    flat = flat if len(flat) <= most else f"{flat[: most - 2]} …"
    longest = max((len(run) for run in re.findall(r"`+", flat)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if longest else ""
    return f"{fence}{pad}{flat}{pad}{fence}" if flat else ""


def fenced(lines: Sequence[str]) -> str:
    """A code block whose fence no line can close."""
    longest = max((len(run) for line in lines for run in re.findall(r"`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    return "\n".join([fence + "text", *lines, fence])
