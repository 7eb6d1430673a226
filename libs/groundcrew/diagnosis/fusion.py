"""Fusion: trigger events in, incidents out. Pure, in event time, and the same for the same triggers.

Symptoms (equal triggers folded) are the nodes of a graph whose edges are `relation.Relation`; what a trigger event
hangs together with is taken out, parted into faults (`grouping.py`) and given back to the incidents that it came from
(`sharing_out.py`): so incidents grow, become one, part, or turn out to be one fault in what their hosts share. All of
it happens in the neighbourhood of the trigger's place, however large the fleet.

`fuse`, `command`, `annotate` and `advance` only compute; `keep` takes the result over. Between the two the caller
commits it to the store, so memory never runs ahead of what is stored.
"""

from collections import OrderedDict, defaultdict, deque
from collections.abc import Iterable, Iterator, Sequence, Set
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import islice

from groundcrew.contracts.envelope import Envelope
from groundcrew.contracts.incidents import (
    Evidence,
    Incident,
    IncidentState,
    Symptom,
    TriggerRaised,
    TriggerState,
)
from groundcrew.contracts.inventory import Inventory
from groundcrew.contracts.queries import CommandName
from groundcrew.diagnosis import changes
from groundcrew.diagnosis.causes import Knowledge
from groundcrew.diagnosis.folding import fold, fold_all, fold_clear, settled_at, symptom_of
from groundcrew.diagnosis.grouping import Fault, Grouping
from groundcrew.diagnosis.parts import part_key
from groundcrew.diagnosis.ranking import leading
from groundcrew.diagnosis.relation import Relation, SymptomKey, Windows, gap, key_of
from groundcrew.diagnosis.sharing_out import share_out
from groundcrew.diagnosis.topology import Topology
from groundcrew.diagnosis.track import Change, Fused, Track
from groundcrew.diagnosis.verdicts import Verdict

MAX_SEEN = 20_000
"""Trigger ids remembered to drop doubles early; the store's unique key drops the rest."""


MAX_WAITING = 500
"""Info trigger events that wait for an incident to be evidence of. They are not stored as such: after a take-over an
incident may lack early info evidence, nothing else."""


MAX_WORDS_READ, MAX_LINES_READ = 400, 3
"""Characters of a line, and lines of a trigger event, that are searched for the name of another host."""

MOST_PEERS = 64
"""Incidents of hosts of one cluster that are looked at together."""

HANGING_KEPT = 4_096
"""Answers kept of which places hang on what a host hangs on, by cause and host: some hundreds of names each."""

SECOND_THOUGHTS = timedelta(hours=1)
"""How long after its beginning an incident is ranked anew although nothing came: absence tells something by then."""


_COMPLAINT, _MEMBER = "complaint of a cluster", "unit of a cluster"

_STATE_AFTER: dict[str, IncidentState] = {
    "acknowledge": IncidentState.ACKNOWLEDGED,
    "maintain": IncidentState.MAINTENANCE,
    "mitigate": IncidentState.MITIGATED,
    "reopen": IncidentState.OPEN,
}


class UnknownIncident(KeyError):
    """No live or recently resolved incident has this id."""


class AlreadyResolved(ValueError):
    """The command needs a live incident."""


