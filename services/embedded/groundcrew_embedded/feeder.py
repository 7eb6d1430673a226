"""Tells a scenario: the messages that the collectors of its fleet would have sent, in the order of arrival."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from groundcrew.contracts.clock import from_us, to_us
from groundcrew.contracts.envelope import Envelope, Message, ProducedBy, seal
from groundcrew.contracts.identity import stable_id
from groundcrew.contracts.inventory import InventoryHost
from groundcrew.contracts.observations import (
    MAX_BATCH_ROWS,
    InventoryObserved,
    LogBatch,
    MetricBatch,
    MetricSeries,
    SelBatch,
    SensorBatch,
    ServiceBatch,
    SourceState,
    SourceStatus,
)
from groundcrew.diagnosis.sel import SelRecord
from groundcrew_embedded.scenario import MetricLine, Scenario, SensorLine, ServiceLine
from groundcrew_host_collector.source import LogRow

STEP_S = 5
"""Observations of one entity that arrive within so many seconds travel in one batch, as from a polling collector."""


@dataclass(frozen=True)
class Feeder:
    """Turns a scenario into envelopes of a site, with all times moved by `shift`."""

    scenario: Scenario
    site: str
    produced_by: ProducedBy
    shift: timedelta = timedelta()
    step_s: int = STEP_S

    def steps(self) -> Iterator[tuple[datetime, list[Envelope[Any]]]]:
        """(when the step ends, its messages), in order; steps without observations are left out."""
        yield self.scenario.start + self.shift, [self._reported(host) for host in self.scenario.inventory.host]
        width = self.step_s * 1_000_000
        for index, rows in groupby(self.scenario.arrivals, key=lambda arrival: arrival.at // width):
            when = from_us((index + 1) * width) + self.shift
            batches: dict[tuple[str, str], list[Any]] = defaultdict(list)
            for arrival in rows:
                batches[arrival.order[:2]].append(arrival.row)
            messages = [
                message
                for (kind, name), group in batches.items()
                for at in range(0, len(group), MAX_BATCH_ROWS)
                for message in self._seal(kind, name, group[at : at + MAX_BATCH_ROWS], when)
            ]
            yield when, messages

    def _reported(self, host: InventoryHost) -> Envelope[Any]:
        """What the host's collector says of itself and its sources when it starts."""
        when = self.scenario.start + self.shift
        kinds = self.scenario.kinds.get(host.name, frozenset())
        sources = [
            SourceStatus(
                name=name,
                state=SourceState.PRESENT if kind in kinds else SourceState.ABSENT,
                detail="told by a scenario" if kind in kinds else "the scenario tells nothing of it",
                since=when,
            )
            for kind, name in (("logs", "journal"), ("metrics", "metrics"), ("services", "systemd"))
        ]
        facts = {"vendor": host.vendor, "model": host.model, "gpus": str(host.gpus), "role": host.role}
        return seal(
            InventoryObserved(facts={key: value for key, value in facts.items() if value}, sources=sources),
            id=stable_id(self._namespace, "inventory", host.name),
            site=self.site,
            entity=f"host:{host.name}",
            time=when,
            received_at=when,
            source="scenario:inventory",
            position="0",
            produced_by=self.produced_by,
        )

    def _seal(self, kind: str, name: str, rows: list[Any], when: datetime) -> Iterator[Envelope[Any]]:
        entity = f"{'bmc' if kind in ('sel', 'sensors') else 'host'}:{name}"
        data, times, position = _COLUMNS[kind](self, entity, rows, when)
        yield seal(
            data,
            id=stable_id(self._namespace, kind, entity, position, len(rows)),
            site=self.site,
            entity=entity,
            time=from_us(min(times)),
            received_at=when,
            source=f"scenario:{kind}",
            position=position,
            produced_by=self.produced_by,
        )

    @property
    def _namespace(self) -> str:
        """Part of every id: the site, and the shift, so that a scenario told again later is not taken for the first."""
        return f"{self.site}+{self.shift.total_seconds():.0f}" if self.shift else self.site

    def us(self, when: datetime | int) -> int:
        """Microseconds of a scenario time, shifted."""
        base = when if isinstance(when, int) else to_us(when)
        return base + self.shift // timedelta(microseconds=1)

    def logs(self, _entity: str, rows: list[LogRow], _when: datetime) -> tuple[Message, list[int], str]:
        times = [self.us(row.time_us) for row in rows]
        batch = LogBatch(
            ids=[stable_id(self._namespace, "journal", row.position) for row in rows],
            times=times,
            priorities=[row.priority for row in rows],
            identifiers=[row.identifier for row in rows],
            units=[row.unit for row in rows],
            transports=[row.transport for row in rows],
            boot_ids=[row.boot_id for row in rows],
            positions=[row.position for row in rows],
            messages=[row.message for row in rows],
        )
        return batch, times, rows[-1].position

    def metrics(self, _entity: str, rows: list[MetricLine], _when: datetime) -> tuple[Message, list[int], str]:
        series: dict[tuple[str, tuple[tuple[str, str], ...]], int] = {}
        index = [series.setdefault((row.name, tuple(sorted(row.labels.items()))), len(series)) for row in rows]
        times = [self.us(row.time) for row in rows]
        batch = MetricBatch(
            series=[MetricSeries(name=name, unit=unit_of(name), labels=dict(labels)) for name, labels in series],
            series_index=index,
            times=times,
            values=[row.value for row in rows],
        )
        return batch, times, str(times[-1])

    def services(self, _entity: str, rows: list[ServiceLine], _when: datetime) -> tuple[Message, list[int], str]:
        times = [self.us(row.time) for row in rows]
        batch = ServiceBatch(
            times=times,
            units=[row.unit for row in rows],
            load_states=["" for _ in rows],
            active_states=[row.active_state for row in rows],
            sub_states=[row.sub_state for row in rows],
            results=["" for _ in rows],
            restarts=[None for _ in rows],
        )
        return batch, times, str(times[-1])

    def sensors(self, _entity: str, rows: list[SensorLine], _when: datetime) -> tuple[Message, list[int], str]:
        times = [self.us(row.time) for row in rows]
        batch = SensorBatch(
            times=times,
            sensors=[row.sensor for row in rows],
            values=[row.value if isinstance(row.value, float) else None for row in rows],
            texts=[row.value if isinstance(row.value, str) else "" for row in rows],
            units=[row.unit for row in rows],
            statuses=[row.status for row in rows],
        )
        return batch, times, str(times[-1])

    def sel(self, entity: str, rows: list[SelRecord], when: datetime) -> tuple[Message, list[int], str]:
        fallback = to_us(when)
        times = [self.us(row.time) if row.time is not None else fallback for row in rows]
        batch = SelBatch(
            ids=[stable_id(self._namespace, entity, row.record_id, row.source_time, row.text) for row in rows],
            record_ids=[row.record_id for row in rows],
            times=times,
            source_times=[row.source_time for row in rows],
            sensors=[row.sensor for row in rows],
            events=[row.event for row in rows],
            asserted=[row.asserted for row in rows],
            texts=[row.text for row in rows],
        )
        return batch, times, str(rows[-1].record_id)


_COLUMNS: dict[str, Callable[[Feeder, str, list[Any], datetime], tuple[Message, list[int], str]]] = {
    "logs": Feeder.logs,
    "metrics": Feeder.metrics,
    "services": Feeder.services,
    "sensors": Feeder.sensors,
    "sel": Feeder.sel,
}


def unit_of(metric: str) -> str:
    """Unit by the naming rule of the metrics: the last word that names one."""
    words = metric.split("_")
    return next((word for word in reversed(words) if word in {"bytes", "percent", "celsius", "seconds", "ratio"}), "")
