"""Which cause stands behind the symptoms of an incident: a first, transparent ranking.

Two ideas are combined. Direct evidence adds up by noisy-or (Pearl, Probabilistic Reasoning in Intelligent Systems,
1988, section 4.3.2): each rule that speaks for a cause is an independent chance that it is right. Of the causes with
evidence, those that cover the other symptoms are preferred over those that are covered (parsimonious covering: Peng and
Reggia, Abductive Inference Models for Diagnostic Problem-Solving, 1990). A leak stands for causes that nobody wrote
down, so confidences never reach 1 and 'unknown' is a legal answer. The same symptoms always give the same ranking.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from math import prod

from groundcrew.contracts.incidents import Cause, Severity, Symptom
from groundcrew.diagnosis.causes import UNKNOWN, CauseEntry, Knowledge
from groundcrew.diagnosis.topology import names_part, part_key

FIRST = 0.9
"""Chance that a rule's first cause is right, before the severity is looked at."""

EACH_NEXT = 0.25
"""Each further cause of a rule has this share of the one before."""

BY_SEVERITY = {Severity.CRITICAL: 1.0, Severity.WARNING: 0.85}
OF_INFO = 0.4
CONSEQUENCE = 0.1
"""What is left of the score of a cause that another one with first-hand evidence explains."""

UNCOVERED = 0.5
"""Share of the score that does not hang on covering other symptoms."""

CAME_LATE = 0.8
"""Factor where the evidence comes clearly after what it would explain; mild, because clocks of BMCs are often off."""

LATE = timedelta(minutes=10)
ALONE = 0.3
"""Factor for a fault of a shared element as long as one host alone speaks for it."""

LEAK = 0.06
MIN_SCORE = 0.15
MAX_ALTERNATIVES = 4
SHARED_STRENGTH = 0.97
"""Score of a fault in a shared element, once enough hosts show it: it is counted, not guessed."""


@dataclass(frozen=True, kw_only=True)
class _Scored:
    entry: CauseEntry
    part: str
    score: float
    why: str


def rank(
    symptoms: Sequence[Symptom], knowledge: Knowledge, shared: tuple[CauseEntry, str, int] | None = None
) -> list[Cause]:
    """Causes by falling confidence, at least one. `shared` is a fault found in an element that several hosts hang on:
    its entry, the element's name and the number of hosts that show it."""
    scored = [_score(name, symptoms, knowledge) for name in _candidates(symptoms)]
    if shared is not None:
        scored = [_below_shared(one, shared[0], knowledge) for one in scored if one.entry.id != shared[0].id]
        scored.append(_shared(*shared))
    scored = [one for one in scored if one.score > 0]
    scored.sort(key=lambda one: (-one.score, one.entry.id))
    if not scored or scored[0].score < MIN_SCORE:
        return [_unknown(symptoms, knowledge)]
    total = sum(one.score for one in scored) + LEAK
    return [
        Cause(
            id=one.entry.id,
            component_class=one.entry.class_name,
            component=one.part,
            confidence=round(one.score / total, 4),
            why=one.why,
        )
        for one in scored[: MAX_ALTERNATIVES + 1]
    ]


def leading(symptom: Symptom) -> str:
    """The cause that a symptom speaks for most."""
    return symptom.causes[0] if symptom.causes else UNKNOWN


def _candidates(symptoms: Sequence[Symptom]) -> list[str]:
    return sorted({name for symptom in symptoms for name in symptom.causes if name != UNKNOWN})


def _strength(symptom: Symptom, cause: str) -> float:
    """Chance that `cause` is right going by this symptom alone; 0 where its rule does not speak for it."""
    if cause not in symptom.causes:
        return 0.0
    return FIRST * EACH_NEXT ** symptom.causes.index(cause) * BY_SEVERITY.get(symptom.severity, OF_INFO)


