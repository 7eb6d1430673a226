"""Fusion: trigger events in, incidents out. Pure, in event time, and the same for the same triggers.

Symptoms (equal triggers folded) are the nodes of a graph whose edges are `relation.Relation`; an incident is one of
its connected components, so a trigger that relates to two incidents makes them one. When enough hosts that hang on the
same feed, switch or rack show the same kind of cause, their incidents become one that names the shared element.

`fuse`, `command`, `annotate` and `advance` only compute; `keep` takes the result over. Between the two the caller
commits it to the store, so memory never runs ahead of what is stored.
"""

from collections import OrderedDict, deque
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

from groundcrew.contracts.envelope import Envelope
from groundcrew.contracts.identity import kind_of, name_of
from groundcrew.contracts.incidents import Evidence, Incident, Symptom, TriggerRaised, TriggerState
from groundcrew.contracts.inventory import Inventory
from groundcrew.diagnosis import changes
from groundcrew.diagnosis.causes import CauseEntry, Knowledge
from groundcrew.diagnosis.folding import fold_clear, settled_at, symptom_of
from groundcrew.diagnosis.ranking import leading
from groundcrew.diagnosis.relation import Relation, Windows, distance, gap, key_of
from groundcrew.diagnosis.topology import Topology
from groundcrew.diagnosis.track import Fused, Shared, Track, Verdict

MAX_SEEN = 20_000
"""Trigger ids remembered to drop doubles early; the store's unique key drops the rest."""


