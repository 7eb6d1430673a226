"""Who is calling, for which site, and whether they may.

A caller shows an API key (`Authorization: Bearer gck_...`) or a session cookie. The site is `?site=`, by default the
key's first; a site outside the key's scope answers 403 everywhere, on pages and WebSockets too.
"""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Literal, TypeVar
from urllib.parse import urlsplit

from fastapi import Depends, Request
from starlette.requests import HTTPConnection

from groundcrew.contracts.envelope import Record
from groundcrew.contracts.queries import Endpoint, StreamEndpoint
from groundcrew.stores.gateway.port import ApiKey, Role
from groundcrew_gateway import keys
from groundcrew_gateway.gateway import Gateway, gateway_of
from groundcrew_gateway.problems import Problem

COOKIE = "groundcrew_session"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_TOUCH_EVERY = timedelta(minutes=1)
_NO_KEY = "not a key"

Via = Literal["key", "session"]

Q = TypeVar("Q", bound=Record)
R = TypeVar("R", bound=Record)


@dataclass(frozen=True, kw_only=True)
class Caller:
    """A key that was checked, and the site that this request is about."""

    gateway: Gateway
    key: ApiKey
    site: str
    via: Via

    @property
    def name(self) -> str:
        """The actor on whatever this caller decides."""
        return self.key.name

    def may(self, role: Role) -> bool:
        return self.key.role.includes(role)

    async def ask(self, endpoint: Endpoint[Q, R], request: Q, *, timeout: float = 5.0) -> R:
        """Ask an owner about this caller's site, and only that. Raises RequestFailed."""
        return await self.gateway.bus.request(endpoint, request, site=self.site, timeout=timeout)

    def listen(self, endpoint: StreamEndpoint[Q, R], request: Q, *, idle_s: float) -> AsyncGenerator[R, None]:
        """The same for an answer in parts; whoever leaves early closes it."""
        return self.gateway.bus.request_stream(endpoint, request, site=self.site, idle_s=idle_s)


def address_of(connection: HTTPConnection) -> str:
    return connection.client.host if connection.client else "unknown"


async def check_key(connection: HTTPConnection, text: str) -> ApiKey:
    """The key that this text opens; failures are counted, and too many of them refused."""
    return await open_key(gateway_of(connection), address_of(connection), text)


async def open_key(gateway: Gateway, address: str, text: str) -> ApiKey:
    """The same for a key that came another way than by HTTP."""
    credential = keys.key_id_of(text) or _NO_KEY
    refuse_if_limited(gateway, address, credential)
    key = await keys.find_key(gateway.store, text)
    if key is None:
        gateway.failures.note(address, credential)
        gateway.meters.auth_failures.labels("key").inc()
        gateway.log.warning("auth_refused", address=address, credential=credential)
        raise Problem(401, "the API key is unknown or revoked", headers=_challenge('error="invalid_token"'))
    return key


async def touch(gateway: Gateway, key: ApiKey) -> None:
    """Note that a key was used, once a minute."""
    now = gateway.clock.now()
    if key.last_used_at is None or now - key.last_used_at > _TOUCH_EVERY:
        await gateway.store.touch_key(key.id, now)


def refuse_if_limited(gateway: Gateway, address: str, credential: str) -> None:
    wait = gateway.failures.wait_s(address, credential)
    if wait > 0:
        gateway.meters.auth_failures.labels("limited").inc()
        retry = {"Retry-After": str(int(wait) + 1)}
        raise Problem(429, "too many refused credentials from this address; wait", headers=retry)


def _challenge(extra: str = "") -> dict[str, str]:
    return {"WWW-Authenticate": f'Bearer realm="groundcrew"{", " + extra if extra else ""}'}


def bearer_of(connection: HTTPConnection) -> str | None:
    """The key in the Authorization header, None where there is none."""
    scheme, _, text = connection.headers.get("authorization", "").partition(" ")
    return text.strip() if scheme.lower() == "bearer" else None


async def identify(connection: HTTPConnection, bearer: str | None = None) -> tuple[ApiKey, Via]:
    """The caller's key and how it was shown. Raises Problem 401 or 429."""
    gateway = gateway_of(connection)
    text = bearer or bearer_of(connection)
    if text is not None:
        key = await check_key(connection, text)
        via: Via = "key"
    else:
        key = await _session_key(connection)
        via = "session"
    await touch(gateway, key)
    return key, via


async def _session_key(connection: HTTPConnection) -> ApiKey:
    gateway = gateway_of(connection)
    cookie = connection.cookies.get(COOKIE)
    key = await keys.find_session(gateway.store, cookie, gateway.clock.now()) if cookie else None
    if key is None:
        reason = "the session has ended; sign in again" if cookie else "an API key or a session is required"
        raise Problem(401, reason, headers=_challenge())
    return key


def site_for(key: ApiKey, wanted: str | None) -> str:
    """The site a request is about. Raises Problem 403 for one outside the key's scope, whether or not it exists."""
    if wanted is None:
        return key.sites[0]
    if wanted not in key.sites:
        raise Problem(403, f"this key has no access to site {wanted[:63]!r}")
    return wanted


async def caller_of(connection: HTTPConnection, bearer: str | None = None, *, role: Role = Role.VIEWER) -> Caller:
    """Who calls, checked: credential, role, site, and the origin where a browser's cookie speaks for them."""
    key, via = await identify(connection, bearer)
    if via == "session":
        require_same_origin(connection)
    site = site_for(key, connection.query_params.get("site"))
    return _require(Caller(gateway=gateway_of(connection), key=key, site=site, via=via), role)


def require_same_origin(connection: HTTPConnection) -> None:
    """A cookie alone must not let another site's page act: unsafe methods and WebSockets need our own Origin."""
    if connection.scope["type"] == "http" and connection.scope["method"] in SAFE_METHODS:
        return
    origin = urlsplit(connection.headers.get("origin", ""))
    if not origin.netloc or origin.netloc != connection.headers.get("host"):
        raise Problem(403, "the Origin header must be this very address when a session cookie is used")


async def _viewer(request: Request) -> Caller:
    return await caller_of(request)


def _require(caller: Caller, role: Role) -> Caller:
    if not caller.may(role):
        raise Problem(403, f"this needs the role {role.value}; the key {caller.name!r} has {caller.key.role.value}")
    return caller


async def _reporter(request: Request) -> Caller:
    return await caller_of(request, role=Role.REPORTER)


async def _operator(request: Request) -> Caller:
    return await caller_of(request, role=Role.OPERATOR)


async def _admin(request: Request) -> Caller:
    return await caller_of(request, role=Role.ADMIN)


Viewer = Annotated[Caller, Depends(_viewer)]
Reporter = Annotated[Caller, Depends(_reporter)]
Operator = Annotated[Caller, Depends(_operator)]
Admin = Annotated[Caller, Depends(_admin)]
