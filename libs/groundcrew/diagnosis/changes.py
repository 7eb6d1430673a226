"""Says what changed between two states of an incident, and whether that is worth telling."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from groundcrew.contracts.envelope import Envelope
from groundcrew.contracts.incidents import Incident, IncidentState, Symptom, TriggerRaised
from groundcrew.diagnosis.track import Change, Track

MAX_TOLD_TOGETHER = 1_000
"""Characters of what several changes tell together; the history has each of them whole."""


def opened_or_updated(before: Track | None, after: Track, envelope: Envelope[TriggerRaised]) -> Change:
    """The revision that a trigger event makes of an incident; `before` is None where it is new."""
    data = envelope.data
    if before is None:
        final = after.revised(envelope.time)
        text = f"Opened by {data.rule_id}: {data.title}"
        return Change(track=final, evidence=list(final.evidence), text=text, opened=True)
    new = [] if after.evidence is before.evidence else [e for e in after.evidence if e.id not in before.cited.ids]
    differences = _differences(before.incident, after.incident)
    count = after.incident.trigger_count
    return Change(
        track=after.revised(envelope.time),
        evidence=new,
        text="; ".join(differences) if differences else f"Seen again by {data.rule_id} ({count} triggers)",
        tell=bool(differences) or count & (count - 1) == 0,  # of mere repeats each doubling is told
    )


def regrouped(
    before: Track | None,
    after: Track,
    envelope: Envelope[TriggerRaised],
    parted_from: Incident | None,
    left: Sequence[Symptom],
) -> Change:
    """As `opened_or_updated`, where symptoms may have gone to another incident (`left`) or come from one."""
    change = opened_or_updated(before, after, envelope)
    if before is None and parted_from is not None:
        text = f"Parted from {parted_from.id}: {parted_from.title}; a fault of its own: {after.incident.title}"
        return replace(change, text=text)
    if not left or before is None:
        return change
    kept = {evidence.id for evidence in after.evidence}
    gone = [evidence for evidence in before.evidence if evidence.id not in kept]
    parted = "Parted, a fault of its own: " + "; ".join(symptom.title for symptom in left[:3])
    told = [parted, *_differences(before.incident, after.incident)]
    return replace(change, text="; ".join(told), tell=True, dropped=gone)


def together(first: Change, second: Change) -> Change:
    """Two changes of one incident, one right after the other, as one that tells of both."""
    gone = {evidence.id for evidence in second.dropped}
    known = {evidence.id for evidence in first.evidence} - gone
    over = second.incident.state is IncidentState.RESOLVED
    texts = dict.fromkeys((*first.text.split("; "), *second.text.split("; ")) if second.tell else [first.text])
    text = "; ".join(texts)
    return replace(
        second,
        evidence=[
            *(evidence for evidence in first.evidence if evidence.id not in gone),
            *(evidence for evidence in second.evidence if evidence.id not in known),
        ],
        dropped=[*first.dropped, *second.dropped],
        text=text if len(text) <= MAX_TOLD_TOGETHER else f"{text[:MAX_TOLD_TOGETHER]} ...",
        tell=first.tell or second.tell,
        opened=first.opened and not over,
    )


def reconsidered(before: Track, after: Track, at: datetime) -> Change:
    """The revision that time alone makes: what should have been seen by now was not."""
    said = _differences(before.incident, after.incident)
    missing = [g.what for g in before.incident.cause.grounds + after.incident.cause.grounds if g.says == "missing"]
    why = f" ({', '.join(missing[:3])} was not seen)" if missing else ""
    return Change(track=after.revised(at), text="; ".join(said) + why)


def merged_away(track: Track, into: Track, at: datetime) -> Change:
    """The end of an incident that another one took over."""
    when = max(at, track.incident.updated_at)
    final = track.revised(when, state=IncidentState.RESOLVED, resolved_at=when, merged_into=into.incident.id)
    return Change(track=final, text=f"Merged into {into.incident.id}: {into.incident.title}")


def resolved(track: Track, at: datetime, actor: str, text: str) -> Change:
    return Change(track=track.revised(at, state=IncidentState.RESOLVED, resolved_at=at), actor=actor, text=text)


def moved(track: Track, at: datetime, actor: str, state: IncidentState, text: str) -> Change:
    """A person says in which state it is; who acknowledges what nobody owns owns it."""
    owner = actor if state is IncidentState.ACKNOWLEDGED and not track.incident.owner else track.incident.owner
    word = "Opened again" if state is IncidentState.OPEN else f"Set to {state.value}"
    said = f"{word}: {text}" if text else f"{word} by {actor}."
    return Change(track=track.revised(at, state=state, owner=owner), actor=actor, text=said)


def assigned(track: Track, at: datetime, actor: str, owner: str) -> Change:
    """Somebody else takes care of it, or nobody."""
    return Change(track=track.revised(at, owner=owner[:200]), actor=actor, text=f"Owner: {owner[:200] or 'nobody'}")


def noted(track: Track, at: datetime, actor: str, text: str) -> Change:
    """A person's note stands on the incident and in its history."""
    note = "\n".join(filter(None, (track.incident.note, text)))[-4_000:]
    return Change(track=track.revised(at, note=note), actor=actor, text=text)


def annotated(track: Track, at: datetime, actor: str, text: str) -> Change:
    """A line for the history alone."""
    return Change(track=track.revised(at), actor=actor, text=text)


def _differences(before: Incident, after: Incident) -> list[str]:
    said = []
    if before.state is not after.state:
        was_over = before.state in (IncidentState.RESOLVED, IncidentState.MITIGATED)
        said.append(
            "Opened again: the fault is back" if was_over else f"State {before.state.value} -> {after.state.value}"
        )
    if (before.cause.id, before.cause.component) != (after.cause.id, after.cause.component):
        said.append(f"Cause {_named(before)} -> {_named(after)}")
    if before.severity is not after.severity:
        said.append(f"Severity {before.severity.value} -> {after.severity.value}")
    if after.hosts != before.hosts and (joined := sorted(set(after.hosts) - set(before.hosts))):
        said.append(f"Also on {', '.join(joined)}")
    same = {id(symptom) for symptom in before.symptoms}
    news = [symptom for symptom in after.symptoms if id(symptom) not in same]
    if not news:
        return said
    was = {(s.rule_id, s.entity, s.component): s.cleared_at is not None for s in before.symptoms}
    fresh = [s for s in news if (s.rule_id, s.entity, s.component) not in was]
    if fresh and len(before.symptoms) < len(after.symptoms):
        said.append("New symptom: " + "; ".join(s.title for s in fresh[:3]))
    for symptom in news:
        over = symptom.cleared_at is not None
        if was.get((symptom.rule_id, symptom.entity, symptom.component), over) != over:
            said.append(f"{'Cleared' if over else 'Back'}: {symptom.title}")
    return said


def _named(incident: Incident) -> str:
    part = f" ({incident.cause.component})" if incident.cause.component else ""
    return f"{incident.cause.id}{part}"
