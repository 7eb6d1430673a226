"""Event log records of makers' own types (C0h to FFh) in the words of IPMI's tables, where their layout is known. Pure.

Sources: openbmc/fb-ipmi-oem src/selcommands.cpp and its include/storagecommands.hpp (Meta's records C0h, C2h, C3h and
the unified FBh; the kinds of error that it leaves out are those of pldm's oem_meta); ipmitool lib/ipmi_quantaoem.c
(errors of PCIe, which are Meta's as well); pyghmi ipmi/oem/lenovo/handler.py (D0h to D2h of Lenovo's ThinkServer).
"""

from collections.abc import Callable

from groundcrew.diagnosis.maker_meanings import META, QUANTA, pci

_PCIE, _MCA, _MEMORY_DEVICE, _UNIFIED = 0xC0, 0xC2, 0xC3, 0xFB
_BUS, _MEMORY, _FIRMWARE = "Critical Interrupt PCIe", "Memory", "System Firmwares POST"
_PCIE_ERRORS = {
    0x00: "receiver error", 0x01: "bad TLP", 0x02: "bad DLLP", 0x03: "replay number rollover",
    0x04: "replay timer timeout", 0x05: "advisory non-fatal error", 0x06: "corrected internal error",
    0x07: "header log overflow", 0x20: "data link protocol error", 0x21: "surprise down", 0x22: "poisoned TLP",
    0x23: "flow control protocol error", 0x24: "completion timeout", 0x25: "completer abort",
    0x26: "unexpected completion", 0x27: "receiver overflow", 0x28: "malformed TLP", 0x29: "ECRC error",
    0x3A: "unsupported request", 0x3B: "ACS violation", 0x3C: "uncorrectable internal error", 0x3D: "MC blocked TLP",
    0x3E: "AtomicOp egress blocked", 0x3F: "TLP prefix blocked", 0x50: "ERR_NONFATAL from downstream",
    0x51: "ERR_FATAL from downstream", 0x52: "ERR_FATAL from downstream", 0x60: "link bandwidth changed",
    0x80: "parity error in the outbound switch", 0x81: "completer abort sent", 0x82: "unsupported request sent",
    0x83: "completion with CA status received", 0x84: "completion with UR status received",
    0x85: "MSI write longer than a word received", 0x86: "poisoned data sent",
}  # fmt: skip
_CORRECTED_UNTIL, _FATAL = 0x20, (0x51, 0x52)
_INFORMS = 0x60
_MEMORY_ERRORS = (
    "Configuration Error ({})", "Correctable ECC ({})", "Uncorrectable ECC ({})", "Correctable ECC ({} | patrol scrub)",
    "Uncorrectable ECC ({} | patrol scrub)", "Parity ({})", "Parity ({} | processor context corrupt)",
    "Memory Device Disabled ({} | PMIC error)", "Configuration Error ({} | CXL)",
)  # fmt: skip
"""By the kind of failure; a DIMM that fails its training is not configured, one whose PMIC fails is off."""

_MEMORY_EVENTS = {
    0: "Post package repair ({})", 1: "Correctable ECC logging limit reached ({})", 2: "Memory Device Disabled ({})",
    3: "Spare ({} | SDDC)", 4: "Mirroring of an address range ({})", 5: "Spare ({} | ADDDC)",
    6: "SMBus hang recovery ({})", 7: "No DIMM in the system",
}  # fmt: skip
_POST_EVENTS = (
    "System PXE boot failed", "CMOS/NVRAM configuration cleared", "TPM self test failed", "Boot drive failed",
    "Data drive failed", "Invalid boot order request from the BMC", "System HTTP boot failed",
    "BIOS got no certificate from the BMC", "Password cleared by jumper", "DXE firmware volume check failed",
    "AMD ABL failed",
)  # fmt: skip
_PCIE_EVENTS = (
    "PCIe downstream port containment", "PCIe live error recovery", "PCIe link retraining and recovery",
    "PCIe link CRC error check and retry", "PCIe corrupt data containment", "PCIe ECRC",
)  # fmt: skip
LENOVO = 19_046
_UPDATED = {
    1: "Management Controller", 2: "UEFI/BIOS", 3: "CPLD", 4: "Power Supply", 5: "Storage Adapter",
    6: "Add-in Adapter",
}  # fmt: skip
_UPDATES = ("Firmware update failed", "Firmware update succeeded", "Firmware update aborted")
_RECOVERIES = {1: "automatic", 2: "manual"}
_PROCESSORS = 2
_DIMM_LETTERS = "ACBD"

Said = tuple[str, str]
"""Sensor and event; the event is empty where the record is not understood."""

_UNKNOWN: Said = ("", "")


