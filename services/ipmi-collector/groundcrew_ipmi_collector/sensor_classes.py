"""What kind of thing a sensor measures: the few classes that fleets are counted by."""

from collections import Counter
from collections.abc import Iterable

from groundcrew.diagnosis.sensors import SensorRead

_OF_UNIT = {
    "degrees c": "temperature", "c": "temperature", "degrees f": "temperature", "degrees k": "temperature",
    "rpm": "fan", "volts": "voltage", "v": "voltage", "amps": "current", "a": "current", "watts": "power",
    "w": "power", "percent": "percent", "%": "percent",
}  # fmt: skip

CLASSES = (*dict.fromkeys(_OF_UNIT.values()), "state", "other")


def class_of(read: SensorRead) -> str:
    """By its unit; `state` where it has no number."""
    if read.unit:
        return _OF_UNIT.get(read.unit.lower(), "other")
    return "state" if read.value is None else "other"


def counted(reads: Iterable[SensorRead]) -> Counter[tuple[str, str]]:
    """How many sensors there are of each class and status."""
    return Counter((class_of(read), read.status) for read in reads)
