"""Words for the codes of IPMI 2.0: sensor types, what their events and states mean, and units.

Sources: IPMI 2.0 rev 1.1, tables 42-2 (generic event/reading types), 42-3 (sensor types and their offsets) and 43-15
(units), in the words that ipmitool 1.8 prints, so that a rule over an event's text holds however the BMC was read.
"""

THRESHOLD = 0x01
SENSOR_SPECIFIC = 0x6F

SENSOR_TYPES = (
    "reserved", "Temperature", "Voltage", "Current", "Fan", "Physical Security", "Platform Security", "Processor",
    "Power Supply", "Power Unit", "Cooling Device", "Other", "Memory", "Drive Slot / Bay", "POST Memory Resize",
    "System Firmwares", "Event Logging Disabled", "Watchdog1", "System Event", "Critical Interrupt", "Button",
    "Module / Board", "Microcontroller", "Add-in Card", "Chassis", "Chip Set", "Other FRU", "Cable / Interconnect",
    "Terminator", "System Boot Initiated", "Boot Error", "OS Boot", "OS Critical Stop", "Slot / Connector",
    "System ACPI Power State", "Watchdog2", "Platform Alert", "Entity Presence", "Monitor ASIC", "LAN",
    "Management Subsys Health", "Battery", "Session Audit", "Version Change", "FRU State",
)  # fmt: skip
"""Table 42-3, by code."""

GENERIC = {
    0x01: ("Lower Non-critical going low", "Lower Non-critical going high", "Lower Critical going low",
           "Lower Critical going high", "Lower Non-recoverable going low", "Lower Non-recoverable going high",
           "Upper Non-critical going low", "Upper Non-critical going high", "Upper Critical going low",
           "Upper Critical going high", "Upper Non-recoverable going low", "Upper Non-recoverable going high"),
    0x02: ("Transition to Idle", "Transition to Active", "Transition to Busy"),
    0x03: ("State Deasserted", "State Asserted"),
    0x04: ("Predictive Failure Deasserted", "Predictive Failure Asserted"),
    0x05: ("Limit Not Exceeded", "Limit Exceeded"),
    0x06: ("Performance Met", "Performance Lags"),
    0x07: ("Transition to OK", "Transition to Non-critical from OK", "Transition to Critical from less severe",
           "Transition to Non-recoverable from less severe", "Transition to Non-critical from more severe",
           "Transition to Critical from Non-recoverable", "Transition to Non-recoverable", "Monitor", "Informational"),
    0x08: ("Device Absent", "Device Present"),
    0x09: ("Device Disabled", "Device Enabled"),
    0x0A: ("Transition to Running", "Transition to In Test", "Transition to Power Off", "Transition to On Line",
           "Transition to Off Line", "Transition to Off Duty", "Transition to Degraded", "Transition to Power Save",
           "Install Error"),
    0x0B: ("Fully Redundant", "Redundancy Lost", "Redundancy Degraded", "Non-Redundant: Sufficient from Redundant",
           "Non-Redundant: Sufficient from Insufficient", "Non-Redundant: Insufficient Resources",
           "Redundancy Degraded from Fully Redundant", "Redundancy Degraded from Non-Redundant"),
    0x0C: ("D0 Power State", "D1 Power State", "D2 Power State", "D3 Power State"),
}  # fmt: skip
"""Table 42-2: words by event type and offset."""

