"""HTTP inside a process that runs other things too: a bound socket first, signals left alone, a bounded end."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn


class PortTaken(Exception):
    """The address cannot be had; the text names it and the setting to change."""


def listen(host: str, port: int, *, setting: str) -> socket.socket:
    """A bound socket (port 0: any free one). Raises PortTaken, so that the message comes before anything is built."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
        sock.listen(128)
    except OSError as error:
        sock.close()
        msg = f"cannot listen on {host}:{port}: {error.strerror}; set {setting} to another port"
        raise PortTaken(msg) from error
    sock.setblocking(False)
    return sock


class HttpServer:
    """Serves an ASGI application on a bound socket from `start` until `close`."""

    def __init__(self, app: Any, sock: socket.socket, *, drain_s: float = 2, limit_concurrency: int = 512) -> None:
        self._sock = sock
        self._task: asyncio.Task[None] | None = None
        self._server = _Server(
            uvicorn.Config(
                app,
                log_config=None,
                access_log=False,
                server_header=False,
                # a client may not choose its own address by X-Forwarded-For, not even one on loopback
                proxy_headers=False,
                # clients send us next to nothing over WebSockets
                ws_max_size=65_536,
                timeout_graceful_shutdown=max(1, round(drain_s)),
                limit_concurrency=limit_concurrency,
            )
        )

    @property
    def port(self) -> int:
        port: int = self._sock.getsockname()[1]
        return port

    async def start(self) -> None:
        """Returns once requests are answered; raises what the application's lifespan raises."""
        self._task = asyncio.create_task(self._server.serve(sockets=[self._sock]), name="http")
        while not self._server.started and not self._task.done():  # noqa: ASYNC110 - uvicorn offers only a flag
            await asyncio.sleep(0.005)
        if self._task.done():
            await self._task
            msg = "the HTTP server ended while it started"
            raise RuntimeError(msg)

    async def wait(self) -> None:
        """Returns when the server ends; a root task can be made of it."""
        assert self._task is not None, "start() comes first"
        await asyncio.shield(self._task)

    async def close(self) -> None:
        self._server.should_exit = True
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)
        self._sock.close()


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals belong to whoever runs the process."""
        yield
