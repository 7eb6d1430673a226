"""Questions to meta: conversations, analyses, reports, repair tasks."""

from typing import Literal

from pydantic import Field

from groundcrew.contracts.conversations import ConversationSummary
from groundcrew.contracts.envelope import Record
from groundcrew.contracts.identity import Id
from groundcrew.contracts.queries.endpoint import Actor, Paged
from groundcrew.contracts.report_requests import ReportRequest
from groundcrew.contracts.reports import RepairTask, ReportKind, ReportSummary, TaskState, TaskType


class ConversationsQuery(Paged):
    """Newest first."""

    actor: str | None = Field(None, description="only this person's")


class ConversationPage(Record):
    items: list[ConversationSummary]
    next: str | None = None


class ConversationQuery(Record):
    id: Id
    actor: str | None = Field(None, description="NOT_FOUND where it is another person's")


class ConversationCommand(Record):
    id: Id
    actor: Actor
    command: Literal["rename", "delete"]
    title: str = Field("", max_length=200)


class AnalysisQuery(Record):
    """The newest analysis of an incident."""

    incident_id: Id


class Analyse(Record):
    """Make an analysis now."""

    incident_id: Id
    actor: Actor
    deadline_s: float = Field(60, gt=0, le=600)


class MakeReport(Record):
    """Make a report now, or tell the one again that was made of the same data."""

    actor: Actor
    request: ReportRequest
    anew: bool = Field(False, description="make it although nothing has changed")


class ReportsQuery(Paged):
    """Newest first."""

    kind: ReportKind | None = None


class ReportPage(Record):
    items: list[ReportSummary]
    next: str | None = None


class ReportQuery(Record):
    id: Id


class TasksQuery(Paged):
    """Repair tasks as they were last looked at, the most urgent first."""

    states: list[TaskState] = Field(default_factory=list, description="empty: all")
    types: list[TaskType] = Field(default_factory=list, description="empty: all")
    device: str | None = Field(None, max_length=260)


class TaskPage(Record):
    items: list[RepairTask]
    next: str | None = None


class TaskQuery(Record):
    id: Id


class CloseTask(Record):
    """A person tells what proves that a part is repaired."""

    id: Id
    actor: Actor
    proof: str = Field(min_length=1, max_length=2_000, description="what was done and how it was seen to be well")
