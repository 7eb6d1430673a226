"""The book of repair tasks: what reports of tasks keep, close and open again."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from groundcrew.bus.port import RequestFailed
from groundcrew.contracts.clock import Clock
from groundcrew.contracts.incidents import Incident, IncidentState
from groundcrew.contracts.inventory import InventoryHost
from groundcrew.contracts.queries import BmcSummary, CloseTask, Failure, TasksQuery
from groundcrew.contracts.report_requests import TasksRequest
from groundcrew.contracts.reports import ActionableIssue, RepairTask, TaskState, TaskType, Urgency
from groundcrew.diagnosis.issues import detect_actionable_issues
from groundcrew.diagnosis.part_types import task_type
from groundcrew.diagnosis.repairs import Machine, bundle, by_priority, closed, fold_task, task_id
from groundcrew.diagnosis.selection import Selection
from groundcrew.stores.meta.port import Changed, MetaStore
from groundcrew_meta.gathering import Gathered, Gatherer
from groundcrew_meta.wording import counted

UNDONE = [TaskState.OPEN, TaskState.REOPENED]
MAX_PAGES = 10
MAX_ISSUES = 1_000
"""Parts that one look takes in: the most urgent."""


@dataclass(frozen=True, kw_only=True)
class Looked:
    """All tasks of a selection, and those that this look changed."""

    tasks: Sequence[RepairTask]
    changed: Sequence[RepairTask]

    def within(self, since: datetime) -> tuple[list[RepairTask], int]:
        """Tasks with evidence or an end since then, the most urgent first, and how many older ones are undone."""
        shown = [one for one in self.tasks if one.last_seen >= since or (one.closed_at and one.closed_at >= since)]
        ids = {one.id for one in shown}
        older = sum(one.id not in ids and one.state is not TaskState.CLOSED for one in self.tasks)
        return by_priority(shown), older


class TaskBook:
    def __init__(self, site: str, gatherer: Gatherer, store: MetaStore) -> None:
        self._site = site
        self._gatherer = gatherer
        self._store = store

    async def look(
        self, request: TasksRequest, fleet: Gathered, chosen: Selection, devices: Mapping[str, str]
    ) -> Looked:
        """The tasks of these devices as they stand now; of undone ones older than the range as well, whose end may
        have come within it."""
        types = [TaskType(name) for name in request.task_types]
        undone = await self._undone(types, chosen)
        own = {one.id: one for one in fleet.incidents if chosen.concerns(one)}
        known = {incident_id for task in undone for incident_id in task.counts}
        own |= {one.id: one for one in await self._gatherer.by_id(sorted(known - own.keys()), fleet.missing)}
        own = {key: one for key, one in own.items() if chosen.concerns(one)}
        with_part = [one for one in own.values() if task_type(one.cause.component_class, one.cause.entry)]
        evidence = await self._gatherer.evidence(with_part, fleet.missing)
        found = await asyncio.to_thread(detect_actionable_issues, with_part, evidence, devices=devices, types=types)
        issues = found[:MAX_ISSUES]
        machines = Machines(fleet, await self._gatherer.bmcs(fleet.missing) if issues else {})
        kept = {one.id: one for one in undone}
        changed = []
        for issue in issues:
            task = await self._folded(issue, machines, list(own.values()), fleet.now)
            if task is not None and task != kept.get(task.id):
                kept[task.id] = task
                if task.revision > machines.seen.get(task.id, 0):
                    changed.append(task)
        return Looked(tasks=by_priority(kept.values()), changed=changed)

    async def _folded(
        self, issue: ActionableIssue, machines: "Machines", incidents: Sequence[Incident], now: datetime
    ) -> RepairTask | None:
        known = await self._store.task(self._site, task_id(self._site, issue))
        if known is not None:
            machines.seen[known.id] = known.revision
        found = bundle(issue, machines.of(issue.device))
        return fold_task(known, issue, found, incidents, site=self._site, now=now)

    async def _undone(self, types: Sequence[TaskType], chosen: Selection) -> list[RepairTask]:
        found: list[RepairTask] = []
        cursor: str | None = None
        for _ in range(MAX_PAGES):
            query = TasksQuery(states=UNDONE, types=list(types), limit=200, cursor=cursor)
            page = await self._store.tasks(self._site, query)
            found += page.items
            cursor = page.next
            if cursor is None:
                break
        return [one for one in found if chosen.all or one.device in chosen.hosts]


class Machines:
    """What is known of each host of a fleet."""

    def __init__(self, fleet: Gathered, bmcs: Mapping[str, BmcSummary]) -> None:
        self._fleet = fleet
        self._bmcs = bmcs
        self._entries = {entry.name: entry for entry in fleet.inventory.host}
        self.seen: dict[str, int] = {}
        """Revisions of tasks as they are stored."""

    def of(self, name: str) -> Machine:
        told, behind = self._fleet.hosts.get(name), self._bmcs.get(name)
        return Machine(
            entry=self._entries.get(name) or InventoryHost(name=name[:240] or "?"),
            facts=told.facts if told else {},
            bmc_facts=behind.facts if behind else {},
            latest=told.latest if told else {},
        )


class Closing:
    """A person closes a task; what evidence says against it counts more."""

    def __init__(self, site: str, gatherer: Gatherer, store: MetaStore, clock: Clock) -> None:
        self._site = site
        self._gatherer = gatherer
        self._store = store
        self._clock = clock

    async def close(self, command: CloseTask) -> RepairTask:
        """Raises RequestFailed: NOT_FOUND, CONFLICT where it is closed or an incident of the part is open, UNAVAILABLE
        where context cannot say."""
        task = await self._store.task(self._site, command.id)
        if task is None:
            raise RequestFailed(Failure.NOT_FOUND, f"there is no repair task {command.id}")
        if task.state is TaskState.CLOSED:
            raise RequestFailed(Failure.CONFLICT, f"it is closed already: {task.proof}")
        missing: dict[str, str] = {}
        incidents = await self._gatherer.by_id(sorted(task.counts), missing)
        if missing:
            raise RequestFailed(Failure.UNAVAILABLE, f"context does not answer: {missing.get('context', '')}")
        standing = next((one for one in incidents if one.state is not IncidentState.RESOLVED), None)
        if standing is not None:
            told = f"incident {standing.id} of this part is open: {standing.title}; resolve it, or wait for its end"
            raise RequestFailed(Failure.CONFLICT, told)
        now = self._clock.now()
        done = closed(task, command.proof.strip(), command.actor, at=now, now=now)
        done = done.model_copy(update={"revision": task.revision + 1})
        try:
            await self._store.save_task(self._site, done)
        except Changed:
            raise RequestFailed(Failure.CONFLICT, "the task has changed meanwhile: look at it again") from None
        return done


def headline_of_tasks(tasks: Sequence[RepairTask], older: int) -> str:
    """'3 parts to repair: 1 now, 2 planned; 1 closed with proof.'"""
    undone = [one for one in tasks if one.state is not TaskState.CLOSED]
    parts = []
    if undone:
        by_urgency = [
            f"{count} {urgency.value}"
            for urgency in (Urgency.NOW, Urgency.SOON, Urgency.PLANNED, Urgency.WATCH)
            if (count := sum(one.urgency is urgency for one in undone))
        ]
        parts.append(f"{counted(len(undone), 'part')} to repair: {', '.join(by_urgency)}")
    else:
        parts.append("nothing to repair")
    if len(tasks) > len(undone):
        parts.append(f"{len(tasks) - len(undone)} closed with proof")
    if older:
        parts.append(f"{counted(older, 'older task')} undone still")
    told = "; ".join(parts)
    return f"{told[0].upper()}{told[1:]}."
