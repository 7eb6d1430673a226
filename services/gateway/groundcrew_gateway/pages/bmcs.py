"""BMCs, one BMC, and the part of a host's page that its BMC tells."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import quote

from fastapi import APIRouter, Request
from starlette.responses import Response

from groundcrew.contracts.event_logs import SyncState
from groundcrew.contracts.identity import bmc as bmc_entity
from groundcrew.contracts.incidents import LIVE_STATES, Incident
from groundcrew.contracts.observations import SourceState
from groundcrew.contracts.queries import (
    BmcPage,
    BmcsQuery,
    BmcSummary,
    Endpoints,
    EventLogsQuery,
    EventLogsReply,
    IncidentPage,
    IncidentsQuery,
    SelEntry,
    SelPage,
    SelQuery,
    SensorReading,
    SensorsQuery,
    SensorsReply,
)
from groundcrew_gateway.access import Operator, Viewer
from groundcrew_gateway.pages.gravest import worst_first
from groundcrew_gateway.pages.render import Asking, back, page
from groundcrew_gateway.rest.bmcs import find_bmc, start_sync
from groundcrew_gateway.rest.parameters import Cursor

router = APIRouter(include_in_schema=False)
_RECORDS = 60
_RECORDS_ON_A_HOST = 8
_INCIDENTS = 500
_SEVERITY = {"nr": "critical", "cr": "critical", "nc": "warning", "ok": "well"}
_WORDS = {"nr": "non-recoverable", "cr": "critical", "nc": "non-critical", "ok": "ok", "ns": "no reading"}
_ORDER = ("nr", "cr", "nc", "ok", "ns")


@dataclass(frozen=True)
class Shown:
    """A BMC as its pages show it."""

    bmc: BmcSummary
    sensors: list[SensorReading] = field(default_factory=list)
    records: list[SelEntry] = field(default_factory=list)
    logs: EventLogsReply = field(default_factory=lambda: EventLogsReply(logs=[], changes=[]))
    incidents: list[Incident] = field(default_factory=list)
    """Live ones of it or of its host, the gravest first."""

    @property
    def facts(self) -> Mapping[str, str]:
        """Facts by name; one that it does not tell is empty."""
        return defaultdict(str, self.bmc.facts)

    @property
    def answered_at(self) -> datetime | None:
        """When it last answered its collector."""
        try:
            return datetime.fromisoformat(self.bmc.facts["answered_at"])
        except (KeyError, ValueError):
            return None

    @property
    def state(self) -> str:
        """`present` where it answers, `failing` where some source does, `absent` where nobody reads it."""
        if self.is_being_read and not self.bmc.sources:
            return "present"
        states = {source.state for source in self.bmc.sources}
        if SourceState.FAILING in states:
            return "failing"
        return "present" if SourceState.PRESENT in states else "absent"

    @property
    def is_being_read(self) -> bool:
        """Whether its event logs are being read whole; at the first look, nothing else is known of it yet."""
        return self.logs.sync is not None and self.logs.sync.state in (SyncState.QUEUED, SyncState.RUNNING)

    @property
    def worst(self) -> str:
        """The gravest severity of its incidents; empty where there is none."""
        return max(self.incidents, key=lambda one: one.severity.rank).severity.value if self.incidents else ""

    @property
    def why(self) -> str:
        """What the worst source says."""
        told = [source for source in self.bmc.sources if source.state is not SourceState.PRESENT]
        told.sort(key=lambda source: source.state is not SourceState.FAILING)
        return told[0].detail if told else ""

    @property
    def newest_first(self) -> list[SelEntry]:
        """Records in the BMC's own order where several have the same second."""
        return sorted(self.records, key=lambda one: (one.time, one.record_id), reverse=True)

    @property
    def worst_first(self) -> list[SensorReading]:
        def place(one: SensorReading) -> tuple[int, str]:
            return (_ORDER.index(one.status) if one.status in _ORDER else len(_ORDER), one.sensor)

        return sorted(self.sensors, key=place)

    @property
    def out_of_range(self) -> list[SensorReading]:
        return [one for one in self.worst_first if one.status in ("nr", "cr", "nc")]


