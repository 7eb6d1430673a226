"""What there is to learn from an incident or an action, as text. Pure.

The text is what is embedded and what a prompt or a page shows: names and words that an operator would use, nothing
that changes from one delivery of a message to the next.
"""

from collections.abc import Sequence

from groundcrew.contracts.actions import POLICY, Action, ActionKind, ActionState
from groundcrew.contracts.incidents import Incident
from groundcrew.contracts.queries import HistoryEntry

MAX_SYMPTOMS = 8
MAX_HOSTS = 12
MAX_WORDS = 5
MAX_SAID = 600

SERVICES = frozenset({"fusion", "actions", "review", "meta", "context", "trigger"})
"""Actors in an incident's history that are no people."""

_MENDS_NOTHING = frozenset({ActionKind.JOURNAL_QUERY, ActionKind.TICKET_CREATE, ActionKind.UNKNOWN})


def issue(incident: Incident, change: str) -> str:
    """A resolved incident: what it was, what was seen, how it ended."""
    lines = [
        incident.title,
        _cause(incident),
        f"Severity {incident.severity.value}. {_where(incident)}",
        *_seen(incident),
    ]
    if incident.resolved_at is not None:
        minutes = round((incident.resolved_at - incident.opened_at).total_seconds() / 60)
        lines.append(f"Resolved after {minutes} min: {change[:MAX_SAID]}")
    if incident.note:
        lines.append(f"Note: {incident.note[-MAX_SAID:]}")
    return "\n".join(lines)


def solution(incident: Incident, history: Sequence[HistoryEntry], actions: Sequence[Action]) -> str | None:
    """What helped against a fault: actions that succeeded, and what people said. None where nobody knows."""
    helped = [_helped(action) for action in actions if _mended(action)]
    said = list(dict.fromkeys(f"{one.actor}: {one.change[:MAX_SAID]}" for one in history if _by_people(one)))
    if not helped and not said:
        return None
    lines = [f"Fault: {incident.title}", _cause(incident), *_seen(incident)]
    lines += [f"What helped: {text}" for text in helped[:MAX_WORDS]]
    lines += [f"Said by {text}" for text in said[-MAX_WORDS:]]
    return "\n".join(lines)


def decision(action: Action) -> str:
    """An ended action: what, why, who decided, what came of it."""
    lines = [f"{_what(action)}: {action.state.value}", f"Proposed by {action.proposed_by}: {action.reason[:MAX_SAID]}"]
    if action.decided_by == POLICY:
        lines.append("Decided by policy, no person was asked")
    elif action.decided_by:
        comment = f": {action.comment[:MAX_SAID]}" if action.comment else ""
        lines.append(f"Decided by {action.decided_by}{comment}")
    if action.outcome:
        lines.append(f"Outcome: {action.outcome[:MAX_SAID]}")
    return "\n".join(lines)


def _cause(incident: Incident) -> str:
    cause = incident.cause
    why = f": {cause.why[:MAX_SAID]}" if cause.why else ""
    part = f" ({cause.component})" if cause.component else ""
    return f"Cause {cause.id}{part}{why}"


def _where(incident: Incident) -> str:
    more = len(incident.hosts) - MAX_HOSTS
    return f"On {', '.join(incident.hosts[:MAX_HOSTS])}" + (f" and {more} more" if more > 0 else "")


def _seen(incident: Incident) -> list[str]:
    titles = list(dict.fromkeys(symptom.title for symptom in incident.symptoms))[:MAX_SYMPTOMS]
    return [f"Seen: {'; '.join(titles)}"] if titles else []


def _what(action: Action) -> str:
    parameters = " ".join(action.parameters[key][:200] for key in sorted(action.parameters))
    return f"{action.kind.value}{f' {parameters}' if parameters else ''} on {action.target}"


def _mended(action: Action) -> bool:
    return action.state is ActionState.SUCCEEDED and action.kind not in _MENDS_NOTHING


def _helped(action: Action) -> str:
    by = "policy" if action.decided_by == POLICY else action.decided_by
    decided = f", decided by {by}" if by else ""
    return f"{_what(action)}{decided}. {action.outcome[:MAX_SAID]}".strip()


def _by_people(entry: HistoryEntry) -> bool:
    empty = {f"Resolved by {entry.actor}.", f"Acknowledged by {entry.actor}."}
    return entry.actor not in SERVICES and entry.change not in empty
