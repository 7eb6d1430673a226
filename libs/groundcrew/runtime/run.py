"""From a settings class and a wiring function to a running process."""

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from typing import Any, NoReturn, TypeVar

import uvloop
from prometheus_client import CollectorRegistry
from structlog.typing import FilteringBoundLogger

from groundcrew.bus.port import BusError, BusUnavailable
from groundcrew.contracts.clock import Clock, SystemClock
from groundcrew.contracts.envelope import ProducedBy
from groundcrew.diagnosis.rules import PackError
from groundcrew.runtime.connections import PostgresStores, connect_bus
from groundcrew.runtime.health import HealthBoard
from groundcrew.runtime.probes import HEALTH_PORTS, probe_server
from groundcrew.runtime.resources import CannotStart, Health, Resources
from groundcrew.runtime.serving import PortTaken, listen
from groundcrew.runtime.settings import ServiceSettings, SettingsError, load
from groundcrew.runtime.tasks import RootTasks
from groundcrew.stores.migrate import MigrationError
from groundcrew.stores.port import StoreUnavailable
from groundcrew.telemetry.log import capture_standard_logging, new_log
from groundcrew.telemetry.metrics import new_registry, product_version

DRAIN_S = 8.0
"""How long handlers, publishes and requests may take to finish; below the ten seconds that container engines wait."""

EXIT_FAILED = 1
EXIT_SETTINGS = 2

START_ERRORS = (BusError, StoreUnavailable, MigrationError, PortTaken, PackError, CannotStart)
"""What ends a start with one line instead of a traceback: a server that is not there, a port that is taken, a pack
that does not hold."""

S = TypeVar("S", bound=ServiceSettings)
Wire = Callable[[S, Resources], Awaitable[None]]


def main(
    service: str,
    settings_class: type[S],
    wire: Wire[S],
    *,
    serves_probes: bool = True,
    environ: Mapping[str, str] | None = None,
) -> NoReturn:
    """Run one service until SIGTERM or SIGINT; a second signal ends it at once.

    Exit codes: 0 stopped as asked, 1 failed (the last log line says why), 2 wrong settings. `serves_probes=False` is
    for a service that mounts `runtime.probes.routes` in an HTTP server of its own.
    """
    try:
        settings = load(settings_class, environ=os.environ if environ is None else environ)
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(EXIT_SETTINGS)
    clock = SystemClock()
    log = new_log(service, settings.site.name, clock=clock, level=settings.log.level)
    capture_standard_logging(log, settings.log.level)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        code = runner.run(
            run(service, settings, wire, clock=clock, log=log, serves_probes=serves_probes, on_drain=end_at_last)
        )
    sys.stdout.flush()
    sys.exit(code)


def end_at_last() -> None:
    """End the process a second after its drain time, whatever hangs then: a task that will not be cancelled, a thread
    that `asyncio.Runner` waits for without limit, a driver that talks to a frozen server."""
    timer = threading.Timer(DRAIN_S + 1, os._exit, (EXIT_FAILED,))
    timer.daemon = True
    timer.start()


async def run(
    service: str,
    settings: S,
    wire: Wire[S],
    *,
    clock: Clock,
    log: FilteringBoundLogger,
    serves_probes: bool = True,
    on_drain: Callable[[], None] = lambda: None,
) -> int:
    """Open resources, wire, wait for a signal or a root task's end, drain. Returns the exit code.

    `on_drain` is called when the drain begins.
    """
    stop = stop_on_signals()
    board = HealthBoard(clock)
    registry = new_registry(service)
    stack = AsyncExitStack()
    tasks = RootTasks(log)

    async def start() -> None:
        if serves_probes:
            port = settings.http.port or HEALTH_PORTS[service]
            server = probe_server(board, registry, listen(settings.http.host, port, setting="http.port"))
            stack.push_async_callback(server.close)
            await server.start()
        resources = await open_resources(
            service, settings, clock=clock, log=log, registry=registry, health=board, tasks=tasks, stack=stack
        )
        await wire(settings, resources)
        board.started()
        log.info("running", version=product_version())

    code = await _until_over(start(), tasks, stop, log)
    board.draining()
    on_drain()
    return await drain(stack, log, DRAIN_S) or code


