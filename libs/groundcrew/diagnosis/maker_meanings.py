"""What makers put into event log records beyond IPMI's tables, as rows: of whom, in which records, what it says. Pure.

Dell and Intel are told in sel_makers.py and sel_intel.py. Sources, facts of which stand in each row's comment:
ipmitool lib/ipmi_sel_supermicrooem.c, lib/ipmi_quantaoem.c; freeipmi libfreeipmi/spec/oem and spec/ (tables of codes),
libfreeipmi/sel/ipmi-sel-string-*.c; ipmiutil util/oem_lenovo.c; openbmc/fb-ipmi-oem src/selcommands.cpp.
"""

from collections.abc import Callable
from dataclasses import dataclass

from groundcrew.diagnosis.ipmi_tables import SENSOR_SPECIFIC
from groundcrew.diagnosis.supermicro_boards import dimm_of

SUPERMICRO = frozenset({10_876, 47_488, 10_437, 5_593})
"""Its own number; others that its BMCs bear (freeipmi: Peppercon and Magnum Technologies on older boards)."""

QUANTA, FUJITSU, META = 7_244, 10_368, 40_981
IBM = frozenset({2, 19_046, 20_301})
PURLEY = 2
"""Quanta's platform (its command 65h of network function 36h) whose DIMMs are numbered as here."""

_PROCESSOR, _MEMORY, _FIRMWARE, _INTERRUPT = 0x07, 0x0C, 0x0F, 0x13
_OWN = 0xA0
"""Bits of event data 1, either of which says that event data 2 or 3 are the maker's. Some boards fill these and leave
the bits away, so that bytes other than FFh (unspecified) count as well, as they do to ipmitool."""

Says = Callable[[int, int, int], str]
"""Words by offset, event data 2 and event data 3; empty where these bytes are not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """Of whom (empty: any), and in which standard records (empty: any) event data are meant so. `adds`: in parentheses
    behind IPMI's words; else in place of those that IPMI has none for."""

    makers: frozenset[int] = frozenset()
    boards: frozenset[int] = frozenset()
    kinds: frozenset[int] = frozenset()
    sensors: frozenset[int] = frozenset()
    generators: frozenset[int] = frozenset()
    event_type: int = SENSOR_SPECIFIC
    own: int = 0
    adds: bool = False
    says: Says

    def holds(self, record: bytes, maker: int, board: int) -> bool:
        return (
            (not self.makers or maker in self.makers)
            and (not self.boards or board in self.boards)
            and (not self.kinds or record[10] in self.kinds)
            and (not self.sensors or record[11] in self.sensors)
            and (not self.generators or record[7] in self.generators)
            and record[12] & 0x7F == self.event_type
            and (not self.own or _filled(record, self.own))
        )


def _filled(record: bytes, own: int) -> bool:
    return bool(record[13] & own) or (own == _OWN and 0xFF not in record[14:16])


def _by_offset(*words: str) -> Says:
    return lambda offset, _data2, _data3: words[offset] if offset < len(words) else ""


def _by_data2(words: dict[int, str], *, offset: int = 0) -> Says:
    return lambda found, data2, _data3: words.get(data2, "") if found == offset else ""


def pci(bus: int, place: int) -> str:
    """A PCI function, as ipmitool prints it of Dell's and `locators.py` reads it; `place`: device and function."""
    return f"PCI bus:{bus:02x} device:{place >> 3:02x} function:{place & 7}"


def _purley_dimm(_offset: int, _data2: int, data3: int) -> str:
    return f"CPU{data3 >> 6}_{chr(0x41 + (data3 >> 3 & 7))}{data3 & 7}"


def _meta_dimm(_offset: int, data2: int, data3: int) -> str:
    """Event data 2: bits 2 and 3 say which of processor, channel and DIMM does not count; 0 and 1 are the rank."""
    if data2 >> 2 & 3:
        return ""
    return f"CPU{data3 >> 5} DIMM {data3 >> 3 & 3}{data3 & 7} | rank {data2 & 3}"


def _ibm(offset: int, data2: int, data3: int) -> str:
    del offset
    return _IBM_EVENTS.get((data2, data3), "")


_IBM_EVENTS = {
    (1, 0x00): "CPU shutdown, triple fault", (2, 0x01): "Memory mirroring failed over", (2, 0x04): "Memory hot replace",
    (2, 0x05): "Memory hot add", (3, 0x00): "Scalability link down", (3, 0x01): "Scalability link up",
    (3, 0x02): "Scalability link double wide down", (3, 0x03): "Scalability link double wide up",
    (3, 0x80): "Scalability link predicts a failure", (3, 0x81): "Scalability link: invalid port",
    (3, 0x82): "Scalability link: invalid node", (3, 0x83): "Scalability link killed",
}  # fmt: skip

