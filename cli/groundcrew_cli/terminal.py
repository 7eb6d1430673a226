"""How output looks: colour only on a terminal, machine text made harmless, times a person can read."""

import os
import re
import shlex
import shutil
import sys
import textwrap
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import typer

_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069]")
_STYLES = {"red": "31", "yellow": "33", "green": "32", "dim": "2", "bold": "1"}
_MARKS = {"critical": ("●", "red"), "warning": ("▲", "yellow"), "info": ("·", "dim")}


WIDTH = 80

_program = "groundcrew"


def name_program(environ: MutableMapping[str, str]) -> str:
    """How this command was called, from the wrapper's GROUNDCREW_PROGRAM, which goes no further than here."""
    global _program
    called = environ.pop("GROUNDCREW_PROGRAM", "") or "groundcrew"
    found = shutil.which("groundcrew", path=environ.get("PATH"))
    on_path = found is not None and os.path.realpath(found) == os.path.realpath(called)
    _program = "groundcrew" if on_path else shlex.quote(called)
    return _program


def command(arguments: str) -> str:
    """A command line that can be copied: it works where this one did."""
    return f"{_program} {arguments}"


def wrapped(text: str, first: str, following: str) -> str:
    """Prose within WIDTH columns, `first` before its first line; not for what a person copies."""
    return textwrap.fill(
        text, WIDTH, initial_indent=first, subsequent_indent=following, break_long_words=False, break_on_hyphens=False
    )


def plain(text: str) -> str:
    """Text from a machine on one line, without what could move the cursor, hide text or turn its direction."""
    return _CONTROL.sub("\ufffd", text.replace("\r\n", " ").replace("\n", " "))


def colours() -> bool:
    """Whether standard output is a terminal that nobody asked to stay without colour."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def paint(text: str, style: str) -> str:
    return f"\x1b[{_STYLES[style]}m{text}\x1b[0m" if colours() else text


def severity(name: str) -> str:
    """'● critical': a shape and a word, and colour on top where there is some."""
    mark, style = _MARKS.get(name, ("?", "dim"))
    return paint(f"{mark} {name}", style)


def say(text: str = "") -> None:
    typer.echo(text)


def note(text: str) -> None:
    """What is not the result goes to standard error, so that a pipe gets the result alone."""
    typer.echo(text, err=True)


def say_json(value: Any) -> None:
    import orjson

    typer.echo(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode())


def clip(text: str, width: int) -> str:
    """At most `width` characters; only for what nobody copies."""
    return text if len(text) <= width else text[: width - 1] + "…"


def clip_host(name: str, width: int) -> str:
    """As `clip`, and what tells hosts of one fleet apart stays: the end of the first part of the name."""
    if len(name) <= width:
        return name
    first = name.partition(".")[0]
    if len(first) < width:
        return f"{first}…"
    tail = width // 2
    return f"{first[: width - 1 - tail]}…{first[-tail:]}"


def clock_time(when: datetime, now: datetime) -> str:
    """Local time: '02:36' today, 'Mar 1 02:36' this year, else with the year."""
    local, today = when.astimezone(), now.astimezone()
    if local.date() == today.date():
        return local.strftime("%H:%M")
    if local.year == today.year:
        return f"{local:%b} {local.day} {local:%H:%M}"
    return local.strftime("%Y-%m-%d %H:%M")


def ago(when: datetime, now: datetime) -> str:
    """'12 s', '5 min', '3 h', '2 d' before now."""
    seconds = max(0, int((now - when) / timedelta(seconds=1)))
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def count(number: int, one: str, many: str = "") -> str:
    """'1 host', '2 hosts', '1,200 lines'."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


@contextmanager
def progress(text: str) -> Iterator[None]:
    """A moving line on a terminal's standard error while something takes its time; nothing elsewhere."""
    if not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        yield
        return
    from rich.console import Console

    with Console(stderr=True, no_color=bool(os.environ.get("NO_COLOR"))).status(text):
        yield
