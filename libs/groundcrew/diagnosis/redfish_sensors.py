"""Sensor readings out of Redfish: Sensor (since 2018), and the older Thermal and Power; DSP0268.

Statuses are ipmitool's, as rules know them: `ok`, `nc` (warning), `cr` (critical), `nr` (beyond fatal), `ns` (no
reading). They are the worse of the health that the BMC claims and of the reading against its thresholds; a threshold
that is absent, null or zero says nothing. Nothing raises.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from groundcrew.diagnosis.redfish import Resource, health_of, number, objects, resource, state_of, told, words
from groundcrew.diagnosis.redfish_words import UNITS
from groundcrew.diagnosis.sensors import SensorRead, Thresholds

_RANK = {"ns": -1, "ok": 0, "nc": 1, "cr": 2, "nr": 3}
_OF_HEALTH = {"OK": "ok", "Warning": "nc", "Critical": "cr"}
_SILENT = frozenset({"Absent", "Disabled", "UnavailableOffline", "StandbyOffline", "Deferring", "Starting"})
_OLD_LIMITS = (
    ("UpperThresholdFatal", 1, "nr"), ("LowerThresholdFatal", -1, "nr"), ("UpperThresholdCritical", 1, "cr"),
    ("LowerThresholdCritical", -1, "cr"), ("UpperThresholdNonCritical", 1, "nc"),
    ("LowerThresholdNonCritical", -1, "nc"),
)  # fmt: skip
_NEW_LIMITS = (
    ("UpperFatal", 1, "nr"), ("LowerFatal", -1, "nr"), ("UpperCritical", 1, "cr"), ("LowerCritical", -1, "cr"),
    ("UpperCaution", 1, "nc"), ("LowerCaution", -1, "nc"),
)  # fmt: skip
_MEGARAC_LIMITS = (
    ("higher_non_recoverable", 1, "nr"), ("lower_non_recoverable", -1, "nr"), ("higher_critical", 1, "cr"),
    ("lower_critical", -1, "cr"), ("higher_non_critical", 1, "nc"), ("lower_non_critical", -1, "nc"),
)  # fmt: skip


def sensor_reads(sensors: Iterable[Any]) -> list[SensorRead]:
    """Readings of Sensor resources, and of what AMI's MegaRAC lists in their place on boards of some makers."""
    return numbered(read for sensor in sensors if (read := _sensor(resource(sensor))) is not None)


def thermal_reads(thermal: Any) -> list[SensorRead]:
    """Temperatures and fans of a Thermal resource."""
    return numbered(_thermal(resource(thermal)))


def power_reads(power: Any) -> list[SensorRead]:
    """Voltages, supplies' watts and consumption of a Power resource."""
    return numbered(_power(resource(power)))


def numbered(reads: Iterable[SensorRead]) -> list[SensorRead]:
    """Of readings with the same name the later ones get `#2`, `#3`, ..."""
    named: list[SensorRead] = []
    seen: dict[str, int] = {}
    for read in reads:
        count = seen[read.sensor] = seen.get(read.sensor, 0) + 1
        name = read.sensor if count == 1 else f"{read.sensor} #{count}"
        named.append(SensorRead(name, read.value, read.text, read.unit, read.status, thresholds=read.thresholds))
    return named


def _sensor(sensor: Resource) -> SensorRead | None:
    if "sensor_number" in sensor:
        return _megarac(sensor)
    name = told(sensor.get("Name")) or told(sensor.get("Id"))
    if not name or "Reading" not in sensor:
        return None
    thresholds = resource(sensor.get("Thresholds"))
    limits = [(number(resource(thresholds.get(key)).get("Reading")), side, status) for key, side, status in _NEW_LIMITS]
    return _read(sensor, name, sensor.get("Reading"), words(sensor.get("ReadingUnits"), 20), limits)


def _megarac(sensor: Resource) -> SensorRead | None:
    name = told(sensor.get("name"))
    limits = [(number(sensor.get(f"{key}_threshold")), side, status) for key, side, status in _MEGARAC_LIMITS]
    if not name or "reading" not in sensor:
        return None
    silent = sensor.get("accessible") not in {0, None}
    return _read(sensor, name, None if silent else sensor.get("reading"), words(sensor.get("unit"), 20), limits)


def _thermal(thermal: Resource) -> Iterator[SensorRead]:
    for entry in objects(thermal.get("Temperatures")):
        if name := _name(entry):
            yield _read(entry, name, entry.get("ReadingCelsius"), "Cel", _old_limits(entry))
    for entry in objects(thermal.get("Fans")):
        name = told(entry.get("Name")) or told(entry.get("FanName")) or told(entry.get("MemberId"))
        if not name:
            continue
        reading = entry.get("Reading", entry.get("ReadingRPM", entry.get("CurrentReading")))
        unit = words(entry.get("ReadingUnits", entry.get("Units")), 20) or "RPM"
        shown = name if "fan" in name.lower() else f"Fan {name}"
        yield _read(entry, shown, reading, unit, _old_limits(entry))


def _power(power: Resource) -> Iterator[SensorRead]:
    for entry in objects(power.get("Voltages")):
        if name := _name(entry):
            yield _read(entry, name, entry.get("ReadingVolts"), "V", _old_limits(entry))
    for place, entry in enumerate(objects(power.get("PowerSupplies")), 1):
        name = told(entry.get("Name")) or f"Power Supply {place}"
        for key, what, unit in (
            ("LineInputVoltage", "input voltage", "V"),
            ("PowerInputWatts", "input power", "W"),
            ("PowerOutputWatts", "output power", "W"),
            ("LastPowerOutputWatts", "output power", "W"),
        ):
            value = number(entry.get(key))
            if value is not None and not (key == "LastPowerOutputWatts" and "PowerOutputWatts" in entry):
                silent = state_of(entry) in _SILENT
                yield SensorRead(f"{name} {what}", None if silent else value, "", UNITS[unit], "ns" if silent else "ok")
    for entry in objects(power.get("PowerControl")):
        value = number(entry.get("PowerConsumedWatts"))
        if value is not None:
            yield SensorRead(told(entry.get("Name")) or "Power consumed", value, "", UNITS["W"], "ok")


def _name(entry: Resource) -> str:
    return told(entry.get("Name")) or told(entry.get("MemberId"))


def _old_limits(entry: Resource) -> list[tuple[float | None, int, str]]:
    return [(number(entry.get(key)), side, status) for key, side, status in _OLD_LIMITS]


def _read(
    entry: Resource, name: str, reading: Any, unit: str, limits: list[tuple[float | None, int, str]]
) -> SensorRead:
    value, shown = number(reading), UNITS.get(unit, unit)
    if value is None or state_of(entry) in _SILENT:
        return SensorRead(name, None, "", shown, "ns")
    status = worse(_OF_HEALTH.get(health_of(entry), "ok"), against(value, limits))
    return SensorRead(name, value, "", shown, status, thresholds=_critical(limits))


def _critical(limits: Iterable[tuple[float | None, int, str]]) -> Thresholds | None:
    found = {side: limit for limit, side, status in limits if status == "cr" and limit}
    return Thresholds((None, found.get(-1), None), (None, found.get(1), None)) if found else None


def against(value: float, limits: Iterable[tuple[float | None, int, str]]) -> str:
    """The status of a value by its limits, worst first: (limit, 1 above or -1 below, status)."""
    for limit, side, status in limits:
        if limit and (value >= limit if side > 0 else value <= limit):
            return status
    return "ok"


def worse(one: str, other: str) -> str:
    """The worse of two statuses."""
    return max(one, other, key=lambda status: _RANK.get(status, -1))
