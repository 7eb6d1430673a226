"""/healthz, /readyz, /metrics and /version: as routes to mount, and as a small server for services without HTTP."""

import socket

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from groundcrew.runtime.health import as_json
from groundcrew.runtime.resources import Health
from groundcrew.runtime.serving import HttpServer
from groundcrew.telemetry.metrics import product_version

HEALTH_PORTS = {
    "host-collector": 8081,
    "trigger": 8082,
    "context": 8083,
    "review": 8084,
    "actions": 8085,
    "runner": 8086,
    "ipmi-collector": 8087,
    "meta": 8088,
    "hybrid-coordinator": 8092,
    "gateway": 40083,
    "mcp": 40084,
}
"""Where each service answers probes unless `http.port` says otherwise. gateway and mcp answer on their own ports."""


def routes(board: Health, registry: CollectorRegistry) -> list[Route]:
    """The four probe routes; none of them asks for a key, so publish the port on the inner network only."""

    async def alive(_request: Request) -> Response:
        return JSONResponse({"status": "alive"})

    async def ready(_request: Request) -> Response:
        report = await board.report()
        return JSONResponse(dict(as_json(report)), status_code=200 if report.ready else 503)

    async def metrics(_request: Request) -> Response:
        return Response(generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def version(_request: Request) -> Response:
        return JSONResponse({"name": "groundcrew", "version": product_version()})

    return [
        Route("/healthz", alive),
        Route("/readyz", ready),
        Route("/metrics", metrics),
        Route("/version", version),
    ]


def probe_server(board: Health, registry: CollectorRegistry, sock: socket.socket) -> HttpServer:
    """Serves nothing but the probes."""
    return HttpServer(Starlette(routes=routes(board, registry)), sock, limit_concurrency=64)
