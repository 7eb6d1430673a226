"""`groundcrew bench`: the checkout's benchmarks by name, and scenarios scored; the pages in docs/benchmarks."""

import contextlib
import io
import os
import platform
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from groundcrew_cli import scoring, thresholds
from groundcrew_cli.errors import FAILED, USAGE, CliError
from groundcrew_cli.terminal import command, note, say, say_json
from groundcrew_cli.testing import checkout

if TYPE_CHECKING:
    from groundcrew_embedded.disturbing import Disturb
    from groundcrew_embedded.scenario import Scenario

SCENARIOS = "scenarios"


@dataclass(frozen=True)
class Wanted:
    """How scenarios are to be scored: against which bars, and disturbed how."""

    thresholds: Path | None = None
    shuffle: int | None = None
    clock_offset: float | None = None

    @property
    def plain(self) -> bool:
        return self == Wanted()


def bench(words: Sequence[str], *, write: bool, as_json: bool, now: datetime, wanted: Wanted = Wanted()) -> None:
    names = list(takewhile(lambda word: not word.startswith("-"), words))
    options = list(words[len(names) :])
    if names[:1] == [SCENARIOS]:
        _scenarios(names[1:], options, wanted, write=write, as_json=as_json, now=now)
        return
    if not wanted.plain:
        raise CliError("--thresholds, --shuffle and --clock-offset go with `scenarios`", USAGE)
    known = {one.name: one for one in _table()}
    if names in ([], ["list"]):
        _list(known.values(), as_json=as_json)
        return
    if as_json:
        raise CliError("--json goes with `list` and `scenarios`; a benchmark prints Markdown", USAGE)
    chosen = list(known) if names == ["all"] else names
    if unknown := [name for name in chosen if name not in known]:
        raise CliError(
            f"no benchmark is called {unknown[0]!r}; expected all, {', '.join(known)}, or {SCENARIOS} DIR...", USAGE
        )
    if options and len(chosen) > 1:
        raise CliError("options after -- belong to one benchmark", USAGE)
    for name in chosen:
        _run(known[name], options, write=write, now=now)


def page(title: str, command_line: str, measured: str, now: datetime, note: str = "") -> str:
    """A page of docs/benchmarks: what was measured, by which command, when, on what kind of machine."""
    by = f"By `groundcrew {command_line}`, {now:%Y-%m-%d}, on {machine()}."
    return "\n\n".join(part for part in (f"# {title}", by, note, measured.strip()) if part) + "\n"


def machine() -> str:
    """The kind of this machine, not its name."""
    import psutil

    memory = psutil.virtual_memory().total / 2**30
    return (
        f"{platform.system()} on {platform.machine()}, Python {platform.python_version()}, "
        f"{os.cpu_count()} cores, {memory:.0f} GiB"
    )


def _table() -> Sequence[Any]:
    """The benchmarks of this checkout. Raises CliError where this is none."""
    root = str(checkout())
    if root not in sys.path:
        sys.path.insert(0, root)
    found: Sequence[Any] = import_module("tests.bench.table").BENCHMARKS
    return found


def _list(benchmarks: Iterable[Any], *, as_json: bool) -> None:
    if as_json:
        say_json([{"name": one.name, "title": one.title, "takes": one.takes} for one in benchmarks])
        return
    for one in benchmarks:
        say(f"{one.name:<12}{one.title}; takes {one.takes}")
    say(f"{SCENARIOS:<12}Scenarios scored against their known answers: {command('bench scenarios DIR...')}")


def _run(one: Any, options: list[str], *, write: bool, now: datetime) -> None:
    note(f"{one.name}: takes {one.takes}")
    try:
        measure = import_module(one.module).main
    except ModuleNotFoundError as error:
        raise CliError(
            f"{one.name} needs the development requirements ({error.name} is not installed)",
            USAGE,
            hint=f"{command('prepare')} installs them",
        ) from None
    with _copied() as copy:
        try:
            measure(options)
        except SystemExit as ended:  # of argparse, or a measurement that cannot go on
            if ended.code:
                raise CliError(ended.code if isinstance(ended.code, str) else f"{one.name} failed", FAILED) from None
            return
    if write:
        arguments = " ".join(["bench", one.name, "--write", *(["--", *options] if options else [])])
        _write(one.name, page(one.title, arguments, copy.getvalue(), now, one.note))


def _write(name: str, text: str) -> None:
    path = checkout() / "docs" / "benchmarks" / f"{name}.md"
    path.write_text(text, encoding="utf-8")
    note(f"written: docs/benchmarks/{name}.md")


class _Both(io.StringIO):
    """Passes on what it keeps."""

    def __init__(self, shown: TextIO) -> None:
        super().__init__()
        self._shown = shown

    def write(self, text: str) -> int:
        self._shown.write(text)
        return super().write(text)

    def flush(self) -> None:
        self._shown.flush()


@contextlib.contextmanager
def _copied() -> Iterator[io.StringIO]:
    """What is printed meanwhile, shown as well."""
    both = _Both(sys.stdout)
    with contextlib.redirect_stdout(both):
        yield both


def _scenarios(
    names: list[str], options: list[str], wanted: Wanted, *, write: bool, as_json: bool, now: datetime
) -> None:
    if options or not names:
        raise CliError(f"expected {command('bench scenarios DIR...')}", USAGE)
    if write and not wanted.plain:
        raise CliError("--write writes the page of scenarios as they are: without the other options", USAGE)
    bars = thresholds.read(wanted.thresholds) if wanted.thresholds else None
    scores = scoring.score([Path(name) for name in names], _disturb(wanted))
    if as_json:
        say_json([one.as_json() for one in scores])
    else:
        say(scoring.table(scores))
    if write:
        line = f"bench scenarios {' '.join(map(_shown, names))} --write"
        _write(SCENARIOS, page("Scenarios", line, scoring.table(scores), now, scoring.NOTE))
    if bars is not None and (missed := bars.missed(scoring.Total.of(scores))):
        raise CliError(f"below the bar: {'; '.join(missed)}", FAILED)


def _disturb(wanted: Wanted) -> "Disturb":
    from groundcrew_embedded.disturbing import clocks_off, shuffled

    def disturb(scenario: "Scenario") -> "Scenario":
        if wanted.clock_offset is not None:
            scenario = clocks_off(wanted.clock_offset)(scenario)
        return scenario if wanted.shuffle is None else shuffled(wanted.shuffle)(scenario)

    return disturb


def _shown(folder: str) -> str:
    """A folder of the checkout by its place there; others are of no use to whoever reads the page."""
    path = Path(folder).resolve()
    return str(path.relative_to(checkout())) if path.is_relative_to(checkout()) else "DIR"
