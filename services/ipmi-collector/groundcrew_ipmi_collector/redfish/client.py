"""HTTP with one BMC: one connection at a time, bounded in time, size and number of requests, and at most one session,
which is ended when it is not needed any more.

A session outlives the connection: BMCs have few of them, and write each login into a log. What is left of one after
this process was killed is ended at the next login (`left_behind`).
"""

import asyncio
import base64
import ssl
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import urlsplit

import orjson

from groundcrew.contracts.clock import Clock
from groundcrew.contracts.inventory import InventoryBmc
from groundcrew.diagnosis.redfish import path_of, resource
from groundcrew_ipmi_collector.credentials import Credentials
from groundcrew_ipmi_collector.reason import IpmiFailed, Reason
from groundcrew_ipmi_collector.redfish.connection import Connection, Gone, NoHttp, Streaming
from groundcrew_ipmi_collector.redfish.trust import NotThePinned, Trust, shown_by
from groundcrew_ipmi_collector.settings import IpmiCollectorSection

ROOT = "/redfish/v1/"
SESSIONS = "/redfish/v1/SessionService/Sessions"
MAX_REQUESTS = 1_000
"""Requests of one look at most."""

_SPARE = 200
MAX_PASSWORD = 1_000
LOGOUT_S = 5.0
_MAX_TOKEN = 4_096
_SHOWS = "its SHA-256 is"
_ALWAYS = {"Accept": "application/json", "Accept-Encoding": "identity", "OData-Version": "4.0"}
_MOVED = frozenset({301, 302, 303, 307, 308})
_NO_SESSIONS = frozenset({404, 405, 500, 501})
_FULL = ("maximum number of", "rac0218", "sessionlimitexceeded", "no free session")
"""How services say that no session is left: iDRAC's RAC0218, Base.SessionLimitExceeded."""

T = TypeVar("T")


@dataclass(frozen=True)
class Reply:
    """`body` is empty where it is no JSON object."""

    status: int
    body: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def etag(self) -> str:
        found = self.headers.get("etag", "")
        return found if found.isascii() and found.isprintable() and len(found) <= 200 else ""


