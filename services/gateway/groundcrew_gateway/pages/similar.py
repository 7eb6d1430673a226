"""Earlier incidents that resemble the one on the page, with what helped then."""

from dataclasses import dataclass
from datetime import datetime

from groundcrew.bus.port import RequestFailed
from groundcrew.contracts.incidents import Incident
from groundcrew.contracts.knowledge import AugmentQuery, Collection, Passage
from groundcrew.contracts.queries import Endpoints
from groundcrew_gateway.access import Caller

PATIENCE_S = 1.0
"""The page is for three in the morning: it does not wait longer than this for memories."""

SHOWN = 3
_INCIDENT = "incident/"


@dataclass(frozen=True)
class Earlier:
    """An earlier incident; `lines` are its own text but for the title."""

    incident_id: str
    title: str
    lines: list[str]
    time: datetime
    helped: bool


async def similar(caller: Caller, incident: Incident) -> list[Earlier]:
    """At most SHOWN; none where there are none, or where the memory is away: it is a help, not a part of the page."""
    query = AugmentQuery(
        text=f"{incident.title}\nCause {incident.cause.id} ({incident.cause.component})",
        collections=[Collection.ERROR_SOLUTIONS, Collection.ISSUES],
        limit=4 * SHOWN,
    )
    try:
        told = await caller.gateway.bus.request(Endpoints.AUGMENT, query, site=caller.site, timeout=PATIENCE_S)
    except RequestFailed:
        return []
    best: dict[str, Passage] = {}
    for passage in told.passages:
        if not passage.ref.startswith(_INCIDENT) or passage.ref == f"{_INCIDENT}{incident.id}":
            continue
        known = best.get(passage.ref)
        if known is None or (known.collection is Collection.ISSUES and _is_solution(passage)):
            best[passage.ref] = passage  # in its place: what helped says more than what was
    return [_earlier(passage) for passage in list(best.values())[:SHOWN]]


def _earlier(passage: Passage) -> Earlier:
    first, *rest = passage.text.splitlines()
    return Earlier(
        incident_id=passage.ref.removeprefix(_INCIDENT),
        title=first.removeprefix("Fault: "),
        lines=rest,
        time=passage.time,
        helped=_is_solution(passage),
    )


def _is_solution(passage: Passage) -> bool:
    return passage.collection is Collection.ERROR_SOLUTIONS
