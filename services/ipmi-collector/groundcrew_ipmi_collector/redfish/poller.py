"""One BMC over Redfish: looks at it again and again, and says how its logs, sensors, parts and power are doing."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from groundcrew.contracts.clock import Clock, to_us
from groundcrew.contracts.event_logs import LogChange
from groundcrew.contracts.identity import name_of
from groundcrew.contracts.observations import InventoryObserved, SensorBatch, SourceState
from groundcrew.diagnosis.redfish_facts import (
    bmc_seconds,
    firmware_facts,
    identity_of,
    manager_facts,
    part_facts,
    root_facts,
    system_facts,
)
from groundcrew.diagnosis.redfish_parts import PartSeen, health_reads
from groundcrew.diagnosis.redfish_sensors import numbered
from groundcrew.diagnosis.sensors import SensorRead
from groundcrew.runtime.statuses import Statuses
from groundcrew_ipmi_collector.access import FACT
from groundcrew_ipmi_collector.log_telling import LogNow
from groundcrew_ipmi_collector.observing import Observer
from groundcrew_ipmi_collector.outcome import Outcome
from groundcrew_ipmi_collector.outlet import BmcOutlet
from groundcrew_ipmi_collector.raw_record import BmcClock
from groundcrew_ipmi_collector.reason import IpmiFailed, Reason
from groundcrew_ipmi_collector.redfish.client import Client
from groundcrew_ipmi_collector.redfish.event_log import RedfishLogs
from groundcrew_ipmi_collector.redfish.event_stream import EventStream, Streams
from groundcrew_ipmi_collector.redfish.ledger import Anchor, Page, RedfishLedger
from groundcrew_ipmi_collector.redfish.machine import Machine, read_parts, read_sensors
from groundcrew_ipmi_collector.redfish.pushed import Pushed
from groundcrew_ipmi_collector.redfish.subscription import Subscription
from groundcrew_ipmi_collector.redfish.waking import Waking
from groundcrew_ipmi_collector.redfish.walk import Layout, discover, members, optional
from groundcrew_ipmi_collector.settings import IpmiCollectorSection
from groundcrew_ipmi_collector.turn import Turn

SOURCES = ("sel", "sensors", "chassis", "parts")
MAX_SENSORS = 1_500
DISCOVER_EVERY_S = 3_600.0


class RedfishPoller:
    """Holds what is known of one BMC between two polls. `turn`: taken for each look, so that nobody else speaks to this
    BMC meanwhile."""

    def __init__(
        self,
        *,
        entity: str,
        client: Client,
        turn: Turn,
        section: IpmiCollectorSection,
        observer: Observer,
        ledger: RedfishLedger,
        clock: Clock,
        streams: Streams,
        chance: Callable[[], float],
        pushed: Pushed | None = None,
    ) -> None:
        self._entity = entity
        self._client = client
        self._turn = turn
        self._section = section
        self._observer = observer
        self._ledger = ledger
        self._clock = clock
        self._statuses = Statuses(clock)
        self._waking = Waking(clock)
        self._stream = EventStream(streams, self._waking, clock=clock, chance=chance)
        self._subscription = None if pushed is None else Subscription(entity, pushed, self._waking.wake, clock)
        self._logs = RedfishLogs(
            site=observer.site,
            entity=entity,
            ledger=ledger,
            outlet=BmcOutlet(observer, entity),
            clock=clock,
            asked=ledger.asked,
        )
        self._page: Page | None = None
        self._layout: Layout | None = None
        self._facts: dict[str, str] = {}
        self._inventory: dict[str, str] = {}
        self._errors: dict[Reason, int] = {}
        self._due: dict[str, float] = {}
        self._root: Mapping[str, Any] = {}
        self._others: list[PartSeen] = []
        self._health: list[SensorRead] = []
        self._worst = ""
        self._answered = False
        self.outcome = Outcome()

    async def poll(self) -> None:
        """One look. Never raises for what a BMC does. Raises what publishing and the disk raise."""
        self._answered = False
        self._waking.begins()
        if self._page is None:
            self._page = self._ledger.read(name_of(self._entity))
            self._client.left_behind |= {self._page.session} - {""}
        try:
            async with self._turn.taken(self), self._client.connected(self._section.redfish_look_s):
                self._client.try_a_session_again()
                try:
                    await self._look()
                    await self._events()
                finally:
                    await self._remember_session()
        except IpmiFailed as failure:
            self._failed(failure)
        await self._tell()

    async def close(self) -> None:
        """Nobody polls any more; bounded in time."""
        if self._subscription is not None:
            await self._subscription.end(self._client)
        await self.end_session()

    async def rest(self, seconds: float) -> None:
        """Until it is due again, or soon after the BMC told of an event."""
        await self._waking.rest(seconds)

    async def _events(self) -> None:
        """Events are told over a stream where the BMC offers one, else pushed where the operator allows it."""
        assert self._layout is not None
        place, told = self._layout.events, f"every {self._section.interval_s:g} s"
        await self._stream.hold(self._client, place.stream)
        if self._stream.is_open:
            told = "stream"
        elif self._subscription is not None and not place.stream:
            with suppress(IpmiFailed):  # the look is over: what it needed was answered
                await self._subscription.hold(self._client, place)
            told = "pushed" if self._subscription.is_made else told
        self._facts["events"] = told

    async def end_session(self) -> None:
        """Somebody else takes the turn of this address. Bounded in time; raises nothing that a BMC does."""
        await self._stream.close()
        await self._client.end_session()
        await self._remember_session()

    async def _remember_session(self) -> None:
        """Its path is on disk while it is open, so that it is ended even after this process was killed."""
        session = self._client.session or next(iter(self._client.left_behind), "")
        if self._page is not None and self._page.session == session:
            return
        page = self._ledger.read(name_of(self._entity))  # what stands there of the logs is as new as anything
        if page.session != session:
            page = page.model_copy(update={"session": session})
            await self._ledger.write(page)
        self._page = page

    async def _look(self) -> None:
        if self._layout is not None:
            await self._client.sign_in()
            await self._remember_session()
        layout = await self._discovered()
        systems = await self._bodies(layout.systems)
        asked_us = to_us(self._clock.now())
        managers = await self._bodies(layout.managers)
        manager = managers[0] if managers else {}
        clock = BmcClock.seen(bmc_seconds(manager), asked_us)
        self._told(systems, manager, clock)
        self._chassis(systems)
        self.outcome = Outcome()
        self._answered = True
        await self._of_this_bmc(identity_of(self._root, manager, systems))
        await self._event_logs(layout, clock)
        await self._sensors(layout)

    async def _bodies(self, paths: list[str]) -> list[Mapping[str, Any]]:
        """Resources; where the first cannot be read, that says why the BMC cannot."""
        if not paths:
            return []
        first = (await self._client.get(paths[0])).body
        return [first, *[body for path in paths[1:] if (body := await optional(self._client, path))]]

    async def _discovered(self) -> Layout:
        if self._layout is None or self._is_due("discover", DISCOVER_EVERY_S):
            root = await self._client.root()
            await self._client.sign_in()
            await self._remember_session()
            self._layout = await discover(self._client, root)
            self._root = root
            self._inventory |= root_facts(root)
            self._inventory |= firmware_facts(
                await members(self._client, self._layout.firmware, 60, self._layout.expand)
                if self._layout.firmware
                else []
            )
            self._done("discover")
        return self._layout

    def _told(self, systems: list[Mapping[str, Any]], manager: Mapping[str, Any], clock: BmcClock) -> None:
        self._facts = {
            **self._inventory,
            **manager_facts(manager),
            **system_facts(systems),
            "protocol": "redfish",
            "answered_at": self._clock.now().replace(microsecond=0).isoformat(),
        }
        if clock.offset_us is not None:
            seconds = round(clock.offset_us / 1_000_000)
            self._facts["clock_offset_s"] = "not set" if clock.since_start else str(seconds)
        worst = self._facts.get("health", "")
        if worst != self._worst:
            self._due.pop("parts", None)  # something changed: look at once which part it is
            self._worst = worst

    def _chassis(self, systems: list[Mapping[str, Any]]) -> None:
        if power := self._facts.get("power"):
            detail = f"power is {power}, every {self._section.interval_s:g} s"
            self._statuses.set("chassis", SourceState.PRESENT, detail)
        else:
            said = "the BMC does not tell whether its machine is on" if systems else "the BMC lists no system"
            self._statuses.set("chassis", SourceState.ABSENT, said)

    async def _of_this_bmc(self, identity: dict[str, str]) -> None:
        """Begins anew where this is another BMC than before (its board was replaced): all that tells who it is, of what
        was told then and now, is different."""
        assert self._page is not None
        known = self._page.identity
        both = known.keys() & identity.keys()
        if known and both and all(known[kind] != identity[kind] for kind in both):
            self._page = self._replaced(self._page, identity)
            known = {}
        if not known:
            self._page = self._page.model_copy(update={"identity": identity or {"name": self._page.bmc}})
            await self._ledger.write(self._page)

    def _replaced(self, before: Page, identity: dict[str, str]) -> Page:
        kind = next(kind for kind in before.identity if kind in identity)
        why = f"its {kind} is {identity[kind]}, it was {before.identity[kind]}"
        entries = sum(log.count for log in before.logs.values() if not log.mirrors)
        news = LogNow("all", 1, 0).row(
            self._observer.site,
            self._entity,
            to_us(self._clock.now()),
            LogChange.REPLACED,
            f"{why}; {entries} entries before",
        )
        return Page(bmc=before.bmc, session=before.session, news=news)

    async def _event_logs(self, layout: Layout, clock: BmcClock) -> None:
        if not layout.logs:
            self._statuses.set("sel", SourceState.ABSENT, "the BMC has no log of events")
            return
        assert self._page is not None
        try:
            page, found = await self._logs.collect(self._client, layout.logs, self._page, clock, layout.expand)
        except IpmiFailed:
            self._page = None  # what stands on disk counts
            raise
        self._waking.ended(_anchors(page) != _anchors(self._page))
        self._page = page
        self._observer.unreadable.inc(found.bad)
        self._facts["sel_entries"] = str(found.entries)
        if found.fullest:
            self._facts["sel_percent_used"] = str(round(100 * found.fullest))
            self._observer.log_fill.labels(name_of(self._entity)).set(found.fullest)
        read = [place.name for place in layout.logs if place.path in page.logs]
        if found.unreadable:
            name, why = next(iter(found.unreadable.items()))
            self._failing("sel", IpmiFailed(Reason.OTHER, f"log {name}: {why}"))
            return
        names = ", ".join(dict.fromkeys(read))
        self._statuses.set("sel", SourceState.PRESENT, f"{names} followed, every {self._section.interval_s:g} s")

    async def _sensors(self, layout: Layout) -> None:
        if not self._is_due("sensors", self._section.sensors_interval_s):
            return
        machine = await read_sensors(self._client, layout)
        await self._parts_if_due(layout, machine)
        self._done("sensors")
        reads = numbered([*machine.reads, *self._health])[:MAX_SENSORS]
        if not machine.reads:
            self._statuses.set("sensors", SourceState.ABSENT, "the BMC lists no sensor")
        else:
            detail = f"{len(machine.reads)} sensors, every {self._section.sensors_interval_s:g} s"
            self._statuses.set("sensors", SourceState.PRESENT, detail)
        if reads:
            self._observer.count_sensors(name_of(self._entity), reads)
            now_us = to_us(self._clock.now())
            await self._observer.sensors(self._entity, _batch(reads, now_us), now_us)

    async def _parts_if_due(self, layout: Layout, machine: Machine) -> None:
        """Supplies and fans come with the sensors; the others are looked at seldom while all is well."""
        ill = any(read.status != "ok" for read in self._health) or self._worst not in {"OK", ""}
        every_s = self._section.sensors_interval_s if ill else self._section.redfish_parts_s
        if self._is_due("parts", every_s):
            machine.parts += await read_parts(self._client, layout)
            self._done("parts")
            self._others = [part for part in machine.parts if part.component_class not in {"psu", "fan"}]
        else:
            machine.parts += self._others
        self._health = health_reads(machine.parts)
        self._inventory |= part_facts(machine.parts)
        self._facts |= part_facts(machine.parts)
        detail = f"{len(machine.parts)} parts, every {every_s:g} s"
        if machine.parts:
            self._statuses.set("parts", SourceState.PRESENT, detail)
        else:
            self._statuses.set("parts", SourceState.ABSENT, "the BMC lists no parts")

    def _is_due(self, what: str, every_s: float) -> bool:
        return what not in self._due or self._clock.monotonic() - self._due[what] >= every_s

    def _done(self, what: str) -> None:
        self._due[what] = self._clock.monotonic()

    def _failed(self, failure: IpmiFailed) -> None:
        """The look was given up: at once, or in the middle."""
        self._layout = None
        for source in SOURCES:
            self._statuses.set(source, SourceState.FAILING, f"{failure.reason.value}: {failure}")
        self._count(failure, blind=not self._answered, cut_short=self._answered)

    def _failing(self, source: str, failure: IpmiFailed) -> None:
        self._statuses.set(source, SourceState.FAILING, f"{failure.reason.value}: {failure}")
        self._count(failure)

    def _count(self, failure: IpmiFailed, *, blind: bool = False, cut_short: bool = False) -> None:
        self.outcome = Outcome(failure.reason, str(failure), blind, cut_short)
        self._errors[failure.reason] = self._errors.get(failure.reason, 0) + 1
        self._observer.errors.labels(failure.reason.value).inc()

    async def _tell(self) -> None:
        name = name_of(self._entity)
        facts = {**self._facts, FACT: self._observer.access.seen(name, self.outcome)}
        if self._errors:
            facts["errors"] = ", ".join(f"{reason.value} {count}" for reason, count in sorted(self._errors.items()))
        observed = InventoryObserved(collector="bmc", facts=facts, sources=self._statuses.all())
        await self._observer.inventory(self._entity, observed)


def _anchors(page: Page) -> dict[str, Anchor]:
    """The newest entry of each log that the bus has."""
    return {path: log.anchors[-1] for path, log in page.logs.items() if log.anchors}


def _batch(reads: list[SensorRead], now_us: int) -> SensorBatch:
    return SensorBatch(
        times=[now_us] * len(reads),
        sensors=[read.sensor for read in reads],
        values=[read.value for read in reads],
        texts=[read.text for read in reads],
        units=[read.unit for read in reads],
        statuses=[read.status for read in reads],
    )