_ME_HEALTH = {
    0: "recovery GPIO forced", 1: "image execution failed", 2: "flash erase error", 3: "flash state information",
    4: "internal error", 5: "BMC did not respond", 6: "direct flash update", 7: "manufacturing error",
    8: "automatic restore to factory presets", 9: "firmware exception", 10: "flash wear-out protection warning",
    13: "DMI interface error", 14: "MCTP interface error", 15: "auto-configuration finished",
    16: "unsupported segment defined feature", 18: "CPU debug capability disabled", 19: "UMA operation error",
}  # fmt: skip
_NODE_MANAGER_FAULTS = {
    7: "extended telemetry device reading failure", 8: "outlet temperature reading failure",
    9: "volumetric airflow reading failure", 10: "policy misconfiguration", 11: "power sensor reading failure",
    12: "inlet temperature reading failure", 13: "host communication error",
    14: "real-time clock synchronization failure", 15: "platform shutdown initiated by policy",
}  # fmt: skip
_META_POST = {
    0xA105: "BMC failed, no response", 0xA106: "BMC failed its self test",
    0xA10A: "system firmware corruption detected", 0xA10B: "TPM self test failed",
}  # fmt: skip
_CATERR = {0x0: "IERR", 0xB: "MCERR"}


def _me_health(offset: int, data2: int, _data3: int) -> str:
    said = _ME_HEALTH.get(data2, "") if offset == 0 else "SMBus link failure" if offset == 1 else ""
    return f"ME firmware: {said}" if said else ""


def _node_manager(offset: int, data2: int, _data3: int) -> str:
    said = _NODE_MANAGER_FAULTS.get(data2 >> 4, "") if offset == 2 else ""
    return f"Node Manager: {said}" if said else ""


def _fujitsu(kind: int, *words: str) -> Meaning:
    return Meaning(makers=frozenset({FUJITSU}), kinds=frozenset({kind}), says=_by_offset(*words))


def _meta(kind: int, sensor: int, says: Says, *, own: int = 0) -> Meaning:
    kinds, sensors = frozenset({kind}) if kind else frozenset[int](), frozenset({sensor})
    return Meaning(makers=frozenset({META}), kinds=kinds, sensors=sensors, own=own, adds=True, says=says)


