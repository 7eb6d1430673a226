"""Which cause stands behind the symptoms of an incident: hypotheses scored by what was seen and what was not.

A two-level noisy-or network, as in QMR (Heckerman, A Tractable Inference Algorithm for Diagnosing Multiple Diseases,
UAI 1989), with one fault per incident; fusion has parted what are two. Symptoms whose rules name the same cause first
are one fact; how far a fact is to be believed is virtual evidence (Pearl, Probabilistic Reasoning in Intelligent
Systems, 1988, section 2.2.2) with the odds of its rules together. A hypothesis scores, in nats, the logarithm of how
much likelier it makes each fact than chance does:

    ln (p odds + 1 - p) / (leak odds + 1 - leak)

where p is the chance that the cause shows so (the pack's words, multiplied along the likeliest way), and leak that of
causes nobody wrote down. What it should have shown, where somebody watched and time has passed, takes off
ln (1 - p + p MISSED). Confidences are the scores' shares of all hypotheses, with 'unknown' as one of them. The same
symptoms always give the same ranking, whatever order they came in.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import exp, log, prod
from typing import NamedTuple

from groundcrew.contracts.incidents import Cause, EvidenceSource, Ground, Severity, Symptom
from groundcrew.diagnosis.causes import UNKNOWN, CauseEntry, Knowledge, Order, Produced, Role, Where
from groundcrew.diagnosis.parts import are_two_parts, names_part, part_key

FIRST = 0.9
"""Chance that a cause shows by a rule that names it first."""

EACH_NEXT = 0.25
"""Each further cause of a rule has this share of the one before."""

WRONG = {Severity.CRITICAL: 0.005, Severity.WARNING: 0.02}
WRONG_INFO = 0.25
"""Chance that a trigger of this severity means nothing at all."""

MAX_ODDS = 200.0
"""However many symptoms say the same: they are not independent."""

SUFFERS = 0.75
"""Chance that what depends on a place shows that it stopped."""

LEAK = 0.005
MISSED = 0.1
"""Chance that what a cause did bring about is not seen although its source is watched."""

MORE_PARTS = 0.5
"""Share of the weight that each further part with the same symptom has of the one before: they are not independent."""

CAME_LATE = 0.5
"""Factor on the chance where the evidence of the cause comes clearly after (or, where the pack wants it so, before)
what it would explain: logs are late and polls are rare, so it is a hint and no proof."""

LATE = timedelta(minutes=10)
ALONE = 0.3
"""Factor for a fault of a shared element as long as one host alone speaks for it, and for a cause that is seen only
where what is needed from elsewhere has stopped."""

ENOUGH = 1.0
"""Nats below which the best hypothesis is no better than saying nothing."""

NOBODY_KNOWS = 0.5
"""Weight of 'unknown' among the hypotheses, whose scores count from 0."""

SURE = 3.0
"""Nats by which a fault in a shared element leads once enough hosts show it: it is counted, not guessed."""

_COUNTED = frozenset({"cpu", "dimm", "psu", "fan", "gpu"})
"""Classes of parts that a host has several of: a name without a number is of all of them."""

MAX_ALTERNATIVES = 4
MAX_GROUNDS = 12


@dataclass(frozen=True, kw_only=True)
class Watch:
    """What could have been seen: sources that watch the incident's places, and the newest moment told of them."""

    sources: Collection[EvidenceSource] = ()
    until: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class _Fact:
    """Symptoms that name the same cause first; of a cause that lies in one part, those of one part."""

    cause: str
    symptoms: tuple[Symptom, ...]
    odds: float
    first: Symptom
    parts: frozenset[str]
    names: dict[str, float]
    """Causes that its rules name, each with the chance that it shows by them."""
    suffers: bool = False
    cited: str


class _Said(NamedTuple):
    """A ground, told only of the hypotheses that are: most of them are not."""

    what: str
    says: str
    weight: float
    text: str = ""


@dataclass(frozen=True, kw_only=True)
class _Scored:
    entry: CauseEntry
    part: str
    score: float
    why: str
    grounds: list[_Said] = field(default_factory=list)


