"""Signing in and out with a form, for browsers with and without JavaScript."""

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from starlette.responses import RedirectResponse, Response

from groundcrew_gateway.access import check_key, require_same_origin
from groundcrew_gateway.pages.render import draw, safe_path
from groundcrew_gateway.problems import Problem
from groundcrew_gateway.rest.sessions import sign_in, sign_out

router = APIRouter(include_in_schema=False)


@router.get("/login")
async def login_form(request: Request, next: Annotated[str, Query(max_length=2_000)] = "/") -> Response:  # noqa: A002 - the address says 'next'
    return draw(request, "login.html", target=safe_path(next), error="")


@router.post("/login")
async def login(
    request: Request,
    key: Annotated[str, Form(max_length=200)] = "",
    target: Annotated[str, Form(max_length=2_000)] = "/",
) -> Response:
    require_same_origin(request)
    try:
        found = await check_key(request, key.strip())
        response = RedirectResponse(safe_path(target), 303)
        await sign_in(request, response, found)
    except Problem as problem:
        return draw(request, "login.html", status=problem.status, target=safe_path(target), error=problem.detail)
    return response


@router.post("/logout")
async def logout(request: Request) -> Response:
    require_same_origin(request)
    response = RedirectResponse("/login", 303)
    await sign_out(request, response)
    return response
