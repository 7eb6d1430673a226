"""Contract of the gateway store. `postgres.PostgresGatewayStore` and `memory.MemoryGatewayStore` pass one suite.

Only hashes of secrets are stored: whoever reads the table cannot sign in with it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class Role(StrEnum):
    """What a key may do. A reporter hands in alerts and sees nothing; of the others each includes the one before."""

    REPORTER = "reporter"
    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"

    def includes(self, other: "Role") -> bool:
        if Role.REPORTER in (self, other):  # whoever looks must not be able to make things up
            return self is other or (other is Role.REPORTER and self is not Role.VIEWER)
        order = list(Role)
        return order.index(self) >= order.index(other)


@dataclass(frozen=True, kw_only=True)
class ApiKey:
    """A key as stored: its name is the actor on everything decided with it; the first site is its default."""

    id: str
    name: str
    secret_hash: str
    role: Role
    sites: tuple[str, ...]
    created_at: datetime
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Session:
    """A signed-in browser. It ends with its key."""

    hash: str
    key_id: str
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, kw_only=True)
class LoginToken:
    """A link that signs in once."""

    hash: str
    key_id: str
    expires_at: datetime


@dataclass(frozen=True, kw_only=True)
class Replay:
    """The answer that a POST with an `Idempotency-Key` got the first time."""

    key_id: str
    idempotency_key: str
    fingerprint: str
    status: int
    body: bytes
    created_at: datetime


class GatewayStore(Protocol):
    """All calls raise StoreUnavailable while the database does not answer."""

    async def add_key(self, key: ApiKey) -> None:
        """Raises ValueError where the id is taken."""

    async def key(self, key_id: str) -> ApiKey | None: ...
    async def keys(self) -> Sequence[ApiKey]:
        """All, revoked ones too, by time of creation and id."""

    async def revoke_key(self, key_id: str, now: datetime) -> bool:
        """Revoke it and end its sessions and login tokens. False where there is no such unrevoked key."""

    async def touch_key(self, key_id: str, now: datetime) -> None:
        """Note that it was used."""

    async def add_session(self, session: Session) -> None: ...
    async def session(self, session_hash: str, now: datetime) -> Session | None:
        """None where it is unknown or has expired."""

    async def end_session(self, session_hash: str) -> None: ...

    async def add_login_token(self, login: LoginToken) -> None: ...
    async def take_login_token(self, token_hash: str, now: datetime) -> str | None:
        """The key id of the token, which is gone afterwards: of two takers, one gets it. None where it is unknown
        or has expired."""

    async def remember(self, replay: Replay) -> None:
        """Keep an answer; the first one kept under a key id and idempotency key stays."""

    async def replay(self, key_id: str, idempotency_key: str) -> Replay | None: ...

    async def expire(self, now: datetime, *, replays_before: datetime) -> int:
        """Drop expired sessions and tokens, and older replays; returns how many rows went."""

    async def ping(self) -> None:
        """Returns while the store answers; raises StoreUnavailable."""

    async def close(self) -> None: ...
