"""Damaged output of BMC tools, through its reading to the folded result: `groundcrew bench bmc-text [-- --cases N]`.

Nothing may raise, and where each line stands for itself every line must be accounted for: it is a record, a reading,
not understood, or decoration (headings, rulers, prompts). Continuous integration runs the same with
fewer cases (tests/unit/diagnosis_hardware/test_bmc_text_robustness.py).
"""

import argparse
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.bmc.maker_logs import maker_logs
from tests.bmc_logs import LOGS

from groundcrew.diagnosis.conditions import fold
from groundcrew.diagnosis.facts import Vocabulary
from groundcrew.diagnosis.listings import read_listing
from groundcrew.runtime.packs import load_packs

DATA = Path(os.environ.get("GROUNDCREW_DATA", Path(__file__).parents[3] / "shared" / "data"))
MAX_LINES = 40
"""A case is a stretch of so many lines at most, so that as many forms as possible are tried in the time."""

_BY_LINE = frozenset({"ipmitool sel", "ipmitool sensors", "ipmi-sel", "ipmi-sensors"})
"""Forms of which each line stands for itself."""


def _cut(text: bytearray, chance: random.Random) -> bytearray:
    return text[: chance.randint(0, len(text))]


def _flip(text: bytearray, chance: random.Random) -> bytearray:
    for _ in range(chance.randint(1, 12)):
        if text:
            text[chance.randrange(len(text))] ^= 1 << chance.randrange(8)
    return text


def _line_ends(text: bytearray, chance: random.Random) -> bytearray:
    return text.replace(b"\n", chance.choice((b"\r\n", b"\r", b"\n\n", b"\x0b", b"\x1e\n")))


def _lines(text: bytearray, chance: random.Random) -> bytearray:
    lines = text.split(b"\n")
    for _ in range(chance.randint(1, 5)):
        at = chance.randrange(len(lines))
        lines[at : at + 1] = chance.choice(
            ([], [lines[at]] * 2, [lines[at] + lines[(at + 1) % len(lines)]], [lines[at][::-1]])
        )
        lines = lines or [bytearray()]
    return bytearray(b"\n").join(lines)


def _columns(text: bytearray, chance: random.Random) -> bytearray:
    return text.replace(b"|", chance.choice((b",", b"||", b" ", b"(|", b"|)")), chance.randint(1, 20))


def _insert(text: bytearray, chance: random.Random) -> bytearray:
    at = chance.randint(0, len(text))
    odd = chance.choice((b"\0" * 9, b"\x1b[2J", b"\xff\xfe", b"(" * 300, b"9" * 400, b"| " * 200, chance.randbytes(60)))
    return text[:at] + odd + text[at:]


DAMAGES: dict[str, Callable[[bytearray, random.Random], bytearray]] = {
    "cut off": _cut, "bits flipped": _flip, "other line ends": _line_ends, "lines changed": _lines,
    "columns changed": _columns, "bytes put in": _insert,
}  # fmt: skip


@dataclass
class Report:
    """What went in and what came out."""

    cases: int = 0
    records: int = 0
    readings: int = 0
    unparsed: int = 0
    active: int = 0
    recovered: int = 0
    noise: int = 0
    lines: int = 0
    lost: int = 0
    slowest_s: float = 0.0
    damages: Counter[str] = field(default_factory=Counter)


def texts() -> list[str]:
    """The examples of the tests, and what was recorded where GROUNDCREW_DATA has it."""
    found = [log.text for log in LOGS] + [log.text for log in maker_logs()]
    folder = DATA / "ipmi"
    if folder.is_dir():
        found += [path.read_text(errors="replace") for path in sorted(folder.rglob("*.*")) if path.suffix != ".jsonl"]
    return found


def fuzz(cases: int, seed: int) -> Report:
    """Raises whatever the code under test raises."""
    report, chance = Report(), random.Random(seed)
    vocabulary = Vocabulary(load_packs().knowledge.rules)
    sources = [text.splitlines(keepends=True) for text in texts()]
    while report.cases < cases:
        lines = chance.choice(sources)
        begin = chance.randrange(max(1, len(lines) - MAX_LINES + 1))
        raw = bytearray("".join(lines[begin : begin + MAX_LINES]).encode())
        for name in chance.sample(sorted(DAMAGES), chance.randint(1, 2)):
            raw = DAMAGES[name](raw, chance)
            report.damages[name] += 1
        _take(report, raw.decode("utf-8", "replace"), vocabulary)
    return report


def _take(report: Report, text: str, vocabulary: Vocabulary) -> None:
    began = time.perf_counter()
    listing = read_listing(text)
    folded = fold(listing, vocabulary)
    report.slowest_s = max(report.slowest_s, time.perf_counter() - began)
    report.cases += 1
    report.records += len(listing.records)
    report.readings += len(listing.readings)
    report.unparsed += listing.unparsed_count
    report.active += len(folded.active)
    report.recovered += len(folded.recovered)
    report.noise += folded.noise
    if _BY_LINE.issuperset(listing.kinds):
        lines = sum(not line.isspace() and line != "" for line in text.splitlines())
        accounted = len(listing.records) + len(listing.readings) + listing.unparsed_count + listing.passed
        report.lines += lines
        report.lost += abs(lines - accounted)


def main(arguments: Sequence[str] = ()) -> None:
    parser = argparse.ArgumentParser(prog="groundcrew bench bmc-text --", description="Damaged text of BMC tools")
    parser.add_argument("--cases", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args(list(arguments))
    began = time.monotonic()
    report = fuzz(given.cases, given.seed)
    took = time.monotonic() - began
    print("| what | figure |\n|---|---|")
    print(f"| cases | {report.cases:,} |")
    for name, number in sorted(report.damages.items()):
        print(f"| of these {name} | {number:,} |")
    print("| **crashes** | **0** |")
    print(f"| records, readings | {report.records:,}, {report.readings:,} |")
    print(f"| lines not understood, shown with their number | {report.unparsed:,} |")
    print(f"| lines of forms in which each stands for itself | {report.lines:,} |")
    print(f"| **of these, lines lost from the count** | **{report.lost}** |")
    print(f"| faults that stand, recovered | {report.active:,}, {report.recovered:,} |")
    print(f"| records and readings without consequence | {report.noise:,} |")
    print(f"| slowest case | {report.slowest_s * 1_000:.0f} ms |")
    print(f"| time | {took:.0f} s |")
    if report.lost:
        sys.exit("lines were lost")


if __name__ == "__main__":
    main(sys.argv[1:])
