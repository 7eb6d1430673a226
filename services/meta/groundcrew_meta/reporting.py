"""Makes reports: reads, lets `diagnosis/` find, words it, keeps it. The same question over unchanged data is answered
with the report that there is."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from groundcrew.bus.port import RequestFailed
from groundcrew.contracts.clock import Clock
from groundcrew.contracts.envelope import ProducedBy
from groundcrew.contracts.identity import bmc, host, random_id, stable_id
from groundcrew.contracts.incidents import Severity
from groundcrew.contracts.queries import Failure, MakeReport
from groundcrew.contracts.report_requests import (
    ReportRequest,
    RootCauseRequest,
    SummaryRequest,
    SummaryType,
    TasksRequest,
)
from groundcrew.contracts.reports import (
    CitedEvent,
    EventSummary,
    RepairTask,
    Report,
    ReportKind,
    RootCause,
    SensorSummary,
    TaskState,
)
from groundcrew.diagnosis.citing import merged, of_evidence, of_trigger
from groundcrew.diagnosis.issues import detect_actionable_issues
from groundcrew.diagnosis.report_context import (
    background,
    build_context,
    facts_of_root_cause,
    facts_of_sensors,
    facts_of_summary,
    facts_of_tasks,
)
from groundcrew.diagnosis.selection import Selection, UnknownDevice, select
from groundcrew.diagnosis.summaries import summarize_events, summarize_sensors
from groundcrew.diagnosis.tokens import Tokenizer
from groundcrew.diagnosis.window import Row
from groundcrew.stores.meta.port import Changed, MetaStore, task_size
from groundcrew_meta.gathering import Gathered, Gatherer
from groundcrew_meta.metrics import MetaMetrics
from groundcrew_meta.report_words import markdown
from groundcrew_meta.root_causes import RootCauses
from groundcrew_meta.tasks import TaskBook, headline_of_tasks
from groundcrew_meta.wording import counted

MAX_TASK_BYTES = 250_000
"""Tasks that one report carries whole; the list of tasks has them all."""

AT_ONCE = 4
"""Reports that are made at the same time, besides one of tasks."""

TRIES = 3
"""A task that moved on while a report was made of it is looked at again so often."""


@dataclass(kw_only=True)
class Made:
    """What a report consists of before it is worded. `data` are the parts that its revision is a digest of."""

    title: str
    headline: str
    data: Sequence[str]
    facts: Sequence[Row]
    events: Sequence[CitedEvent]
    summary: EventSummary | None = None
    sensors: SensorSummary | None = None
    tasks: Sequence[RepairTask] = ()
    changed: Sequence[RepairTask] = ()
    root_cause: RootCause | None = None
    missing: Mapping[str, str] = field(default_factory=dict)


class Reporter:
    """`count` counts tokens; `causes` reads the catalogue when it is first needed."""

    def __init__(
        self,
        *,
        site: str,
        gatherer: Gatherer,
        store: MetaStore,
        clock: Clock,
        count: Tokenizer,
        root_causes: RootCauses,
        produced_by: ProducedBy,
        metrics: MetaMetrics,
    ) -> None:
        self._site = site
        self._gatherer = gatherer
        self._store = store
        self._clock = clock
        self._count = count
        self._root_causes = root_causes
        self._version = f"{produced_by.version} {produced_by.packs}"
        self._metrics = metrics
        self._tasks = TaskBook(site, gatherer, store)
        self._turn = asyncio.Lock()
        self._places = asyncio.Semaphore(AT_ONCE)

    async def make(self, asked: MakeReport) -> Report:
        """Raises RequestFailed: INVALID for devices or an event that there are not, UNAVAILABLE while context is away.

        A few at a time, as reports of a fleet are large; those of tasks one after the other, as each begins with what
        the one before changed.
        """
        async with self._turn if isinstance(asked.request, TasksRequest) else self._places:
            for _ in range(TRIES):
                try:
                    return await self._make(asked)
                except Changed:
                    continue
        raise RequestFailed(Failure.CONFLICT, "a repair task is being changed all the time: try again")

    async def look_after_tasks(self) -> int:
        """Close and open again what evidence of the last day closes and opens; returns how many tasks changed. Raises
        RequestFailed while context is away."""
        async with self._turn:
            request = TasksRequest()
            fleet = await self._gatherer.fleet(request.time_range.span)
            chosen = select([], fleet.inventory, fleet.hosts)
            found = await self._tasks.look(request, fleet, chosen, devices_of(fleet, chosen))
            changed = 0
            for task in found.changed:
                with suppress(Changed):  # a person was faster: the next look sees it
                    await self._store.save_task(self._site, task)
                    changed += 1
            return changed

    async def _make(self, asked: MakeReport) -> Report:
        request = asked.request
        fleet = await self._gatherer.fleet(request.time_range.span)
        chosen = self._select(request, fleet)
        match request:
            case SummaryRequest():
                made = await self._summary(request, fleet, chosen)
            case TasksRequest():
                made = await self._repairs(request, fleet, chosen)
            case RootCauseRequest():
                made = await self._root_cause(request, fleet, chosen)
        key = stable_id("report", self._site, request.model_dump_json())
        revision = stable_id(self._version, fleet.inventory.revision, *chosen.hosts, *made.data, *made.missing)
        if not asked.anew and not made.changed:
            known = await self._store.newest_report(self._site, key)
            if known is not None and known.data_revision == revision:
                self._metrics.reported(request.kind, "known")
                return known
        report = await asyncio.to_thread(self._report, asked, made, fleet, chosen, revision)
        await self._store.add_report(self._site, key, report, made.changed)
        self._metrics.reported(request.kind, "made")
        return report

    def _select(self, request: ReportRequest, fleet: Gathered) -> Selection:
        wanted = [request.device] if isinstance(request, RootCauseRequest) else request.devices
        try:
            chosen = select(wanted, fleet.inventory, fleet.hosts)
        except UnknownDevice as error:
            name = "device" if isinstance(request, RootCauseRequest) else "devices"
            raise RequestFailed(Failure.INVALID, f"{name}: {error}") from error
        if isinstance(request, RootCauseRequest) and len(chosen.hosts) != 1:
            told = f"device: {request.device[:80]!r} names {len(chosen.hosts)} hosts; a root cause is of one"
            raise RequestFailed(Failure.INVALID, told)
        return chosen

    def _report(self, asked: MakeReport, made: Made, fleet: Gathered, chosen: Selection, revision: str) -> Report:
        """Counting tokens takes a while: this runs beside the event loop."""
        shown: list[RepairTask] = []
        size = 0
        for task in made.tasks:
            size += task_size(task)
            if shown and size > MAX_TASK_BYTES:
                break
            shown.append(task)
        context = build_context(background(self._site, fleet.inventory, chosen), made.facts, made.events, self._count)
        report = Report(
            id=random_id(),
            kind=ReportKind(asked.request.kind),
            title=made.title,
            time=fleet.now,
            actor=asked.actor,
            since=fleet.since,
            until=fleet.now,
            headline=made.headline,
            request=asked.request,
            data_revision=revision,
            markdown="",
            summary=made.summary,
            sensors=made.sensors,
            tasks=shown,
            tasks_left_out=len(made.tasks) - len(shown),
            root_cause=made.root_cause,
            context=context,
            missing=[f"{owner}: {reason}" for owner, reason in sorted({**fleet.missing, **made.missing}.items())],
        )
        return report.model_copy(update={"markdown": markdown(report)})

    # --- summary -----------------------------------------------------------------------------------------------------

    async def _summary(self, request: SummaryRequest, fleet: Gathered, chosen: Selection) -> Made:
        devices = devices_of(fleet, chosen)
        own = [one for one in fleet.incidents if chosen.concerns(one)]
        events = [one for one in fleet.triggers if chosen.covers(one.entity)]
        evidence = await self._gatherer.evidence(own, fleet.missing)
        issues = await asyncio.to_thread(detect_actionable_issues, own, evidence, events, devices=devices)
        if request.severity_filter:
            issues = [one for one in issues if one.severity.value in request.severity_filter]
        summary = await asyncio.to_thread(
            summarize_events, events, own, issues, devices=devices, since=fleet.since, until=fleet.now,
            severities=request.severity_filter, truncated=fleet.truncated,
        )  # fmt: skip
        sensors = None
        if request.type is SummaryType.SENSORS:
            sensors = summarize_sensors(await self._gatherer.sensors(chosen.hosts, fleet.missing))
        wanted = [Severity(name) for name in request.severity_filter]
        told = [one for one in events if not one.silenced_by and (not wanted or one.severity in wanted)]
        cited = await asyncio.to_thread(
            merged,
            *(of_evidence(one, evidence.get(one.id, ()), devices) for one in own),
            (of_trigger(one, devices) for one in told),
        )
        data = [f"{one.id}.{one.revision}" for one in own] + [one.id for one in events]
        if sensors is not None:
            data.append(sensors.model_dump_json(exclude={"unwell": {"__all__": {"time"}}}))
        return Made(
            title=f"{request.type.value.capitalize()} of {chosen.told}, last {request.time_range.value}",
            headline=headline_of_summary(request.type, summary, sensors),
            data=data,
            facts=[*(facts_of_sensors(sensors) if sensors else ()), *facts_of_summary(summary)],
            events=[one for one in cited if one.time >= fleet.since and (not wanted or one.severity in wanted)],
            summary=summary,
            sensors=sensors,
        )

    # --- tasks -------------------------------------------------------------------------------------------------------

    async def _repairs(self, request: TasksRequest, fleet: Gathered, chosen: Selection) -> Made:
        devices = devices_of(fleet, chosen)
        found = await self._tasks.look(request, fleet, chosen, devices)
        shown, older = found.within(fleet.since)
        return Made(
            title=f"Repair tasks of {chosen.told}, last {request.time_range.value}",
            headline=headline_of_tasks(shown, older),
            data=[f"{one.id}.{one.revision}" for one in found.tasks],
            facts=facts_of_tasks(shown),
            events=merged(*(one.bundle.evidence for one in shown if one.state is not TaskState.CLOSED)),
            tasks=shown,
            changed=found.changed,
        )

    # --- root cause --------------------------------------------------------------------------------------------------

    async def _root_cause(self, request: RootCauseRequest, fleet: Gathered, chosen: Selection) -> Made:
        device = chosen.hosts[0]
        found, events = await self._root_causes.find(request, device, fleet, devices_of(fleet, chosen))
        return Made(
            title=f"Root cause on {device}, last {request.time_range.value}",
            headline=headline_of_root_cause(found),
            data=[found.model_dump_json()],
            facts=facts_of_root_cause(found, request.description),
            events=events,
            root_cause=found,
        )


def devices_of(fleet: Gathered, chosen: Selection) -> dict[str, str]:
    """Entity -> device whose events it tells: a BMC's events are those of the host that it sits in."""
    found = {host(name): name for name in chosen.hosts}
    wanted = set(chosen.hosts)
    return found | {bmc(one.bmc): one.name for one in fleet.inventory.host if one.bmc and one.name in wanted}


