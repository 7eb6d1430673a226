"""`groundcrew inventory`: what is listed, whether a file makes sense, and taking a file in over REST."""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

from groundcrew.contracts.inventory import Inventory, InventoryBmc, InventoryDependency, InventoryHost, Origin
from groundcrew_cli.connection import Gateway
from groundcrew_cli.errors import USAGE, CliError
from groundcrew_cli.terminal import ago, clip, command, count, paint, plain, progress, say, say_json, wrapped

PORTION_BYTES = 48_000
"""Bytes of one request at most: gateways take 64 KiB by default."""

_PORTION_ENTRIES = 500
Named = TypeVar("Named", InventoryHost, InventoryBmc)
_FROM = {Origin.FILE: "file", Origin.REST: "REST", Origin.OBSERVED: "observed"}


def show(gateway: Gateway, *, as_json: bool, now: datetime) -> None:
    inventory = gateway.get(Inventory, "inventory")
    if as_json:
        say_json(inventory.model_dump(mode="json"))
        return
    said = f"revision {inventory.revision}"
    if inventory.changed_at:
        said += f", by {plain(inventory.changed_by)} {ago(inventory.changed_at, now)} ago"
    say(f"{_counted(inventory)}    {said}")
    if not inventory.host and not inventory.bmc:
        say()
        say("Nothing is listed and no host has reported.")
        say(f"Take a list in with: {command('inventory import FILE')}{gateway.site_option}")
        return
    racks: dict[str, list[InventoryHost]] = {}
    for host in inventory.host:
        racks.setdefault(host.rack, []).append(host)
    for rack in sorted(racks, key=lambda name: (not name, _natural(name))):
        say()
        say(paint(f"rack {plain(rack)}" if rack else "no rack given", "bold"))
        for host in racks[rack]:
            _show_host(host)
    _show_bmcs(inventory)
    if inventory.dependency:
        say()
        say(paint("dependencies", "bold"))
        for need in inventory.dependency:
            say(f"  {plain(need.entity)} needs {plain(need.on)} for its {need.kind}  {_origin(need)}")


