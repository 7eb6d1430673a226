"""The protocol, built when the first caller with a key comes: the SDK takes 24 MB and a second to import."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from starlette.types import Receive, Scope, Send


class Manager(Protocol):
    """What the SDK offers to serve requests with; it lives and ends within one task."""

    def run(self) -> AbstractAsyncContextManager[None]: ...
    async def handle_request(self, scope: Scope, receive: Receive, send: Send) -> None: ...


class Lazy:
    """ASGI. `run` is a root task: it waits for the first request, then keeps the protocol running."""

    def __init__(self, build: Callable[[], Manager]) -> None:
        self._build = build
        self._wanted = asyncio.Event()
        self._ready = asyncio.Event()
        self._manager: Manager | None = None

    async def run(self) -> None:
        await self._wanted.wait()
        # in a thread, so that the other services of an embedded process go on meanwhile
        self._manager = await asyncio.to_thread(self._build)
        async with self._manager.run():
            self._ready.set()
            await asyncio.Event().wait()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._wanted.set()
        await self._ready.wait()
        assert self._manager is not None
        await self._manager.handle_request(scope, receive, send)
