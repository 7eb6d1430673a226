"""Pieces of sentences that answers and reports share: an incident in a line, its cause, its evidence, its steps."""

from collections.abc import Sequence
from datetime import datetime

from groundcrew.contracts.actions import Action, ActionState
from groundcrew.contracts.incidents import Cause, Evidence, Incident, IncidentState
from groundcrew.contracts.queries import HistoryEntry, HostSummary, IncidentDetail
from groundcrew.diagnosis.markdown import code, prose
from groundcrew_meta.citations import Citations

MAX_LINES = 6
MAX_NAMES = 12


def utc(when: datetime) -> str:
    return when.strftime("%Y-%m-%d %H:%M UTC")


def ago(when: datetime, now: datetime) -> str:
    """'12 s', '5 min', '3 h', '2 days' before now."""
    seconds = max(0, int((now - when).total_seconds()))
    for size, unit in ((172_800, 86_400), (3_600, 3_600), (60, 60)):
        if seconds >= size:
            return f"{seconds // unit} {({86_400: 'days', 3_600: 'h', 60: 'min'})[unit]}"
    return f"{seconds} s"


def counted(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"


def names(some: Sequence[str]) -> str:
    shown = ", ".join(prose(one) for one in some[:MAX_NAMES])
    return shown + (f" and {len(some) - MAX_NAMES} more" if len(some) > MAX_NAMES else "")


def state_of(incident: Incident, now: datetime) -> str:
    if incident.state is IncidentState.RESOLVED:
        return f"resolved {ago(incident.resolved_at, now)} ago" if incident.resolved_at else "resolved"
    word = "" if incident.state is IncidentState.OPEN else f", {incident.state.value}"
    return f"since {utc(incident.opened_at)}, {ago(incident.opened_at, now)}{word}"


def placed(incident: Incident) -> str:
    """' on brickbox-43', where the title does not say so already."""
    where = incident.hosts or [incident.entity]
    return "" if all(name in incident.title for name in where) else f" on {names(where)}"


def incident_line(incident: Incident, cites: Citations, now: datetime) -> str:
    """One item of a list."""
    return (
        f"- **{incident.severity.value}** {prose(incident.title)}{placed(incident)} ({state_of(incident, now)}): "
        f"{cause(incident.cause)} {cites.incident(incident)}"
    )


def cause(one: Cause) -> str:
    part = f", part **{prose(one.component)}**" if one.component else ""
    return f"{code(one.id)}{part}, {one.confidence:.0%} sure"


def why(one: Cause) -> str:
    return f"{cause(one)}. {_sentence(one.why)}" if one.why else f"{cause(one)}."


def because(detail: IncidentDetail, cites: Citations) -> str:
    """Cause, and why not something else."""
    incident = detail.incident
    cited = cites.all_evidence(telling(detail.evidence, 3), incident.id)
    lines = [f"**Cause:** {why(incident.cause)} {cited}".rstrip()]
    if incident.alternatives:
        lines += ["", "Why not something else:", "", *(f"- {why(one)}" for one in incident.alternatives[:4])]
    return "\n".join(lines)


def evidence_lines(detail: IncidentDetail, cites: Citations, most: int = MAX_LINES) -> str:
    shown = telling(detail.evidence, most)
    lines = [
        f"- {one.time:%m-%d %H:%M:%S} {one.source.value} {prose(one.entity)}: {code(one.text)}"
        f" {cites.evidence(one, detail.incident.id)}"
        for one in shown
    ]
    left = detail.incident.evidence_count - len(shown)
    return "\n".join(lines) + (f"\n- {left} more on the incident's page" if left > 0 else "")


def telling(evidence: Sequence[Evidence], most: int) -> list[Evidence]:
    """The first piece of each rule before further ones, in order of time."""
    seen: set[tuple[str, str]] = set()
    first: list[Evidence] = []
    rest: list[Evidence] = []
    for one in evidence:
        key = (one.rule_id, one.source.value)
        (rest if key in seen else first).append(one)
        seen.add(key)
    return sorted([*first, *rest][:most], key=lambda one: (one.time, one.id))


def steps(incident: Incident) -> str:
    if not incident.steps:
        return "The rules know no steps for this cause."
    return "\n".join(f"{number}. {prose(step)}" for number, step in enumerate(incident.steps, start=1))


def done(actions: Sequence[Action], history: Sequence[HistoryEntry], most: int = 8) -> str:
    """Actions with what came of them, then what people wrote."""
    lines = [f"- {_action(one)}" for one in actions[:most]]
    lines += [
        f"- {entry.time:%m-%d %H:%M} {prose(entry.actor)}: {prose(entry.change)[:300]}"
        for entry in history[-most:]
        if entry.actor not in ("context", "fusion", "actions")
    ]
    return "\n".join(lines)


def waiting(actions: Sequence[Action]) -> str:
    """What waits for a person's approval, as a sentence; empty where nothing does."""
    found = [one for one in actions if one.state is ActionState.QUEUED]
    if not found:
        return ""
    kinds = ", ".join(_what(one) for one in found[:4])
    return f"{counted(len(found), 'action waits', 'actions wait')} for approval: {kinds}."


def host_line(host: HostSummary, now: datetime) -> str:
    seen = f"last seen {ago(host.last_seen, now)} ago" if host.last_seen else "never seen"
    incidents = counted(host.open_incidents, "open incident") if host.open_incidents else "no open incident"
    return f"- **{prose(host.name)}**: health {host.health}, {incidents}, {seen}"


def _action(one: Action) -> str:
    outcome = f": {prose(one.outcome)[:200]}" if one.outcome else ""
    by = f" by {prose(one.decided_by)}" if one.decided_by else ""
    return f"{_what(one)} **{one.state.value}**{by}{outcome}"


def _what(one: Action) -> str:
    unit = one.parameters.get("unit", "")
    return f"{code(one.kind.value)}{f' of {code(unit)}' if unit else ''} on {prose(one.target.partition(':')[2])}"


def _sentence(text: str) -> str:
    flat = prose(text)
    return flat if flat.endswith((".", "!", "?")) else f"{flat}."


def not_shown(count: int) -> str:
    """A sentence about claims of a model that were struck."""
    return f"{counted(count, 'claim')} of the model failed the check and {'is' if count == 1 else 'are'} not shown."
