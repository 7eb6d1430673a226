"""How well the shipped rules find failures in recorded lines and keep still on harmless ones.

`groundcrew bench accuracy` prints the figures; `tests/unit/diagnosis_rules/test_real_lines.py` holds the rules to them.
Each line is judged alone, rates and debounce off, as `groundcrew rules test FILE` does.
"""

import csv
import json
import os
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from groundcrew.diagnosis.trial import Trial, Verdict, leading, triggers
from groundcrew.runtime.packs import load_packs
from groundcrew_cli.recorded import read

DATA = Path(os.environ.get("GROUNDCREW_DATA", Path(__file__).parents[3] / "shared" / "data"))
SYSTEMS = ("Linux", "OpenSSH", "Mac", "HPC", "Apache", "OpenStack")

_LOCATORS = (
    re.compile(r"\b(?:[0-9a-f]{4}:)?[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]\b", re.IGNORECASE),
    re.compile(r"PCI:[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}", re.IGNORECASE),
    re.compile(r"\bnvme\d+(?:n\d+)?\b"),
    re.compile(r"\b(?:sd[a-z]{1,2}|md\d{1,3}|dm-\d{1,3})(?=\d*\b)"),
    re.compile(r"\bata\d+(?:\.\d\d)?\b"),
    re.compile(r"\b[\w@:-]+\.(?:service|mount|timer|socket)\b"),
)
"""What a line may name its part by. A verdict's locator is right where it holds one of those that the line has."""

_REPORT_HEADER = ("TITLE:", "TYPE:", "FRAME:", "ALT:", "REPORT:", "CORRUPTED:", "EXECUTOR:", "START_LINE", "END_LINE")


@dataclass
class Score:
    """Right ones of all, and what was wrong, one line each."""

    right: int = 0
    all: int = 0
    wrong: list[str] = field(default_factory=list)

    def add(self, right: bool, said: str) -> None:
        self.all += 1
        self.right += right
        if not right:
            self.wrong.append(said)

    @property
    def share(self) -> float:
        return self.right / self.all if self.all else 1.0

    def __str__(self) -> str:
        return f"{self.right} of {self.all} ({self.share:.1%})"


class Judge:
    """The shipped rules over single lines."""

    def __init__(self) -> None:
        self.rules = load_packs().knowledge.rules
        self._trial = Trial(self.rules)

    def __call__(self, texts: Sequence[str]) -> list[Verdict | None]:
        """Of each line the trigger of warning or worse that leads, None where there is none."""
        found = self._trial.judge_lines(read(text) for text in texts)
        return [leading([one for one in verdicts if triggers(one)]) for verdicts in found]


def _jsonl(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (DATA / "logs" / name).read_text("utf-8").splitlines()]


def lines(judge: Judge) -> dict[str, Score]:
    """The labelled lines that are not ambiguous: failures found, harmless ones left alone, kind and locator right."""
    rows = [row for row in _jsonl("lines_given.jsonl") if not row["ambiguous"]]
    scores = {name: Score() for name in ("failures found", "harmless lines alarmed not", "kind right", "locator right")}
    for row, verdict in zip(rows, judge([row["line"] for row in rows]), strict=True):
        said = f"{row['kind']}: {verdict.rule.id if verdict else 'nothing'}: {row['line'][:160]}"
        if not row["failure"]:
            scores["harmless lines alarmed not"].add(verdict is None, said)
            continue
        scores["failures found"].add(verdict is not None, said)
        if verdict is None:
            continue
        scores["kind right"].add(verdict.rule.kind == row["kind"], f"{verdict.rule.kind} for {said}")
        named = {found.casefold() for pattern in _LOCATORS for found in pattern.findall(read(row["line"]).text)}
        if named:
            right = any(_same(name, verdict.component) for name in named)
            scores["locator right"].add(right, f"[{verdict.component}] {said}")
    return scores


def _same(name: str, component: str) -> bool:
    component, name = component.casefold(), name.removeprefix("pci:")
    short = name.removeprefix("0000:")
    return bool(component) and (short in component or component.removeprefix("0000:") in name)


