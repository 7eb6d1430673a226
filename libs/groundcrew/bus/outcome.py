"""What became of one delivery. Retrying lives here and in the two buses, nowhere else."""

from dataclasses import dataclass
from typing import Any

from structlog.typing import FilteringBoundLogger

from groundcrew.bus.port import Delivery, Handler, Reject, Retry, Unavailable
from groundcrew.contracts.streams import Durable

RETRY_FIRST_S, RETRY_MAX_S = 0.5, 60.0
HOLD_FIRST_S, HOLD_MAX_S = 0.5, 15.0


@dataclass(frozen=True)
class Done:
    """Handled: acknowledge."""


@dataclass(frozen=True)
class Again:
    """Deliver again after so many seconds."""

    after_s: float
    reason: str


@dataclass(frozen=True)
class Dead:
    """To the dead letters."""

    reason: str


@dataclass(frozen=True)
class Held:
    """A dependency is down: call the handler again later, without spending a delivery."""

    dependency: str
    reason: str


Outcome = Done | Again | Dead | Held
LABELS: dict[type[Outcome], str] = {Done: "done", Again: "retry", Dead: "dead", Held: "held"}


def retry_after(deliveries: int) -> float:
    """Seconds before the next delivery: 0.5, 1, 2, ... at most 60."""
    return float(min(RETRY_MAX_S, RETRY_FIRST_S * 2.0 ** min(deliveries - 1, 16)))


def hold_after(calls: int) -> float:
    """Seconds before a held message's handler is called again: 0.5, 1, 2, ... at most 15."""
    return float(min(HOLD_MAX_S, HOLD_FIRST_S * 2.0 ** min(calls - 1, 16)))


def worn_out(durable: Durable, deliveries: int) -> Dead | None:
    """A message whose handler never came to an outcome (its process died each time) ends here."""
    if deliveries <= durable.max_deliver:
        return None
    return Dead(f"delivered {deliveries - 1} times without an outcome, at most {durable.max_deliver}")


async def run(handler: Handler, delivery: Delivery[Any], durable: Durable, log: FilteringBoundLogger) -> Outcome:
    """Call a handler once and say what its end means."""
    try:
        await handler(delivery)
    except Retry as retry:
        return _again(durable, delivery, str(retry), retry.after_s)
    except Reject as reject:
        return Dead(str(reject))
    except Unavailable as unavailable:
        return Held(unavailable.dependency, str(unavailable))
    except Exception as error:  # whatever a handler raises may not end the consumer
        log.exception(
            "handler failed",
            durable=durable.name,
            message_id=delivery.envelope.id,
            deliveries=delivery.deliveries,
        )
        return _again(durable, delivery, f"{type(error).__name__}: {error}", None)
    return Done()


def _again(durable: Durable, delivery: Delivery[Any], reason: str, after_s: float | None) -> Again | Dead:
    if delivery.deliveries >= durable.max_deliver:
        return Dead(f"gave up after {delivery.deliveries} deliveries: {reason}")
    return Again(retry_after(delivery.deliveries) if after_s is None else after_s, reason)
