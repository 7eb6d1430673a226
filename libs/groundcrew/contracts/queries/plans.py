"""What operators tell context: the inventory, and what is silenced."""

from pydantic import Field

from groundcrew.contracts.envelope import Record
from groundcrew.contracts.identity import Id
from groundcrew.contracts.inventory import InventoryBmc, InventoryDependency, InventoryHost
from groundcrew.contracts.queries.endpoint import Actor
from groundcrew.contracts.silences import Silence, Window


class InventoryQuery(Record):
    """Asks for the whole inventory of the site as it is now."""


class EditInventory(Record):
    """Changes entries by name; what is not named stays. An entry of the operator's file is refused: edit it there."""

    actor: Actor
    revision: int | None = Field(None, description="refused as CONFLICT where the inventory moved on from this one")
    host: list[InventoryHost] = Field(default_factory=list, max_length=1_000, description="added or replaced")
    bmc: list[InventoryBmc] = Field(default_factory=list, max_length=1_000, description="added or replaced")
    dependency: list[InventoryDependency] = Field(default_factory=list, max_length=1_000, description="added")
    remove: list[str] = Field(
        default_factory=list, max_length=1_000, description="'host:name', 'bmc:name', or 'dependency:entity>on'"
    )


class SilencesQuery(Record):
    """Newest first."""

    over: bool = Field(False, description="with those that are over, as long as they are kept")


class SilencePage(Record):
    items: list[Silence]
    next: str | None = None


class AddSilence(Record):
    """Silences hosts, roles or racks for a while."""

    actor: Actor
    window: Window


class EndSilence(Record):
    """Ends a silence now; one that is only planned never begins."""

    actor: Actor
    id: Id
