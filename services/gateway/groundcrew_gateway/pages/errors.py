"""Problems as pages: a person gets a sentence and a way on, whoever is not signed in the way to sign in."""

from urllib.parse import quote

from fastapi import Request
from starlette.responses import RedirectResponse, Response

from groundcrew_gateway.access import SAFE_METHODS
from groundcrew_gateway.pages.render import draw
from groundcrew_gateway.problems import Problem, is_openai


def wants_page(request: Request) -> bool:
    path = request.url.path
    return not path.startswith("/api/") and not is_openai(path) and "text/html" in request.headers.get("accept", "")


def problem_page(request: Request, problem: Problem) -> Response:
    if problem.status == 401:
        query = f"?{request.url.query}" if request.url.query else ""
        target = request.url.path + query if request.method in SAFE_METHODS else "/"
        # a browser takes the fragment along: a login link may point at any page
        return RedirectResponse(f"/login?next={quote(target, safe='')}", 303)
    return draw(request, "problem.html", status=problem.status, problem=problem)
