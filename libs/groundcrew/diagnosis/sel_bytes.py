"""Event log records of 16 bytes in the words that ipmitool's `sel elist` prints for them, as `sel.py` reads those.

Source: IPMI 2.0 rev 1.1, tables 32-1 to 32-3 (record formats), 29-6 (event data). Nothing raises.
"""

import struct
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

from groundcrew.diagnosis.ipmi_tables import SENSOR_SPECIFIC, THRESHOLD, event_words, sensor_type
from groundcrew.diagnosis.maker_records import record_words
from groundcrew.diagnosis.sdr_bytes import SensorRecord
from groundcrew.diagnosis.sel import SelRecord, event_of
from groundcrew.diagnosis.sel_makers import unread, with_makers_words

RECORD = 16
PREINIT_END = 0x2000_0000
"""Stamps below it count seconds since the BMC started: its clock was not set (37.1)."""

_UNSPECIFIED = 0xFFFF_FFFF
_OEM, _OEM_UNTIMED, _PANIC = 0xC0, 0xE0, 0xF0
_MEMORY = 0x0C
_MAX_FIGURE = 1e30

Names = Mapping[tuple[int, int, int], SensorRecord]
"""Sensors by owner, number and sensor type."""


def names_of(sensors: list[SensorRecord]) -> dict[tuple[int, int, int], SensorRecord]:
    """Of sensors with the same key the first counts."""
    return {(one.owner, one.number, one.kind): one for one in reversed(sensors)}


def sel_record(record: bytes, names: Names, *, maker: int = 0, board: int = 0) -> SelRecord:
    """`record`: 16 bytes; `names`: the BMC's sensors, so that a record names its sensor rather than a number; `maker`:
    IANA number of who made the BMC; `board`: which of its boards, 0 where that is not known."""
    record = record[:RECORD].ljust(RECORD, b"\0")
    number, kind = int.from_bytes(record[0:2], "little"), record[2]
    if kind == _PANIC:  # what Linux's ipmi_msghandler writes when it panics: 11 characters of the message
        said = record[5:16].partition(b"\0")[0].decode("latin-1")
        return _of(number, None, "", [f"Linux kernel panic: {said}".strip()], None)
    if kind >= _OEM_UNTIMED:
        return _own(number, None, "", record, [record[3:16].hex()], maker)
    seconds = int.from_bytes(record[3:7], "little")
    time, stamp = _time(seconds)
    if kind >= _OEM:
        return _own(number, time, stamp, record, [record[9:6:-1].hex(), record[10:16].hex()], maker)
    return _standard(record, number, time, stamp, names, maker, board)


def with_more(said: SelRecord, record: bytes, maker: int, board: int = 0) -> SelRecord:
    """What somebody else said of a record, with what its maker says where that was left out."""
    kind = record[2]
    if kind >= _OEM:
        ours = sel_record(record, {}, maker=maker)
        return said if kind == _PANIC or ours.asserted is None else replace(ours, source_time=said.source_time)
    plain = event_words(record[10], record[12] & 0x7F, record[13], record[14])
    told = with_makers_words(plain, maker, record, board)
    event, text = said.event, said.text
    if told != plain and "(" not in event and told != event:
        before = f"{said.sensor} | {event}" if event else said.sensor
        event, text = told, text.replace(before, f"{said.sensor} | {told}", 1)
    if (raw := unread(record, event)) and text.endswith("serted"):
        text += f" | {raw}"
    return replace(said, event=event, text=text)


def _own(number: int, time: datetime | None, stamp: str, record: bytes, raw: list[str], maker: int) -> SelRecord:
    """Of a record type that is its maker's: raw, and before that in words where they are known."""
    columns = [f"OEM record {record[2]:02x}", *raw]
    sensor, event = record_words(record, maker)
    if not event:
        return _of(number, time, stamp, columns, None)
    return _of(number, time, stamp, [sensor, event, "Asserted", " ".join(columns)], True)


def _standard(
    record: bytes, number: int, time: datetime | None, stamp: str, names: Names, maker: int, board: int
) -> SelRecord:
    generator, kind, sensor_number = record[7], record[10], record[11]
    event_type, asserted = record[12] & 0x7F, not record[12] & 0x80
    sensor = names.get((generator, sensor_number, kind))
    if sensor is not None:
        named = f"{sensor_type(kind)} {sensor.name}".strip()
    else:
        named = sensor_type(kind) + (f" #0x{sensor_number:02x}" if sensor_number else "")
    said = with_makers_words(event_words(kind, event_type, record[13], record[14]), maker, record, board)
    columns = [named, said, "Asserted" if asserted else "Deasserted"]
    if sensor is not None and event_type == THRESHOLD and sensor.factors is not None:
        columns.append(_readings(record, sensor, asserted))
    elif event_type == SENSOR_SPECIFIC and kind == _MEMORY and not sensor_number and record[13] & 0x30 == 0x20:
        columns.append(f"CPU {record[15] & 0x0F} DIMM {record[15] >> 4}")
    elif raw := unread(record, said):
        columns.append(raw)
    return _of(number, time, stamp, columns, asserted)


def _readings(record: bytes, sensor: SensorRecord, asserted: bool) -> str:
    """The reading that raised the event and the threshold that it passed, where the event tells them (table 29-6)."""
    data1 = record[13]
    assert sensor.factors is not None
    reading = sensor.factors.value(record[14]) if data1 >> 6 == 1 else 0.0
    text = f"Reading {_figure(reading)}"
    if data1 >> 4 & 3 == 1:
        above = bool(data1 & 1) is asserted  # odd offsets are "going high"
        text += f" {'>' if above else '<'} Threshold {_figure(sensor.factors.value(record[15]))} {sensor.unit}"
    return text


def _figure(value: float | None) -> str:
    """Two places where it is no whole number, rounded as ipmitool's single precision rounds."""
    if value is None or abs(value) > _MAX_FIGURE:
        return "unknown"
    value = float(struct.unpack("<f", struct.pack("<f", value))[0])
    return f"{value:.0f}" if value == int(value) else f"{value:.2f}"


def _time(seconds: int) -> tuple[datetime | None, str]:
    if seconds == _UNSPECIFIED:
        return None, ""
    if seconds < PREINIT_END:
        return None, f"Pre-Init {seconds:010d}"
    time = datetime.fromtimestamp(seconds, UTC)
    return time, time.strftime("%m/%d/%y %H:%M:%S UTC")


def _of(number: int, time: datetime | None, stamp: str, columns: list[str], asserted: bool | None) -> SelRecord:
    clean = ["".join(c if c.isprintable() else " " for c in column).strip() for column in columns]
    sensor = clean[0] if len(clean) > 1 else ""
    return SelRecord(number, time, stamp, sensor, event_of(clean), asserted, " | ".join(part for part in clean if part))
