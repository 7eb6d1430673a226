"""A device's health from 0 to 100, point by point. It starts at 100; each open incident of the device takes points off,
more with its severity and with the number of its symptoms. More evidence never raises the score.

The one definition that all pages, reports and endpoints use; `docs/health-scores.md` tells it to operators.
"""

from collections.abc import Sequence
from datetime import datetime

from groundcrew.contracts.identity import kind_of, name_of
from groundcrew.contracts.incidents import Incident, IncidentState, Severity
from groundcrew.contracts.reports import DeviceHealth, HealthPoint

POINTS = {Severity.CRITICAL: 40, Severity.WARNING: 15}
OF_OTHER = 5
PER_SYMPTOM = 2
MOST_FOR_SYMPTOMS = 10
WELL = 100


def weight(incident: Incident) -> int:
    """What an incident takes off while it is open."""
    extra = min(MOST_FOR_SYMPTOMS, PER_SYMPTOM * max(0, len(incident.symptoms) - 1))
    return POINTS.get(incident.severity, OF_OTHER) + extra


def points_off(incident: Incident) -> int:
    """What one incident takes off; 0 once it is resolved."""
    return 0 if incident.state is IncidentState.RESOLVED else weight(incident)


def health_points(incidents: Sequence[Incident]) -> list[HealthPoint]:
    """What is taken off, the gravest first, of the incidents of one device."""
    taken = sorted(((points_off(i), i) for i in incidents if points_off(i)), key=lambda pair: (-pair[0], pair[1].id))
    return [
        HealthPoint(
            points=points,
            severity=incident.severity,
            reason=f"-{points} {incident.severity.value}: {incident.title}",
            incident_id=incident.id,
        )
        for points, incident in taken
    ]


def host_health(incidents: Sequence[Incident]) -> tuple[int, list[str]]:
    """Score and reasons, the gravest first, of the incidents that name one host."""
    points = health_points(incidents)
    return score_of(points), [point.reason for point in points]


def score_of(points: Sequence[HealthPoint]) -> int:
    return max(0, WELL - sum(point.points for point in points))


def concerns(incident: Incident, entity: str) -> bool:
    """Whether an incident counts for a device: a host that it names, or the BMC, feed, switch or rack it lies in."""
    if incident.merged_into is not None:
        return False
    return incident.entity == entity or (kind_of(entity) == "host" and name_of(entity) in incident.hosts)


def device_health(entity: str, incidents: Sequence[Incident], since: datetime, until: datetime) -> DeviceHealth:
    """Score now, and the worst score within the range; `incidents` may be of any device and any state."""
    own = [one for one in incidents if concerns(one, entity)]
    points = health_points(own)
    worst, worst_at = _worst(own, since, until)
    now = score_of(points)
    if now < worst:
        worst, worst_at = now, until
    return DeviceHealth(device=name_of(entity), entity=entity, score=now, points=points, worst=worst, worst_at=worst_at)


def _worst(incidents: Sequence[Incident], since: datetime, until: datetime) -> tuple[int, datetime | None]:
    """A score only falls when an incident opens, so that those moments are all there is to look at."""
    spans = [(max(one.opened_at, since), one.resolved_at or until, weight(one)) for one in incidents]
    spans = [(start, end, taken) for start, end, taken in spans if start <= end and start <= until and end >= since]
    worst, worst_at = WELL, None
    for moment in sorted({start for start, _, _ in spans}):
        score = max(0, WELL - sum(taken for start, end, taken in spans if start <= moment <= end))
        if score < worst:
            worst, worst_at = score, moment
    return worst, worst_at
