"""Throughput of layer 1, from the bytes of a log batch to the decision: `groundcrew bench detection [-- --lines N]`.

Prints lines per second of CPU time, so that a busy machine changes it little, of both engines, of other programs with
the same patterns on the same lines, of twice as many rules, and whether the bars hold. Data: GROUNDCREW_DATA, by
default ../shared/data beside the checkout.
"""

import argparse
import gc
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import re2
from tests.bench import rivals
from tests.bench.detection_lines import KERNEL_LINES, ROWS, Line, mixed, payloads, strangers, workload
from tests.bench.detection_memory import measured
from tests.bench.rivals import timed

from groundcrew.contracts.streams import decode
from groundcrew.diagnosis.detector import Detector, Knowledge
from groundcrew.diagnosis.engines import EngineName, EngineUnusable, lines_of
from groundcrew.diagnosis.rules import MAX_MEMORY, Rule
from groundcrew.runtime.packs import load_packs

_FEW = 500
"""Lines for those that take seconds for a thousand."""


@dataclass(frozen=True)
class Speeds:
    """Lines per second."""

    matcher: float
    whole: float


def row(name: str, speed: float | None, found: int | str = "") -> None:
    print(f"| {name} | {'not installed' if speed is None else f'{speed:,.0f}'} | {found} |")


def bar(what: str, figure: str, holds: bool | None) -> None:
    print(f"| {what} | {figure} | {'not measured' if holds is None else 'holds' if holds else '**does not hold**'} |")


def engine_speeds(engine: EngineName, rules: Sequence[Rule], lines: Sequence[Line], raw: Sequence[bytes]) -> Speeds:
    """Prints the matcher alone, the detector on decoded batches, and all of it from bytes."""
    texts = [[text for _, text in lines[at : at + ROWS]] for at in range(0, len(lines), ROWS)]
    names = [[name for name, _ in lines[at : at + ROWS]] for at in range(0, len(lines), ROWS)]
    detector = Detector(Knowledge(rules=tuple(rules)), engine=engine)
    matcher = detector.log_matcher

    def match(part: list[str], said: list[str]) -> int:
        return len(matcher.match(part, said))

    alone, found = timed(len(lines), lambda: sum(map(match, texts, names)), runs=5)
    row(f"{engine}: matcher alone, with captures", alone, f"{found} matches")
    whole, drafts = timed(len(lines), lambda: sum(len(detector.observe(decode(one))) for one in raw), runs=5)
    row(f"**{engine}: from bytes to decision**", whole, f"{drafts} triggers, the rest folded")
    return Speeds(alone, whole)


def bare_set(rules: Sequence[Rule], texts: Sequence[str]) -> float:
    """re2's own set of the patterns as they are written, asked line by line."""
    options = re2.Options()
    options.max_mem = MAX_MEMORY
    found = re2.Set.SearchSet(options)
    for rule in rules:
        for pattern in rule.patterns:
            found.Add(pattern)
    found.Compile()
    speed, hits = timed(len(texts), lambda: sum(1 for text in texts if found.Match(text)), runs=1)
    row(f"bare re2 set, line by line, no captures, on {len(texts):,} lines", speed, f"{hits} lines")
    return speed


def doubled(engine: EngineName, rules: Sequence[Rule], raw: Sequence[bytes], lines: Sequence[Line]) -> float:
    """How much slower from bytes to decision with twice the rules, measured in turns so that noise hits both."""
    detectors = [Detector(Knowledge(rules=tuple(some)), engine=engine) for some in (rules, [*rules, *strangers(rules)])]
    best = [0.0, 0.0]
    for _ in range(5):
        for which, detector in enumerate(detectors):
            speed, _ = timed(len(lines), lambda d=detector: sum(len(d.observe(decode(p))) for p in raw), runs=1)  # type: ignore[misc]
            best[which] = max(best[which], speed)
    row(f"{engine}: from bytes to decision, {2 * len(rules)} rules", best[1], f"{len(rules)} rules: {best[0]:,.0f}")
    return best[0] / best[1] - 1


