"""Root task: conversations and analyses that are older than wanted."""

from datetime import timedelta

from groundcrew.contracts.clock import Clock
from groundcrew.stores.meta.port import MetaStore
from groundcrew.stores.port import StoreUnavailable
from groundcrew_meta.metrics import MetaMetrics

FIRST_S = 600.0
EVERY_S = 86_400.0


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
