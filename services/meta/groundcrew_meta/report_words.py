"""Reports as Markdown, by rule. What machines and people wrote stands in it as text, never as markup. Pure."""

from collections.abc import Sequence
from datetime import datetime

from groundcrew.contracts.report_requests import SummaryType
from groundcrew.contracts.reports import (
    ActionableIssue,
    CitedEvent,
    DeviceHealth,
    EventPattern,
    EventSummary,
    RepairBundle,
    RepairTask,
    Report,
    RootCause,
    SensorSummary,
    TaskState,
)
from groundcrew.diagnosis.markdown import code, prose
from groundcrew_meta.wording import counted, utc

MAX_CITED = 6
MAX_LISTED = 20


def markdown(report: Report) -> str:
    """The whole report, with what it was asked for and when it was made."""
    head = [f"# {prose(report.title)}", f"**{prose(report.headline)}**"]
    head.append(f"{utc(report.since)} to {utc(report.until)}, made {utc(report.time)} for {prose(report.actor)}.")
    if report.missing:
        head.append(f"*Not whole: {prose('; '.join(report.missing))}*")
    return "\n\n".join([*head, *_body(report)]) + "\n"


def _body(report: Report) -> list[str]:
    parts: list[str] = []
    if report.request.kind == "summary" and report.summary is not None:
        if report.request.type is SummaryType.HEALTH:
            parts += [*_health(report.summary.health), *_issues(report.summary.top_issues)]
        elif report.request.type is SummaryType.SENSORS and report.sensors is not None:
            parts += _sensors(report.sensors)
        parts += _events(report.summary)
        if report.request.type is not SummaryType.HEALTH:
            parts += _issues(report.summary.top_issues)
    if report.request.kind == "tasks":
        parts += _tasks(report.tasks, report.tasks_left_out)
    if report.root_cause is not None:
        parts += _root_cause(report.root_cause)
    return parts


# --- summary ---------------------------------------------------------------------------------------------------------


def _health(health: Sequence[DeviceHealth]) -> list[str]:
    ill = [one for one in health if one.score < 100 or one.worst < 100]
    lines = [f"- **{prose(one.device)}** {one.score}{_worst(one)}{_points(one)}" for one in ill[:MAX_LISTED]]
    if len(ill) > MAX_LISTED:
        lines.append(f"- {counted(len(ill) - MAX_LISTED, 'further device')}")
    well = len(health) - len(ill)
    lines.append(f"- {counted(well, 'device')} at 100 throughout" if well else "")
    return ["## Health, 100 is well", "\n".join(line for line in lines if line)]


def _worst(one: DeviceHealth) -> str:
    return f", {one.worst} at worst ({utc(one.worst_at)})" if one.worst_at and one.worst < one.score else ""


def _points(one: DeviceHealth) -> str:
    return "".join(f"\n  - {prose(point.reason)}" for point in one.points[:5])


def _events(summary: EventSummary) -> list[str]:
    silenced = f", {summary.silenced} more in silences" if summary.silenced else ""
    lines = [
        f"- {counted(summary.events, 'trigger event')} of {counted(summary.observations, 'observation')}{silenced}",
        f"- {counted(summary.incidents, 'incident')}, {summary.open_incidents} open",
        f"- by severity: {_counts(summary.by_severity)}",
        f"- by class: {_counts(summary.by_type)}",
        f"- by device: {_counts({one.name: one.count for one in summary.by_device})}",
    ]
    if summary.truncated:
        lines.append("- there were more events than a report reads: the counts are of the newest")
    parts = ["## Events", "\n".join(lines)]
    return parts + _patterns(summary.patterns)


def _patterns(patterns: Sequence[EventPattern]) -> list[str]:
    lines = [
        f"- {one.severity.value}: {prose(one.text)}, first {utc(one.first_seen)}, last {utc(one.last_seen)}"
        for one in patterns
    ]
    return ["## What keeps coming back", "\n".join(lines)] if lines else []


def _issues(issues: Sequence[ActionableIssue]) -> list[str]:
    if not issues:
        return ["## Top issues", "None: nothing within this time asks for a repair."]
    return ["## Top issues", "\n".join(_issue(number, one) for number, one in enumerate(issues, start=1))]


def _issue(number: int, one: ActionableIssue) -> str:
    state = "open" if one.live else one.recovered or "over, and nothing proves it mended"
    return (
        f"{number}. **{one.urgency.value}** {one.severity.value} {prose(one.device)}: {prose(one.issue)}\n"
        f"   - {code(one.cause)}, {one.confidence:.0%} sure, seen {one.count} times, {prose(state)}\n"
        f"   - do: {prose(one.action)}"
    )