def rank(
    symptoms: Sequence[Symptom],
    knowledge: Knowledge,
    shared: tuple[CauseEntry, str, int] | None = None,
    watch: Watch | None = None,
    suffering: Sequence[Symptom] = (),
) -> list[Cause]:
    """Causes by falling confidence, at least one. `shared` is a fault found in an element that several hosts hang on:
    its entry, the element's name and the number of hosts that show it. `suffering`: those of the symptoms that follow
    from a fault of what their place depends on, where another one stops it."""
    facts = _facts(symptoms, knowledge, {id(symptom) for symptom in suffering})
    scored = [_score(name, facts, knowledge, watch or Watch()) for name in _candidates(symptoms)]
    if shared is not None:
        scored = _below_shared([one for one in scored if one.entry.id != shared[0].id], shared, knowledge)
    scored.sort(key=lambda one: (-one.score, one.entry.id))
    if not scored or scored[0].score < ENOUGH:
        return [_unknown(symptoms, knowledge)]
    best: dict[str, _Scored] = {}
    for one in scored:
        best.setdefault(one.entry.told_as, one)
    told = list(best.values())[: MAX_ALTERNATIVES + 1]
    total = sum(exp(one.score) for one in scored) + NOBODY_KNOWS
    return [
        Cause(
            id=one.entry.told_as,
            variant=one.entry.id if one.entry.kind_of else "",
            component_class=one.entry.class_name,
            component=one.part,
            confidence=round(exp(one.score) / total, 4),
            why=one.why,
            why_not="" if one is told[0] else _why_not(one, told[0]),
            grounds=[Ground(**said._asdict()) for said in one.grounds[:MAX_GROUNDS]],
        )
        for one in told
    ]


def leading(symptom: Symptom) -> str:
    """The cause that a symptom speaks for most."""
    return symptom.causes[0] if symptom.causes else UNKNOWN


# --- what was seen -------------------------------------------------------------------------------------------------


def _candidates(symptoms: Sequence[Symptom]) -> list[str]:
    return sorted({name for symptom in symptoms for name in symptom.causes if name != UNKNOWN})


def _facts(symptoms: Sequence[Symptom], knowledge: Knowledge, suffering: Collection[int]) -> list[_Fact]:
    """In order of first sight."""
    groups: dict[tuple[str, str], list[Symptom]] = {}
    for symptom in symptoms:
        part = names_part(symptom.component) if knowledge.get(leading(symptom)).one_part else ""
        groups.setdefault((leading(symptom), part), []).append(symptom)
    facts = []
    for (cause, _), group in groups.items():
        wrong = prod(WRONG.get(symptom.severity, WRONG_INFO) for symptom in group)
        first = min(group, key=lambda s: (s.first_seen, s.rule_id, s.component))
        facts.append(
            _Fact(
                cause=cause,
                symptoms=tuple(group),
                odds=min(1 / wrong, MAX_ODDS) if wrong else MAX_ODDS,
                first=first,
                parts=frozenset(names_part(symptom.component) for symptom in group) - {""},
                names=_names(group),
                suffers=bool(suffering) and all(id(symptom) in suffering for symptom in group),
                cited=first.title + (f" (and {len(group) - 1} more)" if len(group) > 1 else ""),
            )
        )
    return sorted(facts, key=lambda fact: (fact.first.first_seen, fact.cause))


def _names(symptoms: Iterable[Symptom]) -> dict[str, float]:
    names: dict[str, float] = {}
    for causes in {tuple(symptom.causes) for symptom in symptoms}:
        for place, name in enumerate(causes):
            names[name] = max(names.get(name, 0.0), FIRST * EACH_NEXT**place)
    return names


def _shown(cause: str, fact: _Fact, knowledge: Knowledge) -> float:
    """Chance that `cause` shows as this fact: by its own rules, or by what it brings about."""
    best = SUFFERS if fact.suffers and fact.cause != cause and knowledge.stops(cause) else 0.0
    for name, chance in fact.names.items():
        best = max(best, chance if name == cause else chance * knowledge.chance(cause, name))
    return best


# --- hypotheses ----------------------------------------------------------------------------------------------------


