"""Who a name or an address in another tool's message means: an entity of the inventory, else a host of that name."""

from collections.abc import Iterable
from ipaddress import ip_address

from groundcrew.contracts.identity import bmc, host
from groundcrew.contracts.inventory import Inventory

MAX_NAME = 240
"""Characters of a name that is nobody's in the inventory; what is longer is cut."""


class Senders:
    """Looks names and addresses up in one revision of the inventory."""

    def __init__(self, inventory: Inventory | None) -> None:
        self._entities: dict[str, str] = {}
        if inventory is not None:
            for name, entity in _known(inventory):
                self._entities.setdefault(_plain(name), entity)

    def entity_of(self, *names: str) -> str | None:
        """The entity of the first of these names or addresses (a port may follow) that the inventory knows; else a
        host of the first that is one at all; None where none is."""
        spoken = [name for name in (without_port(name) for name in names) if name]
        known = next(filter(None, map(self._find, spoken)), None)
        if known is not None:
            return known
        return host(spoken[0][:MAX_NAME]) if spoken else None

    def knows(self, name: str) -> bool:
        """Whether the inventory lists this name or address."""
        return self._find(without_port(name)) is not None

    def _find(self, name: str) -> str | None:
        name = _plain(name)
        found = self._entities.get(name)
        if found is None and not _is_address(name):  # listed by its short name
            found = self._entities.get(name.partition(".")[0])
        return found


def _known(inventory: Inventory) -> Iterable[tuple[str, str]]:
    """Names before addresses, hosts before what they hang on; the first of a name wins."""
    for entry in inventory.host:
        yield entry.name, host(entry.name)
    for found in inventory.bmc:
        yield found.name, bmc(found.name)
    for entry in inventory.host:
        if entry.bmc:
            yield entry.bmc, bmc(entry.bmc)
        if entry.switch:
            yield entry.switch, f"switch:{entry.switch}"
        for feed in entry.pdu:
            yield feed, f"pdu:{feed}"
    for entry in inventory.host:
        if entry.address:
            yield entry.address, host(entry.name)
    for found in inventory.bmcs():
        yield found.address, bmc(found.name)


def without_port(name: str) -> str:
    """`n1` of `n1:9100`, `10.0.0.5` of `10.0.0.5:9100`, `fe80::1` of `[fe80::1]:9100`; other text as it is."""
    name = name.strip()
    if name.startswith("[") and "]" in name:
        return name[1 : name.index("]")]
    head, colon, port = name.rpartition(":")
    return head if colon and ":" not in head and port.isascii() and port.isdigit() else name


def _plain(name: str) -> str:
    return name.strip().casefold()


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
