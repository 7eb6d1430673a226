"""How far a file has come: a bar with bytes, rate and time left on a terminal, one line a file elsewhere."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from groundcrew_cli.terminal import note, plain
from groundcrew_cli.weights.shelf import amount


class Lines:
    """For logs and pipes: what begins is told, how it goes on is not."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._told = False

    def begin(self, what: str, total: int | None, have: int = 0) -> None:
        if self._told:
            return
        self._told = True
        size = f" {amount(total)}" if total is not None else ""
        note(f"{what} {self._name}{size}{f' from {amount(have)} on' if have else ''} ...")

    def add(self, count: int) -> None:
        del count

    def say(self, text: str) -> None:
        note(f"{self._name}: {plain(text)}")


class Bar:
    """For a terminal."""

    def __init__(self, name: str) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
        from rich.progress import TransferSpeedColumn as RateColumn

        console = Console(stderr=True, no_color=bool(os.environ.get("NO_COLOR")))
        columns = (TextColumn("{task.description}"), BarColumn(20), DownloadColumn(), RateColumn())
        self.progress = Progress(*columns, TimeRemainingColumn(), console=console, transient=True)
        self._name = name
        self._task = self.progress.add_task(name, total=None)

    def begin(self, what: str, total: int | None, have: int = 0) -> None:
        self.progress.reset(self._task, description=f"{what} {self._name}", total=total, completed=have)

    def add(self, count: int) -> None:
        self.progress.advance(self._task, count)

    def say(self, text: str) -> None:
        self.progress.console.print(f"{self._name}: {plain(text)}", markup=False, highlight=False)


@contextmanager
def gauge(name: str) -> Iterator[Bar | Lines]:
    if not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        yield Lines(name)
        return
    bar = Bar(name)
    with bar.progress:
        yield bar
