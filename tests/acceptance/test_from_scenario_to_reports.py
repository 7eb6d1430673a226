"""A replayed failure, and what its three reports say of it: the thinking services and meta on the memory bus, no model.

The scenario is our own: a memory module returns uncorrectable data, and kernel and BMC say so.
"""

import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from groundcrew.bus.memory import MemoryBus
from groundcrew.bus.memory_broker import MemoryBroker
from groundcrew.contracts.clock import VirtualClock
from groundcrew.contracts.envelope import ProducedBy
from groundcrew.contracts.queries import Endpoints, IncidentsQuery, MakeReport, ReportQuery, ReportsQuery, TasksQuery
from groundcrew.contracts.report_requests import (
    ReportRequest,
    RootCauseRequest,
    SummaryRequest,
    SummaryType,
    TasksRequest,
    TimeRange,
)
from groundcrew.contracts.reports import MAX_CONTEXT_TOKENS, Report, TaskType, Urgency
from groundcrew.runtime.settings import load
from groundcrew_embedded.feeder import Feeder
from groundcrew_embedded.rehearsal import MemoryStores, rehearsal_resources, rehearse
from groundcrew_embedded.scenario import read
from groundcrew_meta.service import wire
from groundcrew_meta.settings import Settings

SCENARIO = Path(__file__).parents[1] / "scenarios" / "memory-module-fails"
SITE = "default"


@dataclass
class Site:
    bus: MemoryBus
    clock: VirtualClock
    broker: MemoryBroker

    async def report(self, request: ReportRequest, *, anew: bool = False) -> Report:
        return await self.bus.request(Endpoints.MAKE_REPORT, MakeReport(actor="ada", request=request, anew=anew))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site() -> AsyncIterator[Site]:
    scenario = read(SCENARIO)
    clock = VirtualClock(scenario.start)
    broker = MemoryBroker(clock)
    async with AsyncExitStack() as stack:
        await rehearse(stack, broker, clock, scenario.inventory, SITE)
        collectors = MemoryBus(SITE, clock, broker=broker)
        feeder = Feeder(scenario, SITE, ProducedBy(service="replay", version="0"), timedelta())
        for when, messages in feeder.steps():
            await broker.settle(when)
            await collectors.publish_batch(messages)
            await broker.settle()
        await broker.settle(scenario.end)
        settings = load(
            Settings, environ={}, config_path=Path(os.devnull),
            overrides={"site": {"name": SITE}, "meta": {"tokenizer": "bytes"}},
        )  # fmt: skip
        bus = MemoryBus(SITE, clock, service="meta", broker=broker)
        await wire(settings, rehearsal_resources("meta", bus, MemoryStores(clock), clock, stack))
        yield Site(MemoryBus(SITE, clock, service="gateway", broker=broker), clock, broker)


pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_tasks_are_looked_after_though_nobody_asks(site: Site) -> None:
    await site.broker.settle(site.clock.now() + timedelta(minutes=16))
    [task] = (await site.bus.request(Endpoints.TASKS, TasksQuery())).items
    assert task.type is TaskType.MEMORY


async def test_the_summary_names_the_ill_host_its_score_and_the_issue(site: Site) -> None:
    report = await site.report(SummaryRequest(type=SummaryType.HEALTH, time_range=TimeRange.DAY))
    assert report.summary is not None
    worst = report.summary.health[0]
    [incident] = (await site.bus.request(Endpoints.INCIDENTS, IncidentsQuery())).items
    assert worst.device in incident.hosts
    assert worst.score == 100 - sum(point.points for point in worst.points) < 100
    assert worst.points[0].incident_id == incident.id
    issue = report.summary.top_issues[0]
    assert (issue.device, issue.type, issue.cause) == (worst.device, TaskType.MEMORY, incident.cause.id)
    assert worst.device in report.headline
    assert report.missing == []


async def test_the_task_is_one_part_with_the_evidence_that_its_vendor_asks_for(site: Site) -> None:
    report = await site.report(TasksRequest(time_range=TimeRange.WEEK))
    [task] = report.tasks
    [incident] = (await site.bus.request(Endpoints.INCIDENTS, IncidentsQuery())).items
    assert (task.type, task.component, task.urgency) == (TaskType.MEMORY, incident.cause.component, Urgency.NOW)
    assert task.bundle.evidence
    assert task.bundle.catalogue_action == incident.steps[0]
    assert task.first_seen <= task.last_seen
    assert [one.id for one in (await site.bus.request(Endpoints.TASKS, TasksQuery())).items] == [task.id]
    assert (await site.report(TasksRequest(time_range=TimeRange.WEEK))).id == report.id, "nothing has changed"
    other = await site.report(TasksRequest(time_range=TimeRange.WEEK, task_types=["power"]))
    assert other.tasks == []


async def test_the_root_cause_is_the_verdict_with_its_timeline_and_neighbours(site: Site) -> None:
    [incident] = (await site.bus.request(Endpoints.INCIDENTS, IncidentsQuery())).items
    device = incident.hosts[0]
    by_words = await site.report(RootCauseRequest(device=device, description="memory error, kernel panicked"))
    by_event = await site.report(RootCauseRequest(device=device, event_id=incident.id))
    for report in (by_words, by_event):
        found = report.root_cause
        assert found is not None
        assert (found.causes[0].cause, found.causes[0].by) == (incident.cause.id, "evidence")
        assert found.causes[0].incident_id == incident.id
        assert found.target_time is not None
        assert {one.id for one in found.timeline}
        assert found.timeline == sorted(found.timeline, key=lambda one: (one.time, one.id))


async def test_a_healthy_neighbour_gets_no_cause_invented(site: Site) -> None:
    inventory = read(SCENARIO).inventory
    [incident] = (await site.bus.request(Endpoints.INCIDENTS, IncidentsQuery())).items
    well = next(entry.name for entry in inventory.host if entry.name not in incident.hosts)
    report = await site.report(RootCauseRequest(device=well, description="memory error"))
    assert report.root_cause is not None
    assert all(one.by == "description" for one in report.root_cause.causes)
    assert report.headline.startswith("Not proven")


async def test_each_report_is_kept_and_its_context_fits_a_small_model(site: Site) -> None:
    [incident] = (await site.bus.request(Endpoints.INCIDENTS, IncidentsQuery())).items
    for request in (SummaryRequest(), TasksRequest(), RootCauseRequest(device=incident.hosts[0])):
        await site.report(request)
    kept = (await site.bus.request(Endpoints.REPORTS, ReportsQuery())).items
    assert {one.kind.value for one in kept} == {"summary", "tasks", "root-cause"}
    for one in kept:
        report = await site.bus.request(Endpoints.REPORT, ReportQuery(id=one.id))
        assert report.context.tokens < MAX_CONTEXT_TOKENS
        assert report.markdown.startswith("# ")
