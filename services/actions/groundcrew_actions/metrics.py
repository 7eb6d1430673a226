"""What the actions service counts."""

from prometheus_client import CollectorRegistry, Counter

from groundcrew.contracts.actions import Action


class ActionMetrics:
    def __init__(self, registry: CollectorRegistry) -> None:
        self._changes = Counter(
            "groundcrew_actions_decided_total",
            "Actions by kind and the state that a proposal, an approval, a report or time moved them to.",
            ["kind", "state"],
            registry=registry,
        )

    def count(self, action: Action | None) -> None:
        """None: nothing changed."""
        if action is not None:
            self._changes.labels(kind=action.kind.value, state=action.state.value).inc()
