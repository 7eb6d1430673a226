"""The report of an incident by rule: complete without any model. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from groundcrew.contracts.actions import Action
from groundcrew.contracts.incidents import Evidence, Incident
from groundcrew.contracts.inventory import Inventory, InventoryHost
from groundcrew.contracts.queries import IncidentDetail
from groundcrew.diagnosis.markdown import code, prose
from groundcrew.diagnosis.parts import part_key
from groundcrew.diagnosis.topology import SharedKind, Topology
from groundcrew_meta.citations import Citations
from groundcrew_meta.wording import ago, counted, done, placed, state_of, steps, telling, utc, waiting, why

MAX_EVIDENCE = 40
MAX_PLACES = 5


@dataclass(frozen=True, kw_only=True)
class Dossier:
    """All that was read about one incident. `live` are the live incidents and `hosts` the hosts of the site."""

    detail: IncidentDetail
    actions: Sequence[Action]
    earlier: Sequence[Incident]
    live: Sequence[Incident]
    hosts: Sequence[str]
    inventory: Inventory | None
    now: datetime


def report(dossier: Dossier, cites: Citations) -> str:
    """Cause, timeline, place, what shares it, what was before, what was done, what next."""
    incident = dossier.detail.incident
    head = _head(dossier, cites)
    sections = (
        ("Cause", _cause(dossier, cites)),
        ("Timeline", _timeline(dossier, cites)),
        ("Part and place", _places(dossier)),
        ("What shares it", _shared(dossier, cites)),
        ("Earlier incidents of this part", _earlier(dossier, cites)),
        ("What was done", done(dossier.actions, dossier.detail.history) or "Nothing yet."),
        ("Next steps", "\n\n".join(part for part in (steps(incident), waiting(dossier.actions)) if part)),
    )
    return "\n\n".join([head, *(f"## {title}\n\n{text}" for title, text in sections if text)])


def _head(dossier: Dossier, cites: Citations) -> str:
    incident = dossier.detail.incident
    return (
        f"**{prose(incident.title)}**{placed(incident)}: {incident.severity.value}, {state_of(incident, dossier.now)}, "
        f"{counted(incident.evidence_count, 'piece')} of evidence {cites.incident(incident)}"
    )


def _cause(dossier: Dossier, cites: Citations) -> str:
    incident = dossier.detail.incident
    cited = cites.all_evidence(telling(dossier.detail.evidence, 3), incident.id)
    lines = [f"{why(incident.cause)} {cited}".rstrip()]
    if incident.alternatives:
        lines += ["", "Why not something else:", "", *(f"- {why(one)}" for one in incident.alternatives[:6])]
    else:
        lines += ["", "No other cause in the packs fits this evidence."]
    if dossier.detail.findings:
        lines += ["", "What review saw:", "", *(f"- {prose(one.text)}" for one in dossier.detail.findings[:6])]
    return "\n".join(lines)


def _timeline(dossier: Dossier, cites: Citations) -> str:
    """Evidence in order of time, of each rule the first pieces where there is too much."""
    evidence = dossier.detail.evidence
    shown = telling(evidence, MAX_EVIDENCE)
    lines = [_moment(one, dossier.detail.incident.id, cites) for one in shown]
    left = max(dossier.detail.incident.evidence_count, len(evidence)) - len(shown)
    if left > 0:
        lines.append(f"- {counted(left, 'further piece')} of evidence of the same rules")
    return "\n".join(lines) or "No evidence is stored with this incident."


def _moment(one: Evidence, incident_id: str, cites: Citations) -> str:
    rule = f" ({code(one.rule_id)})" if one.rule_id else ""
    return (
        f"- {one.time:%Y-%m-%d %H:%M:%S} {one.source.value} {prose(one.entity)}: {code(one.text)}{rule} "
        f"{cites.evidence(one, incident_id)}"
    )


def _places(dossier: Dossier) -> str:
    incident = dossier.detail.incident
    part = incident.cause.component
    lines = [
        f"- Part: {f'**{prose(part)}**' if part else 'not named by the evidence'} ({incident.cause.component_class})"
    ]
    listed = {entry.name: entry for entry in dossier.inventory.host} if dossier.inventory else {}
    for name in incident.hosts[:MAX_PLACES]:
        entry = listed.get(name)
        lines.append(f"- {_place(entry, part)}" if entry else f"- {prose(name)}: not in the inventory")
    return "\n".join(lines)


def _place(entry: InventoryHost, part: str) -> str:
    told = [f"{entry.vendor} {entry.model}".strip(), f"serial {entry.serial}" if entry.serial else ""]
    told += [f"rack {entry.rack} {entry.unit}".strip() if entry.rack else "", f"BMC {entry.bmc}" if entry.bmc else ""]
    key = part_key(part)
    found = [one for one in entry.part if key and part_key(one.locator) == key]
    told += [f"{one.locator}: {one.model} serial {one.serial or 'unknown'}".strip() for one in found]
    return f"{prose(entry.name)}: {prose(', '.join(text for text in told if text)) or 'nothing more is listed'}"


def _shared(dossier: Dossier, cites: Citations) -> str:
    """Feeds, switch and rack of the hosts, who else hangs on them, and whether those are well."""
    if dossier.inventory is None:
        return "The inventory is not known."
    topology, incident = Topology(dossier.inventory), dossier.detail.incident
    lines = []
    for kind in SharedKind:
        elements = dict.fromkeys(one for name in incident.hosts for one in topology.shared(name, kind))
        for element in list(elements)[:MAX_PLACES]:
            others = [name for name in topology.hosts_on(kind, element) if name not in incident.hosts]
            ill = [one for one in dossier.live if one.id != incident.id and set(one.hosts) & set(others)]
            state = f"{counted(len(others), 'other host')}"
            if ill:
                cited = "".join(cites.incident(one) for one in ill[:4])
                state += f", {counted(len(ill), 'open incident')} on them {cited}"
            elif others:
                state += ", none with an open incident"
            lines.append(f"- {kind.value} {prose(element)}: {state}")
    needs = [one for one in dossier.inventory.dependency if incident.entity in (one.entity, one.on)]
    lines += [f"- {prose(one.entity)} needs {prose(one.on)} ({one.kind})" for one in needs[:MAX_PLACES]]
    return "\n".join(lines) or "The inventory lists nothing that it shares."


def _earlier(dossier: Dossier, cites: Citations) -> str:
    lines = [
        f"- {utc(one.opened_at)}, {ago(one.opened_at, dossier.now)} ago: {prose(one.title)}, {code(one.cause.id)}"
        f" {cites.incident(one)}"
        for one in list(dossier.earlier)[:8]
    ]
    return "\n".join(lines) or "None is remembered."
