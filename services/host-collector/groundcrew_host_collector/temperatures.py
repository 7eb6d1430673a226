"""Temperatures of hwmon chips, and how far each is below the limit that its chip names (the kernel's
Documentation/hwmon/sysfs-interface.rst). What stands still is read once in a while only."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from groundcrew.diagnosis.samples import Sample
from groundcrew_host_collector.sysfs import entries_of, number_of, text_of

MAX_SENSORS = 512
_LOOK_AGAIN = 40
"""Samples after which chips and limits are looked up anew: ten minutes of the usual interval."""

_LABEL_CHARS = 100
_DRIVES = ("nvme", "drivetemp")


@dataclass(frozen=True, slots=True)
class _Sensor:
    path: Path
    labels: tuple[tuple[str, str], ...]
    limit: float | None


class Temperatures:
    def __init__(self, root: Path) -> None:
        self._chips = root / "sys/class/hwmon"
        self._sensors: list[_Sensor] = []
        self._samples = 0

    def sample(self) -> Iterator[Sample]:
        if self._samples % _LOOK_AGAIN == 0:
            self._sensors = list(self._look())[:MAX_SENSORS]
        self._samples += 1
        for sensor in self._sensors:
            millidegrees = number_of(sensor.path)
            if millidegrees is None:  # the chip is asleep, or gone
                continue
            if sensor.limit is not None:
                margin = sensor.limit - millidegrees / 1000
                yield Sample("hwmon_temp_margin_celsius", round(margin, 1), "celsius", sensor.labels)
            yield Sample("hwmon_temp_celsius", millidegrees / 1000, "celsius", sensor.labels)

    def _look(self) -> Iterator[_Sensor]:
        """Each series once: chips of the same name are told apart by their device, sensors by their number."""
        chips = [(chip, text_of(chip / "name")[:_LABEL_CHARS]) for chip in entries_of(self._chips, "hwmon*", 256)]
        names = Counter(name for _, name in chips)
        seen: set[tuple[tuple[str, str], ...]] = set()
        for chip, name in chips:
            own: tuple[tuple[str, str], ...] = (("chip", name),)
            if names[name] > 1 or name in _DRIVES:
                own += (("device", _device_of(chip)),)
            for path in entries_of(chip, "temp*_input", MAX_SENSORS):
                number = path.name.removesuffix("_input")
                labels = (*own, ("sensor", text_of(chip / f"{number}_label")[:_LABEL_CHARS] or number))
                if labels in seen:
                    labels = (*own, ("sensor", f"{labels[-1][1]} {number}"))
                seen.add(labels)
                yield _Sensor(path, labels, _limit(chip, number))


def _limit(chip: Path, number: str) -> float | None:
    """Degrees at which the chip calls it critical; what is no believable limit (0, 255, -273) is none."""
    limit = number_of(chip / f"{number}_crit")
    return limit / 1000 if limit is not None and 40_000 <= limit <= 150_000 else None


def _device_of(chip: Path) -> str:
    """`nvme0`, `sda`, `coretemp.1`: what the chip sits on."""
    device = chip / "device"
    disks = entries_of(device / "block", "*", 1)
    if disks:
        return disks[0].name
    try:
        return device.resolve(strict=True).name[:_LABEL_CHARS]
    except OSError:
        return chip.name