def excerpts(judge: Judge) -> Score:
    """Failures in their surroundings: whether the key line is found."""
    rows, score = _jsonl("failure_excerpts_given.jsonl"), Score()
    for row, verdict in zip(rows, judge([row["lines"][row["key_index"]] for row in rows]), strict=True):
        score.add(verdict is not None, f"{row['kind']}: {row['lines'][row['key_index']][:160]}")
    return score


def reports(judge: Judge) -> tuple[Score, Score]:
    """Whole kernel consoles: those that must alarm, and those that must not."""
    must, must_not = Score(), Score()
    for row in (json.loads(line) for line in (DATA / "logs/kernel_reports/index.jsonl").read_text().splitlines()):
        text = (DATA / "logs/kernel_reports" / row["file"]).read_text("utf-8", "replace")
        body = [line for line in text.splitlines() if not line.startswith(_REPORT_HEADER)]
        hit = next((verdict for verdict in judge(body) if verdict is not None), None)
        said = f"{row['file']} {row['title']}{f': {hit.rule.id}' if hit else ''}"
        if row["crash"]:
            must.add(hit is not None, said)
        else:
            must_not.add(hit is None, said)
    return must, must_not


def samples(judge: Judge) -> dict[str, Counter[str]]:
    """Triggers of LogHub's samples of 2,000 lines, by rule."""
    found: dict[str, Counter[str]] = {}
    for system in SYSTEMS:
        counted = found[system] = Counter()
        for path in sorted((DATA / "loghub" / system).glob("*.log")):
            verdicts = judge(path.read_text("utf-8", "replace").splitlines())
            counted.update(verdict.rule.id for verdict in verdicts if verdict is not None)
    return found


def xids(judge: Judge) -> Score:
    """The codes of NVIDIA's catalogue: whether each line of one is known by a rule that says the catalogue's action."""
    score = Score()
    with (DATA / "nvidia" / "xid_catalog.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    trial = Trial(judge.rules)
    for row in rows:
        text = f"[  12.500000] NVRM: Xid (PCI:0000:3b:00): {row['code']}, pid=4242, name=python3, details follow"
        verdicts = trial.judge_lines([read(text)])[0]
        action = row["immediate_action"].replace("_", " ").casefold()
        right = any(
            action in " ".join((*one.rule.steps, one.rule.title)).replace("_", " ").casefold() for one in verdicts
        )
        score.add(right, f"Xid {row['code']}: {row['immediate_action']}: {[one.rule.id for one in verdicts]}")
    return score


def rows(judge: Judge) -> Iterator[tuple[str, Score, str]]:
    """Name, score and bar of each figure."""
    found = lines(judge)
    bars = {"failures found": "≥ 99 %", "harmless lines alarmed not": "≥ 99 %"}
    for name, score in found.items():
        yield f"labelled lines: {name}", score, bars.get(name, "≥ 95 %")
    yield "excerpts: key line found", excerpts(judge), "≥ 99 %"
    must, must_not = reports(judge)
    yield "kernel consoles that must alarm", must, "≥ 97 %"
    yield "kernel consoles that must not", must_not, "100 %"
    yield "Xid codes with the catalogue's action", xids(judge), "172 of 172"


def main(arguments: Sequence[str], say: Callable[[str], None] = print) -> None:
    """Prints Markdown; with `wrong` also each line that was judged wrongly."""
    judge = Judge()
    log_rules = [rule for rule in judge.rules if rule.source == "log"]
    kinds = {rule.kind for rule in judge.rules if rule.kind}
    say(f"{len(judge.rules)} rules of {len(kinds)} kinds, {len(log_rules)} of them over log lines\n")
    say("| what | right | bar |\n|---|---|---|")
    wrong: list[str] = []
    for name, score, bar in rows(judge):
        say(f"| {name} | {score} | {bar} |")
        wrong += [f"{name}: {said}" for said in score.wrong]
    say("\nTriggers of warning or worse in LogHub's samples, each explained in docs/detection-loghub.md:\n")
    for system, counted in samples(judge).items():
        told = ", ".join(f"{rule} {number}" for rule, number in counted.most_common())
        say(f"- {system}: {sum(counted.values())}{f' ({told})' if told else ''}")
    if "wrong" in arguments:
        say("\n```")
        for said in wrong:
            say(said)
        say("```")
