"""Fusion: trigger events in, incidents out. Pure, in event time, and the same for the same triggers.

Symptoms (equal triggers folded) are the nodes of a graph whose edges are `relation.Relation`; what a trigger event
hangs together with is taken out, parted into faults (`grouping.py`) and given back to the incidents that it came from
(`sharing_out.py`): so incidents grow, become one, part, or turn out to be one fault in what their hosts share. All of
it happens in the neighbourhood of the trigger's place, however large the fleet.

`fuse`, `command`, `annotate` and `advance` only compute; `keep` takes the result over. Between the two the caller
commits it to the store, so memory never runs ahead of what is stored.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from groundcrew.contracts.envelope import Envelope
from groundcrew.contracts.incidents import (
    Evidence,
    Incident,
    IncidentState,
    Severity,
    Symptom,
    TriggerRaised,
    TriggerState,
)
from groundcrew.contracts.inventory import Inventory
from groundcrew.contracts.queries import CommandName
from groundcrew.diagnosis import changes
from groundcrew.diagnosis.causes import Knowledge
from groundcrew.diagnosis.contrasts import Said
from groundcrew.diagnosis.excused import ANNOUNCED_WORK, ORDERED_STOP, announced_until
from groundcrew.diagnosis.folding import fold, fold_all, fold_clear, settled_at, symptom_of
from groundcrew.diagnosis.grouping import Fault, Grouping
from groundcrew.diagnosis.neighbourhood import Neighbourhood, ordered
from groundcrew.diagnosis.parts import part_key
from groundcrew.diagnosis.ranking import leading
from groundcrew.diagnosis.relation import Relation, SymptomKey, Windows, key_of
from groundcrew.diagnosis.sharing_out import share_out
from groundcrew.diagnosis.topology import Topology
from groundcrew.diagnosis.track import Change, Fused, Track
from groundcrew.diagnosis.verdicts import Verdict
from groundcrew.diagnosis.waiting import Waiting

MAX_SEEN = 20_000
"""Trigger ids remembered to drop doubles early; the store's unique key drops the rest."""

MAX_WORDS_READ, MAX_LINES_READ = 400, 3
"""Characters of a line, and lines of a trigger event, that are searched for the name of another host."""

