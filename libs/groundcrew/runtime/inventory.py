"""The site's inventory as context publishes it, for services that need to know what hangs together."""

import asyncio

from pydantic import ValidationError
from structlog.typing import FilteringBoundLogger

from groundcrew.contracts.inventory import Inventory


class InventoryView:
    """The newest revision that was seen, None until there is one. `news` is set at every change; whoever waits for it
    clears it."""

    def __init__(self, log: FilteringBoundLogger) -> None:
        self.newest: Inventory | None = None
        self.news = asyncio.Event()
        self._log = log
        self._models: tuple[Inventory | None, dict[str, str]] = (None, {})
        self._roles: tuple[Inventory | None, dict[str, str]] = (None, {})

    def role_of(self, host: str) -> str:
        """The role of a host by name, empty where the inventory gives none."""
        if self._roles[0] is not self.newest:
            listed = self.newest.host if self.newest is not None else []
            self._roles = (self.newest, {entry.name: entry.role for entry in listed})
        return self._roles[1].get(host, "")

    def model_of(self, bmc: str) -> str:
        """Make, model and role of the machine that a BMC sits in, as one text; empty where the model is not known."""
        if self._models[0] is not self.newest:
            listed = self.newest.host if self.newest is not None else []
            known = {host.bmc: f"{host.vendor}|{host.model}|{host.role}" for host in listed if host.bmc and host.model}
            self._models = (self.newest, known)
        return self._models[1].get(bmc, "")

    async def changed(self, key: str, value: bytes | None) -> None:
        """For `KeyValue.watch`. A revision that cannot be read is logged, and the one before stands."""
        if value is None:
            return
        try:
            seen = Inventory.model_validate_json(value)
        except ValidationError as error:
            self._log.warning("an inventory revision cannot be read", key=key, error=str(error.errors()[0]["msg"]))
            return
        if self.newest is None or seen.revision >= self.newest.revision:
            self.newest = seen
            self.news.set()
