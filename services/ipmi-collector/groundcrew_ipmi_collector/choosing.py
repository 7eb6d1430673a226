"""Which backend reads a BMC: our own client, and ipmitool for the BMC with which it cannot speak."""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from structlog.typing import FilteringBoundLogger

from groundcrew.contracts.clock import Clock, to_us
from groundcrew.contracts.inventory import InventoryBmc
from groundcrew.diagnosis.sensors import SensorRead
from groundcrew_ipmi_collector.backend import Backend, Newest
from groundcrew_ipmi_collector.credentials import credentials_of
from groundcrew_ipmi_collector.lanplus.client import LanClient
from groundcrew_ipmi_collector.ledger import Anchor
from groundcrew_ipmi_collector.look import Look, SelState
from groundcrew_ipmi_collector.native import NativeBackend
from groundcrew_ipmi_collector.reason import IpmiFailed, Reason
from groundcrew_ipmi_collector.session import Sessions
from groundcrew_ipmi_collector.settings import IpmiCollectorSection
from groundcrew_ipmi_collector.tool import ToolBackend
from groundcrew_ipmi_collector.turn import Turn

CANNOT = frozenset({Reason.CIPHER, Reason.UNREADABLE})
"""Reasons for which ipmitool is tried. Not those of wrong credentials: a second wrong try may lock the user out."""


def backend_of(
    entry: InventoryBmc,
    section: IpmiCollectorSection,
    *,
    turn: Turn,
    processes: asyncio.Semaphore,
    cache: Path,
    clock: Clock,
    ignored: Callable[[str], None],
    log: FilteringBoundLogger,
) -> Backend:
    """As the settings say. `processes`: of ipmitool, at once, for all BMCs; `cache`: of the BMC's sensor records."""
    credentials = partial(credentials_of, entry, section)

    def now_us() -> int:
        return to_us(clock.now())

    sessions = Sessions(entry, section, credentials=credentials, turn=turn, processes=processes)
    tool = ToolBackend(sessions, cache=cache, now_us=now_us)
    if section.backend == "ipmitool":
        return tool
    client = LanClient(entry, section, credentials=credentials, turn=turn, ignored=ignored)
    native = NativeBackend(client, cache=cache, now_us=now_us)
    return native if section.backend == "native" else FallingBack(native, tool, log=log.bind(bmc=entry.name))


class FallingBack:
    """The native backend until it cannot; then the other, until it is asked anew who the BMC is (once in an hour):
    its firmware may be another one."""

    def __init__(self, native: NativeBackend, tool: Backend, *, log: FilteringBoundLogger) -> None:
        self._native = native
        self._tool = tool
        self._log = log
        self._now: Backend = native

    @property
    def suite(self) -> int | None:
        return self._now.suite

    @suite.setter
    def suite(self, number: int | None) -> None:
        self._native.suite = self._tool.suite = number

    async def look(self, *, who: bool) -> Look:
        if self._now is self._tool and not who:
            return await self._tool.look(who=who)
        try:
            look = await self._native.look(who=who)
        except IpmiFailed as failure:
            if failure.reason not in CANNOT:
                raise
            return await self._fall_back(failure)
        self._now = self._native
        return look

    async def _fall_back(self, failure: IpmiFailed) -> Look:
        """Raises what the native backend said where ipmitool cannot read the BMC either."""
        await self._native.close()
        try:
            look = await self._tool.look(who=True)
        except IpmiFailed as other:
            raise (failure if other.reason is Reason.TOOL else other) from None
        if self._now is not self._tool:
            self._log.info("bmc_read_by_ipmitool", reason=failure.reason.value, detail=str(failure))
        self._now = self._tool
        return look

    async def newest(self, state: SelState, count: int | None, known: Sequence[Anchor]) -> Newest:
        return await self._now.newest(state, count, known)

    async def fetch_sensor_records(self) -> bytes | None:
        return await self._now.fetch_sensor_records()

    async def sensors(self) -> list[SensorRead]:
        return await self._now.sensors()

    async def close(self) -> None:
        await self._native.close()
        await self._tool.close()
