"""Chat: conversations at the left, what was said and the next question beside them. Works with forms alone."""

import asyncio
import re
from typing import Annotated, Literal

from fastapi import APIRouter, Form, Query, Request
from starlette.responses import RedirectResponse, Response

from groundcrew.contracts.conversations import MAX_QUESTION, Conversation, Said
from groundcrew.contracts.identity import Id
from groundcrew.contracts.queries import (
    ConversationPage,
    ConversationQuery,
    ConversationsQuery,
    Endpoints,
    HostPage,
    HostsQuery,
    IncidentQuery,
)
from groundcrew_gateway.access import Caller, Viewer
from groundcrew_gateway.pages.render import Asking, address, back, page
from groundcrew_gateway.rest.conversations import DEADLINE_S, delete, put, question_of, rename
from groundcrew_gateway.rest.conversations import Asking as AskBody
from groundcrew_gateway.rest.parameters import HostFilter, RecordId, Text

router = APIRouter(include_in_schema=False)

MAX_LISTED = 100
MAX_HOSTS = 1_000
_FOR_FLEET = ("What is wrong right now?", "Which hosts need attention?", "What changed since yesterday?")
_FOR_ONE = ("Why did it happen?", "What should I do?", "What changed there since yesterday?", "Which services failed?")

IncidentFilter = Annotated[str | None, Query(pattern=r"^[0-9a-f]{32}$")]


@router.get("/chat")
async def new_chat(
    request: Request, caller: Viewer, host: HostFilter = None, incident: IncidentFilter = None
) -> Response:
    return await _chat(request, caller, None, host=host or "", incident_id=incident)


@router.get("/chat/{conversation_id}")
async def one_chat(request: Request, caller: Viewer, conversation_id: RecordId, host: HostFilter = None) -> Response:
    query = ConversationQuery(id=conversation_id, actor=caller.name)
    conversation = await caller.ask(Endpoints.CONVERSATION, query)
    about = conversation.host or host or ""
    return await _chat(request, caller, conversation, host=about, incident_id=conversation.incident_id)


async def _chat(
    request: Request, caller: Caller, conversation: Conversation | None, *, host: str, incident_id: str | None
) -> Response:
    asking = Asking(caller)
    listed, hosts, title = await asyncio.gather(
        asking.ask(
            Endpoints.CONVERSATIONS, ConversationsQuery(actor=caller.name, limit=MAX_LISTED), ConversationPage(items=[])
        ),
        asking.ask(Endpoints.HOSTS, HostsQuery(limit=MAX_HOSTS), HostPage(items=[])),
        _title(asking, incident_id),
    )
    return await page(
        request,
        asking,
        "chat.html",
        here="chat",
        conversation=conversation,
        conversations=listed.items,
        hosts=[one.name for one in hosts.items],
        host=host,
        incident_id=incident_id,
        incident_title=title,
        follow_ups=_FOR_ONE if host or incident_id or _cites(conversation) else _FOR_FLEET,
        max_question=MAX_QUESTION,
    )


def _cites(conversation: Conversation | None) -> bool:
    """Whether the newest answer is about something in particular."""
    return conversation is not None and bool(conversation.said) and bool(conversation.said[-1].citations)


async def _title(asking: Asking, incident_id: str | None) -> str:
    if incident_id is None:
        return ""
    detail = await asking.ask(Endpoints.INCIDENT, IncidentQuery(id=incident_id), None)
    return detail.incident.title if detail else "an incident"


@router.post("/chat")
async def say(
    request: Request,
    caller: Viewer,
    text: Annotated[Text, Form(max_length=MAX_QUESTION)] = "",
    follow: Annotated[Text, Form(max_length=200)] = "",
    conversation_id: Annotated[Id | Literal[""], Form()] = "",
    incident_id: Annotated[Id | Literal[""], Form()] = "",
    host: Annotated[Text, Form(max_length=256)] = "",
) -> Response:
    """A question sent as a form: the page comes back once the answer is whole."""
    asked = follow or text.strip()
    if not asked:
        return back(request, caller, "/chat", "")
    body = AskBody(
        text=asked,
        conversation_id=conversation_id or None,
        incident_id=incident_id or None,
        host=host.strip() or None,
        deadline_s=DEADLINE_S,
    )
    answer = await put(caller, question_of(caller, body))
    return RedirectResponse(address(caller, f"/chat/{answer.conversation_id}") + "#newest", 303)


@router.post("/chat/{conversation_id}/{what}")
async def change(
    caller: Viewer,
    conversation_id: RecordId,
    what: Literal["rename", "delete"],
    title: Annotated[Text, Form(max_length=200)] = "",
) -> Response:
    if what == "delete":
        await delete(caller, conversation_id)
        return RedirectResponse(address(caller, "/chat", said="deleted"), 303)
    if title.strip():
        await rename(caller, conversation_id, title)
    return RedirectResponse(address(caller, f"/chat/{conversation_id}"), 303)


@router.get("/chat/{conversation_id}/export")
async def export(caller: Viewer, conversation_id: RecordId) -> Response:
    """The conversation as a Markdown file."""
    query = ConversationQuery(id=conversation_id, actor=caller.name)
    conversation = await caller.ask(Endpoints.CONVERSATION, query)
    name = re.sub(r"[^a-z0-9]+", "-", conversation.title.lower()).strip("-")[:60] or "conversation"
    headers = {"Content-Disposition": f'attachment; filename="{name}.md"'}
    return Response(as_markdown(conversation), media_type="text/markdown; charset=utf-8", headers=headers)


def as_markdown(conversation: Conversation) -> str:
    parts = [f"# {conversation.title}", *(_turn(one, conversation.actor) for one in conversation.said)]
    return "\n\n".join(parts) + "\n"


def _turn(said: Said, actor: str) -> str:
    who = actor if said.role == "user" else f"Groundcrew{f' with {said.model}' if said.model else ''}"
    text = said.text if said.role == "assistant" else "\n".join(f"> {line}" for line in said.text.splitlines())
    cited = "\n".join(f"- [{number}] {one.kind} `{one.id}`: {one.text}" for number, one in enumerate(said.citations, 1))
    head = f"## {who}, {said.time:%Y-%m-%d %H:%M:%S} UTC"
    return "\n\n".join(part for part in (head, text, cited) if part)
