"""All BMCs of the inventory: one task for each, so that one that hangs holds up no other, and never two sessions."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from structlog.typing import FilteringBoundLogger

from groundcrew.contracts.clock import Clock
from groundcrew.contracts.inventory import Inventory, InventoryBmc
from groundcrew.contracts.observations import InventoryObserved
from groundcrew.runtime.inventory import InventoryView
from groundcrew_ipmi_collector.access import FACT, LEFT, told_of
from groundcrew_ipmi_collector.breaker import Breaker
from groundcrew_ipmi_collector.lanes import Lanes
from groundcrew_ipmi_collector.observing import Observer
from groundcrew_ipmi_collector.outcome import Outcome
from groundcrew_ipmi_collector.settings import IpmiCollectorSection
from groundcrew_ipmi_collector.turn import Turn


class Poller(Protocol):
    """Looks at one BMC, by whatever protocol it speaks."""

    @property
    def outcome(self) -> Outcome:
        """How the last look went."""

    async def poll(self) -> None:
        """One look; raises only what is no fault of the BMC."""

    async def rest(self, seconds: float) -> None:
        """Until the next look is due; shorter where the BMC itself tells that something happened."""

    async def close(self) -> None:
        """Nobody looks any more; ends what session there is."""


MakePoller = Callable[[InventoryBmc, Turn], Poller]
"""A poller of one BMC; the turn is that of its address, the same for all entries that name it."""

_NAMED = 5


@dataclass
class Watched:
    entry: InventoryBmc
    poller: Poller
    breaker: Breaker
    task: asyncio.Task[None] | None = None


class Fleet:
    """Follows the inventory: BMCs come, go and change without a restart."""

    def __init__(
        self,
        view: InventoryView,
        make_poller: MakePoller,
        *,
        section: IpmiCollectorSection,
        observer: Observer,
        clock: Clock,
        log: FilteringBoundLogger,
        chance: Callable[[], float] | None = None,
    ) -> None:
        self._view = view
        self._make_poller = make_poller
        self._section = section
        self._observer = observer
        self._clock = clock
        self._log = log
        self._chance = chance or random.SystemRandom().random
        self._watched: dict[str, Watched] = {}
        self._turns: dict[str, Turn] = {}
        self._racks: dict[str, str] = {}
        self._groups: set[str] = set()
        self._lanes = Lanes(at_once=section.at_once, failing_at_once=section.failing_at_once)

    async def follow(self) -> None:
        """Root task."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._judge_groups(), name="bmc groups")
            while True:
                self._view.news.clear()
                await self._adapt(group, self._view.newest or Inventory())
                await self._view.news.wait()

    async def _adapt(self, group: asyncio.TaskGroup, inventory: Inventory) -> None:
        """End what is gone or changed, wait until it is over, then begin what is new."""
        entries = {entry.name: entry for entry in inventory.bmcs()}
        self._racks = {host.bmc: host.rack for host in inventory.host if host.bmc}
        self._observer.access.use(inventory)
        ending = [one for name, one in self._watched.items() if entries.get(name) != one.entry]
        tasks = [one.task for one in ending if one.task is not None]
        for one in ending:
            if one.task is not None:
                one.task.cancel()
            del self._watched[one.entry.name]
            self._log.info("bmc_left", bmc=one.entry.name)
        await asyncio.gather(*tasks, return_exceptions=True)
        for one in ending:
            if one.entry.name not in entries:
                self._observer.left(one.entry.name)
                await self._tell_access(f"bmc:{one.entry.name}", {FACT: LEFT})
        for name, entry in entries.items():
            if name not in self._watched:
                turn = self._turns.setdefault(entry.place, Turn())
                watched = self._watched[name] = Watched(entry, self._make_poller(entry, turn), self._breaker())
                watched.task = group.create_task(self._poll(watched), name=f"bmc {name}")
                self._log.info("bmc_watched", bmc=name, address=entry.address)
        self._gauge()

    def _breaker(self) -> Breaker:
        section = self._section
        return Breaker(self._clock, first_s=section.interval_s, most_s=section.backoff_s, chance=self._chance)

    async def _poll(self, one: Watched) -> None:
        """Every interval; one that cannot be read is asked less and less often, and holds up nobody."""
        rack = self._racks.get(one.entry.name, "")
        try:
            while True:
                due = self._clock.monotonic() + self._section.interval_s
                before = one.poller.outcome
                async with self._lanes.taken(rack, slow=before.slow):
                    with self._observer.poll_s.time():
                        await one.poller.poll()
                self._take_note(one, before)
                rest_s = max(0.0, due - self._clock.monotonic())
                if one.breaker.left_s > 0:  # it is to be spared, whatever it tells
                    await self._clock.sleep(max(rest_s, one.breaker.left_s))
                else:
                    await one.poller.rest(rest_s)
        finally:
            async with self._lanes.taken(rack, slow=False):  # each takes a handshake: a fleet that leaves, too many
                await one.poller.close()

    def _take_note(self, one: Watched, before: Outcome) -> None:
        outcome = one.poller.outcome
        (one.breaker.failed if outcome.to_be_spared else one.breaker.worked)()
        if not outcome.blind:
            self._observer.answered.labels(one.entry.name).set(self._clock.now().timestamp())
        if outcome.reason is not before.reason:
            if outcome.reason is None:
                self._log.info("bmc_answers", bmc=one.entry.name)
            else:
                reason = outcome.reason.value
                self._log.warning("bmc_failing", bmc=one.entry.name, reason=reason, detail=outcome.text)
        self._gauge()

    def _gauge(self) -> None:
        failing = sum(one.poller.outcome.reason is not None for one in self._watched.values())
        opened = sum(one.breaker.has_opened for one in self._watched.values())
        self._observer.bmcs.labels("answering").set(len(self._watched) - failing)
        self._observer.bmcs.labels("failing").set(failing)
        self._observer.breakers.labels("open").set(opened)
        self._observer.breakers.labels("closed").set(len(self._watched) - opened)

    async def _judge_groups(self) -> None:
        """Tell of each switch, each rack and of the site whether its BMCs fell silent together."""
        while True:
            await self._clock.sleep(self._section.interval_s)
            groups = self._observer.access.judge()
            for element in self._groups - groups.keys():
                await self._tell_access(element, {FACT: LEFT})
            self._groups = set(groups)
            for element, group in groups.items():
                facts = {FACT: told_of(group), "bmcs": str(group.bmcs), "silent": str(group.silent)}
                await self._tell_access(element, facts)

    async def _tell_access(self, entity: str, facts: dict[str, str]) -> None:
        await self._observer.inventory(entity, InventoryObserved(collector="bmc", facts=facts, sources=[]))

    async def check(self) -> str:
        """Readiness: which BMCs do not answer, and why."""
        failing = {
            name: reason.value
            for name, one in sorted(self._watched.items())
            if (reason := one.poller.outcome.reason) is not None
        }
        if not self._watched:
            return "absent: the inventory names no BMC with an address"
        if not failing:
            return f"{len(self._watched)} BMCs answer"
        named = ", ".join(f"{name} ({reason})" for name, reason in list(failing.items())[:_NAMED])
        more = f" and {len(failing) - _NAMED} more" if len(failing) > _NAMED else ""
        msg = f"{len(failing)} of {len(self._watched)} BMCs are failing: {named}{more}"
        raise RuntimeError(msg)
