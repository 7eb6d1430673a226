"""What the site's inventory is now: the operator's file, edits over REST, hosts that report; and its revisions."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from structlog.typing import FilteringBoundLogger

from groundcrew.bus.port import BusUnavailable, KeyConflict, KeyValue, RequestFailed
from groundcrew.contracts.clock import Clock
from groundcrew.contracts.inventory import Inventory
from groundcrew.contracts.queries import EditInventory, Failure, InventoryQuery
from groundcrew_context.inventory_edits import edited, with_file, with_host, without_file
from groundcrew_context.inventory_faults import encoded, too_large
from groundcrew_context.inventory_file import InventoryError, read_inventory

__all__ = ["KEY", "InventoryBook", "InventoryError", "InventoryFile", "read_inventory"]

KEY = "current"
LOOK_S = 5.0
"""Seconds between looks at the operator's file."""

_ATTEMPTS = 8


class InventoryBook:
    """Every change is a revision in the KV bucket, which the others watch. Several processes may write."""

    def __init__(self, bucket: KeyValue, clock: Clock, log: FilteringBoundLogger, file: str = "") -> None:
        self._bucket = bucket
        self._clock = clock
        self._log = log
        self._file = file
        self.current = Inventory()

    async def open(self, listed: Inventory | None) -> None:
        """Publish what the file lists (None: there is no file), beside what others edited; nothing new makes no
        revision. Raises InventoryError where the whole is too large to be published."""

        def take_up(published: Inventory) -> Inventory:
            if listed is None:
                return without_file(published)
            merged = with_file(published, listed)
            for text in merged.dropped:
                self._log.warning("an edit gives way to the inventory file", reason=text)
            if problem := too_large(merged.inventory):
                raise InventoryError(problem)
            return merged.inventory

        await self._change(take_up, "file")

    async def observed(self, name: str) -> None:
        """A host reports; it is taken up where nobody listed it."""
        if any(entry.name == name for entry in self.current.host):
            return
        await self._change(lambda inventory: _fitting(with_host(inventory, name), inventory), "collector")

    async def inventory(self, _: InventoryQuery) -> Inventory:
        """The endpoint `inventory`."""
        return self.current

    async def edit(self, edit: EditInventory) -> Inventory:
        """The endpoint `edit-inventory`: the revision with the edit in it. Raises RequestFailed."""
        try:
            return await self._change(lambda inventory: edited(inventory, edit, file=self._file), edit.actor)
        except KeyConflict as error:
            raise RequestFailed(Failure.CONFLICT, str(error)) from None

    async def changed(self, key: str, value: bytes | None) -> None:
        """Another process published a revision."""
        if key == KEY and value is not None:
            newer = Inventory.model_validate_json(value)
            if newer.revision > self.current.revision:
                self.current = newer

    async def _change(self, change: Callable[[Inventory], Inventory], actor: str) -> Inventory:
        for _ in range(_ATTEMPTS):
            entry = await self._bucket.get(KEY)
            published = Inventory.model_validate_json(entry.value) if entry else Inventory()
            wanted = change(published)
            if entry is not None and wanted == published:
                self.current = published
                return published
            revised = wanted.model_copy(
                update={"revision": published.revision + 1, "changed_at": self._clock.now(), "changed_by": actor}
            )
            try:
                value = encoded(revised)
                await (self._bucket.update(KEY, value, entry.revision) if entry else self._bucket.create(KEY, value))
            except KeyConflict:
                continue
            self.current = revised
            return revised
        msg = f"the inventory was written by others {_ATTEMPTS} times in a row"
        raise KeyConflict(msg)


def _fitting(wanted: Inventory, otherwise: Inventory) -> Inventory:
    return otherwise if too_large(wanted) else wanted


class InventoryFile:
    """Follows the operator's file: an edit of it is taken up within seconds, a mistake in it is told and the inventory
    stands as it was."""

    def __init__(
        self, path: Path, publish: Callable[[Inventory], Awaitable[None]], clock: Clock, log: FilteringBoundLogger
    ) -> None:
        self._path = path
        self._publish = publish
        self._clock = clock
        self._log = log
        self._taken: tuple[int, int, int] | None = None
        self._problem = ""

    async def check(self) -> str:
        """A readiness check: what is followed. Raises RuntimeError with the mistake in the file."""
        if self._problem:
            raise RuntimeError(self._problem)
        return f"follows {self._path}"

    async def follow(self) -> None:
        """Root task."""
        while True:
            await self._clock.sleep(LOOK_S)
            await self.look()

    async def look(self) -> None:
        """Take the file up where it is another than at the last look."""
        stamp = await asyncio.to_thread(self._stamp)
        if stamp is not None and stamp == self._taken:
            return
        try:
            listed = await asyncio.to_thread(read_inventory, self._path)
            await self._publish(listed)
        except InventoryError as error:
            self._tell(str(error))
            self._taken = stamp
        except (BusUnavailable, KeyConflict) as error:
            self._log.warning("the inventory file waits for the bus", reason=str(error))
        else:
            self._problem, self._taken = "", stamp

    def _tell(self, problem: str) -> None:
        if problem != self._problem:
            self._log.warning("the inventory file is not taken up", reason=problem)
        self._problem = problem

    def _stamp(self) -> tuple[int, int, int] | None:
        """What changes when the file is written or replaced; None where it is not there."""
        try:
            state = self._path.stat()
        except OSError:
            return None
        return state.st_ino, state.st_size, state.st_mtime_ns
