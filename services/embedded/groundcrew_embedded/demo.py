"""The demo: a composed failure in the site `demo`, told as if it had just happened. Nothing is executed there."""

from datetime import timedelta
from pathlib import Path

from groundcrew.bus.port import Bus
from groundcrew.contracts.clock import Clock
from groundcrew.contracts.envelope import ProducedBy
from groundcrew.contracts.inventory import Inventory
from groundcrew.telemetry.metrics import product_version
from groundcrew_embedded.feeder import Feeder
from groundcrew_embedded.scenario import Scenario, read

SITE = "demo"
FOLDER = Path(__file__).with_name("demo")


def inventory() -> Inventory:
    """The hosts of the demo."""
    return scenario().inventory


def scenario() -> Scenario:
    """The shipped demo scenario."""
    return read(FOLDER)


async def feed(bus: Bus, clock: Clock) -> int:
    """Publish the demo's observations, shifted so that it ends now. Returns how many messages that were.

    The ids depend on the shift: a demo that is fed again tomorrow is a new stretch of life, not a repetition.
    """
    told = scenario()
    shift = timedelta(seconds=round((clock.now() - told.end).total_seconds()))
    feeder = Feeder(told, SITE, ProducedBy(service="demo", version=product_version()), shift=shift)
    count = 0
    for _, messages in feeder.steps():
        await bus.publish_batch(messages)
        count += len(messages)
    return count
