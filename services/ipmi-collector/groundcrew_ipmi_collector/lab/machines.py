"""What an ordinary server's BMC has: sensors, a log with some history, serials. Each differs from the others."""

import random
from collections.abc import Callable

from groundcrew_ipmi_collector.lab.bmc import Sensor, SimulatedBmc
from groundcrew_ipmi_collector.lab.records import Analog, Discrete, event, fru

_DEGREES, _VOLTS, _WATTS, _RPM = 1, 4, 6, 18
_DRIVE, _SUPPLY, _MEMORY, _PROCESSOR = 0x0D, 0x08, 0x0C, 0x07
_HISTORY_S = 600


def sensors(count: int) -> list[Sensor]:
    """Temperatures, fans, voltages, supplies, drives and memory, in the mix of a two-socket server."""
    made: list[Sensor] = []
    kinds: list[Callable[[int, int], Sensor]] = [
        lambda n, i: Analog(number=n, name=f"Temp {i}", kind=1, unit=_DEGREES, instance=i),
        lambda n, i: Analog(number=n, name=f"FAN{i}", kind=4, unit=_RPM, m=75, entity=29, instance=i),
        lambda n, i: Analog(number=n, name=f"Rail {i}", kind=2, unit=_VOLTS, m=6, k2=-2, entity=20, instance=i),
        lambda n, i: Discrete(number=n, name=f"DIMM {i}", kind=_MEMORY, entity=32, instance=i),
        lambda n, i: Discrete(number=n, name=f"Drive {i}", kind=_DRIVE, entity=4, instance=i),
        lambda n, i: Discrete(number=n, name=f"PS{i} Status", kind=_SUPPLY, instance=i),
    ]
    for number in range(1, count + 1):
        kind = kinds[(number - 1) % len(kinds)]
        made.append(kind(number, (number - 1) // len(kinds) + 1))
    return made


def machine(place: int, clock: Callable[[], int], *, sensor_count: int = 60, record_count: int = 300) -> SimulatedBmc:
    """The `place`th of a fleet, the same at each start but for its times."""
    chance = random.Random(place)  # noqa: S311
    bmc = SimulatedBmc(
        clock,
        sensors=sensors(sensor_count),
        guid=chance.randbytes(16),
        fru=fru(
            f"CH-{place:05}",
            ("Acme", "Board 1", f"B-{place:05}", "PB-1"),
            ("Acme", "Brick 4", "PN-4", "1.0", f"SN-{place:05}"),
        ),
        watts=chance.randrange(180, 420),
        unit_bytes=20,
    )
    for sensor in bmc.sensors:
        if isinstance(sensor, Analog):
            bmc.read(sensor.number, chance.randrange(40, 70))
        else:
            bmc.read(sensor.number, 0, 0x40 if sensor.kind == _MEMORY else 0x01)
    now = clock()
    for age in range(record_count, 0, -1):
        bmc.add(happening(chance, now - age * _HISTORY_S))
    return bmc


def happening(chance: random.Random, seconds: int = 0) -> bytes:
    """A record such as fills the logs of machines that are well: drives come and go, supplies, corrected errors."""
    kind, sensor, offset = chance.choice(((_DRIVE, 5, 0), (_SUPPLY, 6, 3), (_MEMORY, 4, 0), (_PROCESSOR, 77, 10)))
    data = bytes([0x20 | offset, 0xFF, chance.randrange(256)])
    return event(kind, sensor, data, asserted=chance.random() < 0.5, seconds=seconds)
