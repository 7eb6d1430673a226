"""Parts of a machine as Redfish lists them: what they are, and how they say that they are; DSP0268.

Health is the BMC's own claim, so it becomes a reading without a value: sensor `dimm A1`, text `Critical`, unit
`health`, status `cr`. Nothing raises.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from groundcrew.diagnosis.redfish import Resource, health_of, is_there, objects, resource, state_of, told, words
from groundcrew.diagnosis.redfish_sensors import numbered
from groundcrew.diagnosis.sensors import SensorRead

HEALTH_UNIT = "health"
_STATUS = {"OK": "ok", "Warning": "nc", "Critical": "cr"}
_GPU = frozenset({"GPU", "Accelerator"})


@dataclass(frozen=True, slots=True)
class PartSeen:
    """A part. `health` is OK, Warning, Critical or empty; `state` as Redfish writes it."""

    component_class: str
    locator: str
    health: str
    state: str
    model: str = ""
    serial: str = ""
    part_number: str = ""
    firmware: str = ""

    @property
    def sensor(self) -> str:
        """How its health is called among the readings."""
        return f"{self.component_class} {self.locator}"

    @property
    def about(self) -> str:
        """What the inventory shows of it."""
        said = (
            self.model,
            f"serial {self.serial}" if self.serial else "",
            f"part {self.part_number}" if self.part_number else "",
            f"firmware {self.firmware}" if self.firmware else "",
        )
        return ", ".join(one for one in said if one)


def parts_of(kind: str, resources: Iterable[Any]) -> list[PartSeen]:
    """Parts of resources of one kind: `memory`, `processors`, `drives`, `storage` (its controllers), `pcie`,
    `power_supplies`, `fans`. What is not there or bears no name is passed over."""
    make = _MAKERS[kind]
    return [part for one in resources for part in make(resource(one)) if part.locator]


def parts_of_thermal(thermal: Any) -> list[PartSeen]:
    """Fans of the older Thermal."""
    return parts_of("fans", objects(resource(thermal).get("Fans")))


def parts_of_power(power: Any) -> list[PartSeen]:
    """Supplies of the older Power."""
    return parts_of("power_supplies", objects(resource(power).get("PowerSupplies")))


def health_reads(parts: Iterable[PartSeen]) -> list[SensorRead]:
    """A reading per part that claims a health."""
    return numbered(
        SensorRead(part.sensor, None, part.health, HEALTH_UNIT, _STATUS[part.health]) for part in parts if part.health
    )


def _part(component_class: str, value: Resource, locator: str) -> Iterator[PartSeen]:
    if not is_there(value):
        return
    yield PartSeen(
        component_class=component_class,
        locator=locator,
        health=health_of(value),
        state=state_of(value),
        model=told(value.get("Model")) or told(value.get("Manufacturer")),
        serial=told(value.get("SerialNumber")),
        part_number=told(value.get("PartNumber")),
        firmware=told(value.get("FirmwareVersion")) or told(value.get("Revision")),
    )


def _label(value: Resource) -> str:
    """What is printed on the machine, where the BMC knows it."""
    for name in ("Location", "PhysicalLocation"):
        place = resource(resource(value.get(name)).get("PartLocation"))
        if label := told(place.get("ServiceLabel")):
            return label
    return ""


def _called(value: Resource, *names: str) -> str:
    found = (told(value.get(name)) for name in names)
    return _label(value) or next((name for name in found if name), "")


def _memory(value: Resource) -> Iterator[PartSeen]:
    yield from _part("dimm", value, _called(value, "DeviceLocator", "Name", "Id"))


def _processors(value: Resource) -> Iterator[PartSeen]:
    kind = "gpu" if words(value.get("ProcessorType")) in _GPU else "cpu"
    yield from _part(kind, value, _called(value, "Socket", "Id", "Name") if kind == "cpu" else _called(value, "Id"))


def _drives(value: Resource) -> Iterator[PartSeen]:
    yield from _part("disk", value, _called(value, "Id", "Name"))


def _storage(value: Resource) -> Iterator[PartSeen]:
    for controller in objects(value.get("StorageControllers")):
        name = _called(controller, "Name", "MemberId") or told(value.get("Id"))
        yield from _part("raid", controller, name)


def _pcie(value: Resource) -> Iterator[PartSeen]:
    yield from _part("pcie", value, _called(value, "Id", "Name"))


def _power_supplies(value: Resource) -> Iterator[PartSeen]:
    yield from _part("psu", value, _called(value, "Name", "Id", "MemberId"))


def _fans(value: Resource) -> Iterator[PartSeen]:
    yield from _part("fan", value, _called(value, "Name", "FanName", "Id", "MemberId"))


_MAKERS = {
    "memory": _memory,
    "processors": _processors,
    "drives": _drives,
    "storage": _storage,
    "pcie": _pcie,
    "power_supplies": _power_supplies,
    "fans": _fans,
}
