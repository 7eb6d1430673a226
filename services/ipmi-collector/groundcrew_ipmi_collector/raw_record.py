"""Event log records as the BMC holds them: 16 bytes (IPMI 2.0, table 32-1), which identify a record for ever."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b

from groundcrew.diagnosis.sel_bytes import PREINIT_END

CLOCK_SLACK_S = 3
_HEX = re.compile(r"(?: [0-9a-fA-F]{2}){1,16}")
_REPLY = 18  # id of the next record, then the record
_UNTIMED = 0xE0
"""Record types from here on are the maker's own and bear no time."""


@dataclass(frozen=True, slots=True)
class RawRecord:
    """`seconds` is the BMC's stamp: since 1970, or below PREINIT_END since its start; None where it bears none.
    `data`: all 16 bytes."""

    record_id: int
    seconds: int | None
    digest: str
    data: bytes


def get_entry(record_id: int) -> str:
    """ipmitool's words for Get SEL Entry (IPMI 2.0, 31.5), whole record."""
    return f"raw 0x0a 0x43 0x00 0x00 {record_id & 0xFF:#04x} {record_id >> 8 & 0xFF:#04x} 0x00 0xff"


def parse_entries(output: str) -> dict[int, RawRecord]:
    """Records by id out of the replies, each printed as a line of 16 bytes and one of 2; others are passed over."""
    found = (raw_record(reply[2:]) for reply in _replies(output.splitlines()))
    return {record.record_id: record for record in found}


def raw_record(record: bytes) -> RawRecord:
    """Out of its 16 bytes."""
    stamp = int.from_bytes(record[3:7], "little")
    timed = record[2] < _UNTIMED and stamp not in (0, 0xFFFF_FFFF)
    digest = blake2b(record, digest_size=16).hexdigest()
    return RawRecord(int.from_bytes(record[0:2], "little"), stamp if timed else None, digest, record)


def _replies(lines: Iterable[str]) -> Iterable[bytes]:
    held = b""
    for line in lines:
        if not _HEX.fullmatch(line.rstrip()):
            held = b""
            continue
        held += bytes.fromhex(line.replace(" ", ""))
        if len(held) == _REPLY:
            yield held
        if len(held) >= _REPLY or len(held) % 16:
            held = b""


@dataclass(frozen=True, slots=True)
class BmcClock:
    """How far the BMC's clock was from ours when it was asked. `since_start`: it counts from the BMC's start.

    `offset_us` is what must be added to its times; None where it does not tell its time.
    """

    offset_us: int | None = None
    since_start: bool = False
    uncertainty_us: int = CLOCK_SLACK_S * 1_000_000

    @classmethod
    def seen(cls, bmc_seconds: int | None, at_us: int, *, way_us: int | None = None) -> "BmcClock":
        """A difference of CLOCK_SLACK_S is no more than rounding and the way of the packets. `way_us`: half the time
        that the question and its answer took, None where that was not measured."""
        if bmc_seconds is None:
            return cls()
        offset_us = at_us - bmc_seconds * 1_000_000
        slack = abs(offset_us) <= CLOCK_SLACK_S * 1_000_000
        # a clock within the slack is taken to be right, and may be off by what it showed
        off_us = abs(offset_us) if slack else 0
        unsure_us = CLOCK_SLACK_S * 1_000_000 if way_us is None else way_us + off_us
        return cls(0 if slack else offset_us, bmc_seconds < PREINIT_END, unsure_us)
