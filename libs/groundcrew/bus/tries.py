"""What has been spent on a message: failures of its handler, and deliveries that came to no outcome at all.

Only these two bring a message to the dead letters after `max_deliver`. The broker's own count cannot tell them from
what is nobody's fault: a process that was stopped or killed while it held the message for a dependency that is down.
"""

import asyncio
from collections import OrderedDict

from structlog.typing import FilteringBoundLogger

from groundcrew.bus.port import Bus, BusError
from groundcrew.contracts.streams import Buckets, Durable

MAX_KNOWN = 4_096
_NOTE_S = 2.0


class Failures:
    """How often this process' handler failed at a message, by its sequence; the longest unseen go first."""

    def __init__(self) -> None:
        self._counts: OrderedDict[int, int] = OrderedDict()

    def of(self, sequence: int) -> int:
        return self._counts.get(sequence, 0)

    def add(self, sequence: int) -> int:
        """Returns how many there are now."""
        count = self._counts.pop(sequence, 0) + 1
        self._counts[sequence] = count
        if len(self._counts) > MAX_KNOWN:
            self._counts.popitem(last=False)
        return count

    def forget(self, sequence: int) -> None:
        self._counts.pop(sequence, None)


class Innocence:
    """Remembers, beyond the life of a process, up to which delivery a message was merely held.

    Written once a held message has used half of its deliveries, read once they are used up: an outage costs nothing
    until processes restart in it, over and over.
    """

    def __init__(self, bus: Bus, durable: Durable, consumer: str, log: FilteringBoundLogger) -> None:
        self._bus = bus
        self._durable = durable
        self._consumer = consumer
        self._log = log

    async def note(self, sequence: int, deliveries: int) -> None:
        """The handler came to an end by `Unavailable`, so none of the deliveries so far was a process killed by it."""
        if deliveries < self._durable.max_deliver // 2:
            return
        try:
            async with asyncio.timeout(_NOTE_S):
                bucket = await self._bus.key_value(Buckets.HELD)
                await bucket.put(self._key(sequence), str(deliveries).encode())
        except (TimeoutError, BusError) as error:
            self._log.warning("bus: a held message could not be noted", sequence=sequence, reason=str(error))

    async def deliveries(self, sequence: int) -> int:
        """Deliveries that are forgiven. Raises BusError: without an answer nobody may bury the message."""
        entry = await (await self._bus.key_value(Buckets.HELD)).get(self._key(sequence))
        return int(entry.value) if entry is not None else 0

    def _key(self, sequence: int) -> str:
        return f"{self._consumer}.{sequence}"
