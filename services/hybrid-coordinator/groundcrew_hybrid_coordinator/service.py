"""Wiring of the hybrid-coordinator service."""

from collections.abc import Sequence
from functools import partial

from groundcrew.contracts.completions import Purpose
from groundcrew.contracts.queries import Endpoints
from groundcrew.runtime.guard import answering
from groundcrew.runtime.resources import Resources
from groundcrew_hybrid_coordinator.answer_cache import AnswerCache
from groundcrew_hybrid_coordinator.budget import Budget
from groundcrew_hybrid_coordinator.completing import Completer
from groundcrew_hybrid_coordinator.handlers import Answers
from groundcrew_hybrid_coordinator.interactions import Interactions
from groundcrew_hybrid_coordinator.knowledge import open_vectors, wire_knowledge
from groundcrew_hybrid_coordinator.metrics import CompletionMetrics
from groundcrew_hybrid_coordinator.models import nowhere, remote_allowed, routes_of
from groundcrew_hybrid_coordinator.questions import Questions
from groundcrew_hybrid_coordinator.readiness import model_check
from groundcrew_hybrid_coordinator.route import Route
from groundcrew_hybrid_coordinator.settings import RedisSection, Settings
from groundcrew_hybrid_coordinator.shelf import Shelf


async def wire(settings: Settings, resources: Resources) -> None:
    section, bus, clock, site = settings.hybrid_coordinator, resources.bus, resources.clock, resources.site
    store = await resources.stores.coordinator()
    metrics = CompletionMetrics(resources.registry)

    interactions = Interactions(
        site=site, store=store, clock=clock, section=section, metrics=metrics, log=resources.log
    )
    resources.stack.push_async_callback(interactions.flush)
    resources.tasks.spawn("interactions", interactions.write())
    resources.tasks.spawn("retention", interactions.forget_old())

    questions = Questions(clock=clock, section=section, metrics=metrics, log=resources.log)

    shelf = _shelf(settings.redis, resources) if settings.uses_models else None
    routes = await routes_of(settings, clock)
    for server in {id(route): route.server for several in routes.values() for route in several}.values():
        resources.stack.push_async_callback(server.close)
    missing = {purpose: nowhere(settings, purpose) for purpose in Purpose}
    budgets = {
        purpose: Budget(purpose, site, settings.local(purpose).tokens_per_hour, clock, shelf) for purpose in Purpose
    }
    completer = Completer(
        clock=clock,
        routes=routes,
        nowhere=missing,
        budgets=budgets,
        cache=AnswerCache(shelf, site=site, keep_s=section.cache_s, max_bytes=section.cache_max_bytes),
        interactions=interactions,
        questions=questions,
        metrics=metrics,
    )
    resources.stack.push_async_callback(completer.close)
    for purpose in Purpose:
        metrics.waiting.labels(purpose.value).set_function(partial(_waiting, routes[purpose]))
        resources.health.add(f"model-{purpose.value}", model_check(routes[purpose], missing[purpose]), required=False)

    memory = await wire_knowledge(section, resources, open_vectors(settings.qdrant, section, site))
    resources.tasks.spawn("memory-questions", questions.remember(memory))

    answers = Answers(
        completer=completer,
        routes=routes,
        nowhere=missing,
        budgets=budgets,
        remote_allowed=remote_allowed(settings),
        memory=lambda: (memory.embedder, settings.qdrant.mode),
    )
    await bus.serve(Endpoints.COMPLETE, answering(answers.complete))
    await bus.serve_stream(Endpoints.COMPLETE_STREAM, answers.complete_stream)
    await bus.serve(Endpoints.MODELS, answering(answers.models))


def _waiting(routes: Sequence[Route]) -> float:
    return sum(route.places.waiting for route in routes)


def _shelf(section: RedisSection, resources: Resources) -> Shelf:
    from groundcrew.stores.coordinator.redis_cache import RedisCache

    cache = RedisCache(
        host=section.host,
        port=section.port,
        username=section.user,
        password=section.password.get_secret_value(),
        timeout_s=section.wait_s,
    )
    resources.stack.push_async_callback(cache.close)
    shelf = Shelf(cache, resources.clock, resources.log)
    resources.tasks.spawn("redis", shelf.watch())
    resources.health.add("redis", shelf.check, required=False)
    return shelf
