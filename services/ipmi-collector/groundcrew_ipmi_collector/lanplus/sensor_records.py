"""Fetches a BMC's sensor records: rarely, since they are kept until their stamp changes.

Source: IPMI 2.0 rev 1.1, 33.9 to 33.12 (repository), 35.2 to 35.4 (records of a device's own sensors).
"""

import struct
from dataclasses import dataclass

from groundcrew.diagnosis.sdr_bytes import HEADER
from groundcrew_ipmi_collector.lanplus.commands import (
    FIRST,
    LAST,
    LOST_RESERVATION,
    SENSOR,
    STORAGE,
    TOO_LONG,
    Ask,
    Refused,
    data_of,
)
from groundcrew_ipmi_collector.reason import IpmiFailed, Reason

MAX_RECORDS = 2_000
"""More than any BMC has; a chain of records that does not end is cut here."""

_PIECES = (0xFF, 48, 24, 16, 8)
"""Bytes that are asked for at once, the next where a BMC cannot give as many."""

_RESERVATIONS = 5


@dataclass(frozen=True, slots=True)
class Source:
    """Where records come from: the repository, or the device's own."""

    netfn: int
    info: int
    reserve: int
    get: int


REPOSITORY = Source(STORAGE, 0x20, 0x22, 0x23)
DEVICE = Source(SENSOR, 0x20, 0x22, 0x21)


async def stamp_of(ask: Ask, source: Source) -> str:
    """Changes when the records do."""
    if source is DEVICE:
        told = await data_of(ask, "Get Device SDR Info", source.netfn, source.info, least=2)
        return f"device | {told[0]} | {told[2:6].hex()}"
    told = await data_of(ask, "Get SDR Repository Info", source.netfn, source.info, least=14)
    _, count, _, added, erased, _ = struct.unpack_from("<BHHIIB", told)
    return f"{count} | {added:08x} | {erased:08x}"


class Fetching:
    """One pass through all records."""

    def __init__(self, ask: Ask, source: Source) -> None:
        self._ask = ask
        self._source = source
        self._reservation = b"\0\0"
        self._reserved = 0
        self._piece = 0

    async def all(self) -> bytes:
        """Records one after the other, each with its header. Raises IpmiFailed."""
        whole, record_id = b"", FIRST
        await self._reserve()
        for _ in range(MAX_RECORDS):
            record_id, record = await self._record(record_id)
            whole += record
            if record_id == LAST:
                return whole
        raise IpmiFailed(Reason.UNREADABLE, f"the BMC's sensor records do not end after {MAX_RECORDS}")

    async def _record(self, record_id: int) -> tuple[int, bytes]:
        while True:
            try:
                return await self._whole(record_id)
            except Refused as refused:
                if refused.code != LOST_RESERVATION or self._reserved >= _RESERVATIONS:
                    raise
                await self._reserve()

    async def _whole(self, record_id: int) -> tuple[int, bytes]:
        following, record = await self._get(record_id, 0, HEADER)
        if len(record) < HEADER:
            raise IpmiFailed(Reason.UNREADABLE, "the BMC gives a sensor record without its header")
        length = HEADER + record[4]
        while len(record) < length:
            wanted = min(_PIECES[self._piece], length - len(record))
            try:
                _, more = await self._get(record_id, len(record), wanted)
            except Refused as refused:
                if refused.code not in TOO_LONG or self._piece + 1 == len(_PIECES):
                    raise
                self._piece += 1
                continue
            if not more:
                raise IpmiFailed(Reason.UNREADABLE, "the BMC gives a sensor record without its end")
            record += more
        return following, record[:length]

    async def _get(self, record_id: int, offset: int, count: int) -> tuple[int, bytes]:
        source = self._source
        asked = self._reservation + struct.pack("<HBB", record_id, offset, count)
        told = await data_of(self._ask, "Get SDR", source.netfn, source.get, asked, least=2)
        return int.from_bytes(told[:2], "little"), told[2 : 2 + count]

    async def _reserve(self) -> None:
        self._reserved += 1
        source = self._source
        try:
            told = await data_of(self._ask, "Reserve SDR Repository", source.netfn, source.reserve, least=2)
        except Refused as refused:
            if refused.reason is not Reason.UNSUPPORTED:  # one without reservations is read without
                raise
        else:
            self._reservation = told[:2]
