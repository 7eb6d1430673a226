"""The site's inventory as context publishes it: what a part sits in and who shares its feed, switch and rack."""

from pydantic import ValidationError
from structlog.typing import FilteringBoundLogger

from groundcrew.contracts.inventory import Inventory


class InventoryView:
    """The newest revision that was seen; None until there is one."""

    def __init__(self, log: FilteringBoundLogger) -> None:
        self.newest: Inventory | None = None
        self._log = log

    async def changed(self, key: str, value: bytes | None) -> None:
        if value is None:
            return
        try:
            seen = Inventory.model_validate_json(value)
        except ValidationError as error:
            self._log.warning("an inventory revision cannot be read", key=key, error=str(error.errors()[0]["msg"]))
            return
        if self.newest is None or seen.revision >= self.newest.revision:
            self.newest = seen
