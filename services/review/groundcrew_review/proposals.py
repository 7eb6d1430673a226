"""Which actions an incident calls for, by rule. Pure: the same incident always gives the same proposals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from groundcrew.contracts.actions import ActionKind
from groundcrew.contracts.identity import host, stable_id
from groundcrew.contracts.incidents import Incident, IncidentState, Severity, Symptom
from groundcrew.diagnosis.causes import CauseEntry, Knowledge
from groundcrew.diagnosis.parts import part_key
from groundcrew.diagnosis.ranking import leading

MAX_TARGETS = 5
"""Units or hosts of one incident that single actions are proposed for; a wider fault is a person's matter."""

REGRESSION = "software.regression"
JOURNAL_LINES = "100"


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """One action worth proposing."""

    kind: ActionKind
    target: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    reason: str

    def id(self, site: str, incident_id: str) -> str:
        """The same for every repeat of the same proposal. A ticket's title is wording and may change with the verdict:
        an incident has one ticket."""
        named = {} if self.kind is ActionKind.TICKET_CREATE else self.parameters
        pairs = [part for pair in sorted(named.items()) for part in pair]
        return stable_id("action", site, incident_id, self.kind.value, self.target, *pairs)


def proposals(incident: Incident, knowledge: Knowledge, failed_services: Sequence[str] = ()) -> list[Proposal]:
    """Actions for a live incident; `failed_services` are 'host unit' of units seen failed now."""
    if incident.state is IncidentState.RESOLVED:
        return []
    entry = knowledge.get(incident.cause.entry)
    units = _units(incident, failed_services)[:MAX_TARGETS]
    found = []
    if ActionKind.JOURNAL_QUERY in entry.actions:
        found += [_journal(name, unit) for name, unit in units]
    if ActionKind.SERVICE_RESTART in entry.actions and _restart_may_help(incident):
        found += [_restart(name, unit, entry) for name, unit in units]
    if ActionKind.TICKET_CREATE in entry.actions and _needs_a_person(incident, entry):
        found.append(_ticket(incident, entry))
    return found


def _needs_a_person(incident: Incident, entry: CauseEntry) -> bool:
    """Hands are needed for all that is not software, and eyes for everything critical."""
    return entry.class_name != "software" or incident.severity is Severity.CRITICAL


def _restart_may_help(incident: Incident) -> bool:
    """Not where the fault began with a change, nor where one unit fails on several hosts: then the change is it."""
    changed = any(leading(symptom) == REGRESSION for symptom in incident.symptoms)
    return not changed and len(incident.hosts) <= 1


def _units(incident: Incident, failed_services: Sequence[str]) -> list[tuple[str, str]]:
    """(host, unit) that the incident is about: named by its symptoms, or seen failed and of the blamed name."""
    named = {(s.entity.removeprefix("host:"), s.component) for s in incident.symptoms if _is_raised_unit(s)}
    blamed = {part_key(s.component) for s in incident.symptoms if s.component} | {part_key(incident.cause.component)}
    for line in failed_services:
        name, _, unit = line.partition(" ")
        if name in incident.hosts and part_key(unit) in blamed and unit.endswith(".service"):
            named.add((name, unit))
    return sorted(named)


def _is_raised_unit(symptom: Symptom) -> bool:
    on_host = symptom.entity.startswith("host:")
    return on_host and symptom.component.endswith(".service") and symptom.cleared_at is None


def _journal(name: str, unit: str) -> Proposal:
    return Proposal(
        kind=ActionKind.JOURNAL_QUERY,
        target=host(name),
        parameters={"unit": unit, "lines": JOURNAL_LINES},
        reason=f"The last lines of {unit} say why it ended.",
    )


def _restart(name: str, unit: str, entry: CauseEntry) -> Proposal:
    return Proposal(
        kind=ActionKind.SERVICE_RESTART,
        target=host(name),
        parameters={"unit": unit},
        reason=f"{unit} is not running. {entry.explanation}",
    )


def _ticket(incident: Incident, entry: CauseEntry) -> Proposal:
    title = "".join(char if char.isprintable() else " " for char in incident.title).strip()[:200]
    return Proposal(
        kind=ActionKind.TICKET_CREATE,
        target=incident.entity,
        parameters={"title": title or entry.id},
        reason=f"{incident.severity.value.capitalize()}: {entry.explanation}",
    )
