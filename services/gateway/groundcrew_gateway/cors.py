"""Lets scripts of web pages elsewhere call /v1, where the operator names their origins. They need an API key: cookies
are not let through."""

from collections.abc import Sequence

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from groundcrew_gateway.problems import is_openai


class Cors:
    def __init__(self, app: ASGIApp, *, origins: Sequence[str]) -> None:
        self._app = app
        self._open = CORSMiddleware(
            app, allow_origins=origins, allow_methods=["GET", "POST"], allow_headers=["*"], max_age=600
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        inside = self._open if scope["type"] == "http" and is_openai(scope["path"]) else self._app
        await inside(scope, receive, send)
