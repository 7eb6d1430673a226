"""Facts about this machine, from files that any user may read."""

import platform
from collections.abc import Mapping
from pathlib import Path

import psutil

from groundcrew.contracts.clock import Clock, to_us

_DMI = {
    "vendor": "sys_vendor",
    "model": "product_name",
    "board": "board_name",
    "bios": "bios_version",
    "serial": "product_serial",
}


def boot_us(clock: Clock) -> int:
    """Wall time, in microseconds since the epoch, at which the kernel's own clock was 0, as seen now."""
    with Path("/proc/uptime").open() as file:
        uptime = float(file.read().split()[0])
    return to_us(clock.now()) - int(uptime * 1_000_000)


def boot_id(root: Path = Path("/")) -> str:
    """The kernel's id of this boot without dashes, as journald writes it."""
    return _line(root / "proc/sys/kernel/random/boot_id").replace("-", "")


def facts(root: Path = Path("/")) -> dict[str, str]:
    """What the inventory shows of a host; a fact that cannot be read is left out."""
    found = {
        "os": _os_release(root).get("PRETTY_NAME", ""),
        "kernel": platform.release(),
        "architecture": platform.machine(),
        "boot_id": boot_id(root),
        "cpu_model": _cpu_model(root),
        "cpu_count": str(psutil.cpu_count() or ""),
        "memory_bytes": str(psutil.virtual_memory().total),
        "boot_time_s": str(int(psutil.boot_time())),
    }
    for name, file in _DMI.items():
        found[name] = _line(root / "sys/class/dmi/id" / file)
    gpus = _entries(root / "proc/driver/nvidia/gpus")
    found["gpus"] = str(gpus) if gpus else ""
    return {name: value[:256] for name, value in found.items() if value}


def _line(path: Path) -> str:
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return file.readline(512).strip().replace("\0", "")
    except OSError:
        return ""


def _entries(path: Path) -> int:
    try:
        return sum(1 for _ in path.iterdir())
    except OSError:
        return 0


def _cpu_model(root: Path) -> str:
    try:
        with (root / "proc/cpuinfo").open(encoding="utf-8", errors="replace") as file:
            for line in file:
                key, _, value = line.partition(":")
                if key.strip() in ("model name", "Model", "cpu model"):
                    return value.strip()
    except OSError:
        pass
    return ""


def _os_release(root: Path) -> Mapping[str, str]:
    values: dict[str, str] = {}
    try:
        with (root / "etc/os-release").open(encoding="utf-8", errors="replace") as file:
            for line in file:
                key, equals, value = line.strip().partition("=")
                if equals:
                    values[key] = value.strip("\"'")
    except OSError:
        pass
    return values
