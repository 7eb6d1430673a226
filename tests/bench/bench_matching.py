"""Throughput of layer 1 on real kernel lines: `groundcrew bench matching [-- --lines N --rules N]`.

Prints lines per second of CPU time, so that a busy machine does not change it, of (a) a whole LogBatch through the
detector, (b) the matcher alone, (c) the bare re2 set asked line by line, (d) a loop of compiled `re` patterns as in
most log watchers, and the ratios. `--rules N` adds N synthetic rules, to see what a rule costs. Data: GROUNDCREW_DATA,
by default ../shared/data beside the checkout.
"""

import argparse
import gzip
import os
import random
import re
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import re2

from groundcrew.contracts.clock import to_us
from groundcrew.contracts.envelope import Envelope, ProducedBy, seal
from groundcrew.contracts.identity import stable_id
from groundcrew.contracts.observations import LogBatch
from groundcrew.diagnosis.detector import Detector, Knowledge
from groundcrew.diagnosis.matching import Matcher
from groundcrew.diagnosis.rules import Example, Rule
from groundcrew.runtime.packs import load_packs

DATA = Path(os.environ.get("GROUNDCREW_DATA", Path(__file__).parents[3] / "shared" / "data"))
WHEN = datetime(2026, 1, 1, tzinfo=UTC)
ROWS = 1_000


def lines(count: int, rules: list[Rule], share: float) -> list[str]:
    """Real kernel lines without time stamps, `share` of them replaced by lines that a rule fires on."""
    path = DATA / "logs" / "unlabelled_kernel_log_lines_given.txt.gz"
    with gzip.open(path, "rt", errors="replace") as stream:
        real = [re.sub(r"^\[[^\]]*\]\s*", "", line.rstrip("\n")) for line in stream]
    chance = random.Random(1)
    firing = [example.text for rule in rules for example in rule.examples]
    return [chance.choice(firing) if chance.random() < share else chance.choice(real) for _ in range(count)]


def synthetic(number: int) -> Rule:
    return Rule(
        id=f"synthetic.n{number}",
        title="synthetic",
        severity="info",
        component_class="software",
        patterns=[rf"svc{number:04d}\[\d+\]: (?:error|fatal): code[= ]{1000 + number} .{{0,60}}(?:timeout|refused)"],
        examples=[Example(text=f"svc{number:04d}[1]: error: code={1000 + number} timeout")],
        meaning="x",
        steps=["x"],
    )


def batches(texts: list[str]) -> list[Envelope[LogBatch]]:
    made = []
    for start in range(0, len(texts), ROWS):
        part = texts[start : start + ROWS]
        count = len(part)
        data = LogBatch(
            ids=[stable_id("x", start + n) for n in range(count)],
            times=[to_us(WHEN) + (start + n) * 1_000 for n in range(count)],
            priorities=[4] * count,
            identifiers=[""] * count,
            units=[""] * count,
            transports=["kernel"] * count,
            boot_ids=[""] * count,
            positions=[str(start + n) for n in range(count)],
            messages=part,
        )
        made.append(
            seal(
                data, id=stable_id("b", start), site="bench", entity=f"host:h{start // ROWS % 100}", time=WHEN,
                received_at=WHEN, source="bench", position=str(start),
                produced_by=ProducedBy(service="bench", version="0"),
            )
        )  # fmt: skip
    return made


def rate(name: str, count: int, work: Callable[[], int]) -> float:
    """Best of three, printed."""
    best, found = float("inf"), 0
    for _ in range(3):
        began = time.process_time()
        found = work()
        best = min(best, time.process_time() - began)
    print(f"{name:42} {count / best:>12,.0f} lines/s   {found} found")
    return count / best


def main(arguments: Sequence[str] = ()) -> None:
    parser = argparse.ArgumentParser(prog="groundcrew bench matching --", description="Throughput of layer 1")
    parser.add_argument("--lines", type=int, default=100_000)
    parser.add_argument("--rules", type=int, default=0, help="so many synthetic rules more")
    parser.add_argument("--share", type=float, default=0.02, help="share of lines that a rule fires on")
    given = parser.parse_args(list(arguments))
    if not DATA.is_dir():
        sys.exit(f"{DATA} is not there: GROUNDCREW_DATA names the folder of real data")
    shipped = [rule for rule in load_packs().knowledge.rules if rule.source == "log"]
    rules = shipped + [synthetic(number) for number in range(given.rules)]
    patterns = [pattern for rule in rules for pattern in rule.patterns]
    texts = lines(given.lines, shipped, given.share)
    print("```")
    print(f"{len(rules)} log rules, {len(patterns)} patterns, {len(texts):,} lines, {given.share:.0%} replaced by hits")

    envelopes = batches(texts)
    knowledge = Knowledge(rules=tuple(rules))
    detector = Detector(knowledge)
    whole = rate("detector, batches of 1,000", len(texts), lambda: sum(len(detector.observe(e)) for e in envelopes))
    matcher = Matcher(rules)
    matching = rate(
        "matcher, batches of 1,000",
        len(texts),
        lambda: sum(len(matcher.match(texts[i : i + ROWS])) for i in range(0, len(texts), ROWS)),
    )
    options = re2.Options()
    options.max_mem = 64 * 1024 * 1024
    bare = re2.Set.SearchSet(options)
    for pattern in patterns:
        bare.Add(pattern)
    bare.Compile()
    by_line = rate("bare re2 set, line by line", len(texts), lambda: sum(1 for text in texts if bare.Match(text)))
    compiled = [re.compile(pattern.replace("(?i:", "(?:")) for pattern in patterns]
    few = texts[: max(2_000, len(texts) // 50)]
    loop = rate(
        "loop of compiled re patterns", len(few), lambda: sum(1 for t in few if any(p.search(t) for p in compiled))
    )
    print(f"detector / re loop {whole / loop:.1f}x; matcher / bare re2 line by line {matching / by_line:.1f}x")
    print("```")
