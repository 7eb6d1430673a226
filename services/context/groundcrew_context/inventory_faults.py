"""What makes no sense in an inventory although every field is well formed."""

from collections.abc import Iterator
from dataclasses import dataclass

from groundcrew.contracts.inventory import Inventory, InventoryDependency, InventoryHost

MAX_BYTES = 900_000
"""Bytes of a revision at most: it travels as one value, and servers take messages of 1 MiB by default."""


@dataclass(frozen=True)
class Fault:
    """One sentence, and the entries that it is about ('host:name', 'bmc:name', 'dependency:entity>on')."""

    text: str
    entries: tuple[str, ...] = ()


def dependency_key(entry: InventoryDependency) -> str:
    """How a dependency is named where it is removed or told of."""
    return f"dependency:{entry.entity}>{entry.on}"


def faults_of(inventory: Inventory) -> list[Fault]:
    """All faults, in order of the entries; empty where it makes sense.

    Who depends on an entity that nobody lists is no fault: feeds, switches and racks have no entry of their own, and a
    host may be described before it is there.
    """
    return [
        *_names(inventory),
        *_bmcs_of_hosts(inventory),
        *_addresses(inventory),
        *_passwords(inventory),
        *_certificates(inventory),
        *(fault for entry in inventory.host for fault in _parts(entry)),
        *_dependencies(inventory),
    ]


def too_large(inventory: Inventory) -> str:
    """One sentence where a revision does not fit its message, else empty."""
    size = len(encoded(inventory))
    return "" if size <= MAX_BYTES else f"the inventory would have {size:,} bytes, at most {MAX_BYTES:,} are possible"


def encoded(inventory: Inventory) -> bytes:
    """A revision as it is published."""
    return inventory.model_dump_json(exclude_defaults=True).encode()


def _names(inventory: Inventory) -> Iterator[Fault]:
    for kind, names in (("host", [h.name for h in inventory.host]), ("bmc", [b.name for b in inventory.bmc])):
        for name in names:
            if not name.isprintable() or name != name.strip():
                yield Fault(
                    f"{kind} {name!r}: a name of printable characters without blanks at its ends is expected",
                    (f"{kind}:{name}",),
                )


def _bmcs_of_hosts(inventory: Inventory) -> Iterator[Fault]:
    host_of: dict[str, str] = {}
    for entry in inventory.host:
        if entry.bmc_address and not entry.bmc:
            yield Fault(f"host {entry.name!r}: bmc_address is given without bmc; name the BMC", (f"host:{entry.name}",))
        if not entry.bmc:
            continue
        other = host_of.setdefault(entry.bmc, entry.name)
        if other != entry.name:
            text = f"bmc {entry.bmc!r} is named by the hosts {other!r} and {entry.name!r}; a BMC sits in one host"
            yield Fault(text, (f"host:{other}", f"host:{entry.name}"))


def _addresses(inventory: Inventory) -> Iterator[Fault]:
    listed = {entry.name: entry for entry in inventory.bmc}
    for host in inventory.host:
        known = listed.get(host.bmc)
        if known and known.address and host.bmc_address and known.address != host.bmc_address:
            text = (
                f"bmc {host.bmc!r} has two addresses: {known.address} of its own and {host.bmc_address} as bmc_address"
                f" of host {host.name!r}"
            )
            yield Fault(text, (f"host:{host.name}", f"bmc:{host.bmc}"))
    taken: dict[str, str] = {}
    for entry in inventory.bmcs():
        other = taken.setdefault(entry.place, entry.name)
        if other != entry.name:
            port = entry.redfish_port if entry.protocol == "redfish" else entry.port
            text = f"bmc {other!r} and bmc {entry.name!r} have the same address {entry.address}:{port}"
            hosts = tuple(f"host:{h.name}" for h in inventory.host if h.bmc in (other, entry.name) and h.bmc_address)
            yield Fault(text, (f"bmc:{other}", f"bmc:{entry.name}", *hosts))


_SECRETS = (("password_file", "password_env", "password_credential"), ("kg_file", "kg_env"))


def _passwords(inventory: Inventory) -> Iterator[Fault]:
    for entry in inventory.bmc:
        for names in _SECRETS:
            given = [name for name in names if getattr(entry, name)]
            if len(given) > 1:
                text = f"bmc {entry.name!r}: {' and '.join(given)} are given; one of them is expected"
                yield Fault(text, (f"bmc:{entry.name}",))


def _certificates(inventory: Inventory) -> Iterator[Fault]:
    for entry in inventory.bmc:
        given = [name for name in ("tls_ca", "tls_fingerprint") if getattr(entry, name)]
        given += [] if entry.tls_verify else ["tls_verify = false"]
        if len(given) > 1:
            text = f"bmc {entry.name!r}: {' and '.join(given)} are given; one of them is expected"
            yield Fault(text, (f"bmc:{entry.name}",))


def _parts(entry: InventoryHost) -> Iterator[Fault]:
    seen: set[tuple[str, str]] = set()
    for part in entry.part:
        key = (part.component_class, part.locator)
        if key in seen:
            text = f"host {entry.name!r}: {part.component_class} {part.locator!r} is listed twice among its parts"
            yield Fault(text, (f"host:{entry.name}",))
        seen.add(key)


def _dependencies(inventory: Inventory) -> Iterator[Fault]:
    seen: set[tuple[str, str]] = set()
    for entry in inventory.dependency:
        if entry.entity == entry.on:
            yield Fault(f"dependency {entry.entity!r}: nothing depends on itself", (dependency_key(entry),))
        if (entry.entity, entry.on) in seen:
            yield Fault(f"dependency of {entry.entity!r} on {entry.on!r} is listed twice", (dependency_key(entry),))
        seen.add((entry.entity, entry.on))
