"""How parts are named: locators as evidence prints them, in one spelling each.

A capture group of a rule that bears one of the names in `SPELLINGS` is respelled before it becomes a component, so
that `PCI:0000:3b:00`, `0000:3B:00.0` and `3b:00.0` are one GPU.
"""

import re
from collections.abc import Callable, Mapping

_PCI = re.compile(
    r"(?:PCI:)?(?:(?P<domain>[0-9a-f]{4,8}):)?(?P<bus>[0-9a-f]{2}):(?P<slot>[0-9a-f]{2})(?:\.(?P<fn>[0-7]))?",
    re.IGNORECASE,
)
_NVME = re.compile(r"(nvme\d+)(?:c\d+)?(n\d+)?(?:p\d+)?")
_DISK = re.compile(r"((?:sd|hd|vd|xvd)[a-z]+)\d*")
_DIMM = re.compile(
    r"\b(?:CPU\d+[ _])?(?:P\d+[-_])?(?:DIMM[ _]?[A-Z]?\d+[A-Z]?\d*|DIMM[A-Z]\d*|DIMM (?=\d)\d+|[A-P]\d{1,2}(?=\)))"
)

SENSOR_TYPES = (
    "Physical Security", "Platform Security", "Power Supply", "Power Unit", "Cooling Device", "Drive Slot / Bay",
    "POST Memory Resize", "System Firmwares", "Event Logging Disabled", "System Event", "Critical Interrupt",
    "Module / Board", "Add-in Card", "Chip Set", "Other FRU", "Cable / Interconnect", "System Boot Initiated",
    "Boot Error", "OS Boot", "OS Critical Stop", "Slot / Connector", "System ACPI Power State", "Platform Alert",
    "Entity Presence", "Monitor ASIC", "Management Subsys Health", "Session Audit", "Version Change", "FRU State",
    "Temperature", "Voltage", "Current", "Fan", "Processor", "Memory", "Watchdog1", "Watchdog2", "Button",
    "Microcontroller", "Chassis", "Terminator", "LAN", "Battery", "Other", "Unknown",
)  # fmt: skip
"""Sensor types as ipmitool prints them (IPMI 2.0, table 42-3); longer names before those they begin with."""


def pci_function(text: str) -> str:
    """`0000:3b:00.0` of any spelling of a PCI address; other text comes back as it is."""
    found = _PCI.fullmatch(text.strip())
    if not found:
        return text
    domain = (found["domain"] or "0000").lower()[-4:]
    return f"{domain}:{found['bus'].lower()}:{found['slot'].lower()}.{found['fn'] or '0'}"


def device_name(text: str) -> str:
    """`sde` of `/dev/sde`, `nvme0n1p1` of `/dev/nvme0n1p1`."""
    return text.removeprefix("/dev/")


def disk_of(device: str) -> str:
    """The whole disk that a partition is on: `sde` of `sde1`, `nvme2n1` of `nvme2n1p1`, `nvme2` of `nvme2`."""
    name = device_name(device)
    if found := _NVME.fullmatch(name):
        return found[1] + (found[2] or "")
    found = _DISK.fullmatch(name)
    return found[1] if found else name


def split_sensor(sensor: str) -> tuple[str, str]:
    """Type and name of an event log's sensor column: ('Power Supply', 'PS2 Status') of `Power Supply PS2 Status`."""
    for kind in SENSOR_TYPES:
        if sensor == kind:
            return kind, ""
        if sensor.startswith(kind + " "):
            return kind, sensor[len(kind) + 1 :].strip()
    return "", sensor.strip()


def sel_component(sensor: str, event: str) -> str:
    """The part an event log record speaks of: the DIMM its text names, else the sensor's name without `Status`.

    A bare number (`Fan #0x41`) keeps its type, as it means nothing alone.
    """
    kind, name = split_sensor(sensor)
    if kind in {"Memory", "Event Logging Disabled"} and (found := _DIMM.search(event)):
        return found[0]
    if not name or name.startswith("#"):
        return sensor.strip()
    return name.removesuffix(" Status")


SPELLINGS: Mapping[str, Callable[[str], str]] = {"pci": pci_function, "dev": device_name, "disk": disk_of}
"""Capture group -> its one spelling."""
