"""Sensor readings out of what `ipmitool sdr`, `sdr elist`, `sensor`, their `-v` and `-c` forms print.

`sdr elist` prints `name | number | status | entity | reading`, `sdr` prints `name | reading | status`, `sensor` prints
`name | value | unit | status` and six thresholds. Locators of FRUs and controllers, which are no sensors, have no
number and are passed over; nothing raises.

Source of the forms: ipmitool lib/ipmi_sdr.c, ipmi_sdr_print_sensor_fc; lib/ipmi_sensor.c, ipmi_sensor_print_fc.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from groundcrew.diagnosis.sel import split_pair

_NUMBER = re.compile(r"[0-9A-Fa-f]{1,2}h")
_VALUE = re.compile(r"(-?\d{1,12}(?:\.\d{1,9})?(?:e[+-]?\d{1,3})?) ([^\d\s,].*)")
_FLOAT = re.compile(r"-?\d{1,12}(?:\.\d{1,9})?(?:e[+-]?\d{1,3})?")
_STATES = re.compile(r"0x([0-9a-fA-F]{2})([0-9a-fA-F]{2})")
_BRACKETED = re.compile(r"\[([^\]]+)\]")
SILENT = frozenset({"no reading", "disabled", "not readable", "na", "n/a", ""})
"""What ipmitool prints in place of a reading."""
_STATUSES = frozenset({"ok", "nc", "cr", "nr", "ns", "na", "lnc", "lcr", "lnr", "unc", "ucr", "unr"})
THRESHOLDS = 6


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Limits of a range, in the unit of the reading; None where there is none."""

    lower: tuple[float | None, float | None, float | None] = (None, None, None)
    """Non-critical, critical, non-recoverable."""
    upper: tuple[float | None, float | None, float | None] = (None, None, None)


@dataclass(frozen=True, slots=True)
class SensorRead:
    """One reading: a value with its unit, or the states that a discrete sensor shows, as text."""

    sensor: str
    value: float | None
    text: str
    unit: str
    status: str
    side: str = ""
    """`lower` or `upper`: where it left its range, if that was printed."""
    kind: str = ""
    """Sensor type in ipmitool's words, if that was printed."""
    entity: str = ""
    """IPMI entity id and instance: `10.1` is power supply 1."""
    thresholds: Thresholds | None = None
    states: int | None = None
    """Asserted offsets of a discrete sensor as bits, if only those were printed."""


def parse_sensors(text: str) -> list[SensorRead]:
    """Readings of `sdr elist` in the order they are printed; of sensors with the same name the later ones get `#2`,
    `#3`, ...

    Statuses are `ok`, `nc`, `cr`, `nr` (whichever side of the range), and `ns` where there is no reading.
    """
    return told_apart(read for line in text.splitlines() if (read := elist_row(_columns(line))) is not None)


def told_apart(reads: Iterable[SensorRead]) -> list[SensorRead]:
    """The same readings, where those that share a name get a number."""
    seen: dict[str, int] = {}
    named: list[SensorRead] = []
    for read in reads:
        count = seen[read.sensor] = seen.get(read.sensor, 0) + 1
        named.append(read if count == 1 else replace(read, sensor=f"{read.sensor} #{count}"))
    return named


def _columns(line: str) -> list[str]:
    return [column.strip() for column in line.split("|")]


def parse_sensor_row(line: str) -> SensorRead | None:
    """The reading of one line of any of the three forms, also with commas; None where it is none."""
    columns = _columns(line) if "|" in line else _commas(line)
    return elist_row(columns) or sensor_row(columns) or sdr_row(columns)


def _commas(line: str) -> list[str]:
    """Columns of `ipmitool -c sdr [elist]` (`name,value,unit,status,...`), in the order of `sensor`."""
    columns = [column.strip() for column in line.split(",")]
    if len(columns) < 4 or columns[3].lower() not in _STATUSES or not columns[0]:
        return []
    return [*columns[:4], *["na"] * THRESHOLDS]


def elist_row(columns: Sequence[str]) -> SensorRead | None:
    if len(columns) < 5 or not columns[0] or not _NUMBER.fullmatch(columns[1]):
        return None
    return _read(columns[0], columns[2].lower(), columns[4], entity=columns[3])


