"""AMD's GPUs, from what the kernel's amdgpu driver shows in /sys (Documentation/gpu/amdgpu: thermal.rst, ras.rst,
driver-misc.rst); under the names of NVIDIA's, without any program."""

import re
from collections.abc import Iterator
from pathlib import Path

from groundcrew.diagnosis.samples import Sample
from groundcrew_host_collector.sysfs import entries_of, number_of, text_of

MAX_CARDS = 64
_AMD = "0x1002"
_CARD = re.compile(r"card\d+")
_COUNTED = re.compile(r"^(ue|ce): (\d+)", re.MULTILINE)

_FILES = (
    ("gpu_busy_percent", "gpu_utilization_percent", "percent"),
    ("mem_busy_percent", "gpu_memory_busy_percent", "percent"),
    ("mem_info_vram_total", "gpu_memory_total_bytes", "bytes"),
    ("mem_info_vram_used", "gpu_memory_used_bytes", "bytes"),
    ("max_link_width", "gpu_pcie_width_max", ""),
    ("current_link_width", "gpu_pcie_width", ""),
    ("pcie_replay_count", "gpu_pcie_replays_total", ""),
)


class AmdGpus:
    def __init__(self, root: Path) -> None:
        self._cards = root / "sys/class/drm"

    def sample(self) -> Iterator[Sample]:
        """Nothing where no card is of the driver amdgpu."""
        cards = [card for card in entries_of(self._cards, "card*", 512) if _CARD.fullmatch(card.name)]
        for card in cards[:MAX_CARDS]:
            device = card / "device"
            if text_of(device / "vendor") != _AMD:
                continue
            labels = (("gpu", device.resolve().name),)
            for file, name, unit in _FILES:
                value = number_of(device / file)
                if value is not None:
                    yield Sample(name, value, unit, labels)
            for chip in entries_of(device / "hwmon", "hwmon*", 1):
                yield from _sensors(chip, labels)
            yield from _errors(device, labels)


def _sensors(chip: Path, labels: tuple[tuple[str, str], ...]) -> Iterator[Sample]:
    """The card's edge temperature, that of its memory, and how far the nearest of all is below its critical one."""
    margins = []
    for path in entries_of(chip, "temp*_input", 8):
        number = path.name.removesuffix("_input")
        value, limit = number_of(path), number_of(chip / f"{number}_crit")
        if value is None:
            continue
        label = text_of(chip / f"{number}_label")
        if label in ("edge", "mem"):
            name = "gpu_temperature_celsius" if label == "edge" else "gpu_memory_temperature_celsius"
            yield Sample(name, value / 1000, "celsius", labels)
        if limit is not None and 40_000 <= limit <= 150_000:
            margins.append((limit - value) / 1000)
    if margins:
        yield Sample("gpu_temperature_margin_celsius", min(margins), "celsius", labels)
    for files, name in (
        (("power1_average", "power1_input"), "gpu_power_watts"),
        (("power1_cap",), "gpu_power_limit_watts"),
    ):
        watts = next((value for file in files if (value := number_of(chip / file)) is not None), None)
        if watts is not None:
            yield Sample(name, watts / 1e6, "watts", labels)


def _errors(device: Path, labels: tuple[tuple[str, str], ...]) -> Iterator[Sample]:
    """Corrected and uncorrectable errors by block, `umc` being the memory's controllers. Cards from MI300 on have
    `aca_umc` where older ones have `umc_err_count`."""
    files = [*entries_of(device / "ras", "*_err_count", 32), *entries_of(device / "ras", "aca_*", 32)]
    for path in files:
        block = (("memory", path.name.removesuffix("_err_count").removeprefix("aca_")),)
        for kind, count in _COUNTED.findall(text_of(path)):
            name = "gpu_ecc_uncorrected_total" if kind == "ue" else "gpu_ecc_corrected_total"
            yield Sample(name, float(count), "", labels + block)
