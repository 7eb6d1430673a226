"""What an incident is called: its ranked causes, its hosts, its severity, its steps."""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime

from groundcrew.contracts.identity import host, kind_of, name_of
from groundcrew.contracts.incidents import EvidenceSource, Incident, Severity, Symptom
from groundcrew.diagnosis.causes import UNKNOWN, CauseEntry, Knowledge
from groundcrew.diagnosis.grouping import Shared
from groundcrew.diagnosis.ranking import Watch, leading, rank
from groundcrew.diagnosis.relation import Relation
from groundcrew.diagnosis.topology import Topology
from groundcrew.diagnosis.track import Track

_OF_BMC = frozenset({EvidenceSource.SEL, EvidenceSource.SENSORS})
_OF_HOST = frozenset({EvidenceSource.JOURNAL})


class Verdict:
    """Ranks the causes of an incident and words it."""

    def __init__(self, knowledge: Knowledge, relation: Relation, topology: Topology) -> None:
        self._knowledge = knowledge
        self._relation = relation
        self._topology = topology

    def of(self, track: Track, shared: Shared | None, now: datetime | None = None) -> Track:
        """The incident with its causes ranked and everything that follows from them; `now` where time has passed since
        it was told anything."""
        symptoms = track.incident.symptoms
        places = sorted({self._relation.place(s) for s in symptoms if s.severity.rank > 0})
        found = None if shared is None else (shared.entry, shared.element, len(places))
        until = max(track.incident.updated_at, now) if now is not None else track.incident.updated_at
        suffering = list(self._relation.suffering(symptoms)) if len(places) > 1 else []
        watch = Watch(sources=self._sources(places, symptoms), until=until)
        causes = rank(symptoms, self._knowledge, found, watch, suffering)
        entry = self._knowledge.get(causes[0].entry)
        places = self._at_fault(symptoms, places, entry)
        hosts = [place for place in places if ":" not in place]
        where = _where(hosts or places)
        least = entry.shared.severity if shared is not None and entry.shared else entry.severity
        severity = max((entry.severity, least, *self._severities(symptoms, entry)), key=_rank)
        title = entry.title_for(causes[0].component, where)
        update = {
            "cause": causes[0],
            "alternatives": causes[1:],
            "severity": severity,
            "hosts": hosts,
            "entity": shared.entity if shared and shared.in_topology else self._entity(symptoms, entry, places),
            "title": title if entry.id != UNKNOWN else symptoms[0].title,
            "steps": entry.steps_for(causes[0].component, where),
            "rules": sorted({symptom.rule_id for symptom in symptoms}),
        }
        return track.turned(**update)

    def shared_of(self, incident: Incident) -> Shared | None:
        """The shared fault that an incident was found to be; read off the incident, so that a rebuild knows it too."""
        entry = self._knowledge.get(incident.cause.entry)
        element = self.element_of(incident, entry)
        return Shared(entry=entry, element=element) if element else None

    @staticmethod
    def element_of(incident: Incident, entry: CauseEntry) -> str:
        """Name of the shared element that an incident is about; empty where it is about none."""
        if entry.shared is None:
            return ""
        if not entry.shared.kind.in_topology:
            return incident.cause.component if len(incident.hosts) >= entry.shared.min_hosts else ""
        return name_of(incident.entity) if kind_of(incident.entity) == entry.shared.kind.value else ""

    def _sources(self, places: Sequence[str], symptoms: Sequence[Symptom]) -> frozenset[EvidenceSource]:
        """Sources that watch all of these places: metrics and services of a host only where they told something of it,
        as not every host has a collector of them."""
        hosts = [place for place in places if ":" not in place]
        if not hosts or len(hosts) < len(places):
            return frozenset()
        heard = _OF_HOST | {one.source for one in symptoms}
        return heard | _OF_BMC if all(map(self._topology.has_bmc, hosts)) else heard

    def _at_fault(self, symptoms: Sequence[Symptom], places: list[str], entry: CauseEntry) -> list[str]:
        """The places where the fault is: without those that only suffer from it, and what follows from that."""
        if len(places) < 2:
            return places
        speaking = [s for s in symptoms if s.severity.rank > 0]
        of = {entry.id, *(entry.shared.shows_as if entry.shared else ())}
        own = {self._relation.place(s) for s in speaking if not of.isdisjoint(s.causes)}
        suffering = {place for place in places if self._only_suffers(place, speaking, own - {place})}
        return [place for place in places if place not in suffering] or places

    def _only_suffers(self, place: str, symptoms: Sequence[Symptom], from_places: Collection[str]) -> bool:
        here = [s for s in symptoms if self._relation.place(s) == place]
        there = [s for s in symptoms if self._relation.place(s) in from_places]
        following = [
            s
            for s in here
            if any(self._relation.follows(s, other) for other in from_places)
            or any(self._relation.complains(s, other) or self._relation.waits_for(s, other) for other in there)
        ]
        return bool(following) and all(
            s in following or any(self._knowledge.explains(leading(one), leading(s)) for one in following) for s in here
        )

    def _severities(self, symptoms: Sequence[Symptom], found: CauseEntry) -> Iterator[Severity]:
        """What symptoms are worth: a consequence stays as grave when its cause is found, and what a redundancy bore is
        a warning. Info raises nothing, but for what the found cause can bring about and must not be taken lightly, such
        as the end of a host."""
        speaking = [symptom for symptom in symptoms if symptom.severity.rank > 0]
        told = {cause for symptom in speaking for cause in symptom.causes}
        for severity, cause, borne in {(s.severity, leading(s), self._is_borne(s, speaking, told)) for s in symptoms}:
            entry = self._knowledge.get(cause)
            if severity.rank > 0:
                at_most = Severity.WARNING if borne else entry.at_most
                yield min(max(severity, entry.severity, key=_rank), at_most, key=_rank)
            elif self._knowledge.explains(found.id, cause):
                yield entry.grave

    def _is_borne(self, symptom: Symptom, speaking: Sequence[Symptom], told: set[str]) -> bool:
        """Whether a redundancy does without what a symptom tells of: by the table, or because it is one of several
        instances of a unit (`ceph-osd@11`) that belong to a cluster which only warns."""
        if not told.isdisjoint(self._knowledge.get(leading(symptom)).borne_by):
            return True
        if "@" not in symptom.component:
            return False
        complaints = [one for one in speaking if self._relation.complains(one, symptom)]
        return bool(complaints) and all(one.severity is Severity.WARNING for one in complaints)

    def _entity(self, symptoms: Sequence[Symptom], entry: CauseEntry, places: Sequence[str]) -> str:
        """The BMC for faults of the BMC itself, else the host, else what was observed."""
        if entry.class_name == "bmc" and (bmc := self._relation.bmc(symptoms)):
            return bmc
        if entry.class_name == "bmc" or not places or ":" in places[0]:
            return next((s.entity for s in symptoms if entry.id in s.causes), symptoms[0].entity)
        return host(places[0])


def _rank(severity: Severity) -> int:
    return severity.rank


def _where(places: Sequence[str]) -> str:
    """Names for a title: at most three, then how many more."""
    if len(places) <= 3:
        return ", ".join(places)
    return f"{', '.join(places[:2])} and {len(places) - 2} more"
