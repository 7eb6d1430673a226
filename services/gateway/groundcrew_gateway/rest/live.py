"""WebSocket /api/v1/live: JSON messages with a `kind`.

`hello` once; `incident`, `action`, `trigger`, `review`, `analysis`, `sync` and `eventlog` as they change, with the
changed thing in `data`; `heartbeat`; `refresh` where events were dropped because the client was slow. A client shows
its credential as a cookie, as `Authorization`, or (browsers cannot set that) as a subprotocol `bearer.gck_...` beside
`groundcrew.live.v1`.
"""

import asyncio

from fastapi import APIRouter, WebSocket, WebSocketDisconnect
from starlette.responses import Response

from groundcrew_gateway import problems
from groundcrew_gateway.access import Caller, caller_of
from groundcrew_gateway.live import Client, TooManyClients, message

router = APIRouter(prefix="/api/v1")
PROTOCOL = "groundcrew.live.v1"
_BEARER = "bearer."
SIGNED_OUT = 4401


@router.websocket("/live")
async def live(websocket: WebSocket) -> None:
    offered = [name.strip() for name in websocket.headers.get("sec-websocket-protocol", "").split(",")]
    bearer = next((name.removeprefix(_BEARER) for name in offered if name.startswith(_BEARER)), None)
    try:
        caller = await caller_of(websocket, bearer)
        client = await caller.gateway.live.join(caller.site)
    except TooManyClients as full:
        await _deny(websocket, problems.Problem(503, str(full)))
        return
    except Exception as error:
        refusal = problems.problem_of(error)
        if refusal is None:
            raise
        await _deny(websocket, refusal)
        return
    try:
        await websocket.accept(PROTOCOL if PROTOCOL in offered else None)
        await _serve(websocket, caller, client, bearer)
    finally:
        caller.gateway.live.leave(client)


async def _deny(websocket: WebSocket, problem: problems.Problem) -> None:
    request_id = str(websocket.scope.get("groundcrew.request_id", ""))
    body = problems.ProblemDocument(
        **problems.document(problem, instance=websocket.url.path, request_id=request_id)
    ).model_dump_json()
    await websocket.send_denial_response(
        Response(body, problem.status, headers=problem.headers, media_type=problems.MEDIA_TYPE)
    )


async def _serve(websocket: WebSocket, caller: Caller, client: Client, bearer: str | None) -> None:
    """Until either side ends it."""
    tasks = [
        asyncio.create_task(_send(websocket, caller, client, bearer), name="live-send"),
        asyncio.create_task(_listen(websocket), name="live-listen"),
    ]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    except WebSocketDisconnect:
        return
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _listen(websocket: WebSocket) -> None:
    """Clients have nothing to say; this notices that they leave."""
    while True:
        await websocket.receive_text()


async def _send(websocket: WebSocket, caller: Caller, client: Client, bearer: str | None) -> None:
    heartbeat_s = caller.gateway.settings.heartbeat_s
    await websocket.send_text(message("hello", site=caller.site, heartbeat_s=heartbeat_s))
    while True:
        try:
            text = await asyncio.wait_for(client.next(), heartbeat_s)
        except TimeoutError:
            if not await _still_allowed(websocket, bearer):
                await websocket.close(SIGNED_OUT, "the session has ended or the key was revoked")
                return
            text = message("heartbeat", time=caller.gateway.clock.now())
        await websocket.send_text(text)


async def _still_allowed(websocket: WebSocket, bearer: str | None) -> bool:
    try:
        await caller_of(websocket, bearer)
    except problems.Problem:
        return False
    return True
