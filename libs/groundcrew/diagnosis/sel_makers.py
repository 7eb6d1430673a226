"""What makers put into event data 2 and 3 of standard records: which DIMM, which slot, which step of POST.

Dell (IANA number 674) by what ipmitool's decoder of Dell's records documents, in the words that it prints; Intel in
sel_intel.py; others by the rows of maker_meanings.py. Pure.
"""

from groundcrew.diagnosis.ipmi_tables import SENSOR_SPECIFIC
from groundcrew.diagnosis.maker_meanings import meaning
from groundcrew.diagnosis.sel_intel import INTEL, in_intels_words

DELL = 674

_PROCESSOR, _MEMORY, _FIRMWARE, _LOGGING, _INTERRUPT = 0x07, 0x0C, 0x0F, 0x10, 0x13
_VERSION, _NON_FATAL, _FATAL = 0x2B, 0xC2, 0xC3
_QPI_SENSOR, _FSB_SENSOR, _CRC_SENSOR = 0x29, 0x0A, 0x1C
_DIMMS_PER_NODE = {0x9: 6, 0xA: 8, 0xB: 9, 0xC: 12, 0xD: 24, 0xE: 3}
_BUS_ERRORS = {0: "PCIe Error |", 1: "I/O Error |", 4: "PCI PERR |", 5: "PCI SERR |"}
_POST = {
    0x80: "No memory is detected.", 0x81: "Memory is detected but is not configurable.",
    0x82: "Memory is configured but not usable.", 0x83: "System BIOS shadow failed.", 0x84: "CMOS failed.",
    0x85: "DMA controller failed.", 0x86: "Interrupt controller failed.", 0x87: "Timer refresh failed.",
    0x88: "Programmable interval timer error.", 0x89: "Parity error.", 0x8A: "SIO failed.",
    0x8B: "Keyboard controller failed.", 0x8C: "System management interrupt initialization failed.",
    0x8D: "TXT-SX Error.", 0xC0: "Shutdown test failed.", 0xC1: "BIOS POST memory test failed.",
    0xC2: "RAC configuration failed.", 0xC3: "CPU configuration failed.", 0xC4: "Incorrect memory configuration.",
    0xFE: "General failure after video.",
}  # fmt: skip
_ALONE = {(_FIRMWARE, 0x0F), (_NON_FATAL, 0), (_NON_FATAL, 2), (_FATAL, 1)}
"""Sensor types and offsets that no table of IPMI knows: what the maker says is all that is said."""


def with_makers_words(said: str, maker: int, record: bytes, board: int = 0) -> str:
    """An event's words with what its maker adds in parentheses, or the maker's where IPMI has none. `record`: the 16
    bytes of a standard record; `board`: number of the board where its maker tells one, else 0."""
    if maker == INTEL and (told := in_intels_words(said, record)) != said:
        return told
    if maker == DELL and record[12] & 0x7F == SENSOR_SPECIFIC and (added := _dell(record)):
        if said:
            return f"{said} ({added})"
        return f"({added})" if (record[10], record[13] & 0x0F) in _ALONE else ""
    told, adds = meaning(record, maker, board)
    if not told or (said and not adds):
        return said
    return f"{said} ({told})" if said else told


def unread(record: bytes, said: str) -> str:
    """Event data of a standard record in hex, where its maker put something into them of which nothing is `said`."""
    own = record[13] & 0xC0 == 0x80 or record[13] & 0x30 == 0x20
    return "" if not own or "(" in said else f"Event data {record[13:16].hex(' ')}"


def _dell(record: bytes) -> str:
    kind, sensor, (data1, data2, data3) = record[10], record[11], record[13:16]
    offset = data1 & 0x0F
    own2, own3 = data1 & 0xC0 == 0x80, data1 & 0x30 == 0x20
    if not (own2 or own3):
        return ""
    if kind == _PROCESSOR:
        return _processor(sensor, offset, data2, data3) if own2 else ""
    if kind in (_MEMORY, _LOGGING):
        return _memory(kind, sensor, data1, data2, data3)
    if kind in (_INTERRUPT, _NON_FATAL, _FATAL):
        return "" if sensor == _QPI_SENSOR else _bus(offset, data2, data3)
    if kind == _FIRMWARE and offset == 0x0F and data1 & 0x80:
        return _POST.get(data2, "")
    if kind == _VERSION and offset == 2 and data1 & 0x80 and data1 & 0x20 and data2 == 2:
        return f"between BMC/iDRAC Firmware and {('other hardware', 'CPU')[data3]}" if data3 < 2 else ""
    return ""


def _processor(sensor: int, offset: int, data2: int, data3: int) -> str:
    number = (data2 & -data2).bit_length()  # its lowest bit, from 1
    if number == 0:
        return {0: "CPU Internal Err | ", 6: "CPU Protocol Err | "}.get(offset, "")
    return f"FSB {number} " if offset == 6 and sensor == _FSB_SENSOR else f"CPU {number} | APIC ID {data3} "


def _memory(kind: int, sensor: int, data1: int, data2: int, data3: int) -> str:
    offset = data1 & 0x0F
    if kind == _MEMORY and offset == 0 and sensor == _CRC_SENSOR:
        return ""
    text = {
        (_MEMORY, 0): "Correctable ECC | ", (_MEMORY, 1): "UnCorrectable ECC | ",
        (_LOGGING, 0): "Corr Memory Log Disabled | ",
    }.get((kind, offset), "") if data1 & 0xA0 else ""  # fmt: skip
    group, first = data2 >> 4, 0
    if data1 & 0x80:
        if group < 0x08:
            text += f"Card {chr(ord('A') + group)}"
        if data2 & 0x0F != 0x0F:
            first = (data2 & 0x0F) << 3
    if data1 & 0x20:
        places = [first + bit for bit in range(8) if data3 >> bit & 1]
        if 0x07 < group < 0x0F:
            size = _DIMMS_PER_NODE.get(group, 4)
            text += ",".join(f" DIMM{chr(ord('A') + place // size)}{place % size + 1}" for place in places)
        else:
            text += ",".join(f" DIMM{place + 1}" for place in places)
    return text


def _bus(offset: int, data2: int, data3: int) -> str:
    if offset == 2:
        return "IO channel Check NMI"
    before = _BUS_ERRORS.get(offset, " ")
    if data3 & 0x80:
        return f"{before}Slot {data3 & 0x7F}"
    return f"{before}PCI bus:{data3 & 0x7F:02x} device:{data2 >> 3 & 0x1F:02x} function:{data2 & 0x07:x}"
