"""Gives faults back to the incidents that their symptoms came from.

Of incidents that become one the oldest stays; of one that parts, the larger part keeps it. Evidence goes with the
symptom that it was cited for.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from groundcrew.contracts.envelope import Envelope
from groundcrew.contracts.incidents import Evidence, Incident, IncidentState, Symptom, TriggerRaised
from groundcrew.diagnosis.grouping import Fault
from groundcrew.diagnosis.parts import part_key
from groundcrew.diagnosis.relation import SymptomKey, key_of
from groundcrew.diagnosis.track import MAX_SYMPTOMS, Track, opens_again


@dataclass(frozen=True, kw_only=True)
class Given:
    """A fault and the incident that it is from now on. `before`: that incident as it was, None where it is new;
    `parted_from`: where a new one's symptoms were; `left`: symptoms that are in another one now."""

    fault: Fault
    track: Track
    before: Track | None
    unchanged: bool = False
    parted_from: Incident | None = None
    left: list[Symptom] = field(default_factory=list)


def share_out(
    envelope: Envelope[TriggerRaised],
    symptom: Symptom,
    pool: Sequence[Track],
    faults: Sequence[Fault],
    more: Sequence[Evidence] = (),
) -> list[Given]:
    """One for each fault. `pool`: incidents whose symptoms and the new one the faults are made of, the oldest first;
    `more`: evidence that waited for an incident."""
    owner = {key_of(one): index for index, fault in enumerate(faults) for one in fault.symptoms}
    keeps, into = _matched(pool, owner)
    cited = _evidence(pool, owner, into, [*more, *envelope.data.evidence], owner[key_of(symptom)])
    given = []
    for index, fault in enumerate(faults):
        before = keeps.get(index)
        takes = [track for track in pool if into[track.incident.id] == index]
        fresh = owner[key_of(symptom)] == index
        if before is not None and not fresh and _same(fault, before, takes):
            given.append(Given(fault=fault, track=before, before=before, unchanged=True))
            continue
        source = None if before is not None else _source(fault, pool)
        track = before or _opened(envelope, symptom, fault, fresh=fresh)
        grown = _grown(track, fault, takes, envelope, symptom if fresh else None)
        left = [] if before is None else [s for s in before.incident.symptoms if owner.get(key_of(s)) != index]
        given.append(
            Given(
                fault=fault,
                track=replace(grown, evidence=()).add_evidence(cited[index]),
                before=before,
                parted_from=source,
                left=left,
            )
        )
    return given


def _matched(pool: Sequence[Track], owner: dict[SymptomKey, int]) -> tuple[dict[int, Track], dict[str, int]]:
    """Which incident each fault keeps, and into which fault each incident goes."""
    keeps: dict[int, Track] = {}
    into: dict[str, int] = {}
    for track in pool:
        counted = Counter(owner[key] for one in track.incident.symptoms if (key := key_of(one)) in owner)
        free = [index for index in counted if index not in keeps]
        best = min(free or counted, key=lambda index: (-counted[index], index))
        into[track.incident.id] = best
        if best not in keeps:
            keeps[best] = track
    return keeps, into


def _same(fault: Fault, before: Track, takes: Sequence[Track]) -> bool:
    keys = {key_of(one) for one in fault.symptoms}
    return len(takes) == 1 and keys == {key_of(one) for one in before.incident.symptoms}


def _source(fault: Fault, pool: Iterable[Track]) -> Incident | None:
    keys = {key_of(one) for one in fault.symptoms}
    return next((t.incident for t in pool if any(key_of(one) in keys for one in t.incident.symptoms)), None)


def _opened(envelope: Envelope[TriggerRaised], symptom: Symptom, fault: Fault, *, fresh: bool) -> Track:
    if fresh:
        return Track.opened_by(envelope, symptom)
    first = next((one for one in fault.symptoms if one.severity.rank > 0), fault.symptoms[0])
    return Track.opened_by(envelope, first, *key_of(first))


def _grown(
    track: Track, fault: Fault, takes: Sequence[Track], envelope: Envelope[TriggerRaised], fresh: Symptom | None
) -> Track:
    """The incident with the fault's symptoms, and the counts, notes and states of those that it takes over."""
    was = track.incident
    incidents = [one.incident for one in takes] or [was]
    whole = {key_of(one) for one in fault.symptoms} >= {key_of(s) for i in incidents for s in i.symptoms}
    told = sum(one.trigger_count for one in incidents) + (fresh is not None)
    update: dict[str, object] = {
        "symptoms": list(fault.symptoms[:MAX_SYMPTOMS]),
        "trigger_count": told if whole and takes else sum(one.count for one in fault.symptoms),
        "opened_at": min(one.first_seen for one in fault.symptoms),
        "last_seen": max(one.last_seen for one in fault.symptoms),
        "updated_at": max(envelope.time, *(one.updated_at for one in incidents)),
        "note": "\n".join(one.note for one in incidents if one.note)[-4_000:],
    }
    if len(incidents) > 1:
        update["owner"] = next((one.owner for one in incidents if one.owner), "")
        if any(one.state is IncidentState.ACKNOWLEDGED for one in incidents):
            update["state"] = IncidentState.ACKNOWLEDGED
    if fresh is not None and opens_again(was, fresh):
        update |= {"state": IncidentState.OPEN, "resolved_at": None}
    return replace(track, incident=was.model_copy(update=update))


def _evidence(
    pool: Sequence[Track], owner: dict[SymptomKey, int], into: dict[str, int], new: Sequence[Evidence], home: int
) -> dict[int, list[Evidence]]:
    """Evidence by fault: that of the symptom it was cited for. An older version did not say of which part; it stays
    with its incident."""
    cited: dict[int, list[Evidence]] = {index: [] for index in set(owner.values())}
    for track in pool:
        for one in track.evidence:
            key = (one.rule_id, one.entity, part_key(one.component))
            cited[owner.get(key, into[track.incident.id])].append(one)
    for one in new:
        cited[owner.get((one.rule_id, one.entity, part_key(one.component)), home)].append(one)
    return cited
