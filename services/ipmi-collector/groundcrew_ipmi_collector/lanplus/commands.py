"""Commands of IPMI 2.0 and DCMI 1.5, asked and their answers taken apart. Each names its chapter.

An answer that is too short is IpmiFailed(UNREADABLE), a completion code other than 0 is Refused.
"""

import struct
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Protocol

from groundcrew.diagnosis.maker_meanings import QUANTA, SUPERMICRO
from groundcrew_ipmi_collector.lanplus.wire import Message
from groundcrew_ipmi_collector.log_room import Allocation
from groundcrew_ipmi_collector.reason import IpmiFailed, Reason

CHASSIS, SENSOR, APP, STORAGE, GROUP = 0x00, 0x04, 0x06, 0x0A, 0x2C
"""Network functions (table 5-1)."""

FIRST, LAST = 0x0000, 0xFFFF
"""Record ids that mean the first and the last record."""

_DCMI = 0xDC
_UNKNOWN = frozenset({0xC1, 0xC9, 0xCB, 0xCC, 0xD5, 0xD6})
_NO_RIGHT = 0xD4
GONE = 0xCB
"""There is no record of that id."""

TOO_LONG = frozenset({0xC7, 0xC8, 0xCA, 0xFF})
"""The BMC cannot give as many bytes at once."""

LOST_RESERVATION = 0xC5
_ERASING = 0x81


class Ask(Protocol):
    def __call__(self, netfn: int, command: int, data: bytes = b"", *, lun: int = 0) -> Awaitable[Message]: ...


class Refused(IpmiFailed):
    """The BMC answered with a completion code (table 5-2)."""

    def __init__(self, name: str, code: int) -> None:
        reason = Reason.OTHER
        if code in _UNKNOWN:
            reason = Reason.UNSUPPORTED
        elif code == _NO_RIGHT:
            reason = Reason.PRIVILEGE
        elif code == _ERASING:
            reason = Reason.CHANGED
        super().__init__(reason, f"{name}: completion code {code:02X}h")
        self.code = code


async def data_of(ask: Ask, name: str, netfn: int, command: int, data: bytes = b"", *, least: int) -> bytes:
    """What is answered, of at least `least` bytes. Raises Refused, IpmiFailed(UNREADABLE)."""
    said = await ask(netfn, command, data)
    if said.code != 0:
        raise Refused(name, said.code)
    if len(said.data) < least:
        raise IpmiFailed(Reason.UNREADABLE, f"{name}: {len(said.data)} bytes, expected {least}")
    return said.data


@dataclass(frozen=True, slots=True)
class DeviceId:
    """20.1. `sensors_only`: it has no repository of sensor records, but gives those of its own sensors."""

    firmware: str
    ipmi: str
    manufacturer: int
    product: int
    sensors_only: bool


async def device_id(ask: Ask) -> DeviceId:
    told = await data_of(ask, "Get Device ID", APP, 0x01, least=11)
    minor = told[3]
    return DeviceId(
        firmware=f"{told[2] & 0x7F}.{minor >> 4}{minor & 0x0F}",
        ipmi=f"{told[4] & 0x0F}.{told[4] >> 4}",
        manufacturer=int.from_bytes(told[6:9], "little") & 0xF_FFFF,
        product=int.from_bytes(told[9:11], "little"),
        sensors_only=bool(told[1] & 0x80) and not told[5] & 0x02,
    )


async def board_number(ask: Ask, maker: int) -> int:
    """Which of its boards, of makers that have a command for that (ipmitool lib/helper.c and lib/ipmi_quantaoem.c); 0
    of others."""
    if maker in SUPERMICRO:
        told = await data_of(ask, "Get Board ID", 0x30, 0x21, least=2)
        return int.from_bytes(told[:2], "little")
    if maker == QUANTA:
        return (await data_of(ask, "Get Platform ID", 0x36, 0x65, b"\x4c\x1c\x00\x02", least=1))[0]
    return 0


async def system_guid(ask: Ask) -> bytes:
    """22.14."""
    return (await data_of(ask, "Get System GUID", APP, 0x37, least=16))[:16]


# --- chassis ---------------------------------------------------------------------------------------------------------


async def chassis_status(ask: Ask) -> bytes:
    """28.2: current power state, last power event, miscellaneous state."""
    return await data_of(ask, "Get Chassis Status", CHASSIS, 0x01, least=3)


