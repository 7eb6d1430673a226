"""Wires the MCP server: keys, the gate, the protocol behind it, and the HTTP server that answers."""

import asyncio
from importlib import import_module

from starlette.applications import Starlette
from starlette.routing import Route

from groundcrew.runtime import probes
from groundcrew.runtime.resources import Resources
from groundcrew.runtime.serving import HttpServer, listen
from groundcrew_mcp.gate import Gate
from groundcrew_mcp.keys import Keys
from groundcrew_mcp.lazy import Lazy, Manager
from groundcrew_mcp.metrics import McpMetrics
from groundcrew_mcp.settings import Settings

PATH = "/mcp"


async def wire(settings: Settings, resources: Resources) -> None:
    section = settings.mcp
    sock = listen(section.host, section.port, setting="mcp.port")
    resources.stack.callback(sock.close)
    metrics = McpMetrics(resources.registry)

    def build() -> Manager:
        surface = import_module("groundcrew_mcp.surface")
        built: Manager = surface.manager(resources, metrics, section)
        return built

    protocol = Lazy(build)
    keys = Keys(resources.bus, resources.clock, keep_s=section.key_seconds)
    gate = Gate(protocol, keys=keys, section=section, metrics=metrics, log=resources.log)
    app = Starlette(routes=[Route(PATH, gate), *probes.routes(resources.health, resources.registry)])
    app.router.redirect_slashes = False
    server = HttpServer(app, sock, limit_concurrency=section.connections)
    resources.stack.push_async_callback(server.close)
    stopping = asyncio.Event()
    resources.stack.callback(stopping.set)
    await server.start()
    resources.tasks.spawn("mcp-protocol", protocol.run())
    resources.tasks.spawn("mcp-http", _serve(server, stopping))
    resources.log.info("mcp", url=f"http://{section.host}:{server.port}{PATH}")


async def _serve(server: HttpServer, stopping: asyncio.Event) -> None:
    """Ends only where the server ends without being asked to, which then ends the process."""
    await server.wait()
    if stopping.is_set():
        await asyncio.Event().wait()
