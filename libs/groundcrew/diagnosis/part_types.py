"""Of which type a fault is, in the words of who carries the spare parts. What has no part (software, the kernel, the
clock, intruders) is of none: an incident says what to do about it, and nobody orders anything."""

from groundcrew.contracts.reports import TaskType

_BY_CLASS = {
    "dimm": TaskType.MEMORY,
    "cooling": TaskType.THERMAL,
    "psu": TaskType.POWER,
    "pdu": TaskType.POWER,
    "fan": TaskType.FANS,
    "disk": TaskType.STORAGE,
    "nvme": TaskType.STORAGE,
    "raid": TaskType.STORAGE,
    "filesystem": TaskType.STORAGE,
    "gpu": TaskType.GPU,
    "nvlink": TaskType.GPU,
    "nic": TaskType.NETWORK,
    "network": TaskType.NETWORK,
    "switch": TaskType.NETWORK,
    "cable": TaskType.NETWORK,
    "cpu": TaskType.BOARD,
    "motherboard": TaskType.BOARD,
    "pcie": TaskType.BOARD,
    "chassis": TaskType.BOARD,
    "cmos_battery": TaskType.BOARD,
    "bmc": TaskType.BOARD,
}

_BY_CAUSE = {
    "cpu.thermal_trip": TaskType.THERMAL,
    "cpu.overheated": TaskType.THERMAL,
    "cpu.throttled": TaskType.THERMAL,
    "gpu.thermal": TaskType.THERMAL,
    "dimm.overheated": TaskType.THERMAL,
    "nic.overheated": TaskType.THERMAL,
    "gpu.power": TaskType.POWER,
    "cpu.power_limited": TaskType.POWER,
    "nic.power": TaskType.POWER,
    "disk.link_errors": TaskType.STORAGE,
    "cable.drive_errors": TaskType.STORAGE,
}

_OF_PEOPLE = frozenset(
    {
        "gpu.application_error",
        "gpu.page_fault",
        "gpu.driver_mismatch",
        "gpu.collective_timeout",
        "network.dns",
        "network.directory_unreachable",
        "network.misconfigured",
        "network.duplicate_address",
        "network.no_lease",
        "filesystem.quota",
        "filesystem.remote_unavailable",
        "chassis.intrusion",
        "bmc.access_denied",
        "bmc.not_trusted",
    }
)
"""Causes that name a part's class and blame no part."""

CORRECTABLE = frozenset({"dimm", "pcie", "nvlink", "nvme", "disk", "gpu", "cpu", "nic", "switch", "cable"})
"""Classes whose parts correct errors by themselves and tell of each: many of them announce a failure."""


def task_type(component_class: str, cause: str = "") -> TaskType | None:
    """None where there is nothing to carry a spare part to."""
    if cause in _OF_PEOPLE:
        return None
    return _BY_CAUSE.get(cause) or _BY_CLASS.get(component_class)


def event_type(component_class: str) -> str:
    """How a summary counts an event: by its class of component."""
    return component_class or "unknown"