async def restart_cause(ask: Ask) -> int:
    """28.11."""
    return (await data_of(ask, "Get System Restart Cause", CHASSIS, 0x07, least=1))[0] & 0x0F


async def power_reading(ask: Ask) -> int | None:
    """Watts now, by DCMI 1.5, 6.6.1; None where measurement is not active."""
    told = await data_of(ask, "Get Power Reading", GROUP, 0x02, bytes([_DCMI, 0x01, 0, 0]), least=18)
    return int.from_bytes(told[1:3], "little") if told[0] == _DCMI and told[17] & 0x40 else None


# --- event log -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SelInfo:
    """31.2. Times are the BMC's, in seconds; those that mean "never" are 0."""

    entries: int
    free_bytes: int
    added: int
    erased: int
    overflow: bool
    tells_units: bool
    """It says that it knows Get SEL Allocation Info."""


async def sel_info(ask: Ask) -> SelInfo:
    told = await data_of(ask, "Get SEL Info", STORAGE, 0x40, least=14)
    _, entries, free, added, erased, flags = struct.unpack_from("<BHHIIB", told)
    never = 0xFFFF_FFFF
    return SelInfo(entries, free, added % never, erased % never, bool(flags & 0x80), bool(flags & 0x01))


async def sel_allocation(ask: Ask) -> Allocation:
    """31.3."""
    told = await data_of(ask, "Get SEL Allocation Info", STORAGE, 0x41, least=6)
    return Allocation(*struct.unpack_from("<HHH", told))


async def sel_time(ask: Ask) -> int | None:
    """31.10: seconds; None where the BMC's clock tells none."""
    stamp = int.from_bytes((await data_of(ask, "Get SEL Time", STORAGE, 0x48, least=4))[:4], "little")
    return None if stamp == 0xFFFF_FFFF else stamp


async def sel_entry(ask: Ask, record_id: int) -> tuple[int, bytes]:
    """31.5: the id of the record after it, and its 16 bytes. Raises Refused (GONE where there is none).

    Read whole, which needs no reservation; in pieces under one where the BMC cannot give as much.
    """
    try:
        told = await data_of(ask, "Get SEL Entry", STORAGE, 0x43, struct.pack("<HHBB", 0, record_id, 0, 0xFF), least=18)
    except Refused as refused:
        if refused.code not in TOO_LONG:
            raise
    else:
        return int.from_bytes(told[:2], "little"), told[2:18]
    reservation = await data_of(ask, "Reserve SEL", STORAGE, 0x42, least=2)
    record = b""
    following = LAST
    while len(record) < 16:
        wanted = struct.pack("<HBB", record_id, len(record), 8)
        told = await data_of(ask, "Get SEL Entry", STORAGE, 0x43, reservation[:2] + wanted, least=10)
        following = int.from_bytes(told[:2], "little")
        record += told[2:10]
    return following, record


# --- sensors ---------------------------------------------------------------------------------------------------------


async def sensor_reading(ask: Ask, number: int, lun: int) -> bytes:
    """35.14; empty where the BMC has no reading of it."""
    said = await ask(SENSOR, 0x2D, bytes([number]), lun=lun)
    return said.data if said.code == 0 else b""


async def reading_factors(ask: Ask, number: int, lun: int, reading: int) -> bytes:
    """35.5; empty where the BMC tells none."""
    said = await ask(SENSOR, 0x23, bytes([number, reading]), lun=lun)
    return said.data if said.code == 0 else b""


# --- FRU -------------------------------------------------------------------------------------------------------------


async def fru_size(ask: Ask) -> int:
    """34.1: bytes of FRU 0. Raises UNSUPPORTED where it is read by words, which no server's is."""
    told = await data_of(ask, "Get FRU Inventory Area Info", STORAGE, 0x10, b"\0", least=3)
    if told[2] & 1:
        raise IpmiFailed(Reason.UNSUPPORTED, "FRU 0 is read by words")
    return int.from_bytes(told[:2], "little")


async def fru_piece(ask: Ask, offset: int, count: int) -> bytes:
    """34.2: at most `count` bytes of FRU 0."""
    told = await data_of(ask, "Read FRU Data", STORAGE, 0x11, struct.pack("<BHB", 0, offset, count), least=2)
    return told[1 : 1 + min(told[0], count)]
