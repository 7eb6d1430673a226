"""Prometheus metrics of the review service."""

from prometheus_client import CollectorRegistry, Counter


class ReviewMetrics:
    """What review looked at and what came of it."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.reviews = Counter("groundcrew_review_reviews", "Looks finished", ["scope"], registry=registry)
        self.findings = Counter("groundcrew_review_findings", "Findings told", ["kind"], registry=registry)
        self.proposals = Counter("groundcrew_review_proposals", "Actions proposed", registry=registry)
        self.words = Counter(
            "groundcrew_review_words", "What came of asking a model for words", ["outcome"], registry=registry
        )
        self.judged = Counter(
            "groundcrew_review_judged_words", "A model's answers by what was left of them", ["left"], registry=registry
        )
        self.struck = Counter(
            "groundcrew_review_struck_words",
            "Sentences of a model that failed the check",
            ["reason"],
            registry=registry,
        )
