"""Contract of the meta store. `postgres.PostgresMetaStore` and `memory.MemoryMetaStore` pass one suite."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from groundcrew.contracts.conversations import Analysis, Conversation, ConversationSummary, Said
from groundcrew.contracts.envelope import Envelope
from groundcrew.contracts.queries import (
    ConversationPage,
    ConversationsQuery,
    ReportPage,
    ReportsQuery,
    TaskPage,
    TasksQuery,
)
from groundcrew.contracts.reports import RepairTask, Report, ReportSummary
from groundcrew.stores.paging import BadCursor
from groundcrew.stores.port import Outbox

__all__ = [
    "MAX_CONVERSATIONS", "MAX_REPORTS", "MAX_TURNS", "BadCursor", "Changed", "MetaStore", "NotYours", "Opening",
    "summary_of", "task_size",
]  # fmt: skip

MAX_TURNS = 200
"""Turns of a conversation that are kept: its newest."""

MAX_CONVERSATIONS = 500
"""Conversations of one actor that are kept: those used last."""

MAX_REPORTS = 1_000
"""Reports of a site that are kept: the newest."""


def summary_of(report: ReportSummary) -> ReportSummary:
    """What a list shows of a report."""
    return ReportSummary.model_validate(report.model_dump(include=set(ReportSummary.model_fields)))


def task_size(task: RepairTask) -> int:
    """Roughly its bytes as JSON."""
    cited = sum(400 + len(one.text) + len(one.ref) for one in task.bundle.evidence)
    return 3_000 + cited + 200 * len(task.history) + 50 * len(task.counts)


class NotYours(Exception):
    """The conversation is another actor's."""


class Changed(Exception):
    """A repair task moved on from the revision that a change was made of."""


@dataclass(frozen=True, kw_only=True)
class Opening:
    """A conversation as it stands when turns are added to it; title and subject count for a new one only."""

    id: str
    actor: str
    title: str
    incident_id: str | None = None
    host: str | None = None


class MetaStore(Protocol):
    @property
    def outbox(self) -> Outbox: ...

    async def add_turns(self, site: str, opening: Opening, said: Sequence[Said]) -> ConversationSummary:
        """Append turns at once, in order, to a conversation that is made where there is none yet.

        What is beyond MAX_TURNS and MAX_CONVERSATIONS is dropped, oldest first. Raises NotYours.
        """

    async def conversation(self, site: str, conversation_id: str) -> Conversation | None: ...
    async def conversations(self, site: str, query: ConversationsQuery) -> ConversationPage:
        """Last used first. Raises BadCursor."""

    async def rename(self, site: str, conversation_id: str, title: str) -> ConversationSummary | None: ...
    async def delete(self, site: str, conversation_id: str) -> ConversationSummary | None:
        """Returns what was deleted, None where there was nothing."""

    async def add_analysis(self, site: str, analysis: Analysis, message: Envelope[Any]) -> Analysis:
        """Store an analysis with the message that tells it, at once; where its id is stored already nothing changes.
        Returns the stored one."""

    async def analysis(self, site: str, analysis_id: str) -> Analysis | None: ...
    async def newest_analysis(self, site: str, incident_id: str) -> Analysis | None: ...

    async def add_report(self, site: str, key: str, report: Report, tasks: Sequence[RepairTask] = ()) -> None:
        """Store a report and the repair tasks that it changed, at once. `key` names what was asked; of reports beyond
        MAX_REPORTS the oldest go. Raises Changed, and stores nothing, where a task moved on meanwhile."""

    async def report(self, site: str, report_id: str) -> Report | None: ...
    async def newest_report(self, site: str, key: str) -> Report | None: ...
    async def reports(self, site: str, query: ReportsQuery) -> ReportPage:
        """Newest first. Raises BadCursor."""

    async def task(self, site: str, task_id: str) -> RepairTask | None: ...
    async def tasks(self, site: str, query: TasksQuery) -> TaskPage:
        """Open before closed, the most urgent first. Raises BadCursor."""

    async def save_task(self, site: str, task: RepairTask) -> None:
        """Store the next revision of a task, or the first. Raises Changed."""

    async def forget(self, site: str, *, before: datetime) -> dict[str, int]:
        """Drop conversations not used, analyses and reports made, and repair tasks closed before; returns how many
        rows by table."""

    async def ping(self) -> None:
        """Returns while the store answers; raises StoreUnavailable."""

    async def close(self) -> None: ...
