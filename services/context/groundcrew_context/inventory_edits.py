"""How one revision of the inventory becomes the next. Pure: the book writes what comes out.

The operator's file is authoritative for what it lists. What was edited over REST stands beside it, and hosts that
report without being listed are taken up as observed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from groundcrew.bus.port import RequestFailed
from groundcrew.contracts.inventory import Inventory, InventoryBmc, InventoryDependency, InventoryHost, Origin
from groundcrew.contracts.queries import EditInventory, Failure
from groundcrew_context.inventory_faults import dependency_key, faults_of, too_large

Entry = InventoryHost | InventoryBmc | InventoryDependency
E = TypeVar("E", InventoryHost, InventoryBmc, InventoryDependency)

MAX_HOSTS = 5_000
"""Hosts that are taken up by what they report; beyond that only the operator's file adds hosts."""


def key_of(entry: Entry) -> str:
    """'host:name', 'bmc:name' or 'dependency:entity>on'."""
    if isinstance(entry, InventoryDependency):
        return dependency_key(entry)
    return f"{'host' if isinstance(entry, InventoryHost) else 'bmc'}:{entry.name}"


def with_host(inventory: Inventory, name: str) -> Inventory:
    """A host that reports and that nobody listed."""
    if len(inventory.host) >= MAX_HOSTS or any(entry.name == name for entry in inventory.host):
        return inventory
    return inventory.model_copy(update={"host": [*inventory.host, _observed(name)]})


def without_file(published: Inventory) -> Inventory:
    """No file is configured: what is published stands. Revisions of old did not mark who was only observed."""
    hosts = [_observed(entry.name) if entry == InventoryHost(name=entry.name) else entry for entry in published.host]
    return published.model_copy(update={"host": hosts})


@dataclass(frozen=True)
class Merged:
    inventory: Inventory
    dropped: list[str]
    """Sentences: entries over REST that the file does not go together with."""


def with_file(published: Inventory, listed: Inventory) -> Merged:
    """The file's entries, then what others made beside it.

    A host that the file once listed and does not any more stays by name, without its places: what it reports goes on.
    An entry over REST that contradicts the file gives way.
    """
    hosts = [_of_file(entry) for entry in listed.host]
    names = {entry.name for entry in hosts}
    others = (entry for entry in published.host if entry.name not in names)
    hosts += [_observed(entry.name) if entry.origin is Origin.FILE else entry for entry in others]
    merged = published.model_copy(
        update={
            "host": hosts,
            "bmc": _beside(listed.bmc, published.bmc),
            "dependency": _beside(listed.dependency, published.dependency),
        }
    )
    dropped: list[str] = []
    while faults := [fault for fault in faults_of(merged) if _edited(merged, fault.entries)]:
        dropped.append(faults[0].text)
        merged = _less(merged, _edited(merged, faults[0].entries))
    return Merged(merged, dropped)


def _beside(listed: Sequence[E], published: Sequence[E]) -> list[E]:
    keys = {key_of(entry) for entry in listed}
    beside = [_of_file(entry) for entry in listed]
    beside += [one for one in published if one.origin is not Origin.FILE and key_of(one) not in keys]
    return beside


def _of_file(entry: E) -> E:
    return entry if entry.origin is Origin.FILE else entry.model_copy(update={"origin": Origin.FILE})


def _observed(name: str) -> InventoryHost:
    return InventoryHost(name=name, origin=Origin.OBSERVED)


def _edited(inventory: Inventory, keys: Sequence[str]) -> set[str]:
    return {key_of(one) for one in _entries(inventory) if one.origin is not Origin.FILE} & set(keys)


def _less(inventory: Inventory, keys: set[str]) -> Inventory:
    """Without these entries; a host stays by name."""
    hosts = [_observed(one.name) if key_of(one) in keys else one for one in inventory.host]
    return inventory.model_copy(
        update={
            "host": hosts,
            "bmc": [one for one in inventory.bmc if key_of(one) not in keys],
            "dependency": [one for one in inventory.dependency if key_of(one) not in keys],
        }
    )


def edited(published: Inventory, edit: EditInventory, *, file: str) -> Inventory:
    """`published` as the edit wants it. `file` is the path of the operator's file, empty where there is none.

    Raises RequestFailed: CONFLICT where it was made for another revision or touches an entry of the file, NOT_FOUND
    where something to be removed is not there, INVALID where the result would make no sense.
    """
    if edit.revision is not None and edit.revision != published.revision:
        reason = f"the inventory is at revision {published.revision} now, not {edit.revision}: read it again"
        raise RequestFailed(Failure.CONFLICT, reason)
    hosts = {key_of(one): one for one in published.host}
    bmcs = {key_of(one): one for one in published.bmc}
    dependencies = {key_of(one): one for one in published.dependency}
    _remove(hosts, edit.remove, file)
    _remove(bmcs, edit.remove, file)
    _remove(dependencies, edit.remove, file)
    known = {key_of(one) for one in _entries(published)}
    unknown = next((key for key in edit.remove if key not in known), None)
    if unknown is not None:
        raise RequestFailed(Failure.NOT_FOUND, f"the inventory has no {unknown[:300]!r}")
    _put(hosts, edit.host, file)
    _put(bmcs, edit.bmc, file)
    _put(dependencies, edit.dependency, file)
    wanted = published.model_copy(
        update={"host": [*hosts.values()], "bmc": [*bmcs.values()], "dependency": [*dependencies.values()]}
    )
    problem = next((fault.text for fault in faults_of(wanted)), "") or too_large(wanted)
    if problem:
        raise RequestFailed(Failure.INVALID, problem)
    return wanted


def _entries(inventory: Inventory) -> list[Entry]:
    return [*inventory.host, *inventory.bmc, *inventory.dependency]


def _put(table: dict[str, E], entries: Sequence[E], file: str) -> None:
    for entry in entries:
        key, known = key_of(entry), table.get(key_of(entry))
        wanted = entry.model_copy(update={"origin": Origin.REST})
        if known is not None and wanted == known.model_copy(update={"origin": Origin.REST}):
            continue  # as it is already, whoever said so
        _refuse_of_file(known, key, file)
        table[key] = wanted


def _remove(table: dict[str, E], keys: Sequence[str], file: str) -> None:
    for key in keys:
        if key in table:
            _refuse_of_file(table[key], key, file)
            del table[key]


def _refuse_of_file(entry: Entry | None, key: str, file: str) -> None:
    if file and entry is not None and entry.origin is Origin.FILE:
        kind, _, name = key.partition(":")
        reason = f"{kind} {name!r} is listed in the operator's file {file}: edit it there"
        raise RequestFailed(Failure.CONFLICT, reason)
