"""The child process that runs all services. Started by `up`, which owns the servers that it connects to.

Run as `python -m groundcrew_embedded.services HOME --status-fd N [--port N] [--mcp-port N] [--demo]`.
"""

import argparse
import asyncio
import os
import sys
from collections.abc import Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import uvloop
from prometheus_client import CollectorRegistry
from structlog.typing import FilteringBoundLogger

from groundcrew.bus.access import ADMIN
from groundcrew.bus.port import Bus, KeyConflict
from groundcrew.contracts.clock import Clock, SystemClock
from groundcrew.contracts.streams import Buckets
from groundcrew.runtime.connections import connect_bus
from groundcrew.runtime.health import HealthBoard, ServiceHealth
from groundcrew.runtime.resources import Resources
from groundcrew.runtime.run import EXIT_FAILED, EXIT_SETTINGS, START_ERRORS, drain, open_resources, stop_on_signals
from groundcrew.runtime.serving import listen
from groundcrew.runtime.settings import ServiceSettings, SettingsError, load, sections
from groundcrew.runtime.tasks import RootTasks
from groundcrew.telemetry.log import capture_standard_logging, new_log
from groundcrew.telemetry.metrics import Gathered, new_registry, product_version
from groundcrew_context.inventory import KEY as INVENTORY_KEY
from groundcrew_embedded import demo
from groundcrew_embedded.bus_config import password_of
from groundcrew_embedded.home import Home
from groundcrew_embedded.postgres_server import DATABASE, USER
from groundcrew_embedded.status import report
from groundcrew_embedded.table import DEMO_SERVICES, DEMO_SITE, SERVICES, Service
from groundcrew_gateway.keys import ensure_local_key, single_use_token

DRAIN_S = 10.0
SERVER_WAIT_S = 60.0
"""How long the services wait for the servers: the first start makes a database cluster meanwhile."""


@dataclass(frozen=True)
class Options:
    """`demo` wires the demo site; `feed` tells its story, once per `up`."""

    home: Home
    port: int | None
    mcp_port: int | None
    demo: bool
    feed: bool
    environ: Mapping[str, str]


@dataclass(frozen=True)
class Wired:
    """One service with its settings, before and after its resources exist."""

    service: Service
    settings: ServiceSettings
    stack: AsyncExitStack

    @property
    def is_demo(self) -> bool:
        return self.settings.site.name == DEMO_SITE

    @property
    def label(self) -> str:
        return f"{DEMO_SITE}.{self.service.name}" if self.is_demo else self.service.name


def settings_of(service: Service, options: Options, *, site: str | None = None) -> ServiceSettings:
    """The operator's settings of one service, with the servers of this home in place of any others."""
    cls = service.settings_class()
    overrides = _servers(options.home, service.name)
    if site is not None:
        overrides["site"] = {"name": site}
    if site == DEMO_SITE and service.name == "actions":
        overrides["actions"] = {"execute": False}
    if site == DEMO_SITE and service.name == "context":  # its hosts are the story's, not the operator's
        overrides["context"] = {"inventory_file": ""}
    if service.name == "gateway" and options.port is not None:
        overrides["gateway"] = {"port": options.port}
    if service.name == "mcp" and options.mcp_port is not None:
        overrides["mcp"] = {"port": options.mcp_port}
    defaults: dict[str, dict[str, Any]] = {}
    if "redis" in sections(cls):
        overrides["redis"] = _redis(options.home)
    keys = sections(cls)[service.section].model_fields if service.section in sections(cls) else {}
    if "state_dir" in keys:
        defaults[service.section] = {"state_dir": options.home.path / service.name}
    if "instance" in keys:  # whoever comes back after a fall takes over its own lease at once
        defaults[service.section] = {"instance": "embedded"}
    return load(cls, environ=options.environ, overrides=overrides, defaults=defaults)


def _servers(home: Home, user: str) -> dict[str, dict[str, Any]]:
    ports = orjson.loads((home.run / "ports.json").read_bytes())
    return {
        "nats": {
            "url": f"nats://127.0.0.1:{ports['nats']}",
            "user": user,
            "password": password_of(home, user),
            "wait_s": SERVER_WAIT_S,
            "replicas": 1,
        },
        "postgres": {
            "host": "127.0.0.1",
            "port": ports["postgres"],
            "database": DATABASE,
            "user": USER,
            "password": home.secret("postgres"),
            "wait_s": SERVER_WAIT_S,
        },
    }


def _redis(home: Home) -> dict[str, Any]:
    ports = orjson.loads((home.run / "ports.json").read_bytes())
    return {"host": "127.0.0.1", "port": ports["valkey"], "password": home.secret("valkey")}


