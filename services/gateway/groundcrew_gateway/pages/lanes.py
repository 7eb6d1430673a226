"""The timeline of one incident: one lane per source, by our clock, with the reboots between."""

from collections.abc import Sequence
from datetime import datetime

from groundcrew.contracts.actions import Action
from groundcrew.contracts.incidents import Evidence, EvidenceSource, Symptom
from groundcrew.contracts.queries import IncidentDetail
from groundcrew_gateway.pages.timeline import Axis, Chart, Lane, Mark, Span, padded
from groundcrew_gateway.pages.wording import exact

_ORDER = ("BMC log", "sensors", "BMC", "kernel", "logs", "services", "metrics")
_NAMES = {
    EvidenceSource.SEL: "BMC log",
    EvidenceSource.SENSORS: "sensors",
    EvidenceSource.ACCESS: "BMC",
    EvidenceSource.METRICS: "metrics",
    EvidenceSource.SERVICES: "services",
}
_OF_PROGRAMS = frozenset({"software", "security", "network", "time", "unknown", ""})
"""Classes whose lines a program wrote; those of all others the kernel did."""

UNSURE_S = 2.0
"""Uncertainty of times, in seconds, that is worth saying."""

Reboot = tuple[datetime, str]
"""When, and of which host."""


def incident_chart(
    detail: IncidentDetail, actions: Sequence[Action], reboots: Sequence[Reboot] = (), axis: Axis | None = None
) -> Chart:
    """One lane per source of evidence, then what Groundcrew and people did; `axis` where a part is to be drawn."""
    axis = axis or axis_of(detail, actions)
    lanes: dict[str, Lane] = {}
    for symptom in sorted(detail.incident.symptoms, key=lambda one: one.first_seen):
        name = _lane(symptom.source, symptom.component_class)
        lane = lanes.setdefault(name, Lane(name))
        lane.spans += _span(axis, symptom)
        if symptom.uncertainty_s > UNSURE_S and not lane.note:
            lane.note = f"± {_duration(symptom.uncertainty_s)}"
    classes = {one.rule_id: one.component_class for one in detail.incident.symptoms}
    for one in sorted(detail.evidence, key=lambda one: one.time):
        name = _lane(one.source, classes.get(one.rule_id, ""))
        lanes.setdefault(name, Lane(name)).add(_mark(axis, one))
    told = [lanes[name] for name in (*_ORDER, *(name for name in lanes if name not in _ORDER)) if name in lanes]
    drawn = [
        lane
        for lane in (*told, _history(axis, detail), _actions(axis, actions))
        if lane.marks or lane.spans or lane.elsewhere
    ]
    marks = [
        Mark(axis.x(when), f"{exact(when)}\n{name} started", "#lanes", "reboot")
        for when, name in sorted(reboots)
        if axis.start <= when <= axis.end
    ]
    return Chart(axis, drawn, marks)


def axis_of(detail: IncidentDetail, actions: Sequence[Action]) -> Axis:
    """All that is to be drawn, with some room."""
    times = [detail.incident.opened_at, detail.incident.last_seen]
    times += [one.time for one in detail.evidence] + [entry.time for entry in detail.history]
    times += [stamp for one in actions for stamp in (one.created_at, one.updated_at)]
    return padded(min(times), max(times))


def _lane(source: EvidenceSource, component_class: str) -> str:
    if source in (EvidenceSource.JOURNAL, EvidenceSource.UNKNOWN):
        return "logs" if component_class in _OF_PROGRAMS else "kernel"
    return _NAMES.get(source, source.value)


def _mark(axis: Axis, one: Evidence) -> Mark:
    return Mark(axis.x(one.time), f"{exact(one.time)}\n{one.text[:160]}", f"#e-{one.id}", "evidence")


def _span(axis: Axis, one: Symptom) -> list[Span]:
    """From when it was seen first to its end; what was seen once is a mark alone."""
    start, end = axis.x(max(one.first_seen, axis.start)), axis.x(min(one.cleared_at or one.last_seen, axis.end))
    if end - start < 0.5:
        return []
    ended = f", over since {exact(one.cleared_at)}" if one.cleared_at else ""
    title = f"{one.title}\nfrom {exact(one.first_seen)} to {exact(one.last_seen)}, {one.count} times{ended}"
    return [Span(start, round(end - start, 2), title, one.severity.value)]


def _history(axis: Axis, detail: IncidentDetail) -> Lane:
    lane = Lane("incident")
    for entry in sorted(detail.history, key=lambda entry: entry.time):
        title = f"{exact(entry.time)}\n{entry.actor}: {entry.change}"
        lane.add(Mark(axis.x(entry.time), title, f"#h-{entry.revision}", "history"))
    return lane


def _actions(axis: Axis, actions: Sequence[Action]) -> Lane:
    lane = Lane("actions")
    for one in sorted(actions, key=lambda one: one.updated_at):
        title = f"{exact(one.updated_at)}\n{one.kind.value}: {one.state.value}"
        lane.add(Mark(axis.x(one.updated_at), title, f"#a-{one.id}", "action"))
    return lane


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min" if seconds < 7_200 else "hours"
