"""Tools that ask meta and the memory of hybrid-coordinator."""

from typing import Annotated

from pydantic import Field

from groundcrew.contracts.conversations import Question
from groundcrew.contracts.knowledge import AugmentQuery, Collection
from groundcrew.contracts.queries import Endpoints
from groundcrew_mcp import parameters as given
from groundcrew_mcp import results as told
from groundcrew_mcp.asking import Asking
from groundcrew_mcp.caller import CALLER
from groundcrew_mcp.fence import fenced_output

GRACE_S = 10
"""What meta may take beyond the model's deadline: the rules' own answer comes anyway."""


class Knowing:
    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    async def ask(
        self,
        question: given.Words,
        incident_id: given.IncidentFilter = None,
        host: given.HostFilter = None,
        deadline_s: Annotated[float, Field(gt=0, le=120, description="seconds that a model may take")] = 60,
        site: given.SiteName = None,
    ) -> told.AnswerTold:
        """Ask Groundcrew about the fleet, a host or an incident. What its rules know comes first, with cited evidence;
        a model's words come on top where the site has one."""
        asked = Question(
            text=question,
            actor=f"mcp:{CALLER.get().name}"[:200],
            keep=False,
            incident_id=incident_id,
            host=host,
            deadline_s=deadline_s,
        )
        answer = await self._asking.ask(Endpoints.ASK, asked, site, timeout_s=deadline_s + GRACE_S)
        return told.AnswerTold(text=answer.text, cited=answer.cited, model=answer.model, missing=answer.missing)

    async def search_knowledge(
        self,
        text: given.Words,
        collections: Annotated[tuple[Collection, ...], Field(max_length=12, description="empty: all")] = (),
        limit: Annotated[int, Field(ge=1, le=20)] = 5,
        site: given.SiteName = None,
    ) -> told.Knowledge:
        """What is remembered that resembles a text: resolved incidents, decisions with outcomes, fixes, runbooks."""
        query = AugmentQuery(text=text, collections=list(collections), limit=limit)
        found = await self._asking.ask(Endpoints.AUGMENT, query, site)
        passages = [
            told.PassageTold(
                id=one.id,
                collection=one.collection.value,
                score=round(one.score, 3),
                text=fenced_output(one.text),
                entity=one.entity,
                ref=one.ref,
                time=one.time,
            )
            for one in found.passages
        ]
        return told.Knowledge(passages=passages, missing=found.missing)
