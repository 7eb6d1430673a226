"""Keeps each source going: looks for it, follows it, starts it again, and says how it is doing."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence

from prometheus_client import CollectorRegistry, Counter
from structlog.typing import FilteringBoundLogger

from groundcrew.contracts.clock import Clock, from_us, to_us
from groundcrew.contracts.observations import (
    InventoryObserved,
    MetricBatch,
    MetricSeries,
    ServiceBatch,
    SourceState,
)
from groundcrew.diagnosis.samples import Sample
from groundcrew.runtime.statuses import Statuses
from groundcrew_host_collector.delivery import Delivery, LogDelivery
from groundcrew_host_collector.ledger import Ledger
from groundcrew_host_collector.metrics import HostMetrics
from groundcrew_host_collector.source import LogSource, MetricSource, SourceAbsent, SourceFailed
from groundcrew_host_collector.units import MAX_UNITS, Unit, Units, gone

_FIRST_RESTART_S = 1.0
_LONGEST_RESTART_S = 60.0
_INVENTORY_S = 60.0
_ALL_UNITS_S = 60.0
_FLUSH_S = 1.0
_BATCH_ROWS = 1_900
_LONGEST_ABSENCE_S = 300.0
"""An operator who installs a program need not wait for the next half hour."""

_TOGETHER_S = 0.3
"""Changes of several sources come together, at the start above all: one message tells them."""


class Collector:
    """The loops of one host's sources; each is a root task."""

    def __init__(
        self,
        *,
        delivery: Delivery,
        ledger: Ledger,
        statuses: Statuses,
        clock: Clock,
        probe_s: float,
        registry: CollectorRegistry,
        log: FilteringBoundLogger,
    ) -> None:
        self._delivery = delivery
        self._ledger = ledger
        self._statuses = statuses
        self._clock = clock
        self._probe_s = probe_s
        self._log = log
        self._failures = Counter(
            "groundcrew_host_collector_source_failures", "Times that a source failed", ["source"], registry=registry
        )

    async def log_source(self, source: LogSource) -> None:
        """Follow a log source while it is there, for ever."""
        sink = LogDelivery(source, self._ledger, self._delivery)
        wait_s = _FIRST_RESTART_S
        while True:
            started = self._clock.monotonic()
            try:
                self._present(source.name, await source.probe())
                await sink.recover()
                await self._while_present(source, sink)
            except SourceAbsent as absent:
                self._statuses.set(source.name, SourceState.ABSENT, str(absent))
                await self._clock.sleep(self._probe_s)
            except (SourceFailed, OSError) as failure:
                if self._clock.monotonic() - started > _LONGEST_RESTART_S:
                    wait_s = _FIRST_RESTART_S
                self._failing(source.name, str(failure))
                await self._clock.sleep(wait_s)
                wait_s = min(wait_s * 2, _LONGEST_RESTART_S)

    async def _while_present(self, source: LogSource, sink: LogDelivery) -> None:
        """Follow until it fails or a later look finds it absent. Raises SourceAbsent, SourceFailed, OSError."""
        following = asyncio.create_task(source.follow(sink), name=f"follow {source.name}")
        try:
            while True:
                await asyncio.wait({following}, timeout=self._probe_s)
                if following.done():
                    following.result()
                    msg = "it ended"
                    raise SourceFailed(msg)
                self._present(source.name, await source.probe())
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)

    def _present(self, name: str, detail: str) -> None:
        if self._statuses.state(name) is not SourceState.PRESENT:
            self._log.info("source_present", source=name, detail=detail)
        self._statuses.set(name, SourceState.PRESENT, detail)

    def _failing(self, name: str, reason: str) -> None:
        self._failures.labels(name).inc()
        self._log.warning("source_failing", source=name, reason=reason)
        self._statuses.set(name, SourceState.FAILING, reason)

    async def metrics(self, metrics: HostMetrics, interval_s: float) -> None:
        """Sample at every interval. While the bus is away one batch is held and the samples between are not taken."""
        metrics.sample()  # the base that the first cpu_percent is over
        await self._clock.sleep(min(1.0, interval_s))
        while True:
            due = self._clock.monotonic() + interval_s
            samples = await asyncio.to_thread(metrics.sample)
            self._statuses.set("metrics", SourceState.PRESENT, f"every {interval_s:g} s")
            await self._report_samples(samples, "metrics")
            await self._clock.sleep(due - self._clock.monotonic())

    async def readings(self, source: MetricSource, interval_s: float) -> None:
        """Ask a program for its metrics at every interval; where it is absent, look for it every few minutes."""
        while True:
            due = self._clock.monotonic() + interval_s
            try:
                reading = await source.read()
            except SourceAbsent as absent:
                self._statuses.set(source.name, SourceState.ABSENT, str(absent))
                due = min(due, self._clock.monotonic() + _LONGEST_ABSENCE_S)
            except SourceFailed as failure:
                self._failing(source.name, str(failure))
                await self._report_samples(source.missing(), source.name)
            else:
                self._present(source.name, f"{reading.detail}, every {interval_s:g} s")
                await self._report_samples(reading.samples, source.name)
            await self._clock.sleep(due - self._clock.monotonic())

    async def _report_samples(self, samples: Sequence[Sample], source: str) -> None:
        """In batches as large as a message may be, all of one time."""
        now_us = to_us(self._clock.now())
        for start in range(0, len(samples), _BATCH_ROWS):
            part = samples[start : start + _BATCH_ROWS]
            batch = MetricBatch(
                series=[MetricSeries(name=s.name, unit=s.unit, labels=dict(s.labels)) for s in part],
                series_index=list(range(len(part))),
                times=[now_us] * len(part),
                values=[float(s.value) for s in part],
            )
            await self._observe(batch, source, now_us, f"{now_us}.{start}" if start else str(now_us))

    async def units(self, units: Units, interval_s: float) -> None:
        """Report units that changed or went at every look, and all of them once a minute."""
        before: dict[str, Unit] = {}
        all_at = 0.0
        while True:
            due = self._clock.monotonic() + interval_s
            try:
                seen = {unit.name: unit for unit in await units.read()}
            except SourceAbsent as absent:
                self._statuses.set("systemd", SourceState.ABSENT, str(absent))
                before.clear()
                await self._clock.sleep(self._probe_s)
                continue
            except SourceFailed as failure:
                self._failing("systemd", str(failure))
                before.clear()
                await self._clock.sleep(max(interval_s, _FIRST_RESTART_S))
                continue
            self._present("systemd", f"{len(seen)} services and timers, every {interval_s:g} s")
            full = not before or self._clock.monotonic() >= all_at
            if full:
                all_at = self._clock.monotonic() + _ALL_UNITS_S
            changed = [unit for unit in seen.values() if full or before.get(unit.name) != unit]
            room = MAX_UNITS - len(changed)
            changed += [gone(name) for name in before if name not in seen][: max(0, room)]
            await self._report_units(changed, complete=full and units.complete)
            before = seen
            await self._clock.sleep(due - self._clock.monotonic())

    async def _report_units(self, units: list[Unit], *, complete: bool) -> None:
        if not units:
            return
        now_us = to_us(self._clock.now())
        batch = ServiceBatch(
            times=[now_us] * len(units),
            units=[unit.name for unit in units],
            load_states=[unit.load for unit in units],
            active_states=[unit.active for unit in units],
            sub_states=[unit.sub for unit in units],
            results=[unit.result for unit in units],
            restarts=[unit.restarts for unit in units],
            types=[unit.type for unit in units],
            unit_file_states=[unit.file_state for unit in units],
            triggered_by=[unit.triggered_by for unit in units],
            complete=complete,
        )
        await self._observe(batch, "systemd", now_us)

    async def inventory(self, facts: Callable[[], dict[str, str]]) -> None:
        """Tell facts and sources at the start, on change, and every minute."""
        while True:
            await self._clock.sleep(_TOGETHER_S)
            self._statuses.changed.clear()
            now_us = to_us(self._clock.now())
            observed = InventoryObserved(facts=await asyncio.to_thread(facts), sources=self._statuses.all())
            await self._observe(observed, "inventory", now_us)
            try:
                async with asyncio.timeout(_INVENTORY_S):
                    await self._statuses.changed.wait()
            except TimeoutError:
                continue

    async def _observe(
        self, data: MetricBatch | ServiceBatch | InventoryObserved, source: str, now_us: int, position: str = ""
    ) -> None:
        now = from_us(now_us)
        await self._delivery.publish(
            [self._delivery.seal(data, time=now, received_at=now, source=source, position=position or str(now_us))]
        )
        self._delivery.rows.labels(source).inc(1 if isinstance(data, InventoryObserved) else len(data))

    async def flush(self) -> None:
        """Put commits on disk soon after the last batch, so that a restart reads little twice."""
        while True:
            await self._clock.sleep(_FLUSH_S)
            await self._ledger.flush()


def absent_where(sources: Iterable[LogSource], reason: str) -> Callable[[], Awaitable[None]]:
    """A condition for a source that is only needed where none of these others is there."""
    others = list(sources)

    async def check() -> None:
        for other in others:
            try:
                await other.probe()
            except (SourceAbsent, SourceFailed):
                continue
            raise SourceAbsent(reason)

    return check