def severity_of(status: str) -> str:
    """The word that colours a sensor's status."""
    return _SEVERITY.get(status, "absent")


def status_word(status: str) -> str:
    return _WORDS.get(status, status)


@router.get("/bmcs")
async def bmcs(request: Request, caller: Viewer, cursor: Cursor = None) -> Response:
    asking = Asking(caller)
    found = await asking.ask(Endpoints.BMCS, BmcsQuery(limit=200, cursor=cursor), BmcPage(items=[]))
    live = await _live(asking, IncidentsQuery(states=list(LIVE_STATES), limit=_INCIDENTS))
    order = {"failing": 0, "absent": 1, "present": 2}
    told = [Shown(one, incidents=_about(one, live)) for one in found.items]
    shown = sorted(told, key=lambda one: (order[one.state], one.bmc.name))
    return await page(request, asking, "bmcs.html", here="bmcs", shown=shown, next=found.next)


@router.get("/bmcs/{name:path}")
async def one_bmc(request: Request, caller: Viewer, name: str, cursor: Cursor = None) -> Response:
    asking = Asking(caller)
    found = await find_bmc(caller, name)
    everywhere = IncidentsQuery(states=list(LIVE_STATES), limit=_INCIDENTS)
    of_host = IncidentsQuery(states=list(LIVE_STATES), host=found.host, limit=_INCIDENTS) if found.host else everywhere
    sensors, records, logs, live, here = await asyncio.gather(
        asking.ask(Endpoints.SENSORS, SensorsQuery(bmc=name), SensorsReply(sensors=[])),
        asking.ask(Endpoints.SEL, SelQuery(bmc=name, limit=_RECORDS, cursor=cursor), SelPage(items=[])),
        asking.ask(Endpoints.EVENT_LOGS, EventLogsQuery(bmc=name), EventLogsReply(logs=[], changes=[])),
        _live(asking, everywhere),
        _live(asking, of_host),
    )
    shown = Shown(found, sensors.sensors, records.items, logs, _about(found, live | here))
    return await page(
        request, asking, "bmc.html", here="bmcs", shown=shown, next=records.next, severity_of=severity_of,
        status_word=status_word,
    )  # fmt: skip


async def _live(asking: Asking, query: IncidentsQuery) -> dict[str, Incident]:
    found = await asking.ask(Endpoints.INCIDENTS, query, IncidentPage(items=[]))
    return {one.id: one for one in found.items}


def _about(bmc: BmcSummary, live: Mapping[str, Incident]) -> list[Incident]:
    """Those of the BMC itself and of its host."""
    entity = bmc_entity(bmc.name)
    return worst_first([one for one in live.values() if one.entity == entity or (bmc.host and bmc.host in one.hosts)])


@router.post("/bmcs/{name:path}/sync")
async def sync(request: Request, caller: Operator, name: str) -> Response:
    await start_sync(caller, name)
    return back(request, caller, f"/bmcs/{quote(name, safe='')}", "syncing")


async def bmc_of_host(asking: Asking, host: str) -> Shown | None:
    """What the page of a host shows of its BMC; None where the inventory gives it none."""
    found, sensors, records, logs = await asyncio.gather(
        asking.ask(Endpoints.BMCS, BmcsQuery(host=host, limit=1), BmcPage(items=[])),
        asking.ask(Endpoints.SENSORS, SensorsQuery(host=host), SensorsReply(sensors=[])),
        asking.ask(Endpoints.SEL, SelQuery(host=host, limit=_RECORDS_ON_A_HOST), SelPage(items=[])),
        asking.ask(Endpoints.EVENT_LOGS, EventLogsQuery(host=host), EventLogsReply(logs=[], changes=[])),
    )
    return Shown(found.items[0], sensors.sensors, records.items, logs) if found.items else None
