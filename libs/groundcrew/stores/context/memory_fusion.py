"""One transaction of fusion over the context store in memory."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from groundcrew.contracts.clock import to_us
from groundcrew.contracts.envelope import Envelope, encode
from groundcrew.contracts.identity import host
from groundcrew.contracts.incidents import Evidence, EvidenceSource, Incident, TriggerRaised
from groundcrew.contracts.queries import HistoryEntry, TriggerSummary
from groundcrew.stores.context.fusion import loose, stale
from groundcrew.stores.context.memory_rows import Timeline
from groundcrew.stores.context.memory_site import MemorySite
from groundcrew.stores.context.reading import trigger_key
from groundcrew.stores.copying import storable


@dataclass(frozen=True)
class _Revision:
    incident: Incident
    actor: str
    change: str


class MemoryFusionTransaction:
    """Collects what is to change; `commit` does it."""

    def __init__(self, site: MemorySite) -> None:
        self._site = site
        self._triggers: Timeline[TriggerSummary] = Timeline()
        self._data: dict[str, Envelope[TriggerRaised]] = {}
        self._revisions: list[_Revision] = []
        self._evidence: dict[tuple[str, str], tuple[Evidence, bool]] = {}
        self.payloads: list[bytes] = []

    async def expect(self, envelopes: Sequence[Envelope[TriggerRaised]]) -> None:
        """Memory needs no warning."""

    async def add_trigger(self, envelope: Envelope[TriggerRaised], incident_id: str | None) -> bool:
        summary = _trigger(envelope, incident_id)
        key = trigger_key(summary)
        if key in self._site.triggers or not self._triggers.add(*key, summary):
            return False
        self._data[summary.id] = envelope
        return True

    async def save_incident(self, incident: Incident, evidence: Sequence[Evidence], *, actor: str, change: str) -> None:
        newest = [revision.incident for revision in self._revisions if revision.incident.id == incident.id]
        stored = newest[-1] if newest else self._site.incidents.get(incident.id)
        if stored == incident:
            return
        if stored is not None and stored.revision >= incident.revision:
            raise stale(incident, stored.revision)
        self._revisions.append(_Revision(incident, actor, change))
        for one in evidence:
            if not self._evidence.get((incident.id, one.id), (one, False))[1]:  # new, or taken off before
                self._evidence[incident.id, one.id] = (one, True)

    async def withdraw_evidence(self, incident_id: str, evidence: Sequence[Evidence]) -> None:
        self._evidence.update(((incident_id, one.id), (one, False)) for one in evidence)

    async def publish(self, envelope: Envelope[Any]) -> None:
        self.payloads.append(encode(envelope))

    def commit(self) -> None:
        site = self._site
        for (time, row_id), summary in self._triggers.oldest_first():
            site.triggers.add(time, row_id, summary)
            if summary.incident_id is None or summary.severity.rank == 0:
                event = self._data[row_id]
                again = loose(event.data, event.id, event.site, event.entity, event.time)
                site.loose.add(time, row_id, (again, summary.incident_id))
        for one in self._revisions:
            incident = one.incident
            site.keep_incident(incident)
            site.history.setdefault(incident.id, []).append(
                HistoryEntry(
                    revision=incident.revision,
                    time=incident.updated_at,
                    actor=storable(one.actor),
                    change=storable(one.change),
                )
            )
            for name in incident.hosts:
                site.entity(host(name)).named(incident.last_seen)
        for (incident_id, _), (piece, stays) in self._evidence.items():
            timeline = site.evidence.setdefault(incident_id, Timeline())
            if stays:
                timeline.add(to_us(piece.time), piece.id, piece)
            else:
                timeline.remove(to_us(piece.time), piece.id)


def _trigger(envelope: Envelope[TriggerRaised], incident_id: str | None) -> TriggerSummary:
    data = envelope.data
    return TriggerSummary(
        id=envelope.id,
        time=envelope.time,
        entity=envelope.entity,
        rule_id=storable(data.rule_id),
        severity=data.severity,
        title=storable(data.title),
        component=storable(data.component),
        count=data.count,
        incident_id=incident_id,
        silenced_by=storable(data.silenced_by),
        state=data.state,
        component_class=storable(data.component_class),
        source=data.evidence[0].source if data.evidence else EvidenceSource.UNKNOWN,
        observed=data.evidence[0].id if data.evidence else None,
    )
