"""Answers who asks for a BMC's event logs to be read once more."""

from collections.abc import Callable

from groundcrew.bus.port import RequestFailed
from groundcrew.contracts.clock import Clock
from groundcrew.contracts.event_logs import SyncJob
from groundcrew.contracts.queries import Failure, StartSync
from groundcrew_ipmi_collector.asked import AskedJobs
from groundcrew_ipmi_collector.observing import Observer
from groundcrew_ipmi_collector.syncing import asked_job


class SyncStarting:
    """`names`: the BMCs that are watched."""

    def __init__(
        self, *, site: str, names: Callable[[], set[str]], asked: AskedJobs, observer: Observer, clock: Clock
    ) -> None:
        self._site = site
        self._names = names
        self._asked = asked
        self._observer = observer
        self._clock = clock

    async def start(self, request: StartSync) -> SyncJob:
        """The job, which begins with the next look at that BMC; the one that waits already, where there is one. Raises
        RequestFailed NOT_FOUND."""
        if request.bmc not in self._names():
            reason = f"there is no BMC {request.bmc[:80]!r} with an address in the inventory"
            raise RequestFailed(Failure.NOT_FOUND, reason)
        job = self._asked.of(request.bmc)
        if job is None:
            job = asked_job(self._site, request.bmc, request.actor, self._clock.now())
            await self._asked.put(job)
            await self._observer.sync(f"bmc:{request.bmc}", job)
        return job
