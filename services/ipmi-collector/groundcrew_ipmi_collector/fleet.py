"""All BMCs of the inventory: one task for each, so that one that hangs holds up no other, and never two sessions."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from structlog.typing import FilteringBoundLogger

from groundcrew.contracts.clock import Clock
from groundcrew.contracts.inventory import InventoryBmc
from groundcrew.runtime.inventory import InventoryView
from groundcrew_ipmi_collector.observing import Observer
from groundcrew_ipmi_collector.poller import Outcome
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
    task: asyncio.Task[None]


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
    ) -> None:
        self._view = view
        self._make_poller = make_poller
        self._section = section
        self._observer = observer
        self._clock = clock
        self._log = log
        self._watched: dict[str, Watched] = {}
        self._turns: dict[str, Turn] = {}
        self._lane = asyncio.Semaphore(section.at_once)
        self._slow_lane = asyncio.Semaphore(section.failing_at_once)

    async def follow(self) -> None:
        """Root task."""
        async with asyncio.TaskGroup() as group:
            while True:
                self._view.news.clear()
                inventory = self._view.newest
                await self._adapt(group, [] if inventory is None else inventory.bmcs())
                await self._view.news.wait()

    async def _adapt(self, group: asyncio.TaskGroup, wanted: list[InventoryBmc]) -> None:
        """End what is gone or changed, wait until it is over, then begin what is new."""
        entries = {entry.name: entry for entry in wanted}
        ending = [one for name, one in self._watched.items() if entries.get(name) != one.entry]
        for one in ending:
            one.task.cancel()
            del self._watched[one.entry.name]
            self._log.info("bmc_left", bmc=one.entry.name)
        await asyncio.gather(*(one.task for one in ending), return_exceptions=True)
        for name, entry in entries.items():
            if name not in self._watched:
                turn = self._turns.setdefault(entry.place, Turn())
                poller = self._make_poller(entry, turn)
                task = group.create_task(self._poll(entry, poller), name=f"bmc {name}")
                self._watched[name] = Watched(entry, poller, task)
                self._log.info("bmc_watched", bmc=name, address=entry.address)
        self._gauge()

    async def _poll(self, entry: InventoryBmc, poller: Poller) -> None:
        """Every interval. One that did not answer waits in a lane of its own, so that the others need not."""
        try:
            while True:
                due = self._clock.monotonic() + self._section.interval_s
                before = poller.outcome.reason
                async with self._lane if before is None else self._slow_lane:
                    with self._observer.poll_s.time():
                        await poller.poll()
                if poller.outcome.reason is not before:
                    self._tell(entry, poller)
                await poller.rest(max(0.0, due - self._clock.monotonic()))
        finally:
            async with self._lane:  # a fleet that leaves at once would be too much for a handshake each
                await poller.close()

    def _tell(self, entry: InventoryBmc, poller: Poller) -> None:
        outcome = poller.outcome
        if outcome.reason is None:
            self._log.info("bmc_answers", bmc=entry.name)
        else:
            self._log.warning("bmc_failing", bmc=entry.name, reason=outcome.reason.value, detail=outcome.text)
        self._gauge()

    def _gauge(self) -> None:
        failing = sum(one.poller.outcome.reason is not None for one in self._watched.values())
        self._observer.bmcs.labels("answering").set(len(self._watched) - failing)
        self._observer.bmcs.labels("failing").set(failing)

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
