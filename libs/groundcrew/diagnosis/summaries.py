"""Trigger events of a time range, counted: by severity, type and device, with what keeps coming back."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from groundcrew.contracts.identity import name_of
from groundcrew.contracts.incidents import Incident, IncidentState, Severity, TriggerState
from groundcrew.contracts.queries import SensorReading, TriggerSummary
from groundcrew.contracts.reports import (
    ActionableIssue,
    DeviceHealth,
    EventPattern,
    EventSummary,
    SensorLine,
    SensorSummary,
    Tally,
)
from groundcrew.diagnosis.health import device_health
from groundcrew.diagnosis.part_types import event_type
from groundcrew.diagnosis.parts import part_key

RECURRING = 3
"""Observations of one rule on one part from which on it recurs."""

MAX_PATTERNS = 20
MAX_DEVICES = 50
MAX_TOP = 10
MAX_CITED = 5
MAX_UNWELL = 100

_GRAVER = {"nr": 3, "cr": 2, "nc": 1}


def summarize_events(
    triggers: Iterable[TriggerSummary],
    incidents: Sequence[Incident],
    issues: Sequence[ActionableIssue],
    *,
    devices: dict[str, str],
    since: datetime,
    until: datetime,
    severities: Sequence[str] = (),
    truncated: bool = False,
) -> EventSummary:
    """Count what fired. `devices` gives each entity the device whose event it is (a BMC's events are its host's);
    what is in none counts under its own name. `severities` narrows the events, not the incidents and scores."""
    every = [one for one in triggers if since <= one.time <= until and one.state is not TriggerState.CLEARED]
    every = [one for one in every if not severities or one.severity.value in severities]
    events = [one for one in every if not one.silenced_by]
    by_device = Counter(devices.get(one.entity) or name_of(one.entity) for one in events)
    own = [one for one in incidents if one.merged_into is None and one.last_seen >= since]
    return EventSummary(
        since=since,
        until=until,
        devices=len(set(devices.values())),
        events=len(events),
        observations=sum(one.count for one in events),
        silenced=len(every) - len(events),
        incidents=len(own),
        open_incidents=sum(one.state is not IncidentState.RESOLVED for one in own),
        by_severity=_ordered(Counter(one.severity.value for one in events)),
        by_type=_ordered(Counter(event_type(one.component_class) for one in events)),
        by_device=_tallies(by_device, devices, events),
        patterns=patterns(events, devices, since=since, until=until),
        top_issues=[one.model_copy(update={"evidence": one.evidence[:MAX_CITED]}) for one in issues[:MAX_TOP]],
        health=health_of(sorted(set(devices.values())), incidents, since, until)[:MAX_DEVICES],
        truncated=truncated,
    )


def _tallies(by_device: Counter[str], devices: Mapping[str, str], events: Iterable[TriggerSummary]) -> list[Tally]:
    """The busiest devices, each with its entity: a host's where one of that name was looked at."""
    entities = {name_of(one.entity): one.entity for one in events}
    entities |= {name: entity for entity, name in devices.items() if entity.startswith("host:")}
    return [Tally(name=name, count=count, entity=entities.get(name)) for name, count in _most(by_device)[:MAX_DEVICES]]


def health_of(
    hosts: Iterable[str], incidents: Sequence[Incident], since: datetime, until: datetime
) -> list[DeviceHealth]:
    """Scores of hosts, and of whatever else an incident lies in; the worst first, then by name."""
    entities = {f"host:{name}" for name in hosts}
    entities |= {one.entity for one in incidents if not one.entity.startswith("host:")}
    by_entity: dict[str, list[Incident]] = {}
    for incident in incidents:
        for entity in {incident.entity, *(f"host:{name}" for name in incident.hosts)}:
            by_entity.setdefault(entity, []).append(incident)
    scores = [device_health(entity, by_entity.get(entity, ()), since, until) for entity in sorted(entities)]
    return sorted(scores, key=lambda one: (one.score, one.worst, one.device))


def patterns(
    events: Iterable[TriggerSummary], devices: dict[str, str], *, since: datetime, until: datetime
) -> list[EventPattern]:
    """Rules that fired at least RECURRING times for one part, folded observations included; the gravest and most
    frequent first."""
    groups: dict[tuple[str, str, str], list[TriggerSummary]] = {}
    for one in events:
        device = devices.get(one.entity) or name_of(one.entity)
        groups.setdefault((device, one.rule_id, part_key(one.component)), []).append(one)
    hours = max(1, round((until - since).total_seconds() / 3_600))
    found = []
    for (device, rule_id, _), group in groups.items():
        count = sum(one.count for one in group)
        if count < RECURRING:
            continue
        newest = max(group, key=lambda one: (one.time, one.id))
        worst = severity_of(one.severity for one in group)
        found.append(
            EventPattern(
                text=f"{_what(newest)} recurring on {device} ({count} in {hours} h)",
                device=device,
                rule_id=rule_id,
                component_class=newest.component_class,
                component=newest.component,
                severity=worst,
                count=count,
                first_seen=min(one.time for one in group),
                last_seen=newest.time,
            )
        )
    found.sort(key=lambda one: (-one.severity.rank, -one.count, one.device, one.rule_id, one.component))
    return found[:MAX_PATTERNS]


_CALLED = {
    "dimm": "ECC errors",
    "pcie": "PCIe errors",
    "nvlink": "NVLink errors",
    "psu": "Power supply events",
    "fan": "Fan events",
    "cooling": "Temperature events",
}


def _what(one: TriggerSummary) -> str:
    """'ECC errors of P1-DIMMA1', or the title of the newest where the class has no such word."""
    called = _CALLED.get(one.component_class)
    if called is None:
        return one.title.rstrip(".")[:160]
    return f"{called} of {one.component}" if one.component else called


def summarize_sensors(readings: dict[str, Sequence[SensorReading]], unread: Sequence[str] = ()) -> SensorSummary:
    """Newest readings by device. A sensor that cannot be read (`ns`) is counted and is not unwell."""
    lines = [
        SensorLine(device=device, sensor=one.sensor, value=one.value, unit=one.unit, status=one.status, time=one.time)
        for device, some in sorted(readings.items())
        for one in some
    ]
    unwell = sorted(
        (one for one in lines if one.status in _GRAVER), key=lambda one: (-_GRAVER[one.status], one.device, one.sensor)
    )
    return SensorSummary(
        devices=len(readings),
        sensors=len(lines),
        by_status=_ordered(Counter(one.status for one in lines)),
        unwell=unwell[:MAX_UNWELL],
        unread=sorted({*unread, *(device for device, some in readings.items() if not some)})[:MAX_DEVICES],
    )


def severity_of(worst: Iterable[Severity]) -> Severity:
    """The gravest; info where there is none."""
    return max(worst, key=lambda severity: (severity.rank, severity.value), default=Severity.INFO)


def _most(counter: Counter[str]) -> list[tuple[str, int]]:
    return sorted(counter.items(), key=lambda pair: (-pair[1], pair[0]))


def _ordered(counter: Counter[str]) -> dict[str, int]:
    return dict(_most(counter))
