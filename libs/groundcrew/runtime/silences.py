"""The site's silences as context publishes them, and whom they are about by the inventory."""

from collections.abc import Callable, Sequence

from pydantic import ValidationError
from structlog.typing import FilteringBoundLogger

from groundcrew.contracts.clock import to_us
from groundcrew.contracts.identity import kind_of, name_of
from groundcrew.contracts.inventory import Inventory, InventoryHost
from groundcrew.contracts.silences import KEY, Silence, SilenceBook
from groundcrew.diagnosis.silencing import Silenced
from groundcrew.runtime.inventory import InventoryView


class SilencesView:
    """Says what silence covers a trigger. `changed` is for `KeyValue.watch`; after a change `told` is called."""

    def __init__(self, inventory: InventoryView, log: FilteringBoundLogger) -> None:
        self._inventory = inventory
        self._log = log
        self._book = SilenceBook()
        self._bounds: list[tuple[int, int, Silence]] = []
        self._hosts: tuple[Inventory | None, dict[str, InventoryHost]] = (None, {})
        self.told: Callable[[], None] = lambda: None

    async def changed(self, key: str, value: bytes | None) -> None:
        """A revision that cannot be read is logged, and the one before stands."""
        if key != KEY or value is None:
            return
        try:
            book = SilenceBook.model_validate_json(value)
        except ValidationError as error:
            self._log.warning("the silences cannot be read", error=str(error.errors()[0]["msg"]))
            return
        if book.revision >= self._book.revision:
            self._book = book
            self._bounds = [(to_us(each.starts_at), to_us(each.ends_at), each) for each in book.silence]
            self.told()

    def silenced(self, entity: str, rule_id: str, causes: Sequence[str], when: int) -> Silenced | None:
        """The silence in force at event time `when` that holds longest; None where there is none."""
        found = [
            (until, each)
            for since, until, each in self._bounds
            if since <= when < until and each.covers(rule_id, tuple(causes)) and self._about(each, entity)
        ]
        until, longest = max(found, key=lambda one: (one[0], one[1].id), default=(0, None))
        return Silenced(longest.label, until) if longest is not None else None

    def _about(self, silence: Silence, entity: str) -> bool:
        entry = self._by_entity().get(entity)
        if entry is None:
            return silence.aims_at(entity, name_of(entity) if kind_of(entity) == "host" else "", "", "")
        return silence.aims_at(entity, entry.name, entry.role, entry.rack)

    def _by_entity(self) -> dict[str, InventoryHost]:
        newest = self._inventory.newest
        if self._hosts[0] is not newest:
            listed = newest.host if newest is not None else []
            by_entity = {f"host:{one.name}": one for one in listed}
            self._hosts = (newest, by_entity | {f"bmc:{one.bmc}": one for one in listed if one.bmc})
        return self._hosts[1]