def headline_of_root_cause(found: RootCause) -> str:
    """The likeliest cause and how sure that is; the verdict says why."""
    leading = found.causes[0] if found.causes else None
    if leading is None or leading.cause == "unknown":
        return f"Unknown: nothing that was recorded of {found.device} names a cause."
    part = f" ({leading.component})" if leading.component else ""
    if leading.by == "description":
        return f"Not proven; by the description alone most like {leading.cause}."
    return f"{leading.cause}{part}, {leading.confidence:.0%} sure."


def headline_of_summary(kind: SummaryType, summary: EventSummary, sensors: SensorSummary | None) -> str:
    """What it comes to, in one sentence."""
    if kind is SummaryType.SENSORS and sensors is not None:
        unwell = len(sensors.unwell)
        verb = "is" if unwell == 1 else "are"
        told = f"{unwell} of {counted(sensors.sensors, 'sensor')} {verb} outside their limits."
        return told if sensors.sensors else "No sensor was read."
    if kind is SummaryType.EVENTS:
        grave = summary.by_severity.get("critical", 0)
        return (
            f"{counted(summary.events, 'trigger event')}, {grave} critical, on {len(summary.by_device)} of "
            f"{counted(summary.devices, 'device')}; {counted(summary.incidents, 'incident')}, {summary.open_incidents} "
            "open."
        )
    ill = [one for one in summary.health if one.score < 100]
    if not ill:
        return f"All {counted(summary.devices, 'device')} are well."
    worst = f"the worst is {ill[0].device} at {ill[0].score} of 100"
    return f"{counted(len(ill), 'device is', 'devices are')} not well; {worst}."
