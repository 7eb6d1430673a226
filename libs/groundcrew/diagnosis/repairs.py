"""Repair tasks: one per part of a host, whatever was said of it and however often; and what its vendor asks for.

A task is closed by proof alone: the end of all its symptoms was observed, the part bears another serial number than
before, or a person told what was done. A fault that merely was not seen for a while is not mended. New evidence after
the end opens the same task again.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from groundcrew.contracts.identity import name_of, stable_id
from groundcrew.contracts.incidents import EvidenceSource, Incident
from groundcrew.contracts.inventory import InventoryHost, InventoryPart
from groundcrew.contracts.reports import ActionableIssue, RepairBundle, RepairTask, TaskEvent, TaskState
from groundcrew.diagnosis.issues import observations, recovered_at
from groundcrew.diagnosis.parts import part_key

MAX_RECORDS = 50
MAX_COUNTS = 50
MAX_HISTORY = 50
MAX_FIRMWARES = 20
BY_RULE = "groundcrew"

_LABELS = re.compile(r"(\w+)=([^,}]*)")
_PART_INFO = ("gpu_info{", "smart_info{")
_PLACE_LABELS = ("gpu", "device", "disk", "name")


@dataclass(frozen=True, kw_only=True)
class Machine:
    """What is known of a host: its inventory entry, facts of its collector and of its BMC, newest metrics."""

    entry: InventoryHost
    facts: Mapping[str, str] = field(default_factory=dict)
    bmc_facts: Mapping[str, str] = field(default_factory=dict)
    latest: Mapping[str, float] = field(default_factory=dict)


def task_id(site: str, issue: ActionableIssue) -> str:
    """The same for the same part of the same device, in every report."""
    return stable_id("task", site, issue.device, issue.component_class, part_key(issue.component))


def bundle(issue: ActionableIssue, machine: Machine) -> RepairBundle:
    """The evidence bundle; what nobody reported is listed as missing rather than left out."""
    entry, listed, told = machine.entry, _listed(machine, issue), _labels(machine, issue.component)
    model = _first(listed.model if listed else "", told.get("model", ""))
    serial = _first(listed.serial if listed else "", told.get("serial", ""))
    host_model = _first(
        f"{entry.vendor} {entry.model}".strip(),
        f"{machine.facts.get('vendor', '')} {machine.facts.get('model', '')}".strip(),
        machine.bmc_facts.get("product", ""),
    )
    host_serial = _first(entry.serial, machine.facts.get("serial", ""), machine.bmc_facts.get("product_serial", ""))
    firmware = _firmware(machine, told)
    wanted = {
        "serial number of the part": serial,
        "model of the part": model,
        "serial number of the machine": host_serial,
        "firmware of BIOS and BMC": firmware,
        "name of the part": issue.component,
    }
    return RepairBundle(
        host=issue.device,
        host_model=host_model,
        host_serial=host_serial,
        rack=entry.rack,
        unit=entry.unit,
        part=issue.component or f"one {issue.component_class}",
        slot=listed.locator if listed else issue.component,
        component_class=issue.component_class,
        model=model,
        serial=serial,
        firmware=firmware,
        record_ids=_records(issue),
        count=issue.count,
        first_seen=issue.first_seen,
        last_seen=issue.last_seen,
        cause=issue.cause,
        catalogue_action=issue.action,
        steps=issue.steps,
        evidence=issue.evidence,
        missing=[name for name, value in wanted.items() if not value],
    )


def _listed(machine: Machine, issue: ActionableIssue) -> InventoryPart | None:
    key = part_key(issue.component)
    return next((one for one in machine.entry.part if key and part_key(one.locator) == key), None)


def _labels(machine: Machine, component: str) -> dict[str, str]:
    """What a driver or a drive says of itself, in the labels of its newest sample."""
    key = part_key(component)
    for name in machine.latest:
        if name.startswith(_PART_INFO):
            labels = dict(_LABELS.findall(name))
            if key and any(part_key(labels[label]) == key for label in _PLACE_LABELS if label in labels):
                return labels
    return {}


def _firmware(machine: Machine, told: Mapping[str, str]) -> dict[str, str]:
    found = {
        "BIOS": _first(machine.facts.get("bios", ""), machine.bmc_facts.get("bios", "")),
        "BMC": machine.bmc_facts.get("firmware", ""),
        "part": told.get("firmware", ""),
        "driver": told.get("driver", ""),
        "kernel": machine.facts.get("kernel", ""),
    }
    more = {
        name.removeprefix("firmware "): value for name, value in machine.bmc_facts.items() if name[:9] == "firmware "
    }
    known = {name: value for name, value in {**found, **dict(sorted(more.items()))}.items() if value}
    return dict(list(known.items())[:MAX_FIRMWARES])


def _records(issue: ActionableIssue) -> list[str]:
    return [one.ref for one in issue.evidence if one.source is EvidenceSource.SEL and one.ref][:MAX_RECORDS]


def _first(*values: str) -> str:
    return next((value for value in values if value), "")


# --- life ------------------------------------------------------------------------------------------------------------


def fold_task(
    known: RepairTask | None, issue: ActionableIssue, found: RepairBundle, incidents: Iterable[Incident], *, site: str,
    now: datetime,
) -> RepairTask:  # fmt: skip
    """The task as it stands after a look at one issue; the very same where nothing of it changed."""
    if known is not None and known.closed_at is not None and issue.last_seen <= known.closed_at:
        return known
    own = [one for one in incidents if one.id in set(issue.incident_ids)]
    counts = {one.id: observations(one) for one in own}
    fresh = known if known is not None else _opened(issue, found, site=site, now=now)
    merged = {**fresh.counts, **counts}
    newest_last = [*reversed([key for key in merged if key not in issue.incident_ids]), *reversed(issue.incident_ids)]
    counts = {key: merged[key] for key in newest_last[-MAX_COUNTS:] if key in merged}
    first, last = min(fresh.first_seen, issue.first_seen), max(fresh.last_seen, issue.last_seen)
    whole = found.model_copy(update={"count": sum(counts.values()), "first_seen": first, "last_seen": last})
    task = fresh.model_copy(
        update={
            "severity": issue.severity, "urgency": issue.urgency, "issue": issue.issue, "action": issue.action,
            "component": issue.component or fresh.component, "counts": counts, "count": sum(counts.values()),
            "first_seen": first, "last_seen": last, "bundle": whole, "serial": fresh.serial or found.serial,
        }
    )  # fmt: skip
    task = _with_state(task, issue, found, own, now)
    if known is not None and task == known:
        return known
    return task.model_copy(update={"revision": task.revision + 1})


def _opened(issue: ActionableIssue, found: RepairBundle, *, site: str, now: datetime) -> RepairTask:
    return RepairTask(
        id=task_id(site, issue),
        revision=0,
        state=TaskState.OPEN,
        type=issue.type,
        device=issue.device,
        entity=_device_of(issue),
        component_class=issue.component_class,
        component=issue.component,
        severity=issue.severity,
        urgency=issue.urgency,
        issue=issue.issue,
        action=issue.action,
        count=0,
        first_seen=issue.first_seen,
        last_seen=issue.last_seen,
        opened_at=issue.first_seen,
        serial=found.serial,
        bundle=found,
        history=[TaskEvent(time=now, actor=BY_RULE, text=f"Opened: {issue.issue}")],
    )


def _device_of(issue: ActionableIssue) -> str:
    """The entity that the device is: of a fault in a BMC the host that it sits in, where that is known."""
    return issue.entity if name_of(issue.entity) == issue.device else f"host:{issue.device}"


def _with_state(
    task: RepairTask, issue: ActionableIssue, found: RepairBundle, incidents: Sequence[Incident], now: datetime
) -> RepairTask:
    if task.state is TaskState.CLOSED:
        task = reopened(task, issue, found.serial, now)  # and closed at once where it came and went between two looks
    if issue.live:
        return task
    if issue.recovered:
        return closed(task, issue.recovered, BY_RULE, at=recovered_at(incidents) or now, now=now)
    if task.serial and found.serial and found.serial != task.serial:
        proof = f"the part was replaced: serial {task.serial} before, {found.serial} now"
        return closed(task, proof, BY_RULE, at=now, now=now)
    return task


def closed(task: RepairTask, proof: str, actor: str, *, at: datetime, now: datetime) -> RepairTask:
    """`at` is when the repair was proven: evidence from after it opens the task again."""
    update = {"state": TaskState.CLOSED, "closed_at": max(at, task.last_seen), "proof": proof}
    return _noted(task.model_copy(update=update), actor, f"Closed: {proof}", now)


def reopened(task: RepairTask, issue: ActionableIssue, serial: str, now: datetime) -> RepairTask:
    update = {
        "state": TaskState.REOPENED, "closed_at": None, "proof": "", "recurrences": task.recurrences + 1,
        "serial": serial or task.serial,
    }  # fmt: skip
    text = f"Opened again, it came back at {issue.last_seen:%Y-%m-%d %H:%M} UTC: {issue.issue}"
    return _noted(task.model_copy(update=update), BY_RULE, text, now)


def _noted(task: RepairTask, actor: str, text: str, now: datetime) -> RepairTask:
    history = [*task.history, TaskEvent(time=now, actor=actor, text=text)][-MAX_HISTORY:]
    return task.model_copy(update={"history": history})


def by_priority(tasks: Iterable[RepairTask]) -> list[RepairTask]:
    """Open ones before closed ones, the most urgent first, then the gravest, then the one seen last."""
    return sorted(tasks, key=lambda one: (one.rank, one.id))
