"""Root tasks of the memory: texts move to the embedder's space, packs and inventory are kept up with."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from structlog.typing import FilteringBoundLogger

from groundcrew.contracts.knowledge import Collection
from groundcrew.diagnosis.causes import Knowledge
from groundcrew.models.embedding import MAX_BATCH
from groundcrew.runtime.inventory import InventoryView
from groundcrew.stores.coordinator.vectors import Embedded, Passage, Space
from groundcrew.stores.port import StoreUnavailable
from groundcrew.telemetry.redaction import redact_text
from groundcrew_hybrid_coordinator.memory import COLLECTIONS, Memory
from groundcrew_hybrid_coordinator.notes import Note
from groundcrew_hybrid_coordinator.surroundings import INVENTORY, PACK, Notes, of_inventory, of_packs

_AGAIN_FIRST_S, _AGAIN_MAX_S = 1.0, 60.0
_PAGE = 200


class Upkeep:
    def __init__(self, memory: Memory, log: FilteringBoundLogger) -> None:
        self._memory = memory
        self._log = log
        self.inventory = InventoryView(log)
        self._moved = asyncio.Event()

    async def move(self) -> None:
        """Embed anew what lies in another embedder's space, a batch at a time; what is moved is moved for good, so
        that whoever comes after a crash goes on where we were."""
        await self._until_done("move", self._move)
        self._moved.set()
        await asyncio.Event().wait()

    async def learn_packs(self, knowledge: Knowledge) -> None:
        """Packs change between two starts only."""
        await self._moved.wait()
        await self._until_done("packs", lambda: self._sync(PACK, of_packs(knowledge, self._memory.clock.now())))
        await asyncio.Event().wait()

    async def learn_inventory(self) -> None:
        """What the inventory lists no more is forgotten."""
        await self._moved.wait()  # what is still to be moved cannot be compared
        while True:
            await self.inventory.news.wait()
            self.inventory.news.clear()
            await self._until_done("inventory", self._learn_newest)

    async def _learn_newest(self) -> None:
        if (newest := self.inventory.newest) is not None:
            await self._sync(INVENTORY, of_inventory(newest, self._memory.clock.now()))

    async def _sync(self, prefix: str, wanted: Notes) -> None:
        """Make what is remembered under `prefix` equal to what is wanted; what did not change is not written."""
        space = await self._memory.space()
        for collection, notes in wanted.items():
            stored = await self._stored(collection, space, prefix)
            changed = [note for note in notes if stored.get(note.ref) != _fingerprint(note)]
            await self._memory.remember(collection, changed)
            for ref in sorted(stored.keys() - {note.ref for note in notes}):
                await self._memory.forget(collection, ref)

    async def _stored(self, collection: Collection, space: Space, prefix: str) -> dict[str, tuple[str, str]]:
        """Texts by ref; those that were cut are joined in no order, and count as changed."""
        found: dict[str, tuple[str, str]] = {}
        after: str | None = None
        while True:
            page = await self._memory.store.page(collection.value, space, self._memory.site, after=after, limit=_PAGE)
            for one in page.passages:
                if one.ref.startswith(prefix):
                    cut = one.ref in found
                    found[one.ref] = ("", "") if cut else (one.text, one.entity)
            after = page.after
            if after is None:
                return found

    # --- moving ------------------------------------------------------------------------------------------------------

    async def _move(self) -> None:
        memory = self._memory
        whole = await memory.store.aliases()
        if not whole:
            return
        space = await memory.space()
        for collection in (one for one in COLLECTIONS if one.value in whole):
            others = [one for one in await memory.store.spaces(collection.value) if one != space]
            for old in others:
                await self._move_all(collection, old, space)
            if others or whole[collection.value] != space:
                await memory.store.switch(collection.value, space)
            memory.moving.pop(collection.value, None)

    async def _move_all(self, collection: Collection, old: Space, new: Space) -> None:
        memory, moved = self._memory, 0
        memory.moving[collection.value] = old
        while True:
            async with memory.turn:
                page = await memory.store.page(collection.value, old, memory.site, limit=MAX_BATCH)
                if not page.passages:
                    break
                await self._move_some(collection.value, old, new, list(page.passages))
            moved += len(page.passages)
        self._log.info("embedded anew", collection=collection.value, old=str(old), new=str(new), passages=moved)

    async def _move_some(self, name: str, old: Space, new: Space, some: list[Passage]) -> None:
        """What was written anew meanwhile stays as it is."""
        store, site = self._memory.store, self._memory.site
        ids = [one.id for one in some]
        known = await store.known(name, new, site, ids)
        absent = [one for one in some if one.id not in known]
        if absent:
            vectors = await self._memory.embed([one.text for one in absent])
            points = [Embedded(one, vector) for one, vector in zip(absent, vectors, strict=True)]
            await store.upsert(name, new, points)
        await store.delete_ids(name, old, site, ids)

    async def _until_done(self, what: str, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Again and again while the store or the embedder is away; told once."""
        wait = _AGAIN_FIRST_S
        while True:
            try:
                await work()
            except StoreUnavailable as error:
                if wait == _AGAIN_FIRST_S:
                    self._log.warning("the memory cannot be kept up", what=what, reason=str(error))
                await self._memory.clock.sleep(wait)
                wait = min(_AGAIN_MAX_S, wait * 2)
            else:
                return


def _fingerprint(note: Note) -> tuple[str, str]:
    return redact_text(note.text), note.entity
