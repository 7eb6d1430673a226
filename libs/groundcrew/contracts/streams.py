"""THE table: message -> subject, stream, durable consumer, retention, and who may publish it.

Everything that needs to know a subject reads it here: the bus declares streams and durables from it, the broker's
permissions are generated from it (`bus/permissions.py`), and so is `docs/messages.md`.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any

import orjson
from pydantic import ValidationError

from groundcrew.contracts import actions, conversations, event_logs, incidents, observations
from groundcrew.contracts.envelope import Envelope, Message
from groundcrew.contracts.identity import token
from groundcrew.contracts.log_columns import read_log_batch

PARTITIONS = 4
"""Partitions of observations, by site and entity; order holds within one. Changing it needs a drained stream."""

MIB = 1024 * 1024

ACK_WAIT_S = 6
"""Seconds without a sign of life after which the broker gives a message to somebody else: how long what a killed
process held is held up. Whoever works longer tells the broker every third of it."""


class Retention(StrEnum):
    """INTEREST: gone once every durable has it; a full stream refuses new messages, so that sources hold back and
    nothing is lost. LIMITS: kept for its age, so that a standby can rebuild; the oldest go first."""

    INTEREST = "interest"
    LIMITS = "limits"


@dataclass(frozen=True, kw_only=True)
class Stream:
    """A JetStream stream. Sizes are reservations: their sum must fit the server's file store."""

    name: str
    subjects: tuple[str, ...]
    retention: Retention
    max_bytes: int
    max_age_s: float = 0
    partitioned: bool = False
    schedules: bool = False
    duplicate_window_s: float = 120


@dataclass(frozen=True, kw_only=True)
class Durable:
    """A durable pull consumer, one per site (per partition and per entity where so marked).

    Its server-side name is `<site>-<name>`, with `-p<partition>` or `-<entity token>` added. `filters` are subjects
    with the placeholders `{site}` and `{entity}`.
    """

    name: str
    owner: str
    stream: str
    filters: tuple[str, ...]
    partitioned: bool = False
    per_entity: bool = False
    ack_wait_s: float = ACK_WAIT_S
    max_deliver: int = 8
    start: str = "all"  # all | new: where a consumer that is made for the first time begins


@dataclass(frozen=True, kw_only=True)
class Route:
    """Where a message type travels. Placeholders: {site}, {entity} and fields named by `route_keys`."""

    message: type[Message]
    subject: str
    stream: str
    publishers: tuple[str, ...]


STREAMS: tuple[Stream, ...] = (
    Stream(
        name="OBSERVE",
        subjects=("gc.*.observe.*.*",),
        retention=Retention.INTEREST,
        max_bytes=512 * MIB,
        partitioned=True,
    ),
    Stream(
        name="TRIGGER",
        subjects=("gc.*.trigger.*.*",),
        retention=Retention.LIMITS,
        max_bytes=128 * MIB,
        max_age_s=7 * 86_400,
    ),
    Stream(
        name="INCIDENT",
        subjects=("gc.*.incident.*.*", "gc.*.review.*", "gc.*.escalation.*", "gc.*.analysis.*"),
        retention=Retention.LIMITS,
        max_bytes=128 * MIB,
        max_age_s=30 * 86_400,
    ),
    Stream(
        name="ACTION",
        subjects=("gc.*.action.*.*",),
        retention=Retention.LIMITS,
        max_bytes=64 * MIB,
        max_age_s=30 * 86_400,
    ),
    Stream(
        name="TICK",
        subjects=("gc.*.tick.*", "gc.*.schedule.*"),
        retention=Retention.LIMITS,
        max_bytes=8 * MIB,
        max_age_s=3_600,
        schedules=True,
    ),
    Stream(
        name="DEADLETTER",
        subjects=("gc.*.deadletter.*",),
        retention=Retention.LIMITS,
        max_bytes=64 * MIB,
        max_age_s=30 * 86_400,
    ),
)

_COLLECTORS = ("host-collector", "ipmi-collector")

