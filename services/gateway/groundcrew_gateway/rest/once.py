"""A POST that carries an `Idempotency-Key` takes effect once, however often it is sent."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from hashlib import sha256

from fastapi import Request
from pydantic import BaseModel
from starlette.responses import Response

from groundcrew.stores.gateway.port import Replay
from groundcrew_gateway.access import Caller
from groundcrew_gateway.problems import Problem

HEADER = "Idempotency-Key"
KEPT = timedelta(hours=24)


async def once(request: Request, caller: Caller, answer: Callable[[], Awaitable[BaseModel]]) -> Response:
    """Answer by `answer` unless this key was answered before. A failure is not remembered: it may be tried again."""
    idempotency_key = request.headers.get(HEADER)
    if idempotency_key is None:
        return _json((await answer()).model_dump_json().encode())
    store, fingerprint = caller.gateway.store, await _fingerprint(request, caller, idempotency_key)
    earlier = await store.replay(caller.key.id, idempotency_key)
    if earlier is None:
        body = (await answer()).model_dump_json().encode()
        now = caller.gateway.clock.now()
        await store.remember(
            Replay(
                key_id=caller.key.id,
                idempotency_key=idempotency_key,
                fingerprint=fingerprint,
                status=200,
                body=body,
                created_at=now,
            )
        )
        return _json(body)
    if earlier.fingerprint != fingerprint:
        raise Problem(422, f"this {HEADER} was used with another request")
    return _json(earlier.body, {"Idempotency-Replayed": "true"})


async def _fingerprint(request: Request, caller: Caller, key: str) -> str:
    if not 1 <= len(key) <= 128 or not key.isprintable():
        raise Problem(400, f"{HEADER}: 1 to 128 printable characters are expected")
    parts = (request.method, request.url.path, caller.site)
    return sha256(b"\0".join([*(part.encode() for part in parts), await request.body()])).hexdigest()


def _json(body: bytes, headers: dict[str, str] | None = None) -> Response:
    return Response(body, media_type="application/json", headers=headers)
