"""Wires the gateway: store, live events, the application, and the server that answers."""

import asyncio
from contextlib import suppress
from pathlib import Path

from groundcrew.contracts.clock import Clock
from groundcrew.contracts.queries import Endpoints
from groundcrew.runtime.guard import answering
from groundcrew.runtime.resources import Resources
from groundcrew.runtime.serving import HttpServer, listen
from groundcrew.stores.gateway.port import GatewayStore
from groundcrew.stores.port import StoreUnavailable
from groundcrew_gateway.app import build_app
from groundcrew_gateway.background import Background
from groundcrew_gateway.gateway import Gateway
from groundcrew_gateway.keys import ensure_local_key
from groundcrew_gateway.limits import AuthFailures
from groundcrew_gateway.live import Live
from groundcrew_gateway.meters import Meters
from groundcrew_gateway.rest.once import KEPT
from groundcrew_gateway.settings import Settings
from groundcrew_gateway.standing import Standings

EXPIRE_EVERY_S = 600


async def wire(settings: Settings, resources: Resources) -> None:
    section = settings.gateway
    sock = listen(section.host, section.port, setting="gateway.port")
    resources.stack.callback(sock.close)
    store: GatewayStore = await resources.stores.gateway()
    if section.admin_key_file:
        await ensure_local_key(store, Path(section.admin_key_file), resources.clock.now(), (resources.site,))
    meters = Meters(resources.registry)
    live = Live(resources.bus, meters, max_clients=section.live_clients, queue=section.live_queue)
    resources.stack.push_async_callback(live.close)
    background = Background(resources.log)
    resources.stack.push_async_callback(background.close)
    gateway = Gateway(
        site=resources.site,
        settings=section,
        bus=resources.bus,
        store=store,
        clock=resources.clock,
        log=resources.log,
        meters=meters,
        failures=AuthFailures(resources.clock),
        live=live,
        background=background,
        produced_by=resources.produced_by,
    )
    await resources.bus.serve(Endpoints.CHECK_KEY, answering(Standings(gateway).check))
    app = build_app(gateway, health=resources.health, registry=resources.registry)
    server = HttpServer(app, sock)
    resources.stack.push_async_callback(server.close)
    stopping = asyncio.Event()
    resources.stack.callback(stopping.set)
    await server.start()
    resources.tasks.spawn("gateway-http", serve(server, stopping))
    resources.tasks.spawn("gateway-expire", expire(store, resources.clock))
    resources.log.info("page", url=f"http://{section.host}:{server.port}")


async def serve(server: HttpServer, stopping: asyncio.Event) -> None:
    """Ends only where the server ends without being asked to, which then ends the process."""
    await server.wait()
    if stopping.is_set():
        await asyncio.Event().wait()


async def expire(store: GatewayStore, clock: Clock) -> None:
    """Drop sessions, tokens and remembered answers whose time is over."""
    while True:
        now = clock.now()
        with suppress(StoreUnavailable):  # readiness tells of it; the next round tries again
            await store.expire(now, replays_before=now - KEPT)
        await clock.sleep(EXPIRE_EVERY_S)
