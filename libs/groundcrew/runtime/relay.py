"""The way out of an outbox: what was committed with the state is published afterwards, at least once and in order."""

import asyncio
from collections.abc import Mapping
from typing import Any

from groundcrew.bus.port import Bus, BusUnavailable, StreamFull
from groundcrew.contracts.clock import Clock, set_within
from groundcrew.contracts.envelope import Envelope
from groundcrew.contracts.streams import decode, id_of
from groundcrew.stores.port import Outbox, StoreUnavailable

BATCH = 500
IDLE_S = 5.0
"""How long a leftover (of a process that died between commit and publish) waits at most while nobody wakes us."""

_FIRST_BACKOFF_S = 0.5
_MAX_BACKOFF_S = 10.0


async def relay_once(outbox: Outbox, bus: Bus, made: Mapping[str, Envelope[Any]] | None = None) -> int:
    """Publish everything that waits now; returns how many. Raises what bus and store raise: nothing is lost then.
    `made`: messages by id that this process committed itself, which need not be read again."""
    made = made or {}
    total = 0
    while waiting := await outbox.pending(BATCH):
        await bus.publish_batch([made.get(id_of(stored.payload)) or decode(stored.payload) for stored in waiting])
        await outbox.published([stored.seq for stored in waiting])
        total += len(waiting)
        if len(waiting) < BATCH:
            break
    return total


async def relay(outbox: Outbox, bus: Bus, wake: asyncio.Event, clock: Clock) -> None:
    """Publish for ever, on `wake` and every IDLE_S; a bus or store that is away is tried again with backoff."""
    backoff = _FIRST_BACKOFF_S
    while True:
        wake.clear()
        try:
            await relay_once(outbox, bus)
        except (BusUnavailable, StreamFull, StoreUnavailable):
            await clock.sleep(backoff)
            backoff = min(2 * backoff, _MAX_BACKOFF_S)
            continue
        backoff = _FIRST_BACKOFF_S
        await set_within(wake, clock, IDLE_S)
