"""BMCs: how each is doing, its sensors, its event log."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from groundcrew.contracts.event_logs import SyncJob
from groundcrew.contracts.queries import (
    BmcPage,
    BmcsQuery,
    BmcSummary,
    Endpoints,
    EventLogsQuery,
    EventLogsReply,
    SelPage,
    SelQuery,
    SensorsQuery,
    SensorsReply,
    StartSync,
    SyncsQuery,
    SyncsReply,
)
from groundcrew_gateway.access import Caller, Operator, Viewer
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


@router.get("/syncs", operation_id="listSyncs", summary="Jobs that read event logs whole, those under way first")
async def list_syncs(caller: Viewer, limit: Limit = 100) -> SyncsReply:
    """The newest of each BMC. Their progress comes over the WebSocket as `sync`."""
    return await caller.ask(Endpoints.SYNCS, SyncsQuery(limit=limit))


@router.get("/bmcs/{name:path}/event-logs", operation_id="getEventLogs", summary="How a BMC's event logs are")
async def get_event_logs(caller: Viewer, name: BmcName) -> EventLogsReply:
    """How full each is, what became of them (cleared, lost, deleted, replaced), and the job that reads them."""
    return await caller.ask(Endpoints.EVENT_LOGS, EventLogsQuery(bmc=name))


@router.get("/bmcs/{name:path}/sync", operation_id="getSync", summary="The newest job that read its event logs whole")
async def get_sync(caller: Viewer, name: BmcName) -> SyncJob:
    found = await caller.ask(Endpoints.SYNCS, SyncsQuery(bmc=name, limit=1))
    if not found.items:
        raise Problem(404, f"no event log of {name[:80]!r} was read so far")
    return found.items[0]


@router.post(
    "/bmcs/{name:path}/sync", operation_id="startSync", summary="Read its event logs once more", status_code=202
)
async def post_sync(caller: Operator, name: BmcName) -> SyncJob:
    """Records that are missing are added; nothing is judged again or stored twice. Begins with the next look at the
    BMC; where a job waits already, that one is told."""
    return await start_sync(caller, name)


async def start_sync(caller: Caller, name: str) -> SyncJob:
    return await caller.ask(Endpoints.START_SYNC, StartSync(bmc=name, actor=caller.name))


@router.get("/bmcs/{name:path}", operation_id="getBmc", summary="One BMC with its facts and sources")
async def get_bmc(caller: Viewer, name: BmcName) -> BmcSummary:
    return await find_bmc(caller, name)


async def find_bmc(caller: Caller, name: str) -> BmcSummary:
    """Raises Problem 404."""
    page = await caller.ask(Endpoints.BMCS, BmcsQuery(name=name, limit=1))
    if not page.items:
        raise Problem(404, f"there is no BMC {name[:80]!r}")
    return page.items[0]
