"""Who may do what on the bus, read off the tables of `contracts`. `permissions` turns it into broker configuration,
the memory bus checks it by itself."""

from typing import Any

from groundcrew.contracts.envelope import Message
from groundcrew.contracts.queries import Endpoint
from groundcrew.contracts.streams import Buckets, Durable, route_of

ADMIN = "admin"
"""The user who may do everything: operators, tests and set-up."""

SERVICES = (
    "host-collector",
    "ipmi-collector",
    "trigger",
    "context",
    "review",
    "meta",
    "hybrid-coordinator",
    "actions",
    "runner",
    "gateway",
    "mcp",
)

UPDATERS = (ADMIN, "context")
"""Who brings streams that are there already up to the table."""

TAPPERS = ("gateway", "mcp")
"""Who may see live messages."""

BUCKET_WRITERS: dict[str, tuple[str, ...]] = {
    Buckets.INVENTORY: ("context",),
    Buckets.SILENCES: ("context",),
    Buckets.TRIGGER_STATE: ("trigger",),
    Buckets.TEMPLATES: ("trigger",),
    Buckets.LEASES: SERVICES,
    Buckets.HELD: SERVICES,
}

BUCKET_READERS: dict[str, tuple[str, ...]] = {
    Buckets.INVENTORY: SERVICES,
    Buckets.SILENCES: ("context", "trigger"),
    Buckets.TRIGGER_STATE: ("trigger",),
    Buckets.TEMPLATES: ("trigger",),
    Buckets.LEASES: SERVICES,
    Buckets.HELD: SERVICES,
}


def may_publish(service: str, message: type[Message]) -> bool:
    publishers = route_of(message).publishers
    return service == ADMIN or "*" in publishers or service in publishers


def may_request(service: str, endpoint: Endpoint[Any, Any]) -> bool:
    return service == ADMIN or service in endpoint.callers


def may_serve(service: str, endpoint: Endpoint[Any, Any]) -> bool:
    return service in (ADMIN, endpoint.owner)


def may_write(service: str, bucket: str) -> bool:
    return service == ADMIN or service in BUCKET_WRITERS.get(bucket, ())


def may_consume(service: str, durable: Durable) -> bool:
    return service in (ADMIN, durable.owner)
