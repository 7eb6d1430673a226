"""One connection to NATS: made with a deadline, kept for ever, and what its callbacks mean.

nats-py tells of a forbidden publish only through `error_cb`, with the subject in lower case, while whoever waits for
the acknowledgement sees nothing but a timeout; `Connection` brings the two together.
"""

import asyncio
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import nats.errors
from nats.aio.client import Client
from nats.js import JetStreamContext
from structlog.typing import FilteringBoundLogger

from groundcrew.bus.metrics import BusMetrics
from groundcrew.bus.port import BusUnavailable, PublishDenied
from groundcrew.contracts.clock import Clock

CONNECT_TIMEOUT_S = 2
RECONNECT_WAIT_S = 0.25
API_TIMEOUT_S = 5.0
LEAVE_S = 2.0
"""How long the server may take to answer a farewell: each step of a drain waits no longer for one that hangs."""

_DENIED = re.compile(r'permissions violation for (publish|subscription) to "([^"]+)"', re.IGNORECASE)


def address_of(url: str) -> str:
    """The server addresses of a NATS URL (or several, comma separated), without user and password."""
    parts = (urlsplit(each.strip() if "//" in each else f"nats://{each.strip()}") for each in url.split(","))
    return ", ".join(f"{part.hostname}:{part.port or 4222}" for part in parts)


def inbox_prefix(service: str) -> str:
    """The private inbox of a service: nobody else may subscribe to its replies."""
    return f"_INBOX_{service}"


def reason_of(error: BaseException) -> str:
    """What an error says of itself, or its name where it says nothing (nats-py's timeouts)."""
    return str(error) or type(error).__name__


