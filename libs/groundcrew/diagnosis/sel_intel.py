"""What Intel's server boards (S2600 and its kin, IANA number 343) put into records: which DIMM, which PCIe function,
what a supply suffers from. ipmitool prints none of it. Pure.

Source: the layouts in freeipmi's headers, spec/oem/intel/ipmi-sensor-and-event-code-tables-oem-intel-common-spec.h,
ipmi-event-reading-type-code-oem-intel-common-spec.h and ipmi-sensor-numbers-oem-intel-common-spec.h, which follow
Intel's System Event Log Troubleshooting Guides.
"""

from groundcrew.diagnosis.ipmi_tables import SENSOR_SPECIFIC

INTEL = 343

_SMI_HANDLER, _POST, _BMC = 0x33, 0x01, 0x20
_SUPPLY, _MEMORY, _INTERRUPT = 0x08, 0x0C, 0x13
_ECC_SENSOR = 0x02
_SUPPLIES = (0x50, 0x51)
_CHANNELS = ("ABCD", "EFGH", "JKLM", "NPRT")
"""How the slots' channels are called, by socket."""

_PCIE_FATAL = {
    0x70: (
        "Data Link Layer Protocol", "Surprise Link Down", "Completer Abort", "Unsupported Request", "Poisoned TLP",
        "Flow Control Protocol", "Completion Timeout", "Receiver Buffer Overflow", "ACS Violation", "Malformed TLP",
        "ECRC", "Fatal Message From Downstream", "Unexpected Completion", "Non-Fatal Message",
        "Uncorrectable Internal", "MC Blocked TLP",
    ),
    0x76: ("Atomic Egress Blocked", "TLP Prefix Blocked"),
}  # fmt: skip
_PCIE_CORRECTED = (
    "Receiver Error", "Bad DLLP", "Bad TLP", "Replay Num Rollover", "Replay Timer Timeout", "Advisory Non-Fatal",
    "Link BW Changed", "Correctable Internal", "Header Log Overflow",
)  # fmt: skip
_LINK_WIDTHS = {1: "half width", 2: "quarter width"}
_SUPPLY_FAULTS = {
    1: ("", "output voltage", "output power", "output over-current", "over-temperature", "fan"),
    2: ("", "output voltage", "output power", "output over-current", "over-temperature", "fan", "input under-voltage",
        "input over-current", "input over-power"),
    6: ("", "PMBus not readable", "PMBus revision not supported", "PMBus revision", "incompatible supply",
        "firmware degraded"),
}  # fmt: skip
"""By the event's offset, what event data 2 names: failure, predicted failure, configuration error."""


def in_intels_words(said: str, record: bytes) -> str:
    """An event's words with what is meant in parentheses, in words of IPMI's tables where those have none. `record`:
    the 16 bytes of a standard record."""
    generator, kind, sensor, event_type = record[7], record[10], record[11], record[12] & 0x7F
    data1, data2, data3 = record[13:16]
    if kind == _INTERRUPT and generator in (_SMI_HANDLER, _POST) and event_type != SENSOR_SPECIFIC:
        return _bus(event_type, data1 & 0x0F, data2, data3) or said
    more = ""
    if (generator, kind, sensor, event_type) == (_SMI_HANDLER, _MEMORY, _ECC_SENSOR, SENSOR_SPECIFIC):
        more = _dimm(data3) if data1 & 0x30 == 0x20 else ""
    elif generator == _BMC and kind == _SUPPLY and sensor in _SUPPLIES and data1 & 0xC0 == 0x80:
        faults = _SUPPLY_FAULTS.get(data1 & 0x0F, ())
        more = faults[data2] if data2 < len(faults) else ""
    return f"{said} ({more})" if said and more else said


def _dimm(data3: int) -> str:
    """`DIMM_F2`, as the board's print names it."""
    socket, channel, slot = data3 >> 5, data3 >> 3 & 3, data3 & 7
    return f"DIMM_{_CHANNELS[socket][channel]}{slot + 1}" if socket < len(_CHANNELS) and slot < 3 else ""


def _bus(event_type: int, offset: int, bus: int, place: int) -> str:
    at = f"PCI bus:{bus:02x} device:{place >> 3:02x} function:{place & 7}"
    if (fatal := _PCIE_FATAL.get(event_type)) is not None:
        return f"Bus Fatal Error ({fatal[offset] if offset < len(fatal) else 'unspecified'} | {at})"
    if event_type == 0x71:
        said = _PCIE_CORRECTED[offset] if offset < len(_PCIE_CORRECTED) else "unspecified"
        return f"Bus Correctable error ({said} | {at})"
    if event_type == 0x72:
        return "Bus Correctable error (QPI)"
    if event_type in (0x73, 0x74):
        return "Bus Fatal Error (QPI)"
    if event_type == 0x77 and offset in _LINK_WIDTHS:
        return f"Bus Degraded (QPI at {_LINK_WIDTHS[offset]})"
    return ""
