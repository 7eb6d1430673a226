"""Silences as a page: what is in force and planned, who said so and why, and making and ending one."""

from typing import Annotated, Literal

from fastapi import APIRouter, Form, Request
from starlette.responses import Response

from groundcrew.contracts.queries import Endpoints, EndSilence, SilencePage, SilencesQuery
from groundcrew_gateway.access import Operator, Viewer
from groundcrew_gateway.pages.render import Asking, back, page
from groundcrew_gateway.rest.parameters import RecordId, Text
from groundcrew_gateway.rest.silences import NewSilence, add_silence

router = APIRouter(include_in_schema=False)
_HOUR_S = 3_600
_MOST_OVER = 100


@router.get("/silences")
async def silences(request: Request, caller: Viewer) -> Response:
    asking = Asking(caller)
    found = await asking.ask(Endpoints.SILENCES, SilencesQuery(over=True), SilencePage(items=[]))
    now = caller.gateway.clock.now()
    by_state = {state: [one for one in found.items if one.state(now) == state] for state in _STATES}
    by_state["over"] = by_state["over"][:_MOST_OVER]
    return await page(request, asking, "silences.html", here="hosts", by_state=by_state)


_STATES = ("in force", "planned", "over")


@router.post("/silences")
async def make(
    request: Request,
    caller: Operator,
    targets: Annotated[Text, Form(min_length=1, max_length=4_000)],
    why: Annotated[Text, Form(min_length=1, max_length=500)],
    hours: Annotated[float, Form(gt=0, le=92 * 24)],
    kind: Annotated[Literal["silence", "maintenance"], Form()] = "silence",
    rules: Annotated[Text, Form(max_length=4_000)] = "",
) -> Response:
    """Targets and rules are separated by commas or spaces."""
    wanted = NewSilence(
        kind=kind, targets=_split(targets)[:100], rules=_split(rules)[:100], duration_s=hours * _HOUR_S, why=why
    )
    await add_silence(caller, wanted)
    return back(request, caller, "/silences", "silenced")


@router.post("/silences/{silence_id}/end")
async def end(request: Request, caller: Operator, silence_id: RecordId) -> Response:
    await caller.ask(Endpoints.END_SILENCE, EndSilence(actor=caller.name, id=silence_id))
    return back(request, caller, "/silences", "unsilenced")


def _split(text: str) -> list[str]:
    return text.replace(",", " ").split()
