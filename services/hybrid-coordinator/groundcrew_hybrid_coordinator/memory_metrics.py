"""What the memory counts."""

from prometheus_client import CollectorRegistry, Counter


class MemoryMetrics:
    def __init__(self, registry: CollectorRegistry) -> None:
        self.remembered = Counter(
            "groundcrew_memory_remembered", "Passages embedded and stored", ["collection"], registry=registry
        )
        self.forgotten = Counter(
            "groundcrew_memory_forgotten", "Texts and passages deleted", ["collection"], registry=registry
        )
        self.searches = Counter(
            "groundcrew_memory_searches", "Questions to the memory, by what could be searched", ["outcome"],
            registry=registry,
        )  # fmt: skip
