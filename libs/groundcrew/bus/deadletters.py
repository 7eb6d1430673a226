"""Dead letters: messages that no handler could take, kept whole for an operator."""

import base64
from datetime import datetime
from typing import Any

from groundcrew.contracts.envelope import Envelope, ProducedBy, seal
from groundcrew.contracts.identity import stable_id
from groundcrew.contracts.incidents import DeadLetter
from groundcrew.contracts.streams import Durable

_REASON = 2_000


def dead_letter(
    durable: Durable,
    *,
    site: str,
    subject: str,
    sequence: int,
    deliveries: int,
    payload: bytes,
    reason: str,
    now: datetime,
    produced_by: ProducedBy,
    cause: Envelope[Any] | None,
) -> Envelope[DeadLetter]:
    """The letter of one message. Its id follows from the message's place, so burying twice stores once.

    `cause` is None where the payload did not decode; the letter then belongs to the site as a whole.
    """
    return seal(
        DeadLetter(
            stream=durable.stream,
            durable=durable.name,
            subject=subject,
            reason=reason[:_REASON],
            deliveries=deliveries,
            payload=base64.b64encode(payload).decode(),
        ),
        id=stable_id("deadletter", site, durable.stream, durable.name, sequence),
        site=site,
        entity=cause.entity if cause else f"site:{site}",
        time=now,
        received_at=now,
        source=f"bus:{durable.stream}",
        position=str(sequence),
        produced_by=produced_by,
        cause=cause,
    )
