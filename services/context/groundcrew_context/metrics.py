"""Prometheus metrics of the context service."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_LAG_BUCKETS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3_600)


class ContextMetrics:
    """What is counted while recording and fusing."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.rows = Counter("groundcrew_context_rows", "New rows recorded", ["table"], registry=registry)
        self.ingest_lag = Histogram(
            "groundcrew_context_ingest_lag_seconds",
            "From our first sight of an observation to its commit",
            buckets=_LAG_BUCKETS,
            registry=registry,
        )
        self.triggers = Counter(
            "groundcrew_context_triggers", "Trigger events fused", ["outcome"], registry=registry
        )  # joined | alone | repeated
        self.verdict = Histogram(
            "groundcrew_context_verdict_seconds",
            "From our first sight of a trigger event to the published verdict",
            buckets=_LAG_BUCKETS,
            registry=registry,
        )
        self.revisions = Counter(
            "groundcrew_context_incident_revisions", "Incident revisions stored", ["event"], registry=registry
        )
        self.held = Gauge(
            "groundcrew_context_incidents_held", "Incidents that fusion holds in memory", registry=registry
        )
        self.leader = Gauge("groundcrew_context_leader", "1 where this process fuses for the site", registry=registry)
        self.dropped = Counter("groundcrew_context_rows_dropped", "Rows forgotten by age", ["table"], registry=registry)
