"""Serials and part numbers out of a FRU's bytes (Platform Management FRU Information Storage Definition 1.0).

Chassis, board and product areas (chapters 10 to 12); nothing raises: an area that is cut or whose checksum is wrong is
left out.
"""

from groundcrew.diagnosis.sdr_bytes import id_string

COMMON_HEADER = 8
_AREA_UNIT = 8
_END = 0xC1
_FIELDS = {
    "chassis": (3, ("chassis_part", "chassis_serial")),
    "board": (6, ("board_vendor", "board", "board_serial", "board_part")),
    "product": (3, ("product_vendor", "product", "product_part", "product_version", "product_serial", "asset_tag")),
}
"""Of each area: where its first field begins, and what the fields are, in their order."""

_AREAS = {"chassis": 2, "board": 3, "product": 4}
"""Where the common header tells an area's place, in units of 8 bytes."""


def fru_length(header: bytes) -> int:
    """Where the last area that is read begins, plus its length byte; 0 where this is no common header."""
    if len(header) < COMMON_HEADER or header[0] & 0x0F != 1 or sum(header[:COMMON_HEADER]) & 0xFF:
        return 0
    return max(header[at] for at in _AREAS.values()) * _AREA_UNIT


def area_length(data: bytes, start: int) -> int:
    """Bytes of the area that begins there; 0 where that is not told yet."""
    return data[start + 1] * _AREA_UNIT if start + 1 < len(data) else 0


def fru_facts(data: bytes) -> dict[str, str]:
    """What is filled in, by the names that the inventory shows."""
    found: dict[str, str] = {}
    if fru_length(data) == 0:
        return found
    for area, at in _AREAS.items():
        start = data[at] * _AREA_UNIT
        length = area_length(data, start)
        whole = data[start : start + length]
        if start == 0 or length == 0 or len(whole) < length or sum(whole) & 0xFF:
            continue
        first, names = _FIELDS[area]
        found |= {name: text for name, text in zip(names, _strings(whole, first), strict=False) if text}
    return found


def _strings(area: bytes, at: int) -> list[str]:
    """Fields up to the end mark, which is also the beginning of a field of one character: what follows decides."""
    found = []
    end = len(area) - 1  # the checksum
    while at < end and not (area[at] == _END and not any(area[at + 1 : end])):
        size = area[at] & 0x3F
        found.append(_text(area[at], area[at + 1 : at + 1 + size]))
        at += 1 + size
    return found


def _text(coded: int, data: bytes) -> str:
    """Fields are up to 63 bytes, so the length is taken from the data; type 0 is binary and shown as hex."""
    if coded >> 6 == 0:
        return data.hex()
    parts = [data[n : n + 30] for n in range(0, len(data), 30)]  # 30: whole groups of packed 6-bit characters
    return "".join(id_string(coded & 0xC0 | len(part), part) for part in parts).strip()
