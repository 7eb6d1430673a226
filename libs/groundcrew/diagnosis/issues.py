"""What somebody has to do something about: the faults of a time range, one per part, with how urgent each is."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from groundcrew.contracts.identity import kind_of, name_of
from groundcrew.contracts.incidents import Evidence, Incident, IncidentState, Severity, TriggerState
from groundcrew.contracts.queries import TriggerSummary
from groundcrew.contracts.reports import ActionableIssue, CitedEvent, TaskType, Urgency
from groundcrew.diagnosis.citing import most_telling, of_evidence, of_trigger
from groundcrew.diagnosis.part_types import CORRECTABLE, task_type
from groundcrew.diagnosis.parts import part_key
from groundcrew.diagnosis.summaries import RECURRING, severity_of

MAX_EVIDENCE = 20
MAX_INCIDENTS = 20
WATCHED = "Watch it: errors that the part still corrects, and that no incident was opened for."

Key = tuple[str, str, str]
"""Device, class of component, part key."""


@dataclass
class _Group:
    """What is said of one part."""

    incidents: list[Incident] = field(default_factory=list)
    events: list[TriggerSummary] = field(default_factory=list)


def detect_actionable_issues(
    incidents: Sequence[Incident],
    evidence: Mapping[str, Sequence[Evidence]],
    triggers: Iterable[TriggerSummary] = (),
    *,
    devices: Mapping[str, str],
    types: Sequence[TaskType] = (),
) -> list[ActionableIssue]:
    """One issue per device, class and part, the most urgent first. `devices` gives each entity its device.

    Of trigger events those are taken that no incident took in, of parts that correct errors by themselves, from
    RECURRING observations on; they are only to be watched. Without `types` all are told.
    """
    groups: dict[Key, _Group] = {}
    for incident in incidents:
        if incident.merged_into is None:
            groups.setdefault(_key_of(incident, devices), _Group()).incidents.append(incident)
    for one in triggers:
        if one.incident_id or one.silenced_by or one.state is TriggerState.CLEARED:
            continue
        if one.component_class in CORRECTABLE and one.component:
            device = devices.get(one.entity) or name_of(one.entity)
            key = (device, one.component_class, part_key(one.component))
            groups.setdefault(key, _Group()).events.append(one)
    found = [_issue(key, group, evidence, devices) for key, group in groups.items()]
    wanted = set(types)
    told = [one for one in found if one is not None and (not wanted or one.type in wanted)]
    return sorted(told, key=_order)


def _order(one: ActionableIssue) -> tuple[int, int, float, str, str, str]:
    when = -one.last_seen.timestamp()
    return one.urgency.rank, -one.severity.rank, when, one.device, one.component_class, one.component


def _key_of(incident: Incident, devices: Mapping[str, str]) -> Key:
    """An incident in something that hosts share is of that; one in a BMC is of the host that the BMC sits in."""
    device = devices.get(incident.entity) or name_of(incident.entity)
    return device, incident.cause.component_class, part_key(incident.cause.component)


def _issue(
    key: Key, group: _Group, evidence: Mapping[str, Sequence[Evidence]], devices: Mapping[str, str]
) -> ActionableIssue | None:
    device, component_class, _ = key
    if not group.incidents:
        return _watched(device, component_class, group.events, devices)
    newest_first = sorted(group.incidents, key=lambda one: (one.last_seen, one.id), reverse=True)
    live = [one for one in newest_first if one.state is not IncidentState.RESOLVED]
    leading = max(live or newest_first[:1], key=lambda one: (one.severity.rank, one.last_seen, one.id))
    kind = task_type(component_class, leading.cause.entry)
    if kind is None:
        return None
    severity = severity_of(one.severity for one in (live or newest_first[:1]))
    recovered = "" if live else recovery_of(newest_first[0])
    cited: list[CitedEvent] = []
    for one in newest_first[:MAX_INCIDENTS]:
        cited += of_evidence(one, evidence.get(one.id, ()), devices)
    return ActionableIssue(
        device=device,
        entity=leading.entity,
        type=kind,
        component_class=component_class,
        component=next((one.cause.component for one in (leading, *newest_first) if one.cause.component), ""),
        severity=severity,
        issue=leading.title,
        action=leading.steps[0] if leading.steps else "The catalogue knows no step for this cause.",
        urgency=_urgency(live, severity, recovered),
        cause=leading.cause.id,
        confidence=leading.cause.confidence,
        count=sum(map(observations, newest_first)) + sum(one.count for one in group.events),
        first_seen=min(one.opened_at for one in newest_first),
        last_seen=newest_first[0].last_seen,
        live=bool(live),
        recovered=recovered,
        steps=leading.steps,
        incident_ids=[one.id for one in newest_first[:MAX_INCIDENTS]],
        evidence=most_telling(cited, MAX_EVIDENCE),
    )


def observations(incident: Incident) -> int:
    """How often its symptoms were seen."""
    return max(1, sum(one.count for one in incident.symptoms))


_IN_HAND = (IncidentState.MITIGATED, IncidentState.MAINTENANCE)


def _urgency(live: Sequence[Incident], severity: Severity, recovered: str) -> Urgency:
    """What is mitigated, or being worked on, hurts nobody now."""
    if any(one.state not in _IN_HAND for one in live):
        return Urgency.NOW if severity is Severity.CRITICAL else Urgency.SOON
    return Urgency.WATCH if recovered else Urgency.PLANNED


def recovery_of(incident: Incident) -> str:
    """What proves that a resolved incident is over: the end of each of its symptoms that was told. Empty where a person
    or mere quiet ended it: a fault that is not seen for a while is not mended."""
    if incident.state is not IncidentState.RESOLVED:
        return ""
    speaking = [one for one in incident.symptoms if one.severity.rank > 0]
    ends = [one.cleared_at for one in speaking if one.cleared_at is not None]
    if not speaking or len(ends) < len(speaking):
        return ""
    when = max(ends)
    what = speaking[0].title if len(speaking) == 1 else f"all {len(speaking)} symptoms"
    return f"the end of {what} was observed, at {when:%Y-%m-%d %H:%M} UTC"


def recovered_at(incidents: Iterable[Incident]) -> datetime | None:
    """When the last of their symptoms ended, None where no end was observed."""
    ends = [one.cleared_at for incident in incidents for one in incident.symptoms if one.cleared_at is not None]
    return max(ends, default=None)


def _watched(
    device: str, component_class: str, events: Sequence[TriggerSummary], devices: Mapping[str, str]
) -> ActionableIssue | None:
    count = sum(one.count for one in events)
    kind = task_type(component_class)
    if count < RECURRING or kind is None:
        return None
    newest = max(events, key=lambda one: (one.time, one.id))
    return ActionableIssue(
        device=device,
        entity=newest.entity if kind_of(newest.entity) == "host" else f"host:{device}",
        type=kind,
        component_class=component_class,
        component=newest.component,
        severity=severity_of(one.severity for one in events),
        issue=f"{newest.title} ({count} times)",
        action=WATCHED,
        urgency=Urgency.WATCH,
        cause="unknown",
        confidence=0,
        count=count,
        first_seen=min(one.time for one in events),
        last_seen=newest.time,
        live=False,
        steps=[WATCHED],
        evidence=most_telling([of_trigger(one, devices) for one in events], MAX_EVIDENCE),
    )
