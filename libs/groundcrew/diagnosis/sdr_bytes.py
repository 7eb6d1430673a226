"""Sensor records (SDRs) as a BMC holds them, and what they make of raw readings.

Source: IPMI 2.0 rev 1.1, tables 43-1 (full), 43-2 (compact) and 43-3 (event-only), chapter 36 (conversion). Records of
other kinds (locators of FRUs and controllers) are passed over. Nothing raises: a record that is cut is no record.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from groundcrew.diagnosis.ipmi_tables import THRESHOLD, unit_words
from groundcrew.diagnosis.sensors import Thresholds

HEADER = 5
"""Bytes of a record before its body: id (2), version, type, length of the body."""

FULL, COMPACT, EVENT_ONLY = 0x01, 0x02, 0x03
_NAME_AT = {FULL: 47, COMPACT: 31, EVENT_ONLY: 16}
_MAX_NAME = 16
_NO_ANALOG = 3
_NON_LINEAR = range(0x70, 0x80)
_SIX_BIT = " !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_"
_BCD = "0123456789 -.:,_"

_LINEAR: dict[int, Callable[[float], float]] = {
    1: math.log, 2: math.log10, 3: math.log2, 4: math.exp, 5: lambda x: 10.0**x, 6: lambda x: 2.0**x,
    7: lambda x: 1.0 / x, 8: lambda x: x * x, 9: lambda x: x**3, 10: math.sqrt, 11: math.cbrt,
}  # fmt: skip
"""Table 43-1, byte 24."""


@dataclass(frozen=True, slots=True)
class Factors:
    """value = L((m * raw + b * 10^k1) * 10^k2); `form`: 0 unsigned, 1 one's complement, 2 two's complement."""

    m: int
    b: int
    k1: int
    k2: int
    form: int
    linearisation: int

    def value(self, raw: int) -> float | None:
        """None where the formula gives no number."""
        signed = raw if self.form == 0 or raw < 0x80 else raw - (0xFF if self.form == 1 else 0x100)
        plain = (self.m * signed + self.b * 10.0**self.k1) * 10.0**self.k2
        try:
            found = _LINEAR.get(self.linearisation, float)(plain)
        except (ValueError, OverflowError, ZeroDivisionError):
            return None
        return found if math.isfinite(found) else None

    @property
    def per_reading(self) -> bool:
        """A non-linear sensor: the BMC must be asked for the factors of each reading (35.5)."""
        return self.linearisation in _NON_LINEAR

    def of_reading(self, told: bytes) -> "Factors | None":
        """With what Get Sensor Reading Factors answered: next reading, then bytes as in a full record."""
        if len(told) < 7:
            return None
        m, b, k1, k2 = _mbk(told, 1)
        return replace(self, m=m, b=b, k1=k1, k2=k2, linearisation=0)


@dataclass(frozen=True, slots=True)
class SensorRecord:
    """A sensor of one BMC. `factors` is None where a reading is states and no number; `readable` is false for one
    that only sends events."""

    owner: int
    lun: int
    channel: int
    number: int
    kind: int
    event_type: int
    name: str
    readable: bool
    factors: Factors | None
    unit: str
    has_unit: bool
    thresholds: Thresholds | None = None
    """The critical ones, as the record has them: those that the BMC starts with."""

    @property
    def threshold(self) -> bool:
        return self.event_type == THRESHOLD


def split_records(data: bytes) -> Iterator[bytes]:
    """Records that follow each other, as `ipmitool sdr dump` writes them; stops where one is cut."""
    start = 0
    while start + HEADER <= len(data):
        end = start + HEADER + data[start + 4]
        if end > len(data):
            return
        yield data[start:end]
        start = end


def sensors_of(data: bytes) -> list[SensorRecord]:
    """Sensors of a whole repository, in its order."""
    return [sensor for record in split_records(data) if (sensor := sensor_of(record)) is not None]


def sensor_of(record: bytes) -> SensorRecord | None:
    """None where the record is no sensor or is cut."""
    kind = record[3] if len(record) > HEADER else 0
    name_at = _NAME_AT.get(kind)
    if name_at is None or len(record) <= name_at:
        return None
    events = kind == EVENT_ONLY
    units = (0, 0, 0) if events else (record[20], record[21], record[22])
    return SensorRecord(
        owner=record[5],
        lun=record[6] & 0x03,
        channel=record[6] >> 4,
        number=record[7],
        kind=record[10 if events else 12],
        event_type=record[11 if events else 13] & 0x7F,
        name=_name(record, name_at),
        readable=not events,
        factors=_factors(record) if kind == FULL and units[0] >> 6 != _NO_ANALOG else None,
        unit=unit_words(bool(units[0] & 1), units[0] >> 1 & 3, units[1], units[2]),
        has_unit=bool(units[0] & 7 or units[1] or units[2]),
        thresholds=_thresholds(record) if kind == FULL and units[0] >> 6 != _NO_ANALOG else None,
    )


def _thresholds(record: bytes) -> Thresholds | None:
    """Of bytes 19 (which can be read), 38 and 41; None where no limit says anything, or factors change by reading."""
    factors = _factors(record)
    if record[13] & 0x7F != THRESHOLD or factors.per_reading:
        return None
    low = factors.value(record[40]) if record[18] & 0x02 else None
    high = factors.value(record[37]) if record[18] & 0x10 else None
    return Thresholds((None, low, None), (None, high, None)) if low or high else None


def _name(record: bytes, at: int) -> str:
    """Type/length byte (43.15), then the characters; never longer than the 16 bytes that the tables allow."""
    return id_string(record[at], record[at + 1 :])[:_MAX_NAME].rstrip(" \0")


def id_string(coded: int, data: bytes) -> str:
    """A string by its type/length byte: Latin-1, packed 6-bit or BCD plus. Control characters become blanks."""
    data = data[: coded & 0x1F]
    match coded >> 6:
        case 1:
            text = "".join(_BCD[nibble] for byte in data for nibble in (byte >> 4, byte & 0x0F))
        case 2:
            bits = int.from_bytes(data, "little")
            text = "".join(_SIX_BIT[bits >> 6 * n & 0x3F] for n in range(len(data) * 8 // 6))
        case _:
            text = data.partition(b"\0")[0].decode("latin-1")
    return "".join(character if character.isprintable() else " " for character in text)


def _factors(record: bytes) -> Factors:
    m, b, k1, k2 = _mbk(record, 24)
    return Factors(m, b, k1, k2, record[20] >> 6, record[23] & 0x7F)


def _mbk(data: bytes, at: int) -> tuple[int, int, int, int]:
    """M, B, K1 (of B) and K2 (of the result) out of six bytes."""
    m = data[at] | (data[at + 1] & 0xC0) << 2
    b = data[at + 2] | (data[at + 3] & 0xC0) << 2
    exponents = data[at + 5]
    return _signed(m, 10), _signed(b, 10), _signed(exponents & 0x0F, 4), _signed(exponents >> 4, 4)


def _signed(value: int, bits: int) -> int:
    return value - (1 << bits) if value >> bits - 1 else value
