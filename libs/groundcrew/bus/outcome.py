"""What became of one delivery. Retrying lives here and in the two buses, nowhere else."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from structlog.typing import FilteringBoundLogger

from groundcrew.bus.port import Delivery, Handler, HandlerOfMany, Reject, Retry, Unavailable
from groundcrew.bus.tries import Failures
from groundcrew.contracts.log_columns import MalformedColumn
from groundcrew.contracts.streams import Durable

RETRY_FIRST_S, RETRY_MAX_S = 0.5, 60.0
HOLD_FIRST_S, HOLD_MAX_S = 0.5, 15.0
_BACKOFF = -1.0  # `Again` by the bus' own backoff, filled in once the failures are counted


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


def retry_after(failures: int) -> float:
    """Seconds before the next delivery: 0.5, 1, 2, ... at most 60."""
    return float(min(RETRY_MAX_S, RETRY_FIRST_S * 2.0 ** min(failures - 1, 16)))


def hold_after(calls: int) -> float:
    """Seconds before a held message's handler is called again: 0.5, 1, 2, ... at most 15."""
    return float(min(HOLD_MAX_S, HOLD_FIRST_S * 2.0 ** min(calls - 1, 16)))


def worn_out(durable: Durable, unexplained: int) -> Dead | None:
    """A message whose handler never came to an outcome (its process died each time) ends here, before it kills this
    process too. `unexplained` are earlier deliveries that neither failed here nor were held."""
    if unexplained < durable.max_deliver:
        return None
    return Dead(f"delivered {unexplained} times without an outcome, at most {durable.max_deliver}")


async def run(
    handler: Handler, delivery: Delivery[Any], durable: Durable, failures: Failures, log: FilteringBoundLogger
) -> Outcome:
    """Call a handler once and say what its end means. A message that failed `max_deliver` times is dead."""
    outcome = await _call(handler, delivery, durable, log)
    if isinstance(outcome, Again):
        failed = failures.add(delivery.sequence)
        if failed < durable.max_deliver:
            return Again(retry_after(failed), outcome.reason) if outcome.after_s < 0 else outcome
        outcome = Dead(f"gave up after {failed} failures: {outcome.reason}")
    if not isinstance(outcome, Held):
        failures.forget(delivery.sequence)
    return outcome


async def run_together(
    handler: HandlerOfMany,
    deliveries: Sequence[Delivery[Any]],
    durable: Durable,
    failures: Failures,
    log: FilteringBoundLogger,
) -> list[Outcome]:
    """Call a handler with several messages and say what its end means for each. Where it fails, it is called with each
    of them alone, which shows whose fault it is."""

    async def alone(delivery: Delivery[Any]) -> None:
        await handler([delivery])

    if len(deliveries) > 1:
        try:
            await handler(deliveries)
        except Unavailable as unavailable:
            return [Held(unavailable.dependency, str(unavailable)) for _ in deliveries]
        except Exception as error:  # noqa: BLE001 - said and logged with the message that brings it about, just below
            log.info("handling messages one by one", durable=durable.name, messages=len(deliveries), reason=str(error))
        else:
            for delivery in deliveries:
                failures.forget(delivery.sequence)
            return [Done() for _ in deliveries]
    return [await run(alone, delivery, durable, failures, log) for delivery in deliveries]


def check_may_wait_together(durable: Durable) -> None:
    """Raises ValueError where the order per entity would not hold."""
    if durable.partitioned or durable.per_entity:
        msg = f"durable {durable.name}: messages of a partition or an entity are handled one after another"
        raise ValueError(msg)


def each(handler: Handler) -> HandlerOfMany:
    """A handler of one message as one of many."""

    async def one_by_one(deliveries: Sequence[Delivery[Any]]) -> None:
        for delivery in deliveries:
            await handler(delivery)

    return one_by_one


async def _call(handler: Handler, delivery: Delivery[Any], durable: Durable, log: FilteringBoundLogger) -> Outcome:
    try:
        await handler(delivery)
    except Retry as retry:
        return Again(_BACKOFF if retry.after_s is None else max(0.0, retry.after_s), str(retry))
    except Reject as reject:
        return Dead(str(reject))
    except MalformedColumn as malformed:  # found only now, as a column is read when it is asked for
        return Dead(f"malformed: {delivery.envelope.type}: {malformed}")
    except Unavailable as unavailable:
        return Held(unavailable.dependency, str(unavailable))
    except Exception as error:  # whatever a handler raises may not end the consumer
        log.exception(
            "handler failed",
            durable=durable.name,
            message_id=delivery.envelope.id,
            deliveries=delivery.deliveries,
        )
        return Again(_BACKOFF, f"{type(error).__name__}: {error}")
    return Done()