def main(arguments: Sequence[str] = ()) -> None:
    parser = argparse.ArgumentParser(prog="groundcrew bench detection --", description="Throughput of layer 1")
    parser.add_argument("--lines", type=int, default=100_000)
    parser.add_argument("--share", type=float, default=0.02, help="share of lines that a rule matches")
    given = parser.parse_args(list(arguments))
    if not KERNEL_LINES.is_file():
        sys.exit(f"{KERNEL_LINES} is not there: GROUNDCREW_DATA names the folder of real data")
    rules = [rule for rule in load_packs().knowledge.rules if rule.source == "log"]
    patterns = [pattern for rule in rules for pattern in rule.patterns]
    lines = workload(rules, given.lines, given.share)
    raw, texts = payloads(lines), [text for _, text in lines]
    gc.collect()
    gc.freeze()
    print("## Throughput\n")
    characters, size = sum(map(len, texts)) / len(texts), sum(map(len, raw)) / len(lines)
    print(
        f"{len(rules)} log rules with {len(patterns)} patterns; {len(lines):,} kernel lines of "
        f"{characters:.0f} characters, {given.share:.0%} of which match; batches of {ROWS} rows, "
        f"{size:.0f} bytes a row on the bus; no template mining.\n"
    )
    print("| what | lines/s of one core | found |\n|---|---|---|")
    speeds: dict[str, Speeds] = {}
    slower: dict[str, float] = {}
    engines: tuple[EngineName, ...] = ("hyperscan", "re2")
    for engine in engines:
        try:
            speeds[engine] = engine_speeds(engine, rules, lines, raw)
            slower[engine] = doubled(engine, rules, raw, lines)
        except EngineUnusable as error:
            row(f"{engine}: {error}", None)
    other = payloads(mixed(lines))
    detector = Detector(Knowledge(rules=tuple(rules)), engine="auto")
    speed, _ = timed(len(lines), lambda: sum(len(detector.observe(decode(one))) for one in other))
    row("the same with the identifiers and units of seven programs", speed)
    speed, _ = timed(len(lines), lambda: sum(1 for one in raw if decode(one)))
    row("decoding alone", speed)
    speed, _ = timed(len(lines), lambda: sum(1 for at in range(0, len(texts), ROWS) if lines_of(texts[at : at + ROWS])))
    row("joining lines alone", speed)
    few = texts[:_FEW]
    set_alone = bare_set(rules, few)
    with tempfile.TemporaryDirectory(prefix="gc-detection-") as folder:
        rg = rivals.ripgrep(patterns, few, Path(folder))
        row(f"`rg -f`, one thread, on {len(few):,} lines", rg and rg[0], f"{rg[1]} lines" if rg else "")
        ascii_rg = rivals.ripgrep(patterns, few, Path(folder), "--no-unicode")
        row(
            f"`rg --no-unicode -f`, one thread, on {len(few):,} lines",
            ascii_rg and ascii_rg[0],
            f"{ascii_rg[1]} lines" if ascii_rg else "",
        )
        sec = rivals.sec(patterns, few, Path(folder))
        row(f"`sec`, on {len(few):,} lines", sec and sec[0], f"{sec[1]} lines" if sec else "")
    together, hits = rivals.alternation(patterns, few)
    row(f"`re`, one alternation, on {len(few):,} lines", together, f"{hits} lines")
    others = {
        "`rg -f`": (rg and rg[0], 5),
        "`rg --no-unicode -f`": (ascii_rg and ascii_rg[0], 5),
        "`sec`": (sec and sec[0], 20),
        "`re` alternation": (together, 20),
    }
    bars(speeds, slower, others, set_alone)
    with tempfile.TemporaryDirectory(prefix="gc-detection-") as folder:
        memory(list(speeds), raw, Path(folder))


def memory(engines: Sequence[str], raw: Sequence[bytes], folder: Path) -> None:
    """Detection alone, without bus and service."""
    print("\n## Memory of detection\n\n| engine | interpreter with imports, MiB | added | |\n|---|---|---|---|")
    for engine in engines:
        ground, added = measured(engine, raw, folder)  # type: ignore[arg-type]
        print(f"| {engine} | {ground:.0f} | {added:.1f} | {'holds' if added <= 60 else '**does not hold**'} (≤ 60) |")


def bars(
    speeds: dict[str, Speeds],
    slower: dict[str, float],
    others: dict[str, tuple[float | None, int]],
    set_alone: float,
) -> None:
    print("\n| bar | figure | |\n|---|---|---|")
    best = max(speeds.values(), key=lambda one: one.whole).whole
    bar("from bytes to decision, lines/s: ≥ 1,000,000", f"{best:,.0f}", best >= 1_000_000)
    for name, (speed, wanted) in others.items():
        ratio = None if speed is None else best / speed
        bar(f"times {name}: ≥ {wanted}", f"{ratio or 0:.1f}", None if ratio is None else ratio >= wanted)
    share = speeds["re2"].whole / speeds["re2"].matcher
    of_set = speeds["re2"].whole / set_alone
    bar("on re2, of the bare matcher: ≥ 60 %", f"{share:.0%} (of a bare re2 set: {of_set:.0%})", share >= 0.6)
    for engine, cost in slower.items():
        bar(f"{engine}, twice the rules: ≤ 15 % slower", f"{cost:.1%}", cost <= 0.15)


if __name__ == "__main__":
    main(sys.argv[1:])
