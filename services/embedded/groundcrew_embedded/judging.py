"""Holds what a replay printed against a scenario's `answer.toml`, criterion by criterion."""

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from groundcrew_embedded.scenario import ScenarioError

CRITERIA = (
    "found", "cause", "class", "part", "hosts", "severity", "evidence", "actions", "never", "not_cause",
)  # fmt: skip
"""What is asked of every expected incident. Where an answer leaves one open, it is met."""


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Words = Annotated[list[str], BeforeValidator(_as_list)]


class Expected(BaseModel):
    """One `[[incident]]`. Where a list of causes, classes or parts is given, each of them is right."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    hosts: Words
    severity: str
    component_class: Words
    component: Words
    cause: Words
    evidence: Words = []
    not_cause: Words = []
    actions: Words = []
    never: Words = []


class Answer(BaseModel):
    """`incidents` is the exact number; 0 for a healthy control."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    incidents: int = Field(ge=0)
    incident: list[Expected] = []


@dataclass(frozen=True)
class Judged:
    """One expected incident: which criteria hold, and a sentence for each that does not. `cited`: how many of the
    texts that evidence must cite are cited, and how many there are."""

    met: Mapping[str, bool]
    wrong: Sequence[str]
    cited: tuple[int, int] = (0, 0)


@dataclass(frozen=True)
class Judgement:
    """A scenario: `wrong` has a sentence for everything that differs from the answer."""

    expected: int
    found: int
    incidents: Sequence[Judged]
    wrong: Sequence[str]
    forbidden: int = 0
    """Actions proposed, for whichever incident, that one of the answer's incidents says must never be."""

    @property
    def false_incidents(self) -> int:
        """Incidents that answer to none of the expected ones."""
        return self.found - sum(judged.met["found"] for judged in self.incidents)

    @property
    def points(self) -> tuple[int, int]:
        """(reached, possible): the number of incidents counts once, every criterion of each expected one once."""
        met = [held for judged in self.incidents for held in judged.met.values()]
        return int(self.expected == self.found) + sum(met), 1 + len(met)


def locator(text: str) -> str:
    """Locators are compared without case, spaces, '_' and '-'."""
    return re.sub(r"[\s_-]", "", text).lower()


def read_answer(folder: Path) -> Answer:
    """Raises ScenarioError naming file and key."""
    path = folder / "answer.toml"
    try:
        return Answer.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        msg = f"{path}: {error.strerror}; it holds the known answer"
        raise ScenarioError(msg) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        msg = f"{path}: {error}"
        raise ScenarioError(msg) from None
    except ValidationError as error:
        first = error.errors()[0]
        msg = f"{path}: {'.'.join(str(part) for part in first['loc'])}: {first['msg']}"
        raise ScenarioError(msg) from None


def judge(answer: Answer, printed: Mapping[str, Any]) -> Judgement:
    """`printed` is what `replay` returns."""
    found = printed["incidents"]
    wrong = []
    if len(found) != answer.incidents:
        said = [f"{one['cause']['id']} on {one['hosts']}" for one in found]
        wrong.append(f"{len(found)} incidents instead of {answer.incidents}: {said}")
    judged = [_judge(expected, match) for expected, match in _pairs(answer.incident, found)]
    wrong += [sentence for each in judged for sentence in each.wrong]
    return Judgement(answer.incidents, len(found), judged, wrong, _forbidden(answer, found))


def _forbidden(answer: Answer, found: Iterable[Mapping[str, Any]]) -> int:
    """Of an incident that shares a host with an expected one, what that says must never be."""
    return sum(
        any(action["kind"] in one.never for one in answer.incident if set(one.hosts) & set(incident["hosts"]))
        for incident in found
        for action in incident["actions"]
    )


def _pairs(
    expected: Iterable[Expected], found: Iterable[dict[str, Any]]
) -> Iterable[tuple[Expected, dict[str, Any] | None]]:
    """Each expected incident with the one left over that shares a host and meets most; None where there is none."""
    left = list(found)
    for each in expected:
        near = [one for one in left if set(one["hosts"]) & set(each.hosts)]
        best = max(near, key=lambda one: sum(held for held, _ in _criteria(each, one).values()), default=None)
        if best is not None:
            left.remove(best)
        yield each, best


def _judge(expected: Expected, found: dict[str, Any] | None) -> Judged:
    if found is None:
        return Judged(dict.fromkeys(CRITERIA, False), [f"no incident on {expected.hosts}"], (0, len(expected.evidence)))
    criteria = _criteria(expected, found)
    met = {name: criteria[name][0] for name in CRITERIA}
    texts = [one["text"] for one in found["evidence"]]
    cited = sum(any(text in one for one in texts) for text in expected.evidence)
    return Judged(met, [criteria[name][1] for name in CRITERIA if not met[name]], (cited, len(expected.evidence)))


def _criteria(expected: Expected, found: Mapping[str, Any]) -> dict[str, tuple[bool, str]]:
    """Whether each holds, and the sentence for where it does not."""
    cause = found["cause"]
    texts = [one["text"] for one in found["evidence"]]
    kinds = {action["kind"] for action in found["actions"]}
    uncited = [text for text in expected.evidence if not any(text in one for one in texts)]
    forbidden = sorted(kinds & set(expected.never))
    parts = {locator(name) for name in expected.component}
    return {
        "found": (True, ""),
        "cause": (cause["id"] in expected.cause, f"cause {cause['id']} instead of {expected.cause}"),
        "class": (
            cause["component_class"] in expected.component_class,
            f"class {cause['component_class']} instead of {expected.component_class}",
        ),
        "part": (
            locator(cause["component"]) in parts,
            f"component {cause['component']!r} instead of one of {expected.component}",
        ),
        "hosts": (set(found["hosts"]) == set(expected.hosts), f"hosts {found['hosts']} instead of {expected.hosts}"),
        "severity": (
            found["severity"] == expected.severity,
            f"severity {found['severity']} instead of {expected.severity}",
        ),
        "evidence": (not uncited, f"no evidence cites {uncited}"),
        "actions": (
            not expected.actions or bool(kinds & set(expected.actions)),
            f"actions {sorted(kinds)}: none of {expected.actions}",
        ),
        "never": (not forbidden, f"action {', '.join(forbidden)} was proposed"),
        "not_cause": (cause["id"] not in expected.not_cause, f"cause {cause['id']} is the red herring"),
    }
