"""Questions to meta, the conversations that keep them, and analyses of incidents."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

import orjson
from fastapi import APIRouter, Request
from pydantic import Field
from starlette.responses import Response, StreamingResponse

from groundcrew.bus.port import RequestFailed
from groundcrew.contracts.conversations import (
    MAX_QUESTION,
    Analysis,
    Answer,
    Conversation,
    ConversationSummary,
    Question,
)
from groundcrew.contracts.identity import Id
from groundcrew.contracts.queries import (
    Analyse,
    AnalysisQuery,
    ConversationCommand,
    ConversationPage,
    ConversationQuery,
    ConversationsQuery,
    Endpoints,
)
from groundcrew_gateway.access import Caller, Operator, Viewer
from groundcrew_gateway.problems import problem_of
from groundcrew_gateway.rest.once import once
from groundcrew_gateway.rest.parameters import Body, Cursor, Limit, RecordId, Text

router = APIRouter(prefix="/api/v1", tags=["conversations"])

SPARE_S = 10.0
"""Seconds beyond a model's deadline that meta may take for the rest."""

IDLE_S = 20.0
"""Seconds of silence after which a stream of meta is given up: it gives a sign of life every five."""

WAITING = b": waiting\n\n"
"""A comment of the event-stream format; it keeps proxies from giving up."""

DEADLINE_S = 60.0
_EVENT_STREAM = {"schema": {"type": "string"}}


class Asking(Body):
    """A question. Without `conversation_id` it begins a conversation, unless `keep` is false."""

    text: Text = Field(min_length=1, max_length=MAX_QUESTION, examples=["what is wrong with brickbox-43?"])
    conversation_id: Id | None = None
    keep: bool = True
    incident_id: Id | None = Field(None, description="what it is about")
    host: Text | None = Field(None, min_length=1, max_length=256, description="what it is about")
    max_tokens: int = Field(800, ge=1, le=16_384, description="tokens of a model's words at most")
    deadline_s: float = Field(DEADLINE_S, gt=0, le=600, description="seconds for a model; the rules answer anyway")


class NewTitle(Body):
    title: Text = Field(min_length=1, max_length=200, examples=["The feed of rack r7"])


class AnalysisRequest(Body):
    deadline_s: float = Field(DEADLINE_S, gt=0, le=600, description="seconds for a model; the report comes anyway")


def question_of(caller: Caller, body: Asking) -> Question:
    return Question(actor=caller.name, **body.model_dump())


@router.post("/ask", operation_id="ask", summary="Ask about the fleet, a host or an incident", response_model=Answer)
async def ask(request: Request, caller: Viewer, body: Asking) -> Response:
    """What the rules say, and a model's checked words where one answers in time."""
    question = question_of(caller, body)
    return await once(request, caller, lambda: put(caller, question))


async def put(caller: Caller, question: Question) -> Answer:
    return await caller.ask(Endpoints.ASK, question, timeout=question.deadline_s + SPARE_S)


@router.post(
    "/ask/stream",
    operation_id="askStream",
    summary="The same, in parts as they come",
    responses={
        200: {"description": "Server-sent events", "content": {"text/event-stream": {"schema": {"type": "string"}}}}
    },
    response_class=Response,
)
async def ask_stream(caller: Viewer, body: Asking) -> Response:
    """Events: `text` with `{"text": ...}` as often as there is some, `answer` with the whole at the end, or `problem`
    with `{"detail": ...}` instead."""
    return event_stream(_events(caller, question_of(caller, body)))


def event_stream(events: AsyncGenerator[bytes, None]) -> Response:
    return StreamingResponse(events, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})


async def _events(caller: Caller, question: Question) -> AsyncGenerator[bytes, None]:
    try:
        async with aclosing(caller.listen(Endpoints.ASK_STREAM, question, idle_s=IDLE_S)) as parts:
            async for part in parts:
                if part.answer is not None:
                    yield _event("answer", part.answer.model_dump(mode="json"))
                else:
                    yield _event("text", {"text": part.text}) if part.text else WAITING
    except RequestFailed as failed:
        problem = problem_of(failed)
        assert problem is not None
        yield _event("problem", {"status": problem.status, "detail": problem.detail})


def _event(name: str, data: object) -> bytes:
    return b"event: " + name.encode() + b"\ndata: " + orjson.dumps(data) + b"\n\n"


@router.get("/conversations", operation_id="listConversations", summary="The caller's own, last used first")
async def list_conversations(caller: Viewer, limit: Limit = 100, cursor: Cursor = None) -> ConversationPage:
    query = ConversationsQuery(actor=caller.name, limit=limit, cursor=cursor)
    return await caller.ask(Endpoints.CONVERSATIONS, query)


@router.get("/conversations/{conversation_id}", operation_id="getConversation", summary="One of the caller's own")
async def get_conversation(caller: Viewer, conversation_id: RecordId) -> Conversation:
    return await caller.ask(Endpoints.CONVERSATION, ConversationQuery(id=conversation_id, actor=caller.name))


@router.patch("/conversations/{conversation_id}", operation_id="renameConversation", summary="Give it another title")
async def rename_conversation(caller: Viewer, conversation_id: RecordId, body: NewTitle) -> ConversationSummary:
    return await rename(caller, conversation_id, body.title)


@router.delete("/conversations/{conversation_id}", operation_id="deleteConversation", summary="Delete it")
async def delete_conversation(caller: Viewer, conversation_id: RecordId) -> ConversationSummary:
    return await delete(caller, conversation_id)


async def rename(caller: Caller, conversation_id: str, title: str) -> ConversationSummary:
    command = ConversationCommand(id=conversation_id, actor=caller.name, command="rename", title=title)
    return await caller.ask(Endpoints.CONVERSATION_COMMAND, command)


async def delete(caller: Caller, conversation_id: str) -> ConversationSummary:
    command = ConversationCommand(id=conversation_id, actor=caller.name, command="delete")
    return await caller.ask(Endpoints.CONVERSATION_COMMAND, command)


@router.get(
    "/incidents/{incident_id}/analysis", operation_id="getAnalysis", summary="The newest analysis of an incident"
)
async def get_analysis(caller: Viewer, incident_id: RecordId) -> Analysis:
    return await caller.ask(Endpoints.ANALYSIS, AnalysisQuery(incident_id=incident_id))


@router.post(
    "/incidents/{incident_id}/analysis",
    operation_id="makeAnalysis",
    summary="Analyse an incident now",
    response_model=Analysis,
)
async def make_analysis(request: Request, caller: Operator, incident_id: RecordId, body: AnalysisRequest) -> Response:
    return await once(request, caller, lambda: analyse(caller, incident_id, body.deadline_s))


async def analyse(caller: Caller, incident_id: str, deadline_s: float) -> Analysis:
    command = Analyse(incident_id=incident_id, actor=caller.name, deadline_s=deadline_s)
    return await caller.ask(Endpoints.ANALYSE, command, timeout=deadline_s + SPARE_S)
