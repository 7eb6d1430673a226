"""The gateway's own metrics."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram


class Meters:
    """Labels are bounded: routes by template, statuses by class, methods of HTTP only."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.requests = Counter(
            "groundcrew_gateway_requests_total",
            "HTTP requests by method, route template and class of status",
            ["method", "route", "status"],
            registry=registry,
        )
        self.duration = Histogram(
            "groundcrew_gateway_request_duration_seconds",
            "Time to answer HTTP requests by route template",
            ["route"],
            buckets=(0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
            registry=registry,
        )
        self.auth_failures = Counter(
            "groundcrew_gateway_auth_failures_total", "Credentials refused, by reason", ["reason"], registry=registry
        )
        self.alerts = Counter(
            "groundcrew_gateway_alerts_total", "Alerts of other tools that are stored", ["tool"], registry=registry
        )
        self.live_clients = Gauge("groundcrew_gateway_live_clients", "WebSocket clients connected", registry=registry)
        self.live_dropped = Counter(
            "groundcrew_gateway_live_dropped_total",
            "Live events dropped because a WebSocket client was too slow",
            registry=registry,
        )
