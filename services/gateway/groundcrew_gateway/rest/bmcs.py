"""BMCs: how each is doing, its sensors, its event log."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from groundcrew.contracts.queries import (
    BmcPage,
    BmcsQuery,
    BmcSummary,
    Endpoints,
    SelPage,
    SelQuery,
    SensorsQuery,
    SensorsReply,
)
from groundcrew_gateway.access import Caller, Viewer
from groundcrew_gateway.problems import Problem
from groundcrew_gateway.rest.parameters import Cursor, HostFilter, Limit, Since, Until

router = APIRouter(prefix="/api/v1", tags=["fleet"])

BmcName = Annotated[str, Path(max_length=256, examples=["brickbox-43-bmc"])]


@router.get("/bmcs", operation_id="listBmcs", summary="BMCs with the state of their sources, by name")
async def list_bmcs(caller: Viewer, host: HostFilter = None, limit: Limit = 100, cursor: Cursor = None) -> BmcPage:
    return await caller.ask(Endpoints.BMCS, BmcsQuery(host=host, limit=limit, cursor=cursor))


# the longer paths come first: a BMC's name may hold a slash
@router.get("/bmcs/{name:path}/sensors", operation_id="listSensors", summary="Newest reading of each sensor of a BMC")
async def list_sensors(caller: Viewer, name: BmcName) -> SensorsReply:
    return await caller.ask(Endpoints.SENSORS, SensorsQuery(bmc=name))


@router.get("/bmcs/{name:path}/sel", operation_id="listSel", summary="Event log of a BMC, newest first")
async def list_sel(
    caller: Viewer,
    name: BmcName,
    since: Since = None,
    until: Until = None,
    contains: Annotated[str | None, Query(max_length=200, examples=["AC lost"])] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> SelPage:
    query = SelQuery(bmc=name, since=since, until=until, contains=contains, limit=limit, cursor=cursor)
    return await caller.ask(Endpoints.SEL, query)


@router.get("/bmcs/{name:path}", operation_id="getBmc", summary="One BMC with its facts and sources")
async def get_bmc(caller: Viewer, name: BmcName) -> BmcSummary:
    return await find_bmc(caller, name)


async def find_bmc(caller: Caller, name: str) -> BmcSummary:
    """Raises Problem 404."""
    page = await caller.ask(Endpoints.BMCS, BmcsQuery(name=name, limit=1))
    if not page.items:
        raise Problem(404, f"there is no BMC {name[:80]!r}")
    return page.items[0]
