"""Sensor records, event log records and FRU data as a BMC holds them, made from plain figures.

Source: IPMI 2.0 rev 1.1, tables 43-1 to 43-3 and 32-1; FRU Information Storage Definition 1.0.
"""

import struct
from dataclasses import dataclass

_ASCII = 0xC0


@dataclass(frozen=True, kw_only=True)
class Analog:
    """A sensor with a number: value = (m * raw + b * 10^k1) * 10^k2, then linearised. Thresholds are raw: upper
    non-recoverable, critical, non-critical, then the lower ones in the same order."""

    number: int
    name: str
    kind: int
    unit: int
    entity: int = 3
    instance: int = 1
    m: int = 1
    b: int = 0
    k1: int = 0
    k2: int = 0
    form: int = 0
    linearisation: int = 0
    percent: bool = False
    unit_modifier: int = 0
    modifying_unit: int = 0
    thresholds: tuple[int, int, int, int, int, int] = (100, 95, 90, 0, 5, 8)
    owner: int = 0x20

    def record(self) -> bytes:
        m, b = self.m & 0x3FF, self.b & 0x3FF
        body = bytes([self.owner, 0, self.number, self.entity, self.instance, 0x7F, 0x68, self.kind, 0x01])
        body += struct.pack("<HHH", 0x7A95, 0x7A95, 0x3F3F)
        body += bytes([self.form << 6 | self.unit_modifier << 1 | self.percent, self.unit, self.modifying_unit])
        body += bytes([self.linearisation, m & 0xFF, m >> 8 << 6, b & 0xFF, b >> 8 << 6, 0])
        body += bytes([(self.k2 & 0xF) << 4 | self.k1 & 0xF, 0, 0, 0, 0, 0xFF, 0, *self.thresholds, 2, 2, 0, 0, 0])
        return _sdr(0x01, body, self.name)


@dataclass(frozen=True, kw_only=True)
class Discrete:
    """A sensor of states."""

    number: int
    name: str
    kind: int
    event_type: int = 0x6F
    entity: int = 10
    instance: int = 1
    owner: int = 0x20

    def record(self) -> bytes:
        body = bytes([self.owner, 0, self.number, self.entity, self.instance, 0x67, 0x40, self.kind, self.event_type])
        body += struct.pack("<HHH", 0x7FFF, 0x7FFF, 0x7FFF) + bytes([0xC0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0])
        return _sdr(0x02, body, self.name)


@dataclass(frozen=True, kw_only=True)
class EventOnly:
    """A sensor that can only be heard of in the event log."""

    number: int
    name: str
    kind: int
    event_type: int = 0x6F

    def record(self) -> bytes:
        body = bytes([0x20, 0, self.number, 7, 1, self.kind, self.event_type, 1, 0, 0, 0])
        return _sdr(0x03, body, self.name)


def _sdr(kind: int, body: bytes, name: str) -> bytes:
    text = name.encode("latin-1")[:16]
    body += bytes([_ASCII | len(text)]) + text
    return bytes([0, 0, 0x51, kind, len(body)]) + body


def event(
    kind: int,
    sensor: int,
    data: bytes = b"\0\xff\xff",
    *,
    event_type: int = 0x6F,
    asserted: bool = True,
    seconds: int = 0,
    generator: int = 0x20,
) -> bytes:
    """A standard event without its id: the log gives it one. `data`: event data 1 to 3."""
    direction = event_type if asserted else event_type | 0x80
    return b"\0\0\x02" + struct.pack("<IHBBBB", seconds, generator, 4, kind, sensor, direction) + data


def fru(chassis_serial: str, board: tuple[str, str, str, str], product: tuple[str, str, str, str, str]) -> bytes:
    """Board: maker, name, serial, part. Product: maker, name, part, version, serial."""
    areas = (
        bytes([1, 0, 0x17]) + _strings("", chassis_serial),
        bytes([1, 0, 0x19, 0, 0, 0]) + _strings(*board),
        bytes([1, 0, 0x19]) + _strings(*product),
    )
    header, body = bytes([1, 0]), b""
    for area in areas:
        header += bytes([1 + len(body) // 8])
        length = -(-(len(area) + 2) // 8) * 8
        whole = (area[:1] + bytes([length // 8]) + area[2:] + b"\xc1").ljust(length - 1, b"\0")
        body += whole + bytes([-sum(whole) & 0xFF])
    header += bytes([0, 0])
    return header + bytes([-sum(header) & 0xFF]) + body


def _strings(*texts: str) -> bytes:
    return b"".join(bytes([_ASCII | len(text)]) + text.encode("latin-1") for text in texts)