class Client:
    """Everything raises IpmiFailed with a reason of the closed list; no text of it bears a secret."""

    def __init__(
        self,
        entry: InventoryBmc,
        section: IpmiCollectorSection,
        *,
        credentials: Callable[[], Credentials],
        trust: Trust,
        clock: Clock,
    ) -> None:
        self._section = section
        self._entry = entry
        self._credentials = credentials
        self._trust = trust
        self._clock = clock
        self._connection: Connection | None = None
        self._token = ""
        self._basic = ""
        self._has_sessions = True
        self._left_s = 0.0
        self._requests = 0
        self.sessions_path = SESSIONS
        self.session = ""
        self.left_behind: set[str] = set()

    # --- connection --------------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def connected(self, budget_s: float) -> AsyncIterator[None]:
        """A connection for one look; `budget_s`: seconds that all its requests may take together."""
        context = await self._trust.context(self._entry)
        self._left_s, self._requests = budget_s, 0
        self._connection = Connection(self._entry.address, self._entry.redfish_port, context)
        try:
            yield
        finally:
            connection, self._connection = self._connection, None
            await connection.close()

    @contextmanager
    def extended(self, seconds: float) -> Iterator[None]:
        """So many seconds for what is done within, beside those of the look."""
        before = self._left_s
        self._left_s = max(before, seconds)
        try:
            yield
        finally:
            self._left_s = min(before, self._left_s)

    @property
    def is_nearly_spent(self) -> bool:
        """Whether what is long had better go on with the next look."""
        return self._left_s < 2 * self._section.redfish_reply_s or self._requests > MAX_REQUESTS - _SPARE

    async def root(self) -> Mapping[str, Any]:
        """The service root, which needs no login (DSP0266)."""
        reply = await self._send("GET", ROOT, {})
        if reply.status in _MOVED and (path := _location(reply)):
            reply = await self._send("GET", path, {})
        if reply.status == 401:  # some want a login here, too
            reply = await self._authorised(ROOT, {})
        body = self._read(reply, ROOT).body
        self.sessions_path = path_of(resource(body.get("Links")).get("Sessions")) or SESSIONS
        return body

    async def get(self, path: str, *, etag: str = "") -> Reply:
        """A resource, logging in where that is needed; status 200, or 304 where it still bears this `etag`."""
        headers = {"If-None-Match": etag} if etag else {}
        reply = await self._authorised(path, headers)
        if reply.status in _MOVED and (moved := _location(reply)):
            reply = await self._authorised(moved, headers)
        return reply if reply.status == 304 and etag else self._read(reply, path)

    def _read(self, reply: Reply, path: str) -> Reply:
        where = path.partition("?")[0]
        match reply.status:
            case 200:
                if not reply.body:
                    raise IpmiFailed(Reason.UNREADABLE, f"the BMC's answer on {where} is no JSON object")
                return reply
            case 401:
                raise IpmiFailed(Reason.CREDENTIALS, "the BMC refuses user or password")
            case 403:
                raise IpmiFailed(Reason.PRIVILEGE, f"the BMC does not let this user read {where}")
            case 404 | 405 | 410 | 501:
                raise IpmiFailed(Reason.UNSUPPORTED, f"the BMC does not know {where}")
            case 429 | 503:
                raise IpmiFailed(Reason.BUSY, f"the BMC is too busy to answer on {where} ({reply.status})")
            case status:
                raise IpmiFailed(Reason.OTHER, f"the BMC answers {status} on {where}")

    # --- login -------------------------------------------------------------------------------------------------------

    async def sign_in(self) -> None:
        """Opens a session where none is open; without sessions, basic authentication goes with each request."""
        if not self._token and not self._basic:
            await _to_its_end(self._login())

    async def _authorised(self, path: str, headers: Mapping[str, str]) -> Reply:
        await self.sign_in()
        reply = await self._send("GET", path, {**headers, **self._identity()})
        if reply.status != 401:
            return reply
        if self._basic:
            self._basic = ""  # the password may be another one by the next look
            return reply
        self._forget()  # it timed out, or the BMC restarted
        await _to_its_end(self._login())
        return await self._send("GET", path, {**headers, **self._identity()})

    def _identity(self) -> dict[str, str]:
        return {"X-Auth-Token": self._token} if self._token else {"Authorization": self._basic}

    async def _login(self) -> None:
        who = self._credentials()
        said = orjson.dumps({"UserName": who.user, "Password": who.password})
        reply = await self._send("POST", self.sessions_path, {"Content-Type": "application/json"}, said)
        if reply.status in _MOVED and (path := _location(reply)):
            reply = await self._send("POST", path, {"Content-Type": "application/json"}, said)
        token = reply.headers.get("x-auth-token", "")
        if reply.status in {200, 201, 202, 204} and token and token.isascii() and len(token) <= _MAX_TOKEN:
            self._token, self._basic = token, ""
            self.session = _location(reply) or path_of(reply.body)
            await self._end_left_behind()
            return
        full = any(text in str(reply.body).lower() for text in _FULL)
        if reply.status in {400, 401, 403} and not full:
            raise IpmiFailed(Reason.CREDENTIALS, "the BMC refuses user or password")
        if not full and reply.status not in _NO_SESSIONS and reply.status >= 300:
            self._read(reply, self.sessions_path)
        self._has_sessions = full
        plain = f"{who.user}:{who.password}".encode()
        self._basic = f"Basic {base64.b64encode(plain).decode()}"

    async def _end_left_behind(self) -> None:
        for path in list(self.left_behind - {self.session}):
            with suppress(IpmiFailed):
                await self._send("DELETE", path, self._identity())
            self.left_behind.discard(path)

    def _forget(self) -> None:
        if self.session:
            self.left_behind.add(self.session)
        self._token = self.session = ""

    def try_a_session_again(self) -> None:
        """Where all sessions were taken, basic authentication is for one look: the next one tries again."""
        if self._has_sessions:
            self._basic = ""

    async def end_session(self) -> None:
        """Log out; bounded in time, never raises IpmiFailed. Where the BMC does not answer it ends by itself."""
        token, path = self._token, self.session
        self._token = self.session = ""
        if not token or not path:
            return
        with suppress(IpmiFailed, TimeoutError):
            async with asyncio.timeout(LOGOUT_S), self.connected(LOGOUT_S):
                await self._send("DELETE", path, {"X-Auth-Token": token})

    # --- events ------------------------------------------------------------------------------------------------------

    async def stream(self, path: str) -> Streaming:
        """A stream of events over a connection of its own, in the session of this look."""
        await self.sign_in()
        context = await self._trust.context(self._entry)
        beside = Connection(self._entry.address, self._entry.redfish_port, context)
        headers = {**_ALWAYS, "Accept": "text/event-stream", **self._identity()}
        within_s = max(0.1, min(float(self._section.redfish_reply_s), self._left_s))
        begun = self._clock.monotonic()
        try:
            async with asyncio.timeout(within_s):
                answer = await beside.stream(path, headers)
        except TimeoutError:
            raise IpmiFailed(Reason.TIMEOUT, f"no stream within {within_s:.3g} s") from None
        except (OSError, Gone, NoHttp) as error:
            raise _failure(error) from None
        finally:
            self._left_s -= self._clock.monotonic() - begun
        if isinstance(answer, Streaming):
            return answer
        raise IpmiFailed(Reason.OTHER, f"the BMC answers {answer.status} on {path.partition('?')[0]}")

    async def post(self, path: str, said: Mapping[str, Any]) -> str:
        """Makes a resource; its path. Only for subscriptions to events: nothing else is ever made on a BMC."""
        await self.sign_in()
        headers = {"Content-Type": "application/json", **self._identity()}
        reply = await self._send("POST", path, headers, orjson.dumps(said))
        made = _location(reply) or path_of(reply.body)
        if reply.status not in {200, 201, 204} or not made:
            raise IpmiFailed(Reason.OTHER, f"the BMC answers {reply.status} on {path}")
        return made

    async def delete(self, path: str) -> None:
        """Ends what `post` made; what is gone already is no failure."""
        await self.sign_in()
        await self._send("DELETE", path, self._identity())

    async def delete_and_leave(self, path: str) -> None:
        """The same outside of a look, where a session is open. Raises IpmiFailed, TimeoutError."""
        if not self._token and not self._basic:
            return
        async with asyncio.timeout(LOGOUT_S), self.connected(LOGOUT_S):
            await self._send("DELETE", path, self._identity())

    # --- requests ----------------------------------------------------------------------------------------------------

    async def _send(self, method: str, path: str, headers: Mapping[str, str], said: bytes = b"") -> Reply:
        assert self._connection is not None, "outside of connected()"
        self._requests += 1
        if self._requests > MAX_REQUESTS:
            raise IpmiFailed(Reason.OTHER, f"more than {MAX_REQUESTS} requests in one look")
        within_s = min(float(self._section.redfish_reply_s), self._left_s)
        if within_s <= 0:
            raise IpmiFailed(Reason.TIMEOUT, "the BMC did not finish its answers within the time of a look")
        begun = self._clock.monotonic()
        try:
            async with asyncio.timeout(within_s):
                answer = await self._connection.ask(method, path.partition("#")[0], {**_ALWAYS, **headers}, said)
        except TimeoutError:
            raise IpmiFailed(Reason.TIMEOUT, f"no answer within {within_s:.3g} s") from None
        except (OSError, Gone, NoHttp) as error:
            failure = _failure(error)
        else:
            return Reply(answer.status, _json(answer.body), answer.headers)
        finally:
            self._left_s -= self._clock.monotonic() - begun
        if failure.reason is Reason.CERTIFICATE and _SHOWS not in str(failure):
            shown = await shown_by(self._entry.address, self._entry.redfish_port)
            failure = IpmiFailed(failure.reason, f"{failure}; {_SHOWS} {shown}" if shown else str(failure))
        raise failure


