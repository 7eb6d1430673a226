"""One incident as fusion holds it, and the changes that it goes through. All values are frozen; each step makes a new
one, so that a change that could not be stored leaves nothing behind."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from groundcrew.contracts.envelope import Envelope
from groundcrew.contracts.identity import stable_id
from groundcrew.contracts.incidents import (
    Cause,
    Evidence,
    Incident,
    IncidentOpened,
    IncidentResolved,
    IncidentState,
    IncidentUpdated,
    Symptom,
    TriggerRaised,
)
from groundcrew.diagnosis.causes import UNKNOWN
from groundcrew.diagnosis.contrasts import Said
from groundcrew.diagnosis.excused import Excuse
from groundcrew.diagnosis.folding import fold_all
from groundcrew.diagnosis.ranking import leading
from groundcrew.diagnosis.relation import SymptomKey, key_of

MAX_EVIDENCE = 300
"""Cited observations kept per incident; what repeats beyond that is counted, not cited."""

MAX_EVIDENCE_PER_RULE = 40
MAX_SYMPTOMS = 200

MAX_TOLD_CHARACTERS = 200_000
"""Evidence text in one message; an incident that takes others over may have more that is new, which is stored."""


@dataclass(frozen=True, kw_only=True)
class _Cited:
    """Of an incident's evidence: the ids, and how many each rule has."""

    ids: frozenset[str]
    per_rule: Counter[str]

    @classmethod
    def of(cls, evidence: Sequence[Evidence]) -> "_Cited":
        return cls(ids=frozenset(one.id for one in evidence), per_rule=Counter(one.rule_id for one in evidence))


@dataclass(frozen=True, kw_only=True)
class Track:
    """An incident with its evidence."""

    incident: Incident
    evidence: tuple[Evidence, ...] = ()

    @cached_property
    def cited(self) -> _Cited:
        return _Cited.of(self.evidence)

    def turned(self, **update: object) -> "Track":
        """With these fields of the incident changed; what was found out about its evidence holds on."""
        after = Track(incident=self.incident.model_copy(update=update), evidence=self.evidence)
        if "cited" in self.__dict__:
            after.__dict__["cited"] = self.cited
        if "keys" in self.__dict__ and "symptoms" not in update:
            after.__dict__["keys"] = self.keys
        return after

    @classmethod
    def opened_by(cls, envelope: Envelope[TriggerRaised], symptom: Symptom, *parted: str) -> "Track":
        """A new incident; its id follows from the trigger event that opened it, or parted it from another one by the
        key of a symptom."""
        incident = Incident(
            id=stable_id("incident", envelope.site, envelope.id, *parted),
            revision=0,
            state=IncidentState.OPEN,
            severity=symptom.severity,
            title=symptom.title,
            hosts=[],
            entity=symptom.entity,
            opened_at=symptom.first_seen,
            updated_at=envelope.time,
            last_seen=symptom.last_seen,
            cause=Cause(id=UNKNOWN, component_class=symptom.component_class, component="", confidence=0),
            evidence_count=0,
            trigger_count=0,
            symptoms=[symptom],
        )
        return cls(incident=incident)

    @cached_property
    def firsts(self) -> dict[str, Symptom]:
        """By cause, the first symptom above info that speaks for it most."""
        found: dict[str, Symptom] = {}
        for symptom in self.incident.symptoms:
            if symptom.severity.rank > 0:
                found.setdefault(leading(symptom), symptom)
        return found

    @property
    def live(self) -> bool:
        return self.incident.state is not IncidentState.RESOLVED

    def forgettable(self, before: datetime) -> bool:
        resolved_at = self.incident.resolved_at
        return not self.live and resolved_at is not None and resolved_at < before

    def symptom(self, key: SymptomKey) -> Symptom | None:
        return self.keys.get(key)

    @cached_property
    def keys(self) -> dict[SymptomKey, Symptom]:
        """Symptoms by their key, in order of first sight."""
        return {key_of(symptom): symptom for symptom in self.incident.symptoms}

    def speaking(self, symptom: Symptom | None) -> list[Symptom]:
        """Symptoms that may tie another one to this incident: info ones only tie their own repeats."""
        key = key_of(symptom) if symptom is not None else None
        return [s for s in self.incident.symptoms if s.severity.rank > 0 or key_of(s) == key]

    def with_symptom(self, envelope: Envelope[TriggerRaised], symptom: Symptom) -> "Track":
        """Take a trigger event in. A resolved incident opens again if the event came after its end."""
        was = self.incident
        symptoms = fold_all([*was.symptoms, symptom])
        if len(symptoms) > MAX_SYMPTOMS:
            symptoms = was.symptoms
        update = {
            "symptoms": symptoms,
            "trigger_count": was.trigger_count + 1,
            "opened_at": min(was.opened_at, symptom.first_seen),
            "last_seen": max(was.last_seen, symptom.last_seen),
            "updated_at": max(was.updated_at, envelope.time),
        }
        if opens_again(was, symptom):
            update |= {"state": IncidentState.OPEN, "resolved_at": None}
        return self.turned(**update)

    def seen_again(self, known: Symptom, again: Symptom, envelope: Envelope[TriggerRaised]) -> "Track":
        """As `with_symptom`, for one that the incident shows as `known` and as `again` from now on, first seen when it
        was."""
        was = self.incident
        update: dict[str, object] = {
            "symptoms": [again if one is known else one for one in was.symptoms],
            "trigger_count": was.trigger_count + 1,
            "last_seen": max(was.last_seen, again.last_seen),
            "updated_at": max(was.updated_at, envelope.time),
        }
        if opens_again(was, again):
            update |= {"state": IncidentState.OPEN, "resolved_at": None}
        after = self.turned(**update)
        after.__dict__["keys"] = {**self.keys, key_of(known): again}
        return after

    def shows_as(self, other: "Track") -> bool:
        """Whether two tracks with symptoms of the same keys show in the same places and speak for the same causes."""
        return self.incident.entity == other.incident.entity and all(
            one is two
            or (one.component, one.causes, one.severity, one.about)
            == (two.component, two.causes, two.severity, two.about)
            for one, two in zip(self.keys.values(), other.keys.values(), strict=True)
        )

    def replacing(self, symptom: Symptom, envelope: Envelope[TriggerRaised]) -> "Track":
        """The same incident with one symptom in a new state."""
        symptoms = [symptom if key_of(s) == key_of(symptom) else s for s in self.incident.symptoms]
        updated_at = max(self.incident.updated_at, envelope.time)
        return self.turned(symptoms=symptoms, trigger_count=self.incident.trigger_count + 1, updated_at=updated_at)

    def add_evidence(self, new: Sequence[Evidence]) -> "Track":
        """Keep what is not there yet, within the bounds."""
        cited = self.cited
        per_rule: Counter[str] = Counter()
        added: dict[str, Evidence] = {}
        for one in new:
            of_rule = cited.per_rule[one.rule_id] + per_rule[one.rule_id]
            room = len(self.evidence) + len(added) < MAX_EVIDENCE and of_rule < MAX_EVIDENCE_PER_RULE
            if room and one.id not in cited.ids and one.id not in added:
                per_rule[one.rule_id] += 1
                added[one.id] = one
        if not added and self.incident.evidence_count == len(self.evidence):
            return self
        every = (*self.evidence, *added.values())
        after = Track(incident=self.incident.model_copy(update={"evidence_count": len(every)}), evidence=every)
        after.__dict__["cited"] = _Cited(ids=cited.ids.union(added), per_rule=cited.per_rule + per_rule)
        if "keys" in self.__dict__:
            after.__dict__["keys"] = self.keys
        return after

    def revised(self, at: datetime, **update: object) -> "Track":
        """The next revision with these fields changed."""
        was = self.incident
        return self.turned(**{**update, "revision": was.revision + 1, "updated_at": max(was.updated_at, at)})


