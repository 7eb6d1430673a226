"""What every meta store does with reports and repair tasks."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from groundcrew.contracts.identity import stable_id
from groundcrew.contracts.incidents import Severity
from groundcrew.contracts.queries import ReportsQuery, TasksQuery
from groundcrew.contracts.report_requests import SummaryRequest, TasksRequest
from groundcrew.contracts.reports import (
    RepairBundle,
    RepairTask,
    Report,
    ReportContext,
    ReportKind,
    TaskState,
    TaskType,
    Urgency,
)
from groundcrew.stores.meta import port
from groundcrew.stores.meta.port import BadCursor, Changed, MetaStore

SITE = "default"
T0 = datetime(2026, 3, 1, 2, 36, tzinfo=UTC)
HOSTILE = "Ünïcode, a NUL \x00 and <b>markup</b>"


def report(number: int = 1, **changes: Any) -> Report:
    plain = Report(
        id=stable_id("report", number), kind=ReportKind.SUMMARY, title=HOSTILE, time=T0 + timedelta(minutes=number),
        actor="ada", since=T0, until=T0 + timedelta(days=1), headline=HOSTILE, request=SummaryRequest(),
        data_revision=stable_id("data", number), markdown=HOSTILE,
        context=ReportContext(text=HOSTILE, tokens=9, evidence_ids=[stable_id("e", 1)]), tasks=[task(number)],
    )  # fmt: skip
    return plain.model_copy(update=changes)


def task(number: int = 1, revision: int = 1, **changes: Any) -> RepairTask:
    bundle = RepairBundle(
        host="gpu-03", part="PSU2", slot="PSU2", component_class="psu", count=1, first_seen=T0, last_seen=T0,
        cause="psu.input_lost", catalogue_action=HOSTILE,
    )  # fmt: skip
    plain = RepairTask(
        id=stable_id("task", number), revision=revision, state=TaskState.OPEN, type=TaskType.POWER, device="gpu-03",
        component_class="psu", component="PSU2", severity=Severity.CRITICAL, urgency=Urgency.NOW, issue=HOSTILE,
        action=HOSTILE, count=1, first_seen=T0, last_seen=T0 + timedelta(minutes=number), opened_at=T0, bundle=bundle,
    )  # fmt: skip
    return plain.model_copy(update=changes)


async def test_a_report_comes_back_as_it_was_made(store: MetaStore) -> None:
    asked = report(request=TasksRequest(devices=["rack:r7"], task_types=["gpu"]), kind=ReportKind.TASKS)
    await store.add_report(SITE, "key", asked)
    assert await store.report(SITE, asked.id) == asked
    assert await store.report(SITE, stable_id("report", 2)) is None
    assert await store.report("other", asked.id) is None


async def test_of_one_question_the_newest_report_is_found(store: MetaStore) -> None:
    for number, key in ((1, "one"), (3, "one"), (2, "one"), (9, "two")):
        await store.add_report(SITE, key, report(number))
    assert await store.newest_report(SITE, "one") == report(3)
    assert await store.newest_report(SITE, "three") is None
    assert await store.newest_report("other", "one") is None


async def test_reports_are_listed_newest_first_in_pages_and_by_kind(store: MetaStore) -> None:
    for number in range(5):
        kind = ReportKind.TASKS if number == 2 else ReportKind.SUMMARY
        await store.add_report(SITE, "key", report(number, kind=kind))
    first = await store.reports(SITE, ReportsQuery(limit=2))
    rest = await store.reports(SITE, ReportsQuery(limit=100, cursor=first.next))
    assert [one.id for one in first.items + rest.items] == [stable_id("report", n) for n in (4, 3, 2, 1, 0)]
    assert rest.next is None
    only = await store.reports(SITE, ReportsQuery(kind=ReportKind.TASKS))
    assert [one.id for one in only.items] == [stable_id("report", 2)]
    with pytest.raises(BadCursor):
        await store.reports(SITE, ReportsQuery(cursor="nonsense"))


async def test_beyond_the_bound_the_oldest_reports_go(store: MetaStore, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("memory", "postgres_reports"):
        monkeypatch.setattr(f"groundcrew.stores.meta.{module}.MAX_REPORTS", 3)
    assert port.MAX_REPORTS > 3
    for number in range(5):
        await store.add_report(SITE, "key", report(number))
    kept = (await store.reports(SITE, ReportsQuery())).items
    assert [one.id for one in kept] == [stable_id("report", n) for n in (4, 3, 2)]


async def test_tasks_are_stored_with_the_report_that_changed_them(store: MetaStore) -> None:
    await store.add_report(SITE, "key", report(1), [task(1), task(2)])
    assert await store.task(SITE, task(1).id) == task(1)
    with pytest.raises(Changed):
        await store.add_report(SITE, "key", report(2), [task(1, revision=2), task(2, revision=3)])
    assert await store.task(SITE, task(1).id) == task(1), "all of it or nothing"
    assert await store.report(SITE, report(2).id) is None
    await store.add_report(SITE, "key", report(2), [task(1, revision=2, issue="worse")])
    assert await store.task(SITE, task(1).id) == task(1, revision=2, issue="worse")


async def test_a_task_that_moved_on_is_not_overwritten(store: MetaStore) -> None:
    await store.save_task(SITE, task())
    for stale in (task(), task(revision=3)):
        with pytest.raises(Changed):
            await store.save_task(SITE, stale)
    both = await asyncio.gather(
        *(store.save_task(SITE, task(revision=2, issue=who)) for who in ("ada", "bob")), return_exceptions=True
    )
    assert sum(isinstance(one, Changed) for one in both) == 1, "one of two wins"


async def test_tasks_are_listed_the_most_urgent_first_and_closed_ones_last(store: MetaStore) -> None:
    closed = {"state": TaskState.CLOSED, "closed_at": T0}
    some = [
        task(1, **closed), task(2, urgency=Urgency.SOON), task(3), task(4, severity=Severity.WARNING),
        task(5, type=TaskType.GPU, device="gpu-04", state=TaskState.REOPENED),
    ]  # fmt: skip
    for one in some:
        await store.save_task(SITE, one)
    first = await store.tasks(SITE, TasksQuery(limit=2))
    rest = await store.tasks(SITE, TasksQuery(cursor=first.next))
    assert [one.id for one in first.items + rest.items] == [stable_id("task", n) for n in (5, 3, 4, 2, 1)]
    for query, numbers in (
        (TasksQuery(states=[TaskState.CLOSED]), [1]),
        (TasksQuery(states=[TaskState.OPEN, TaskState.REOPENED], types=[TaskType.GPU]), [5]),
        (TasksQuery(device="gpu-04"), [5]),
        (TasksQuery(device="a NUL \x00"), []),
    ):
        assert [one.id for one in (await store.tasks(SITE, query)).items] == [stable_id("task", n) for n in numbers]
    assert (await store.tasks("other", TasksQuery())).items == []
    with pytest.raises(BadCursor):
        await store.tasks(SITE, TasksQuery(cursor="nonsense"))


async def test_old_reports_and_tasks_closed_long_ago_are_forgotten_and_open_ones_never(store: MetaStore) -> None:
    await store.add_report(SITE, "key", report(1), [task(1), task(2, state=TaskState.CLOSED, closed_at=T0)])
    await store.add_report(SITE, "key", report(60))
    dropped = await store.forget(SITE, before=T0 + timedelta(minutes=30))
    assert (dropped["reports"], dropped["tasks"]) == (1, 1)
    assert [one.id for one in (await store.reports(SITE, ReportsQuery())).items] == [report(60).id]
    assert [one.id for one in (await store.tasks(SITE, TasksQuery())).items] == [task(1).id]
