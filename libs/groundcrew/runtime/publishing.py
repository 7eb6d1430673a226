"""How collectors publish: what the bus does not take now is held and tried again, and the source waits meanwhile."""

from collections.abc import Sequence
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge
from structlog.typing import FilteringBoundLogger

from groundcrew.bus.port import Bus, BusUnavailable, StreamFull
from groundcrew.contracts.clock import Clock
from groundcrew.contracts.envelope import Envelope

_FIRST_WAIT_S = 0.2
_LONGEST_WAIT_S = 5.0


class Publisher:
    """Publishes until the bus has it. Its metrics begin with `groundcrew_<collector>_`."""

    def __init__(
        self, bus: Bus, *, collector: str, clock: Clock, registry: CollectorRegistry, log: FilteringBoundLogger
    ) -> None:
        self._bus = bus
        self._clock = clock
        self._log = log
        self._waits = Counter(
            f"groundcrew_{collector}_publish_waits",
            "Times that a batch was not taken and is held for another try",
            registry=registry,
        )
        self._holding = Gauge(
            f"groundcrew_{collector}_held_batches", "Batches that wait for the bus now", registry=registry
        )

    async def publish(self, envelopes: Sequence[Envelope[Any]]) -> None:
        """Returns once all are stored. Raises PublishDenied and MessageTooLarge, which no waiting mends."""
        wait_s = _FIRST_WAIT_S
        while True:
            try:
                await self._bus.publish_batch(envelopes)
            except (BusUnavailable, StreamFull) as error:
                if wait_s == _FIRST_WAIT_S:
                    self._log.warning("publish_waits", reason=str(error), batches=len(envelopes))
                self._waits.inc()
                with self._holding.track_inprogress():
                    await self._clock.sleep(wait_s)
                wait_s = min(wait_s * 2, _LONGEST_WAIT_S)
            else:
                return
