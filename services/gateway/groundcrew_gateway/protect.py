"""What holds for every request before any handler sees it: known host, bounded body, a request id, safe headers."""

import re
from urllib.parse import unquote_to_bytes

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.typing import FilteringBoundLogger

from groundcrew.contracts.clock import Clock
from groundcrew.contracts.identity import random_id
from groundcrew_gateway import problems
from groundcrew_gateway.meters import Meters
from groundcrew_gateway.rest.alerts import PATH as ALERTS
from groundcrew_gateway.settings import GatewaySection

PROBES = frozenset({"/healthz", "/readyz", "/metrics", "/version"})
"""Answered under any Host: a scraper on the inner network calls them by the service's name."""

_HEADERS = {
    b"content-security-policy": (
        b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        b"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    b"x-content-type-options": b"nosniff",
    # not 'no-referrer': browsers would then send 'Origin: null' with our own forms
    b"referrer-policy": b"same-origin",
    b"cross-origin-opener-policy": b"same-origin",
    b"cross-origin-resource-policy": b"same-origin",
    b"permissions-policy": b"camera=(), geolocation=(), microphone=()",
}
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"})
_REQUEST_ID = re.compile(r"[A-Za-z0-9-]{8,64}")


class Protect:
    """Outermost ASGI layer of the gateway."""

    def __init__(
        self, app: ASGIApp, *, settings: GatewaySection, meters: Meters, clock: Clock, log: FilteringBoundLogger
    ) -> None:
        self._app = app
        self._settings = settings
        self._meters = meters
        self._clock = clock
        self._log = log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        wanted = headers.get("x-request-id", "")
        scope["groundcrew.request_id"] = wanted if _REQUEST_ID.fullmatch(wanted) else random_id()
        refusal = self._refusal(scope, headers)
        if scope["type"] == "websocket":
            await self._websocket(scope, receive, send, refusal)
        else:
            await self._http(scope, receive, send, refusal)

    def _refusal(self, scope: Scope, headers: dict[str, str]) -> problems.Problem | None:
        if scope["path"] not in PROBES and not self._host_allowed(headers.get("host", "")):
            return problems.Problem(421, "the Host header names no host of this gateway; see gateway.allowed_hosts")
        if b"\0" in unquote_to_bytes(scope.get("query_string", b"")) or "\0" in scope["path"]:
            return problems.Problem(400, "the address holds a NUL character")
        length = headers.get("content-length", "0")
        if not length.isdigit() or int(length) > self._limit(scope):
            return problems.Problem(413, f"the body may hold {self._limit(scope)} bytes at most")
        return None

    def _limit(self, scope: Scope) -> int:
        """Bytes of a body at most."""
        if scope["path"] == ALERTS:
            return max(self._settings.alerts_body_bytes, self._settings.max_body_bytes)
        return self._settings.chat_body_bytes if problems.is_openai(scope["path"]) else self._settings.max_body_bytes

    def _host_allowed(self, host: str) -> bool:
        name = re.sub(r":\d+$", "", host).lower()
        return bool({"*", name} & set(self._settings.allowed_hosts))

    async def _websocket(self, scope: Scope, receive: Receive, send: Send, refusal: problems.Problem | None) -> None:
        if refusal is not None:
            await send({"type": "websocket.close", "code": 1008, "reason": refusal.detail})
            return
        await self._app(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send, refusal: problems.Problem | None) -> None:
        started = self._clock.monotonic()
        answer = _Answer(send, scope)
        try:
            if refusal is not None:
                await answer.problem(refusal)
            else:
                await self._app(scope, _bounded(receive, self._limit(scope)), answer.send)
        except Exception:  # noqa: BLE001 - the last line of defence: the caller gets a problem, the log the trace
            self._log.exception("request_failed", path=scope["path"], request_id=scope["groundcrew.request_id"])
            if answer.status == 0:
                await answer.problem(problems.Problem(500, "something went wrong here; the log has the request's id"))
        finally:
            route = _template(scope)
            status = f"{answer.status // 100}xx"
            method = scope["method"] if scope["method"] in _METHODS else "other"
            self._meters.requests.labels(method, route, status).inc()
            self._meters.duration.labels(route).observe(self._clock.monotonic() - started)


class _Answer:
    """Adds the headers that every answer carries, and remembers its status."""

    def __init__(self, send: Send, scope: Scope) -> None:
        self._send = send
        self._scope = scope
        self.status = 0

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            present = {name.lower() for name, _ in message["headers"]}
            added = {**_HEADERS, b"x-request-id": self._scope["groundcrew.request_id"].encode()}
            # our own files carry their digest in the address
            static = self._scope["path"].startswith("/static/") and self.status == 200
            added[b"cache-control"] = b"public, max-age=31536000, immutable" if static else b"no-store"
            message["headers"] = [*message["headers"], *((n, v) for n, v in added.items() if n not in present)]
        await self._send(message)

    async def problem(self, problem: problems.Problem) -> None:
        body, media_type = problems.body_of(
            problem, path=self._scope["path"], request_id=self._scope["groundcrew.request_id"]
        )
        headers = [(b"content-type", media_type.encode()), (b"content-length", str(len(body)).encode())]
        await self.send({"type": "http.response.start", "status": problem.status, "headers": headers})
        await self.send({"type": "http.response.body", "body": body})


def _bounded(receive: Receive, limit: int) -> Receive:
    """A body that says nothing of its length is counted as it comes."""
    seen = 0

    async def counted() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > limit:
            raise HTTPException(413, f"the body may hold {limit} bytes at most")
        return message

    return counted


def _template(scope: Scope) -> str:
    """The route's template, never the path itself: labels stay bounded."""
    path = getattr(scope.get("route"), "path_format", None) or getattr(scope.get("route"), "path", None)
    if isinstance(path, str):
        return path
    return "/static" if scope["path"].startswith("/static/") else "unmatched"
