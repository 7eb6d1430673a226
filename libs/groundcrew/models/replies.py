"""Reading what a model server sent: it may be anything. Pure."""

import re
from functools import lru_cache
from typing import Any

import orjson
from pydantic import BaseModel, Field, ValidationError

from groundcrew.contracts.completions import CompletionOutcome
from groundcrew.models.port import ModelFailed, Prompt, Said
from groundcrew.telemetry.redaction import redact_text

MAX_NAME = 200
MAX_QUOTED = 200
"""Characters of a server's own words that an error repeats."""

CHARACTERS_PER_TOKEN = 64
"""No token of any vocabulary in use is longer on average; an answer beyond that is one without an end."""

_UNPRINTABLE = re.compile(r"[^\x20-\x7e\xa0-\ud7ff\ue000-\uffff]+")


class Usage(BaseModel):
    prompt_tokens: int = Field(ge=0, lt=2**31)
    completion_tokens: int = Field(ge=0, lt=2**31)


class _Message(BaseModel):
    content: str | None = None


class _Choice(BaseModel):
    message: _Message
    finish_reason: str | None = None


class _Reply(BaseModel):
    choices: list[_Choice] = Field(min_length=1)
    model: str = ""
    usage: Usage | None = None


class _Delta(BaseModel):
    content: str | None = None


class _PartChoice(BaseModel):
    delta: _Delta
    finish_reason: str | None = None


class Part(BaseModel):
    """One event of a streamed answer; the last one may carry the usage and no choice."""

    choices: list[_PartChoice] = Field(default_factory=list)
    model: str = ""
    usage: Usage | None = None


class _Listed(BaseModel):
    id: str = Field(min_length=1)


class _Models(BaseModel):
    data: list[_Listed] = Field(min_length=1)


class _Template(BaseModel):
    prompt: str


class _Tokens(BaseModel):
    tokens: list[int]


def malformed(reason: str) -> ModelFailed:
    return ModelFailed(CompletionOutcome.MALFORMED, reason)


def quoted(text: str) -> str:
    """A server's words on one line, without what must not be shown, bounded."""
    return redact_text(_UNPRINTABLE.sub(" ", text[: 4 * MAX_QUOTED])).strip()[:MAX_QUOTED]


def read_reply(body: bytes, prompt: Prompt) -> Said:
    """A whole answer out of a reply's body."""
    try:
        reply = _Reply.model_validate_json(body)
    except ValidationError as error:
        raise malformed(f"the reply is no chat completion: {_first(error)}") from None
    choice = reply.choices[0]
    return finished(
        prompt, choice.message.content or "", model=reply.model, reason=choice.finish_reason or "", usage=reply.usage
    )


def read_part(event: Any) -> Part:
    """One event of a stream, as plain data."""
    try:
        return Part.model_validate(event)
    except ValidationError as error:
        raise malformed(f"an event of the stream is no part of a completion: {_first(error)}") from None


def read_model(body: bytes) -> str:
    """The first name of a list of models."""
    try:
        listed = _Models.model_validate_json(body)
    except ValidationError as error:
        raise malformed(f"the list of models is none: {_first(error)}") from None
    return quoted(listed.data[0].id)


def read_template(body: bytes) -> str | None:
    """The prompt that llama.cpp makes of messages, None where the body is something else."""
    try:
        return _Template.model_validate_json(body).prompt
    except ValidationError:
        return None


def read_tokens(body: bytes) -> int | None:
    try:
        return len(_Tokens.model_validate_json(body).tokens)
    except ValidationError:
        return None


def finished(prompt: Prompt, text: str, *, model: str, reason: str, usage: Usage | None) -> Said:
    """The answer once it is whole. Raises ModelFailed where it is empty, endless, or does not fit the schema."""
    check_length(prompt, len(text))
    if not text.strip():
        raise malformed("the answer is empty")
    return Said(
        text=text,
        answer=_fitting(prompt, text, reason) if prompt.answer_schema is not None else None,
        model=quoted(model)[:MAX_NAME],
        finish_reason=quoted(reason)[:40],
        prompt_tokens=usage.prompt_tokens if usage else None,
        completion_tokens=usage.completion_tokens if usage else None,
    )


def check_length(prompt: Prompt, length: int) -> None:
    """Raises where the server sends more characters than were asked for."""
    if length > prompt.max_tokens * CHARACTERS_PER_TOKEN:
        raise malformed(f"the answer has more than {prompt.max_tokens} tokens could hold")


def _fitting(prompt: Prompt, text: str, reason: str) -> dict[str, Any]:
    try:
        answer = orjson.loads(text)
    except orjson.JSONDecodeError:
        cut = f": it was cut off after {prompt.max_tokens} tokens" if reason == "length" else ""
        raise malformed(f"the answer is no JSON{cut}") from None
    if not isinstance(answer, dict):
        raise malformed("the answer is no JSON object")
    assert prompt.answer_schema is not None
    if (wrong := _misfit(orjson.dumps(prompt.answer_schema, option=orjson.OPT_SORT_KEYS), answer)) is not None:
        raise malformed(f"the answer does not fit the schema: {wrong}")
    return answer


def _misfit(schema: bytes, answer: dict[str, Any]) -> str | None:
    """Where the answer differs from the schema, None where it fits."""
    error = next(iter(_validator(schema).iter_errors(answer)), None)
    if error is None:
        return None
    place = ".".join(str(part) for part in error.absolute_path) or "the object"
    return quoted(f"{place}: {error.message}")


@lru_cache(maxsize=32)
def _validator(schema: bytes) -> Any:
    from jsonschema import Draft202012Validator

    return Draft202012Validator(orjson.loads(schema))


def check_schema(schema: dict[str, Any]) -> None:
    """Raises ValueError where the schema itself is none, or describes something else than an object."""
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import SchemaError

    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        msg = f"answer_schema: {quoted(error.message)}"
        raise ValueError(msg) from None
    if schema.get("type") != "object":
        msg = "answer_schema: expected a schema with type 'object'"
        raise ValueError(msg)


def _first(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    return quoted(f"{place}: {first['msg']}" if place else first["msg"])