def _natural(text: str) -> list[tuple[int, str]]:
    """Sorts r2 before r10."""
    return [(int(part[:18]), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", text)]


def _show_host(host: InventoryHost) -> None:
    say(f"  {plain(host.unit) or '-':<4} {clip(plain(host.name), 40):<24} {_origin(host)}")
    model = " ".join(filter(None, (host.vendor, host.model)))
    facts = [model, host.role, host.address, count(host.gpus, "GPU") if host.gpus else ""]
    facts += [count(len(host.part), "part") if host.part else "", f"bmc {host.bmc}" if host.bmc else ""]
    feeds = ", ".join(host.pdu)
    facts += [f"feeds {feeds}" if feeds else "", f"switch {host.switch}" if host.switch else ""]
    if told := " · ".join(plain(fact) for fact in facts if fact):
        say(wrapped(told, " " * 7, " " * 9))


def _show_bmcs(inventory: Inventory) -> None:
    if not inventory.bmc:
        return
    say()
    say(paint("BMCs", "bold"))
    reached = {entry.name: entry.address for entry in inventory.bmcs()}
    for bmc in inventory.bmc:
        address = f"{reached[bmc.name]}:{bmc.port}" if bmc.name in reached else "no address"
        host = inventory.host_of_bmc(bmc.name)
        sits = f"in {plain(host)}" if host else "no host names it"
        say(f"  {clip(plain(bmc.name), 40):<24} {plain(address)}  {sits}  {_origin(bmc)}")


def _origin(entry: InventoryHost | InventoryBmc | InventoryDependency) -> str:
    return paint(_FROM[entry.origin], "dim")


def _counted(inventory: Inventory) -> str:
    needs = count(len(inventory.dependency), "dependency", "dependencies")
    return f"{count(len(inventory.host), 'host')}, {count(len(inventory.bmc), 'BMC')}, {needs}"


def check(file: Path, *, as_json: bool) -> None:
    """Raises CliError where the file cannot be used."""
    try:
        inventory = _read(file)
    except CliError as error:
        if as_json:
            say_json({"ok": False, "problem": str(error)})
        raise
    counts = {"hosts": len(inventory.host), "bmcs": len(inventory.bmc), "dependencies": len(inventory.dependency)}
    if as_json:
        say_json({"ok": True} | counts)
    else:
        say(f"{plain(str(file))} is valid: {_counted(inventory)}.")


def _read(file: Path) -> Inventory:
    from groundcrew_context.inventory_file import InventoryError, read_csv, read_inventory

    try:
        return read_csv(file) if _is_csv(file) else read_inventory(file)
    except InventoryError as error:
        raise CliError(plain(str(error)), USAGE) from None


def _is_csv(file: Path) -> bool:
    return file.suffix.lower() == ".csv"


def _laid_over(wanted: Inventory, known: Inventory) -> Inventory:
    """What the rows say, over what was known of their hosts and BMCs."""
    hosts, bmcs = _rows_over(wanted.host, known.host), _rows_over(wanted.bmc, known.bmc)
    return wanted.model_copy(update={"host": hosts, "bmc": bmcs})


def _rows_over(rows: Sequence[Named], known: Sequence[Named]) -> list[Named]:
    there = {one.name: one for one in known}
    made = []
    for row in rows:
        told = {name: getattr(row, name) for name in row.model_fields_set}
        made.append(there[row.name].model_copy(update=told) if row.name in there else row)
    return made


def take_in(gateway: Gateway, file: Path, *, dry_run: bool, as_json: bool) -> None:
    """Add what the file lists, or replace it by name; what it does not list stays. A CSV file changes only the columns
    that it has: parts of a known host stay, too. Raises CliError.

    More than one request holds goes in several, each for the revision that the one before made: where somebody else
    edits in between it stops, and can be begun again.
    """
    wanted, known = _read(file), gateway.get(Inventory, "inventory")
    if _is_csv(file):
        wanted = _laid_over(wanted, known)
    new, changed, same = _compared(wanted, known)
    counts = {"added": len(new), "changed": len(changed), "unchanged": same}
    revision = known.revision if dry_run else add(gateway, [*new, *changed], known.revision)
    if as_json:
        say_json(counts | {"revision": revision, "dry_run": dry_run})
        return
    told = ", ".join(f"{number} {what}" for what, number in counts.items())
    say(f"{told}{'; nothing was sent' if dry_run else f'; revision {revision}'}")
    if dry_run:
        for mark, entries in (("+", new), ("~", changed)):
            for entry in entries:
                say(f"  {mark} {plain(_key(entry))}")


Entry = InventoryHost | InventoryBmc | InventoryDependency


def add(gateway: Gateway, entries: Sequence[Entry], revision: int) -> int:
    """Sends entries, for this revision and those that it makes of it; the last one. Raises CliError."""
    if not entries:
        return revision
    with progress(f"taking in {count(len(entries), 'entry', 'entries')} ..."):
        for portion in _portions(entries):
            made = gateway.patch(Inventory, "inventory", portion, if_match=f'"{revision}"')
            revision = made.revision
    return revision


def _compared(wanted: Inventory, known: Inventory) -> tuple[list[Entry], list[Entry], int]:
    """Entries that are new, those that differ, and how many are so already."""
    there = {_key(entry): _without_origin(entry) for entry in _entries(known)}
    new: list[Entry] = []
    changed: list[Entry] = []
    same = 0
    for entry in _entries(wanted):
        before = there.get(_key(entry))
        if before is None:
            new.append(entry)
        elif before != _without_origin(entry):
            changed.append(entry)
        else:
            same += 1
    return new, changed, same


def _entries(inventory: Inventory) -> Iterator[Entry]:
    """Hosts first, then their BMCs: each portion makes sense by itself."""
    yield from inventory.host
    yield from inventory.bmc
    yield from inventory.dependency


def _key(entry: Entry) -> str:
    if isinstance(entry, InventoryDependency):
        return f"dependency:{entry.entity}>{entry.on}"
    return f"{'host' if isinstance(entry, InventoryHost) else 'bmc'}:{entry.name}"


def _without_origin(entry: BaseModel) -> dict[str, object]:
    return entry.model_dump(exclude={"origin"})


def _portions(entries: Iterable[Entry]) -> Iterator[dict[str, object]]:
    """Bodies of requests, each below the bound."""
    portion: dict[str, list[object]] = {}
    size = number = 0
    for entry in entries:
        body = entry.model_dump(mode="json", exclude_defaults=True)
        length = len(entry.model_dump_json(exclude_defaults=True).encode()) + 2
        if portion and (size + length > PORTION_BYTES or number == _PORTION_ENTRIES):
            yield dict(portion)
            portion, size, number = {}, 0, 0
        portion.setdefault(_key(entry).partition(":")[0], []).append(body)
        size, number = size + length, number + 1
    if portion:
        yield dict(portion)