def record_words(record: bytes, maker: int) -> Said:
    """`record`: 16 bytes of a type from C0h on; `maker`: IANA number of who made the BMC."""
    kind = record[2]
    if kind == _UNIFIED and maker == META:
        told = _KINDS.get(record[3] & 0x0F)
        return told(record[3:]) if told is not None else _UNKNOWN
    if kind == _PCIE and maker in (META, QUANTA):
        return _pcie_device(record[10:])
    if maker == LENOVO and (lenovo := _LENOVOS.get(kind)) is not None:
        return lenovo(record[10:])
    if kind == _MCA and maker == META:
        words = (int.from_bytes(record[at : at + 2], "little") for at in (12, 14))
        return "Processor", "Machine check details (MSCOD {:04x} | MCACOD {:04x})".format(*words)
    if kind == _MEMORY_DEVICE and maker == META:
        column = (record[11] & 0x0F) << 8 | record[12]
        where = f"device {record[10]:02x} | bank {record[11] >> 4} | column {column:03x} | row {record[13:].hex()}"
        return _MEMORY, f"Memory error details ({where})"
    return _UNKNOWN


def _bus(error: int, where: str) -> Said:
    said = _PCIE_ERRORS.get(error, "")
    if not said:
        return _UNKNOWN
    if error == _INFORMS:
        return _BUS, f"Link bandwidth changed ({where})"
    kind = "Bus Correctable error" if error < _CORRECTED_UNTIL else "Bus Uncorrectable error"
    return _BUS, f"{'Bus Fatal Error' if error in _FATAL else kind} ({said} | {where})"


def _pcie_device(told: bytes) -> Said:
    vendor, device = (int.from_bytes(told[at : at + 2], "little") for at in (0, 2))
    return _bus(told[5], f"slot {told[4]} | vendor {vendor:04x} device {device:04x}")


def _lenovo_update(told: bytes) -> Said:
    what, kind, slot = _UPDATED.get(told[0], ""), told[1] & 7, told[1] >> 3
    if not what or kind >= len(_UPDATES):
        return _UNKNOWN
    return f"Version Change {what}{f' {slot}' if slot else ''}", f"{_UPDATES[kind]} ({told[2]}.{told[3]})"


def _lenovo_recovery(told: bytes) -> Said:
    how = _RECOVERIES.get(told[0] >> 4, "")
    if not how:
        return _UNKNOWN
    failed = " failed" * (told[0] & 0x0F == 0) + ", no recovery image found" * (told[1] == 1)
    return "System Firmwares BIOS", f"BIOS recovery, {how}{failed}"


def _lenovo_flash(told: bytes) -> Said:
    return ("Management Subsys Health eMMC", "eMMC format error") if told[0] == 1 else _UNKNOWN


_LENOVOS = {0xD0: _lenovo_update, 0xD1: _lenovo_recovery, 0xD2: _lenovo_flash}


# --- Meta's unified record: byte 0 says of what kind, 1 to 4 are a time, the rest is that kind's own ------------------


def _dimm(told: bytes) -> str:
    """`DIMM A2 | CPU 0 channel 2 slot 0`; a letter for each slot of each of two processors."""
    processor, sled = told[5] & 0x0F, told[5] >> 4 & 3
    before = f"sled {sled} " if sled else ""
    if told[6] == 0xFF and told[7] == 0xFF:
        return f"{before}CPU {processor}, channel and slot unknown"
    channel, slot = told[6] & 0x0F, told[7] & 0x0F
    letter = processor * _PROCESSORS + slot
    named = f"DIMM {_DIMM_LETTERS[letter]}{channel} | " if letter < len(_DIMM_LETTERS) else ""
    return f"{named}{before}CPU {processor} channel {channel} slot {slot}"


def _pcie_error(told: bytes) -> Said:
    return _bus(told[12], pci(told[8], told[7]))


def _memory_error(told: bytes) -> Said:
    kind = told[9] & 0x0F
    return (_MEMORY, _MEMORY_ERRORS[kind].format(_dimm(told))) if kind < len(_MEMORY_ERRORS) else _UNKNOWN


def _memory_event(told: bytes) -> Said:
    said = _MEMORY_EVENTS.get(told[9] & 0x0F, "")
    return (_MEMORY, said.format(_dimm(told))) if said else _UNKNOWN


def _post_event(told: bytes) -> Said:
    kind = told[5] & 0x0F
    return (_FIRMWARE, _POST_EVENTS[kind]) if kind < len(_POST_EVENTS) else _UNKNOWN


def _pcie_event(told: bytes) -> Said:
    kind = told[5] & 0x0F
    return (_BUS, _PCIE_EVENTS[kind]) if kind < len(_PCIE_EVENTS) else _UNKNOWN


def _io_error(told: bytes) -> Said:
    where = (
        f"CPU {told[5] & 0x0F} stack {told[6]:02x} | type {told[10]:02x} severity {told[11] & 0x0F} id {told[12]:02x}"
    )
    return _BUS, f"IIO error ({where})"


def _boot_guard(told: bytes) -> Said:
    return _FIRMWARE, f"Boot Guard ACM failed (class {told[9]:02x} | code {told[10]:02x})"


_KINDS: dict[int, Callable[[bytes], Said]] = {
    0x0: _pcie_error, 0x1: _memory_error, 0x3: _io_error, 0x8: _post_event, 0x9: _pcie_event, 0xA: _memory_event,
    0xC: _boot_guard,
}  # fmt: skip
