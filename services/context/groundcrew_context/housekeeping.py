"""Root tasks of whoever leads: incidents that have been clear for long enough, rows that are older than wanted."""

from groundcrew.bus.port import BusError
from groundcrew.contracts.clock import Clock
from groundcrew.stores.context.port import ContextStore
from groundcrew.stores.port import StoreUnavailable
from groundcrew_context.fusing import Fuser
from groundcrew_context.lease import Leadership
from groundcrew_context.metrics import ContextMetrics

RESOLVE_EVERY_S = 10.0
FIRST_RETENTION_S = 600.0
RETENTION_EVERY_S = 86_400.0


async def resolve_incidents(fuser: Fuser, leadership: Leadership, clock: Clock) -> None:
    """Root task. A store or bus that is away is tried again at the next turn."""
    while True:
        await clock.sleep(RESOLVE_EVERY_S)
        if leadership.leading:
            try:
                await fuser.resolve_due()
            except (StoreUnavailable, BusError):
                continue


async def forget_old_rows(
    store: ContextStore, keep_days: dict[str, int], leadership: Leadership, clock: Clock, metrics: ContextMetrics
) -> None:
    """Root task: once a day, and soon after the start."""
    await clock.sleep(FIRST_RETENTION_S)
    while True:
        if leadership.leading:
            try:
                dropped = await store.apply_retention(clock.now(), keep_days)
            except StoreUnavailable:
                await clock.sleep(FIRST_RETENTION_S)
                continue
            for table, rows in sorted(dropped.items()):
                metrics.dropped.labels(table).inc(rows)
        await clock.sleep(RETENTION_EVERY_S)