def _json(body: bytes) -> Mapping[str, Any]:
    try:
        return resource(orjson.loads(body)) if body else {}
    except orjson.JSONDecodeError:
        return {}


def _location(reply: Reply) -> str:
    """The path that an answer points at."""
    try:
        parts = urlsplit(reply.headers.get("location", ""))
    except ValueError:
        return ""
    return path_of(parts.path)


def _failure(error: OSError | Gone | NoHttp) -> IpmiFailed:
    """Why no answer came. What the TLS library says of a certificate is what the operator needs."""
    match error:
        case NotThePinned():
            return IpmiFailed(Reason.CERTIFICATE, f"the certificate is not the pinned one; {error.args[-1]}")
        case ssl.SSLCertVerificationError():
            return IpmiFailed(Reason.CERTIFICATE, f"the certificate is not trusted: {error.verify_message}")
        case ssl.SSLError():
            said = (error.reason or "it speaks no TLS that we take").replace("_", " ").lower()
            return IpmiFailed(Reason.CERTIFICATE, f"no TLS connection: {said}")
        case NoHttp():
            return IpmiFailed(Reason.UNREADABLE, f"the BMC's answer cannot be read: {error}")
        case Gone() | ConnectionResetError() | ConnectionAbortedError() | BrokenPipeError():
            return IpmiFailed(Reason.OTHER, "the BMC closed the connection")
    return IpmiFailed(Reason.ADDRESS, "the address does not resolve or cannot be reached")


async def _to_its_end(login: Coroutine[Any, Any, T]) -> T:
    """A login that is cancelled half way would leave a session that nobody knows of."""
    task = asyncio.ensure_future(login)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        if not task.done():
            await asyncio.wait([task], timeout=LOGOUT_S)
        task.cancel()
        with suppress(IpmiFailed, asyncio.CancelledError):
            await task
        raise
