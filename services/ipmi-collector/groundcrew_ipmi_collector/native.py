"""A BMC read by our own client, over a session that stays open: a quiet look is a handful of datagrams."""

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TypeVar

from groundcrew.diagnosis.fru_bytes import COMMON_HEADER, area_length, fru_facts, fru_length
from groundcrew.diagnosis.sdr_bytes import SensorRecord
from groundcrew.diagnosis.sel_bytes import names_of, sel_record
from groundcrew.diagnosis.sensor_bytes import numbered, sensor_read
from groundcrew.diagnosis.sensors import SensorRead
from groundcrew_ipmi_collector.backend import Newest, Row, bound_s
from groundcrew_ipmi_collector.chassis_words import chassis_facts, maker_name, restart_words
from groundcrew_ipmi_collector.lanplus import commands
from groundcrew_ipmi_collector.lanplus.client import LanClient
from groundcrew_ipmi_collector.lanplus.commands import FIRST, GONE, LAST, Ask, DeviceId, Refused, SelInfo
from groundcrew_ipmi_collector.lanplus.sensor_records import DEVICE, REPOSITORY, Fetching, Source, stamp_of
from groundcrew_ipmi_collector.lanplus.wire import BMC
from groundcrew_ipmi_collector.ledger import Anchor
from groundcrew_ipmi_collector.log_room import Allocation, capacity
from groundcrew_ipmi_collector.look import Look, SelState, is_fresh
from groundcrew_ipmi_collector.raw_record import BmcClock, raw_record
from groundcrew_ipmi_collector.reason import IpmiFailed, Reason
from groundcrew_ipmi_collector.sensor_cache import SensorCache

T = TypeVar("T")

_SOFTWARE = 0x01
"""Bit of an owner's address: no controller, but a program's number."""

AT_A_TIME = 100
"""Records that are read before they are published: a slow BMC needs half a minute for them."""

_DISPENSABLE = frozenset({"board", "sel room"})
_IN_VAIN = 2
"""Times in a row: once may be the network."""

_FRU_PIECE = 32
_FETCH_S = 300.0
"""Seconds that all sensor records of a slow BMC may take: some hundred, each in several pieces."""

_MAX_FRU = 2_048
_FRU_SHOWN = frozenset(
    {
        "product_vendor", "product", "product_serial", "product_part", "board_vendor", "board", "board_serial",
        "board_part", "chassis_serial",
    }
)  # fmt: skip
POWER_SENSOR = "DCMI Power"
"""Name under which the BMC's own measurement of the whole server's power appears among its sensors."""


