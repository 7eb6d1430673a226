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
    r"\b(?:CPU ?\d+[ _])?(?:P\d+[-_])?(?:Bank ?\d+ ?)?"
    r"(?:DIMM[ _]?[A-Z]?\d+[A-Z]?\d*|DIMM[ _]?[A-Z]\d*|DIMM (?=\d)\d+|[A-P]\d{1,2}(?=\)))"
)

SENSOR_TYPES = (
    "Physical Security", "Platform Security", "Power Supply", "Power Unit", "Cooling Device", "Drive Slot / Bay",
    "Drive Slot (Bay)", "Drive Slot(Bay)", "Drive Slot", "POST Memory Resize", "System Firmwares",
    "System Firmware Progress", "System Firmware Error", "System Firmware Hang", "Event Logging Disabled",
    "System Event", "Critical Interrupt", "Module / Board", "Module/Board", "Add-in Card", "Chip Set", "Other FRU",
    "Cable / Interconnect", "Cable/Interconnect", "System Boot Initiated", "Boot Error", "OS Boot", "OS Critical Stop",
    "OS Stop/Shutdown", "Slot / Connector", "Slot/Connector", "System ACPI Power State", "Platform Alert",
    "Entity Presence", "Monitor ASIC", "Management Subsystem Health", "Management Subsys Health", "Session Audit",
    "Version Change", "FRU State", "Temperature", "Voltage", "Current", "Fan", "Processor", "Memory", "Watchdog1",
    "Watchdog2", "Watchdog 1", "Watchdog 2", "Button", "Microcontroller", "Chassis", "Terminator", "LAN", "Battery",
    "Other", "Unknown",
)  # fmt: skip
"""Sensor types as versions of ipmitool print them (IPMI 2.0, table 42-3); longer names before those they begin with."""

_TYPES = tuple((kind.lower(), kind) for kind in SENSOR_TYPES)
_SUFFIX = re.compile(r"[ _/](?:status|state|stat|prsnt|prs|presence|present)$", re.IGNORECASE)
_PSU = re.compile(r"\b(?:power supply|psu|pws|ps|pem)[ _#]?\d+", re.IGNORECASE)
_BAY = re.compile(
    r"\b(?:drive bay|drive|disk|hdd|ssd|nvme|bay|slot)[ _#]?\d+(?::\d+){0,2}(?!\d*x)|\bf_hdd\d+|\bfrontdisk\d+",
    re.IGNORECASE,
)
_CPU = re.compile(r"\b(?:cpu|proc(?:essor)?|p)[ _#]?\d+(?![\dA-Za-z])", re.IGNORECASE)
_SLOT = re.compile(r"\bslot ?\d+", re.IGNORECASE)
_BUS = re.compile(r"PCI bus:([0-9a-f]{2}) device:([0-9a-f]{2}) function:([0-7])", re.IGNORECASE)
_QUANTA = re.compile(r"\bCPU\d_[A-Z]\d\b")
_BAYS = frozenset({"drive slot / bay", "drive slot (bay)", "drive slot(bay)", "drive slot"})


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


def capitalised(text: str) -> str:
    """`Drive 5 in disk drive bay 1`, also of a sentence in whose midst it begins with a small letter."""
    return text[:1].upper() + text[1:]


def split_sensor(sensor: str) -> tuple[str, str]:
    """Type and name of an event log's sensor column: ('Power Supply', 'PS2 Status') of `Power Supply PS2 Status`."""
    lower = sensor.lower()
    for prefix, kind in _TYPES:
        if lower == prefix:
            return kind, ""
        if lower.startswith(prefix) and lower[len(prefix)] == " ":
            return kind, sensor[len(kind) + 1 :].strip()
    return "", sensor.strip()


def sel_component(sensor: str, event: str) -> str:
    """The part an event log record speaks of: the DIMM, processor or slot that its text names, else the sensor's name
    without what only says that it is a state.

    A bare number (`Fan #0x41`) keeps its type, as it means nothing alone. FFh is no sensor's (IPMI 2.0, 33): empty.
    """
    kind, name = split_sensor(sensor)
    if found := _named_in(kind.lower(), event):
        return found
    if name.lower() == "#0xff":
        return ""
    if not name or name.startswith("#"):
        return sensor.strip()
    by_kind = _PARTS.get(kind.lower())
    if by_kind is not None and (part := by_kind.search(name)):
        return part[0]
    return _SUFFIX.sub("", name) or name


def _named_in(kind: str, event: str) -> str:
    """What the text within an event's parentheses names more closely than its sensor does."""
    if kind in {"memory", "event logging disabled"}:
        dimm = _DIMM.search(event) or _QUANTA.search(event)
        return dimm[0] if dimm else ""
    detail = event.partition("(")[2]
    if not detail:
        return ""
    if kind == "processor" and (cpu := _CPU.search(detail)):
        return cpu[0]
    if kind in {"critical interrupt", "unknown", ""}:
        if bus := _BUS.search(detail):
            return pci_function(f"{bus[1]}:{bus[2]}.{bus[3]}")
        if slot := _SLOT.search(detail):
            return slot[0]
    return ""


_PARTS = {"power supply": _PSU, "processor": _CPU} | dict.fromkeys(_BAYS, _BAY)
"""Sensor type -> how its parts are called, where several sensors watch one part."""

SPELLINGS: Mapping[str, Callable[[str], str]] = {
    "pci": pci_function, "dev": device_name, "disk": disk_of, "drive": capitalised,
}  # fmt: skip
"""Capture group -> its one spelling."""
