"""Sensors and parts of the machine behind a BMC, by as few requests as its schema allows: the older Thermal and Power
are two, Sensors are one where the service expands collections, and one each where it does not."""

from dataclasses import dataclass, field

from groundcrew.diagnosis.redfish import path_of
from groundcrew.diagnosis.redfish_parts import PartSeen, parts_of, parts_of_power, parts_of_thermal
from groundcrew.diagnosis.redfish_sensors import power_reads, sensor_reads, thermal_reads
from groundcrew.diagnosis.sensors import SensorRead
from groundcrew_ipmi_collector.redfish.client import Client
from groundcrew_ipmi_collector.redfish.walk import Layout, members, optional

MAX_DRIVES = 128
_KINDS = {"Memory": "memory", "Processors": "processors", "PCIeDevices": "pcie"}


@dataclass
class Machine:
    """What one look at the machine found."""

    reads: list[SensorRead] = field(default_factory=list)
    parts: list[PartSeen] = field(default_factory=list)


async def read_sensors(client: Client, layout: Layout) -> Machine:
    """Readings, and the supplies and fans that stand beside them."""
    machine = Machine()
    for path in layout.thermal:
        thermal = await optional(client, path)
        machine.reads += thermal_reads(thermal)
        machine.parts += parts_of_thermal(thermal)
    for path in layout.power:
        power = await optional(client, path)
        machine.reads += power_reads(power)
        machine.parts += parts_of_power(power)
    if not machine.reads:
        for path in layout.sensors:
            machine.reads += sensor_reads(await members(client, path, expand=layout.expand))
    for path in layout.fans:
        machine.parts += parts_of("fans", await members(client, path, expand=layout.expand))
    for path in layout.supplies:
        machine.parts += parts_of("power_supplies", await members(client, path, expand=layout.expand))
    return machine


async def read_parts(client: Client, layout: Layout) -> list[PartSeen]:
    """Memory, processors, PCIe devices, storage controllers and drives."""
    parts: list[PartSeen] = []
    for name, kind in _KINDS.items():
        for path in layout.parts.get(name, ()):
            parts += parts_of(kind, await members(client, path, expand=layout.expand))
    for path in layout.parts.get("Storage", ()):
        storages = await members(client, path, expand=layout.expand)
        parts += parts_of("storage", storages)
        drives = [found for storage in storages for link in _drives(storage) if (found := link)]
        parts += parts_of("drives", [await optional(client, drive) for drive in drives[:MAX_DRIVES]])
    return parts


def _drives(storage: object) -> list[str]:
    drives = storage.get("Drives") if hasattr(storage, "get") else None
    return [path for drive in (drives if isinstance(drives, list) else []) if (path := path_of(drive))]
