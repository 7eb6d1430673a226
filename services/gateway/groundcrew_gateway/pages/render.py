"""One way to make a page: templates with autoescape always on, and what every page's frame needs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote, urlencode, urlsplit

from fastapi import Request
from jinja2 import Environment, PackageLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup
from starlette.responses import HTMLResponse, RedirectResponse, Response

from groundcrew.bus.port import RequestFailed
from groundcrew.contracts.actions import AutonomyLevel
from groundcrew.contracts.conversations import Citation
from groundcrew.contracts.envelope import Record
from groundcrew.contracts.queries import Autonomy, Endpoint, Endpoints, Failure, SetAutonomy
from groundcrew_gateway.access import Caller
from groundcrew_gateway.gateway import gateway_of
from groundcrew_gateway.pages import wording

STATIC = Path(__file__).parent.parent / "static"
SAID = {
    "approved": "Approved. It runs once; the result appears here.",
    "rejected": "Rejected. Nothing runs.",
    "acknowledged": "Acknowledged under your name.",
    "resolved": "Resolved under your name.",
    "mitigated": "Mitigated: new evidence opens it again.",
    "maintained": "In maintenance: new evidence is kept and opens nothing again.",
    "reopened": "Opened again.",
    "assigned": "The owner stands on it.",
    "noted": "The note stands in the history.",
    "deleted": "The conversation is deleted.",
    "analysed": "The analysis is made.",
    "analysing": "The analysis is being made; it appears here.",
    "stopped": "All actions are stopped. Nothing runs until an admin releases the stop.",
    "released": "The stop is released.",
    "silenced": "Silenced under your name.",
    "syncing": "Its event logs are read once more, beginning with the next look.",
    "unsilenced": "The silence is ended; what is still so is raised within moments.",
    "level": "The autonomy level is set.",
    "repaired": "The task is closed under your name. New evidence opens it again.",
}
"""What a page says after a form was sent; the address carries the key, never the text."""

_UNSURE = Autonomy(level=AutonomyLevel.UNKNOWN, stopped=False, waiting=0)

Q = TypeVar("Q", bound=Record)
R = TypeVar("R", bound=Record)
T = TypeVar("T")


@dataclass
class Asking:
    """Asks owners for the parts of one page. An owner that does not answer is named on it; the rest is shown."""

    caller: Caller
    missing: dict[str, str] = field(default_factory=dict)

    async def ask(self, endpoint: Endpoint[Q, R], request: Q, otherwise: T) -> R | T:
        try:
            return await self.caller.ask(endpoint, request)
        except RequestFailed as error:
            if error.failure not in (Failure.UNAVAILABLE, Failure.INTERNAL):
                raise
            self.missing.setdefault(endpoint.owner, error.reason)
            return otherwise


def templates() -> Environment:
    """Text from machines is hostile until escaped, so nothing is ever taken as markup."""
    environment = Environment(
        loader=PackageLoader("groundcrew_gateway"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "ago": _ago,
        "at": _at,
        "clock": wording.clock_tag,
        "exact": wording.exact,
        "mark": wording.mark,
        "command": wording.command,
        "quantity": wording.quantity,
        "duration": wording.duration,
        "health_word": wording.health_word,
        "segment": _segment,
    }
    environment.globals |= {"words": _words, "cited": _cited, "link": _link, "asset": _assets(), "said_texts": SAID}
    return environment


@pass_context
def _ago(context: Context, when: Any) -> Markup:
    return wording.time_tag(when, context["now"])


@pass_context
def _at(context: Context, when: Any) -> Markup:
    return wording.at_tag(when, context["now"])


@pass_context
def _link(context: Context, path: str, **parameters: Any) -> str:
    """A path of ours with its query; the site goes along unless it is the key's own default."""
    return address(context.get("viewer"), path, **parameters)


@pass_context
def _cited(context: Context, citation: Citation) -> str:
    """The page of what is cited; empty where there is none."""
    if citation.incident_id is None:
        return ""
    where = address(context.get("viewer"), f"/incidents/{citation.incident_id}")
    return f"{where}#e-{citation.id}" if citation.kind == "evidence" else where


@pass_context
def _words(context: Context, text: str, citations: Sequence[Citation]) -> Markup:
    """Markdown of meta; imported when a page first shows some."""
    from groundcrew_gateway.pages.markdown import render

    return render(text, citations, lambda one: _cited(context, one))


def address(caller: Caller | None, path: str, **parameters: Any) -> str:
    query = {name: value for name, value in parameters.items() if value not in (None, "")}
    if caller is not None and caller.site != caller.key.sites[0]:
        query.setdefault("site", caller.site)
    return f"{path}?{urlencode(query, doseq=True)}" if query else path


def _segment(text: str) -> str:
    return quote(text, safe="")


def _assets() -> Mapping[str, str]:
    """Addresses of our own files with a digest, so that browsers may keep them for ever."""
    return {
        file.name: f"/static/{file.name}?v={sha256(file.read_bytes()).hexdigest()[:12]}"
        for file in sorted(STATIC.iterdir())
    }


async def page(
    request: Request, asking: Asking, template: str, *, here: str, status: int = 200, **values: Any
) -> Response:
    """Render a page in its frame, for a caller who is signed in."""
    caller = asking.caller
    autonomy = await asking.ask(Endpoints.AUTONOMY, SetAutonomy(actor=caller.name), _UNSURE)
    return draw(
        request,
        template,
        status=status,
        viewer=caller,
        here=here,
        autonomy=autonomy,
        missing=asking.missing,
        **values,
    )


def draw(request: Request, template: str, *, status: int = 200, **values: Any) -> Response:
    environment: Environment = request.app.state.templates
    frame = {
        "now": gateway_of(request).clock.now(),
        "said": SAID.get(request.query_params.get("said", ""), ""),
        "q": request.query_params.get("q", "")[:200],
        "path": request.url.path,
    }
    return HTMLResponse(environment.get_template(template).render(**(frame | values)), status)


def back(request: Request, caller: Caller, fallback: str, said: str) -> Response:
    """After a form: to the page it stood on, with a word about what happened."""
    came_from = urlsplit(request.headers.get("referer", ""))
    own = came_from.netloc == request.headers.get("host") and came_from.path.startswith("/")
    path = came_from.path if own else fallback
    return RedirectResponse(address(caller, safe_path(path), said=said), 303)


def safe_path(path: str) -> str:
    """A path on this host, '/' for whatever could lead elsewhere."""
    own = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable() and "\\" not in path
    return path if own else "/"