SECOND_THOUGHTS = timedelta(hours=1)
"""How long after its beginning an incident is ranked anew although nothing came: absence tells something by then."""

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
        self._held = Neighbourhood(knowledge)
        self._waiting = Waiting(knowledge, self._windows, self._symptom)
        self._kin: dict[str, frozenset[str]] = {}
        self._seen: OrderedDict[str, None] = OrderedDict()
        self.use_inventory(inventory)

    def use_inventory(self, inventory: Inventory) -> None:
        """Work with another revision of the inventory from now on."""
        self._topology = Topology(inventory)
        self._relation = Relation(self._knowledge, self._topology, self._windows)
        self._verdict = Verdict(self._knowledge, self._relation, self._topology)
        self._grouping = Grouping(self._knowledge, self._relation, self._windows)
        self._held.use(self._relation, self._topology)

    def adopt(self, incident: Incident, evidence: Sequence[Evidence]) -> None:
        """Take over an incident from the store: what a standby rebuilds itself from."""
        if incident.merged_into is None:
            track = Track(incident=incident, evidence=tuple(evidence))
            self._held.put(track)
            self._find_kin(track)

    @property
    def waits_for(self) -> timedelta:
        """How far back trigger events may lie that `recall` wants."""
        return self._waiting.span

    def recall(self, events: Sequence[tuple[Envelope[TriggerRaised], str | None]]) -> None:
        """After all that is adopted: what waits, from stored trigger events with the incident each went to."""
        self._waiting.recall(events, self._relation, self._is_shown, self._announced)

    def _is_shown(self, symptom: Symptom) -> bool:
        held = self._held.at([self._relation.place(symptom)])
        return any(track.symptom(key_of(symptom)) is not None for track in held)

    @property
    def held(self) -> int:
        """How many incidents are held."""
        return len(self._held)

    def incidents(self) -> list[Incident]:
        """All that are held, live and recently resolved, by opening time."""
        return [track.incident for track in self._held.all()]

    def fuse(self, envelope: Envelope[TriggerRaised]) -> Fused:
        """What one trigger event changes. A double changes nothing."""
        if envelope.id in self._seen:
            return Fused(trigger_id=envelope.id)
        if envelope.data.state is TriggerState.CLEARED:
            return self._clear(envelope)
        symptom = self._symptom(envelope)
        near = self._held.near(symptom)
        live = [track for track in near if track.live and self._belongs(symptom, track)]
        if symptom.severity.rank == 0:
            said = self._waiting.contrasts.said(envelope, symptom, self._relation)
            if self._waiting.contrasts.is_whole(symptom):
                return Fused(trigger_id=envelope.id, said=said)
            joined = self._join_info(envelope, symptom, live or self._late_for(symptom, near))
            if said is not None:
                return replace(joined, said=said)
            if leading(symptom) == ORDERED_STOP:
                return replace(joined, ordered=(self._relation.home(symptom), symptom.last_seen))
            if leading(symptom) == ANNOUNCED_WORK:
                return replace(joined, announced=self._announced(envelope, symptom))
            return joined
        if not live and (excuse := self._waiting.excuses.of(envelope, symptom, self._relation)) is not None:
            return Fused(trigger_id=envelope.id, excused=(key_of(symptom), excuse))
        return self._fault(envelope, symptom, near, live)

    def _fault(
        self, envelope: Envelope[TriggerRaised], symptom: Symptom, near: list[Track], live: list[Track]
    ) -> Fused:
        """What a trigger event above info changes."""
        if not live and (past := self._recurs(symptom, near)) is not None:
            live = [past]
        return self._regroup(envelope, symptom, live)

    def _announced(
        self, envelope: Envelope[TriggerRaised], announcement: Symptom
    ) -> tuple[frozenset[str], datetime, datetime]:
        """By its words: the hosts that announced work touches, since when and until when."""
        words = " ".join(one.text[:MAX_WORDS_READ] for one in envelope.data.evidence[:MAX_LINES_READ])
        at = announcement.last_seen
        touched = frozenset(self._topology.touched_by(words, self._relation.home(announcement)))
        return touched, at, announced_until(words, at)

    def _symptom(self, envelope: Envelope[TriggerRaised]) -> Symptom:
        words = " ".join(one.text[:MAX_WORDS_READ] for one in envelope.data.evidence[:MAX_LINES_READ])
        about = self._topology.host_in(words, self._topology.place_of(envelope.entity))
        return self._knowledge.narrowed(symptom_of(envelope, about))

    def advance(self, now: datetime) -> Fused:
        """Resolve what has been clear for the hold time by `now`, forget what resolved longer ago than the reopening
        window."""
        over: list[Change] = []
        for track in self._held.all():
            if not track.live:
                continue
            clear_since = settled_at(track.incident.symptoms)
            if clear_since is not None and now >= clear_since + self._windows.hold:
                when = clear_since + self._windows.hold
                over.append(changes.resolved(track, when, "fusion", f"All clear since {clear_since:%H:%M:%S} UTC."))
            elif (change := self._second_thoughts(track, now)) is not None:
                over.append(change)
        old = [one.incident.id for one in self._held.all() if self._forgettable(one, now)]
        if not over and not old and (due := self._waiting.excuses.due(now)) is not None:
            key, excuse = due
            return Fused(settled=key) if self._waiting.excuses.is_over(excuse) else self._no_excuse(excuse.envelope)
        if not over and not old and (odd := self._waiting.contrasts.due(now)) is not None:
            return self._stands_out(odd)
        return Fused(changes=over, forgotten=old)

    def _no_excuse(self, envelope: Envelope[TriggerRaised]) -> Fused:
        """A host that went down by order did not come back: what its neighbours miss is told now."""
        symptom = self._symptom(envelope)
        near = self._held.near(symptom)
        live = [track for track in near if track.live and self._belongs(symptom, track)]
        return replace(self._fault(envelope, symptom, near, live), settled=key_of(symptom))

    def _stands_out(self, odd: Said) -> Fused:
        """What a host alone says of a part is a fault beside sisters that say otherwise."""
        assert odd.less is not None
        symptom = self._symptom(odd.less).model_copy(update={"severity": Severity.WARNING})
        near = self._held.near(symptom)
        live = [track for track in near if track.live and self._belongs(symptom, track)]
        return replace(self._fault(odd.less, symptom, near, live), contrasted=odd)

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
                self._held.put(change.track, moved=fused.moved)
            else:
                self._forget(change.incident.id)
        for incident_id in fused.forgotten:
            self._forget(incident_id)
        family = fused.kin.union(*(self._kin.get(incident_id, ()) for incident_id in fused.kin))
        kin = frozenset(one for one in family if one in self._held)
        self._kin.update(dict.fromkeys(kin, kin))
        self._waiting.keep(fused)
        if fused.trigger_id is not None:
            self._seen[fused.trigger_id] = None
            while len(self._seen) > MAX_SEEN:
                self._seen.popitem(last=False)

    def _track(self, incident_id: str) -> Track:
        track = self._held.get(incident_id)
        if track is None:
            raise UnknownIncident(incident_id)
        return track

    def _forget(self, incident_id: str) -> None:
        self._held.drop(incident_id)
        self._kin.pop(incident_id, None)

    def _find_kin(self, track: Track) -> None:
        """What hangs together with an incident that was taken over, which the store does not say."""
        if not track.live:
            return
        mine = track.speaking(None)
        for other in self._held.at(self._held.places_of(track.incident.id)):
            if other is track or not other.live:
                continue
            if any(self._relation.related(one, two) for one in mine for two in other.speaking(None)):
                ids = {track.incident.id, other.incident.id}
                kin = frozenset(ids.union(*(self._kin.get(one, ()) for one in ids)))
                self._kin.update(dict.fromkeys(kin, kin))

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
        pool = ordered([*pool, *beside])
        key = key_of(symptom)
        known = next((s for track in pool if (s := track.symptom(key)) is not None), None)
        changed = symptom if known is None else fold(known, symptom)
        waiting = self._waiting.infos_for(envelope.id, symptom, self._relation) if not live else []
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
        moved = (changed.component, changed.causes, changed.about) != (known.component, known.causes, known.about)
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
                if (other := self._held.get(incident_id)) is not None and other.live:
                    found[incident_id] = other
        return list(found.values())

    def _beside(self, symptom: Symptom, pool: Sequence[Track]) -> list[Track]:
        """Other live incidents that may be one fault with these in what their hosts share, and their kin. Where several
        hang together, any of them may come to show a shared fault by being parted from another."""
        found: dict[str, Track] = {track.incident.id: track for track in pool}
        several = len(pool) > 1 or len(self._held.places_of(pool[0].incident.id)) > 2 if pool else False
        asked: set[tuple[str, str, str]] = set()
        todo = [symptom, *(one for track in pool for one in track.incident.symptoms if several)]
        while todo:
            places: set[str] = set()
            for one in todo:
                kind = leading(one), self._relation.place(one), part_key(one.component)
                if kind not in asked:
                    asked.add(kind)
                    places |= self._held.sharing(one)
            more = [
                t for t in self._with_kin([t for t in self._held.at(places) if t.live]) if t.incident.id not in found
            ]
            found.update((track.incident.id, track) for track in more)
            todo = [one for track in more for one in track.incident.symptoms if several]
        return list(found.values())[len(pool) :]

    def _clear(self, envelope: Envelope[TriggerRaised]) -> Fused:
        """Note the recovery; `advance` resolves after the hold time."""
        gone = self._symptom(envelope)
        cleared = self._cleared(envelope, gone)
        if (said := self._waiting.contrasts.said(envelope, gone, self._relation)) is not None:
            return replace(cleared, said=said)
        is_back = leading(gone) == ORDERED_STOP
        return replace(cleared, back=(self._relation.home(gone), gone.last_seen)) if is_back else cleared

    def _cleared(self, envelope: Envelope[TriggerRaised], gone: Symptom) -> Fused:
        wanted = key_of(gone)
        for track in self._held.at([self._relation.place(gone)]):
            symptom = track.symptom(wanted) if track.live else None
            if symptom is None:
                continue
            cleared = fold_clear(symptom, envelope.time)
            if cleared == symptom:
                return Fused(trigger_id=envelope.id, incident_id=track.incident.id)
            after = track.replacing(cleared, envelope).add_evidence(envelope.data.evidence)
            change = changes.opened_or_updated(track, after, envelope)
            return Fused(trigger_id=envelope.id, incident_id=track.incident.id, changes=[change])
        return Fused(trigger_id=envelope.id, settled=wanted)

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
