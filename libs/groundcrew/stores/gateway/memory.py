"""The gateway store in memory, for replay and tests."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from groundcrew.stores.gateway.port import ApiKey, LoginToken, Replay, Session


class MemoryGatewayStore:
    """Forgets everything with the process."""

    def __init__(self) -> None:
        self._keys: dict[str, ApiKey] = {}
        self._sessions: dict[str, Session] = {}
        self._tokens: dict[str, LoginToken] = {}
        self._replays: dict[tuple[str, str], Replay] = {}

    async def add_key(self, key: ApiKey) -> None:
        if key.id in self._keys:
            msg = f"key id {key.id} is taken"
            raise ValueError(msg)
        self._keys[key.id] = key

    async def key(self, key_id: str) -> ApiKey | None:
        return self._keys.get(key_id)

    async def keys(self) -> Sequence[ApiKey]:
        return sorted(self._keys.values(), key=lambda key: (key.created_at, key.id))

    async def revoke_key(self, key_id: str, now: datetime) -> bool:
        key = self._keys.get(key_id)
        if key is None or key.revoked_at is not None:
            return False
        self._keys[key_id] = replace(key, revoked_at=now)
        self._sessions = {h: s for h, s in self._sessions.items() if s.key_id != key_id}
        self._tokens = {h: t for h, t in self._tokens.items() if t.key_id != key_id}
        return True

    async def touch_key(self, key_id: str, now: datetime) -> None:
        if key_id in self._keys:
            self._keys[key_id] = replace(self._keys[key_id], last_used_at=now)

    async def add_session(self, session: Session) -> None:
        self._sessions[session.hash] = session

    async def session(self, session_hash: str, now: datetime) -> Session | None:
        session = self._sessions.get(session_hash)
        return session if session is not None and session.expires_at > now else None

    async def end_session(self, session_hash: str) -> None:
        self._sessions.pop(session_hash, None)

    async def add_login_token(self, login: LoginToken) -> None:
        self._tokens[login.hash] = login

    async def take_login_token(self, token_hash: str, now: datetime) -> str | None:
        login = self._tokens.pop(token_hash, None)
        return login.key_id if login is not None and login.expires_at > now else None

    async def remember(self, replay: Replay) -> None:
        self._replays.setdefault((replay.key_id, replay.idempotency_key), replay)

    async def replay(self, key_id: str, idempotency_key: str) -> Replay | None:
        return self._replays.get((key_id, idempotency_key))

    async def expire(self, now: datetime, *, replays_before: datetime) -> int:
        before = self._rows()
        self._sessions = {h: s for h, s in self._sessions.items() if s.expires_at > now}
        self._tokens = {h: t for h, t in self._tokens.items() if t.expires_at > now}
        self._replays = {k: r for k, r in self._replays.items() if r.created_at >= replays_before}
        return before - self._rows()

    def _rows(self) -> int:
        return len(self._sessions) + len(self._tokens) + len(self._replays)

    async def ping(self) -> None:
        return

    async def close(self) -> None:
        return
