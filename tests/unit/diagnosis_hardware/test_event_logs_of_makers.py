"""What a person sees in the event logs of many makers, is seen; what tells of no fault, raises none."""

from collections.abc import Iterable

import pytest
from tests.bmc_logs import LOGS, Fault, Log

from groundcrew.contracts.incidents import Severity
from groundcrew.diagnosis.conditions import Condition, Folded, fold
from groundcrew.diagnosis.facts import Vocabulary
from groundcrew.diagnosis.listings import Listing, read_listing
from groundcrew.diagnosis.rules import Rule
from groundcrew.runtime.packs import load_packs

RULES = load_packs().knowledge.rules
VOCABULARY = Vocabulary(RULES)


def folded(text: str) -> tuple[Listing, Folded]:
    listing = read_listing(text)
    return listing, fold(listing, VOCABULARY)


def faults(conditions: Iterable[Condition]) -> set[Fault]:
    return {(one.component_class, one.locator, one.fault) for one in conditions}


@pytest.mark.parametrize("log", LOGS, ids=lambda log: log.name)
def test_what_stands_and_what_has_passed(log: Log) -> None:
    listing, found = folded(log.text)
    assert [one.text for one in listing.unparsed] == []
    assert faults(found.active) == log.active
    assert faults(found.recovered) == log.recovered
    assert found.noise == log.noise


DATED = [log for log in LOGS if not any(word in log.text for word in ("Pre-Init", "PostInit", "SEL Record ID"))]
"""Where a record has no time, the order is all there is."""


@pytest.mark.parametrize("log", DATED, ids=lambda log: log.name)
def test_a_log_printed_newest_first_says_the_same(log: Log) -> None:
    head = [line for line in log.text.splitlines() if line.startswith("ID")]
    rows = [line for line in log.text.splitlines() if not line.startswith("ID")]
    _, found = folded("\n".join([*head, *reversed(rows)]))
    assert faults(found.active) == log.active


BENIGN = [
    *("OS Boot | C: boot completed", "OS Boot | Installation started", "OS Boot | Installation failed"),
    *("OS Critical Stop | OS graceful shutdown", "OS Critical Stop | Agent not responding"),
    *("System ACPI Power State ACPI | S0/G0: working", "System ACPI Power State ACPI | S4/S5: soft-off"),
    *("System Event #0x83 | Timestamp Clock Sync", "System Event #0x83 | OEM System boot event"),
    *("System Event #0x83 | PEF Action", "System Event #0x83 | Entry added to auxiliary log"),
    *("System Event #0x83 | System Reconfigured", "System Firmwares #0x1d | System boot initiated"),
    *("System Firmwares #0x1d | Memory initialization", "System Firmware Progress #0x05 | USB resource configuration"),
    *("System Boot Initiated #0xe0 | Initiated by power up", "System Boot Initiated #0xe0 | System Restart"),
    *("Power Unit #0x01 | Power off/down", "Power Unit #0x01 | Power cycle", "Power Unit PR | Fully Redundant"),
    *("Power Supply PS1 Status | Presence detected", "Power Supply PS1 Status | Power Supply Inactive"),
    *("Power Supply PS1 | Device Present", "Power Supply PSU Redundancy | Fully Redundant"),
    *("Processor CPU1 Status | Presence detected", "Processor CPU1 Status | Terminator presence detected"),
    *("Processor CPU1 Status | Correctable machine check error", "Memory #0x02 | Correctable ECC"),
    *("Memory #0x02 | Presence Detected", "Memory #0x02 | Spare", "Memory Mirror | Fully Redundant"),
    *("Drive Slot / Bay #0x42 | Drive Present", "Drive Slot / Bay #0x42 | Hot Spare"),
    *("Drive Slot / Bay #0x42 | Parity Check In Progress", "Fan FAN1 | Device Present", "Fan FR | Fully Redundant"),
    *("Fan FAN1 | Transition to Running", "Event Logging Disabled SEL | Log area reset/cleared"),
    *("Critical Interrupt #0x91 | Bus Correctable error", "Critical Interrupt #0x91 | Software NMI"),
    *("Critical Interrupt NMI | NMI/Diag Interrupt", "Button Pwr | Power Button pressed", "Button Rst | FRU Service"),
    *("Slot / Connector PCIe3 | Device Installed", "Slot / Connector PCIe3 | Slot Power is Off"),
    *("Watchdog2 #0xca | Timer interrupt", "Entity Presence DIMM_A1 | Absent", "Entity Presence X | Present"),
    *("LAN #0x12 | Heartbeat", "LAN #0x12 | Heartbeat Lost", "Platform Alert #0x01 | Platform Event Trap generated"),
    *("Platform Alert LED | LED is blinking fast", "Management Subsys Health ME | Sensor failure"),
    *("Battery CMOS | Presence Detected", "Session Audit #0xff | Session Activated"),
    *("Session Audit #0xff | Invalid Username or Password", "Version Change #0x0b | Hardware change detected"),
    *("Version Change #0x0b | Firmware or software change success", "FRU State #0x30 | Active"),
    *("Cable / Interconnect USB Cable Pres | Connected", "Physical Security #0x04 | System unplugged from LAN"),
    *("Boot Error #0x1e | PXE server not found", "Boot Error #0x1e | No bootable media", "Unknown #0xff | "),
    *("Unknown #0x2e | OEM Event = F00h", "Temperature CPU1 Temp | Transition to OK", "Voltage 12V | State Deasserted"),
    *("Voltage P5V PwrGood | State Asserted", "Module / Board Riser | Device Present", "Chassis #0xc4 | Informational"),
    *("Current PS1 Current | Lower Critical going low", "Platform Security #0x06 | Other pre-boot password violation"),
]


def test_five_hundred_records_without_a_fault_raise_none() -> None:
    rows = [BENIGN[number % len(BENIGN)] for number in range(540)]
    text = "\n".join(
        f"{number:4x} | 05/{number // 60 + 1:02}/2024 | {number // 60 % 24:02}:{number % 60:02}:00 | {row} | Asserted"
        for number, row in enumerate(rows)
    )
    # the same corrected error nine times in a day is below what counts as many
    listing, found = folded(text)
    assert len(listing.records) == 540
    assert faults(found.active) == set()
    assert found.noise == 540


def _told(rule: Rule) -> bool:
    return rule.source == "sel" and bool(rule.causes) and not (rule.once and rule.severity is Severity.INFO)


@pytest.mark.parametrize("rule", [rule for rule in RULES if _told(rule)], ids=lambda rule: rule.id)
def test_the_view_finds_what_the_trigger_would_raise(rule: Rule) -> None:
    """One vocabulary for both: each example of an event-log rule stands in the view of a log that holds it."""
    for example in rule.examples:
        sensor, _, event = example.text.partition(" | ")
        direction = "Asserted" if rule.asserted else "Deasserted"
        times = rule.rate.count if rule.rate else 1
        row = f" 1 | 05/01/2024 | 10:00:00 | {sensor} | {event} | {direction}"
        if not sensor.strip():
            row = f" 1 | {event}"
        _, found = folded("\n".join([row] * times))
        assert rule.causes[0] in {one.fault for one in found.active}, example.text
        assert example.component in {one.locator for one in found.active}, example.text