def _score(cause: str, facts: Sequence[_Fact], knowledge: Knowledge, watch: Watch) -> _Scored:
    entry = knowledge.get(cause)
    own = [symptom for fact in facts if cause in fact.names for symptom in fact.symptoms if cause in symptom.causes]
    first = min(own, key=lambda s: s.first_seen)
    part = _part(cause, own)
    grounds = []
    explained: list[str] = []
    again: dict[str, int] = {}
    for fact in facts:
        chance = _shown(cause, fact, knowledge) * _in_order(cause, fact, first, part, knowledge)
        weight = _weight(chance, fact.odds)
        against = knowledge.told_of(cause, fact.cause)
        if against is not None and against.role is Role.CONTRADICTING:
            weight = log(1 - against.chance.value_of * (1 - 1 / fact.odds))
            grounds.append(_Said(fact.cause, "against", round(weight, 3), fact.cited))
        elif weight > 0:
            weight *= MORE_PARTS ** min(again.get(fact.cause, 0), 3)
            again[fact.cause] = again.get(fact.cause, 0) + 1
            if fact.cause == cause:
                grounds.append(_Said(fact.cause, "seen", round(weight, 3), fact.cited))
            else:
                grounds.append(_Said(fact.cause, "explained", round(weight, 3), fact.cited))
                explained.append(fact.cause)
        else:
            grounds.append(_Said(fact.cause, "unexplained", 0.0, fact.cited))
    grounds += _missing(entry, facts, first, watch)
    score = sum(ground.weight for ground in grounds)
    if entry.shared is not None and entry.shared.kind.in_topology:
        score += log(ALONE)
    if all(fact.suffers for fact in facts if cause in fact.names):
        score += log(ALONE)
    grounds.sort(key=lambda ground: (-abs(ground.weight), ground.what))
    why = _why(own, explained, [fact for fact in facts if fact.cause != cause], _above(cause, facts, knowledge))
    return _Scored(entry=entry, part=part, score=score, why=why, grounds=grounds)


def _weight(chance: float, odds: float) -> float:
    """Nats that a fact of these odds adds to a cause that shows so with this chance; 0 where it is left to chance."""
    if chance <= LEAK:
        return 0.0
    return log(chance * odds + 1 - chance) - log(LEAK * odds + 1 - LEAK)


def _in_order(cause: str, fact: _Fact, first: Symptom, part: str, knowledge: Knowledge) -> float:
    """Factor on the chance where time or place speak against that the cause brought the fact about."""
    key = names_part(part)
    if cause in fact.names:
        others = knowledge.get(cause).one_part and fact.parts and all(are_two_parts(key, other) for other in fact.parts)
        return 0.0 if others else 1.0
    told = knowledge.told_of(cause, fact.cause)
    if told is not None and told.where is Where.PART and all(are_two_parts(key, other) for other in fact.parts):
        return 0.0 if fact.parts else 1.0
    order = told.order if told is not None else Order.AFTER
    slack = LATE + timedelta(seconds=first.uncertainty_s + fact.first.uncertainty_s)
    if order is Order.AFTER and first.first_seen > fact.first.first_seen + slack:
        return CAME_LATE
    if order is Order.BEFORE and fact.first.first_seen > first.first_seen + slack:
        return CAME_LATE
    mutual = knowledge.explains(fact.cause, cause)
    return CAME_LATE if mutual and fact.first.first_seen < first.first_seen else 1.0


def _missing(entry: CauseEntry, facts: Sequence[_Fact], first: Symptom, watch: Watch) -> list[_Said]:
    """What the cause should have shown by now, and nobody saw although somebody watched."""
    if watch.until is None:
        return []
    grounds = []
    for one in entry.awaited:
        if not _watched(one, watch) or any(_shows(fact, one) for fact in facts):
            continue
        if watch.until - first.first_seen < timedelta(seconds=one.within_s + first.uncertainty_s):
            continue
        chance = one.chance.value_of
        weight = log(1 - chance + chance * MISSED)
        grounds.append(_Said(one.shows, "missing", round(weight, 3)))
    return grounds


def _shows(fact: _Fact, one: Produced) -> bool:
    """Whether a fact is what was awaited. For what is required a rule must speak first for it: that of another fact
    which names it as the lesser possibility is no sight of it."""
    return fact.cause == one.shows if one.role is Role.REQUIRED else one.shows in fact.names


