"""Recorded lines: where they are, and how one is read as a collector would hand it over."""

import gzip
import json
import os
import re
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from groundcrew.diagnosis.lines import LineReader
from groundcrew.diagnosis.rules import Example
from groundcrew_cli.errors import CliError
from groundcrew_cli.testing import checkout
from groundcrew_host_collector.source import cut

BATCH = 1_000
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


def batches(texts: Iterable[str]) -> Iterator[list[str]]:
    """At most BATCH of them at a time."""
    texts = iter(texts)
    while batch := list(islice(texts, BATCH)):
        yield batch
