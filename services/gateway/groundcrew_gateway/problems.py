"""Errors as RFC 9457 problem documents: one shape for all of the API."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import orjson
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response

from groundcrew.bus.port import BusUnavailable, RequestFailed
from groundcrew.contracts.queries import Failure
from groundcrew.stores.port import StoreUnavailable

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_S = 5

_OPENAI_TYPES = {401: "authentication_error", 403: "permission_error", 404: "not_found_error", 429: "rate_limit_error"}
_OPENAI_CODES = {401: "invalid_api_key", 403: "permission_denied", 429: "rate_limit_exceeded"}


class FieldError(BaseModel):
    """One field that was not what was expected."""

    location: str = Field(description="e.g. 'query.limit' or 'body.comment'", examples=["query.limit"])
    message: str = Field(examples=["Input should be less than or equal to 1000"])


class ProblemDocument(BaseModel):
    """RFC 9457, with the fields that did not validate and the request's id."""

    type: str = Field("about:blank", examples=["about:blank"])
    title: str = Field(examples=["Not Found"])
    status: int = Field(examples=[404])
    detail: str = Field(examples=["there is no incident 00000000000000000000000000000000"])
    instance: str = Field(examples=["/api/v1/incidents/00000000000000000000000000000000"])
    errors: list[FieldError] = Field(default_factory=list)
    request_id: str = Field(examples=["3f0f2f6c1f9d4d1aa3b5e0f4c1d2e3f4"])


class Problem(Exception):
    """Raised anywhere in a request: answer with this status and one sentence."""

    def __init__(
        self, status: int, detail: str, *, headers: dict[str, str] | None = None, param: str = "", code: str = ""
    ) -> None:
        """`param` and `code` are told under /v1 only: the field, and a word for programs."""
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = headers or {}
        self.param = param
        self.code = code


def problem_of(error: Exception) -> Problem | None:
    """How a failure of what stands behind the gateway reads to the caller; None where it is none."""
    match error:
        case Problem():
            return error
        case RequestFailed():
            headers = {"Retry-After": str(RETRY_AFTER_S)} if error.failure is Failure.UNAVAILABLE else {}
            return Problem(int(error.failure.value), error.reason, headers=headers)
        case StoreUnavailable() | BusUnavailable():
            return Problem(503, str(error), headers={"Retry-After": str(RETRY_AFTER_S)})
        case HTTPException():
            return Problem(error.status_code, str(error.detail), headers=dict(error.headers or {}))
    return None


def document(
    problem: Problem, *, instance: str, request_id: str, errors: list[FieldError] | None = None
) -> dict[str, Any]:
    return ProblemDocument(
        title=HTTPStatus(problem.status).phrase,
        status=problem.status,
        detail=problem.detail,
        instance=instance,
        errors=errors or [],
        request_id=request_id,
    ).model_dump()


def openai_error(problem: Problem) -> dict[str, Any]:
    """The shape that clients of the OpenAI protocol read."""
    kind = _OPENAI_TYPES.get(problem.status, "server_error" if problem.status >= 500 else "invalid_request_error")
    code = problem.code or _OPENAI_CODES.get(problem.status)
    return {"error": {"message": problem.detail, "type": kind, "param": problem.param or None, "code": code}}


def is_openai(path: str) -> bool:
    """Whether the OpenAI protocol is spoken there."""
    return path == "/v1" or path.startswith("/v1/")


def body_of(
    problem: Problem, *, path: str, request_id: str, errors: list[FieldError] | None = None
) -> tuple[bytes, str]:
    """An error's body and its media type, in the protocol of the place."""
    if is_openai(path):
        return orjson.dumps(openai_error(problem)), "application/json"
    return orjson.dumps(document(problem, instance=path, request_id=request_id, errors=errors)), MEDIA_TYPE


def respond(request: Request, problem: Problem, errors: list[FieldError] | None = None) -> Response:
    request_id = str(request.scope.get("groundcrew.request_id", ""))
    body, media_type = body_of(problem, path=request.url.path, request_id=request_id, errors=errors)
    return Response(body, problem.status, headers=problem.headers, media_type=media_type)


def field_errors(error: RequestValidationError) -> list[FieldError]:
    """Which fields, and what was expected; without the input, which may be long or a secret."""
    return [
        FieldError(location=".".join(str(part) for part in item["loc"]), message=str(item["msg"]))
        for item in error.errors()[:50]
    ]


def install(
    app: FastAPI, *, page: Callable[[Request, Problem], Response], wants_page: Callable[[Request], bool]
) -> None:
    """Answer every error with a problem document, or with a page where a person asked for one."""

    def answer(request: Request, problem: Problem, errors: list[FieldError] | None = None) -> Response:
        return page(request, problem) if wants_page(request) else respond(request, problem, errors)

    async def invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        errors = field_errors(error)
        first = f"{errors[0].location}: {errors[0].message}" if errors else "the request does not validate"
        if is_openai(request.url.path):
            field = errors[0].location.removeprefix("body.") if errors else ""
            return answer(request, Problem(400, first, param=field))
        return answer(request, Problem(422, first), errors)

    async def failed(request: Request, error: Exception) -> Response:
        problem = problem_of(error)
        assert problem is not None
        return answer(request, problem)

    app.add_exception_handler(RequestValidationError, invalid)
    for kind in (Problem, RequestFailed, StoreUnavailable, BusUnavailable, HTTPException):
        app.add_exception_handler(kind, failed)
