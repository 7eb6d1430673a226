"""One coroutine per endpoint."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing

from groundcrew.bus.port import BusUnavailable, RequestFailed, StreamFull
from groundcrew.contracts.conversations import (
    Analysis,
    Answer,
    AnswerPart,
    Conversation,
    ConversationSummary,
    Question,
)
from groundcrew.contracts.identity import random_id
from groundcrew.contracts.queries import (
    Analyse,
    AnalysisQuery,
    ConversationCommand,
    ConversationPage,
    ConversationQuery,
    ConversationsQuery,
    Failure,
    ReportPage,
    ReportQuery,
    ReportsQuery,
    TaskPage,
    TaskQuery,
    TasksQuery,
)
from groundcrew.contracts.reports import RepairTask, Report
from groundcrew.stores.meta.port import BadCursor, MetaStore
from groundcrew.stores.port import StoreUnavailable
from groundcrew_meta.analyst import Analyst
from groundcrew_meta.chat import Chat, title_of


class Answers:
    """What people may ask."""

    def __init__(
        self, *, site: str, chat: Chat, analyst: Analyst, store: MetaStore, publish: Callable[[], Awaitable[object]]
    ) -> None:
        self._site = site
        self._chat = chat
        self._analyst = analyst
        self._store = store
        self._publish = publish

    async def ask(self, question: Question) -> Answer:
        return await self._chat.whole(question)

    async def ask_stream(self, question: Question) -> AsyncGenerator[AnswerPart, None]:
        try:
            async with aclosing(self._chat.parts(question)) as parts:
                async for part in parts:
                    yield part
        except (StoreUnavailable, BusUnavailable, StreamFull) as error:
            raise RequestFailed(Failure.UNAVAILABLE, str(error)) from error

    async def conversations(self, query: ConversationsQuery) -> ConversationPage:
        try:
            return await self._store.conversations(self._site, query)
        except BadCursor as error:
            raise RequestFailed(Failure.INVALID, str(error)) from error

    async def conversation(self, query: ConversationQuery) -> Conversation:
        found = await self._store.conversation(self._site, query.id)
        if found is None or query.actor not in (None, found.actor):
            raise RequestFailed(Failure.NOT_FOUND, f"there is no conversation {query.id}")
        return found

    async def command(self, command: ConversationCommand) -> ConversationSummary:
        await self.conversation(ConversationQuery(id=command.id, actor=command.actor))
        if command.command == "rename":
            title = title_of(command.title)
            if not title:
                raise RequestFailed(Failure.INVALID, "title: at least one visible character is expected")
            changed = await self._store.rename(self._site, command.id, title)
        else:
            changed = await self._store.delete(self._site, command.id)
        if changed is None:
            raise RequestFailed(Failure.NOT_FOUND, f"there is no conversation {command.id}")
        return changed

    async def analysis(self, query: AnalysisQuery) -> Analysis:
        found = await self._store.newest_analysis(self._site, query.incident_id)
        if found is None:
            raise RequestFailed(Failure.NOT_FOUND, f"there is no analysis of incident {query.incident_id} yet")
        return found

    async def analyse(self, request: Analyse) -> Analysis:
        made = await self._analyst.analyse(
            request.incident_id,
            analysis_id=random_id(),
            reason=f"{request.actor} asked for it",
            deadline_s=request.deadline_s,
            cause=None,
        )
        await self._publish()
        return made


class Kept:
    """Reports and repair tasks as they are kept."""

    def __init__(self, site: str, store: MetaStore) -> None:
        self._site = site
        self._store = store

    async def reports(self, query: ReportsQuery) -> ReportPage:
        try:
            return await self._store.reports(self._site, query)
        except BadCursor as error:
            raise RequestFailed(Failure.INVALID, str(error)) from error

    async def report(self, query: ReportQuery) -> Report:
        found = await self._store.report(self._site, query.id)
        if found is None:
            raise RequestFailed(Failure.NOT_FOUND, f"there is no report {query.id}")
        return found

    async def tasks(self, query: TasksQuery) -> TaskPage:
        try:
            return await self._store.tasks(self._site, query)
        except BadCursor as error:
            raise RequestFailed(Failure.INVALID, str(error)) from error

    async def task(self, query: TaskQuery) -> RepairTask:
        found = await self._store.task(self._site, query.id)
        if found is None:
            raise RequestFailed(Failure.NOT_FOUND, f"there is no repair task {query.id}")
        return found
