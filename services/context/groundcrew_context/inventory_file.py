"""The operator's inventory: `inventory.toml`, or a CSV file of hosts or BMCs. A mistake is one line that names it."""

import csv
import io
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from groundcrew.contracts.inventory import Inventory, InventoryBmc
from groundcrew_context.inventory_faults import faults_of, too_large

MAX_FILE_BYTES = 8 * 1024 * 1024
CSV_COLUMNS = (
    "name", "address", "bmc", "bmc_address", "bmc_protocol", "vendor", "model", "serial", "rack", "unit", "pdu",
    "switch", "gpus", "role",
)  # fmt: skip
"""Columns of a CSV file of hosts: the keys of [[host]]. Several feeds in `pdu` are separated by ';'."""

BMC_COLUMNS = tuple(name for name in InventoryBmc.model_fields if name != "origin")
"""Columns of a CSV file of BMCs: the keys of [[bmc]]. One that no host has, such as `protocol`, says that it is one."""

_OURS = ("revision", "changed_at", "changed_by")


class InventoryError(ValueError):
    """The inventory file cannot be used; the text names file, entry and what was expected."""


def read_inventory(path: Path) -> Inventory:
    """The operator's `inventory.toml`. Raises InventoryError in one line."""
    try:
        raw = tomllib.loads(_text(path))
    except tomllib.TOMLDecodeError as error:
        msg = f"expected TOML with [[host]], [[bmc]] and [[dependency]] tables: {path}: {error}"
        raise InventoryError(msg) from None
    for key in _OURS:
        if key in raw:
            msg = f"{path}: {key}: it is written by Groundcrew; leave it out"
            raise InventoryError(msg)
    for kind in ("host", "bmc", "dependency"):
        for number, entry in enumerate(_tables(raw.get(kind)), 1):
            if "origin" in entry:
                name = repr(entry["name"]) if "name" in entry else f"number {number}"
                msg = f"{path}: {kind} {name}, origin: it is written by Groundcrew; leave it out"
                raise InventoryError(msg)
    return _sensible(path, _validated(path, raw))


def read_csv(path: Path) -> Inventory:
    """Hosts or BMCs of a CSV file with a heading; columns as in CSV_COLUMNS or BMC_COLUMNS. Raises InventoryError in
    one line."""
    reader = csv.DictReader(io.StringIO(_text(path).removeprefix("\ufeff")), strict=True)
    try:
        kind, known = _kind_of(reader.fieldnames or ())
        unknown = [name for name in reader.fieldnames or () if name not in known]
        if not reader.fieldnames or "name" not in reader.fieldnames or unknown:
            wrong = f"there is no column {unknown[0]!r}" if unknown else "the heading has no column 'name'"
            msg = f"{path}: {wrong}; expected a heading of {', '.join(known)}"
            raise InventoryError(msg)
        rows = [_entry_of(path, reader.line_num, row) for row in reader]
    except csv.Error as error:
        msg = f"{path}: line {reader.line_num}: {error}"
        raise InventoryError(msg) from None
    return _sensible(path, _validated(path, {kind: rows}))


def _kind_of(heading: Iterable[str]) -> tuple[str, tuple[str, ...]]:
    of_bmcs = set(heading) & (set(BMC_COLUMNS) - set(CSV_COLUMNS))
    return ("bmc", BMC_COLUMNS) if of_bmcs else ("host", CSV_COLUMNS)


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
        if len(data) > MAX_FILE_BYTES:
            msg = f"expected an inventory file of at most {MAX_FILE_BYTES:,} bytes: {path}"
            raise InventoryError(msg)
        return data.decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        msg = f"expected a readable inventory file: {path}: {reason}"
        raise InventoryError(msg) from None


def _entry_of(path: Path, line: int, row: dict[str | None, Any]) -> dict[str, Any]:
    if None in row:
        msg = f"{path}: line {line}: it has more fields than the heading"
        raise InventoryError(msg)
    entry: dict[str, Any] = {key: value.strip() for key, value in row.items() if key and value and value.strip()}
    if "pdu" in entry:
        entry["pdu"] = [feed.strip() for feed in entry["pdu"].split(";") if feed.strip()]
    if not entry.get("name"):
        msg = f"{path}: line {line}, name: it is empty"
        raise InventoryError(msg)
    if "gpus" in entry and not entry["gpus"].isdecimal():
        msg = f"{path}: line {line}, gpus: expected a number, not {entry['gpus'][:40]!r}"
        raise InventoryError(msg)
    return entry


def _validated(path: Path, raw: dict[str, Any]) -> Inventory:
    try:
        return Inventory.model_validate(raw)
    except ValidationError as error:
        first = error.errors()[0]
        said = first["msg"].removeprefix("Value error, ")
        msg = f"expected an inventory: {path}: {_place(first['loc'], raw)}: {said}"
        raise InventoryError(msg) from None


def _sensible(path: Path, inventory: Inventory) -> Inventory:
    problem = next((fault.text for fault in faults_of(inventory)), "") or too_large(inventory)
    if problem:
        msg = f"{path}: {problem}"
        raise InventoryError(msg)
    return inventory


def _tables(value: object) -> Iterable[dict[str, Any]]:
    return (entry for entry in value if isinstance(entry, dict)) if isinstance(value, list) else ()


def _place(loc: tuple[int | str, ...], raw: dict[str, Any]) -> str:
    """`host 'n1', gpus` rather than `host.0.gpus`."""
    entries = raw.get(str(loc[0])) if loc else None
    if len(loc) >= 2 and isinstance(loc[1], int) and isinstance(entries, list):
        entry = entries[loc[1]]
        name = (entry.get("name") or entry.get("entity")) if isinstance(entry, dict) else None
        rest = "".join(f", {part}" for part in loc[2:])
        return f"{loc[0]} {name!r}{rest}" if name else f"{loc[0]} number {loc[1] + 1}{rest}"
    return ".".join(str(part) for part in loc) or "inventory"