def sdr_row(columns: Sequence[str]) -> SensorRead | None:
    if len(columns) != 3 or not columns[0] or columns[2].lower() not in _STATUSES:
        return None
    return _read(columns[0], columns[2].lower(), columns[1])


def sensor_row(columns: Sequence[str]) -> SensorRead | None:
    """A row of `ipmitool sensor`: `0x0100` in the status column of a discrete sensor are its states."""
    if len(columns) < 4 + THRESHOLDS or not columns[0]:
        return None
    name, value, unit, status = columns[:4]
    limits = [_number(column) for column in columns[4 : 4 + THRESHOLDS]]
    thresholds = Thresholds((limits[2], limits[1], limits[0]), (limits[3], limits[4], limits[5]))
    if found := _STATES.fullmatch(status):
        asserted = int(found[1], 16) | (int(found[2], 16) & 0x7F) << 8
        return SensorRead(name, None, status, "", "ok", states=asserted)
    if status.lower() not in _STATUSES:
        return None
    short, side = split_status(status.lower())
    if (amount := _number(value)) is None:
        silent = value.lower() in SILENT
        return SensorRead(name, None, value, "", "ns" if silent else short, side, thresholds=thresholds)
    return SensorRead(name, amount, "", unit, short, side, thresholds=thresholds)


def _number(text: str) -> float | None:
    return float(text) if _FLOAT.fullmatch(text) else None


def _read(name: str, status: str, reading: str, *, entity: str = "") -> SensorRead:
    short, side = split_status(status)
    if status == "ns" or reading.lower() in SILENT:
        silent = status == "ns" or reading.lower() in {"no reading", "not readable", "na"}
        return SensorRead(name, None, reading, "", "ns" if silent else short, side, entity=entity)
    if found := _VALUE.fullmatch(reading):
        unit, _, states = found[2].strip().partition(", ")
        return SensorRead(name, float(found[1]), states, unit, short, side, entity=entity)
    return SensorRead(name, None, reading, "", short, side, entity=entity)


def split_status(printed: str) -> tuple[str, str]:
    """`cr` and the side of `lcr` and `ucr`; what is none of ours counts as no reading."""
    side = ""
    if len(printed) == 3 and printed[0] in "lu":
        printed, side = printed[1:], "lower" if printed[0] == "l" else "upper"
    return (printed if printed in {"ok", "nc", "cr", "nr"} else "ns"), side


def parse_sensor_blocks(lines: Sequence[str]) -> Iterator[tuple[range, SensorRead]]:
    """Readings of `sensor -v`, `sensor get` and `sdr -v`, with the lines that each takes; 'Sensor ID' begins one."""
    begun, block, states, listing = 0, dict[str, str](), list[str](), False
    for number, line in enumerate(lines):
        if listing and (state := _BRACKETED.fullmatch(line.strip())):
            states.append(state[1])
            continue
        if (found := split_pair(line)) is None or "|" in line:
            continue
        if found[0] == "Sensor ID":
            if block:
                yield range(begun, number), _block(block, states)
            begun, block, states = number, {}, []
        elif not block:
            continue
        listing = found[0] == "States Asserted"
        block.setdefault(*found)
    if block:
        yield range(begun, len(lines)), _block(block, states)


def _block(block: dict[str, str], states: Sequence[str]) -> SensorRead:
    name = block["Sensor ID"].partition(" (0x")[0].strip()
    kind = next((value for key, value in block.items() if key.startswith("Sensor Type")), "").partition(" (0x")[0]
    entity = block.get("Entity ID", "").partition(" ")[0]
    short, side = split_status(block.get("Status", "ok").lower())
    reading = block.get("Sensor Reading", "")
    amount = _number(reading.partition(" ")[0])
    unit = re.sub(r"^\S+ *(?:\(\+/- [^)]*\))? *", "", reading)
    if states or amount is None:
        silent = not states and "Sensor Reading" not in block
        return SensorRead(name, None, ", ".join(states), "", "ns" if silent else short, side, kind, entity)
    low, high = (
        (
            _number(block.get(f"{word} Non-Critical", "")),
            _number(block.get(f"{word} Critical", "")),
            _number(block.get(f"{word} Non-Recoverable", "")),
        )
        for word in ("Lower", "Upper")
    )
    return SensorRead(name, amount, "", unit, short, side, kind, entity, Thresholds(low, high))
