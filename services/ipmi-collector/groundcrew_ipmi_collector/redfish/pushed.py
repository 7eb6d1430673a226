"""Events that BMCs push to us: who may, what they must show, and the server that takes them.

A BMC posts to a path of its own and shows the Context that its subscription was made with, which only it and we know.
Either is worked out of one secret in the state folder, so that after a restart the same subscription is still ours. A
pushed event wakes the poller, as a streamed one does; nothing else of it is used.
"""

import asyncio
import hmac
import os
import ssl
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

import h11
import orjson
from prometheus_client import Counter

from groundcrew.diagnosis.redfish import resource
from groundcrew.diagnosis.redfish_events import Heard, kind_of
from groundcrew_ipmi_collector.settings import IpmiCollectorSection

MAX_BODY = 256 * 1024
MAX_OPEN = 64
"""Connections at the same time: BMCs post an event and go."""

MAX_POSTS = 200
"""Events of one connection."""

POST_S = 10.0
_HEAD = 16 * 1024
_PREFIX = "/redfish-events/"
_SECRET_BYTES = 32


class PushError(Exception):
    """What the operator set cannot be used; one line that names the setting."""


class Pushed:
    """Where BMCs post to, and whom a post wakes. `heard`: counts posts by kind, `refused` those of nobody we know."""

    def __init__(self, section: IpmiCollectorSection, *, heard: Counter) -> None:
        self._section = section
        self._heard = heard
        self._secret = _secret(section.state_dir / "events.key")
        self._woken: dict[str, tuple[str, Callable[[], None]]] = {}

    def destination(self, bmc: str) -> str:
        """The URL that this BMC posts to."""
        return f"{self._section.event_address.rstrip('/')}{_PREFIX}{self._sign('path', bmc)[:16]}"

    def context(self, bmc: str) -> str:
        """What this BMC shows."""
        return f"groundcrew-{self._sign('context', bmc)[:40]}"

    def expect(self, bmc: str, wake: Callable[[], None]) -> None:
        self._woken[self._sign("path", bmc)[:16]] = (self.context(bmc), wake)

    def forget(self, bmc: str) -> None:
        self._woken.pop(self._sign("path", bmc)[:16], None)

    def take(self, path: str, body: bytes) -> int:
        """A post: its HTTP status. Who does not show what it should learns nothing of whether the path is known."""
        try:
            said = resource(orjson.loads(body))
        except orjson.JSONDecodeError:
            return self._refused(400)
        expected, wake = self._woken.get(path.partition("?")[0].rpartition(_PREFIX)[2], ("", _nobody))
        shown = said.get("Context")
        if not isinstance(shown, str) or not expected or not hmac.compare_digest(shown.encode(), expected.encode()):
            return self._refused(403)
        kind = kind_of(said)
        self._heard.labels(kind.value).inc()
        if kind is not Heard.REPORT:
            wake()
        return 204

    def _refused(self, status: int) -> int:
        self._heard.labels("refused").inc()
        return status

    def _sign(self, what: str, bmc: str) -> str:
        return hmac.new(self._secret, f"{what}\0{bmc}".encode(), sha256).hexdigest()


def _nobody() -> None:
    """Nobody is woken."""


def _secret(path: Path) -> bytes:
    with suppress(FileNotFoundError):
        found = path.read_bytes()
        if len(found) == _SECRET_BYTES:
            return found
    secret = os.urandom(_SECRET_BYTES)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(secret)
    return secret


def server_context(section: IpmiCollectorSection) -> ssl.SSLContext:
    """Raises PushError."""
    assert section.event_cert is not None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(section.event_cert, section.event_key)
    except (OSError, ssl.SSLError) as error:
        said = getattr(error, "strerror", None) or "they are not a certificate and its key in PEM"
        msg = f"ipmi_collector.event_cert and event_key cannot be used: {said}"
        raise PushError(msg) from None
    return context


class PushServer:
    """HTTP/1.1 over TLS, for posts alone."""

    def __init__(self, pushed: Pushed) -> None:
        self._pushed = pushed
        self._open: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def start(self, host: str, port: int, context: ssl.SSLContext) -> int:
        """The port that it listens at. Raises PushError."""
        try:
            self._server = await asyncio.start_server(
                self._connected, host, port, ssl=context, limit=_HEAD, ssl_handshake_timeout=POST_S
            )
        except OSError as error:
            msg = f"cannot listen on {host}:{port}: {error.strerror}; set ipmi_collector.event_listen"
            raise PushError(msg) from None
        return int(self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
        for task in list(self._open):
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None or len(self._open) >= MAX_OPEN:
            writer.transport.abort()
            return
        self._open.add(task)
        try:
            with suppress(OSError, ssl.SSLError, TimeoutError, h11.ProtocolError, asyncio.CancelledError):
                http = h11.Connection(h11.SERVER, max_incomplete_event_size=_HEAD)
                for _ in range(MAX_POSTS):
                    async with asyncio.timeout(POST_S):
                        if not await self._post(http, reader, writer):
                            break
        finally:
            self._open.discard(task)
            writer.transport.abort()

    async def _post(self, http: h11.Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One request; whether another may come on this connection."""
        method, path, body = b"", "", bytearray()
        while True:
            event = http.next_event()
            match event:
                case h11.NEED_DATA:
                    if http.they_are_waiting_for_100_continue:
                        writer.write(http.send(h11.InformationalResponse(status_code=100, headers=[])) or b"")
                    http.receive_data(await reader.read(_HEAD))
                case h11.Request():
                    method, path = event.method, event.target.decode("latin-1")
                case h11.Data():
                    body += event.data
                    if len(body) > MAX_BODY:
                        return False
                case h11.EndOfMessage():
                    break
                case _:
                    return False
        status = self._pushed.take(path, bytes(body)) if method == b"POST" else 405
        headers = [("Content-Length", "0")] if status != 204 else []
        writer.write(http.send(h11.Response(status_code=status, headers=headers)) or b"")
        writer.write(http.send(h11.EndOfMessage()) or b"")
        await writer.drain()
        if http.our_state is not h11.DONE or http.their_state is not h11.DONE:
            return False
        http.start_next_cycle()
        return True