class Fusion:
    """The live and the recently resolved incidents of one site."""

    def __init__(self, knowledge: Knowledge, inventory: Inventory, windows: Windows | None = None) -> None:
        self._knowledge = knowledge
        self._windows = windows or Windows()
        self._tracks: dict[str, Track] = {}
        self._at: dict[str, set[str]] = {}
        self._places: dict[str, frozenset[str]] = {}
        self._speaking: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
        self._firsts: dict[str, frozenset[tuple[str, str]]] = {}
        self._kin: dict[str, frozenset[str]] = {}
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._waiting: deque[Envelope[TriggerRaised]] = deque(maxlen=MAX_WAITING)
        self.use_inventory(inventory)

    def use_inventory(self, inventory: Inventory) -> None:
        """Work with another revision of the inventory from now on."""
        self._topology = Topology(inventory)
        self._relation = Relation(self._knowledge, self._topology, self._windows)
        self._verdict = Verdict(self._knowledge, self._relation, self._topology)
        self._grouping = Grouping(self._knowledge, self._relation, self._windows)
        self._hanging_on = lru_cache(maxsize=HANGING_KEPT)(self._find_hanging_on)
        self._at.clear()
        for track in self._tracks.values():
            self._index(track)

    def adopt(self, incident: Incident, evidence: Sequence[Evidence]) -> None:
        """Take over an incident from the store: what a standby rebuilds itself from."""
        if incident.merged_into is None:
            track = Track(incident=incident, evidence=tuple(evidence))
            self._tracks[incident.id] = track
            self._index(track)
            self._find_kin(track)

    @property
    def held(self) -> int:
        """How many incidents are held."""
        return len(self._tracks)

    def incidents(self) -> list[Incident]:
        """All that are held, live and recently resolved, by opening time."""
        return [track.incident for track in self._ordered(self._tracks.values())]

    def fuse(self, envelope: Envelope[TriggerRaised]) -> Fused:
        """What one trigger event changes. A double changes nothing."""
        if envelope.id in self._seen:
            return Fused(trigger_id=envelope.id)
        if envelope.data.state is TriggerState.CLEARED:
            return self._clear(envelope)
        symptom = self._symptom(envelope)
        near = self._near(symptom)
        live = [track for track in near if track.live and self._belongs(symptom, track)]
        if symptom.severity.rank == 0:
            return self._join_info(envelope, symptom, live or self._late_for(symptom, near))
        if not live and (past := self._recurs(symptom, near)) is not None:
            live = [past]
        return self._regroup(envelope, symptom, live)

    def _symptom(self, envelope: Envelope[TriggerRaised]) -> Symptom:
        words = " ".join(one.text[:MAX_WORDS_READ] for one in envelope.data.evidence[:MAX_LINES_READ])
        about = self._topology.host_in(words, self._topology.place_of(envelope.entity))
        return self._knowledge.narrowed(symptom_of(envelope, about))

    def advance(self, now: datetime) -> Fused:
        """Resolve what has been clear for the hold time by `now`, forget what resolved longer ago than the reopening
        window."""
        over: list[Change] = []
        for track in self._ordered(self._tracks.values()):
            if not track.live:
                continue
            clear_since = settled_at(track.incident.symptoms)
            if clear_since is not None and now >= clear_since + self._windows.hold:
                when = clear_since + self._windows.hold
                over.append(changes.resolved(track, when, "fusion", f"All clear since {clear_since:%H:%M:%S} UTC."))
            elif (change := self._second_thoughts(track, now)) is not None:
                over.append(change)
        old = [one.incident.id for one in self._ordered(self._tracks.values()) if self._forgettable(one, now)]
        return Fused(changes=over, forgotten=old)

    def command(self, incident_id: str, command: CommandName, actor: str, text: str, at: datetime) -> Fused:
        """An operator's word. Raises UnknownIncident, AlreadyResolved."""
        track = self._track(incident_id)
        if command == "note":
            return Fused(changes=[changes.noted(track, at, actor, text)])
        if not track.live:
            raise AlreadyResolved(incident_id)
        if command == "resolve":
            return Fused(changes=[changes.resolved(track, at, actor, text or f"Resolved by {actor}.")])
        if command == "assign":
            return Fused(changes=[changes.assigned(track, at, actor, text)])
        return Fused(changes=[changes.moved(track, at, actor, _STATE_AFTER[command], text)])

    def annotate(self, incident_id: str, actor: str, change: str, at: datetime) -> Fused:
        """Add a line to an incident's history. Raises UnknownIncident."""
        return Fused(changes=[changes.annotated(self._track(incident_id), at, actor, change)])

    def keep(self, fused: Fused) -> None:
        """Take over what was computed, once it is stored."""
        for change in fused.changes:
            if change.incident.merged_into is None:
                before = self._tracks.get(change.incident.id)
                self._tracks[change.incident.id] = change.track
                if fused.moved or before is None:
                    self._index(change.track, before)
            else:
                self._drop(change.incident.id)
        for incident_id in fused.forgotten:
            self._drop(incident_id)
        kin = fused.kin.union(*(self._kin.get(incident_id, ()) for incident_id in fused.kin)) & self._tracks.keys()
        for incident_id in kin:
            self._kin[incident_id] = frozenset(kin)
        if fused.waiting is not None:
            self._waiting.append(fused.waiting)
        if fused.trigger_id is not None:
            self._seen[fused.trigger_id] = None
            while len(self._seen) > MAX_SEEN:
                self._seen.popitem(last=False)

    # --- the index by place ----------------------------------------------------------------------------------------

    def _index(self, track: Track, before: Track | None = None) -> None:
        """Make a track found by place; `before`: what it was, where it was found already."""
        if before is not None and before.keys.keys() == track.keys.keys() and before.shows_as(track):
            return
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

    def _find_kin(self, track: Track) -> None:
        """What hangs together with an incident that was taken over, which the store does not say."""
        if not track.live:
            return
        mine = track.speaking(None)
        for other in self._in(self._places[track.incident.id]):
            if other is track or not other.live:
                continue
            if any(self._relation.related(one, two) for one in mine for two in other.speaking(None)):
                ids = {track.incident.id, other.incident.id}
                kin = frozenset(ids.union(*(self._kin.get(one, ()) for one in ids)))
                self._kin.update(dict.fromkeys(kin, kin))

    def _leave(self, place: str, incident_id: str) -> None:
        there = self._at.get(place)
        if there is not None:
            there.discard(incident_id)
            if not there:
                del self._at[place]

    def _drop(self, incident_id: str) -> None:
        if self._tracks.pop(incident_id, None) is None:
            return
        for place in self._places.pop(incident_id, ()):
            self._leave(place, incident_id)
        for first in self._firsts.pop(incident_id, ()):
            self._speaking[first].discard(incident_id)
        self._kin.pop(incident_id, None)

    def _in(self, places: Iterable[str]) -> list[Track]:
        """Incidents that show anywhere in these places, by opening time."""
        found = {incident_id for place in places for incident_id in self._at.get(place, ())}
        return self._ordered(self._tracks[incident_id] for incident_id in found)

    def _near(self, symptom: Symptom) -> list[Track]:
        """Incidents that a symptom may belong to: in its place and what that depends on, and on what its host shares
        with others."""
        places = set(self._relation.around(symptom))
        if symptom.component_class == "bmc":
            places.update(place for place in self._at if place.startswith("site:"))
        places.update(self._cluster_of(symptom))
        return self._in(places | self._sharing(symptom))

    def _cluster_of(self, symptom: Symptom) -> Iterator[str]:
        """Places with incidents of what may be another host of the same cluster."""
        for kind, words in ((_MEMBER, self._relation.cluster(symptom)), (_COMPLAINT, self._relation.unit(symptom))):
            for word in sorted(words):
                for incident_id in islice(self._speaking.get((kind, word), ()), MOST_PEERS):
                    yield from self._places[incident_id]

    def _sharing(self, symptom: Symptom) -> Set[str]:
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

    @staticmethod
    def _ordered(tracks: Iterable[Track]) -> list[Track]:
        return sorted(tracks, key=lambda t: (t.incident.opened_at, t.incident.id))

    def _track(self, incident_id: str) -> Track:
        if incident_id not in self._tracks:
            raise UnknownIncident(incident_id)
        return self._tracks[incident_id]

    # --- which incident a trigger belongs to -----------------------------------------------------------------------

    def _belongs(self, symptom: Symptom, track: Track) -> bool:
        if track.symptom(key_of(symptom)) is not None:
            return True
        return any(self._relation.related(symptom, other) for other in track.speaking(symptom))

    def _recurs(self, symptom: Symptom, near: Sequence[Track]) -> Track | None:
        """The recently resolved incident whose fault shows again, or that late evidence belongs to."""
        matches = []
        for track in near:
            resolved_at = track.incident.resolved_at
            if track.live or resolved_at is None or symptom.first_seen > resolved_at + self._windows.reopen:
                continue
            again = any(self._again(symptom, other, resolved_at) for other in track.speaking(symptom))
            if again or self._again_shared(symptom, track):
                matches.append((resolved_at, track))
        return max(matches, key=lambda pair: (pair[0], pair[1].incident.id))[1] if matches else None

    def _late_for(self, symptom: Symptom, near: Sequence[Track]) -> list[Track]:
        """The newest recently resolved incident that an info symptom is late evidence of."""
        for track in reversed(near):
            resolved_at = track.incident.resolved_at
            if resolved_at is None or track.live:
                continue
            if any(self._is_late(symptom, other, resolved_at) for other in track.speaking(symptom)):
                return [track]
        return []

    def _is_late(self, symptom: Symptom, other: Symptom, resolved_at: datetime) -> bool:
        """Whether a symptom may have been before the end of the incident that shows another one, as far as both clocks
        are known, and goes with it."""
        unsure = timedelta(seconds=symptom.uncertainty_s + other.uncertainty_s)
        return symptom.last_seen - unsure <= resolved_at and self._relation.related(symptom, other)

    def _again(self, symptom: Symptom, other: Symptom, resolved_at: datetime) -> bool:
        if self._is_late(symptom, other, resolved_at):
            return True
        return key_of(symptom) == key_of(other) or (
            self._relation.place(symptom) == self._relation.place(other)
            and leading(symptom) == leading(other)
            and self._relation.same_fault(symptom, other)
        )

    def _again_shared(self, symptom: Symptom, track: Track) -> bool:
        """Whether the shared fault that an incident was found to be accounts for a symptom."""
        entry = self._knowledge.get(track.incident.cause.entry)
        element = self._verdict.element_of(track.incident, entry)
        return bool(element) and self._relation.under_shared(symptom, entry, element)

    # --- what becomes of it ----------------------------------------------------------------------------------------

    def _join_info(self, envelope: Envelope[TriggerRaised], symptom: Symptom, live: list[Track]) -> Fused:
        """An info trigger is evidence for one incident at most; it opens none and ties none together."""
        if not live:
            return Fused(trigger_id=envelope.id, waiting=envelope)
        before = live[0]
        grown = before.with_symptom(envelope, symptom).add_evidence(envelope.data.evidence)
        grown = self._verdict.of(grown, self._verdict.shared_of(before.incident))
        change = changes.opened_or_updated(before, grown, envelope)
        return Fused(trigger_id=envelope.id, incident_id=grown.incident.id, changes=[change])

    def _regroup(self, envelope: Envelope[TriggerRaised], symptom: Symptom, live: list[Track]) -> Fused:
        """Part what hangs together with a trigger event into faults anew, and give them to the incidents that were."""
        pool = self._with_kin(live)
        beside = self._beside(symptom, pool)
        if len(live) == 1 and not beside and (again := self._seen_again(envelope, symptom, pool)) is not None:
            return again
        pool = self._ordered([*pool, *beside])
        key = key_of(symptom)
        known = next((s for track in pool if (s := track.symptom(key)) is not None), None)
        changed = symptom if known is None else fold(known, symptom)
        waiting = self._waiting_for(symptom) if not live else []
        wholes = self._wholes(pool, key)
        wholes += [[[info]] for info in fold_all(info for _, info in waiting)]
        faults = self._grouping.faults(wholes, changed)
        faults = [fault for fault in faults if any(one.severity.rank > 0 for one in fault.symptoms)]
        more = [evidence for event, _ in waiting for evidence in event.data.evidence]
        return self._given_back(envelope, changed, pool, faults, more)

    def _seen_again(self, envelope: Envelope[TriggerRaised], symptom: Symptom, pool: Sequence[Track]) -> Fused | None:
        """A symptom that its incident shows already, and that relates to nothing else for being seen longer; None where
        that is not so."""
        key = key_of(symptom)
        before = next((track for track in pool if track.symptom(key) is not None), None)
        known = before.symptom(key) if before is not None else None
        if before is None or known is None or not before.live:
            return None
        changed = fold(known, symptom)
        if changed.severity is not known.severity or changed.first_seen != known.first_seen:
            return None
        others = [one for track in pool for one in track.incident.symptoms if one is not known]
        related = self._relation.related
        if len(pool) > 1 and any(related(changed, one) != related(known, one) for one in others):
            return None
        grown = before.seen_again(known, changed, envelope).add_evidence(envelope.data.evidence)
        change = changes.opened_or_updated(before, grown, envelope)
        moved = (changed.component, changed.causes) != (known.component, known.causes)
        return Fused(trigger_id=envelope.id, incident_id=grown.incident.id, changes=[change], moved=moved)

    def _wholes(self, pool: Sequence[Track], without: SymptomKey) -> list[list[list[Symptom]]]:
        """What hangs together among these incidents, by fault, without one symptom. Of incidents in one place that is
        known; of faults that hosts share it is found anew, as the shared element ties together what does not relate."""
        families: dict[frozenset[str], list[Track]] = {}
        for track in pool:
            families.setdefault(self._kin.get(track.incident.id, frozenset({track.incident.id})), []).append(track)
        wholes: list[list[list[Symptom]]] = []
        for family in families.values():
            parts = [[one for key, one in track.keys.items() if key != without] for track in family]
            if len({self._relation.place(one) for part in parts for one in part}) < 2:
                wholes.append(parts)
                continue
            owner = {id(one): index for index, part in enumerate(parts) for one in part}
            for together in self._grouping.hanging_together([one for part in parts for one in part]):
                by_track: dict[int, list[Symptom]] = {}
                for one in together:
                    by_track.setdefault(owner[id(one)], []).append(one)
                wholes.append(list(by_track.values()))
        return wholes

    def _given_back(
        self,
        envelope: Envelope[TriggerRaised],
        symptom: Symptom,
        pool: list[Track],
        faults: list[Fault],
        more: list[Evidence],
    ) -> Fused:
        made: list[Change] = []
        ended: list[Change] = []
        after = share_out(envelope, symptom, pool, faults, more)
        for one in after:
            if one.before is not None and one.unchanged:
                continue
            track = self._verdict.of(one.track, one.fault.shared)
            made.append(changes.regrouped(one.before, track, envelope, one.parted_from, one.left))
        into = {key_of(s): one.track for one in after for s in one.fault.symptoms}
        kept = {one.track.incident.id for one in after}
        for track in pool:
            if track.incident.id not in kept:
                heir = into[key_of(next(s for s in track.incident.symptoms if key_of(s) in into))]
                ended.append(changes.merged_away(track, heir, envelope.time))
        home = next(one.track for one in after if any(key_of(s) == key_of(symptom) for s in one.fault.symptoms))
        kin = frozenset(one.track.incident.id for one in after if one.fault.parted) or frozenset({home.incident.id})
        return Fused(
            trigger_id=envelope.id,
            incident_id=home.incident.id,
            changes=sorted(made, key=lambda change: change.incident.id != home.incident.id) + ended,
            kin=kin,
        )

    def _with_kin(self, tracks: Sequence[Track]) -> list[Track]:
        """With those that were one fault with them by symptoms and are not by causes: a new cause may change that."""
        found = {track.incident.id: track for track in tracks}
        for track in tracks:
            for incident_id in self._kin.get(track.incident.id, ()):
                if (other := self._tracks.get(incident_id)) is not None and other.live:
                    found[incident_id] = other
        return list(found.values())

    def _beside(self, symptom: Symptom, pool: Sequence[Track]) -> list[Track]:
        """Other live incidents that may be one fault with these in what their hosts share, and their kin. Where several
        hang together, any of them may come to show a shared fault by being parted from another."""
        found: dict[str, Track] = {track.incident.id: track for track in pool}
        several = len(pool) > 1 or len(self._places.get(pool[0].incident.id, ())) > 2 if pool else False
        asked: set[tuple[str, str, str]] = set()
        todo = [symptom, *(one for track in pool for one in track.incident.symptoms if several)]
        while todo:
            places: set[str] = set()
            for one in todo:
                kind = leading(one), self._relation.place(one), part_key(one.component)
                if kind not in asked:
                    asked.add(kind)
                    places |= self._sharing(one)
            more = [t for t in self._with_kin([t for t in self._in(places) if t.live]) if t.incident.id not in found]
            found.update((track.incident.id, track) for track in more)
            todo = [one for track in more for one in track.incident.symptoms if several]
        return list(found.values())[len(pool) :]

    def _waiting_for(self, symptom: Symptom) -> list[tuple[Envelope[TriggerRaised], Symptom]]:
        """Info events before a new incident that relate to what opens it."""
        found = []
        for waiting in self._waiting:
            info = self._symptom(waiting)
            if gap(info, symptom) <= self._windows.join and self._relation.related(info, symptom):
                found.append((waiting, info))
        return found

    def _clear(self, envelope: Envelope[TriggerRaised]) -> Fused:
        """Note the recovery; `advance` resolves after the hold time."""
        gone = self._symptom(envelope)
        wanted = key_of(gone)
        for track in self._in([self._relation.place(gone)]):
            symptom = track.symptom(wanted) if track.live else None
            if symptom is None:
                continue
            cleared = fold_clear(symptom, envelope.time)
            if cleared == symptom:
                return Fused(trigger_id=envelope.id, incident_id=track.incident.id)
            after = track.replacing(cleared, envelope).add_evidence(envelope.data.evidence)
            change = changes.opened_or_updated(track, after, envelope)
            return Fused(trigger_id=envelope.id, incident_id=track.incident.id, changes=[change])
        return Fused(trigger_id=envelope.id)

    # --- time --------------------------------------------------------------------------------------------------------

    def _forgettable(self, track: Track, now: datetime) -> bool:
        return track.forgettable(now - self._windows.reopen)

    def _expects(self, incident: Incident) -> bool:
        """Whether any hypothesis of an incident should show more than may have been seen."""
        named = (incident.cause, *incident.alternatives)
        return any(self._knowledge.get(cause.entry).awaited for cause in named)

    def _second_thoughts(self, track: Track, now: datetime) -> Change | None:
        """What should have been seen by now and was not may change the cause."""
        if now - track.incident.opened_at > SECOND_THOUGHTS or not self._expects(track.incident):
            return None
        after = self._verdict.of(track, self._verdict.shared_of(track.incident), now)
        before = track.incident.cause
        if (after.incident.cause.id, after.incident.cause.component) == (before.id, before.component):
            return None
        return changes.reconsidered(track, after, now)
