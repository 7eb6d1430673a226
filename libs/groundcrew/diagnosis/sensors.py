"""Sensor readings out of what `ipmitool sdr elist` prints.

A line is `name | number | status | entity | reading`. Locators of FRUs and controllers, which are no sensors, have no
number and are passed over; nothing raises.
"""

import re
from dataclasses import dataclass

_NUMBER = re.compile(r"[0-9A-Fa-f]{1,2}h")
_VALUE = re.compile(r"(-?\d+(?:\.\d+)?(?:e[+-]?\d+)?) ([^\d\s,].*)")
_SILENT = frozenset({"no reading", "disabled", "not readable", "na", ""})


@dataclass(frozen=True, slots=True)
class SensorRead:
    """One reading: a value with its unit, or the states that a discrete sensor shows, as text."""

    sensor: str
    value: float | None
    text: str
    unit: str
    status: str


def parse_sensors(text: str) -> list[SensorRead]:
    """Readings in the order they are printed; of sensors with the same name the later ones get `#2`, `#3`, ...

    Statuses are `ok`, `nc`, `cr`, `nr` (whichever side of the range), and `ns` where there is no reading.
    """
    read: list[SensorRead] = []
    seen: dict[str, int] = {}
    for line in text.splitlines():
        columns = [column.strip() for column in line.split("|")]
        if len(columns) < 5 or not columns[0] or not _NUMBER.fullmatch(columns[1]):
            continue
        count = seen[columns[0]] = seen.get(columns[0], 0) + 1
        name = columns[0] if count == 1 else f"{columns[0]} #{count}"
        read.append(_read(name, columns[2].lower(), columns[4]))
    return read


def _read(name: str, status: str, reading: str) -> SensorRead:
    if status == "ns" or reading.lower() in _SILENT:
        silent = status == "ns" or reading.lower() in {"no reading", "disabled", "not readable", "na"}
        return SensorRead(name, None, reading, "", "ns" if silent else _status(status))
    if found := _VALUE.fullmatch(reading):
        return SensorRead(name, float(found[1]), "", found[2].strip(), _status(status))
    return SensorRead(name, None, reading, "", _status(status))


def _status(printed: str) -> str:
    """`cr` of `lcr` and `ucr`; what is none of ours counts as no reading."""
    short = printed[1:] if len(printed) == 3 and printed[0] in "lu" else printed
    return short if short in {"ok", "nc", "cr", "nr"} else "ns"
