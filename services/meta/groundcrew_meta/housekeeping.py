"""Root tasks: what is older than wanted is forgotten, and repair tasks are looked after."""

from contextlib import suppress
from datetime import timedelta

from groundcrew.bus.port import BusUnavailable, RequestFailed
from groundcrew.contracts.clock import Clock
from groundcrew.stores.meta.port import MetaStore
from groundcrew.stores.port import StoreUnavailable
from groundcrew_meta.metrics import MetaMetrics
from groundcrew_meta.reporting import Reporter

FIRST_S = 600.0
EVERY_S = 86_400.0
TASKS_EVERY_S = 900.0


async def forget_old(store: MetaStore, site: str, keep_days: int, clock: Clock, metrics: MetaMetrics) -> None:
    """Once a day, and soon after the start; a store that is away is tried again at the next turn."""
    await clock.sleep(FIRST_S)
    while True:
        try:
            dropped = await store.forget(site, before=clock.now() - timedelta(days=keep_days))
        except StoreUnavailable:
            await clock.sleep(FIRST_S)
            continue
        for table, rows in sorted(dropped.items()):
            metrics.forgotten.labels(table).inc(rows)
        await clock.sleep(EVERY_S)


async def look_after_tasks(reporter: Reporter, clock: Clock) -> None:
    """Every quarter of an hour, so that a fault that came back is a task again though nobody asked for a report."""
    while True:
        await clock.sleep(TASKS_EVERY_S)
        with suppress(RequestFailed, BusUnavailable, StoreUnavailable):  # tried again at the next turn
            await reporter.look_after_tasks()
