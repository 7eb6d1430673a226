"""What the inventory says of hosts, as other services see it."""

import structlog

from groundcrew.contracts.inventory import Inventory, InventoryHost
from groundcrew.runtime.inventory import InventoryView


async def test_a_host_has_the_role_of_the_newest_revision() -> None:
    view = InventoryView(structlog.get_logger())
    assert view.role_of("db-01") == "", "no inventory yet"
    for revision, role in ((1, "db"), (2, "cache")):
        inventory = Inventory(revision=revision, host=[InventoryHost(name="db-01", role=role)])
        await view.changed("current", inventory.model_dump_json().encode())
        assert (view.role_of("db-01"), view.role_of("web-01")) == (role, "")
