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

LATENESS_S = {"logs": 20, "services": 30, "metrics": 30, "sensors": 60}
"""How late an observation of a kind may come: a collector's batch and one retry, a look at a BMC and the next."""

SEL_LOOKS_S = 120
"""An event log is read in its own order, at looks so far apart."""


def undisturbed(scenario: Scenario) -> Scenario:
    return scenario


def shuffled(seed: int) -> Disturb:
    """Every observation comes later by anything up to its kind's lateness, so that neighbours change places; records
    of an event log come at the next look at it."""

    def disturb(scenario: Scenario) -> Scenario:
        chance = random.Random(f"{seed}/{scenario.name}")  # noqa: S311 (no secret: the same order each time)
        first_look = {name: chance.randrange(SEL_LOOKS_S * 1_000_000) for name in sorted(scenario.kinds)}
        end = round(scenario.end.timestamp() * 1e6)

        def late(one: Arrival) -> Arrival:
            kind, name, _ = one.order
            if kind == "sel":
                wait = (first_look[name] - one.at) % (SEL_LOOKS_S * 1_000_000)
            else:
                wait = chance.randrange(LATENESS_S[kind] * 1_000_000)
            return replace(one, at=min(one.at + wait, end))

        return replace(scenario, arrivals=sorted(map(late, scenario.arrivals)))

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