SPECIFIC: dict[int, tuple[str, ...]] = {
    0x05: ("General Chassis intrusion", "Drive Bay intrusion", "I/O Card area intrusion", "Processor area intrusion",
           "System unplugged from LAN", "Unauthorized dock", "FAN area intrusion"),
    0x06: ("Front Panel Lockout violation attempted", "Pre-boot password violation - user password",
           "Pre-boot password violation - setup password", "Pre-boot password violation - network boot password",
           "Other pre-boot password violation", "Out-of-band access password violation"),
    0x07: ("IERR", "Thermal Trip", "FRB1/BIST failure", "FRB2/Hang in POST failure",
           "FRB3/Processor startup/init failure", "Configuration Error", "SM BIOS Uncorrectable CPU-complex Error",
           "Presence detected", "Disabled", "Terminator presence detected", "Throttled",
           "Uncorrectable machine check exception", "Correctable machine check error"),
    0x08: ("Presence detected", "Failure detected", "Predictive failure", "Power Supply AC lost",
           "AC lost or out-of-range", "AC out-of-range, but present", "Config Error", "Power Supply Inactive"),
    0x09: ("Power off/down", "Power cycle", "240VA power down", "Interlock power down", "AC lost",
           "Soft-power control failure", "Failure detected", "Predictive failure"),
    0x0C: ("Correctable ECC", "Uncorrectable ECC", "Parity", "Memory Scrub Failed", "Memory Device Disabled",
           "Correctable ECC logging limit reached", "Presence Detected", "Configuration Error", "Spare", "Throttled",
           "Critical Overtemperature"),
    0x0D: ("Drive Present", "Drive Fault", "Predictive Failure", "Hot Spare", "Parity Check In Progress",
           "In Critical Array", "In Failed Array", "Rebuild In Progress", "Rebuild Aborted"),
    0x0F: ("Unknown Error", "Unknown Hang", "Unknown Progress"),
    0x10: ("Correctable memory error logging disabled", "Event logging disabled", "Log area reset/cleared",
           "All event logging disabled", "Log full", "Log almost full"),
    0x11: ("BIOS Reset", "OS Reset", "OS Shut Down", "OS Power Down", "OS Power Cycle", "OS NMI/Diag Interrupt",
           "OS Expired", "OS pre-timeout Interrupt"),
    0x12: ("System Reconfigured", "OEM System boot event", "Undetermined system hardware failure",
           "Entry added to auxiliary log", "PEF Action", "Timestamp Clock Sync"),
    0x13: ("NMI/Diag Interrupt", "Bus Timeout", "I/O Channel check NMI", "Software NMI", "PCI PERR", "PCI SERR",
           "EISA failsafe timeout", "Bus Correctable error", "Bus Uncorrectable error", "Fatal NMI",
           "Bus Fatal Error", "Bus Degraded"),
    0x14: ("Power Button pressed", "Sleep Button pressed", "Reset Button pressed", "FRU Latch", "FRU Service"),
    0x19: ("Soft Power Control Failure", "Thermal Trip"),
    0x1B: ("Connected", "Config Error"),
    0x1D: ("Initiated by power up", "Initiated by hard reset", "Initiated by warm reset", "User requested PXE boot",
           "Automatic boot to diagnostic", "OS initiated hard reset", "OS initiated warm reset", "System Restart"),
    0x1E: ("No bootable media", "Non-bootable disk in drive", "PXE server not found", "Invalid boot sector",
           "Timeout waiting for selection"),
    0x1F: ("A: boot completed", "C: boot completed", "PXE boot completed", "Diagnostic boot completed",
           "CD-ROM boot completed", "ROM boot completed", "boot completed - device not specified",
           "Installation started", "Installation completed", "Installation aborted", "Installation failed"),
    0x20: ("Error during system startup", "Run-time critical stop", "OS graceful stop", "OS graceful shutdown",
           "PEF initiated soft shutdown", "Agent not responding"),
    0x21: ("Fault Status", "Identify Status", "Device Installed", "Ready for Device Installation",
           "Ready for Device Removal", "Slot Power is Off", "Device Removal Request", "Interlock", "Slot is Disabled",
           "Spare Device"),
    0x22: ("S0/G0: working", "S1: sleeping with system hw & processor context maintained",
           "S2: sleeping, processor context lost", "S3: sleeping, processor & hw context lost, memory retained",
           "S4: non-volatile sleep/suspend-to-disk", "S5/G2: soft-off", "S4/S5: soft-off", "G3: mechanical off",
           "Sleeping in S1/S2/S3 state", "G1: sleeping", "S5: entered by override", "Legacy ON state",
           "Legacy OFF state", "", "Unknown"),
    0x23: ("Timer expired", "Hard reset", "Power down", "Power cycle", "reserved", "reserved", "reserved", "reserved",
           "Timer interrupt"),
    0x24: ("Platform generated page", "Platform generated LAN alert", "Platform Event Trap generated",
           "Platform generated SNMP trap, OEM format"),
    0x25: ("Present", "Absent", "Disabled"),
    0x27: ("Heartbeat Lost", "Heartbeat"),
    0x28: ("Sensor access degraded or unavailable", "Controller access degraded or unavailable",
           "Management controller off-line", "Management controller unavailable", "Sensor failure", "FRU failure"),
    0x29: ("Low", "Failed", "Presence Detected"),
    0x2A: ("Session Activated", "Session Deactivated", "Invalid Username or Password",
           "Invalid password disable"),
    0x2B: ("Hardware change detected", "", "Hardware incompatibility detected",
           "Firmware or software incompatibility detected", "Invalid or unsupported hardware version",
           "Invalid or unsupported firmware or software version", "Hardware change success"),
    0x2C: ("Not Installed", "Inactive", "Activation Requested", "Activation in Progress", "Active",
           "Deactivation Requested", "Deactivation in Progress", "Communication lost"),
    0xF0: tuple(f"Transition to M{state}" for state in range(8)),
    0xF1: ("IPMB-A disabled, IPMB-B disabled", "IPMB-A enabled, IPMB-B disabled",
           "IPMB-A disabled, IPMB-B enabled", "IPMB-A enabled, IPMB-B enabled"),
    0xF2: ("Module Handle Closed", "Module Handle Opened", "Quiesced"),
}  # fmt: skip
"""Table 42-3: words by sensor type and offset (event type 6Fh); F0h to F2h are PICMG's."""

