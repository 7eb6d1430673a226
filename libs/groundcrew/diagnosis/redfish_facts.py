"""What Redfish says of a machine and its BMC, as facts under the names that IPMI's have. Nothing raises."""

from collections.abc import Iterable, Sequence
from typing import Any

from groundcrew.diagnosis.redfish import health_of, objects, resource, told, words
from groundcrew.diagnosis.redfish_log import stamp
from groundcrew.diagnosis.redfish_parts import PartSeen

MAX_PARTS = 100
MAX_FIRMWARES = 40


def root_facts(root: Any) -> dict[str, str]:
    """Of the service root."""
    value = resource(root)
    return _known(
        redfish_version=told(value.get("RedfishVersion")), manufacturer=told(value.get("Vendor")),
        controller=told(value.get("Product")),
    )  # fmt: skip


def manager_facts(manager: Any) -> dict[str, str]:
    """Of the BMC itself."""
    value = resource(manager)
    return _known(
        firmware=told(value.get("FirmwareVersion")),
        controller=told(value.get("Model")),
        bmc_health=health_of(value),
    )


def system_facts(systems: Sequence[Any]) -> dict[str, str]:
    """Of the machines behind the BMC; of several, serials and power of all."""
    values = [resource(system) for system in systems]
    if not values:
        return {}
    first = values[0]
    healths = [health for value in values if (health := health_of(value))]
    worst = next((health for health in ("Critical", "Warning", "OK") if health in healths), "")
    return _known(
        power=", ".join(_each(told(value.get("PowerState")).lower() for value in values)),
        product_vendor=told(first.get("Manufacturer")),
        product=told(first.get("Model")),
        product_serial=", ".join(_each(told(value.get("SerialNumber")) for value in values))[:200],
        service_tag=told(first.get("SKU")),
        bios=told(first.get("BiosVersion")),
        health=worst,
        faults="none" if worst == "OK" else f"health is {worst}" if worst else "",
        restart_cause=told(resource(first.get("BootProgress")).get("LastState")),
    )


def part_facts(parts: Iterable[PartSeen]) -> dict[str, str]:
    """Model, serial and firmware by part."""
    found: dict[str, str] = {}
    for part in parts:
        if part.about and len(found) < MAX_PARTS:
            found.setdefault(f"part {part.sensor}", part.about[:200])
    return found


def firmware_facts(inventory: Iterable[Any]) -> dict[str, str]:
    """Versions out of the members of FirmwareInventory; iDRAC lists what was installed before, too."""
    found: dict[str, str] = {}
    for value in objects(list(inventory)):
        name, version = told(value.get("Name")) or told(value.get("Id")), told(value.get("Version"))
        previous = words(value.get("Id")).startswith(("Previous", "Available"))
        if name and version and not previous and len(found) < MAX_FIRMWARES:
            found.setdefault(f"firmware {name}"[:120], version)
    return found


def identity_of(root: Any, manager: Any, systems: Sequence[Any]) -> dict[str, str]:
    """What tells this BMC from the one that may sit at its address tomorrow, by where it is from."""
    value, bmc = resource(root), resource(manager)
    return _known(
        root=told(value.get("UUID")).lower(),
        manager=(told(bmc.get("UUID")) or told(bmc.get("ServiceEntryPointUUID"))).lower(),
        serial=told(bmc.get("SerialNumber")).lower(),
        system=next((uuid for system in systems if (uuid := told(resource(system).get("UUID")).lower())), ""),
    )


def bmc_seconds(manager: Any) -> int | None:
    """The BMC's clock, seconds since 1970."""
    return stamp(words(resource(manager).get("DateTime"), 60))


def _known(**facts: str) -> dict[str, str]:
    return {name: value for name, value in facts.items() if value}


def _each(values: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(value for value in values if value))
