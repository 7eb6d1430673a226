"""Reads what a root cause is found of: evidence, event log, log lines and measured values of one host around a time."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from groundcrew.bus.port import RequestFailed
from groundcrew.contracts.identity import host
from groundcrew.contracts.incidents import Evidence, Incident
from groundcrew.contracts.queries import Failure, HostSummary, LogLine, MetricPoints, SelEntry
from groundcrew.contracts.report_requests import RootCauseRequest
from groundcrew.contracts.reports import CitedEvent, RootCause
from groundcrew.diagnosis.anomalies import Quiet, Series, gaps
from groundcrew.diagnosis.causes import Knowledge
from groundcrew.diagnosis.citing import merged, of_evidence, of_line, of_record, of_trigger
from groundcrew.diagnosis.described import Catalogue, CauseWords
from groundcrew.diagnosis.root_cause import Asked, correlate_for_rca
from groundcrew.diagnosis.topology import Topology
from groundcrew.runtime.packs import load_packs
from groundcrew_meta.gathering import Gathered, Gatherer

AROUND = timedelta(minutes=10)
"""So close to the time in question all lines of notice and graver are read."""

MEASURED_BEFORE = timedelta(hours=6)
MEASURED_AFTER = timedelta(hours=1)
WARNING = 4
NOTICE = 5

BOOT_TIME = "boot_time_seconds"
PULSES = ("load1", "cpu_percent", "memory_available_bytes")
"""Metrics that every host has at each look: where they stop, it said nothing."""

TELLING = (
    "gpu_temperature", "gpu_power", "gpu_memory_temperature", "gpu_fan", "temperature_celsius", "cpu_percent",
    "memory_available_bytes", "load1", "pressure", "filesystem_avail_bytes", "network_errors", "network_drops",
    "disk_busy", "disk_latency", "gpu_utilization", "gpu_pcie", "nvme_", "smart_temperature",
)  # fmt: skip
"""Beginnings of the names of metrics that leave their usual range when something breaks."""


class Causes:
    """The catalogue of causes, as far as words and consequences go; indexed when it is first needed."""

    def __init__(self, read: Callable[[], Knowledge]) -> None:
        self._read = read
        self._held: tuple[Catalogue, Mapping[str, frozenset[str]]] | None = None

    async def catalogue(self) -> tuple[Catalogue, Mapping[str, frozenset[str]]]:
        if self._held is None:
            self._held = await asyncio.to_thread(self._index)
        return self._held

    def _index(self) -> tuple[Catalogue, Mapping[str, frozenset[str]]]:
        knowledge = self._read()
        names = [entry.id for entry in knowledge.cause if entry.id != "unknown"]
        words = [
            CauseWords(
                id=entry.id,
                component_class=entry.class_name,
                title=entry.title,
                explanation=entry.explanation,
                steps=tuple(entry.steps_for("", "the host")),
            )
            for entry in map(knowledge.get, names)
        ]
        brought = {one: frozenset(other for other in names if knowledge.explains(one, other)) for one in names}
        return Catalogue.of(words), {one: others for one, others in brought.items() if others}


def read_causes(folder: str) -> Knowledge:
    """The shipped causes with those of a folder laid over them. Raises PackError."""
    packs = load_packs(Path(folder) if folder else None)
    return Knowledge.parse_layers((file.name, file.text) for file in packs.texts("causes"))


class RootCauses:
    def __init__(self, gatherer: Gatherer, causes: Causes) -> None:
        self._gatherer = gatherer
        self._causes = causes

    async def find(
        self, request: RootCauseRequest, device: str, fleet: Gathered, devices: Mapping[str, str]
    ) -> tuple[RootCause, list[CitedEvent]]:
        """The root cause, and all events that were looked at. Raises RequestFailed INVALID for an event that is not
        of this device and range."""
        catalogue, explained = await self._causes.catalogue()
        topology = Topology(fleet.inventory)
        own = [one for one in fleet.incidents if _is_of(one, device)]
        evidence, records, lines, pulse = await asyncio.gather(
            self._gatherer.evidence(own, fleet.missing),
            self._gatherer.records(device, fleet.since, fleet.now, fleet.missing),
            self._gatherer.lines(device, fleet.since, fleet.now, WARNING, fleet.missing),
            self._pulse(device, fleet),
        )
        events = _events(device, fleet, devices, own, evidence, records, lines)
        asked = Asked(
            device=device,
            since=fleet.since,
            until=fleet.now,
            description=request.description,
            event=_event(request.event_id, own, evidence, events, device),
            incidents=fleet.incidents,
            events=events,
            silent=pulse[0],
            boots=pulse[1],
            absent=_absent(events, records, lines, fleet.hosts.get(device)),
            topology=topology,
            explained=explained,
        )
        first = await asyncio.to_thread(correlate_for_rca, asked, catalogue)
        if first.target_time is None:
            return first, events
        near, series = await asyncio.gather(
            self._gatherer.lines(device, first.target_time - AROUND, first.target_time + AROUND, NOTICE, fleet.missing),
            self._series(device, fleet, first.target_time),
        )
        events = merged(events, map(of_line, near))
        # the time in question stays what it was: a line that fits better may only have been read for being near it
        again = replace(asked, events=events, series=series, at=first.target_time)
        second = await asyncio.to_thread(correlate_for_rca, again, catalogue)
        return second.model_copy(update={"target": first.target}), events

    async def _pulse(self, device: str, fleet: Gathered) -> tuple[Sequence[Quiet], Sequence[datetime]]:
        """Stretches in which the host told no metric, and when it started."""
        told = fleet.hosts.get(device)
        names = {key.partition("{")[0] for key in told.latest} if told else set()
        wanted = [next((one for one in PULSES if one in names), PULSES[0]), BOOT_TIME]
        read = await self._gatherer.metrics(device, wanted, fleet.since, fleet.now, fleet.missing)
        times = sorted({when for points in read[wanted[0]] for when in points.times})
        starts = {round(value) for points in read[BOOT_TIME] for value in points.maxima}
        if told is not None and (fact := told.facts.get("boot_time_s", "")).isdecimal():
            starts.add(int(fact))
        boots = [datetime.fromtimestamp(start, UTC) for start in sorted(starts)]
        return gaps(times), [boot for boot in boots if fleet.since <= boot <= fleet.now]

    async def _series(self, device: str, fleet: Gathered, target: datetime) -> list[Series]:
        told = fleet.hosts.get(device)
        names = sorted({key.partition("{")[0] for key in told.latest}) if told else []
        wanted = [name for start in TELLING for name in names if name.startswith(start)]
        since, until = target - MEASURED_BEFORE, min(fleet.now, target + MEASURED_AFTER)
        if since >= until:
            return []
        read, measured = await asyncio.gather(
            self._gatherer.metrics(device, list(dict.fromkeys(wanted)), since, until, fleet.missing),
            self._gatherer.measured(device, since, until, fleet.missing),
        )
        found = [_series_of(device, name, points) for name, some in read.items() for points in some]
        return found + [_sensor_of(device, points) for points in measured]


def _is_of(incident: Incident, device: str) -> bool:
    return device in incident.hosts or incident.entity == host(device)


def _events(
    device: str, fleet: Gathered, devices: Mapping[str, str], own: Sequence[Incident],
    evidence: Mapping[str, Sequence[Evidence]], records: Sequence[SelEntry], lines: Sequence[LogLine],
) -> list[CitedEvent]:  # fmt: skip
    """All that was observed of the device within the range, each once, what an incident cites as it cites it."""
    fired = [one for one in fleet.triggers if devices.get(one.entity) == device and not one.silenced_by]
    cited = merged(
        *(of_evidence(one, evidence.get(one.id, ()), devices) for one in own),
        (of_trigger(one, devices) for one in fired),
        (of_record(one, device) for one in records),
        map(of_line, lines),
    )
    return [one for one in cited if fleet.since <= one.time <= fleet.now]


def _event(
    event_id: str | None, own: Sequence[Incident], evidence: Mapping[str, Sequence[Evidence]],
    events: Sequence[CitedEvent], device: str,
) -> CitedEvent | None:  # fmt: skip
    """The event that is asked about; of an incident its first piece of evidence."""
    if event_id is None:
        return None
    for incident in own:
        if incident.id == event_id:
            cited = sorted(of_evidence(incident, evidence.get(incident.id, ())), key=lambda one: (one.time, one.id))
            if cited:
                return cited[0]
    for incident in own:
        for piece in of_evidence(incident, evidence.get(incident.id, ())):
            if piece.id == event_id:
                return piece
    pieces = {one.trigger_id: one for some in evidence.values() for one in some if one.trigger_id}
    if event_id in pieces:
        event_id = pieces[event_id].id
    found = next((one for one in events if one.id == event_id), None)
    if found is None:
        raise RequestFailed(Failure.INVALID, f"event_id: {device} has no event {event_id} within this time range")
    return found


def _series_of(device: str, name: str, points: MetricPoints) -> Series:
    labels = ", ".join(f"{key} {value}" for key, value in sorted(points.labels.items()))
    return Series(
        device=device,
        name=f"{name} {labels}".strip(),
        unit=points.unit,
        times=points.times,
        values=points.averages,
        lows=points.minima,
        highs=points.maxima,
    )


def _sensor_of(device: str, points: MetricPoints) -> Series:
    named = points.model_copy(update={"labels": {}})
    return _series_of(device, f"sensor {points.labels.get('sensor', '')}".strip(), named)


def _absent(
    events: Sequence[CitedEvent], records: Sequence[SelEntry], lines: Sequence[LogLine], told: HostSummary | None
) -> list[str]:
    """Sources that say nothing of the device, in words."""
    said = []
    if not records:
        said.append("the event log holds no record within this time")
    if not lines:
        said.append("no log line of warning or worse within this time")
    if told is None or told.last_seen is None:
        said.append("no collector reports of this host")
    else:
        said += [f"{one.name}: {one.state.value}{f', {one.detail}' if one.detail else ''}"
                 for one in told.sources if one.state.value != "present"]  # fmt: skip
    if not events:
        said.append("nothing that was observed within this time is worth a rule")
    return said
