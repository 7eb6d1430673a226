"""The site's inventory: the operator's file, hosts that report without being listed, and the published revisions."""

import tomllib
from collections.abc import Callable
from pathlib import Path

from pydantic import ValidationError

from groundcrew.bus.port import KeyConflict, KeyValue
from groundcrew.contracts.inventory import Inventory, InventoryHost

KEY = "current"
MAX_HOSTS = 5_000
"""Hosts that are taken up by what they report; beyond that only the operator's file adds hosts."""

_ATTEMPTS = 5


class InventoryError(ValueError):
    """The inventory file cannot be used; the text names file, entry and what was expected."""


def read_inventory(path: Path) -> Inventory:
    """The operator's file. Raises InventoryError in one line."""
    try:
        raw = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        msg = f"expected a readable inventory file: {error}"
        raise InventoryError(msg) from None
    except tomllib.TOMLDecodeError as error:
        msg = f"expected TOML with [[host]] tables: {path}: {error}"
        raise InventoryError(msg) from None
    try:
        return Inventory.model_validate(raw)
    except ValidationError as error:
        first = error.errors()[0]
        msg = (
            f"expected an inventory: {path}: {_place(first['loc'], raw)}: {first['msg'].removeprefix('Value error, ')}"
        )
        raise InventoryError(msg) from None


class InventoryBook:
    """What the site's inventory is now. Every change is a revision in the KV bucket, which the others watch."""

    def __init__(self, bucket: KeyValue, listed: Inventory | None) -> None:
        self._bucket = bucket
        self._listed = listed
        self.current = Inventory()

    async def open(self) -> None:
        """Publish the file's hosts, and keep those that reported before; nothing new makes no revision.

        Without a file the published inventory stands.
        """
        await self._change(self._with_listed)

    async def observed(self, name: str) -> None:
        """A host reports; it is taken up where nobody listed it."""
        if any(entry.name == name for entry in self.current.host):
            return
        await self._change(lambda inventory: _with_host(inventory, name))

    async def changed(self, key: str, value: bytes | None) -> None:
        """Another process published a revision."""
        if key == KEY and value is not None:
            newer = Inventory.model_validate_json(value)
            if newer.revision > self.current.revision:
                self.current = newer

    def _with_listed(self, published: Inventory) -> Inventory:
        if self._listed is None:
            return published
        names = {entry.name for entry in self._listed.host}
        # A host that once was listed and is not any more stays, without its places: what it reports goes on.
        others = [InventoryHost(name=entry.name) for entry in published.host if entry.name not in names]
        return Inventory(revision=published.revision, host=[*self._listed.host, *others])

    async def _change(self, edit: Callable[[Inventory], Inventory]) -> None:
        for _ in range(_ATTEMPTS):
            entry = await self._bucket.get(KEY)
            published = Inventory.model_validate_json(entry.value) if entry else Inventory()
            wanted = edit(published)
            if entry is not None and wanted.host == published.host:
                self.current = published
                return
            revised = wanted.model_copy(update={"revision": published.revision + 1})
            try:
                value = revised.model_dump_json(exclude_defaults=True).encode()
                await (self._bucket.update(KEY, value, entry.revision) if entry else self._bucket.create(KEY, value))
            except KeyConflict:
                continue
            self.current = revised
            return
        msg = f"the inventory was written by others {_ATTEMPTS} times in a row"
        raise KeyConflict(msg)


def _with_host(inventory: Inventory, name: str) -> Inventory:
    if len(inventory.host) >= MAX_HOSTS or any(entry.name == name for entry in inventory.host):
        return inventory
    return inventory.model_copy(update={"host": [*inventory.host, InventoryHost(name=name)]})


def _place(loc: tuple[int | str, ...], raw: dict[str, object]) -> str:
    hosts = raw.get("host")
    if len(loc) >= 2 and loc[0] == "host" and isinstance(loc[1], int) and isinstance(hosts, list):
        entry = hosts[loc[1]]
        name = entry.get("name") if isinstance(entry, dict) else None
        rest = "".join(f", {part}" for part in loc[2:])
        return f"host {name!r}{rest}" if name else f"host number {loc[1] + 1}{rest}"
    return ".".join(str(part) for part in loc) or "inventory"