async def open_resources(
    service: str,
    settings: ServiceSettings,
    *,
    clock: Clock,
    log: FilteringBoundLogger,
    registry: CollectorRegistry,
    health: Health,
    tasks: RootTasks,
    stack: AsyncExitStack,
) -> Resources:
    """Everything that `wire` is given. On `stack`, so that it unwinds as: what wire put there, root tasks, the bus
    (consumers finish what they hold), the stores that those handlers write to."""
    produced_by = ProducedBy(service=service, version=product_version(), packs="")
    stores = PostgresStores(settings.postgres, site=settings.site.name, clock=clock, health=health)
    stack.push_async_callback(stores.close)
    lost: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    bus = await connect_bus(service, settings, clock=clock, registry=registry, log=log, on_fatal=lost.set_result)
    stack.push_async_callback(bus.close)
    stack.push_async_callback(tasks.close)
    tasks.spawn("bus connection", _raise_when_lost(lost))

    async def bus_answers() -> str:
        await bus.ping()
        return settings.nats.url

    async def consumers_run() -> str:
        if bus.paused:
            raise BusError(", ".join(f"{name} waits for {what}" for name, what in sorted(bus.paused.items())))
        return "none waits for a dependency"

    health.add("nats", bus_answers)
    # Shown, not required: what they wait for has a check of its own where it is ours.
    health.add("consumers", consumers_run, required=False)
    return Resources(
        service=service,
        site=settings.site.name,
        clock=clock,
        bus=bus,
        stores=stores,
        registry=registry,
        log=log,
        health=health,
        tasks=tasks,
        stack=stack,
        produced_by=produced_by,
    )


async def _raise_when_lost(lost: asyncio.Future[str]) -> None:
    raise BusUnavailable(await lost)


def stop_on_signals() -> asyncio.Event:
    """Set by the first SIGTERM or SIGINT; the second one ends the process without draining."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def received(number: int) -> None:
        if stop.is_set():
            os._exit(128 + number)
        stop.set()

    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, received, int(name))
    return stop


async def _until_over(start: Awaitable[None], tasks: RootTasks, stop: asyncio.Event, log: FilteringBoundLogger) -> int:
    starting = asyncio.ensure_future(start)
    ended = asyncio.create_task(tasks.ended())
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({starting, ended, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if starting.done() and starting.exception() is None and not (ended.done() or stopping.done()):
            await asyncio.wait({ended, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if starting.done() and (error := starting.exception()) is not None:
            log.error("cannot start", reason=str(error), exc_info=None if isinstance(error, START_ERRORS) else error)
            return EXIT_FAILED
        if ended.done():
            return EXIT_FAILED
        log.info("stopping")
        return 0
    finally:
        for task in (starting, ended, stopping):
            task.cancel()
        await asyncio.gather(starting, ended, stopping, return_exceptions=True)


async def drain(stack: AsyncExitStack, log: FilteringBoundLogger, seconds: float) -> int:
    """Unwind the stack within `seconds`. What hangs is cancelled a little earlier, so that the rest of the stack has
    its turn: a stack that is cancelled goes on unwinding, and by itself without any limit. Returns the exit code."""
    closing = asyncio.ensure_future(stack.aclose())
    code = 0
    for share in (0.8, 0.1, 0.1):
        await asyncio.wait({closing}, timeout=seconds * share)
        if closing.done():
            break
        code = EXIT_FAILED
        log.error("did not drain in time", hangs=_place(closing))
        closing.cancel()
    if not closing.done():
        return EXIT_FAILED
    if not closing.cancelled() and (error := closing.exception()) is not None:
        log.error("failed while draining", reason=repr(error), exc_info=error)
        return EXIT_FAILED
    if code == 0:
        log.info("stopped")
    return code


def _place(task: "asyncio.Future[None]") -> str:
    """Where a task waits, from its outermost function to the innermost of ours."""
    coroutine: Any = task.get_coro() if isinstance(task, asyncio.Task) else None
    names: list[str] = []
    while (code := getattr(coroutine, "cr_code", None)) is not None:
        names.append(code.co_qualname)
        coroutine = coroutine.cr_await
    return " > ".join(names)