class Connection:
    """`on_fatal` is called once if the client gives up for good (credentials no longer accepted, say)."""

    def __init__(
        self,
        *,
        url: str,
        service: str,
        clock: Clock,
        log: FilteringBoundLogger,
        metrics: BusMetrics,
        on_fatal: Callable[[str], None] | None,
    ) -> None:
        self.address = address_of(url)
        self.service = service
        self.client = Client()
        self.js: JetStreamContext = self.client.jetstream(timeout=API_TIMEOUT_S)
        self._servers = [each.strip() for each in url.split(",")]
        self._clock = clock
        self._log = log
        self._metrics = metrics
        self._on_fatal = on_fatal
        self._connected = asyncio.Event()
        self._refused: asyncio.Future[str] | None = None
        self.silent = False
        self._closing = False
        self._leaving: asyncio.Task[None] | None = None
        self._last_error = ""
        self._reconnect_listeners: list[Callable[[], None]] = []
        self._loss_listeners: list[Callable[[], None]] = []
        self._awaiting: dict[str, set[asyncio.Future[Any]]] = {}

    # --- life ---------------------------------------------------------------------------------------------------------

    async def open(self, *, user: str, password: str, wait_s: float) -> None:
        """Connect, and see that JetStream answers. Raises BusUnavailable naming the address after `wait_s`, and at
        once where the credentials are refused."""
        deadline = self._clock.monotonic() + wait_s
        self._refused = asyncio.get_running_loop().create_future()
        connecting = asyncio.ensure_future(self._connect(user, password))
        try:
            waits: set[asyncio.Future[Any]] = {connecting, self._refused}
            await asyncio.wait(waits, timeout=wait_s, return_when=asyncio.FIRST_COMPLETED)
            if not connecting.done():
                await self._give_up(connecting, wait_s)
            await connecting
        finally:
            self._refused.cancel()
            self._refused = None
        self._connected.set()
        self._metrics.connected.labels(self.service).set(1)
        await self._await_jetstream(deadline, wait_s)

    async def _connect(self, user: str, password: str) -> None:
        await self.client.connect(
            servers=self._servers,
            name=f"groundcrew-{self.service}",
            user=user or None,
            password=password or None,
            inbox_prefix=inbox_prefix(self.service),
            connect_timeout=CONNECT_TIMEOUT_S,
            reconnect_time_wait=RECONNECT_WAIT_S,  # type: ignore[arg-type]  # seconds; fractions work
            max_reconnect_attempts=-1,
            drain_timeout=5,
            ping_interval=20,
            max_outstanding_pings=2,
            error_cb=self._on_error,
            disconnected_cb=self._on_disconnected,
            reconnected_cb=self._on_reconnected,
            closed_cb=self._on_closed,
        )

    async def _give_up(self, connecting: asyncio.Future[None], wait_s: float) -> None:
        refused = self._refused.result() if self._refused is not None and self._refused.done() else ""
        self._closing = True
        connecting.cancel()
        await asyncio.gather(connecting, return_exceptions=True)
        await self.client.close()
        if refused:
            msg = f"NATS at {self.address} refused user of service {self.service}: {refused}"
        else:
            msg = f"NATS at {self.address} did not answer within {wait_s:g} s: {self._last_error or 'no answer'}"
        raise BusUnavailable(msg)

    async def _await_jetstream(self, deadline: float, wait_s: float) -> None:
        while True:
            try:
                await self.js.account_info()
            except nats.errors.Error as error:
                reason = reason_of(error)
            else:
                return
            if self._clock.monotonic() >= deadline:
                await self.close()
                msg = f"JetStream at {self.address} did not answer within {wait_s:g} s: {reason}"
                raise BusUnavailable(msg)
            await self._clock.sleep(0.1)

    async def close(self) -> None:
        """Flush what is written and leave, within about LEAVE_S."""
        self._closing = True
        if self._leaving is not None:
            await self._leaving
        try:
            if self.client.is_connected:
                await self.parted()
        except (nats.errors.Error, OSError) as error:
            self._log.warning("bus: flush at close failed", reason=str(error))
        await self.client.close()
        self._metrics.connected.labels(self.service).set(0)

    async def synced(self, timeout_s: float = 4) -> None:
        """Return when the server has seen what was written so far; raises nats.errors.FlushTimeoutError.

        nats-py sends the PING of `flush` ahead of what waits in its buffer; only a second one comes after it.
        """
        await self.client.flush(timeout=timeout_s / 2)  # type: ignore[arg-type]  # fractions work
        await self.client.flush(timeout=timeout_s / 2)  # type: ignore[arg-type]

    async def parted(self) -> None:
        """`synced` as part of a farewell: raises nats errors at once where the server failed to answer one before."""
        if self.silent:
            raise nats.errors.FlushTimeoutError
        try:
            await self.synced(LEAVE_S)
        except nats.errors.Error:
            self.silent = True
            raise

    async def ready(self, timeout_s: float) -> None:
        """Return while connected, else wait for that; raises BusUnavailable."""
        if self._connected.is_set() and not self.client.is_closed:
            return
        try:
            async with asyncio.timeout(timeout_s):
                await self._connected.wait()
        except TimeoutError:
            msg = f"NATS at {self.address} is not connected: {self._last_error or 'connection lost'}"
            raise BusUnavailable(msg) from None

    @property
    def connected(self) -> bool:
        return self._connected.is_set()

    def on_reconnect(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener` after each reconnect; returns what forgets it again."""
        self._reconnect_listeners.append(listener)
        return lambda: self._reconnect_listeners.remove(listener)

    def on_loss(self, listener: Callable[[], None]) -> None:
        """Call `listener` each time the connection is lost."""
        self._loss_listeners.append(listener)

    # --- denied publishes ---------------------------------------------------------------------------------------------

    def watch_denial(self, subject: str, future: asyncio.Future[Any]) -> None:
        """Let `future` fail with PublishDenied if the server forbids the subject while it is pending."""
        waiting = self._awaiting.setdefault(subject.lower(), set())
        waiting.add(future)
        future.add_done_callback(lambda done: self._forget(subject.lower(), done))

    def _forget(self, subject: str, future: asyncio.Future[Any]) -> None:
        waiting = self._awaiting.get(subject)
        if waiting is not None:
            waiting.discard(future)
            if not waiting:
                del self._awaiting[subject]

    def _deny(self, subject: str) -> None:
        msg = f"the broker forbids service {self.service} to publish on {subject}"
        for future in list(self._awaiting.get(subject.lower(), ())):
            if not future.done():
                future.set_exception(PublishDenied(msg))

    # --- callbacks of the client --------------------------------------------------------------------------------------

    async def _on_error(self, error: Exception) -> None:
        self._last_error = reason_of(error)
        denied = _DENIED.search(self._last_error)
        if denied is not None:
            self._log.error("bus: permission denied", kind=denied.group(1).lower(), subject=denied.group(2))
            if denied.group(1).lower() == "publish":
                self._deny(denied.group(2))
        elif "authorization" in self._last_error.lower():
            self._on_refused()
        else:
            self._log.debug("bus: client error", reason=self._last_error)

    def _on_refused(self) -> None:
        """Our credentials are not (or no longer) accepted; nats-py would try for ever, each time leaving a socket."""
        if self._refused is not None:
            if not self._refused.done():
                self._refused.set_result(self._last_error)
        elif not self._closing:
            self._closing = True
            reason = f"NATS at {self.address} no longer accepts the credentials of service {self.service}"
            self._log.error("bus: refused", reason=reason)
            self._leaving = asyncio.create_task(self.client.close(), name=f"{self.service}: leave NATS")
            self.fatal(reason)

    async def _on_disconnected(self) -> None:
        self._connected.clear()
        self._metrics.connected.labels(self.service).set(0)
        if not self._closing:
            self._log.warning("bus: connection lost", address=self.address)
        for listener in self._loss_listeners:
            listener()

    async def _on_reconnected(self) -> None:
        self.silent = False
        self._connected.set()
        self._metrics.connected.labels(self.service).set(1)
        self._metrics.reconnects.labels(self.service).inc()
        self._log.info("bus: connected again", address=self.address)
        for listener in list(self._reconnect_listeners):
            listener()

    async def _on_closed(self) -> None:
        self._connected.clear()
        if not self._closing:
            reason = f"NATS at {self.address} closed the connection for good: {self._last_error}"
            self._log.error("bus: closed", reason=reason)
            self.fatal(reason)

    def fatal(self, reason: str) -> None:
        """Tell the owner of the bus, once, that it cannot go on."""
        on_fatal, self._on_fatal = self._on_fatal, None
        if on_fatal is not None:
            on_fatal(reason)
