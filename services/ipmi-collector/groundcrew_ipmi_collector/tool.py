"""A BMC read by ipmitool: the backend for what our own client cannot do."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from groundcrew.diagnosis.sdr_bytes import SensorRecord
from groundcrew.diagnosis.sel import parse_sel
from groundcrew.diagnosis.sel_bytes import with_more
from groundcrew.diagnosis.sensors import SensorRead, Thresholds, parse_sensors
from groundcrew_ipmi_collector.backend import Newest, Row, bound_s
from groundcrew_ipmi_collector.ledger import Anchor
from groundcrew_ipmi_collector.look import LOOK, WHO, Look, SelState, parse_look
from groundcrew_ipmi_collector.raw_record import RawRecord, get_entry, parse_entries
from groundcrew_ipmi_collector.reason import IpmiFailed, Reason
from groundcrew_ipmi_collector.sensor_cache import SensorCache
from groundcrew_ipmi_collector.session import Sessions

_RAW_AT_ONCE = 250


class ToolBackend:
    """`cache`: where the BMC's sensor records are kept; `now_us`: our clock."""

    def __init__(self, sessions: Sessions, *, cache: Path, now_us: Callable[[], int]) -> None:
        self._sessions = sessions
        self._cache = cache
        self._kept = SensorCache(cache)
        self._now_us = now_us
        self._maker = 0

    @property
    def suite(self) -> int | None:
        return self._sessions.suite

    @suite.setter
    def suite(self, number: int | None) -> None:
        self._sessions.suite = number

    async def look(self, *, who: bool) -> Look:
        result = await self._sessions.script([*LOOK, *WHO] if who else LOOK)
        look = parse_look(result.output, result.complaint, self._now_us())
        if not look.answered:
            raise IpmiFailed(Reason.UNREADABLE, "ipmitool printed nothing that can be read")
        self._maker = look.maker or self._maker
        return look

    async def newest(self, state: SelState, count: int | None, known: Sequence[Anchor]) -> Newest:
        """Each record twice: in words by `sel elist`, and raw, for what ipmitool leaves out."""
        last = [] if count is None else ["last", str(count)]
        bound = bound_s(count or state.entries)
        listed = await self._sessions.command("sel", "elist", *last, cache=self._cache, timeout_s=bound)
        said = {record.record_id: record for record in parse_sel(listed.output)}
        if not said and listed.code != 0:
            if count is not None:
                return Newest([], whole=False)  # where record numbers have gaps, ipmitool may miss the beginning
            raise IpmiFailed(Reason.UNREADABLE, f"ipmitool sel elist: {_last_line(listed.complaint)}")
        raws: dict[int, RawRecord] = {}
        numbers = list(said)
        for start in range(0, len(numbers), _RAW_AT_ONCE):
            part = numbers[start : start + _RAW_AT_ONCE]
            replies = await self._sessions.script([get_entry(n) for n in part], timeout_s=bound_s(len(part)))
            raws |= parse_entries(replies.output)
        if missing := [number for number in numbers if number not in raws]:
            text = f"{len(missing)} records were gone when they were read again, from record {missing[0]} on"
            raise IpmiFailed(Reason.CHANGED, text)
        rows = [Row(with_more(one, raws[number].data, self._maker), raws[number]) for number, one in said.items()]
        return Newest(rows, whole=count is None)

    async def fetch_sensor_records(self) -> bytes | None:
        """ipmitool writes a file, which is read and removed."""
        fresh = self._cache.with_suffix(".sdr-new")
        result = await self._sessions.command("sdr", "dump", str(fresh))
        return await asyncio.to_thread(_taken, fresh) if result.code == 0 else None

    async def sensors(self) -> list[SensorRead]:
        result = await self._sessions.command("sdr", "elist", cache=self._cache)
        limits = _limits(self._kept.sensors())
        return [replace(read, thresholds=limits.get(read.sensor)) for read in parse_sensors(result.output)]

    async def close(self) -> None:
        """Nothing is kept open: each process has a session of its own."""


def _limits(sensors: Sequence[SensorRecord]) -> dict[str, Thresholds]:
    """Thresholds by name, out of the sensor records that are kept: `sdr elist` prints none, and names that several
    sensors share may be numbered otherwise there."""
    shared = Counter(sensor.name for sensor in sensors)
    return {one.name: one.thresholds for one in sensors if one.thresholds is not None and shared[one.name] == 1}


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1][:200] if lines else "it said nothing"


def _taken(file: Path) -> bytes | None:
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return None
    finally:
        file.unlink(missing_ok=True)
