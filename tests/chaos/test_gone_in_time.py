"""Whatever is away: a service that is told to stop is gone within its drain time."""

import time

import pytest

from groundcrew.runtime.run import DRAIN_S

from ..conftest import PostgresServer  # noqa: TID252 - tests are no package on the path
from .processes import SERVICES, Services

pytestmark = pytest.mark.chaos

NOTICED_S = 4
"""Time for handlers, relays and pings to run into what is away."""

MARGIN_S = 1.5
"""For the interpreters' own ends, seven at once on two cores."""


@pytest.mark.parametrize("away", ["nothing", "nats", "postgres", "both", "frozen nats", "frozen postgres"])
def test_every_service_is_gone_within_its_drain_time(services: Services, postgres: PostgresServer, away: str) -> None:
    for name in SERVICES:
        services.start(name)
    for service in services.running:
        service.until_ready()
    if away in ("postgres", "both"):
        postgres.kill()
    if away in ("nats", "both"):
        services.nats.kill()
    if away == "frozen nats":
        services.nats.freeze()
    if away == "frozen postgres":
        postgres.freeze()
    time.sleep(0 if away == "nothing" else NOTICED_S)
    taken = services.terminate(limit_s=30)
    assert max(taken.values()) < DRAIN_S + MARGIN_S, taken