def _score(cause: str, symptoms: Sequence[Symptom], knowledge: Knowledge) -> _Scored:
    entry = knowledge.get(cause)
    direct = [symptom for symptom in symptoms if cause in symptom.causes]
    others = [symptom for symptom in symptoms if leading(symptom) != cause]
    covered = [symptom for symptom in others if knowledge.explains(cause, leading(symptom))]
    evidence = 1 - prod(1 - _strength(symptom, cause) for symptom in direct)
    coverage = len(covered) / len(others) if others else 1.0
    score = evidence * (UNCOVERED + (1 - UNCOVERED) * coverage)
    above = _explained_by(cause, symptoms, knowledge)
    if above:
        score *= CONSEQUENCE
    if covered and min(s.first_seen for s in direct) > min(s.first_seen for s in covered) + LATE:
        score *= CAME_LATE
    if entry.shared is not None:
        score *= ALONE
    part = _part(cause, direct)
    return _Scored(entry=entry, part=part, score=score, why=_why(direct, covered, others, above))


def _explained_by(cause: str, symptoms: Sequence[Symptom], knowledge: Knowledge) -> str:
    """A cause with first-hand evidence that explains this one; empty where there is none. Of two that explain each
    other, the one whose evidence came first is the cause."""
    firsts: dict[str, Symptom] = {}
    for symptom in sorted(symptoms, key=lambda s: (s.first_seen, s.rule_id)):
        if symptom.severity.rank > 0:
            firsts.setdefault(leading(symptom), symptom)
    own = firsts.get(cause)
    for name in sorted(firsts):
        if name == cause or not knowledge.explains(name, cause):
            continue
        mutual = knowledge.explains(cause, name)
        if mutual and own is not None and own.first_seen <= firsts[name].first_seen:
            continue
        return name
    return ""


def _part(cause: str, direct: Sequence[Symptom]) -> str:
    """The part with the most evidence for this cause; of equals the one seen first. A port or controller stands
    behind any name of a part itself."""
    weight: dict[str, float] = {}
    for symptom in direct:
        if key := part_key(symptom.component):
            weight[key] = weight.get(key, 0.0) + _strength(symptom, cause)
    if not weight:
        return ""
    named = [symptom for symptom in direct if part_key(symptom.component)]
    best = min(
        named,
        key=lambda s: (
            not names_part(s.component),
            -weight[part_key(s.component)],
            s.first_seen,
            s.component,
            s.rule_id,
        ),
    )
    return best.component


def _why(direct: Sequence[Symptom], covered: Sequence[Symptom], others: Sequence[Symptom], above: str) -> str:
    rules = ", ".join(sorted({symptom.rule_id for symptom in direct})[:5])
    verb = "symptom speaks" if len(direct) == 1 else "symptoms speak"
    text = f"{len(direct)} {verb} for it ({rules})"
    if others:
        text += f"; it explains {len(covered)} of the {len(others)} others"
    if above:
        text += f"; it is itself explained by {above}"
    return text + "."


def _shared(entry: CauseEntry, element: str, hosts: int) -> _Scored:
    assert entry.shared is not None
    why = f"{hosts} hosts on {entry.shared.kind.value} {element} show the same kind of fault at the same time."
    return _Scored(entry=entry, part=element, score=SHARED_STRENGTH, why=why)


def _below_shared(one: _Scored, shared: CauseEntry, knowledge: Knowledge) -> _Scored:
    """Single-host causes that the shared fault accounts for are its consequences."""
    assert shared.shared is not None
    if one.entry.id not in shared.shared.of and not knowledge.explains(shared.id, one.entry.id):
        return one
    why = one.why.removesuffix(".") + f"; it is itself explained by {shared.id}."
    return _Scored(entry=one.entry, part=one.part, score=one.score * CONSEQUENCE, why=why)


def _unknown(symptoms: Sequence[Symptom], knowledge: Knowledge) -> Cause:
    part = next((s.component for s in symptoms if s.component), "")
    return Cause(
        id=UNKNOWN,
        component_class=symptoms[0].component_class if symptoms else knowledge.get(UNKNOWN).class_name,
        component=part,
        confidence=0.0,
        why="No known cause has enough evidence.",
    )
