"""Making and reading secrets: API keys `gck_<id>_<secret>`, session cookies, single-use login tokens.

Each secret has 256 random bits, so a plain SHA-256 is what is stored: there is nothing to guess that a slow hash
would slow down.
"""

import asyncio
import hmac
import os
import re
import secrets
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path

from groundcrew.bus.access import SERVICES
from groundcrew.contracts.actions import POLICY
from groundcrew.stores.gateway.port import ApiKey, GatewayStore, LoginToken, Role, Session

LOGIN_LIFE = timedelta(minutes=30)
LOCAL_SITES = ("default", "demo")
OWN_ACTORS = frozenset({*SERVICES, POLICY, "fusion"})
_KEY = re.compile(r"gck_([0-9a-f]{12})_([A-Za-z0-9_-]{43})")


@dataclass(frozen=True)
class NewKey:
    """A key that was just made: the only moment at which its text exists."""

    key: ApiKey
    text: str


def digest(secret: str) -> str:
    """What is stored of a secret."""
    return sha256(secret.encode()).hexdigest()


def make_key(name: str, role: Role, sites: tuple[str, ...], now: datetime) -> NewKey:
    """A key that is not stored yet."""
    key_id, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    key = ApiKey(id=key_id, name=name, secret_hash=digest(secret), role=role, sites=sites, created_at=now)
    return NewKey(key, f"gck_{key_id}_{secret}")


def name_taken(name: str, sites: Iterable[str], existing: Iterable[ApiKey]) -> str | None:
    """Why a key cannot bear this name, None where it can: a name on a decision must point at one key, and at no part
    of the program.
    """
    wanted = _folded(name)
    if wanted in OWN_ACTORS:
        return f"{name!r} is the name of a part of Groundcrew; on the audit log it would look like one"
    for key in existing:
        if key.revoked_at is None and _folded(key.name) == wanted and set(key.sites) & set(sites):
            return f"there is a key of the name {key.name!r} already; revoke it first or take another name"
    return None


def _folded(name: str) -> str:
    """Names that look alike are alike."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def key_id_of(text: str) -> str | None:
    """The id in a key's text, None where the text is no key."""
    match = _KEY.fullmatch(text)
    return match.group(1) if match else None


async def find_key(store: GatewayStore, text: str) -> ApiKey | None:
    """The unrevoked key that this text opens."""
    match = _KEY.fullmatch(text)
    if match is None:
        return None
    key = await store.key(match.group(1))
    matches = hmac.compare_digest(key.secret_hash if key else digest(""), digest(match.group(2)))
    return key if key is not None and matches and key.revoked_at is None else None


async def open_session(store: GatewayStore, key: ApiKey, now: datetime, life: timedelta) -> str:
    """Sign a browser in; returns the cookie's value."""
    cookie = secrets.token_urlsafe(32)
    await store.add_session(Session(hash=digest(cookie), key_id=key.id, created_at=now, expires_at=now + life))
    return cookie


async def find_session(store: GatewayStore, cookie: str, now: datetime) -> ApiKey | None:
    """The unrevoked key of the session that this cookie belongs to."""
    session = await store.session(digest(cookie), now)
    key = await store.key(session.key_id) if session is not None else None
    return key if key is not None and key.revoked_at is None else None


async def single_use_token(store: GatewayStore, key_text: str, now: datetime, life: timedelta = LOGIN_LIFE) -> str:
    """A token that signs in once as this key, for the fragment of a link: `/#token=...`.

    Raises ValueError where the key is unknown or revoked.
    """
    key = await find_key(store, key_text)
    if key is None:
        msg = "the API key is unknown or revoked"
        raise ValueError(msg)
    token = secrets.token_urlsafe(32)
    await store.add_login_token(LoginToken(hash=digest(token), key_id=key.id, expires_at=now + life))
    return token


async def ensure_local_key(store: GatewayStore, path: Path, now: datetime, sites: tuple[str, ...] = LOCAL_SITES) -> str:
    """The admin key of this machine's own operator, as the file at `path` (mode 0600) holds it.

    A key there that is still valid is used again; else a new one is made, stored and written.
    """
    text = await asyncio.to_thread(_read, path)
    known = await find_key(store, text) if text else None
    if known is not None and known.role is Role.ADMIN and set(sites) <= set(known.sites):
        return text
    made = make_key("local-admin", Role.ADMIN, sites, now)
    await store.add_key(made.key)
    await asyncio.to_thread(_write_private, path, made.text)
    return made.text


def _read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        return ""


def _write_private(path: Path, text: str) -> None:
    """Replace the file in one step; it is never readable by others, not even for a moment."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
