"""The meta store in memory: for tests that need no server."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from groundcrew.contracts.clock import to_us
from groundcrew.contracts.conversations import Analysis, Conversation, ConversationSummary, Said
from groundcrew.contracts.envelope import Envelope, encode
from groundcrew.contracts.queries import (
    ConversationPage,
    ConversationsQuery,
    ReportPage,
    ReportsQuery,
    TaskPage,
    TasksQuery,
)
from groundcrew.contracts.reports import RepairTask, Report, ReportSummary
from groundcrew.stores.memory_outbox import MemoryOutbox
from groundcrew.stores.meta.port import (
    MAX_CONVERSATIONS,
    MAX_REPORTS,
    MAX_TURNS,
    Changed,
    NotYours,
    Opening,
    summary_of,
    task_size,
)
from groundcrew.stores.paging import cursor_of, cut_page, read_cursor


@dataclass
class _Site:
    conversations: dict[str, Conversation] = field(default_factory=dict)
    analyses: dict[str, Analysis] = field(default_factory=dict)
    reports: dict[str, tuple[str, Report]] = field(default_factory=dict)
    tasks: dict[str, RepairTask] = field(default_factory=dict)


def _order(one: ConversationSummary) -> tuple[int, str]:
    return to_us(one.updated_at), one.id


def _summary(one: Conversation) -> ConversationSummary:
    return ConversationSummary(**one.model_dump(exclude={"said"}))


def _age(one: ReportSummary) -> tuple[int, str]:
    return to_us(one.time), one.id


def _rank(one: RepairTask) -> tuple[int, str]:
    return one.rank, one.id


def _check(kept: _Site, task: RepairTask) -> None:
    stored = kept.tasks.get(task.id)
    if task.revision != (stored.revision if stored else 0) + 1:
        raise Changed(task.id)


class MemoryMetaStore:
    """Forgets everything with the process."""

    def __init__(self) -> None:
        self._sites: defaultdict[str, _Site] = defaultdict(_Site)
        self._outbox = MemoryOutbox()

    @property
    def outbox(self) -> MemoryOutbox:
        return self._outbox

    async def add_turns(self, site: str, opening: Opening, said: Sequence[Said]) -> ConversationSummary:
        kept = self._sites[site].conversations
        times = [one.time for one in said]
        known = kept.get(opening.id) or Conversation(
            id=opening.id,
            title=opening.title,
            actor=opening.actor,
            created_at=min(times),
            updated_at=max(times),
            turns=0,
            incident_id=opening.incident_id,
            host=opening.host,
            said=[],
        )
        if known.actor != opening.actor:
            raise NotYours(opening.id)
        turns = [*known.said, *said][-MAX_TURNS:]
        changed = known.model_copy(
            update={"said": turns, "turns": len(turns), "updated_at": max(known.updated_at, *times)}
        )
        kept[opening.id] = changed
        own = sorted((one for one in kept.values() if one.actor == opening.actor), key=_order, reverse=True)
        for old in own[MAX_CONVERSATIONS:]:
            del kept[old.id]
        return _summary(changed)

    async def conversation(self, site: str, conversation_id: str) -> Conversation | None:
        return self._sites[site].conversations.get(conversation_id)

    async def conversations(self, site: str, query: ConversationsQuery) -> ConversationPage:
        after = read_cursor(query.cursor)
        found = [one for one in self._sites[site].conversations.values() if query.actor in (None, one.actor)]
        found = [one for one in sorted(found, key=_order, reverse=True) if after is None or _order(one) < after]
        items = [_summary(one) for one in found[: query.limit]]
        return ConversationPage(items=items, next=cursor_of(*_order(items[-1])) if len(found) > query.limit else None)

    async def rename(self, site: str, conversation_id: str, title: str) -> ConversationSummary | None:
        kept = self._sites[site].conversations
        if conversation_id not in kept:
            return None
        kept[conversation_id] = kept[conversation_id].model_copy(update={"title": title})
        return _summary(kept[conversation_id])

    async def delete(self, site: str, conversation_id: str) -> ConversationSummary | None:
        gone = self._sites[site].conversations.pop(conversation_id, None)
        return _summary(gone) if gone else None

    async def add_analysis(self, site: str, analysis: Analysis, message: Envelope[Any]) -> Analysis:
        kept = self._sites[site].analyses
        if analysis.id not in kept:
            kept[analysis.id] = analysis
            self._outbox.put([encode(message)])
        return kept[analysis.id]

    async def analysis(self, site: str, analysis_id: str) -> Analysis | None:
        return self._sites[site].analyses.get(analysis_id)

    async def newest_analysis(self, site: str, incident_id: str) -> Analysis | None:
        found = [one for one in self._sites[site].analyses.values() if one.incident_id == incident_id]
        return max(found, key=lambda one: (one.time, one.id), default=None)

    async def add_report(self, site: str, key: str, report: Report, tasks: Sequence[RepairTask] = ()) -> None:
        kept = self._sites[site]
        for task in tasks:
            _check(kept, task)
        kept.tasks |= {task.id: task for task in tasks}
        kept.reports.setdefault(report.id, (key, report))
        for old in sorted(kept.reports, key=lambda one: _age(kept.reports[one][1]), reverse=True)[MAX_REPORTS:]:
            del kept.reports[old]

    async def report(self, site: str, report_id: str) -> Report | None:
        found = self._sites[site].reports.get(report_id)
        return found[1] if found else None

    async def newest_report(self, site: str, key: str) -> Report | None:
        found = [report for each, report in self._sites[site].reports.values() if each == key]
        return max(found, key=_age, default=None)

    async def reports(self, site: str, query: ReportsQuery) -> ReportPage:
        after = read_cursor(query.cursor)
        found = [one for _, one in self._sites[site].reports.values() if query.kind in (None, one.kind)]
        found = [one for one in sorted(found, key=_age, reverse=True) if after is None or _age(one) < after]
        items = [summary_of(one) for one in found[: query.limit]]
        return ReportPage(items=items, next=cursor_of(*_age(items[-1])) if len(found) > query.limit else None)

    async def task(self, site: str, task_id: str) -> RepairTask | None:
        return self._sites[site].tasks.get(task_id)

    async def tasks(self, site: str, query: TasksQuery) -> TaskPage:
        after = read_cursor(query.cursor)
        found = [
            one
            for one in sorted(self._sites[site].tasks.values(), key=_rank)
            if (not query.states or one.state in query.states)
            and (not query.types or one.type in query.types)
            and query.device in (None, one.device)
            and (after is None or _rank(one) > after)
        ]
        items, following = cut_page(found, query.limit, _rank, task_size)
        return TaskPage(items=items, next=following)

    async def save_task(self, site: str, task: RepairTask) -> None:
        kept = self._sites[site]
        _check(kept, task)
        kept.tasks[task.id] = task

    async def forget(self, site: str, *, before: datetime) -> dict[str, int]:
        kept = self._sites[site]
        old = [one.id for one in kept.conversations.values() if one.updated_at < before]
        past = [one.id for one in kept.analyses.values() if one.time < before]
        for conversation_id in old:
            del kept.conversations[conversation_id]
        for analysis_id in past:
            del kept.analyses[analysis_id]
        stale = [one.id for _, one in kept.reports.values() if one.time < before]
        for report_id in stale:
            del kept.reports[report_id]
        done = [one.id for one in kept.tasks.values() if one.closed_at is not None and one.closed_at < before]
        for task_id in done:
            del kept.tasks[task_id]
        return {"conversations": len(old), "analyses": len(past), "reports": len(stale), "tasks": len(done)}

    async def ping(self) -> None:
        """There is nothing that could be away."""

    async def close(self) -> None:
        """There is nothing to close."""
