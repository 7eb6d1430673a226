"""/v1/models and /v1/chat/completions, answered by meta."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import orjson
from fastapi import APIRouter, Request
from starlette.responses import Response

from groundcrew.bus.port import RequestFailed
from groundcrew.contracts.conversations import Answer, Question, Usage
from groundcrew.contracts.identity import random_id
from groundcrew.contracts.queries import Endpoints
from groundcrew.diagnosis.markdown import prose
from groundcrew_gateway.access import Caller, Viewer
from groundcrew_gateway.problems import Problem, openai_error, problem_of
from groundcrew_gateway.rest.conversations import IDLE_S, WAITING, event_stream, put
from groundcrew_gateway.v1.chats import MODEL, ChatRequest, question_of
from groundcrew_gateway.v1.side_requests import side_answer

router = APIRouter(prefix="/v1", include_in_schema=False)

CREATED = 1_767_225_600
"""When the model appeared, for clients that show it: the first day of 2026."""

_MODEL = {"id": MODEL, "object": "model", "created": CREATED, "owned_by": MODEL}


@router.get("/models")
async def models(caller: Viewer) -> dict[str, Any]:
    del caller
    return {"object": "list", "data": [_MODEL]}


@router.get("/models/{name}")
async def model(caller: Viewer, name: str) -> dict[str, Any]:
    del caller
    if name != MODEL:
        raise Problem(404, f"the model {name[:80]!r} does not exist", param="model", code="model_not_found")
    return _MODEL


@router.post("/chat/completions")
async def chat_completions(request: Request, caller: Viewer, body: ChatRequest) -> Response:
    head = {"id": f"chatcmpl-{random_id()}", "created": int(caller.gateway.clock.now().timestamp()), "model": MODEL}
    aside = side_answer(body.messages)
    if aside is not None:
        answer = _aside(aside)
        return (
            event_stream(_side_chunks(head, aside, usage=body.wants_usage)) if body.stream else _whole(head, answer, "")
        )
    question = question_of(body, caller.name)
    base = f"{request.url.scheme}://{request.headers.get('host', '')}"
    if body.stream:
        return event_stream(_chunks(caller, question, head, base, usage=body.wants_usage))
    answer = await put(caller, question)
    return _whole(head, answer, _tail(answer, base))


def _whole(head: dict[str, Any], answer: Answer, tail: str) -> Response:
    message = {"role": "assistant", "content": answer.text + tail, "refusal": None}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
    body = {**head, "object": "chat.completion", "choices": [choice], "usage": _usage(answer.usage)}
    return Response(orjson.dumps(body | {MODEL: _ours(answer)}), media_type="application/json")


async def _chunks(
    caller: Caller, question: Question, head: dict[str, Any], base: str, *, usage: bool
) -> AsyncGenerator[bytes, None]:
    """Chunks as the protocol wants them. A failure after the first is an event with an error in it."""
    yield _chunk(head, {"role": "assistant", "content": ""}, usage=usage)
    spent = Usage()
    try:
        async with aclosing(caller.listen(Endpoints.ASK_STREAM, question, idle_s=IDLE_S)) as parts:
            async for part in parts:
                if part.answer is not None:
                    spent = part.answer.usage
                    if tail := _tail(part.answer, base):
                        yield _chunk(head, {"content": tail}, usage=usage)
                else:
                    yield _chunk(head, {"content": part.text}, usage=usage) if part.text else WAITING
    except RequestFailed as failed:
        problem = problem_of(failed)
        assert problem is not None
        yield _data(openai_error(problem))
        return
    for end in _end(head, spent, usage=usage):
        yield end


async def _side_chunks(head: dict[str, Any], text: str, *, usage: bool) -> AsyncGenerator[bytes, None]:
    yield _chunk(head, {"role": "assistant", "content": text}, usage=usage)
    for end in _end(head, Usage(), usage=usage):
        yield end


def _end(head: dict[str, Any], spent: Usage, *, usage: bool) -> list[bytes]:
    ends = [_chunk(head, {}, usage=usage, finish="stop")]
    if usage:
        ends.append(_data({**head, "object": "chat.completion.chunk", "choices": [], "usage": _usage(spent)}))
    return [*ends, b"data: [DONE]\n\n"]


def _chunk(head: dict[str, Any], delta: dict[str, str], *, usage: bool, finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
    nothing_yet = {"usage": None} if usage else {}
    return _data({**head, "object": "chat.completion.chunk", "choices": [choice], **nothing_yet})


def _data(value: dict[str, Any]) -> bytes:
    return b"data: " + orjson.dumps(value) + b"\n\n"


def _tail(answer: Answer, base: str) -> str:
    """What a page of ours shows beside the text: where the marks lead, and what is missing."""
    lines = []
    for number, one in enumerate(answer.citations, start=1):
        where = f"{base}/incidents/{one.incident_id}" if one.incident_id else ""
        anchor = f"#e-{one.id}" if one.kind == "evidence" else ""
        text = prose(one.text) or one.kind
        lines.append(f"- [{number}] [{text}]({where}{anchor})" if where else f"- [{number}] {text}")
    sources = "\n\n**Sources**\n\n" + "\n".join(lines) if lines else ""
    missing = f"\n\n*{prose(answer.missing)}*" if answer.missing else ""
    return sources + missing


def _aside(text: str) -> Answer:
    return Answer(text=text, outcome="not-configured")


def _ours(answer: Answer) -> dict[str, Any]:
    """What the protocol has no place for, for clients that know us."""
    return answer.model_dump(mode="json", include={"citations", "outcome", "missing", "model"})


def _usage(spent: Usage) -> dict[str, int]:
    total = spent.prompt_tokens + spent.completion_tokens
    return {"prompt_tokens": spent.prompt_tokens, "completion_tokens": spent.completion_tokens, "total_tokens": total}
