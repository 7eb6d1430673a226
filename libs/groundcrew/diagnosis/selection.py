"""Which devices a report is about: hosts by name or by what they hang on, and the BMCs that sit in them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from groundcrew.contracts.identity import bmc, host, kind_of, name_of
from groundcrew.contracts.incidents import Incident
from groundcrew.contracts.inventory import Inventory, InventoryHost

KINDS = ("host", "bmc", "rack", "role", "pdu", "switch")


class UnknownDevice(ValueError):
    """A selection names something that there is not."""


@dataclass(frozen=True)
class Selection:
    """`hosts` are names, sorted; `entities` what events of them are told of. `all` covers what nobody listed."""

    hosts: tuple[str, ...]
    entities: frozenset[str]
    all: bool
    told: str
    """In words, for a title."""

    def covers(self, entity: str) -> bool:
        return self.all or entity in self.entities

    def concerns(self, incident: Incident) -> bool:
        return (
            self.all or incident.entity in self.entities or any(host(name) in self.entities for name in incident.hosts)
        )


def select(devices: Sequence[str], inventory: Inventory, known: Iterable[str]) -> Selection:
    """`known` are names of hosts that reported, listed or not. Raises UnknownDevice, which says what was expected."""
    listed = {entry.name: entry for entry in inventory.host}
    names = sorted({*listed, *known})
    if not devices or "all" in devices:
        entities = {host(name) for name in names} | {bmc(entry.bmc) for entry in inventory.host if entry.bmc}
        entities |= {bmc(entry.name) for entry in inventory.bmc}
        return Selection(tuple(names), frozenset(entities), True, "all devices")
    chosen: set[str] = set()
    entities = set()
    for device in devices:
        found, shared = _chosen(device, names, listed)
        if not found:
            kinds = ", ".join(f"{kind}:" for kind in KINDS)
            msg = f"{device[:80]!r} names nothing that is known: expected a host's name, or {kinds} with a name"
            raise UnknownDevice(msg)
        chosen |= set(found)
        entities |= shared
    entities |= {host(name) for name in chosen}
    entities |= {bmc(listed[name].bmc) for name in chosen if name in listed and listed[name].bmc}
    told = ", ".join(devices[:4]) + (f" and {len(devices) - 4} more" if len(devices) > 4 else "")
    return Selection(tuple(sorted(chosen)), frozenset(entities), False, told)


def _chosen(device: str, names: Sequence[str], listed: dict[str, InventoryHost]) -> tuple[list[str], set[str]]:
    """Names of hosts, and the entities of what they were chosen by."""
    kind, wanted = kind_of(device), name_of(device)
    if not wanted or kind not in KINDS:
        kind, wanted = "host", device
    if kind == "host":
        return [name for name in names if fnmatchcase(name, wanted)], set()
    found, shared = [], set()
    for name, entry in sorted(listed.items()):
        hit = [value for value in _places(entry, kind) if value and fnmatchcase(value, wanted)]
        if hit:
            found.append(name)
            shared |= {f"{kind}:{value}" for value in hit if kind != "role"}
    return found, shared


def _places(entry: InventoryHost, kind: str) -> list[str]:
    match kind:
        case "bmc":
            return [entry.bmc]
        case "rack":
            return [entry.rack]
        case "role":
            return [entry.role]
        case "pdu":
            return entry.pdu
        case _:
            return [entry.switch]
