"""Jobs that read an event log whole: how far they are, and what is told of them."""

from datetime import datetime

from groundcrew.contracts.clock import Clock, to_us
from groundcrew.contracts.event_logs import SyncJob, SyncState
from groundcrew.contracts.identity import stable_id
from groundcrew_ipmi_collector.outlet import Outlet

WORTH_A_JOB = 100
"""Records of a log that began anew from which on reading it is a job; fewer are read at once."""

_TELL_S = 1.0
"""Progress is told at most so often."""


def asked_job(site: str, bmc: str, actor: str, now: datetime) -> SyncJob:
    """Waits for the next look."""
    return SyncJob(
        id=stable_id(site, "bmc", bmc, "sync", to_us(now)),
        bmc=bmc,
        state=SyncState.QUEUED,
        reason=f"{actor[:200]} asked",
        progress=0.0,
        current_step="waiting for the next look",
        events_synced=0,
        events_total=0,
        started_at=now,
        updated_at=now,
    )


def is_running(job: SyncJob | None) -> bool:
    return job is not None and job.state is SyncState.RUNNING


def is_asked(job: SyncJob) -> bool:
    """Whether somebody asked for it: it reads what was read before."""
    return job.reason.endswith(" asked")


class Syncs:
    """Moves the jobs of one BMC on, and tells of them."""

    def __init__(self, *, site: str, bmc: str, outlet: Outlet, clock: Clock) -> None:
        self._site = site
        self._bmc = bmc
        self._outlet = outlet
        self._clock = clock
        self._told_at: float | None = None

    async def begun(self, reason: str, total: int, *, asked: SyncJob | None = None) -> SyncJob:
        now = self._clock.now()
        job = asked or SyncJob(
            id=stable_id(self._site, "bmc", self._bmc, "sync", to_us(now)),
            bmc=self._bmc,
            state=SyncState.RUNNING,
            reason=reason,
            progress=0.0,
            current_step="reading",
            events_synced=0,
            events_total=total,
            started_at=now,
            updated_at=now,
        )
        told = {"state": SyncState.RUNNING, "current_step": "reading", "events_total": total}
        return await self._tell(job.model_copy(update=told), now)

    async def moved(self, job: SyncJob, *, synced: int = 0, total: int = 0, step: str = "reading") -> SyncJob:
        """`synced`: records that the bus has beside those that it had."""
        now = self._clock.now()
        count = job.events_synced + synced
        most = max(total or job.events_total, count)
        spent = (now - job.started_at).total_seconds()
        remaining = None if not count else round(max(0.0, spent * (most - count) / count), 1)
        update = {
            "events_synced": count,
            "events_total": most,
            "progress": min(count / most, 1.0) if most else 0.0,
            "current_step": step,
            "estimated_remaining": remaining,
        }
        moved = job.model_copy(update=update)
        if self._told_at is not None and self._clock.monotonic() - self._told_at < _TELL_S and step == job.current_step:
            return moved
        return await self._tell(moved, now)

    async def reading(self, job: SyncJob, read: int, count: int | None) -> SyncJob:
        """While a long log is being read and nothing of it is out yet: `read` of `count` entries are here."""
        if self._told_at is not None and self._clock.monotonic() - self._told_at < _TELL_S:
            return job
        step = f"reading: {read:,} entries" if count is None else f"reading: {min(read, count):,} of {count:,} entries"
        return await self._tell(job.model_copy(update={"current_step": step}), self._clock.now())

    async def done(self, job: SyncJob) -> SyncJob:
        now = self._clock.now()
        update = {
            "state": SyncState.DONE,
            "current_step": "done",
            "progress": 1.0,
            "events_total": job.events_synced,
            "estimated_remaining": 0.0,
            "finished_at": now,
        }
        return await self._tell(job.model_copy(update=update), now)

    async def stalled(self, job: SyncJob, why: str) -> SyncJob:
        """It goes on with a later look; what is stored stays."""
        step = f"waiting: {why}"[:300]
        if step == job.current_step:
            return job
        return await self._tell(job.model_copy(update={"current_step": step}), self._clock.now())

    async def _tell(self, job: SyncJob, now: datetime) -> SyncJob:
        job = job.model_copy(update={"updated_at": max(now, job.updated_at)})
        self._told_at = self._clock.monotonic()
        await self._outlet.sync(job)
        return job