class NativeBackend:
    """`cache`: where the BMC's sensor records are kept; `now_us`: our clock."""

    def __init__(self, client: LanClient, *, cache: Path, now_us: Callable[[], int]) -> None:
        self._client = client
        self._ask = client.ask
        self._now_us = now_us
        self._cache = SensorCache(cache)
        self._device: DeviceId | None = None
        self._guid: bytes | None = None
        self._who: dict[str, str] = {}
        self._unknown: set[str] = set()
        self._room: Allocation | None = None
        self._room_of: SelInfo | None = None
        self._board = 0
        self._vain: Counter[str] = Counter()
        self._names: tuple[list[SensorRecord], dict[tuple[int, int, int], SensorRecord]] = ([], {})

    @property
    def suite(self) -> int | None:
        return self._client.suite

    @suite.setter
    def suite(self, number: int | None) -> None:
        self._client.suite = number

    async def close(self) -> None:
        await self._client.close()

    # --- look --------------------------------------------------------------------------------------------------------

    async def look(self, *, who: bool) -> Look:
        async with self._client.speaking():
            if who or self._device is None:
                await self._ask_who()
            info = await self._unless_unknown("sel", commands.sel_info)
            await self._ask_room(info)
            stamp = await self._unless_unknown("sdr", self._sdr_stamp)
            chassis, no_chassis = await self._chassis()
            cause = await self._unless_unknown("restart", commands.restart_cause)
            asked_us = self._now_us()
            seconds = await self._unless_unknown("time", commands.sel_time)
            seen_us = self._now_us()
        facts = chassis_facts(chassis) if chassis else {}
        return Look(
            told=self._who | facts | {"restart_cause": restart_words(cause or 0)},
            sel=None if info is None else _sel_state(info, self._room, seconds),
            sdr_stamp=stamp or "",
            power=facts.pop("power", ""),
            no_chassis=no_chassis,
            guid="" if self._guid is None or len(set(self._guid)) == 1 else self._guid.hex(),
            guid_known=self._guid is not None or "guid" in self._unknown,
            clock=BmcClock.seen(seconds, (asked_us + seen_us) // 2, way_us=(seen_us - asked_us) // 2),
        )

    async def _ask_who(self) -> None:
        """Who the BMC is; and what it did not know last time is asked again, its firmware may be another one."""
        self._unknown.clear()
        self._device = device = await commands.device_id(self._ask)
        self._guid = await self._unless_unknown("guid", commands.system_guid)
        try:
            fru = await self._fru()
        except IpmiFailed as failure:
            if failure.reason is Reason.TIMEOUT:
                raise
            fru = {}
        self._who = {
            "manufacturer": maker_name(device.manufacturer),
            "firmware": device.firmware,
            "ipmi_version": device.ipmi,
            **{name: text for name, text in fru.items() if name in _FRU_SHOWN},
        }
        board = partial(commands.board_number, maker=device.manufacturer)
        self._board = await self._unless_unknown("board", board) or 0

    async def _unless_unknown(self, name: str, asking: Callable[[Ask], Awaitable[T]]) -> T | None:
        """None where the BMC refuses; what it does not know is then not asked again until `_ask_who`. What can be done
        without is not asked any more of a BMC that falls silent over it: it can be read but for that."""
        if name in self._unknown:
            return None
        if self._vain[name] >= _IN_VAIN:
            return None
        try:
            told = await asking(self._ask)
        except Refused as refused:
            if refused.reason in (Reason.UNSUPPORTED, Reason.PRIVILEGE):
                self._unknown.add(name)
            elif name == "sel":
                raise
            return None
        except IpmiFailed as failure:
            if failure.reason is Reason.TIMEOUT and name in _DISPENSABLE:
                self._vain[name] += 1
            raise
        self._vain[name] = 0
        return told

    async def _ask_room(self, info: SelInfo | None) -> None:
        """Where the log is as it was, its room is as well; where the BMC refuses for now, what it said before holds."""
        if info is None or not info.tells_units:
            self._room = None
        elif info != self._room_of:
            told = await self._unless_unknown("sel room", commands.sel_allocation)
            if told is not None:
                self._room, self._room_of = told, info
            elif "sel room" in self._unknown:
                self._room = None

    async def _sdr_stamp(self, ask: Ask) -> str:
        return await stamp_of(ask, self._source())

    def _source(self) -> Source:
        return DEVICE if self._device is not None and self._device.sensors_only else REPOSITORY

    async def _chassis(self) -> tuple[bytes, str]:
        """The status, or why there is none."""
        try:
            return await commands.chassis_status(self._ask), ""
        except Refused as refused:
            return b"", "" if refused.reason is Reason.UNSUPPORTED else f"unsupported: {refused}"

    async def _fru(self) -> dict[str, str]:
        size = min(await commands.fru_size(self._ask), _MAX_FRU)
        data = await self._fru_bytes(b"", min(size, COMMON_HEADER))
        last = fru_length(data)
        if last:
            data = await self._fru_bytes(data, min(size, last + 2))
            data = await self._fru_bytes(data, min(size, last + area_length(data, last)))
        return fru_facts(data)

    async def _fru_bytes(self, data: bytes, until: int) -> bytes:
        while len(data) < until:
            piece = await commands.fru_piece(self._ask, len(data), min(_FRU_PIECE, until - len(data)))
            if not piece:
                break
            data += piece
        return data

    # --- event log ---------------------------------------------------------------------------------------------------

    async def newest(self, state: SelState, count: int | None, known: Sequence[Anchor]) -> Newest:
        """From the newest known record on that is still there, else all. Where another record has the number of a known
        one, it is of a later log: it was read, and goes first where that log has dropped it by the time that it is
        read from its beginning."""
        names = self._named()
        async with self._client.speaking(bound_s(state.entries)):
            others: list[bytes] = []
            for anchor in reversed(known):
                following, record = await self._entry(anchor.record_id)
                if record and raw_record(record).digest == anchor.digest:
                    records, more, broken = await self._from(following)
                    return Newest(self._rows([record, *records], names), whole=False, more=more, broken=broken)
                if record:
                    others.insert(0, record)
            records, more, broken = await self._from(FIRST)
            held, first = set(records), _number(records[0]) if records else LAST
            gone = [one for one in others if one not in held and (not more or _number(one) < first)]
            records = [*gone, *records]
            return Newest(self._rows(records, names), whole=True, more=more, broken=broken)

    def _rows(self, records: list[bytes], names: dict[tuple[int, int, int], SensorRecord]) -> list[Row]:
        maker = 0 if self._device is None else self._device.manufacturer
        board = self._board
        return [Row(sel_record(record, names, maker=maker, board=board), raw_record(record)) for record in records]

    async def _entry(self, record_id: int) -> tuple[int, bytes]:
        """The record after it, and the record; empty where it is gone."""
        try:
            return await commands.sel_entry(self._ask, record_id)
        except Refused as refused:
            if refused.code != GONE:
                raise
            return LAST, b""

    async def _from(self, record_id: int) -> tuple[list[bytes], bool, bool]:
        """The records from this one on, by the way that the BMC itself shows from each to the next; whether there are
        more than are read at a time; whether the way broke off, since the log was cleared or wrapped under it. What
        was read until then may be gone from the log as well: nobody else will bring it."""
        found: list[bytes] = []
        seen: set[int] = set()
        while record_id != LAST:
            if record_id in seen:
                raise IpmiFailed(Reason.UNREADABLE, "the BMC's event log leads from record to record in a circle")
            seen.add(record_id)
            following, record = await self._entry(record_id)
            if not record and record_id == FIRST:
                raise IpmiFailed(Reason.CHANGED, "the log was empty when it was to be read")
            if not record:
                return found, False, True
            found.append(record)
            record_id = LAST if following == FIRST else following
            if len(found) >= AT_A_TIME and record_id != LAST:
                return found, True, False
        return found, False, False

    def _named(self) -> dict[tuple[int, int, int], SensorRecord]:
        sensors = self._cache.sensors()
        if sensors is not self._names[0]:
            self._names = (sensors, names_of(sensors))
        return self._names[1]

    # --- sensors -----------------------------------------------------------------------------------------------------

    async def fetch_sensor_records(self) -> bytes | None:
        async with self._client.speaking(_FETCH_S):
            return await Fetching(self._ask, self._source()).all()

    async def sensors(self) -> list[SensorRead]:
        records = self._cache.sensors()
        async with self._client.speaking(bound_s(len(records))):
            silent: set[tuple[int, int]] = set()
            read = [await self._reading(sensor, silent) for sensor in records]
            watts = await self._unless_unknown("power", commands.power_reading)
        if watts is not None:
            read.append(SensorRead(POWER_SENSOR, float(watts), "", "Watts", "ok"))
        return numbered(read)

    async def _reading(self, sensor: SensorRecord, silent: set[tuple[int, int]]) -> SensorRead:
        """`silent`: satellite controllers that did not answer in this round; they are not asked on."""
        maker = 0 if self._device is None else self._device.manufacturer
        behind = (sensor.owner, sensor.channel)
        if not sensor.readable or sensor.owner & _SOFTWARE or behind in silent:
            return sensor_read(sensor, b"", maker=maker)
        ask: Ask = self._ask if sensor.owner == BMC else partial(self._client.ask_behind, *behind)
        try:
            told = await commands.sensor_reading(ask, sensor.number, sensor.lun)
            factors = sensor.factors
            if factors is not None and factors.per_reading and told:
                factors = factors.of_reading(await commands.reading_factors(ask, sensor.number, sensor.lun, told[0]))
        except IpmiFailed as failure:
            if sensor.owner == BMC or failure.reason is not Reason.TIMEOUT:
                raise
            silent.add(behind)
            return sensor_read(sensor, b"", maker=maker)
        return sensor_read(sensor, told, maker=maker, factors=factors)


def _sel_state(info: SelInfo, room: Allocation | None, now_s: int | None) -> SelState:
    state = SelState(
        entries=info.entries,
        capacity=capacity(info.entries, info.free_bytes, room),
        added=_moment(info.added),
        erased=_moment(info.erased),
        overflow=info.overflow,
    )
    return replace(state, fresh=state.is_full and is_fresh(info.added, now_s))


def _moment(seconds: int) -> str:
    """As ipmitool prints it; the BMC's claim."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%m/%d/%y %H:%M:%S UTC") if seconds else "Not Available"


def _number(record: bytes) -> int:
    return int.from_bytes(record[:2], "little")