MAX_WAITING = 500
"""Info trigger events that wait for an incident to be evidence of. They are not stored as such: after a take-over an
incident may lack early info evidence, nothing else."""


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
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._waiting: deque[Envelope[TriggerRaised]] = deque(maxlen=MAX_WAITING)
        self.use_inventory(inventory)

    def use_inventory(self, inventory: Inventory) -> None:
        """Work with another revision of the inventory from now on."""
        self._topology = Topology(inventory)
        self._relation = Relation(self._knowledge, self._topology, self._windows)
        self._verdict = Verdict(self._knowledge, self._relation)

    def adopt(self, incident: Incident, evidence: Sequence[Evidence]) -> None:
        """Take over an incident from the store: what a standby rebuilds itself from."""
        if incident.merged_into is None:
            self._tracks[incident.id] = Track(incident=incident, evidence=tuple(evidence))

    @property
    def held(self) -> int:
        """How many incidents are held."""
        return len(self._tracks)

    def incidents(self) -> list[Incident]:
        """All that are held, live and recently resolved, by opening time."""
        return sorted((t.incident for t in self._tracks.values()), key=lambda i: (i.opened_at, i.id))

    def fuse(self, envelope: Envelope[TriggerRaised]) -> Fused:
        """What one trigger event changes. A double changes nothing."""
        if envelope.id in self._seen:
            return Fused(trigger_id=envelope.id)
        if envelope.data.state is TriggerState.CLEARED:
            return self._clear(envelope)
        symptom = symptom_of(envelope)
        live = [track for track in self._ordered() if track.live and self._belongs(symptom, track)]
        if symptom.severity.rank == 0:
            return self._join_info(envelope, symptom, live)
        if live:
            return self._join(envelope, symptom, live)
        if (past := self._recurs(symptom)) is not None:
            return self._join(envelope, symptom, [past])
        return self._grow(envelope, self._with_waiting(Track.opened_by(envelope, symptom), symptom), [])

    def advance(self, now: datetime) -> Fused:
        """Resolve what has been clear for the hold time by `now`, forget what resolved longer ago than the reopening
        window."""
        over = []
        for track in self._ordered():
            clear_since = settled_at(track.incident.symptoms) if track.live else None
            if clear_since is not None and now >= clear_since + self._windows.hold:
                when = clear_since + self._windows.hold
                over.append(changes.resolved(track, when, "fusion", f"All clear since {clear_since:%H:%M:%S} UTC."))
        old = [t.incident.id for t in self._ordered() if t.forgettable(now - self._windows.reopen)]
        return Fused(changes=over, forgotten=old)

    def command(
        self, incident_id: str, command: Literal["acknowledge", "resolve", "note"], actor: str, text: str, at: datetime
    ) -> Fused:
        """An operator's word. Raises UnknownIncident, AlreadyResolved."""
        track = self._track(incident_id)
        if command == "note":
            return Fused(changes=[changes.noted(track, at, actor, text)])
        if not track.live:
            raise AlreadyResolved(incident_id)
        if command == "resolve":
            return Fused(changes=[changes.resolved(track, at, actor, text or f"Resolved by {actor}.")])
        return Fused(changes=[changes.acknowledged(track, at, actor, text)])

    def annotate(self, incident_id: str, actor: str, change: str, at: datetime) -> Fused:
        """Add a line to an incident's history. Raises UnknownIncident."""
        return Fused(changes=[changes.annotated(self._track(incident_id), at, actor, change)])

    def keep(self, fused: Fused) -> None:
        """Take over what was computed, once it is stored."""
        for change in fused.changes:
            if change.incident.merged_into is None:
                self._tracks[change.incident.id] = change.track
            else:
                self._tracks.pop(change.incident.id, None)
        for incident_id in fused.forgotten:
            self._tracks.pop(incident_id, None)
        if fused.waiting is not None:
            self._waiting.append(fused.waiting)
        if fused.trigger_id is not None:
            self._seen[fused.trigger_id] = None
            while len(self._seen) > MAX_SEEN:
                self._seen.popitem(last=False)

    # --- which incident a trigger belongs to -----------------------------------------------------------------------

    def _ordered(self) -> list[Track]:
        return sorted(self._tracks.values(), key=lambda t: (t.incident.opened_at, t.incident.id))

    def _track(self, incident_id: str) -> Track:
        if incident_id not in self._tracks:
            raise UnknownIncident(incident_id)
        return self._tracks[incident_id]

    def _belongs(self, symptom: Symptom, track: Track) -> bool:
        if any(self._relation.related(symptom, other) for other in track.speaking(symptom)):
            return True
        shared = self._shared_of(track)
        return shared is not None and self._under(symptom, shared, track, self._windows.join)

    def _under(self, symptom: Symptom, shared: Shared, track: Track, within: timedelta) -> bool:
        """Whether a shared fault accounts for a symptom so close to what the incident already shows."""
        if symptom.severity.rank == 0 or not self._relation.under_shared(symptom, shared.entry, shared.element):
            return False
        return any(gap(symptom, other) <= within for other in track.incident.symptoms)

    def _recurs(self, symptom: Symptom) -> Track | None:
        """The recently resolved incident whose fault shows again, or that late evidence belongs to."""
        matches = []
        for track in self._ordered():
            resolved_at = track.incident.resolved_at
            if resolved_at is None or symptom.first_seen > resolved_at + self._windows.reopen:
                continue
            late = symptom.last_seen <= resolved_at
            again = any(self._again(symptom, other, late) for other in track.speaking(symptom))
            shared = self._shared_of(track)
            if again or (shared is not None and self._under(symptom, shared, track, self._windows.reopen)):
                matches.append((resolved_at, track))
        return max(matches, key=lambda pair: (pair[0], pair[1].incident.id))[1] if matches else None

    def _again(self, symptom: Symptom, other: Symptom, late: bool) -> bool:
        if late:
            return self._relation.related(symptom, other)
        return key_of(symptom) == key_of(other) or (
            self._relation.place(symptom) == self._relation.place(other)
            and leading(symptom) == leading(other)
            and self._relation.same_fault(symptom, other)
        )

    # --- what becomes of it ----------------------------------------------------------------------------------------

    def _join_info(self, envelope: Envelope[TriggerRaised], symptom: Symptom, live: list[Track]) -> Fused:
        """An info trigger is evidence for one incident at most; it opens none and ties none together."""
        if not live:
            return Fused(trigger_id=envelope.id, waiting=envelope)
        return self._grow(envelope, live[0].with_symptom(envelope, symptom), [])

    def _with_waiting(self, track: Track, symptom: Symptom) -> Track:
        """A new incident takes up the info events before it that relate to what opened it."""
        for waiting in self._waiting:
            info = symptom_of(waiting)
            if gap(info, symptom) <= self._windows.join and self._relation.related(info, symptom):
                track = track.with_symptom(waiting, info).add_evidence(waiting.data.evidence)
        return track

    def _join(self, envelope: Envelope[TriggerRaised], symptom: Symptom, tracks: list[Track]) -> Fused:
        """Add to the oldest of the incidents that it relates to, and make them one."""
        grown, others = tracks[0].with_symptom(envelope, symptom), tracks[1:]
        changed = grown.symptom(key_of(symptom))
        for track in self._ordered():  # a repeat may have widened the symptom up to further incidents
            known = {grown.incident.id, *(other.incident.id for other in others)}
            if changed and track.live and track.incident.id not in known and self._belongs(changed, track):
                others.append(track)
        return self._grow(envelope, grown, others)

    def _grow(self, envelope: Envelope[TriggerRaised], track: Track, others: list[Track]) -> Fused:
        """Finish a change: look for a shared fault, merge, rank, and say what changed."""
        group = [track.add_evidence(envelope.data.evidence), *others]
        shared = next(filter(None, map(self._shared_of, group)), None)
        if shared is not None:
            group += self._drawn_in(shared, group)
        elif (found := self._common(group)) is not None:
            shared, more = found
            group += more
        group.sort(key=self._seniority)
        before = self._tracks.get(group[0].incident.id)
        final = self._verdict.of(group[0].absorb(group[1:]), shared)
        change = changes.opened_or_updated(before, final, envelope)
        ended = [
            changes.merged_away(self._tracks[one.incident.id], final, envelope.time)
            for one in group[1:]
            if one.incident.id in self._tracks
        ]
        return Fused(trigger_id=envelope.id, incident_id=final.incident.id, changes=[change, *ended])

    def _seniority(self, track: Track) -> tuple[bool, datetime, str]:
        """Of incidents that become one, a stored one stays, then the one that opened first."""
        return track.incident.id not in self._tracks, track.incident.opened_at, track.incident.id

    def _clear(self, envelope: Envelope[TriggerRaised]) -> Fused:
        """Note the recovery; `advance` resolves after the hold time."""
        wanted = key_of(symptom_of(envelope))
        for track in self._ordered():
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

    # --- faults in what hosts share --------------------------------------------------------------------------------

    def _shared_of(self, track: Track) -> Shared | None:
        """The shared fault that an incident was found to be; read off the incident, so that a rebuild knows it too."""
        entry = self._knowledge.get(track.incident.cause.id)
        if entry.shared is None or kind_of(track.incident.entity) != entry.shared.kind.value:
            return None
        return Shared(entry=entry, element=name_of(track.incident.entity))

    def _drawn_in(self, shared: Shared, group: Sequence[Track]) -> list[Track]:
        """Live incidents of single hosts that a shared fault accounts for, whichever came first."""
        ours = {track.incident.id for track in group}
        return [
            track
            for track in self._ordered()
            if track.live
            and track.incident.id not in ours
            and self._shared_of(track) is None
            and any(
                self._under(symptom, shared, one, self._windows.join)
                for symptom in track.incident.symptoms
                for one in group
            )
        ]

    def _common(self, group: Sequence[Track]) -> tuple[Shared, list[Track]] | None:
        """The shared fault that these incidents and others make together, with those others."""
        ours = {track.incident.id for track in group}
        others = [t for t in self._ordered() if t.live and t.incident.id not in ours and self._shared_of(t) is None]
        for entry in self._knowledge.shared_faults:
            assert entry.shared is not None
            mine = [s for t in group for s in t.incident.symptoms if self._speaks_for(s, entry)]
            if not mine:
                continue
            newest = max(symptom.last_seen for symptom in mine)
            struck = {t.incident.id: self._hosts(t, entry, newest) for t in (*group, *others)}
            hosts = {host for places in struck.values() for host in places}
            found = self._topology.common_element(hosts, entry.shared.kind, entry.shared.min_hosts)
            if found is None or not any(struck[one] & set(found[1]) for one in ours):
                continue
            more = [t for t in others if struck[t.incident.id] & set(found[1])]
            return Shared(entry=entry, element=found[0]), more
        return None

    def _speaks_for(self, symptom: Symptom, entry: CauseEntry) -> bool:
        assert entry.shared is not None
        return symptom.severity.rank > 0 and leading(symptom) in entry.shared.of

    def _hosts(self, track: Track, entry: CauseEntry, when: datetime) -> set[str]:
        """Places where an incident shows this kind of fault around `when`."""
        return {
            self._relation.place(symptom)
            for symptom in track.incident.symptoms
            if self._speaks_for(symptom, entry) and distance(symptom, when) <= self._windows.join
        }
