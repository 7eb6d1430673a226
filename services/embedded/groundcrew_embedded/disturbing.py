"""The same scenario as it might have arrived as well: later, in another order, told by BMCs whose clocks are wrong.

What a fleet's observations say must not hang on how they travelled. Both disturbances are drawn from their arguments
alone, so that the same ones are disturbed alike each time.
"""

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from zlib import crc32

from groundcrew.diagnosis.sel import SelRecord
from groundcrew_embedded.scenario import Arrival, Scenario

Disturb = Callable[[Scenario], Scenario]

LATENESS_S = {"logs": 20, "services": 30, "metrics": 30, "sensors": 60, "sel": 120}
"""How late an observation of a kind may come: a collector's batch and one retry, a look at a BMC and the next."""


def undisturbed(scenario: Scenario) -> Scenario:
    return scenario


def shuffled(seed: int) -> Disturb:
    """Every observation comes later by anything up to its kind's lateness, so that neighbours change places."""

    def disturb(scenario: Scenario) -> Scenario:
        chance = random.Random(f"{seed}/{scenario.name}")  # noqa: S311 (no secret: the same order each time)
        end = round(scenario.end.timestamp() * 1e6)
        arrivals = [
            Arrival(min(one.at + chance.randrange(LATENESS_S[one.order[0]] * 1_000_000), end), one.order, one.row)
            for one in scenario.arrivals
        ]
        return replace(scenario, arrivals=sorted(arrivals, key=lambda one: (one.at, chance.random())))

    return disturb


def clocks_off(minutes: float) -> Disturb:
    """The clocks of one half of the BMCs are fast by so much, those of the other half slow: their records keep coming
    when they came, and say another time."""

    def disturb(scenario: Scenario) -> Scenario:
        return replace(scenario, arrivals=[_moved(one, minutes) for one in scenario.arrivals])

    return disturb


def _moved(arrival: Arrival, minutes: float) -> Arrival:
    if not isinstance(arrival.row, SelRecord) or arrival.row.time is None:
        return arrival
    sign = 1 if crc32(arrival.order[1].encode()) % 2 else -1
    return replace(arrival, row=replace(arrival.row, time=arrival.row.time + timedelta(minutes=sign * minutes)))
