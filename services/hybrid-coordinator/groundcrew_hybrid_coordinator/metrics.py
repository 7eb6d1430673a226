"""Prometheus metrics of completions."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from groundcrew.contracts.completions import Completion, Purpose


class CompletionMetrics:
    """What was asked and what came of it; all labels are closed lists."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._completions = Counter(
            "groundcrew_coordinator_completions",
            "Questions to models by what came of them and where the answer came from.",
            ["purpose", "outcome", "served"],
            registry=registry,
        )
        self._tokens = Counter(
            "groundcrew_coordinator_tokens",
            "Tokens that models read and wrote; cached answers cost none.",
            ["purpose", "kind"],
            registry=registry,
        )
        self._seconds = Histogram(
            "groundcrew_coordinator_completion_seconds",
            "From a question to its end, waiting for a free place included.",
            ["purpose"],
            buckets=(0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300),
            registry=registry,
        )
        self.waiting = Gauge(
            "groundcrew_coordinator_waiting", "Questions that wait for a free place.", ["purpose"], registry=registry
        )
        self.shared = Counter(
            "groundcrew_coordinator_shared",
            "Questions that an identical one under way answered too.",
            ["purpose"],
            registry=registry,
        )
        self.unrecorded = Counter(
            "groundcrew_coordinator_unrecorded_interactions",
            "Interactions that were dropped because the database could not keep up.",
            registry=registry,
        )

        self.unremembered = Counter(
            "groundcrew_coordinator_unremembered_questions",
            "Questions of people that were not remembered because the memory is away or cannot keep up.",
            registry=registry,
        )

    def count(self, purpose: Purpose, completion: Completion) -> None:
        self._completions.labels(purpose.value, completion.outcome.value, completion.served.value).inc()
        self._seconds.labels(purpose.value).observe(completion.latency_s)

    def used(self, purpose: Purpose, prompt_tokens: int, completion_tokens: int) -> None:
        """What a server worked, whether or not its answer was of use."""
        self._tokens.labels(purpose.value, "prompt").inc(prompt_tokens)
        self._tokens.labels(purpose.value, "completion").inc(completion_tokens)
