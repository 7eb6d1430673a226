"""`groundcrew bench scenarios`: many scenarios replayed and held against their answers."""

import asyncio
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from groundcrew_cli.errors import USAGE, CliError
from groundcrew_cli.terminal import note

if TYPE_CHECKING:
    from groundcrew_embedded.disturbing import Disturb
    from groundcrew_embedded.judging import Judgement

NOTE = (
    "Every scenario through the production handlers, models off. An expected incident has ten criteria: that it was "
    "found, its cause, class, part, hosts, severity, evidence, proposed actions, none that must never be, and no red "
    "herring; the number of incidents is one more. ✓ all hold, – nothing to hold (a healthy control), else how many do."
)
_COLUMNS = ("cause", "class", "part", "hosts", "severity", "evidence", "actions", "never", "not_cause")


@dataclass(frozen=True)
class Score:
    """One scenario's judgement and how long its replay took."""

    name: str
    judgement: "Judgement"
    seconds: float

    @property
    def share(self) -> float:
        reached, possible = self.judgement.points
        return reached / possible

    def as_json(self) -> dict[str, Any]:
        reached, possible = self.judgement.points
        return {
            "scenario": self.name,
            "points": reached,
            "possible": possible,
            "incidents": self.judgement.found,
            "expected": self.judgement.expected,
            "false_incidents": self.judgement.false_incidents,
            "forbidden_actions": self.judgement.forbidden,
            "criteria": [dict(judged.met) for judged in self.judgement.incidents],
            "wrong": list(self.judgement.wrong),
        }


def score(named: Sequence[Path], disturb: "Disturb | None" = None) -> list[Score]:
    """Replay each folder, or each scenario within it. Raises CliError where one is malformed."""
    from groundcrew_embedded.disturbing import undisturbed
    from groundcrew_embedded.judging import judge, read_answer
    from groundcrew_embedded.replay import replay
    from groundcrew_embedded.scenario import ScenarioError

    folders = [folder for path in named for folder in _folders(path)]
    scores = []
    for number, folder in enumerate(folders, 1):
        if sys.stderr.isatty():
            note(f"{number}/{len(folders)} {folder.resolve().name}")
        try:
            answer = read_answer(folder)
            began = time.monotonic()
            judgement = judge(answer, asyncio.run(replay(folder, disturb=disturb or undisturbed)))
        except ScenarioError as error:
            raise CliError(str(error), USAGE) from None
        scores.append(Score(folder.resolve().name, judgement, time.monotonic() - began))
    return scores


@dataclass(frozen=True)
class Total:
    """All scenarios together. Shares are of the expected incidents, `incidents` is of the scenarios."""

    scenarios: int
    expected: int
    incidents: float
    cause: float
    component: float
    hosts: float
    evidence: float
    false_incidents: int
    forbidden_actions: int
    seconds: float

    @classmethod
    def of(cls, scores: Sequence[Score]) -> "Total":
        judged = [one for score in scores for one in score.judgement.incidents]
        exact = sum(one.judgement.found == one.judgement.expected for one in scores)
        cited, citable = (sum(one.cited[n] for one in judged) for n in (0, 1))

        def share(criterion: str) -> float:
            return sum(one.met[criterion] for one in judged) / len(judged) if judged else 1.0

        return cls(
            scenarios=len(scores),
            expected=len(judged),
            incidents=exact / len(scores),
            cause=share("cause"),
            component=share("part"),
            hosts=share("hosts"),
            evidence=cited / citable if citable else 1.0,
            false_incidents=sum(one.judgement.false_incidents for one in scores),
            forbidden_actions=sum(one.judgement.forbidden for one in scores),
            seconds=sum(one.seconds for one in scores),
        )

    def sentence(self) -> str:
        return (
            f"Incidents counted right in {self.incidents:.0%} of {self.scenarios} scenarios; of {self.expected} "
            f"expected incidents top-1 cause {self.cause:.0%}, component {self.component:.0%}, host set "
            f"{self.hosts:.0%}; evidence covered {self.evidence:.0%}; {self.false_incidents} false incidents, "
            f"{self.forbidden_actions} forbidden actions; {self.seconds:.0f} s."
        )


def _folders(path: Path) -> Iterator[Path]:
    if (path / "scenario.toml").is_file():
        yield path
        return
    found = sorted(each.parent for each in path.glob("*/scenario.toml"))
    if not found:
        raise CliError(f"{path}: no scenario is here; its folder holds a scenario.toml", USAGE)
    yield from found


def table(scores: Sequence[Score]) -> str:
    """Markdown: a row a scenario, the sum below, then what is wrong."""
    head = ["scenario", "incidents", *(name.replace("_", " ") for name in _COLUMNS), "points", "s"]
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    for one in scores:
        judgement = one.judgement
        cells = [_cell([judged.met[name] for judged in judgement.incidents]) for name in _COLUMNS]
        count = "✓" if judgement.found == judgement.expected else f"{judgement.found} for {judgement.expected}"
        lines.append("| " + " | ".join([one.name, count, *cells, f"{one.share:.0%}", f"{one.seconds:.1f}"]) + " |")
    right = sum(not one.judgement.wrong for one in scores)
    mean = sum(one.share for one in scores) / len(scores)
    lines += ["", f"{right} of {len(scores)} scenarios are entirely right; {mean:.0%} of the points in the mean."]
    lines += [Total.of(scores).sentence()]
    lines += [f"- {one.name}: {sentence}" for one in scores for sentence in one.judgement.wrong]
    return "\n".join(lines)


def _cell(held: Sequence[bool]) -> str:
    if not held:
        return "–"
    return "✓" if all(held) else f"{sum(held)}/{len(held)}"
