"""The incidents that fusion holds, found by where they show and what they speak for: whatever a trigger event may
belong to is found without a look at the rest of the fleet."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Set
from functools import lru_cache

from groundcrew.contracts.incidents import Symptom
from groundcrew.diagnosis.causes import Knowledge
from groundcrew.diagnosis.parts import part_key
from groundcrew.diagnosis.ranking import leading
from groundcrew.diagnosis.relation import Relation
from groundcrew.diagnosis.topology import Topology
from groundcrew.diagnosis.track import Track

HANGING_KEPT = 4_096
"""Answers kept of which places hang on what a host hangs on, by cause and host: some hundreds of names each."""

MOST_PEERS = 64
"""Incidents of hosts of one cluster that are looked at together."""

_COMPLAINT, _MEMBER = "complaint of a cluster", "unit of a cluster"


class Neighbourhood:
    """Incidents by id, by place, by the causes that hosts may share, and by the words of a cluster."""

    def __init__(self, knowledge: Knowledge) -> None:
        self._knowledge = knowledge
        self._tracks: dict[str, Track] = {}
        self._at: dict[str, set[str]] = {}
        self._places: dict[str, frozenset[str]] = {}
        self._speaking: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
        self._firsts: dict[str, frozenset[tuple[str, str]]] = {}

    def use(self, relation: Relation, topology: Topology) -> None:
        """Find by another revision of the inventory from now on."""
        self._relation = relation
        self._topology = topology
        self._hanging_on = lru_cache(maxsize=HANGING_KEPT)(self._find_hanging_on)
        self._at.clear()
        for track in self._tracks.values():
            self._index(track)

    def __len__(self) -> int:
        return len(self._tracks)

    def __contains__(self, incident_id: str) -> bool:
        return incident_id in self._tracks

    def get(self, incident_id: str) -> Track | None:
        return self._tracks.get(incident_id)

    def all(self) -> list[Track]:
        """By opening time."""
        return ordered(self._tracks.values())

    def put(self, track: Track, *, moved: bool = True) -> None:
        """Hold an incident; `moved`: whether it may be found elsewhere than before."""
        before = self._tracks.get(track.incident.id)
        self._tracks[track.incident.id] = track
        if before is None or (moved and not (before.keys.keys() == track.keys.keys() and before.shows_as(track))):
            self._index(track)

    def drop(self, incident_id: str) -> None:
        if self._tracks.pop(incident_id, None) is None:
            return
        for place in self._places.pop(incident_id, ()):
            self._leave(place, incident_id)
        for first in self._firsts.pop(incident_id, ()):
            self._speaking[first].discard(incident_id)

    def places_of(self, incident_id: str) -> frozenset[str]:
        """Where an incident is found."""
        return self._places.get(incident_id, frozenset())

    def at(self, places: Iterable[str]) -> list[Track]:
        """Incidents that show anywhere in these places, by opening time."""
        found = {incident_id for place in places for incident_id in self._at.get(place, ())}
        return ordered(self._tracks[incident_id] for incident_id in found)

    def near(self, symptom: Symptom) -> list[Track]:
        """Incidents that a symptom may belong to: in its place and what that depends on, and on what its host shares
        with others."""
        places = set(self._relation.around(symptom))
        if symptom.component_class == "bmc":
            places.update(place for place in self._at if place.startswith("site:"))
        places.update(self._cluster_of(symptom))
        return self.at(places | self.sharing(symptom))

    def sharing(self, symptom: Symptom) -> Set[str]:
        """Places with incidents, of those that hang on what the symptom's host does, as far as its fault shows so."""
        cause = leading(symptom)
        entries = self._knowledge.shared_faults_showing(cause)
        if not entries:
            return frozenset()
        found = self._at.keys() & self._hanging_on(cause, self._relation.place(symptom))
        for entry in entries:
            assert entry.shared is not None
            wide = entry.id if entry.shared.spreads else "" if entry.shared.kind.in_topology else cause
            if wide == cause and wide in entry.shared.shows_as:
                found.update(self._speaking_at(wide, part_key(symptom.component) if entry.shared.same_part else ""))
        return found

    # --- how they are found -----------------------------------------------------------------------------------------

    def _index(self, track: Track) -> None:
        incident_id = track.incident.id
        shown = {place for one in track.incident.symptoms for place in self._relation.places(one)}
        places = frozenset(shown | {track.incident.entity})  # a fault of a feed, switch or rack is found there, too
        for place in self._places.get(incident_id, frozenset()) - places:
            self._leave(place, incident_id)
        for place in places:
            self._at.setdefault(place, set()).add(incident_id)
        self._places[incident_id] = places
        firsts = frozenset(self._wide(track))
        for first in self._firsts.get(incident_id, frozenset()) - firsts:
            self._speaking[first].discard(incident_id)
        for first in firsts:
            self._speaking[first].add(incident_id)
        self._firsts[incident_id] = firsts

    def _wide(self, track: Track) -> Iterable[tuple[str, str]]:
        """Cause and part of symptoms that hosts may share beyond the inventory, without part where any will do; and the
        words by which complaints of a cluster and its members find each other."""
        for symptom in track.incident.symptoms:
            yield from ((_COMPLAINT, word) for word in self._relation.cluster(symptom))
            yield from ((_MEMBER, word) for word in self._relation.unit(symptom))
        for cause in track.firsts:
            same_part = self._knowledge.shared_beyond.get(cause)
            sign, of_part = self._knowledge.shared_where_told.get(cause, ("", None))
            if same_part is None and any(leading(symptom) == sign for symptom in track.incident.symptoms):
                same_part = of_part
            if same_part is not None:
                for (_, _, part), symptom in track.keys.items():
                    if leading(symptom) == cause:
                        yield cause, part if same_part else ""

    def _leave(self, place: str, incident_id: str) -> None:
        there = self._at.get(place)
        if there is not None:
            there.discard(incident_id)
            if not there:
                del self._at[place]

    def _cluster_of(self, symptom: Symptom) -> Iterator[str]:
        """Places with incidents of what may be another host of the same cluster."""
        cluster = self._relation.cluster(symptom)
        alike = cluster & self._knowledge.of_sites
        for kind, words in ((_MEMBER, cluster), (_COMPLAINT, self._relation.unit(symptom)), (_COMPLAINT, alike)):
            for word in sorted(words):
                for incident_id in sorted(self._speaking.get((kind, word), ()))[:MOST_PEERS]:
                    yield from self._places[incident_id]

    def _find_hanging_on(self, cause: str, place: str) -> frozenset[str]:
        found: set[str] = set()
        for entry in self._knowledge.shared_faults_showing(cause):
            assert entry.shared is not None
            if entry.shared.kind.in_topology:
                for element in self._topology.shared(place, entry.shared.kind):
                    found.add(f"{entry.shared.kind.value}:{element}")
                    if cause in entry.shared.shows_as:
                        found.update(self._topology.hosts_on(entry.shared.kind, element))
        return frozenset(found)

    def _speaking_at(self, cause: str, part: str) -> Iterable[str]:
        """Places of incidents of which a symptom speaks first for a cause, and of a part where one is given: of faults
        that the inventory does not tie together, such as the same bad update."""
        for incident_id in self._speaking.get((cause, part), ()):
            yield from self._places[incident_id]


def ordered(tracks: Iterable[Track]) -> list[Track]:
    """By opening time."""
    return sorted(tracks, key=lambda track: (track.incident.opened_at, track.incident.id))
