"""Silences and maintenance windows: listed, made and ended early, under the caller's name."""

from datetime import datetime, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from pydantic import AwareDatetime, Field, ValidationError
from starlette.responses import Response

from groundcrew.contracts.queries import AddSilence, Endpoints, EndSilence, SilencePage, SilencesQuery
from groundcrew.contracts.silences import MAX_DURATION, Silence, Window
from groundcrew_gateway.access import Caller, Operator, Viewer
from groundcrew_gateway.problems import Problem
from groundcrew_gateway.rest.once import once
from groundcrew_gateway.rest.parameters import Body, RecordId, Text

router = APIRouter(prefix="/api/v1/silences", tags=["silences"])


class NewSilence(Body):
    """What is to be silenced, from when (now, where it is not said), until when or for how long, and why."""

    kind: Literal["silence", "maintenance"] = "silence"
    targets: list[str] = Field(
        min_length=1,
        max_length=100,
        description="'host:NAME', 'bmc:NAME', 'role:NAME', 'rack:NAME', 'entity:KIND:NAME' or 'all'; names may have "
        "the wildcards * and ?",
        examples=[["host:brickbox-43"]],
    )
    rules: list[str] = Field(
        default_factory=list,
        max_length=100,
        description="only these: ids of rules or causes, with wildcards; empty: all",
        examples=[["nic.*"]],
    )
    starts_at: AwareDatetime | None = None
    ends_at: AwareDatetime | None = Field(None, description="this, or duration_s")
    duration_s: float | None = Field(None, gt=0, le=MAX_DURATION.total_seconds())
    why: Text = Field(min_length=1, max_length=500, examples=["new firmware, ticket 4711"])


@router.get(
    "", operation_id="listSilences", summary="What is silenced, planned, or was silenced", response_model=SilencePage
)
async def list_silences(
    caller: Viewer, over: Annotated[bool, Query(description="with those that are over")] = False
) -> SilencePage:
    return await caller.ask(Endpoints.SILENCES, SilencesQuery(over=over))


@router.post("", operation_id="addSilence", summary="Silence hosts for a while", response_model=Silence)
async def post_silence(request: Request, caller: Operator, body: NewSilence) -> Response:
    """Triggers are recorded meanwhile and open no incident. What is still so at the end is raised then."""
    return await once(request, caller, lambda: add_silence(caller, body))


@router.delete("/{silence_id}", operation_id="endSilence", summary="End a silence now", response_model=Silence)
async def delete_silence(caller: Operator, silence_id: RecordId) -> Silence:
    return await caller.ask(Endpoints.END_SILENCE, EndSilence(actor=caller.name, id=silence_id))


async def add_silence(caller: Caller, body: NewSilence) -> Silence:
    """Raises Problem 422 for times that make no sense."""
    if (body.ends_at is None) == (body.duration_s is None):
        raise Problem(422, "ends_at: expected this, or duration_s, and not both")
    starts_at = body.starts_at or caller.gateway.clock.now()
    ends_at: datetime = body.ends_at or starts_at + timedelta(seconds=body.duration_s or 0)
    try:
        window = Window(
            kind=body.kind,
            targets=body.targets,
            rules=body.rules,
            starts_at=starts_at,
            ends_at=ends_at,
            why=body.why,
        )
        return await caller.ask(Endpoints.ADD_SILENCE, AddSilence(actor=caller.name, window=window))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        told = str(first["msg"]).removeprefix("Value error, ")
        raise Problem(422, f"{place}: {told}" if place else told) from None
