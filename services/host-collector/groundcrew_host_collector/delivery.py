"""From rows to stored messages: intent, publish, commit. Holds back its source while the bus takes nothing."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from prometheus_client import CollectorRegistry, Counter
from structlog.typing import FilteringBoundLogger

from groundcrew.bus.port import Bus
from groundcrew.contracts.clock import Clock, from_us
from groundcrew.contracts.envelope import Envelope, Message, ProducedBy, seal
from groundcrew.contracts.identity import host, stable_id
from groundcrew.contracts.observations import LogBatch
from groundcrew.runtime.publishing import Publisher
from groundcrew_host_collector.ledger import Ledger
from groundcrew_host_collector.source import LogRow, LogSource, Position, Span


class Delivery:
    """Publishes observations of one host until the bus has them."""

    def __init__(
        self,
        *,
        bus: Bus,
        host_name: str,
        clock: Clock,
        produced_by: ProducedBy,
        registry: CollectorRegistry,
        log: FilteringBoundLogger,
    ) -> None:
        self.host_name = host_name
        self.entity = host(host_name)
        self.clock = clock
        self._bus = bus
        self._produced_by = produced_by
        self.rows = Counter(
            "groundcrew_host_collector_rows", "Rows that the bus has taken", ["source"], registry=registry
        )
        self.lost = Counter(
            "groundcrew_host_collector_lost_spans",
            "Unfinished spans that could not be read again after a restart: the file or the journal was gone",
            ["source"],
            registry=registry,
        )
        self._publisher = Publisher(bus, collector="host_collector", clock=clock, registry=registry, log=log)

    @property
    def site(self) -> str:
        return self._bus.site

    def seal(
        self, data: Message, *, time: datetime, received_at: datetime, source: str, position: str, entity: str = ""
    ) -> Envelope[Any]:
        """An envelope whose id follows from site, entity, type, source and position."""
        entity = entity or self.entity
        return seal(
            data,
            id=stable_id(self.site, entity, data.TYPE, source, position),
            site=self.site,
            entity=entity,
            time=time,
            received_at=received_at,
            source=source,
            position=position,
            produced_by=self._produced_by,
        )

    async def publish(self, envelopes: Sequence[Envelope[Any]]) -> None:
        """Returns once all are stored. Raises PublishDenied, which no waiting mends."""
        await self._publisher.publish(envelopes)


class LogDelivery:
    """The `Sink` of one log source."""

    def __init__(self, source: LogSource, ledger: Ledger, delivery: Delivery) -> None:
        self._source = source
        self._ledger = ledger
        self._delivery = delivery

    @property
    def first_start(self) -> bool:
        return not self._ledger.known(self._source.name)

    @property
    def generation(self) -> int:
        return self._ledger.generation

    def next_generation(self) -> int:
        return self._ledger.next_generation()

    def positions(self) -> dict[str, Position]:
        return self._ledger.positions(self._source.name)

    async def place(self, changes: dict[str, Position | None]) -> None:
        self._ledger.begin(self._source.name)
        for key, position in changes.items():
            self._ledger.place(self._source.name, key, position)
        await self._ledger.save()

    async def take(self, span: Span, rows: Sequence[LogRow]) -> None:
        if rows:
            self._ledger.intend(self._source.name, span)
            await self._ledger.save()
            await self._publish(span, rows)
        self._ledger.commit(self._source.name, span)

    async def recover(self) -> None:
        """Publish again what was under way when the process ended; the same ids and times, so nothing doubles."""
        for span in self._ledger.intents(self._source.name):
            rows = await self._source.reread(span)
            if rows:
                await self._publish(span, rows)
            else:
                self._delivery.lost.labels(self._source.name).inc()
            self._ledger.commit(self._source.name, span)
        await self._ledger.flush()

    async def _publish(self, span: Span, rows: Sequence[LogRow]) -> None:
        received_at = from_us(span.received_us)
        await self._delivery.publish(
            [
                self._delivery.seal(
                    self._batch(span.source, group),
                    time=from_us(max(row.time_us for row in group)),
                    received_at=received_at,
                    source=span.source,
                    position=group[-1].position,
                    entity=entity,
                )
                for entity, group in self._by_entity(rows)
            ]
        )
        self._delivery.rows.labels(self._source.name).inc(len(rows))

    def _batch(self, source: str, rows: Sequence[LogRow]) -> LogBatch:
        site = self._delivery.site
        return LogBatch(
            ids=[stable_id(site, self._entity_of(row), source, row.position) for row in rows],
            times=[row.time_us for row in rows],
            priorities=[row.priority for row in rows],
            identifiers=[row.identifier for row in rows],
            units=[row.unit for row in rows],
            transports=[row.transport for row in rows],
            boot_ids=[row.boot_id for row in rows],
            positions=[row.position for row in rows],
            messages=[row.message for row in rows],
        )

    def _entity_of(self, row: LogRow) -> str:
        return row.entity or (host(row.host) if row.host else self._delivery.entity)

    def _by_entity(self, rows: Sequence[LogRow]) -> list[tuple[str, list[LogRow]]]:
        """Rows by whose they are, each in order; the same rows always give the same groups."""
        groups: dict[str, list[LogRow]] = {}
        for row in rows:
            groups.setdefault(self._entity_of(row), []).append(row)
        return list(groups.items())
