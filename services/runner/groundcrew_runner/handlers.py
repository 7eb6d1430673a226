"""One coroutine per message."""

import asyncio

from groundcrew.bus.port import Bus, BusUnavailable, Delivery, StreamFull
from groundcrew.contracts.actions import ActionGranted, ActionReported
from groundcrew.contracts.clock import Clock
from groundcrew.contracts.envelope import Envelope, ProducedBy
from groundcrew.contracts.identity import stable_id
from groundcrew_runner.grants import Runner
from groundcrew_runner.ledger import Ledger, Page

_FIRST_BACKOFF_S = 1.0
_MAX_BACKOFF_S = 60.0


class Reports:
    """Sends what the ledger holds. The id of a report follows from its grant, so that sending twice is harmless."""

    def __init__(self, *, bus: Bus, ledger: Ledger, entity: str, produced_by: ProducedBy, clock: Clock) -> None:
        self._bus = bus
        self._ledger = ledger
        self._entity = entity
        self._produced_by = produced_by
        self._clock = clock

    async def send(self, page: Page) -> None:
        """Raises what the bus raises; the report stays in the ledger until the broker has it."""
        if page.published or page.report is None:
            return
        report = page.report
        await self._bus.publish(
            Envelope[ActionReported](
                id=stable_id("report", page.grant_id),
                type=ActionReported.TYPE,
                v=ActionReported.V,
                site=self._bus.site,
                entity=self._entity,
                time=report.finished_at,
                received_at=report.finished_at,
                source="runner",
                position=page.grant_id,
                correlation_id=page.correlation_id,
                causation_id=page.grant_id,
                produced_by=self._produced_by,
                data=report,
            )
        )
        await asyncio.to_thread(self._ledger.write, page.model_copy(update={"published": True}))

    async def send_leftovers(self) -> None:
        """At start: reports of an earlier life, tried until the broker has them."""
        backoff = _FIRST_BACKOFF_S
        waiting = await asyncio.to_thread(self._ledger.unpublished)
        while waiting:
            try:
                await self.send(waiting[0])
            except (BusUnavailable, StreamFull):
                await self._clock.sleep(backoff)
                backoff = min(2 * backoff, _MAX_BACKOFF_S)
            else:
                waiting.pop(0)


class Handlers:
    def __init__(self, runner: Runner, reports: Reports) -> None:
        self._runner = runner
        self._reports = reports

    async def granted(self, delivery: Delivery[ActionGranted]) -> None:
        await self._reports.send(await self._runner.carry_out(delivery.envelope))