@dataclass(frozen=True, kw_only=True)
class Change:
    """One revision of one incident: what to store, and (where `tell`) what to publish."""

    track: Track
    evidence: list[Evidence] = field(default_factory=list)
    actor: str = "fusion"
    text: str
    tell: bool = True
    opened: bool = False
    dropped: list[Evidence] = field(default_factory=list)

    @property
    def incident(self) -> Incident:
        return self.track.incident

    @property
    def told_as(self) -> type[IncidentOpened | IncidentUpdated | IncidentResolved]:
        """The kind of event that tells of this change."""
        if self.opened:
            return IncidentOpened
        return IncidentResolved if self.incident.state is IncidentState.RESOLVED else IncidentUpdated

    def message(self) -> IncidentOpened | IncidentUpdated | IncidentResolved:
        """The event that tells of this change."""
        if self.told_as is IncidentOpened:
            return IncidentOpened(incident=self.incident, evidence=self._told())
        if self.told_as is IncidentResolved:
            return IncidentResolved(incident=self.incident, change=self.text)
        return IncidentUpdated(incident=self.incident, evidence=self._told(), change=self.text)

    def _told(self) -> list[Evidence]:
        """The new evidence as far as one message holds it."""
        room = MAX_TOLD_CHARACTERS
        for index, evidence in enumerate(self.evidence):
            room -= len(evidence.text) + len(evidence.ref)
            if room < 0:
                return self.evidence[:index]
        return self.evidence


@dataclass(frozen=True, kw_only=True)
class Fused:
    """What follows from one trigger event, command or moment. `incident_id` is where the trigger event went."""

    changes: list[Change] = field(default_factory=list)
    trigger_id: str | None = None
    incident_id: str | None = None
    forgotten: list[str] = field(default_factory=list)
    waiting: Envelope[TriggerRaised] | None = None
    kin: frozenset[str] = frozenset()
    ordered: tuple[str, datetime] | None = None
    """A host that said it goes down, and when."""
    back: tuple[str, datetime] | None = None
    """A host that starts again after it was told to go down, and when."""
    announced: tuple[frozenset[str], datetime, datetime] | None = None
    """The hosts that announced work touches, when it was announced, and until when it may go on."""
    excused: tuple[SymptomKey, Excuse] | None = None
    said: Said | None = None
    """What a host said of a part, for comparison with its sisters."""
    contrasted: Said | None = None
    """What stood out, and is told with this."""
    settled: SymptomKey | None = None
    """A complaint that waited: taken back, or told with this."""
    moved: bool = True
    """Whether incidents may be found elsewhere from now on."""


def _shown_by(symptom: Symptom) -> tuple[object, ...]:
    return symptom.component, symptom.causes, symptom.severity, symptom.about


def opens_again(incident: Incident, symptom: Symptom) -> bool:
    """Whether a symptom shows that what was over, or had no effect any more, is back."""
    if symptom.severity.rank == 0:
        return False
    if incident.state is IncidentState.MITIGATED:
        return symptom.last_seen > incident.updated_at
    return incident.resolved_at is not None and symptom.last_seen > incident.resolved_at
