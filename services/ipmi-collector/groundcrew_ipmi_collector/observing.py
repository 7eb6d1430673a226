"""What is seen of BMCs, sealed and published; and counted."""

from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime

from prometheus_client import CollectorRegistry, Gauge, Histogram
from prometheus_client import Counter as CounterMetric
from structlog.typing import FilteringBoundLogger

from groundcrew.bus.port import Bus
from groundcrew.contracts.clock import Clock, from_us, to_us
from groundcrew.contracts.envelope import Message, ProducedBy, seal
from groundcrew.contracts.event_logs import EventLogBatch, SyncChanged, SyncJob
from groundcrew.contracts.identity import stable_id
from groundcrew.contracts.observations import InventoryObserved, SelBatch, SensorBatch
from groundcrew.diagnosis.sensors import SensorRead
from groundcrew.runtime.publishing import Publisher
from groundcrew_ipmi_collector.access import Access
from groundcrew_ipmi_collector.sensor_classes import counted


class Observer:
    """Publishes for all BMCs; each call returns once the bus has the message."""

    def __init__(
        self,
        bus: Bus,
        *,
        clock: Clock,
        produced_by: ProducedBy,
        registry: CollectorRegistry,
        log: FilteringBoundLogger,
    ) -> None:
        self.site = bus.site
        self.access = Access(bus.site)
        self._clock = clock
        self._produced_by = produced_by
        self._publisher = Publisher(bus, collector="ipmi_collector", clock=clock, registry=registry, log=log)
        self.rows = CounterMetric(
            "groundcrew_ipmi_collector_rows", "Rows that the bus has taken", ["source"], registry=registry
        )
        self.errors = CounterMetric(
            "groundcrew_ipmi_collector_errors", "BMCs that could not be read, by reason", ["reason"], registry=registry
        )
        self.ignored = CounterMetric(
            "groundcrew_ipmi_collector_datagrams_ignored",
            "Datagrams from BMCs that answered nothing, were not of a session or not of the protocol",
            ["why"],
            registry=registry,
        )
        self.unreadable = CounterMetric(
            "groundcrew_ipmi_collector_unreadable_entries",
            "Entries of logs over Redfish that are none, or that were gone before they were read",
            registry=registry,
        )
        self.poll_s = Histogram(
            "groundcrew_ipmi_collector_poll_seconds",
            "How long one BMC was looked at, waiting for its turn not counted",
            buckets=(0.1, 0.3, 1, 3, 10, 30, 100, 300),
            registry=registry,
        )
        self.bmcs = Gauge(
            "groundcrew_ipmi_collector_bmcs", "BMCs of the inventory, by their last poll", ["state"], registry=registry
        )
        self.breakers = Gauge(
            "groundcrew_ipmi_collector_breakers",
            "BMCs of the inventory, by whether they are asked less often as they cannot be read",
            ["state"],
            registry=registry,
        )
        self.answered = Gauge(
            "groundcrew_ipmi_collector_answered_timestamp_seconds",
            "When the BMC last answered",
            ["bmc"],
            registry=registry,
        )
        self.log_fill = Gauge(
            "groundcrew_ipmi_collector_log_fill_ratio",
            "How full the event log is, of BMCs that tell",
            ["bmc"],
            registry=registry,
        )
        self._sensors = Gauge(
            "groundcrew_ipmi_collector_sensors",
            "Sensors of all BMCs at their last reading, by class and status",
            ["class", "status"],
            registry=registry,
        )
        self._sensors_of: dict[str, Counter[tuple[str, str]]] = {}

    def count_sensors(self, bmc: str, reads: Iterable[SensorRead]) -> None:
        """Count a BMC's sensors in place of those that it had before."""
        now, before = counted(reads), self._sensors_of.get(bmc, Counter())
        for key in now.keys() | before.keys():
            if now[key] != before[key]:
                self._sensors.labels(*key).inc(now[key] - before[key])
        self._sensors_of[bmc] = now

    def left(self, bmc: str) -> None:
        """A BMC is not in the inventory any more: what was counted of it goes."""
        self.count_sensors(bmc, ())
        del self._sensors_of[bmc]
        for gauge in (self.answered, self.log_fill):
            with suppress(KeyError):  # it never answered, or does not tell
                gauge.remove(bmc)

    async def sel(self, entity: str, batch: SelBatch, envelope_id: str, position: str, now_us: int) -> None:
        await self._publish(batch, entity, envelope_id, from_us(max(batch.times)), from_us(now_us), "sel", position)
        self.rows.labels("sel").inc(len(batch))

    async def event_logs(self, entity: str, batch: EventLogBatch) -> None:
        """How its event logs are, and what became of them; the same rows are the same message."""
        envelope_id = stable_id(self.site, entity, batch.TYPE, *batch.ids)
        when = from_us(max(batch.times))
        await self._publish(batch, entity, envelope_id, when, when, "eventlogs", str(max(batch.times)))

    async def sync(self, entity: str, job: SyncJob) -> None:
        when = to_us(job.updated_at)
        envelope_id = stable_id(self.site, entity, SyncChanged.TYPE, job.id, when, job.current_step, job.events_synced)
        await self._publish(
            SyncChanged(job=job), entity, envelope_id, job.updated_at, job.updated_at, "sync", f"{job.id}@{when}"
        )

    async def sensors(self, entity: str, batch: SensorBatch, now_us: int) -> None:
        envelope_id = stable_id(self.site, entity, batch.TYPE, now_us)
        when = from_us(now_us)
        await self._publish(batch, entity, envelope_id, when, when, "sensors", str(now_us))
        self.rows.labels("sensors").inc(len(batch))

    async def inventory(self, entity: str, observed: InventoryObserved) -> None:
        now = self._clock.now()
        envelope_id = stable_id(self.site, entity, observed.TYPE, now.isoformat())
        await self._publish(observed, entity, envelope_id, now, now, "inventory", now.isoformat())

    async def _publish(
        self, data: Message, entity: str, envelope_id: str, time: datetime, at: datetime, source: str, position: str
    ) -> None:
        envelope = seal(
            data,
            id=envelope_id,
            site=self.site,
            entity=entity,
            time=time,
            received_at=at,
            source=source,
            position=position,
            produced_by=self._produced_by,
        )
        await self._publisher.publish([envelope])
