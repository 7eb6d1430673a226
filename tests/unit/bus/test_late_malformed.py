"""What is wrong in a column that is read only when it is asked for is malformed all the same."""

from typing import Any

import structlog
from tests.unit.contracts.test_log_columns import ROWS, sealed

from groundcrew.bus.outcome import Dead, run
from groundcrew.bus.port import Delivery
from groundcrew.bus.tries import Failures
from groundcrew.contracts.envelope import encode
from groundcrew.contracts.streams import Durables, decode


async def test_a_handler_that_meets_a_broken_column_leaves_a_dead_letter() -> None:
    payload = encode(sealed(ROWS)).replace(b'"s=1;i=0"', b"7", 1)

    async def handle(delivery: Delivery[Any]) -> None:
        assert delivery.data.positions

    delivery: Delivery[Any] = Delivery(decode(payload), sequence=1, deliveries=1, partition=0)
    outcome = await run(handle, delivery, Durables.RECORD, Failures(), structlog.get_logger())
    assert isinstance(outcome, Dead)
    assert outcome.reason.startswith("malformed: observe.logs: data.positions.0:")
