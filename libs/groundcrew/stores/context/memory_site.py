"""What the memory store holds of one site."""

import math
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from groundcrew.contracts.clock import from_us, to_us
from groundcrew.contracts.envelope import Envelope
from groundcrew.contracts.identity import name_of
from groundcrew.contracts.incidents import Evidence, Finding, Incident, IncidentState, TriggerRaised
from groundcrew.contracts.observations import (
    InventoryObserved,
    LogBatch,
    MetricBatch,
    SelBatch,
    SensorBatch,
    ServiceBatch,
)
from groundcrew.contracts.queries import HistoryEntry, LogLine, SelEntry, SensorReading, ServiceState, TriggerSummary
from groundcrew.stores.context.latest import Latest, labels_text, limit, merged, newest_of
from groundcrew.stores.context.memory_event_logs import MemoryEventLogs
from groundcrew.stores.context.memory_rows import Timeline
from groundcrew.stores.context.tables import check_times
from groundcrew.stores.copying import storable

SeriesName = tuple[str, str]
"""labels as canonical JSON, unit"""


@dataclass
class Entity:
    """A row of the table `entities`."""

    reported: bool = False
    last_seen: datetime | None = None
    observed: InventoryObserved | None = None
    observed_at: datetime | None = None
    latest: Latest = field(default_factory=dict)

    def seen(self, time: datetime) -> None:
        self.last_seen = max(self.last_seen, time) if self.reported and self.last_seen else time
        self.reported = True

    def named(self, time: datetime) -> None:
        """An incident names it."""
        if not self.reported:
            self.last_seen = max(self.last_seen, time) if self.last_seen else time


class MemorySite:
    """One site's tables."""

    def __init__(self) -> None:
        self.entities: dict[str, Entity] = {}
        self.logs: Timeline[LogLine] = Timeline()
        self.logs_by_entity: dict[str, Timeline[LogLine]] = {}
        self.samples: dict[tuple[str, str], dict[SeriesName, Timeline[float]]] = {}
        self.services: Timeline[None] = Timeline()
        self.newest_services: dict[str, dict[str, ServiceState]] = {}
        self.sensors: Timeline[SensorReading] = Timeline()
        self.newest_sensors: dict[str, dict[str, SensorReading]] = {}
        self.sel: Timeline[SelEntry] = Timeline()
        self.sel_by_entity: dict[str, Timeline[SelEntry]] = {}
        self.sel_ids: set[str] = set()
        self.event_logs = MemoryEventLogs()
        self.triggers: Timeline[TriggerSummary] = Timeline()
        self.loose: Timeline[tuple[Envelope[TriggerRaised], str | None]] = Timeline()
        self.incidents: dict[str, Incident] = {}
        self.live: dict[str, None] = {}
        self.evidence: dict[str, Timeline[Evidence]] = {}
        self.history: dict[str, list[HistoryEntry]] = {}
        self.findings: Timeline[Finding] = Timeline()
        self.finding_ids: set[str] = set()

    def record_logs(self, envelope: Envelope[LogBatch]) -> int:
        batch = envelope.data
        check_times(batch.times)
        of_entity = self.logs_by_entity.setdefault(envelope.entity, Timeline())
        new = 0
        for row, row_id in enumerate(batch.ids):
            line = _log_line(envelope, row)
            if self.logs.add(batch.times[row], row_id, line):
                of_entity.add(batch.times[row], row_id, line)
                new += 1
        self._seen(envelope)
        return new

    def record_metrics(self, envelope: Envelope[MetricBatch]) -> int:
        batch = envelope.data
        check_times(batch.times)
        timelines = [
            self.samples.setdefault((envelope.entity, one.name), {}).setdefault(
                (labels_text(one.labels), one.unit), Timeline()
            )
            for one in batch.series
        ]
        new = 0
        for index, time, value in zip(batch.series_index, batch.times, batch.values, strict=True):
            if math.isfinite(value):
                new += timelines[index].add(time, "", value)
        entity = self._seen(envelope)
        finite = {key: pair for key, pair in newest_of(batch).items() if math.isfinite(pair[1])}
        entity.latest = merged(entity.latest, finite)
        return new

    def record_services(self, envelope: Envelope[ServiceBatch]) -> int:
        batch = envelope.data
        check_times(batch.times)
        newest = self.newest_services.setdefault(envelope.entity, {})
        new = 0
        for row, unit in enumerate(batch.units):
            if self.services.add(batch.times[row], f"{envelope.entity} {unit}", None):
                new += 1
                state = _service_state(batch, row)
                if unit not in newest or newest[unit].time < state.time:
                    newest[unit] = state
        self._seen(envelope)
        return new

    def record_sensors(self, envelope: Envelope[SensorBatch]) -> int:
        batch = envelope.data
        check_times(batch.times)
        newest = self.newest_sensors.setdefault(envelope.entity, {})
        new = 0
        for row, sensor in enumerate(batch.sensors):
            reading = _sensor_reading(envelope, row)
            if self.sensors.add(batch.times[row], f"{envelope.entity} {sensor}", reading):
                new += 1
                held = newest.get(reading.sensor)
                if held is None or held.time < reading.time:
                    if held is not None and not batch.lowers:  # one that tells no limits leaves them
                        reading = reading.model_copy(update={"lower": held.lower, "upper": held.upper})
                    newest[reading.sensor] = reading
        self._seen(envelope)
        return new

    def record_sel(self, envelope: Envelope[SelBatch]) -> int:
        batch = envelope.data
        check_times(batch.times)
        of_entity = self.sel_by_entity.setdefault(envelope.entity, Timeline())
        new = 0
        for row, (time, row_id) in enumerate(zip(batch.times, batch.ids, strict=True)):
            entry = _sel_entry(envelope, row)
            if row_id not in self.sel_ids:  # read once more it may have another time
                self.sel_ids.add(row_id)
                self.sel.add(time, row_id, entry)
                of_entity.add(time, row_id, entry)
                new += 1
        self._seen(envelope)
        return new

    def record_inventory(self, envelope: Envelope[InventoryObserved]) -> int:
        check_times([to_us(envelope.time)])
        entity = self._seen(envelope)
        if entity.observed_at is not None and envelope.time <= entity.observed_at:
            return 0
        entity.observed, entity.observed_at = envelope.data, envelope.time
        return 1

    def keep_incident(self, incident: Incident) -> None:
        self.incidents[incident.id] = incident
        if incident.state is IncidentState.RESOLVED:
            self.live.pop(incident.id, None)
        else:
            self.live[incident.id] = None

    def forget_incidents(self, before: datetime) -> int:
        gone = [
            one.id
            for one in self.incidents.values()
            if one.state is IncidentState.RESOLVED and one.resolved_at is not None and one.resolved_at < before
        ]
        for incident_id in gone:
            del self.incidents[incident_id]
            self.evidence.pop(incident_id, None)
            self.history.pop(incident_id, None)
        return len(gone)

    def entity(self, name: str) -> Entity:
        return self.entities.setdefault(name, Entity())

    def _seen(self, envelope: Envelope[Any]) -> Entity:
        entity = self.entity(envelope.entity)
        entity.seen(envelope.time)
        return entity


