"""One incident as fusion holds it, and the changes that it goes through. All values are frozen; each step makes a new
one, so that a change that could not be stored leaves nothing behind."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from groundcrew.contracts.envelope import Envelope
from groundcrew.contracts.identity import host, stable_id
from groundcrew.contracts.incidents import (
    Cause,
    Evidence,
    Incident,
    IncidentOpened,
    IncidentResolved,
    IncidentState,
    IncidentUpdated,
    Severity,
    Symptom,
    TriggerRaised,
)
from groundcrew.diagnosis.causes import UNKNOWN, CauseEntry, Knowledge
from groundcrew.diagnosis.folding import fold_all
from groundcrew.diagnosis.ranking import leading, rank
from groundcrew.diagnosis.relation import Relation, SymptomKey, key_of

MAX_EVIDENCE = 300
"""Cited observations kept per incident; what repeats beyond that is counted, not cited."""

MAX_EVIDENCE_PER_RULE = 40
MAX_SYMPTOMS = 200

MAX_TOLD_CHARACTERS = 200_000
"""Evidence text in one message; an incident that takes others over may have more that is new, which is stored."""


@dataclass(frozen=True, kw_only=True)
class Shared:
    """A fault in something that several hosts hang on."""

    entry: CauseEntry
    element: str

    @property
    def entity(self) -> str:
        assert self.entry.shared is not None
        return f"{self.entry.shared.kind.value}:{self.element}"


@dataclass(frozen=True, kw_only=True)
class Track:
    """An incident with its evidence."""

    incident: Incident
    evidence: tuple[Evidence, ...] = ()

    @classmethod
    def opened_by(cls, envelope: Envelope[TriggerRaised], symptom: Symptom) -> "Track":
        """A new incident; its id follows from the trigger event that opened it."""
        incident = Incident(
            id=stable_id("incident", envelope.site, envelope.id),
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
            trigger_count=1,
            symptoms=[symptom],
        )
        return cls(incident=incident)

    @property
    def live(self) -> bool:
        return self.incident.state is not IncidentState.RESOLVED

    def forgettable(self, before: datetime) -> bool:
        resolved_at = self.incident.resolved_at
        return not self.live and resolved_at is not None and resolved_at < before

    def symptom(self, key: SymptomKey) -> Symptom | None:
        return next((s for s in self.incident.symptoms if key_of(s) == key), None)

    def speaking(self, symptom: Symptom) -> list[Symptom]:
        """Symptoms that may tie another one to this incident: info ones only tie their own repeats."""
        return [s for s in self.incident.symptoms if s.severity.rank > 0 or key_of(s) == key_of(symptom)]

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
        if was.resolved_at is not None and symptom.last_seen > was.resolved_at and symptom.severity.rank > 0:
            update |= {"state": IncidentState.OPEN, "resolved_at": None}
        return replace(self, incident=was.model_copy(update=update))

    def replacing(self, symptom: Symptom, envelope: Envelope[TriggerRaised]) -> "Track":
        """The same incident with one symptom in a new state."""
        symptoms = [symptom if key_of(s) == key_of(symptom) else s for s in self.incident.symptoms]
        updated_at = max(self.incident.updated_at, envelope.time)
        update = {
            "symptoms": symptoms,
            "trigger_count": self.incident.trigger_count + 1,
            "updated_at": updated_at,
        }
        return replace(self, incident=self.incident.model_copy(update=update))

    def absorb(self, others: Sequence["Track"]) -> "Track":
        """Take other incidents over, with their symptoms and evidence."""
        if not others:
            return self
        everyone = [self, *others]
        incidents = [track.incident for track in everyone]
        acknowledged = any(i.state is IncidentState.ACKNOWLEDGED for i in incidents)
        update = {
            "symptoms": fold_all(s for i in incidents for s in i.symptoms)[:MAX_SYMPTOMS],
            "trigger_count": sum(i.trigger_count for i in incidents),
            "opened_at": min(i.opened_at for i in incidents),
            "last_seen": max(i.last_seen for i in incidents),
            "updated_at": max(i.updated_at for i in incidents),
            "note": "\n".join(i.note for i in incidents if i.note),
            "state": IncidentState.ACKNOWLEDGED if acknowledged else IncidentState.OPEN,
            "resolved_at": None,
        }
        grown = replace(self, incident=self.incident.model_copy(update=update))
        for track in others:
            grown = grown.add_evidence(track.evidence)
        return grown

    def add_evidence(self, new: Sequence[Evidence]) -> "Track":
        """Keep what is not there yet, within the bounds."""
        kept = {evidence.id for evidence in self.evidence}
        per_rule: dict[str, int] = {}
        for evidence in self.evidence:
            per_rule[evidence.rule_id] = per_rule.get(evidence.rule_id, 0) + 1
        added: list[Evidence] = []
        for evidence in new:
            room = len(kept) < MAX_EVIDENCE and per_rule.get(evidence.rule_id, 0) < MAX_EVIDENCE_PER_RULE
            if evidence.id not in kept and room:
                kept.add(evidence.id)
                per_rule[evidence.rule_id] = per_rule.get(evidence.rule_id, 0) + 1
                added.append(evidence)
        every = (*self.evidence, *added)
        incident = self.incident.model_copy(update={"evidence_count": len(every)})
        return Track(incident=incident, evidence=every)

    def revised(self, at: datetime, **update: object) -> "Track":
        """The next revision with these fields changed."""
        was = self.incident
        fields = {**update, "revision": was.revision + 1, "updated_at": max(was.updated_at, at)}
        return replace(self, incident=was.model_copy(update=fields))


@dataclass(frozen=True, kw_only=True)
class Change:
    """One revision of one incident: what to store, and (where `tell`) what to publish."""

    track: Track
    evidence: list[Evidence] = field(default_factory=list)
    actor: str = "fusion"
    text: str
    tell: bool = True
    opened: bool = False

    @property
    def incident(self) -> Incident:
        return self.track.incident

    def message(self) -> IncidentOpened | IncidentUpdated | IncidentResolved:
        """The event that tells of this change."""
        told = self._told()
        if self.opened:
            return IncidentOpened(incident=self.incident, evidence=told)
        if self.incident.state is IncidentState.RESOLVED:
            return IncidentResolved(incident=self.incident, change=self.text)
        return IncidentUpdated(incident=self.incident, evidence=told, change=self.text)

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


class Verdict:
    """Ranks the causes of an incident and words it."""

    def __init__(self, knowledge: Knowledge, relation: Relation) -> None:
        self._knowledge = knowledge
        self._relation = relation

    def of(self, track: Track, shared: Shared | None) -> Track:
        """The incident with its causes ranked and everything that follows from them."""
        symptoms = track.incident.symptoms
        places = sorted({self._relation.place(s) for s in symptoms if s.severity.rank > 0})
        found = None if shared is None else (shared.entry, shared.element, len(places))
        causes = rank(symptoms, self._knowledge, found)
        entry = self._knowledge.get(causes[0].id)
        hosts = [place for place in places if ":" not in place]
        where = _where(hosts or places)
        severity = max((entry.severity, *map(self._severity, symptoms)), key=lambda s: s.rank)
        title = entry.title_for(causes[0].component, where)
        update = {
            "cause": causes[0],
            "alternatives": causes[1:],
            "severity": severity,
            "hosts": hosts,
            "entity": shared.entity if shared else self._entity(symptoms, entry, places),
            "title": title if entry.id != UNKNOWN else symptoms[0].title,
            "steps": entry.steps_for(causes[0].component, where),
            "rules": sorted({symptom.rule_id for symptom in symptoms}),
        }
        return replace(track, incident=track.incident.model_copy(update=update))

    def _severity(self, symptom: Symptom) -> Severity:
        """What a symptom is worth: a consequence stays as grave when its cause is found. Info raises nothing."""
        if symptom.severity.rank == 0:
            return symptom.severity
        return max(symptom.severity, self._knowledge.get(leading(symptom)).severity, key=lambda s: s.rank)

    def _entity(self, symptoms: Sequence[Symptom], entry: CauseEntry, places: Sequence[str]) -> str:
        """The BMC for faults of the BMC itself, else the host, else what was observed."""
        if entry.class_name == "bmc" and (bmc := self._relation.bmc(symptoms)):
            return bmc
        if entry.class_name == "bmc" or not places or ":" in places[0]:
            return next((s.entity for s in symptoms if entry.id in s.causes), symptoms[0].entity)
        return host(places[0])


def _where(places: Sequence[str]) -> str:
    """Names for a title: at most three, then how many more."""
    if len(places) <= 3:
        return ", ".join(places)
    return f"{', '.join(places[:2])} and {len(places) - 2} more"
