"""What a bus counts. Label values come from the tables of `contracts`, so their number is bounded."""

from weakref import WeakKeyDictionary

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_SECONDS = (0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 60)


class BusMetrics:
    """The bus' metrics of one registry. Services that share a registry (embedded) share these, told apart by the
    label `service`; make it with `metrics_on`."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.published = Counter(
            "groundcrew_bus_published",
            "Envelopes published, by outcome (stored, denied, full, unavailable, too_large)",
            ["service", "type", "outcome"],
            registry=registry,
        )
        self.handled = Counter(
            "groundcrew_bus_handled",
            "Deliveries handled, by outcome (done, retry, dead, held)",
            ["service", "durable", "outcome"],
            registry=registry,
        )
        self.handle_seconds = Histogram(
            "groundcrew_bus_handle_seconds",
            "Seconds that a handler took for one delivery",
            ["service", "durable"],
            registry=registry,
            buckets=_SECONDS,
        )
        self.dead_letters = Counter(
            "groundcrew_bus_dead_letters", "Messages put to the dead letters", ["service", "durable"], registry=registry
        )
        self.paused = Gauge(
            "groundcrew_bus_paused",
            "1 while a consumer waits for a dependency",
            ["service", "durable"],
            registry=registry,
        )
        self.tap_dropped = Counter(
            "groundcrew_bus_tap_dropped",
            "Live messages dropped because a tap was too slow",
            ["service"],
            registry=registry,
        )
        self.request_seconds = Histogram(
            "groundcrew_bus_request_seconds",
            "Seconds from a request to its reply, by outcome (ok or the HTTP-like failure code)",
            ["service", "endpoint", "outcome"],
            registry=registry,
            buckets=_SECONDS,
        )
        self.served = Counter(
            "groundcrew_bus_served",
            "Requests answered, by outcome",
            ["service", "endpoint", "outcome"],
            registry=registry,
        )
        self.connected = Gauge(
            "groundcrew_bus_connected", "1 while the broker is connected", ["service"], registry=registry
        )
        self.reconnects = Counter(
            "groundcrew_bus_reconnects", "Connections made again after a loss", ["service"], registry=registry
        )


_MADE: WeakKeyDictionary[CollectorRegistry, BusMetrics] = WeakKeyDictionary()


def metrics_on(registry: CollectorRegistry) -> BusMetrics:
    """The one BusMetrics of a registry: a second registration of the same names would be an error."""
    made = _MADE.get(registry)
    if made is None:
        made = _MADE[registry] = BusMetrics(registry)
    return made
