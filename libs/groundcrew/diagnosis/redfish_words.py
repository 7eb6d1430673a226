"""What Redfish calls things, and what ipmitool calls them, in whose words event-log rules are written."""

SENSOR_TYPES = {
    "Platform Security Violation Attempt": "Platform Security", "Physical Chassis Security": "Physical Security",
    "Power Supply / Converter": "Power Supply", "PowerUnit": "Power Unit", "CoolingDevice": "Cooling Device",
    "Drive Slot/Bay": "Drive Slot / Bay", "System Firmware Progress": "System Firmwares", "Button/Switch": "Button",
    "Module/Board": "Module / Board", "Microcontroller/Coprocessor": "Microcontroller", "ChipSet": "Chip Set",
    "Cable/Interconnect": "Cable / Interconnect", "SystemBoot/Restart": "System Boot Initiated",
    "BaseOSBoot/InstallationStatus": "OS Boot", "OS Stop/Shutdown": "OS Critical Stop",
    "Slot/Connector": "Slot / Connector", "System ACPI PowerState": "System ACPI Power State",
    "Watchdog": "Watchdog2", "Monitor ASIC/IC": "Monitor ASIC",
    "Management Subsystem Health": "Management Subsys Health", "FRUState": "FRU State",
}  # fmt: skip
"""SensorType of LogEntry (DSP0268) -> ipmitool's name; one that is not listed has the same name in both."""

ENTRY_CODES: dict[str, tuple[str, bool | None]] = {
    "Lower Non-critical - going low": ("Lower Non-critical going low", True),
    "Lower Non-critical - going high": ("Lower Non-critical going low", False),
    "Lower Critical - going low": ("Lower Critical going low", True),
    "Lower Critical - going high": ("Lower Critical going low", False),
    "Lower Non-recoverable - going low": ("Lower Non-recoverable going low", True),
    "Lower Non-recoverable - going high": ("Lower Non-recoverable going low", False),
    "Upper Non-critical - going high": ("Upper Non-critical going high", True),
    "Upper Non-critical - going low": ("Upper Non-critical going high", False),
    "Upper Critical - going high": ("Upper Critical going high", True),
    "Upper Critical - going low": ("Upper Critical going high", False),
    "Upper Non-recoverable - going high": ("Upper Non-recoverable going high", True),
    "Upper Non-recoverable - going low": ("Upper Non-recoverable going high", False),
    "Predictive Failure asserted": ("Predictive failure", True),
    "Predictive Failure deasserted": ("Predictive failure", False),
    "Transition to Critical from less severe": ("Transition to Critical from less severe", True),
    "Device Removed / Device Absent": ("Device Removed", True),
    "Device Inserted / Device Present": ("Device Present", True),
    "Fully Redundant": ("Fully Redundant", None),
    "Redundancy Lost": ("Redundancy Lost", True),
    "Redundancy Degraded": ("Redundancy Degraded", True),
    "Redundancy Degraded from Fully Redundant": ("Redundancy Degraded from Fully Redundant", True),
    "Redundancy Degraded from Non-redundant": ("Redundancy Degraded from Non-redundant", True),
    "Non-redundant:Sufficient Resources from Redundant": ("Non-Redundant: Sufficient from Redundant", True),
    "Non-redundant:Sufficient Resources from Insufficient Resources": (
        "Non-Redundant: Sufficient from Insufficient", True,
    ),
    "Non-redundant:Insufficient Resources": ("Non-Redundant: Insufficient Resources", True),
}  # fmt: skip
"""EntryCode of LogEntry (DSP0268) -> ipmitool's event (IPMI 2.0, table 42-2) and whether it holds. What only says that
some state changed is left to the message."""

UNITS = {
    "Cel": "degrees C", "°C": "degrees C", "C": "degrees C", "Celsius": "degrees C", "RPM": "RPM", "{rev}/min": "RPM",
    "V": "Volts", "Volts": "Volts", "A": "Amps", "Amps": "Amps", "W": "Watts", "Watts": "Watts", "%": "percent",
    "Percent": "percent", "J": "Joules", "kW.h": "kWh", "Hz": "Hz",
}  # fmt: skip
"""ReadingUnits (UCUM codes since Sensor 1.0, words before) -> the unit that ipmitool prints; others stay."""

LOGS_PASSED_OVER = (
    "audit", "security", "dump", "postcode", "journal", "hostlogger", "crashdump", "faultlist", "activelog",
    "debug", "diagnostic", "telemetry",
)  # fmt: skip
"""Parts of the ids of log services that hold no events of hardware, or only those that hold now: OpenBMC's Dump,
PostCodes, Journal and HostLogger, iDRAC's FaultList, XCC's AuditLog and ActiveLog, AMI's AuditLog."""

LOGS_BY_NAME = frozenset({"sl"})
"""Whole ids passed over: HPE's security log."""

LOGS_WITHIN = {"standardlog": "platformlog"}
"""A log that holds nothing which the other one does not (Lenovo's XCC)."""


def follows(log: str, beside: frozenset[str]) -> bool:
    """Whether a log service of this id is followed where those of `beside` are there too (lower case)."""
    name = log.lower()
    if name in LOGS_BY_NAME or any(part in name for part in LOGS_PASSED_OVER):
        return False
    return LOGS_WITHIN.get(name, "") not in beside or name not in LOGS_WITHIN