_PROGRESS = (
    "Unspecified", "Memory initialization", "Hard-disk initialization", "Secondary CPU Initialization",
    "User authentication", "User-initiated system setup", "USB resource configuration", "PCI resource configuration",
    "Option ROM initialization", "Video initialization", "Cache initialization", "SMBus initialization",
    "Keyboard controller initialization", "Management controller initialization", "Docking station attachment",
    "Enabling docking station", "Docking station ejection", "Disabling docking station",
    "Calling operating system wake-up vector", "System boot initiated", "Motherboard initialization", "reserved",
    "Floppy initialization", "Keyboard test", "Pointing device test", "Primary CPU initialization",
)  # fmt: skip
_CHANGES = (
    "", "Mngmt Ctrl Dev Id", "Mngmt Ctrl Firm Rev", "Mngmt Ctrl Dev Rev", "Mngmt Ctrl Manuf Id",
    "Mngmt Ctrl IPMI Vers", "Mngmt Ctrl Aux Firm Id", "Mngmt Ctrl Firm Boot Block", "Mngmt Ctrl Other",
    "BIOS/EFI change", "SMBIOS change", "O/S change", "O/S loader change", "Service Diag change",
    "Mngmt SW agent change", "Mngmt SW App change", "Mngmt SW Middle", "Prog HW Change (FPGA)",
    "board/FRU module change", "board/FRU component change", "board/FRU replace equ ver",
    "board/FRU replace new ver", "board/FRU replace old ver", "board/FRU HW conf change",
)  # fmt: skip


def _change(words: str) -> tuple[str, ...]:
    return tuple(f"{words}, {what}" if what else words for what in _CHANGES)


