"""A host's health from 0 to 100. It starts at 100; each open incident on the host takes points off, more with its
severity and with the number of its symptoms. More evidence never raises the score."""

from collections.abc import Sequence

from groundcrew.contracts.incidents import Incident, IncidentState, Severity

POINTS = {Severity.CRITICAL: 40, Severity.WARNING: 15}
OF_OTHER = 5
PER_SYMPTOM = 2
MOST_FOR_SYMPTOMS = 10


def points_off(incident: Incident) -> int:
    """What one incident takes off; 0 once it is resolved."""
    if incident.state is IncidentState.RESOLVED:
        return 0
    extra = min(MOST_FOR_SYMPTOMS, PER_SYMPTOM * max(0, len(incident.symptoms) - 1))
    return POINTS.get(incident.severity, OF_OTHER) + extra


def host_health(incidents: Sequence[Incident]) -> tuple[int, list[str]]:
    """Score and reasons, the gravest first, of the incidents that name one host."""
    taken = sorted(((points_off(i), i) for i in incidents if points_off(i)), key=lambda pair: (-pair[0], pair[1].id))
    score = max(0, 100 - sum(points for points, _ in taken))
    return score, [f"-{points} {incident.severity.value}: {incident.title}" for points, incident in taken]
