"""What is remembered: earlier incidents and what helped, decisions, the fleet, runbooks."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import Response

from groundcrew.contracts.identity import Entity
from groundcrew.contracts.knowledge import Augmented, AugmentQuery, Collection, Remember, Remembered
from groundcrew.contracts.queries import Endpoints
from groundcrew_gateway.access import Operator, Viewer
from groundcrew_gateway.rest.once import once
from groundcrew_gateway.rest.parameters import Body, Text

router = APIRouter(prefix="/api/v1/knowledge", tags=["knowledge"])

CollectionName = Literal[
    "systems",
    "relationships",
    "issues",
    "decisions",
    "config_files",
    "knowledge",
    "codebase-context",
    "skills-patterns",
    "error-solutions",
    "interaction-history",
    "best-practices",
]
Question = Annotated[
    Text, Query(min_length=1, max_length=2_000, description="words to look for", examples=["PSU lost its input power"])
]
EntityFilter = Annotated[Entity | None, Query(description="only what is about it", examples=["host:brickbox-43"])]


class Lesson(Body):
    """A text to remember. The same `ref` in the same collection replaces what was there."""

    collection: CollectionName = Field("knowledge", examples=["knowledge"])
    text: Text = Field(min_length=1, max_length=20_000, examples=["Drain gpu-03 with gc-drain before touching PSU2."])
    ref: Text = Field(
        min_length=1, max_length=400, description="where it comes from", examples=["runbooks/drain-gpu-node.md"]
    )
    entity: Entity | None = Field(None, description="what it is about", examples=["host:gpu-03"])


@router.get("", operation_id="searchKnowledge", summary="Remembered texts that resemble these words, most alike first")
async def search_knowledge(
    caller: Viewer,
    q: Question,
    collection: Annotated[list[CollectionName] | None, Query(description="repeat for several; absent: all")] = None,
    entity: EntityFilter = None,
    limit: Annotated[int, Query(ge=1, le=50, description="texts at most")] = 8,
) -> Augmented:
    wanted = [Collection(name) for name in collection or []]
    return await caller.ask(Endpoints.AUGMENT, AugmentQuery(text=q, collections=wanted, entity=entity, limit=limit))


@router.post("", operation_id="addKnowledge", response_model=Remembered)
async def add_knowledge(request: Request, caller: Operator, body: Lesson) -> Response:
    """Remember a text of your own: a runbook, a configuration file, what a host is for."""
    lesson = Remember(
        collection=Collection(body.collection), text=body.text, ref=body.ref, entity=body.entity, actor=caller.name
    )
    return await once(request, caller, lambda: caller.ask(Endpoints.REMEMBER, lesson))
