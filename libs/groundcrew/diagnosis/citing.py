"""Raw events for a report: as they were observed, of one form whatever they came from, the most telling first."""

from collections.abc import Iterable, Mapping, Sequence

from groundcrew.contracts.identity import name_of
from groundcrew.contracts.incidents import Evidence, EvidenceSource, Incident, Severity, TriggerState
from groundcrew.contracts.queries import LogLine, SelEntry, TriggerSummary
from groundcrew.contracts.reports import CitedEvent
from groundcrew.diagnosis.window import template

MAX_TEXT = 1_000
"""Characters of one event; what is longer is cut and marked."""

GRAVE = 2
"""Syslog severity up to which a line that no rule knows is a warning: what programs call an error mostly is none."""


def of_evidence(
    incident: Incident, evidence: Iterable[Evidence], devices: Mapping[str, str] | None = None
) -> list[CitedEvent]:
    """Evidence is as grave as the gravest symptom of its rule."""
    grave: dict[str, Severity] = {}
    for symptom in incident.symptoms:
        known = grave.get(symptom.rule_id, Severity.INFO)
        grave[symptom.rule_id] = max(known, symptom.severity, key=lambda severity: severity.rank)
    return [
        CitedEvent(
            id=one.id,
            time=one.time,
            source=one.source,
            device=_device(one.entity, devices),
            text=_cut(one.text),
            ref=one.ref,
            severity=grave.get(one.rule_id, incident.severity),
            incident_id=incident.id,
        )
        for one in evidence
    ]


def of_trigger(one: TriggerSummary, devices: Mapping[str, str] | None = None) -> CitedEvent:
    """What fired, by its title: the observation itself is cited by its id where the event tells it. An end is info."""
    over = one.state is TriggerState.CLEARED
    return CitedEvent(
        id=one.observed or one.id,
        time=one.time,
        source=one.source,
        device=_device(one.entity, devices),
        text=_cut(f"over: {one.title}" if over else one.title),
        ref=f"rule {one.rule_id}",
        severity=Severity.INFO if over else one.severity,
        incident_id=one.incident_id,
    )


def of_record(one: SelEntry, device: str) -> CitedEvent:
    """An event-log record; what no rule spoke of is info."""
    text = " | ".join(part for part in (one.sensor, one.event) if part) or one.text
    return CitedEvent(
        id=one.id,
        time=one.time,
        source=EvidenceSource.SEL,
        device=device,
        text=_cut(text),
        ref=f"{one.bmc}/{one.record_id}",
    )


def of_line(one: LogLine) -> CitedEvent:
    return CitedEvent(
        id=one.id,
        time=one.time,
        source=EvidenceSource.JOURNAL,
        device=name_of(one.entity),
        text=_cut(f"{one.identifier}: {one.message}" if one.identifier else one.message),
        ref=one.position,
        severity=Severity.WARNING if one.priority <= GRAVE else Severity.INFO,
    )


def merged(*streams: Iterable[CitedEvent]) -> list[CitedEvent]:
    """One event once, as the first stream tells it, in order of time."""
    found: dict[str, CitedEvent] = {}
    for stream in streams:
        for one in stream:
            found.setdefault(one.id, one)
    return sorted(found.values(), key=lambda one: (one.time, one.id))


def most_telling(events: Sequence[CitedEvent], most: int) -> list[CitedEvent]:
    """The most important events, at most so many, in order of time."""
    return sorted(by_importance(events)[:most], key=lambda one: (one.time, one.id))


def by_importance(events: Sequence[CitedEvent]) -> list[CitedEvent]:
    """The first of each kind before repeats, the graver before the milder, what an incident cites before what none
    does, and of equals the earlier."""
    seen: set[tuple[str, str, str]] = set()
    ranked = []
    for one in sorted(events, key=lambda one: (one.time, one.id)):
        kind = (one.device, one.source.value, template(one.text))
        ranked.append(((kind in seen, -one.severity.rank, one.incident_id is None, one.time, one.id), one))
        seen.add(kind)
    ranked.sort(key=lambda pair: pair[0])
    return [one for _, one in ranked]


def _cut(text: str) -> str:
    return text if len(text) <= MAX_TEXT else f"{text[: MAX_TEXT - 2]} …"


def _device(entity: str, devices: Mapping[str, str] | None) -> str:
    return (devices or {}).get(entity) or name_of(entity)