ROUTES: tuple[Route, ...] = (
    Route(
        message=observations.LogBatch,
        subject="gc.{site}.observe.logs.{entity}",
        stream="OBSERVE",
        publishers=("host-collector", "gateway"),  # the gateway: alerts that other tools hand in
    ),
    Route(
        message=observations.MetricBatch,
        subject="gc.{site}.observe.metrics.{entity}",
        stream="OBSERVE",
        publishers=("host-collector",),
    ),
    Route(
        message=observations.ServiceBatch,
        subject="gc.{site}.observe.services.{entity}",
        stream="OBSERVE",
        publishers=("host-collector",),
    ),
    Route(
        message=observations.SelBatch,
        subject="gc.{site}.observe.sel.{entity}",
        stream="OBSERVE",
        publishers=("ipmi-collector",),
    ),
    Route(
        message=observations.SensorBatch,
        subject="gc.{site}.observe.sensors.{entity}",
        stream="OBSERVE",
        publishers=("ipmi-collector",),
    ),
    Route(
        message=observations.InventoryObserved,
        subject="gc.{site}.observe.inventory.{entity}",
        stream="OBSERVE",
        publishers=_COLLECTORS,
    ),
    Route(
        message=event_logs.EventLogBatch,
        subject="gc.{site}.observe.eventlogs.{entity}",
        stream="OBSERVE",
        publishers=("ipmi-collector",),
    ),
    Route(
        message=event_logs.SyncChanged,
        subject="gc.{site}.observe.sync.{entity}",
        stream="OBSERVE",
        publishers=("ipmi-collector",),
    ),
    Route(
        message=incidents.TriggerRaised,
        subject="gc.{site}.trigger.{severity}.{entity}",
        stream="TRIGGER",
        publishers=("trigger",),
    ),
    Route(
        message=incidents.IncidentOpened,
        subject="gc.{site}.incident.opened.{incident}",
        stream="INCIDENT",
        publishers=("context",),
    ),
    Route(
        message=incidents.IncidentUpdated,
        subject="gc.{site}.incident.updated.{incident}",
        stream="INCIDENT",
        publishers=("context",),
    ),
    Route(
        message=incidents.IncidentResolved,
        subject="gc.{site}.incident.resolved.{incident}",
        stream="INCIDENT",
        publishers=("context",),
    ),
    Route(
        message=incidents.ReviewCompleted, subject="gc.{site}.review.{scope}", stream="INCIDENT", publishers=("review",)
    ),
    Route(
        message=incidents.EscalationRaised,
        subject="gc.{site}.escalation.{incident}",
        stream="INCIDENT",
        publishers=("review",),
    ),
    Route(
        message=conversations.AnalysisCompleted,
        subject="gc.{site}.analysis.{incident}",
        stream="INCIDENT",
        publishers=("meta",),
    ),
    Route(
        message=actions.ActionProposed,
        subject="gc.{site}.action.proposed.{entity}",
        stream="ACTION",
        publishers=("review", "meta", "mcp"),
    ),
    Route(
        message=actions.ActionGranted,
        subject="gc.{site}.action.granted.{entity}",
        stream="ACTION",
        publishers=("actions",),
    ),
    Route(
        message=actions.ActionReported,
        subject="gc.{site}.action.reported.{entity}",
        stream="ACTION",
        publishers=("runner",),
    ),
    Route(
        message=actions.ActionChanged,
        subject="gc.{site}.action.{state}.{entity}",
        stream="ACTION",
        publishers=("actions",),
    ),
    Route(message=incidents.Tick, subject="gc.{site}.tick.{name}", stream="TICK", publishers=("review", "actions")),
    Route(
        message=incidents.DeadLetter, subject="gc.{site}.deadletter.{stream}", stream="DEADLETTER", publishers=("*",)
    ),
)

_JUDGED = ("logs", "metrics", "services", "sel", "sensors", "eventlogs", "inventory")
_OBSERVED = tuple(f"gc.{{site}}.observe.{kind}.*" for kind in _JUDGED)
_CHANGED = tuple(f"gc.{{site}}.action.{state}.*" for state in actions.ActionState)

_ENDED = ("refused", "rejected", "expired", "succeeded", "failed", "unknown")
_DECIDED = tuple(f"gc.{{site}}.action.{state}.*" for state in _ENDED)


