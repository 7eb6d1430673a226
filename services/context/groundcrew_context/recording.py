"""Recording of observations and findings: each handler stores what came, once however often it comes."""

from datetime import UTC, datetime

from groundcrew.bus.port import Delivery, Reject
from groundcrew.contracts.clock import Clock
from groundcrew.contracts.envelope import Envelope, Message
from groundcrew.contracts.event_logs import EventLogBatch, SyncChanged
from groundcrew.contracts.identity import kind_of, name_of
from groundcrew.contracts.incidents import ReviewCompleted
from groundcrew.contracts.observations import (
    InventoryObserved,
    LogBatch,
    MetricBatch,
    SelBatch,
    SensorBatch,
    ServiceBatch,
)
from groundcrew.stores.context.port import ContextStore
from groundcrew_context.inventory import InventoryBook
from groundcrew_context.metrics import ContextMetrics


class Recorder:
    """Handlers of the durables `record` and `findings`."""

    def __init__(self, store: ContextStore, book: InventoryBook, clock: Clock, metrics: ContextMetrics) -> None:
        self._store = store
        self._book = book
        self._clock = clock
        self._metrics = metrics

    async def record(self, delivery: Delivery[Message]) -> None:
        """Store one batch of observations."""
        envelope = delivery.envelope
        table, rows = await self._store_one(envelope)
        self._metrics.rows.labels(table).inc(rows)
        self._metrics.ingest_lag.observe(_seconds(self._clock.now(), envelope.received_at))

    async def finding(self, delivery: Delivery[ReviewCompleted]) -> None:
        """Store what review found."""
        envelope = delivery.envelope
        if delivery.data.findings:
            await self._store.add_findings(envelope.site, envelope.time, delivery.data.findings)

    async def _store_one(self, envelope: Envelope[Message]) -> tuple[str, int]:
        """The table that was written and how many rows were new."""
        store = self._store
        match envelope.data:
            case LogBatch():
                return "log_events", await store.record_logs(envelope)  # type: ignore[arg-type]
            case MetricBatch():
                return "samples", await store.record_metrics(envelope)  # type: ignore[arg-type]
            case ServiceBatch():
                return "service_status", await store.record_services(envelope)  # type: ignore[arg-type]
            case SensorBatch():
                return "sensor_readings", await store.record_sensors(envelope)  # type: ignore[arg-type]
            case SelBatch():
                return "sel_records", await store.record_sel(envelope)  # type: ignore[arg-type]
            case EventLogBatch():
                return "event_logs", await store.record_event_logs(envelope)  # type: ignore[arg-type]
            case SyncChanged():
                return "event_log_syncs", await store.record_sync(envelope)  # type: ignore[arg-type]
            case InventoryObserved():
                rows = await store.record_inventory(envelope)  # type: ignore[arg-type]
                if kind_of(envelope.entity) == "host":
                    await self._book.observed(name_of(envelope.entity))
                return "entities", rows
            case other:
                msg = f"no observation: {other.TYPE}"
                raise Reject(msg)


def _seconds(now: datetime, then: datetime) -> float:
    return max(0.0, (now - then.astimezone(UTC)).total_seconds())
