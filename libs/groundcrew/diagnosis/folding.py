"""Equal trigger events folded into one symptom, whatever the order they come in, and when symptoms are over."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from groundcrew.contracts.envelope import Envelope
from groundcrew.contracts.incidents import EvidenceSource, Symptom, TriggerRaised
from groundcrew.diagnosis.relation import key_of

MOMENTARY = frozenset({EvidenceSource.JOURNAL, EvidenceSource.SEL, EvidenceSource.UNKNOWN})
"""Sources that tell of moments, not of states: their rules often cannot see recovery."""

MAX_TEXT = 200
"""Characters of a symptom's part and title; the evidence has the whole text."""


def symptom_of(envelope: Envelope[TriggerRaised], about: str = "") -> Symptom:
    """One trigger event as a symptom; `about` is another host that its words name."""
    data = envelope.data
    return Symptom(
        rule_id=data.rule_id,
        entity=envelope.entity,
        component_class=data.component_class,
        component=data.component[:MAX_TEXT],
        causes=data.causes,
        severity=data.severity,
        title=data.title[:MAX_TEXT],
        source=data.evidence[0].source if data.evidence else EvidenceSource.UNKNOWN,
        first_seen=min(data.first_seen, data.last_seen),
        last_seen=data.last_seen,
        count=1,
        uncertainty_s=data.uncertainty_s,
        about=about,
    )


def fold(first: Symptom, second: Symptom) -> Symptom:
    """Both as one; commutative but for wording, which is that of the later."""
    early, late = sorted((first, second), key=lambda s: (s.last_seen, s.first_seen))
    last_seen = late.last_seen
    clears = [s.cleared_at for s in (first, second) if s.cleared_at is not None and s.cleared_at >= last_seen]
    return late.model_copy(
        update={
            "severity": max(first.severity, second.severity, key=lambda severity: severity.rank),
            "first_seen": min(early.first_seen, late.first_seen),
            "count": first.count + second.count,
            "uncertainty_s": max(first.uncertainty_s, second.uncertainty_s),
            "cleared_at": max(clears) if clears else None,
            "about": late.about or early.about,
        }
    )


def fold_all(symptoms: Iterable[Symptom]) -> list[Symptom]:
    """Symptoms with equal keys folded, in order of first sight."""
    folded: dict[tuple[str, str, str], Symptom] = {}
    for symptom in symptoms:
        key = key_of(symptom)
        folded[key] = fold(folded[key], symptom) if key in folded else symptom
    return in_order(folded.values())


def in_order(symptoms: Iterable[Symptom]) -> list[Symptom]:
    """In order of first sight."""
    return sorted(symptoms, key=lambda s: (s.first_seen, s.rule_id, s.entity, s.component))


def fold_clear(symptom: Symptom, cleared_at: datetime) -> Symptom:
    """The symptom recovered, unless it was seen again after that."""
    if cleared_at < symptom.last_seen:
        return symptom
    return symptom.model_copy(update={"cleared_at": max(cleared_at, symptom.cleared_at or cleared_at)})


def settled_at(symptoms: Sequence[Symptom]) -> datetime | None:
    """Since when all that was raised is over; None while something still is.

    A moment (a log line) whose rule cannot see recovery counts as over once a state of the same class on the same
    entity is cleared after it: the unit runs again, so its crash lines are history.
    """
    since: datetime | None = None
    for symptom in symptoms:
        if symptom.severity.rank == 0:
            continue
        over = symptom.cleared_at or _outlived_by(symptom, symptoms)
        if over is None:
            return None
        since = max(over, since or over)
    return since


def _outlived_by(symptom: Symptom, symptoms: Sequence[Symptom]) -> datetime | None:
    if symptom.source not in MOMENTARY:
        return None
    later = [
        other.cleared_at
        for other in symptoms
        if other.cleared_at is not None
        and other.cleared_at >= symptom.last_seen
        and other.entity == symptom.entity
        and other.component_class == symptom.component_class
        and other.source not in MOMENTARY
    ]
    return max(later) if later else None
