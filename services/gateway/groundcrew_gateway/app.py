"""The application, built by a function: nothing happens at import."""

from fastapi import FastAPI
from prometheus_client import CollectorRegistry
from starlette.staticfiles import StaticFiles

from groundcrew.runtime import probes
from groundcrew.runtime.resources import Health
from groundcrew_gateway import cors, problems
from groundcrew_gateway.gateway import Gateway
from groundcrew_gateway.openapi import bare_app
from groundcrew_gateway.pages import actions as action_pages
from groundcrew_gateway.pages import bmcs, chat, errors, hosts, overview, render, signing
from groundcrew_gateway.pages import incidents as incident_pages
from groundcrew_gateway.pages import inventory as inventory_page
from groundcrew_gateway.pages import reports as report_pages
from groundcrew_gateway.pages import silences as silences_page
from groundcrew_gateway.protect import Protect
from groundcrew_gateway.v1 import completions


def build_app(gateway: Gateway, *, health: Health, registry: CollectorRegistry) -> FastAPI:
    """REST under /api/v1, the OpenAI protocol under /v1, the pages, and the probes."""
    app = bare_app()
    app.state.gateway = gateway
    app.state.templates = render.templates()
    problems.install(app, page=errors.problem_page, wants_page=errors.wants_page)
    pages = (
        overview,
        incident_pages,
        action_pages,
        inventory_page,
        silences_page,
        hosts,
        bmcs,
        report_pages,
        chat,
        signing,
    )
    for part in (*pages, completions):
        app.include_router(part.router)
    app.mount("/static", StaticFiles(directory=render.STATIC), name="static")
    app.router.routes.extend(probes.routes(health, registry))
    if gateway.settings.cors_origins:
        app.add_middleware(cors.Cors, origins=gateway.settings.cors_origins)
    app.add_middleware(Protect, settings=gateway.settings, meters=gateway.meters, clock=gateway.clock, log=gateway.log)
    return app