def _watched(one: Produced, watch: Watch) -> bool:
    return not one.source or not set(one.source).isdisjoint(watch.sources)


def _above(cause: str, facts: Iterable[_Fact], knowledge: Knowledge) -> str:
    """The first cause with evidence of its own that explains this one; empty where there is none."""
    return next(
        (
            fact.cause
            for fact in facts
            if fact.cause != cause
            and fact.first.severity.rank > 0
            and knowledge.explains(fact.cause, cause)
            and not knowledge.explains(cause, fact.cause)
        ),
        "",
    )


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
            not any(map(str.isdigit, s.component)) if s.component_class in _COUNTED else False,
            -weight[part_key(s.component)],
            not s.component.endswith(".service"),
            s.first_seen,
            s.component,
            s.rule_id,
        ),
    )
    return best.component


def _strength(symptom: Symptom, cause: str) -> float:
    """How much one symptom says of a cause that its rule names."""
    return FIRST * EACH_NEXT ** symptom.causes.index(cause) * (1 - WRONG.get(symptom.severity, WRONG_INFO))


# --- in words ------------------------------------------------------------------------------------------------------


def _why(direct: Sequence[Symptom], explained: Sequence[str], others: Sequence[_Fact], above: str) -> str:
    rules = ", ".join(sorted({symptom.rule_id for symptom in direct})[:5])
    verb = "symptom speaks" if len(direct) == 1 else "symptoms speak"
    text = f"{len(direct)} {verb} for it ({rules})"
    if others:
        text += f"; it explains {len(explained)} of the {len(others)} other kinds of symptom"
    if above:
        text += f"; it is itself explained by {above}"
    return text + "."


def _why_not(one: _Scored, best: _Scored) -> str:
    """What a hypothesis lacks that the best one has, in one sentence."""
    mine = {ground.what: ground.weight for ground in one.grounds if ground.says != "missing"}
    lacks = [
        ground.what
        for ground in best.grounds
        if ground.says in ("seen", "explained") and mine.get(ground.what, 0.0) < ground.weight / 2
    ]
    said = []
    if lacks:
        said.append(f"it explains {', '.join(lacks[:3])} less well than {best.entry.id} does")
    if missing := [ground.what for ground in one.grounds if ground.says == "missing"]:
        said.append(f"{', '.join(missing[:3])} should have been seen and was not")
    if against := [ground.what for ground in one.grounds if ground.says == "against"]:
        said.append(f"{', '.join(against[:3])} speaks against it")
    text = "; ".join(said) or f"the evidence for {best.entry.id} is stronger"
    return text[0].upper() + text[1:] + "."


def _below_shared(
    scored: Sequence[_Scored], shared: tuple[CauseEntry, str, int], knowledge: Knowledge
) -> list[_Scored]:
    """The shared fault on top; causes on single hosts that it accounts for are its consequences."""
    entry, element, hosts = shared
    assert entry.shared is not None
    of = entry.shared.shows_as
    below = []
    for one in scored:
        if one.entry.id not in of and not knowledge.explains(entry.id, one.entry.id):
            below.append(one)
            continue
        why = one.why.removesuffix(".") + f"; it is itself explained by {entry.id}."
        below.append(_Scored(entry=one.entry, part=one.part, score=one.score, why=why, grounds=one.grounds))
    why = f"{hosts} hosts on {entry.shared.kind.value} {element} show the same kind of fault at the same time."
    ground = _Said(entry.id, "counted", SURE, why)
    grounds = [ground, *(max(below, key=lambda one: one.score).grounds if below else ())]
    score = max((one.score for one in below), default=0.0) + SURE
    return [*below, _Scored(entry=entry, part=element, score=score, why=why, grounds=grounds)]


def _unknown(symptoms: Sequence[Symptom], knowledge: Knowledge) -> Cause:
    part = next((s.component for s in symptoms if s.component), "")
    return Cause(
        id=UNKNOWN,
        component_class=symptoms[0].component_class if symptoms else knowledge.get(UNKNOWN).class_name,
        component=part,
        confidence=0.0,
        why="No known cause has enough evidence.",
    )
