"""One BMC: looks at it again and again, and says how its event log, sensors and chassis are doing."""

import asyncio

from groundcrew.contracts.clock import Clock, to_us
from groundcrew.contracts.identity import name_of
from groundcrew.contracts.observations import InventoryObserved, SensorBatch, SourceState
from groundcrew.diagnosis.sensors import SensorRead
from groundcrew.runtime.durable_file import replace_durably
from groundcrew.runtime.statuses import Statuses
from groundcrew_ipmi_collector.access import FACT
from groundcrew_ipmi_collector.backend import Backend
from groundcrew_ipmi_collector.event_log import EventLog
from groundcrew_ipmi_collector.ledger import Ledger, Page
from groundcrew_ipmi_collector.look import Look
from groundcrew_ipmi_collector.observing import Observer
from groundcrew_ipmi_collector.outcome import Outcome
from groundcrew_ipmi_collector.outlet import BmcOutlet
from groundcrew_ipmi_collector.reason import IpmiFailed, Reason
from groundcrew_ipmi_collector.settings import IpmiCollectorSection

SOURCES = ("sel", "sensors", "chassis")
MAX_SENSORS = 1_500
WHO_EVERY_S = 3_600.0


class Poller:
    """Holds what is known of one BMC between two polls."""

    def __init__(
        self,
        *,
        entity: str,
        backend: Backend,
        section: IpmiCollectorSection,
        observer: Observer,
        ledger: Ledger,
        clock: Clock,
    ) -> None:
        self._entity = entity
        self._name = name_of(entity)
        self._backend = backend
        self._section = section
        self._observer = observer
        self._ledger = ledger
        self._clock = clock
        self._statuses = Statuses(clock)
        self._log = EventLog(
            site=observer.site,
            entity=entity,
            ledger=ledger,
            outlet=BmcOutlet(observer, entity),
            clock=clock,
            asked=ledger.asked,
        )
        self._page: Page | None = None
        self._facts: dict[str, str] = {}
        self._errors: dict[Reason, int] = {}
        self._who_at: float | None = None
        self._sensors_at: float | None = None
        self.outcome = Outcome()

    async def poll(self) -> None:
        """One look: never raises for what a BMC does. Raises what publishing and the disk raise."""
        page = self._page or self._ledger.read(self._name)
        self._backend.suite = self._backend.suite or page.suite
        self._page = page
        try:
            look = await self._look()
        except IpmiFailed as failure:
            self._failed(failure)
        else:
            self.outcome = Outcome()
            self._told(look)
            self._chassis(look)
            await self._keep_sensor_records(look)
            await self._event_log(look)
            await self._sensors()
        await self._tell()

    async def _look(self) -> Look:
        due = self._who_at is None or self._clock.monotonic() - self._who_at >= WHO_EVERY_S
        look = await self._backend.look(who=due)
        if due and look.guid_known:
            self._who_at = self._clock.monotonic()
        return look

    def _told(self, look: Look) -> None:
        now = self._clock.now().replace(microsecond=0)
        suite = self._backend.suite
        self._facts |= look.facts() | {"answered_at": now.isoformat(), "cipher_suite": str(suite)}

    def _chassis(self, look: Look) -> None:
        if look.power:
            self._statuses.set(
                "chassis", SourceState.PRESENT, f"power is {look.power}, every {self._section.interval_s:g} s"
            )
        elif not look.no_chassis:
            self._statuses.set("chassis", SourceState.ABSENT, "the BMC does not tell a chassis status")
        else:
            self._statuses.set("chassis", SourceState.FAILING, look.no_chassis)

    async def _event_log(self, look: Look) -> None:
        state = look.sel
        if state is None:
            self._statuses.set("sel", SourceState.ABSENT, "the BMC does not tell of an event log")
            return
        if state.used is not None:
            self._observer.log_fill.labels(self._name).set(state.used)
        assert self._page is not None
        try:
            self._page = await self._log.collect(self._backend, look, state, self._page)
        except IpmiFailed as failure:
            self._page = None  # what stands on disk counts
            self._failing("sel", failure)
            return
        self._facts["sel_generation"] = str(self._page.generation)
        self._statuses.set("sel", SourceState.PRESENT, f"followed, every {self._section.interval_s:g} s")

    async def _sensors(self) -> None:
        now = self._clock.monotonic()
        if self._sensors_at is not None and now - self._sensors_at < self._section.sensors_interval_s:
            return
        self._sensors_at = now
        try:
            read = (await self._backend.sensors())[:MAX_SENSORS]
        except IpmiFailed as failure:
            self._failing("sensors", failure)
            return
        if not read:
            self._statuses.set("sensors", SourceState.ABSENT, "the BMC lists no sensor")
            return
        self._observer.count_sensors(self._name, read)
        now_us = to_us(self._clock.now())
        await self._observer.sensors(self._entity, _batch(read, now_us), now_us)
        self._statuses.set(
            "sensors", SourceState.PRESENT, f"{len(read)} sensors, every {self._section.sensors_interval_s:g} s"
        )

    async def _keep_sensor_records(self, look: Look) -> None:
        """Fetch the BMC's sensor records once, and again when it says that they changed. Without them each reading
        of sensors and event log fetches them itself."""
        page, stamp, cache = self._page, look.sdr_stamp, self._ledger.cache(self._name)
        assert page is not None
        if not stamp or (cache.exists() and stamp == page.sdr_stamp and page.suite == self._backend.suite):
            return
        if not cache.exists() or stamp != page.sdr_stamp:
            try:
                records = await self._backend.fetch_sensor_records()
            except IpmiFailed as failure:
                self._failing("sensors", failure)
                return
            if not records:
                return
            await asyncio.to_thread(replace_durably, cache, records)
        self._page = page.model_copy(update={"sdr_stamp": stamp, "suite": self._backend.suite})
        await self._ledger.write(self._page)

    def _failed(self, failure: IpmiFailed) -> None:
        """None of the sources can be read."""
        self.outcome = Outcome(failure.reason, str(failure), blind=True)
        self._count(failure)
        state = SourceState.ABSENT if failure.reason is Reason.TOOL else SourceState.FAILING
        for source in SOURCES:
            self._statuses.set(source, state, f"{failure.reason.value}: {failure}")

    def _failing(self, source: str, failure: IpmiFailed) -> None:
        self.outcome = Outcome(failure.reason, str(failure))
        self._count(failure)
        self._statuses.set(source, SourceState.FAILING, f"{failure.reason.value}: {failure}")

    def _count(self, failure: IpmiFailed) -> None:
        self._errors[failure.reason] = self._errors.get(failure.reason, 0) + 1
        self._observer.errors.labels(failure.reason.value).inc()

    async def rest(self, seconds: float) -> None:
        """Until it is due again."""
        await self._clock.sleep(seconds)

    async def close(self) -> None:
        """Nobody polls any more; bounded in time."""
        await self._backend.close()

    async def _tell(self) -> None:
        facts = {**self._facts, FACT: self._observer.access.seen(self._name, self.outcome)}
        if self._errors:
            facts["errors"] = ", ".join(f"{reason.value} {count}" for reason, count in sorted(self._errors.items()))
        observed = InventoryObserved(collector="bmc", facts=facts, sources=self._statuses.all())
        await self._observer.inventory(self._entity, observed)


def _batch(read: list[SensorRead], now_us: int) -> SensorBatch:
    return SensorBatch(
        times=[now_us] * len(read),
        sensors=[one.sensor for one in read],
        values=[one.value for one in read],
        texts=[one.text for one in read],
        units=[one.unit for one in read],
        statuses=[one.status for one in read],
    )
