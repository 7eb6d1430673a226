"""Incidents in the order in which somebody should look at them, however many there are."""

from collections.abc import Sequence

from groundcrew.contracts.incidents import LIVE_STATES, Incident, IncidentState, Severity
from groundcrew.contracts.queries import Endpoints, IncidentPage, IncidentsQuery
from groundcrew_gateway.pages.render import Asking

_GROUPS = [
    (states, severity)
    for states in ([IncidentState.OPEN], [one for one in LIVE_STATES if one is not IncidentState.OPEN])
    for severity in (Severity.CRITICAL, Severity.WARNING, Severity.INFO, Severity.UNKNOWN)
]
"""Open before those that somebody is on, the gravest first."""


def worst_first(incidents: Sequence[Incident]) -> list[Incident]:
    """Open before acknowledged, critical before warning, newest first within."""
    return sorted(
        sorted(incidents, key=lambda one: (one.last_seen, one.id), reverse=True),
        key=lambda one: (one.state is not IncidentState.OPEN, -one.severity.rank),
    )


async def live_incidents(asking: Asking, *, limit: int, host: str | None = None, cursor: str = "") -> IncidentPage:
    """A page of the live incidents, the gravest first: where one page does not hold them all, group by group.

    The cursor is `<group>:<cursor within it>`; one that is none begins anew.
    """
    number, _, behind = cursor.partition(":")
    if not cursor:
        query = IncidentsQuery(states=list(LIVE_STATES), host=host, limit=limit)
        page = await asking.ask(Endpoints.INCIDENTS, query, IncidentPage(items=[]))
        if page.next is None:
            return IncidentPage(items=worst_first(page.items))
    begun = int(number) if number.isdecimal() and len(number) == 1 else 0
    found: dict[str, Incident] = {}
    for at, (states, severity) in enumerate(_GROUPS[begun:], start=begun):
        query = IncidentsQuery(
            states=states, severity=severity, host=host, limit=limit - len(found), cursor=behind or None
        )
        page = await asking.ask(Endpoints.INCIDENTS, query, IncidentPage(items=[]))
        found |= {one.id: one for one in page.items}  # one that changed its group meanwhile comes once
        behind = ""
        if page.next is not None:
            return IncidentPage(items=list(found.values()), next=f"{at}:{page.next}")
        if len(found) >= limit and at + 1 < len(_GROUPS):
            return IncidentPage(items=list(found.values()), next=f"{at + 1}:")
    return IncidentPage(items=list(found.values()))
