"""Recorded lines: where they are, and how one is read as a collector would hand it over."""

import gzip
import json
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

from groundcrew.diagnosis.lines import LineReader
from groundcrew.diagnosis.rules import Example, Rule
from groundcrew.diagnosis.trial import Trial, Verdict
from groundcrew_cli.errors import CliError
from groundcrew_cli.testing import checkout
from groundcrew_host_collector.source import cut

BATCH = 1_000
MANY = 15
"""Batches from which on compiling for hyperscan, where it is installed, is quicker than re2."""

ANY_TIME_US = 4_102_444_800_000_000
"""Lines may be from any year up to 2100: only their program and text are wanted here."""

_UPTIME = re.compile(r"\[ *(\d{1,9}\.\d{6})\]", re.ASCII)
_HEAD = 160
"""Characters of a line that its header may take."""

_READER = LineReader("")


def read(text: str) -> Example:
    """A line as a collector would hand it over: cut, without its header, with the program that wrote it."""
    line = _READER.read(cut(text.rstrip("\r\n")), received_us=ANY_TIME_US, boot_us=0)
    uptime = _UPTIME.search(text, 0, _HEAD)
    return Example(text=line.message, identifier=line.identifier, uptime_s=float(uptime[1]) if uptime else None)


def data_folder() -> Path | None:
    """The folder of recorded data: GROUNDCREW_DATA, else where a checkout expects it; None where none is there."""
    named = os.environ.get("GROUNDCREW_DATA", "")
    try:
        folder = Path(named) if named else checkout().parent / "shared" / "data"
    except CliError:
        return None
    return folder if (folder / "logs").is_dir() else None


def recorded_lines(data: Path) -> Iterator[list[Example]]:
    """Lines of the recorded data of a checkout, in batches: labelled ones, excerpts, reports, LogHub's samples."""
    yield from ([read(text) for text in batch] for batch in batches(_recorded(data)))


def _recorded(data: Path) -> Iterator[str]:
    for path in sorted((data / "logs").glob("*.jsonl")):
        for line in path.read_text("utf-8").splitlines():
            entry = json.loads(line)
            yield from entry.get("lines") or [entry["line"]]
    folders = ("logs/kernel_reports/*.txt", "loghub/*/*.log", "host_incidents/*.log", "hw_misc/*.log")
    for path in sorted(path for pattern in folders for path in data.glob(pattern)):
        yield from path.read_text("utf-8", "replace").split("\n")
    for path in sorted((data / "logs").glob("*.txt.gz")):
        with gzip.open(path, "rt", encoding="utf-8", errors="replace") as file:
            yield from file


class Judge:
    """Judges batches of lines: few with re2, many with what `auto` takes, whose result is the same."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = rules
        self._trial = Trial(rules)
        self._judged = 0

    def lines(self, batch: Iterable[Example]) -> list[list[Verdict]]:
        """Of each line every rule that fires."""
        if self._judged == MANY:
            self._trial = Trial(self._rules, engine="auto")
        self._judged += 1
        return self._trial.judge_lines(batch)


def batches(texts: Iterable[str]) -> Iterator[list[str]]:
    """At most BATCH of them at a time. Where reading them fails, those before it come first."""
    texts = iter(texts)
    failure: CliError | None = None
    while failure is None:
        batch: list[str] = []
        try:
            for text in islice(texts, BATCH):
                batch.append(text)  # noqa: PERF402 - what was read before a failure must stay
        except CliError as error:
            failure = error
        if batch:
            yield batch
        elif failure is None:
            return
    raise failure
