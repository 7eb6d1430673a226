"""How hosts, BMCs and parts hang together: which host an entity belongs to, what hosts share, when two locators name
the same part."""

import re
from collections.abc import Iterable
from enum import StrEnum

from groundcrew.contracts.identity import kind_of, name_of
from groundcrew.contracts.inventory import Inventory, InventoryHost

_SEPARATORS = re.compile(r"[\s_\-]+")
_SUPPLY = re.compile(r"^(?:power supply|psu|ps)[\s_\-]?(\d+)\b.*$")
_SCSI_DISK = re.compile(r"^((?:sd|vd|xvd|hd)[a-z]+)\d*$")
_NVME = re.compile(r"^(nvme\d+)(?:n\d+)?(?:p\d+)?$")
_GPU = re.compile(r"^gpu\s*(?=[0-9a-f]{4}:)")
_DIMM = re.compile(r"^(?:dimm|slot)[\s_\-]*(?=[a-z0-9])")
_PORT = re.compile(r"^(?:mc\d+|ata\d+(?:\.\d+)?|dm\d+|mapper/.+|\d+:\d+:\d+:\d+)$")
_GPU_BY_INDEX = re.compile(r"^gpu\d*$")
_PCI = re.compile(r"^([0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2})(?:\.[0-7])?$")


class SharedKind(StrEnum):
    """What several hosts can hang on together."""

    PDU = "pdu"
    SWITCH = "switch"
    RACK = "rack"


def part_key(component: str) -> str:
    """A locator reduced to what names the part: `/dev/sde1` and `sde`, `PS2 Status` and `Power Supply 2`,
    `DIMM A4` and `A4`, `GPU 0000:c3:00.0` and `0000:c3:00` come out equal; empty stays empty."""
    text = component.strip().lower().removeprefix("/dev/")
    if match := _SUPPLY.match(text):
        return f"psu{match.group(1)}"
    text = _DIMM.sub("", _GPU.sub("", text))
    for pattern in (_SCSI_DISK, _NVME, _PCI):
        if match := pattern.match(text):
            return match.group(1)
    return _SEPARATORS.sub("", text).removesuffix(".service")


def names_part(component: str) -> str:
    """The part key of a locator that names one part; empty for the memory controller, ATA port, SCSI address or mapped
    device that parts hang on or below, which other evidence calls by another name."""
    key = part_key(component)
    return "" if _PORT.match(key) else key


def are_two_parts(one: str, other: str) -> bool:
    """Whether two part keys surely name two parts: not where one is blank, nor where one is a GPU's index (or a GPU
    without any number) and the other an address."""
    return bool(one and other) and one != other and bool(_GPU_BY_INDEX.match(one)) is bool(_GPU_BY_INDEX.match(other))


class Topology:
    """Look-ups in one revision of the inventory. Hosts that it does not list are known by name only."""

    def __init__(self, inventory: Inventory) -> None:
        self._hosts = {entry.name: entry for entry in inventory.host}
        self._host_of_bmc = {entry.bmc: entry.name for entry in inventory.host if entry.bmc}

    def host_of(self, entity: str) -> str | None:
        """Name of the host that an observation of this entity is about; None for PDUs, switches and unknown BMCs."""
        match kind_of(entity):
            case "host":
                return name_of(entity)
            case "bmc":
                return self._host_of_bmc.get(name_of(entity))
            case _:
                return None

    def host_of_bmc(self, name: str) -> str | None:
        """The host that a BMC of this name sits in, None for any other name."""
        return self._host_of_bmc.get(name)

    def shared(self, place: str, kind: SharedKind) -> tuple[str, ...]:
        """Names of the elements of this kind that the host hangs on; of a rack, switch or site, those that all of its
        hosts hang on."""
        entry = self._hosts.get(place)
        if entry is not None:
            return tuple(name for name in _elements(entry, kind) if name)
        if kind_of(place) == kind.value:
            return (name_of(place),)
        hosts = self.hosts_of(place)
        common = set.intersection(*(set(_elements(self._hosts[name], kind)) for name in hosts)) if hosts else set()
        return tuple(sorted(common - {""}))

    def hosts_of(self, place: str) -> list[str]:
        """The hosts of a `rack:`, `switch:`, `pdu:` or `site:`, sorted; none of anything else."""
        kind, name = kind_of(place), name_of(place)
        if not name:
            return []
        if kind == "site":
            return sorted(self._hosts)
        return self.hosts_on(SharedKind(kind), name) if kind in set(SharedKind) else []

    def hosts_on(self, kind: SharedKind, element: str) -> list[str]:
        """All hosts on an element, sorted."""
        return sorted(name for name, entry in self._hosts.items() if element in _elements(entry, kind))

    def common_element(self, hosts: Iterable[str], kind: SharedKind, at_least: int) -> tuple[str, list[str]] | None:
        """The element that at least so many of these hosts share, with those hosts.

        Where several qualify, the one of which the larger share of hosts is struck wins (the feed whose other hosts
        are well is not the fault), then the one with more struck hosts, then the first by name.
        """
        struck: dict[str, set[str]] = {}
        for host in hosts:
            for element in self.shared(host, kind):
                struck.setdefault(element, set()).add(host)
        ranked = sorted(
            (-len(names) / len(self.hosts_on(kind, element)), -len(names), element)
            for element, names in struck.items()
            if len(names) >= at_least
        )
        return (ranked[0][2], sorted(struck[ranked[0][2]])) if ranked else None


def _elements(entry: InventoryHost, kind: SharedKind) -> list[str]:
    match kind:
        case SharedKind.PDU:
            return entry.pdu
        case SharedKind.SWITCH:
            return [entry.switch]
        case SharedKind.RACK:
            return [entry.rack]