class Process:
    """All services over one board of checks; each has its own bus connection, stores, tasks and registry."""

    def __init__(self, options: Options, clock: Clock, log: FilteringBoundLogger, services: list[Wired]) -> None:
        self._options = options
        self._clock = clock
        self._log = log
        self._services = services
        self._board = HealthBoard(clock)
        self._tasks: list[RootTasks] = []
        self._registries: list[tuple[Mapping[str, str], CollectorRegistry]] = [
            ({"service": "embedded", "site": ""}, new_registry("embedded"))
        ]
        self._gateway: Resources | None = None
        self._demo_bus: Bus | None = None

    async def start(self) -> None:
        if self._options.demo:
            await self._open_demo()
        for wired in self._services:
            resources = await self._resources(wired)
            await wired.service.wire()(wired.settings, resources)
            self._log.info("wired", part=wired.label)
            if wired.service.name == "gateway":
                self._gateway = resources
        if self._options.feed:
            self._demo_tasks().spawn("feed", self._feed())
        self._board.started()

    async def _resources(self, wired: Wired) -> Resources:
        name, settings = wired.service.name, wired.settings
        labels = {"service": name, "site": settings.site.name}
        log = new_log(name, settings.site.name, clock=self._clock, level=settings.log.level)
        if name == "gateway":  # its /metrics is the process's, so it shows them all
            registry: CollectorRegistry = Gathered(labels, self._registries)
        else:
            registry = new_registry(name, process=False)
            self._registries.append((labels, registry))
        tasks = RootTasks(log, prefix=f"{wired.label}/")
        self._tasks.append(tasks)
        return await open_resources(
            name,
            settings,
            clock=self._clock,
            log=log,
            registry=registry,
            health=ServiceHealth(self._board, wired.label),
            tasks=tasks,
            stack=wired.stack,
        )

    def _demo_tasks(self) -> RootTasks:
        tasks = RootTasks(self._log, prefix=f"{DEMO_SITE}/")
        self._tasks.append(tasks)
        self._services[-1].stack.push_async_callback(tasks.close)
        return tasks

    async def _open_demo(self) -> None:
        """Publish the inventory of the demo site, where nobody has yet."""
        settings = load(
            ServiceSettings,
            environ={},
            config_path=Path(os.devnull),
            overrides=_servers(self._options.home, ADMIN) | {"site": {"name": DEMO_SITE}},
        )
        bus = await connect_bus(ADMIN, settings, clock=self._clock, registry=CollectorRegistry(), log=self._log)
        self._services[0].stack.push_async_callback(bus.close)
        self._demo_bus = bus
        bucket = await bus.key_value(Buckets.INVENTORY)
        with suppress(KeyConflict):
            await bucket.create(INVENTORY_KEY, demo.inventory().model_dump_json().encode())

    async def _feed(self) -> None:
        """Tell the demo's story as the collectors of its site would, then stay: a root task never ends."""
        assert self._demo_bus is not None
        count = await demo.feed(self._demo_bus, self._clock)
        self._log.info("demo fed", messages=count)
        await asyncio.Event().wait()

    async def link(self, url: str) -> str:
        """A link that signs this machine's operator in, once."""
        assert self._gateway is not None
        store = await self._gateway.stores.gateway()
        now = self._clock.now()
        sites = (self._gateway.site, DEMO_SITE)
        key = await ensure_local_key(store, self._options.home.api_key, now, sites)
        return f"{url}/#token={await single_use_token(store, key, now)}"

    async def ended(self) -> str:
        """Waits until a root task of any service ends unexpectedly."""
        waits = [asyncio.ensure_future(tasks.ended()) for tasks in self._tasks]
        done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()
        return str(next(iter(done)).result())

    async def stop(self) -> bool:
        """Drain all services, last wired first. False where that took longer than DRAIN_S."""
        self._board.draining()
        whole = AsyncExitStack()
        for wired in self._services:
            whole.push_async_callback(wired.stack.aclose)
        return await drain(whole, self._log, DRAIN_S) == 0


def _section(services: list[Wired], name: str) -> Any:
    """A service's own section of its own settings class."""
    return getattr(next(wired.settings for wired in services if wired.service.name == name), name)


async def run(options: Options, services: list[Wired], log: FilteringBoundLogger, status: int) -> int:
    """Start, tell the parent, wait for a signal or for a task that ends, drain. Returns the exit code."""
    stop = stop_on_signals()
    process = Process(options, SystemClock(), log, services)
    section, mcp = (_section(services, name) for name in ("gateway", "mcp"))
    url = f"http://127.0.0.1:{section.port}"

    async def start_and_wait() -> str:
        listen(section.host, section.port, setting="--port").close()
        listen(mcp.host, mcp.port, setting="mcp.port").close()
        await process.start()
        link = await process.link(url)
        report(status, ready=True, url=url, link=link, mcp_url=f"http://127.0.0.1:{mcp.port}/mcp")
        log.info("running", url=url, version=product_version())
        return await process.ended()

    running = asyncio.ensure_future(start_and_wait())
    stopping = asyncio.ensure_future(stop.wait())
    await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
    code, reason = 0, ""
    if not running.done():
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        log.info("stopping")
    else:
        code, error = EXIT_FAILED, running.exception()
        reason = str(error) if error is not None else running.result()
        expected = error is None or isinstance(error, START_ERRORS)
        log.error("the services end", reason=reason, exc_info=None if expected else error)
    stopping.cancel()
    drained = await process.stop()
    report(status, ready=False, reason=reason)
    return code if drained else EXIT_FAILED


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="groundcrew_embedded.services")
    parser.add_argument("home", type=Path)
    parser.add_argument("--port", type=int)
    parser.add_argument("--mcp-port", type=int)
    parser.add_argument("--demo", action="store_true")
    parser.add_argument("--feed", action="store_true")
    parser.add_argument("--status-fd", type=int, required=True)
    given = parser.parse_args(argv)
    options = Options(
        home=Home(given.home),
        port=given.port,
        mcp_port=given.mcp_port,
        demo=given.demo,
        feed=given.feed,
        environ=os.environ,
    )
    try:
        services = [Wired(service, settings_of(service, options), AsyncExitStack()) for service in SERVICES]
        if options.demo:
            services += [
                Wired(service, settings_of(service, options, site=DEMO_SITE), AsyncExitStack())
                for service in DEMO_SERVICES
            ]
    except SettingsError as error:
        report(given.status_fd, ready=False, reason=str(error))
        return EXIT_SETTINGS
    first = services[0].settings
    log = new_log("embedded", first.site.name, clock=SystemClock(), level=first.log.level)
    capture_standard_logging(log, first.log.level)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(run(options, services, log, given.status_fd))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
