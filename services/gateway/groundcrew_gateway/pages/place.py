"""Where a host is and what it hangs on, out of the inventory: its place, what it shares with whom, what it needs."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from groundcrew.contracts.identity import host as host_entity
from groundcrew.contracts.inventory import Inventory, InventoryBmc, InventoryDependency, InventoryHost

ORIGINS = {
    "file": "the operator's file",
    "rest": "edited over REST",
    "observed": "reports by itself, listed by nobody",
}
_DIGITS = re.compile(r"(\d+)")


@dataclass(frozen=True)
class Shared:
    """Something that the host hangs on, and who else does."""

    kind: str
    name: str
    others: list[str]


@dataclass(frozen=True)
class Place:
    """What the inventory says of one host; `entry` is None where it says nothing."""

    entry: InventoryHost | None
    bmc: InventoryBmc | None
    shared: list[Shared]
    needs: list[InventoryDependency]
    needed_by: list[InventoryDependency]


def place_of(inventory: Inventory, name: str) -> Place:
    entry = next((one for one in inventory.host if one.name == name), None)
    entity = host_entity(name)
    elements: list[tuple[str, str]] = []
    if entry is not None:
        elements = [("feed", feed) for feed in entry.pdu] + [("switch", entry.switch), ("rack", entry.rack)]
    bmcs = {one.name: one for one in (*inventory.bmc, *inventory.bmcs())}
    return Place(
        entry=entry,
        bmc=bmcs.get(entry.bmc) if entry is not None else None,
        shared=[
            Shared(kind, element, _others(inventory, kind, element, name)) for kind, element in elements if element
        ],
        needs=[one for one in inventory.dependency if one.entity == entity],
        needed_by=[one for one in inventory.dependency if one.on == entity],
    )


def _others(inventory: Inventory, kind: str, element: str, name: str) -> list[str]:
    def hangs_on(entry: InventoryHost) -> bool:
        if kind == "feed":
            return element in entry.pdu
        return element == (entry.switch if kind == "switch" else entry.rack)

    return sorted((one.name for one in inventory.host if one.name != name and hangs_on(one)), key=natural)


@dataclass(frozen=True)
class Rack:
    """Hosts of one rack from its top down; `name` is empty for those of which nobody said where they are."""

    name: str
    hosts: list[InventoryHost]


def racks_of(hosts: Sequence[InventoryHost]) -> list[Rack]:
    """By name as people count, those without a rack last."""
    by_rack: dict[str, list[InventoryHost]] = {}
    for entry in hosts:
        by_rack.setdefault(entry.rack, []).append(entry)
    racks = []
    for name in sorted(by_rack, key=lambda rack: (not rack, natural(rack))):
        placed = sorted(by_rack[name], key=lambda one: natural(one.name))
        racks.append(Rack(name, sorted(placed, key=lambda one: -_unit(one.unit))))
    return racks


def _unit(text: str) -> int:
    """12 of 'U12'; hosts without a unit come last."""
    found = _DIGITS.search(text)
    return int(found.group()[:6]) if found else -1


def natural(text: str) -> list[tuple[int, str]]:
    """Sorts r2 before r10."""
    return [(int(part[:18]), "") if part.isdecimal() else (-1, part) for part in _DIGITS.split(text.lower())]
