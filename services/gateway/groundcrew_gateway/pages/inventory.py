"""The inventory as a page: hosts by rack, BMCs, dependencies, each with who said so. It is edited elsewhere."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from groundcrew.contracts.inventory import Inventory
from groundcrew.contracts.queries import Endpoints, InventoryQuery
from groundcrew_gateway.access import Viewer
from groundcrew_gateway.pages.place import ORIGINS, natural, racks_of
from groundcrew_gateway.pages.render import Asking, page

router = APIRouter(include_in_schema=False)
_MOST_HOSTS = 300
"""A larger inventory is shown rack by rack."""

_MOST_ROWS = 1_000


@router.get("/inventory")
async def inventory(
    request: Request, caller: Viewer, rack: Annotated[str | None, Query(max_length=240)] = None
) -> Response:
    asking = Asking(caller)
    found = await asking.ask(Endpoints.INVENTORY, InventoryQuery(), Inventory())
    racks = racks_of(found.host)
    if rack is None and len(found.host) > _MOST_HOSTS:
        rack = racks[0].name
    shown = [one for one in racks if rack is None or one.name == rack]
    return await page(
        request,
        asking,
        "inventory.html",
        here="hosts",
        inventory=found,
        racks=racks,
        shown=shown,
        rack=rack,
        most=_MOST_ROWS,
        bmcs=sorted(found.bmc, key=lambda one: natural(one.name))[:_MOST_ROWS],
        reached={one.name: one for one in found.bmcs()},
        host_of={one.bmc: one.name for one in found.host if one.bmc},
        dependencies=found.dependency[:_MOST_ROWS],
        listed={f"host:{one.name}" for one in found.host} | {f"bmc:{one.name}" for one in found.bmc},
        origins=ORIGINS,
    )
