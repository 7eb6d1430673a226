"""What a BMC answered when it was asked for a sensor's reading, in the words that ipmitool's `sdr elist` prints.

Source: IPMI 2.0 rev 1.1, 35.14 (Get Sensor Reading). Nothing raises: an answer that is too short is no reading.
"""

from groundcrew.diagnosis.ipmi_tables import state_words
from groundcrew.diagnosis.sdr_bytes import Factors, SensorRecord
from groundcrew.diagnosis.sensors import SensorRead

HEWLETT_PACKARD = 11
"""IANA number of the maker whose sensors of states bear a number as well."""

_SCANNING, _UNAVAILABLE = 0x40, 0x20
_LEVELS = ((0x04 | 0x20, "nr"), (0x02 | 0x10, "cr"), (0x01 | 0x08, "nc"))
"""Bits of the third byte: lower and upper non-recoverable, critical, non-critical."""

SILENT = "No Reading"


def sensor_read(sensor: SensorRecord, told: bytes, *, maker: int = 0, factors: Factors | None = None) -> SensorRead:
    """`told`: data of the answer, empty where there was none; `factors`: those of this reading, if it has its own."""
    if not sensor.readable:
        return SensorRead(sensor.name, None, "Event-Only", "", "ns")
    if len(told) < 2:
        return SensorRead(sensor.name, None, SILENT, "", "ns")
    if not told[1] & _SCANNING:
        return SensorRead(sensor.name, None, "Disabled", "", "ns")
    if told[1] & _UNAVAILABLE:
        return SensorRead(sensor.name, None, SILENT, "", "ns")
    states = (told[2] if len(told) > 2 else 0) | (told[3] & 0x7F if len(told) > 3 else 0) << 8
    status = _level(states) if sensor.threshold else "ok"
    if not _has_number(sensor, maker):
        return SensorRead(sensor.name, None, state_words(sensor.kind, sensor.event_type, states), "", status)
    value = (factors or sensor.factors).value(told[0])  # type: ignore[union-attr]
    if value is None:
        return SensorRead(sensor.name, None, SILENT, "", "ns")
    text = "" if sensor.threshold else state_words(sensor.kind, sensor.event_type, states)
    return SensorRead(sensor.name, round(value, 2), text, sensor.unit, status, thresholds=sensor.thresholds)


def numbered(read: list[SensorRead]) -> list[SensorRead]:
    """Of sensors with the same name the later ones get `#2`, `#3`, ...; those without a name are left out."""
    seen: dict[str, int] = {}
    found = []
    for one in read:
        if not one.sensor:
            continue
        count = seen[one.sensor] = seen.get(one.sensor, 0) + 1
        name = one.sensor if count == 1 else f"{one.sensor} #{count}"
        found.append(SensorRead(name, one.value, one.text, one.unit, one.status, thresholds=one.thresholds))
    return found


def _has_number(sensor: SensorRecord, maker: int) -> bool:
    return sensor.factors is not None and (sensor.threshold or (maker == HEWLETT_PACKARD and sensor.has_unit))


def _level(states: int) -> str:
    return next((level for bits, level in _LEVELS if states & bits), "ok")
