"""Which servers the settings mean, and which of them a purpose may ask. Policy is here: a server that may not be asked
is never made, so that nothing can be sent to it."""

import asyncio
from collections.abc import Sequence
from importlib import import_module

from groundcrew.contracts.clock import Clock
from groundcrew.contracts.completions import CompletionOutcome, Purpose, Served
from groundcrew.models.port import ModelServer
from groundcrew_hybrid_coordinator.circuit import Circuit
from groundcrew_hybrid_coordinator.route import Route
from groundcrew_hybrid_coordinator.settings import ModelSection, Settings
from groundcrew_hybrid_coordinator.token_counts import TokenCounter

Nowhere = tuple[CompletionOutcome, str]


async def routes_of(settings: Settings, clock: Clock) -> dict[Purpose, list[Route]]:
    """Routes by purpose: its own server first, then the remote one where policy allows it."""
    if not settings.uses_models:
        return {purpose: [] for purpose in Purpose}
    await asyncio.to_thread(
        import_module, "groundcrew.models.client"
    )  # half a second of imports, beside the event loop
    counter = TokenCounter()
    allowed = remote_allowed(settings)
    remote = _route(settings, settings.remote_model, Served.REMOTE, counter, clock) if allowed else None
    routes: dict[Purpose, list[Route]] = {}
    for purpose in Purpose:
        section = settings.local(purpose)
        own = [_route(settings, section, Served.LOCAL, counter, clock)] if section.url else []
        routes[purpose] = own + ([remote] if remote is not None and purpose in allowed else [])
    return routes


def remote_allowed(settings: Settings) -> Sequence[Purpose]:
    """Purposes whose prompts may leave the site, where there is a remote server at all."""
    return [Purpose(name) for name in settings.hybrid_coordinator.allow_remote] if settings.remote_model.url else []


def nowhere(settings: Settings, purpose: Purpose) -> Nowhere:
    """What a purpose without any route is told."""
    setting = f"[model_{purpose.value}] url"
    if settings.remote_model.url:
        reason = (
            f"no local model for {purpose.value} ({setting} is empty), and"
            f" hybrid_coordinator.allow_remote does not name {purpose.value}"
        )
        return CompletionOutcome.REFUSED, reason
    return CompletionOutcome.NOT_CONFIGURED, f"no model is configured for {purpose.value}: {setting} is empty"


def _route(settings: Settings, section: ModelSection, served: Served, counter: TokenCounter, clock: Clock) -> Route:
    shared = settings.hybrid_coordinator
    return Route(
        served=served,
        server=_server(section),
        section=section,
        circuit=Circuit(clock, fails=shared.fails, rest_s=shared.rest_s),
        counter=counter,
        clock=clock,
    )


def _server(section: ModelSection) -> ModelServer:
    from groundcrew.models.client import OpenAiServer

    return OpenAiServer(section.url, name=section.name, api_key=section.api_key.get_secret_value())
