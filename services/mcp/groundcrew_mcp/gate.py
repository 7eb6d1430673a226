"""What holds for every request to /mcp before the protocol sees it: known host and origin, bounded body, a key."""

import re
from collections.abc import Mapping

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from structlog.typing import FilteringBoundLogger

from groundcrew.bus.port import BusUnavailable, RequestFailed
from groundcrew_mcp.caller import CALLER, Caller
from groundcrew_mcp.keys import KeyRefused, Keys
from groundcrew_mcp.metrics import McpMetrics
from groundcrew_mcp.settings import McpSection

RETRY_AFTER_S = 5
_PORT = re.compile(r":\d+$")


class Refused(Exception):
    """Answered with this status and one sentence."""

    def __init__(self, status: int, detail: str, **headers: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


class Gate:
    """ASGI: refuses, or lets `inner` answer with CALLER set."""

    def __init__(
        self, inner: ASGIApp, *, keys: Keys, section: McpSection, metrics: McpMetrics, log: FilteringBoundLogger
    ) -> None:
        self._inner = inner
        self._keys = keys
        self._section = section
        self._metrics = metrics
        self._log = log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        try:
            self._check(scope["method"], headers)
            caller = await self._identify(headers, scope["client"][0] if scope.get("client") else "unknown")
        except Refused as refused:
            self._metrics.requests.labels(str(refused.status)).inc()
            body = {"status": refused.status, "detail": refused.detail}
            await JSONResponse(body, refused.status, refused.headers, "application/problem+json")(scope, receive, send)
            return
        self._metrics.requests.labels("accepted").inc()
        token = CALLER.set(caller)
        try:
            await self._inner(scope, receive, send)
        finally:
            CALLER.reset(token)

    def _check(self, method: str, headers: Mapping[str, str]) -> None:
        if not _among(headers.get("host", ""), self._section.allowed_hosts):
            raise Refused(421, "the Host header names no host of this server; see mcp.allowed_hosts")
        origin = headers.get("origin")
        if origin is not None and not _among(origin, self._section.allowed_origins):
            raise Refused(403, "browsers may not call from this origin; see mcp.allowed_origins")
        if method != "POST":  # no sessions are kept, so there is no stream to open and none to end
            raise Refused(405, "MCP requests are POSTs here", allow="POST")
        length = headers.get("content-length", "0")
        if not length.isdigit() or int(length) > self._section.max_body_bytes:
            raise Refused(413, f"the body may hold {self._section.max_body_bytes} bytes at most")

    async def _identify(self, headers: Mapping[str, str], address: str) -> Caller:
        scheme, _, text = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not text.strip():
            raise _unauthorized("an API key is required: Authorization: Bearer gck_...")
        try:
            return await self._keys.open(text.strip(), address)
        except KeyRefused as refused:
            if refused.wait_s > 0:
                raise Refused(429, str(refused), retry_after=str(int(refused.wait_s))) from None
            raise _unauthorized(str(refused), 'error="invalid_token"') from None
        except (RequestFailed, BusUnavailable) as away:
            self._log.warning("keys cannot be checked", reason=str(away))
            detail = f"API keys cannot be checked just now: {away}"
            raise Refused(503, detail, retry_after=str(RETRY_AFTER_S)) from None


def _unauthorized(detail: str, error: str = "") -> Refused:
    return Refused(401, detail, www_authenticate=", ".join(filter(None, ('Bearer realm="groundcrew"', error))))


def _among(value: str, allowed: list[str]) -> bool:
    return bool({"*", _PORT.sub("", value).lower()} & set(allowed))
