"""The gateway store in PostgreSQL, schema `gateway`."""

from collections.abc import Sequence
from datetime import datetime

from groundcrew.stores.database import Database, Row
from groundcrew.stores.gateway.port import ApiKey, LoginToken, Replay, Role, Session

_KEY = "id, name, secret_hash, role, sites, created_at, last_used_at, revoked_at"
_MAX_KEYS = 10_000


class PostgresGatewayStore:
    """Closing the database is up to whoever opened it; `close` does so too."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add_key(self, key: ApiKey) -> None:
        stored = await self._database.execute(
            f"INSERT INTO api_keys ({_KEY}) VALUES (%s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",  # noqa: S608 - a constant
            (
                key.id,
                key.name,
                key.secret_hash,
                key.role.value,
                list(key.sites),
                key.created_at,
                key.last_used_at,
                key.revoked_at,
            ),
        )
        if not stored:
            msg = f"key id {key.id} is taken"
            raise ValueError(msg)

    async def key(self, key_id: str) -> ApiKey | None:
        rows = await self._database.fetch(f"SELECT {_KEY} FROM api_keys WHERE id = %s", (key_id,))  # noqa: S608 - a constant
        return _key(rows[0]) if rows else None

    async def keys(self) -> Sequence[ApiKey]:
        rows = await self._database.fetch(f"SELECT {_KEY} FROM api_keys ORDER BY created_at, id LIMIT {_MAX_KEYS}")  # noqa: S608 - constants
        return [_key(row) for row in rows]

    async def revoke_key(self, key_id: str, now: datetime) -> bool:
        async with self._database.transaction() as connection:
            revoked = await connection.execute(
                b"UPDATE api_keys SET revoked_at = %s WHERE id = %s AND revoked_at IS NULL", (now, key_id)
            )
            await connection.execute(b"DELETE FROM sessions WHERE key_id = %s", (key_id,))
            await connection.execute(b"DELETE FROM login_tokens WHERE key_id = %s", (key_id,))
            return revoked.rowcount > 0

    async def touch_key(self, key_id: str, now: datetime) -> None:
        await self._database.execute("UPDATE api_keys SET last_used_at = %s WHERE id = %s", (now, key_id))

    async def add_session(self, session: Session) -> None:
        await self._database.execute(
            "INSERT INTO sessions (hash, key_id, created_at, expires_at) VALUES (%s, %s, %s, %s)",
            (session.hash, session.key_id, session.created_at, session.expires_at),
        )

    async def session(self, session_hash: str, now: datetime) -> Session | None:
        rows = await self._database.fetch(
            "SELECT key_id, created_at, expires_at FROM sessions WHERE hash = %s AND expires_at > %s",
            (session_hash, now),
        )
        if not rows:
            return None
        key_id, created_at, expires_at = rows[0]
        return Session(hash=session_hash, key_id=key_id, created_at=created_at, expires_at=expires_at)

    async def end_session(self, session_hash: str) -> None:
        await self._database.execute("DELETE FROM sessions WHERE hash = %s", (session_hash,))

    async def add_login_token(self, login: LoginToken) -> None:
        await self._database.execute(
            "INSERT INTO login_tokens (hash, key_id, expires_at) VALUES (%s, %s, %s)",
            (login.hash, login.key_id, login.expires_at),
        )

    async def take_login_token(self, token_hash: str, now: datetime) -> str | None:
        rows = await self._database.fetch(
            "DELETE FROM login_tokens WHERE hash = %s RETURNING key_id, expires_at", (token_hash,)
        )
        return str(rows[0][0]) if rows and rows[0][1] > now else None

    async def remember(self, replay: Replay) -> None:
        await self._database.execute(
            "INSERT INTO replays (key_id, idempotency_key, fingerprint, status, body, created_at)"
            " VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
            (
                replay.key_id,
                replay.idempotency_key,
                replay.fingerprint,
                replay.status,
                replay.body,
                replay.created_at,
            ),
        )

    async def replay(self, key_id: str, idempotency_key: str) -> Replay | None:
        rows = await self._database.fetch(
            "SELECT fingerprint, status, body, created_at FROM replays WHERE key_id = %s AND idempotency_key = %s",
            (key_id, idempotency_key),
        )
        if not rows:
            return None
        fingerprint, status, body, created_at = rows[0]
        return Replay(
            key_id=key_id,
            idempotency_key=idempotency_key,
            fingerprint=fingerprint,
            status=status,
            body=bytes(body),
            created_at=created_at,
        )

    async def expire(self, now: datetime, *, replays_before: datetime) -> int:
        return (
            await self._database.execute("DELETE FROM sessions WHERE expires_at <= %s", (now,))
            + await self._database.execute("DELETE FROM login_tokens WHERE expires_at <= %s", (now,))
            + await self._database.execute("DELETE FROM replays WHERE created_at < %s", (replays_before,))
        )

    async def ping(self) -> None:
        await self._database.ping()

    async def close(self) -> None:
        await self._database.close()


def _key(row: Row) -> ApiKey:
    key_id, name, secret_hash, role, sites, created_at, last_used_at, revoked_at = row
    return ApiKey(
        id=key_id,
        name=name,
        secret_hash=secret_hash,
        role=Role(role),
        sites=tuple(sites),
        created_at=created_at,
        last_used_at=last_used_at,
        revoked_at=revoked_at,
    )
