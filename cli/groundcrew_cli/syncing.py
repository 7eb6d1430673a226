"""`groundcrew bmcs NAME --sync`: has the event logs of a BMC read once more, and shows how that goes."""

import sys
import time
from urllib.parse import quote

from groundcrew.contracts.event_logs import SyncJob, SyncState
from groundcrew_cli.connection import Gateway
from groundcrew_cli.terminal import note, plain, say, say_json

WIDTH = 20
_LOOK_S = 1.0
_LONGEST_S = 3_600.0
_UNDER_WAY = (SyncState.QUEUED, SyncState.RUNNING)


def sync(gateway: Gateway, name: str, *, as_json: bool) -> None:
    """Ctrl-C ends the watching, not the job."""
    path = f"bmcs/{quote(name, safe='')}/sync"
    job = gateway.post(SyncJob, path, {})
    began, shown = time.monotonic(), ""
    try:
        while job.state in _UNDER_WAY and time.monotonic() - began < _LONGEST_S:
            shown = _show(job, shown)
            time.sleep(_LOOK_S)
            newest = gateway.get(SyncJob, path)
            job = newest if newest.id == job.id or newest.updated_at >= job.updated_at else job
    except KeyboardInterrupt:
        note("\nThe job goes on; the BMC's page shows it.")
        return
    if sys.stderr.isatty() and shown:
        note("")
    say_json(job.model_dump(mode="json")) if as_json else say(bar(job))


def bar(job: SyncJob) -> str:
    """`[████░░░░] 45 %  events 150/300  30 s left  reading`."""
    full = round(WIDTH * job.progress)
    left = f"  {job.estimated_remaining:.0f} s left" if job.estimated_remaining and job.state in _UNDER_WAY else ""
    counts = f"events {job.events_synced}/{job.events_total}"
    return f"[{'█' * full}{'░' * (WIDTH - full)}] {job.progress:4.0%}  {counts}{left}  {plain(job.current_step)[:40]}"


def _show(job: SyncJob, before: str) -> str:
    """On a terminal the line moves; elsewhere each step is a line of its own."""
    line = bar(job)
    if line != before:
        sys.stderr.write(f"\r\x1b[K{line}" if sys.stderr.isatty() else f"{line}\n")
        sys.stderr.flush()
    return line
