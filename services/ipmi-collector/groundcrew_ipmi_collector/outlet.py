"""Where what is read of a BMC's event logs goes to. Each call returns once the bus has the message."""

from typing import Protocol

from groundcrew.contracts.event_logs import EventLogBatch, SyncJob
from groundcrew.contracts.observations import SelBatch
from groundcrew_ipmi_collector.observing import Observer


class Outlet(Protocol):
    """Of one BMC."""

    async def records(self, batch: SelBatch, envelope_id: str, position: str, now_us: int) -> None:
        """`now_us`: when they were read."""

    async def logs(self, batch: EventLogBatch) -> None:
        """How its logs are, and what became of them."""

    async def sync(self, job: SyncJob) -> None:
        """A job moved on."""


class BmcOutlet:
    """Publishes for one BMC."""

    def __init__(self, observer: Observer, entity: str) -> None:
        self._observer = observer
        self._entity = entity

    async def records(self, batch: SelBatch, envelope_id: str, position: str, now_us: int) -> None:
        await self._observer.sel(self._entity, batch, envelope_id, position, now_us)

    async def logs(self, batch: EventLogBatch) -> None:
        await self._observer.event_logs(self._entity, batch)

    async def sync(self, job: SyncJob) -> None:
        await self._observer.sync(self._entity, job)
