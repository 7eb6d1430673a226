"""What a ticket says: cause, part, evidence and steps in Markdown, with text from machines fenced."""

from datetime import datetime

from groundcrew.contracts.actions import Action, Ticket
from groundcrew.contracts.identity import stable_id
from groundcrew.contracts.incidents import Cause, Evidence
from groundcrew.contracts.queries import IncidentDetail
from groundcrew.diagnosis.markdown import fenced, one_line, prose

MAX_EVIDENCE = 50
MAX_LINE = 500


def ticket_of(action: Action, detail: IncidentDetail | None, *, now: datetime, missing: str = "") -> Ticket:
    """The ticket of an action. Without `detail` it says what the proposal said and, by `missing`, why no more."""
    title = action.parameters.get("title") or (detail.incident.title if detail else "") or action.reason
    body = _body(action, detail) if detail else _bare_body(action, missing)
    return Ticket(
        id=stable_id("ticket", action.id),
        action_id=action.id,
        incident_id=action.incident_id,
        created_at=now,
        title=one_line(title)[:200] or "Untitled",
        body=body,
    )


def _body(action: Action, detail: IncidentDetail) -> str:
    incident = detail.incident
    facts = [
        f"- Severity: {incident.severity.value}",
        f"- Where: {prose(', '.join(incident.hosts) or incident.entity)}",
        f"- Since: {_utc(incident.opened_at)}, last seen {_utc(incident.last_seen)}",
        f"- Incident: `{incident.id}`",
    ]
    steps = [f"{number}. {prose(step)}" for number, step in enumerate(incident.steps, start=1)]
    parts = [
        f"# {prose(incident.title)}",
        "\n".join(facts),
        f"## Cause\n\n{_cause(incident.cause)}",
        "## Other explanations\n\n" + "\n".join(f"- {_cause(cause)}" for cause in incident.alternatives)
        if incident.alternatives
        else "",
        f"## Steps\n\n{chr(10).join(steps) or 'No steps are known for this cause.'}",
        f"## Evidence\n\n{_evidence(detail.evidence)}",
        f"## Why this ticket\n\n{prose(action.reason)} (proposed by {prose(action.proposed_by)})",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _bare_body(action: Action, missing: str) -> str:
    cited = "\n".join(f"- `{evidence_id}`" for evidence_id in action.evidence_ids) or "none cited"
    return (
        f"# {prose(action.parameters.get('title') or action.reason)}\n\n- Where: {prose(action.target)}\n\n"
        f"## Why this ticket\n\n{prose(action.reason)} (proposed by {prose(action.proposed_by)})\n\n"
        f"## Evidence\n\n{cited}\n" + (f"\n{prose(missing)}\n" if missing else "")
    )


def _cause(cause: Cause) -> str:
    part = f"part {prose(cause.component)}" if cause.component else f"part not known ({cause.component_class})"
    why = f": {prose(cause.why)}" if cause.why else ""
    return f"`{cause.id}`, {part}, confidence {cause.confidence:.0%}{why}"


def _evidence(evidence: list[Evidence]) -> str:
    shown = evidence[-MAX_EVIDENCE:]
    lines = [f"{_utc(e.time)} {e.entity} {e.source.value} [{e.ref}] {e.text}" for e in shown]
    lines = [one_line(line)[:MAX_LINE] for line in lines]
    left = len(evidence) - len(shown)
    more = f"\n\n{left} older pieces of evidence are on the incident." if left else ""
    return fenced(lines) + more


def _utc(when: datetime) -> str:
    return when.strftime("%Y-%m-%d %H:%M:%S UTC")
