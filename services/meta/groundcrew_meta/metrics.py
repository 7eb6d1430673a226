"""What the meta service counts."""

from prometheus_client import CollectorRegistry, Counter, Histogram

from groundcrew.contracts.completions import CompletionOutcome


class MetaMetrics:
    def __init__(self, registry: CollectorRegistry) -> None:
        self._answers = Counter(
            "groundcrew_meta_answers_total",
            "Answers and analyses by what they are about and what came of asking the model.",
            ["topic", "outcome"],
            registry=registry,
        )
        self._struck = Counter(
            "groundcrew_meta_struck_claims_total",
            "Claims of a model that failed the check and were not shown, by reason.",
            ["reason"],
            registry=registry,
        )
        self.first_part_seconds = Histogram(
            "groundcrew_meta_rules_seconds",
            "Time until what the rules say of a question is ready.",
            buckets=(0.01, 0.03, 0.1, 0.3, 1, 3, 5),
            registry=registry,
        )
        self.forgotten = Counter(
            "groundcrew_meta_forgotten_rows_total", "Rows dropped by retention.", ["table"], registry=registry
        )

        self._reports = Counter(
            "groundcrew_meta_reports_total",
            "Reports by kind: made, or known already because nothing had changed.",
            ["kind", "outcome"],
            registry=registry,
        )

    def reported(self, kind: str, outcome: str) -> None:
        self._reports.labels(kind=kind, outcome=outcome).inc()

    def answered(self, topic: str, outcome: CompletionOutcome) -> None:
        self._answers.labels(topic=topic, outcome=outcome.value).inc()

    def struck(self, reason: str) -> None:
        self._struck.labels(reason=reason).inc()
