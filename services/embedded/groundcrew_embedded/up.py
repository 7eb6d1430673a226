"""`groundcrew up`: owns the servers and the process of the services, and ends them all with itself."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import psutil

from groundcrew.contracts.clock import Clock, SystemClock
from groundcrew.runtime.settings import ServiceSettings, SettingsError, load
from groundcrew.telemetry.metrics import product_version
from groundcrew_embedded import bus_config, ports
from groundcrew_embedded.account import Account, require_reachable, server_account
from groundcrew_embedded.home import Home, HomeError
from groundcrew_embedded.nats_server import NatsServer
from groundcrew_embedded.postgres_server import PostgresServer
from groundcrew_embedded.process import Command, RollingLog, end_leftovers
from groundcrew_embedded.server import Place, Server
from groundcrew_embedded.status import Ready, Reports, State, write_state
from groundcrew_embedded.supervisor import READY_S, ChildFailed, Supervised, Tell, supervise
from groundcrew_embedded.valkey_server import ValkeyServer

EXIT_FAILED = 1
EXIT_SETTINGS = 2

_SERVERS = ("nats", "postgres", "valkey")
_SERVICES_STOP_S = 15
_STARTS = 3
"""A port that was free when it was claimed may be taken before its server gets to it: then others are tried."""


@dataclass(frozen=True, kw_only=True)
class UpOptions:
    """`port`: of the page; None: as configured, 0: any free one that is then kept, and another for
    `mcp_port`.

    `demo`: replay a scenario in a site of its own.
    """

    home: Path
    port: int | None = None
    mcp_port: int | None = None
    demo: bool = False


class ServicesProcess:
    """The child that runs the services: how it is started, and what it reports."""

    def __init__(self, options: UpOptions, account: Account) -> None:
        self._options = options
        self._account = account
        self.reports: Reports | None = None
        self._fed = False

    def command(self) -> Command:
        if self.reports is not None:
            self.reports.close()
        reading, writing = os.pipe()
        self.reports = Reports(reading)
        argv = [sys.executable, "-m", "groundcrew_embedded.services", str(self._options.home)]
        argv += ["--status-fd", str(writing)]
        argv += ["--port", str(self._options.port)] if self._options.port is not None else []
        argv += ["--mcp-port", str(self._options.mcp_port)] if self._options.mcp_port is not None else []
        argv += ["--demo"] if self._options.demo else []
        argv += ["--feed"] if self._options.demo and not self._fed else []
        self._fed = True  # who is started again after a fall has the demo's story in the store already
        return Command(
            name="services",
            argv=argv,
            cwd=Path.cwd(),
            environ=os.environ,
            account=self._account,
            death_signal=signal.SIGKILL,  # its servers are going too: there is nothing left to drain into
            stop_s=_SERVICES_STOP_S,
            pass_fds=(writing,),
        )

    async def is_ready(self) -> bool:
        return self.reports is not None and bool(self.reports.seen.get("ready"))

    def ready(self) -> Ready:
        assert self.reports is not None
        seen = self.reports.seen
        return Ready(url=seen["url"], link=seen.pop("link"), mcp_url=seen["mcp_url"])

    def reason(self) -> str:
        return str(self.reports.seen.get("reason", "")) if self.reports else ""


class System:
    """Everything that one `up` keeps running."""

    def __init__(self, options: UpOptions, *, clock: Clock, tell: Tell) -> None:
        self._options = options
        self._home = Home(options.home)
        self._clock = clock
        self._tell = tell
        self._stack = AsyncExitStack()
        self._children = AsyncExitStack()

    async def start(self) -> Ready:
        """Bring everything up; raises HomeError, or ChildFailed with the exit code of the services."""
        home = self._home
        home.create()
        self._stack.enter_context(home.locked())
        account = server_account()
        require_reachable(account, home.path)
        if leftovers := end_leftovers(home.run):
            self._tell(f"ended what a killed run left behind: {', '.join(leftovers)}")
        for left in reversed(range(_STARTS)):
            claimed = ports.claim([*_SERVERS, "page", "mcp"], home.run / "ports.json")
            try:
                return await self._start(account, claimed)
            except HomeError:
                await self._children.aclose()
                if not left or not (taken := ports.taken(claimed.values())):
                    raise
                self._tell(f"somebody else took port {taken[0]} meanwhile; starting with others")
        raise AssertionError

    async def _start(self, account: Account, claimed: dict[str, int]) -> Ready:
        home, options = self._home, self._options
        if options.port == 0:
            options = replace(options, port=claimed["page"], mcp_port=claimed["mcp"])
        servers = self._servers(account, claimed)
        keepers = {server.name: supervise(home, server, clock=self._clock, tell=self._tell) for server in servers}
        for keeper in keepers.values():
            self._children.push_async_callback(keeper.stop)
        services, keeper = self._services(options)
        self._children.push_async_callback(keeper.stop)
        await _all(*(_bring_up(server, keepers[server.name]) for server in servers), _start_services(services, keeper))
        ready = services.ready()
        self._children.callback(self._home.state.unlink, missing_ok=True)
        self._keep_state(ready, claimed, keeper, keepers)
        return ready

    def _servers(self, account: Account, claimed: dict[str, int]) -> list[Server]:
        def place(name: str) -> Place:
            return Place(home=self._home, account=account, port=claimed[name])

        nats = NatsServer(place("nats"), bus_config.config(self._home, claimed["nats"], self._site()))
        return [nats, PostgresServer(place("postgres")), ValkeyServer(place("valkey"))]

    def _site(self) -> str:
        try:
            return load(ServiceSettings, environ=os.environ).site.name
        except SettingsError as error:
            raise ChildFailed(str(error), EXIT_SETTINGS) from None

    def _services(self, options: UpOptions) -> tuple[ServicesProcess, Supervised]:
        me = Account(os.geteuid(), os.getegid(), "", drops=False)
        services = ServicesProcess(options, me)
        log = RollingLog(self._home.logs / "services.log")
        keeper = Supervised(
            self._home, services.command, services.is_ready, clock=self._clock, tell=self._tell, log=log
        )
        return services, keeper

    def _keep_state(
        self, ready: Ready, claimed: dict[str, int], services: Supervised, servers: dict[str, Supervised]
    ) -> None:
        """Write the state file now, and again whenever a child has come back under another number."""
        me = psutil.Process()

        def write() -> None:
            state = State(
                url=ready.url,
                mcp_url=ready.mcp_url,
                pid=me.pid,
                born=me.create_time(),
                ports=claimed,
                demo=self._options.demo,
                version=product_version(),
                services_pid=services.pid,
                servers={name: keeper.pid for name, keeper in servers.items() if keeper.pid},
            )
            write_state(self._home, state)

        for keeper in (services, *servers.values()):
            keeper.on_restart = write
        write()

    async def stop(self) -> None:
        """Services first, then the servers in reverse order; each bounded in time."""
        await self._children.aclose()
        await self._stack.aclose()


async def _bring_up(server: Server, keeper: Supervised) -> None:
    try:
        await server.prepare()
    except OSError as error:
        msg = f"{server.name} cannot be set up: {error}"
        raise HomeError(msg) from error
    await keeper.start()


async def _start_services(services: ServicesProcess, keeper: Supervised) -> None:
    try:
        await keeper.start(ready_s=2 * READY_S)
    except ChildFailed as error:
        raise ChildFailed(services.reason() or str(error), error.code) from None


async def _all(*starts: Coroutine[None, None, None]) -> None:
    """Run all at once; where one fails the others are cancelled, and its own error comes out, not a group."""
    failed: list[BaseException] = []
    try:
        async with asyncio.TaskGroup() as group:
            for start in starts:
                group.create_task(start)
    except* HomeError as errors:
        failed += errors.exceptions
    if failed:
        raise failed[0]


async def run(options: UpOptions, *, on_ready: Callable[[Ready], None], tell: Tell) -> int:
    """Run until SIGTERM, SIGINT or SIGHUP. Returns the exit code; what went wrong is told before."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(name, stop.set)
    system = System(options, clock=SystemClock(), tell=tell)
    starting = asyncio.create_task(system.start(), name="start")
    stopping = asyncio.create_task(stop.wait(), name="stop")
    await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
    code = 0
    if starting.done():
        try:
            on_ready(starting.result())
            await stopping
        except HomeError as error:
            tell(str(error))
            code = error.code if isinstance(error, ChildFailed) else EXIT_FAILED
    for task in (starting, stopping):
        task.cancel()
    await asyncio.gather(starting, stopping, return_exceptions=True)
    await system.stop()
    return code
