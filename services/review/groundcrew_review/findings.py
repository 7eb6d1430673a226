"""What no single trigger says: recurrence, trends, the same cause on several hosts, gaps in what is watched. Pure."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from groundcrew.contracts.identity import host, stable_id
from groundcrew.contracts.incidents import Finding, Incident, Severity
from groundcrew.contracts.observations import SourceState
from groundcrew.contracts.queries import HistoryEntry, HostSummary, MetricPoints
from groundcrew.diagnosis.parts import part_key

SEVERAL_HOSTS = 2
REOPENED = "Opened again"
FREE_SPACE = "filesystem_avail_bytes"
MIN_TREND_POINTS = 6
STEADY_SHARE = 0.7
"""A file system counts as filling only where so many of the steps between samples go down."""


def recurrence(
    site: str, incident: Incident, history: Sequence[HistoryEntry], past: Sequence[Incident]
) -> list[Finding]:
    """The same fault on the same part came back, in this incident or in earlier ones."""
    again = sum(REOPENED in entry.change for entry in history)
    key = _fault(incident)
    before = [i for i in past if i.id != incident.id and i.merged_into is None and _fault(i) == key]
    times = again + len(before)
    if not times:
        return []
    text = f"{incident.cause.id} {incident.cause.component} came back: {times + 1} times in what is on record"
    return [
        _finding(
            site, "recurrence", incident.severity, incident.entity, text, incident.id, times, incident_id=incident.id
        )
    ]


def several_hosts(site: str, live: Sequence[Incident]) -> list[Finding]:
    """Separate incidents of one cause on several hosts may have one reason."""
    by_cause: dict[str, list[Incident]] = {}
    for incident in live:
        by_cause.setdefault(incident.cause.id, []).append(incident)
    found = []
    for cause, incidents in sorted(by_cause.items()):
        names = sorted({name for incident in incidents for name in incident.hosts})
        if cause != "unknown" and len(names) >= SEVERAL_HOSTS and len(incidents) >= SEVERAL_HOSTS:
            worst = max((i.severity for i in incidents), key=lambda s: s.rank)
            shown = ", ".join(names[:10]) + (" ..." if len(names) > 10 else "")
            text = f"{cause} on {len(names)} hosts at once ({shown}): look for what they share"
            found.append(_finding(site, "several-hosts", worst, f"site:{site}", text, cause, *names))
    return found


def failed_units(site: str, open_services: Sequence[str], live: Sequence[Incident]) -> list[Finding]:
    """Units that are failed now although no live incident of their host speaks of them."""
    told = {(name, part_key(s.component)) for i in live for name in i.hosts for s in i.symptoms}
    found = []
    for line in sorted(set(open_services)):
        name, _, unit = line.partition(" ")
        if (name, part_key(unit)) not in told:
            text = f"{unit} is failed on {name}, and no incident is open for it"
            found.append(_finding(site, "failed-unit", Severity.WARNING, host(name), text, unit))
    return found


def coverage(site: str, hosts: Iterable[HostSummary], now: datetime, silent: timedelta) -> list[Finding]:
    """Sources that are absent or failing, hosts that fell silent, listed hosts that never reported."""
    found = []
    for summary in hosts:
        for source in summary.sources:
            if source.state in (SourceState.ABSENT, SourceState.FAILING):
                severity = Severity.INFO if source.state is SourceState.ABSENT else Severity.WARNING
                text = f"{source.name} of {summary.name} is {source.state.value}: {source.detail}".rstrip(": ")
                found.append(_finding(site, "coverage", severity, summary.entity, text, source.name))
        if summary.last_seen is None:
            text = f"{summary.name} is in the inventory but never reported"
            found.append(_finding(site, "coverage", Severity.INFO, summary.entity, text, "never"))
        elif now - summary.last_seen > silent:
            text = f"{summary.name} has not reported since {summary.last_seen:%Y-%m-%d %H:%M} UTC"
            found.append(_finding(site, "silent-host", Severity.WARNING, summary.entity, text, "silent"))
    return found


def filling(site: str, name: str, series: Sequence[MetricPoints], within: timedelta) -> list[Finding]:
    """File systems whose free space runs out within the horizon, going by the slope of the last hours."""
    found = []
    for points in series:
        slope = points.slope_per_hour
        if slope is None or slope >= 0 or len(points.averages) < MIN_TREND_POINTS or not _steady(points.averages):
            continue
        hours = points.averages[-1] / -slope
        if timedelta(hours=min(hours, 1e5)) <= within:
            mount = points.labels.get("mountpoint", "")
            text = f"{mount or 'A file system'} of {name} is full in about {hours:.1f} h if it goes on like this"
            severity = Severity.WARNING
            found.append(_finding(site, "trend", severity, host(name), text, "filesystem", mount))
    return found


def _steady(values: Sequence[float]) -> bool:
    steps = [later - earlier for earlier, later in pairwise(values)]
    return sum(step < 0 for step in steps) >= STEADY_SHARE * len(steps)


def _fault(incident: Incident) -> tuple[str, str, str]:
    return incident.entity, incident.cause.id, part_key(incident.cause.component)


def _finding(
    site: str, kind: str, severity: Severity, entity: str, text: str, *what: str | int, incident_id: str | None = None
) -> Finding:
    """A finding whose id is the same as long as it says the same thing."""
    finding_id = stable_id("finding", site, kind, entity, *what)
    return Finding(id=finding_id, kind=kind, severity=severity, entity=entity, text=text, incident_id=incident_id)