class Durables:
    """The table of durable consumers."""

    TRIGGER = Durable(name="trigger", owner="trigger", stream="OBSERVE", filters=_OBSERVED, partitioned=True)
    RECORD = Durable(
        name="record",
        owner="context",
        stream="OBSERVE",
        filters=("gc.{site}.observe.*.*",),
        partitioned=True,
    )
    FUSE = Durable(name="fuse", owner="context", stream="TRIGGER", filters=("gc.{site}.trigger.*.*",))
    FINDINGS = Durable(name="findings", owner="context", stream="INCIDENT", filters=("gc.{site}.review.*",))
    CONTEXT_ACTIONS = Durable(name="context-actions", owner="context", stream="ACTION", filters=_CHANGED)
    REVIEW_INCIDENTS = Durable(
        name="review-incidents",
        owner="review",
        stream="INCIDENT",
        filters=("gc.{site}.incident.opened.*", "gc.{site}.incident.updated.*"),
    )
    REVIEW_TICK = Durable(
        name="review-tick",
        owner="review",
        stream="TICK",
        filters=("gc.{site}.tick.review",),
        start="new",
        max_deliver=2,
    )
    PROPOSALS = Durable(name="proposals", owner="actions", stream="ACTION", filters=("gc.{site}.action.proposed.*",))
    REPORTS = Durable(name="reports", owner="actions", stream="ACTION", filters=("gc.{site}.action.reported.*",))
    ACTIONS_TICK = Durable(
        name="actions-tick",
        owner="actions",
        stream="TICK",
        filters=("gc.{site}.tick.actions",),
        start="new",
        max_deliver=2,
    )
    RUNNER = Durable(
        name="runner",
        owner="runner",
        stream="ACTION",
        filters=("gc.{site}.action.granted.{entity}",),
        per_entity=True,
        max_deliver=20,
    )

    ESCALATIONS = Durable(name="escalations", owner="meta", stream="INCIDENT", filters=("gc.{site}.escalation.*",))
    LEARN_INCIDENTS = Durable(
        name="learn-incidents",
        owner="hybrid-coordinator",
        stream="INCIDENT",
        filters=("gc.{site}.incident.resolved.*",),
    )
    LEARN_ACTIONS = Durable(name="learn-actions", owner="hybrid-coordinator", stream="ACTION", filters=_DECIDED)

    @classmethod
    def all(cls) -> list[Durable]:
        return [value for value in vars(cls).values() if isinstance(value, Durable)]


class Buckets:
    """KV buckets, each with one writer."""

    INVENTORY = "inventory"  # context writes
    SILENCES = "silences"  # context writes
    TRIGGER_STATE = "trigger-state"  # trigger writes
    TEMPLATES = "templates"  # trigger writes: mined log templates
    LEASES = "leases"  # whoever takes a lease
    HELD = "held"  # the bus of each service: messages that waited for a dependency


_BY_TYPE: dict[str, Route] = {route.message.TYPE: route for route in ROUTES}


_LOGS = f'"type":"{observations.LogBatch.TYPE}"'.encode()
_BEGINNING = 100
_OURS = re.compile(rb'\{"id":"([0-9a-f]{32})","type":"([a-z._]+)",')


class MalformedMessage(ValueError):
    """Bytes that are no message of ours; the text names the place and what was expected."""


def stream(name: str) -> Stream:
    return next(s for s in STREAMS if s.name == name)


def route_of(message: type[Message]) -> Route:
    return _BY_TYPE[message.TYPE]


def subject_of(envelope: Envelope[Any]) -> str:
    """The subject that an envelope is published on."""
    data = envelope.data
    keys = {"site": envelope.site, "entity": token(envelope.entity)}
    match data:
        case incidents.TriggerRaised():
            keys["severity"] = data.severity.value
        case incidents.IncidentOpened() | incidents.IncidentUpdated() | incidents.IncidentResolved():
            keys["incident"] = data.incident.id
        case incidents.EscalationRaised():
            keys["incident"] = data.incident_id
        case incidents.ReviewCompleted():
            keys["scope"] = token(data.scope)
        case conversations.AnalysisCompleted():
            keys["incident"] = data.analysis.incident_id
        case actions.ActionChanged():
            keys["state"] = data.action.state.value
        case incidents.Tick():
            keys["name"] = token(data.name)
        case incidents.DeadLetter():
            keys["stream"] = data.stream
    return _BY_TYPE[envelope.type].subject.format(**keys)


@cache
def _envelope_of(message: type[Message]) -> type[Envelope[Any]]:
    return Envelope[message]  # type: ignore[valid-type]


def _type_of(payload: bytes) -> Any:
    """The envelope's type; where the bytes are not in our order they are read as a whole."""
    if (ours := _OURS.match(payload)) is not None:
        return ours[2].decode()
    try:
        return orjson.loads(payload).get("type")
    except (orjson.JSONDecodeError, AttributeError) as error:
        msg = f"not a JSON object: {error}"
        raise MalformedMessage(msg) from None


def id_of(payload: bytes) -> str:
    """The id of a message that we encoded; empty where the bytes are not in our order."""
    ours = _OURS.match(payload)
    return ours[1].decode() if ours is not None else ""


def decode(payload: bytes) -> Envelope[Any]:
    """Read any message of the table. One validation for the envelope and its whole batch.

    Raises MalformedMessage with the first offending field; an unknown type is one too.
    """
    if _LOGS in payload[:_BEGINNING] and (logs := read_log_batch(payload)) is not None:
        return logs
    kind = _type_of(payload)
    route = _BY_TYPE.get(kind) if isinstance(kind, str) else None
    if route is None:
        msg = f"type {kind!r}: expected one of {', '.join(sorted(_BY_TYPE))}"
        raise MalformedMessage(msg)
    try:
        return _envelope_of(route.message).model_validate_json(payload)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "message"
        msg = f"{kind}: {place}: {first['msg']}"
        raise MalformedMessage(msg) from None