_MANAGEMENT_ENGINE = frozenset({0x2C})
MEANINGS: tuple[Meaning, ...] = (
    # of whichever maker: Intel's Management Engine, sensor type DCh, by the event types of its Node Manager
    Meaning(generators=_MANAGEMENT_ENGINE, kinds=frozenset({0xDC}), event_type=0x75, says=_me_health),
    Meaning(generators=_MANAGEMENT_ENGINE, kinds=frozenset({0xDC}), event_type=0x73, says=_node_manager),
    Meaning(
        generators=_MANAGEMENT_ENGINE, kinds=frozenset({0xDC}), event_type=0x72,
        says=lambda offset, _data2, _data3: "Node Manager: policy correction time exceeded" if offset & 8 else "",
    ),
    # Supermicro: C0h is the temperature of a processor in words; D0h is the BMC itself
    Meaning(
        makers=SUPERMICRO, kinds=frozenset({0xC0}), event_type=0x70,
        says=lambda offset, _data2, _data3: "Overheat" if offset == 2 else "",
    ),
    Meaning(
        makers=SUPERMICRO, kinds=frozenset({0xD0}),
        says=_by_data2({0: "BMC unexpected reset", 1: "BMC cold reset", 2: "BMC warm reset"}),
    ),
    Meaning(
        makers=frozenset({QUANTA}), boards=frozenset({PURLEY}), kinds=frozenset({_MEMORY}), own=_OWN, adds=True,
        says=_purley_dimm,
    ),
    Meaning(
        makers=frozenset({QUANTA}), boards=frozenset({PURLEY}), kinds=frozenset({_INTERRUPT}),
        generators=frozenset({0x01}), sensors=frozenset({0xA1}), own=_OWN, adds=True,
        says=lambda _offset, data2, data3: pci(data3, data2),
    ),
    # Fujitsu's iRMC: sensor types of its own; what stands as "reserved" or "unspecified" is left out
    _fujitsu(0xC0, "I2C Bus Error", "I2C Bus OK", "I2C Bus Disabled", "I2C Bus Failed"),
    _fujitsu(0xDD, "System Power Consumption within Limit", "System Power Consumption above Warning Level",
             "System Power Consumption above Critical Level", "System Power Consumption limiting disabled"),
    _fujitsu(0xDE, "Empty slot", "OK", "", "Error", "Fail", "Prefailure", "", "Unknown"),
    _fujitsu(0xDF, "Normal", "Disabled", "Spare module", "Mirrored module", "RAID module", "Not Usable"),
    _fujitsu(0xE1, "Non Fujitsu memory module detected", "Memory module replaced", "Fatal general memory error",
             "Recoverable general memory error", "Recoverable ECC memory error", "Recoverable CRC memory error",
             "Fatal CRC memory error", "Recoverable thermal memory event", "Fatal thermal memory error",
             "Too many correctable memory errors", "Uncorrectable Parity memory error", "Memory Modules swapped",
             "Memory Module moved", "Memory removed", "Memory Re-inserted", "Memory module(s) changed"),
    _fujitsu(0xE3, "TPM Error", "", "No usable CPU"),
    _fujitsu(0xE4, "System configuration Data error", "Resource Conflict", "IRQ not configured",
             "Device node allocation error", "Expansion ROM Slot not initialized"),
    _fujitsu(0xE6, "FAN on, running", "FAN failed", "FAN prefailure", "Redundant FAN failed", "FAN not manageable",
             "FAN not installed", "", "FAN in init phase"),
    _fujitsu(0xE8, "Power supply - Not present", "Power supply - OK", "Power supply - Failed",
             "Redundant power supply - AC failed", "Redundant power supply - DC failed",
             "Power supply - Critical Temperature", "Power supply - Not manageable",
             "Power supply - Fan failure predicted", "Power supply - Fan failed", "Power supply - Power Save Mode"),
    _fujitsu(0xE9, "Power Supply - redundancy present"),
    _fujitsu(0xEC, "Online firmware flash", "Online firmware flash: reboot", "BIOS TFTP Flash: OK",
             "BIOS TFTP Flash: failed", "iRMC TFTP Flash: OK", "iRMC TFTP Flash: failed"),
    _fujitsu(0xEF, "Chassis IDPROM: Motherboard Exchange detected", "Chassis IDPROM: Read or Write error",
             "Chassis IDPROM: Restore successful", "Chassis IDPROM: Restore failed",
             "Chassis IDPROM: Backup successful", "Chassis IDPROM: Backup failed", "Chassis IDPROM: Feature disabled",
             "Chassis IDPROM: Function Not Available", *[""] * 7, "NVRAM defaults loaded"),
    # IBM's System x and Lenovo's after them
    Meaning(makers=IBM, kinds=frozenset({0xC1}), says=_ibm),
    # Meta's servers (Quanta, Wiwynn): its own sensor numbers
    _meta(_MEMORY, 0x63, _meta_dimm),
    _meta(_PROCESSOR, 0x40, lambda _o, data2, data3: f"CPU {data3 >> 5} | bank {data2} | core {data3 & 0x1F}"),
    _meta(_INTERRUPT, 0x41, lambda offset, data2, data3: pci(data3, data2) if offset in (4, 5, 7, 8, 10) else ""),
    _meta(_FIRMWARE, 0x2B, lambda _o, data2, data3: _META_POST.get(data3 << 8 | data2, ""), own=0x80),
    _meta(0, 0x56, _by_offset("", "SYS_PWROK failure", "PCH_PWROK failure")),
    _meta(0, 0xE6, lambda offset, _data2, _data3: _CATERR.get(offset, "")),
    _meta(0, 0xEB, lambda offset, _data2, _data3: _CATERR.get(offset, "")),
)  # fmt: skip


_DIMM = Meaning(kinds=frozenset({_MEMORY}), own=_OWN, says=lambda _offset, _data2, _data3: "")
"""Supermicro's: which board it is decides on the words (supermicro_boards.py)."""


def meaning(record: bytes, maker: int, board: int) -> tuple[str, bool]:
    """What a maker's bytes in a standard record say, and whether that belongs behind IPMI's own words; empty where it
    is not known. `board`: which board it is, where the maker has a command that tells; 0 where it has not."""
    offset, data2, data3 = record[13] & 0x0F, record[14], record[15]
    if maker in SUPERMICRO and _DIMM.holds(record, maker, board):
        return dimm_of(board, data2, data3), True
    for row in MEANINGS:
        if row.holds(record, maker, board) and (said := row.says(offset, data2, data3)):
            return said, row.adds
    return "", False