def _sensors(sensors: SensorSummary) -> list[str]:
    lines = [
        f"- **{one.status}** {prose(one.device)} {prose(one.sensor)}: {_value(one.value, one.unit)}"
        for one in sensors.unwell
    ]
    count = (
        f"{counted(sensors.sensors, 'sensor')} of {counted(sensors.devices, 'device')}: {_counts(sensors.by_status)}"
    )
    parts = ["## Sensors", count]
    parts.append("\n".join(lines) if lines else "All that can be read are within their limits.")
    if sensors.unread:
        parts.append(f"Nothing was read of: {prose(', '.join(sensors.unread))}.")
    return parts


def _value(value: float | None, unit: str) -> str:
    return "no reading" if value is None else prose(f"{value:g} {unit}".strip())


def _counts(counts: dict[str, int]) -> str:
    shown = list(counts.items())[:MAX_LISTED]
    more = f" and {len(counts) - len(shown)} more" if len(counts) > len(shown) else ""
    return (", ".join(f"{prose(name)} {count}" for name, count in shown) or "none") + more


# --- tasks -----------------------------------------------------------------------------------------------------------


def _tasks(tasks: Sequence[RepairTask], left_out: int) -> list[str]:
    if not tasks:
        return ["Nothing to repair."]
    parts: list[str] = []
    for number, task in enumerate(tasks, start=1):
        parts += _task(number, task)
    if left_out:
        parts.append(f"{counted(left_out, 'further task')}, see the list of tasks.")
    return parts


def _task(number: int, task: RepairTask) -> list[str]:
    part = task.component or task.component_class
    word = "closed" if task.state is TaskState.CLOSED else task.urgency.value
    came_back = f", came back {counted(task.recurrences, 'time')}" if task.recurrences else ""
    lines = [
        f"- {task.state.value}{came_back}, {task.severity.value}, {task.type.value}: {prose(task.issue)}",
        f"- do: {prose(task.action)}",
        f"- seen {counted(task.count, 'time')}, first {utc(task.first_seen)}, last {utc(task.last_seen)}",
    ]
    if task.proof:
        lines.append(f"- proof of repair: {prose(task.proof)}")
    head = f"## {number}. {word}: {prose(part)} of {prose(task.device)}"
    told = ["### What its vendor asks for", "\n".join(_bundle(task.bundle))]
    return [head, "\n".join(lines), *told, *_cited("Evidence", task.bundle.evidence)]


def _bundle(bundle: RepairBundle) -> list[str]:
    """What a vendor asks for, one line each; what is unknown is said to be."""
    where = " ".join(text for text in (bundle.rack, bundle.unit) if text)
    lines = [
        ("machine", f"{bundle.host_model or 'model unknown'}, serial {bundle.host_serial or 'unknown'}"),
        ("place", where),
        ("part", f"{bundle.part}, {bundle.model or 'model unknown'}, serial {bundle.serial or 'unknown'}"),
        ("slot", bundle.slot),
        ("firmware", ", ".join(f"{name} {version}" for name, version in bundle.firmware.items())),
        ("cause", bundle.cause),
        ("event-log records", ", ".join(bundle.record_ids)),
        ("look up before you call", ", ".join(bundle.missing)),
    ]
    return [f"- {name}: {prose(text)}" for name, text in lines if text]


# --- root cause ------------------------------------------------------------------------------------------------------


def _root_cause(found: RootCause) -> list[str]:
    when = utc(found.target_time) if found.target_time else "unknown"
    parts = ["## Verdict", prose(found.verdict), f"Time in question: {when} ({prose(found.target)})."]
    causes = [
        f"{number}. {code(one.cause)}{f' **{prose(one.component)}**' if one.component else ''}, {one.confidence:.0%}, "
        f"by the {one.by}: {prose(one.why)}" + "".join(f"\n   - {prose(step)}" for step in one.steps[:4])
        for number, one in enumerate(found.causes, start=1)
    ]
    parts += ["## Possible causes", "\n".join(causes) or "None that the catalogue knows."]
    if found.anomalies:
        parts += ["## Out of the usual around that time", "\n".join(f"- {prose(one.text)}" for one in found.anomalies)]
    parts += _cited("Timeline", found.timeline, most=len(found.timeline))
    if found.timeline_left_out:
        parts.append(f"{counted(found.timeline_left_out, 'further event')} left out.")
    related = [f"- {prose(one.device)} ({prose(', '.join(one.shares))}): {prose(one.text)}" for one in found.related]
    parts += ["## What shares a feed, a switch or the rack", "\n".join(related) or "Nothing that the inventory lists."]
    if found.absent:
        parts += ["## What says nothing", "\n".join(f"- {prose(one)}" for one in found.absent)]
    return parts


def _cited(title: str, events: Sequence[CitedEvent], most: int = MAX_CITED) -> list[str]:
    lines = [f"- {_moment(one.time)} {one.source.value} {prose(one.device)}: {code(one.text)}" for one in events[:most]]
    if len(events) > most:
        lines.append(f"- {counted(len(events) - most, 'further piece')} of evidence")
    return [f"### {title}" if title == "Evidence" else f"## {title}", "\n".join(lines)] if lines else []


def _moment(when: datetime) -> str:
    return f"{when:%Y-%m-%d %H:%M:%S}"