REFINED: dict[tuple[int, int], tuple[str, ...]] = {
    (0x08, 6): ("Config Error: Vendor Mismatch", "Config Error: Revision Mismatch", "Config Error: Processor Missing",
                "Config Error: Power Supply Rating Mismatch", "Config Error: Voltage Rating Mismatch"),
    (0x0F, 0): ("Unspecified", "No system memory installed", "No usable system memory",
                "Unrecoverable IDE device failure", "Unrecoverable system-board failure",
                "Unrecoverable diskette failure", "Unrecoverable hard-disk controller failure",
                "Unrecoverable PS/2 or USB keyboard failure", "Removable boot media not found",
                "Unrecoverable video controller failure", "No video device selected", "BIOS corruption detected",
                "CPU voltage mismatch", "CPU speed mismatch failure"),
    (0x0F, 1): _PROGRESS,
    (0x0F, 2): _PROGRESS,
    (0x2B, 1): _change("Firmware or software change detected"),
    (0x2B, 7): _change("Firmware or software change success"),
}  # fmt: skip
"""What event data 2 makes of an event, by sensor type and offset: the index is its value."""

UNITS = (
    "unspecified", "degrees C", "degrees F", "degrees K", "Volts", "Amps", "Watts", "Joules", "Coulombs", "VA", "Nits",
    "lumen", "lux", "Candela", "kPa", "PSI", "Newton", "CFM", "RPM", "Hz", "microsecond", "millisecond", "second",
    "minute", "hour", "day", "week", "mil", "inches", "feet", "cu in", "cu feet", "mm", "cm", "m", "cu cm", "cu m",
    "liters", "fluid ounce", "radians", "steradians", "revolutions", "cycles", "gravities", "ounce", "pound", "ft-lb",
    "oz-in", "gauss", "gilberts", "henry", "millihenry", "farad", "microfarad", "ohms", "siemens", "mole", "becquerel",
    "PPM", "reserved", "Decibels", "DbA", "DbC", "gray", "sievert", "color temp deg K", "bit", "kilobit", "megabit",
    "gigabit", "byte", "kilobyte", "megabyte", "gigabyte", "word", "dword", "qword", "line", "hit", "miss", "retry",
    "reset", "overflow", "underrun", "collision", "packets", "messages", "characters", "error", "correctable error",
    "uncorrectable error", "fatal error", "grams",
)  # fmt: skip
"""Table 43-15, by code."""


def sensor_type(code: int) -> str:
    return SENSOR_TYPES[code] if code < len(SENSOR_TYPES) else "Unknown"


def words_of(kind: int, event_type: int) -> tuple[str, ...]:
    """What each offset of such a sensor means; empty where the event type or the sensor type is the maker's own."""
    return SPECIFIC.get(kind, ()) if event_type == SENSOR_SPECIFIC else GENERIC.get(event_type, ())


def event_words(kind: int, event_type: int, data1: int, data2: int) -> str:
    """What an event says; empty where no table knows it. `kind` is the sensor type, `data1` and `data2` event data."""
    offset = data1 & 0x0F
    if event_type == SENSOR_SPECIFIC and data1 & 0xC0:
        refined = REFINED.get((kind, offset), ())
        if data2 < len(refined):
            return refined[data2]
    words = words_of(kind, event_type)
    return words[offset] if offset < len(words) else ""


def state_words(kind: int, event_type: int, states: int) -> str:
    """The states of a discrete sensor that are on, in order, by the bits of its reading (15 of them)."""
    words = words_of(kind, event_type)
    return ", ".join(said for offset, said in enumerate(words) if said and states >> offset & 1)


def unit_words(percent: bool, modifier: int, base: int, modifying: int) -> str:
    """A unit; `modifier`: 1 base/modifying, 2 base*modifying (table 43-1, byte 21)."""
    named = UNITS[base] if base < len(UNITS) else "invalid"
    other = UNITS[modifying] if modifying < len(UNITS) else "invalid"
    before = "% " if percent else ""
    if modifier in (1, 2):
        return f"{before}{named}{'/' if modifier == 1 else '*'}{other}"
    return "percent" if percent and base == 0 else f"{before}{named}"