def _log_line(envelope: Envelope[LogBatch], row: int) -> LogLine:
    batch = envelope.data
    return LogLine.model_construct(
        id=batch.ids[row],
        time=from_us(batch.times[row]),
        entity=envelope.entity,
        priority=min(max(batch.priorities[row], 0), 7),
        identifier=storable(batch.identifiers[row]),
        unit=storable(batch.units[row]),
        message=storable(batch.messages[row]),
        source=envelope.source,
        position=storable(batch.positions[row]),
    )


def _sensor_reading(envelope: Envelope[SensorBatch], row: int) -> SensorReading:
    batch = envelope.data
    return SensorReading(
        time=from_us(batch.times[row]),
        bmc=name_of(envelope.entity),
        sensor=storable(batch.sensors[row]),
        value=batch.values[row],
        text=storable(batch.texts[row]),
        unit=storable(batch.units[row]),
        status=storable(batch.statuses[row]),
        lower=limit(batch.lowers[row]) if batch.lowers else None,
        upper=limit(batch.uppers[row]) if batch.uppers else None,
    )


def _sel_entry(envelope: Envelope[SelBatch], row: int) -> SelEntry:
    batch = envelope.data
    return SelEntry(
        id=batch.ids[row],
        bmc=name_of(envelope.entity),
        record_id=batch.record_ids[row],
        time=from_us(batch.times[row]),
        source_time=storable(batch.source_times[row]),
        sensor=storable(batch.sensors[row]),
        event=storable(batch.events[row]),
        asserted=batch.asserted[row],
        text=storable(batch.texts[row]),
        uncertainty_s=batch.uncertainty(row),
    )


def _service_state(batch: ServiceBatch, row: int) -> ServiceState:
    return ServiceState(
        time=from_us(batch.times[row]),
        unit=batch.units[row],
        active_state=batch.active_states[row],
        sub_state=batch.sub_states[row],
        result=batch.results[row],
        restarts=batch.restarts[row],
    )
