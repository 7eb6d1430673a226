"""Wiring of the memory half of hybrid-coordinator: producers, endpoints, upkeep."""

from pathlib import Path

from groundcrew.contracts.queries import Endpoints
from groundcrew.contracts.streams import Buckets, Durables
from groundcrew.diagnosis.causes import Knowledge
from groundcrew.runtime.guard import answering, pausing
from groundcrew.runtime.packs import load_packs
from groundcrew.runtime.resources import Resources
from groundcrew.stores.coordinator.vectors import VectorStore
from groundcrew_hybrid_coordinator.embedders import embedder_of
from groundcrew_hybrid_coordinator.knowledge_endpoints import KnowledgeAnswers
from groundcrew_hybrid_coordinator.knowledge_settings import KnowledgeSection, QdrantSection
from groundcrew_hybrid_coordinator.learning import Learner
from groundcrew_hybrid_coordinator.memory import Memory
from groundcrew_hybrid_coordinator.memory_metrics import MemoryMetrics
from groundcrew_hybrid_coordinator.upkeep import Upkeep


def open_vectors(qdrant: QdrantSection, section: KnowledgeSection, site: str) -> VectorStore:
    """As configured. Nothing is opened or imported before the first write or search."""
    if qdrant.mode == "server":
        from groundcrew.stores.coordinator.qdrant_server import ServerVectors

        return ServerVectors(qdrant.url, api_key=qdrant.api_key.get_secret_value(), timeout_s=qdrant.timeout_s)
    from groundcrew.stores.coordinator.qdrant_embedded import EmbeddedVectors

    # A folder per site: two sites of one process are two owners, and the engine allows one.
    folder = (Path(qdrant.path) if qdrant.path else section.state_dir / "vectors") / site
    return EmbeddedVectors(folder, timeout_s=qdrant.timeout_s)


async def wire_knowledge(section: KnowledgeSection, resources: Resources, vectors: VectorStore) -> Memory:
    """`vectors` is closed by `resources.stack`. Returns the memory for whoever else writes to it."""
    bus, log = resources.bus, resources.log
    resources.stack.push_async_callback(vectors.close)
    embedder = embedder_of(
        section.embedder,
        url=section.embedder_url,
        model=section.embedder_model,
        api_key=section.embedder_api_key.get_secret_value(),
        timeout_s=section.embedder_timeout_s,
        minilm_dir=section.minilm_dir,
    )
    resources.stack.push_async_callback(embedder.close)
    memory = Memory(
        site=resources.site,
        store=vectors,
        embedder=embedder,
        clock=resources.clock,
        metrics=MemoryMetrics(resources.registry),
        keep=section.remember_at_most,
    )
    # Completions go on without a memory, so its being away does not make the service unready.
    resources.health.add("qdrant", vectors.ping, required=False)

    learner = Learner(bus, memory)
    await bus.consume(Durables.LEARN_INCIDENTS, pausing(learner.incident))
    await bus.consume(Durables.LEARN_ACTIONS, pausing(learner.action))

    answers = KnowledgeAnswers(memory, resources.clock, log)
    await bus.serve(Endpoints.AUGMENT, answering(answers.augment))
    await bus.serve(Endpoints.REMEMBER, answering(answers.remember))

    packs = load_packs(Path(section.packs) if section.packs else None)
    causes = Knowledge.parse_layers((file.name, file.text) for file in packs.texts("causes"))
    upkeep = Upkeep(memory, log)
    await (await bus.key_value(Buckets.INVENTORY)).watch(upkeep.inventory.changed)
    resources.tasks.spawn("memory-move", upkeep.move())
    resources.tasks.spawn("memory-packs", upkeep.learn_packs(causes))
    resources.tasks.spawn("memory-inventory", upkeep.learn_inventory())
    return memory
