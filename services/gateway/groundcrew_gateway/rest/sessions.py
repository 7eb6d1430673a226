"""Who is calling: keys, sessions and single-use login tokens."""

from datetime import timedelta
from typing import Self

from fastapi import APIRouter, Request
from pydantic import AwareDatetime, BaseModel, Field, model_validator
from starlette.requests import HTTPConnection
from starlette.responses import Response

from groundcrew.contracts.identity import Site
from groundcrew.stores.gateway.port import ApiKey, Role
from groundcrew_gateway import keys
from groundcrew_gateway.access import (
    COOKIE,
    Admin,
    Viewer,
    address_of,
    check_key,
    refuse_if_limited,
    require_same_origin,
)
from groundcrew_gateway.gateway import gateway_of
from groundcrew_gateway.problems import Problem
from groundcrew_gateway.rest.parameters import Body, Text

router = APIRouter(prefix="/api/v1", tags=["access"])
_TOKEN = "login token"  # noqa: S105 - a name for the failure counter


class Me(BaseModel):
    """The caller as the gateway sees them."""

    name: str = Field(examples=["local-admin"])
    role: Role
    sites: list[str] = Field(examples=[["default", "demo"]])
    site: str = Field(description="the site of this request", examples=["default"])
    via: str = Field(description="key or session", examples=["key"])


class Login(Body):
    """One of the two."""

    token: str | None = Field(None, max_length=200, description="single-use token of a login link")
    key: str | None = Field(None, max_length=200, description="API key")

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.token is None) == (self.key is None):
            msg = "either token or key is expected"
            raise ValueError(msg)
        return self


class SignedIn(BaseModel):
    signed_in: bool


class KeyRequest(Body):
    name: Text = Field(
        min_length=1, max_length=80, description="who it is; stands on all that is decided with it", examples=["ada"]
    )
    role: Role
    sites: list[Site] = Field(min_length=1, max_length=100, examples=[["default"]])


class KeySummary(BaseModel):
    id: str = Field(examples=["0a1b2c3d4e5f"])
    name: str
    role: Role
    sites: list[str]
    created_at: AwareDatetime
    last_used_at: AwareDatetime | None
    revoked_at: AwareDatetime | None


class KeyMade(KeySummary):
    key: str = Field(description="the key itself; it is shown this once")


@router.get("/me", operation_id="getMe", summary="Who this request is from")
async def get_me(caller: Viewer) -> Me:
    key = caller.key
    return Me(name=key.name, role=key.role, sites=list(key.sites), site=caller.site, via=caller.via)


@router.get("/session", operation_id="getSession", summary="Whether this browser is signed in; needs no credentials")
async def get_session(request: Request) -> SignedIn:
    gateway = gateway_of(request)
    cookie = request.cookies.get(COOKIE)
    key = await keys.find_session(gateway.store, cookie, gateway.clock.now()) if cookie else None
    return SignedIn(signed_in=key is not None)


@router.post("/session", operation_id="createSession", summary="Exchange a login token or an API key for a cookie")
async def create_session(request: Request, response: Response, body: Login) -> SignedIn:
    require_same_origin(request)
    key = (
        await _key_of_token(request, body.token) if body.token is not None else await check_key(request, body.key or "")
    )
    await sign_in(request, response, key)
    return SignedIn(signed_in=True)


@router.delete("/session", operation_id="deleteSession", summary="Sign this browser out")
async def delete_session(request: Request, response: Response) -> SignedIn:
    require_same_origin(request)
    await sign_out(request, response)
    return SignedIn(signed_in=False)


async def _key_of_token(request: Request, token: str) -> ApiKey:
    gateway, address = gateway_of(request), address_of(request)
    refuse_if_limited(gateway, address, _TOKEN)
    key_id = await gateway.store.take_login_token(keys.digest(token), gateway.clock.now())
    key = await gateway.store.key(key_id) if key_id else None
    if key is None or key.revoked_at is not None:
        gateway.failures.note(address, _TOKEN)
        gateway.meters.auth_failures.labels("token").inc()
        raise Problem(401, "this link was used before or has expired; make a new one or sign in with an API key")
    return key


async def sign_in(connection: HTTPConnection, response: Response, key: ApiKey) -> None:
    """Raises Problem 403 for a key that may not look at anything."""
    if not key.role.includes(Role.VIEWER):
        raise Problem(403, f"the key {key.name!r} hands in alerts and opens no page")
    gateway = gateway_of(connection)
    life = timedelta(hours=gateway.settings.session_hours)
    cookie = await keys.open_session(gateway.store, key, gateway.clock.now(), life)
    response.set_cookie(
        COOKIE,
        cookie,
        max_age=int(life.total_seconds()),
        httponly=True,
        samesite="strict",
        secure=gateway.settings.cookie_secure,
        path="/",
    )


async def sign_out(connection: HTTPConnection, response: Response) -> None:
    gateway = gateway_of(connection)
    cookie = connection.cookies.get(COOKIE)
    if cookie:
        await gateway.store.end_session(keys.digest(cookie))
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict", secure=gateway.settings.cookie_secure)


@router.get("/keys", operation_id="listKeys", summary="API keys within the caller's sites, without their secrets")
async def list_keys(caller: Admin) -> list[KeySummary]:
    found = await caller.gateway.store.keys()
    return [_summary(key) for key in found if set(key.sites) <= set(caller.key.sites)]


@router.post("/keys", operation_id="createKey", status_code=201, summary="Make an API key within the caller's sites")
async def create_key(caller: Admin, body: KeyRequest) -> KeyMade:
    if not set(body.sites) <= set(caller.key.sites):
        raise Problem(403, "a key cannot reach sites that its maker cannot")
    taken = keys.name_taken(body.name, body.sites, await caller.gateway.store.keys())
    if taken:
        raise Problem(409, taken)
    made = keys.make_key(body.name, body.role, tuple(dict.fromkeys(body.sites)), caller.gateway.clock.now())
    await caller.gateway.store.add_key(made.key)
    caller.gateway.log.info("key_created", key_id=made.key.id, key_name=body.name, role=body.role, by=caller.name)
    return KeyMade(**_summary(made.key).model_dump(), key=made.text)


@router.delete("/keys/{key_id}", operation_id="revokeKey", summary="Revoke an API key, its sessions and login links")
async def revoke_key(caller: Admin, key_id: str) -> KeySummary:
    store = caller.gateway.store
    key = await store.key(key_id) if "\0" not in key_id else None
    if key is None or not set(key.sites) <= set(caller.key.sites):
        raise Problem(404, f"there is no key {key_id[:40]!r}")
    await store.revoke_key(key_id, caller.gateway.clock.now())
    caller.gateway.log.info("key_revoked", key_id=key_id, by=caller.name)
    revoked = await store.key(key_id)
    assert revoked is not None
    return _summary(revoked)


def _summary(key: ApiKey) -> KeySummary:
    return KeySummary(
        id=key.id,
        name=key.name,
        role=key.role,
        sites=list(key.sites),
        created_at=key.created_at,
        last_used_at=key.last_used_at,
        revoked_at=key.revoked_at,
    )
