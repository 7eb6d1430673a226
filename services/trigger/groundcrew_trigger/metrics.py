"""Prometheus metrics of the trigger service."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from groundcrew.diagnosis.detector import Counts, TriggerDraft


class TriggerMetrics:
    """What was looked at and what came of it."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.rows = Counter("groundcrew_trigger_rows", "Rows looked at", ["type"], registry=registry)
        self.hits = Counter("groundcrew_trigger_hits", "Rows that a rule spoke of", ["severity"], registry=registry)
        self.ends = Counter("groundcrew_trigger_ends", "Rows that told a recovery", ["severity"], registry=registry)
        self.triggers = Counter(
            "groundcrew_trigger_events", "Trigger events published", ["severity", "state"], registry=registry
        )
        self.evictions = Counter(
            "groundcrew_trigger_evictions", "State dropped because a bound was reached", registry=registry
        )
        self.told = Counter(
            "groundcrew_trigger_untold",
            "What was not told one by one: folded (hits of a crowd of components), withheld (changes of what flaps), "
            "silenced (triggers in a silence)",
            ["why"],
            registry=registry,
        )
        self.repeated = Counter(
            "groundcrew_trigger_repeated", "Redelivered batches that were done already", registry=registry
        )
        self.reread = Counter(
            "groundcrew_trigger_reread_states", "States read anew as another process wrote them", registry=registry
        )
        self.conflicts = Counter(
            "groundcrew_trigger_state_conflicts",
            "Batches taken again as another process wrote their entity's state meanwhile",
            registry=registry,
        )
        self.unreadable = Counter(
            "groundcrew_trigger_unreadable_states", "Stored states that could not be read", registry=registry
        )
        self.packs_refused = Counter(
            "groundcrew_trigger_packs_refused", "Changed packs that could not be taken up", registry=registry
        )
        self.classified = Counter(
            "groundcrew_trigger_classified",
            "Unknown log templates put to a model, by what came of it (a completion's outcome, away, dropped, untold)",
            ["outcome"],
            registry=registry,
        )
        self.mined = Counter(
            "groundcrew_trigger_mined_lines",
            "Unknown log lines by what was done with them: mined, or sampled (counted, but not looked for a template)",
            ["how"],
            registry=registry,
        )
        self.templates = Gauge("groundcrew_trigger_templates", "Log templates that are known", registry=registry)
        self.novelties_untold = Counter(
            "groundcrew_trigger_novelties_untold",
            "New templates beyond those of an hour that are told",
            registry=registry,
        )
        self.batch = Histogram(
            "groundcrew_trigger_batch_seconds",
            "From a batch's delivery to its committed state",
            buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5),
            registry=registry,
        )

    def count(self, counts: Counts) -> None:
        """Add what a detector counted."""
        for kind, number in counts.rows.items():
            self.rows.labels(kind).inc(number)
        for (severity, what), number in counts.hits.items():
            (self.ends if what == "cleared" else self.hits).labels(severity).inc(number)
        self.evictions.inc(counts.evictions)
        for why, number in counts.told.items():
            self.told.labels(why).inc(number)

    def published(self, drafts: list[TriggerDraft]) -> None:
        for draft in drafts:
            self.triggers.labels(draft.data.severity.value, draft.data.state.value).inc()
