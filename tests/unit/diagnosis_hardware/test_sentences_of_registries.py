"""Sentences of makers' message registries, which name a part and say what is wrong with it, in whichever order."""

import json

import pytest

from groundcrew.diagnosis.conditions import Condition, fold
from groundcrew.diagnosis.facts import Vocabulary
from groundcrew.diagnosis.listings import read_listing
from groundcrew.runtime.packs import load_packs

VOCABULARY = Vocabulary(load_packs().knowledge.rules)

FAULTS = [
    ("PSU0034", "An under voltage fault detected on power supply 2.", "psu.failed", "PSU2"),
    ("PSU0031", "Unable to communicate with Power Supply 1.", "psu.failed", "PSU1"),
    ("Power.1.1.PowerSupplyWarning", "Power supply 'PSU2' has a warning condition.", "psu.failed", "PSU2"),
    ("", "Power supply PSU1 is inoperable", "psu.failed", "PSU1"),
    ("PSU0004", "Power supply 2 is operating in input state that is out of range.", "psu.input_lost", "PSU2"),
    ("", "PSU 3 utility power lost", "psu.input_lost", "PSU3"),
    ("", "Power Supply 1: mismatch with the other supplies", "psu.misconfigured", "PSU1"),
    ("", "Power Supply Removed (Power Supply 2)", "psu.removed", "PSU2"),
    ("Power.1.1.BreakerTripped", "Circuit 'B' breaker has tripped.", "pdu.failed", "B"),
    ("FAN0004", "Fan 3 RPM is outside of range.", "fan.failed", "Fan 3"),
    ("FAN0000", "Fan 6 RPM is less than the lower warning threshold.", "fan.degraded", "Fan 6"),
    ("", "System Fan Removed (Fan 4, Location System)", "fan.removed", "Fan 4"),
    ("", "System Overheating (Zone 1, Location CPU, Temperature 89)", "cooling.airflow", "Zone 1"),
    ("", "System Overheating (Temperature Sensor 1, Location Ambient, Temperature 46C)", "cooling.ambient_high", "1"),
    ("", "Liquid leak detected.", "cooling.leak", "Liquid"),
    ("", "DIMM 5 has been disabled due to an error detected during POST.", "dimm.uncorrectable", "DIMM 5"),
    ("", "The PFA Threshold limit has been exceeded on DIMM 5 at address 0x1.", "dimm.correctable_storm", "DIMM 5"),
    ("", "CPU1 memory DIMM020 configuration error, cause: training error.", "dimm.misconfigured", "DIMM020"),
    ("", "Memory device at location DIMM_A1 is overheating.", "dimm.overheated", "DIMM_A1"),
    ("CPU0003", "CPU 1 is stuck in POST.", "cpu.ierr", "CPU 1"),
    ("", "CPU2 Thermal trip.", "cpu.thermal_trip", "CPU2"),
    ("CPU0005", "CPU 1 configuration is unsupported.", "cpu.misconfigured", "CPU 1"),
    ("PCI1302", "A bus time-out was detected on a component at slot 3.", "pcie.aer_uncorrectable", "slot 3"),
    ("", "PCIe link width has degraded from x16 to x8 in physical slot 3.", "pcie.link_degraded", "PCIe link width"),
    ("", "A failure condition exists for the storage drive located in 'Bay 3'.", "disk.failed", "Bay 3"),
    ("", "Local disk 3 on server 1/3 operability: inoperable.", "disk.failed", "disk 3"),
    ("", "A volume degradation condition exists for the storage volume located in 'R1'.", "raid.degraded", "R1"),
    ("", "Drive Array Physical Drive Threshold Passed (Port 2I Box 1 Bay 7).", "disk.failed", "Bay 7"),
    ("", "A fatal error occurred on PCIe Card 4(NIC) bus.", "pcie.aer_uncorrectable", "PCIe Card 4"),
    (
        "",
        "The air outlet temperature (76 degrees C) exceeds the major alarm threshold (75 degrees C).",
        "cooling.airflow",
        "outlet",
    ),
    ("", "The Fan3 Rear is faulty.", "fan.failed", "Fan3 Rear"),
    ("", "Logical drive 0 is offline", "raid.failed", "Logical drive 0"),
    ("", "Drive Array Controller Failure (Slot 0)", "raid.controller_failed", "Drive Array Controller"),
    ("BAT0017", "The storage battery has failed.", "raid.cache_unprotected", "storage"),
    ("", "NIC port 1 (eth0) link down", "nic.link_flap", "NIC port 1 (eth0)"),
    ("", "GPU3 ECC uncorrectable error", "gpu.ecc_uncorrectable", "GPU3"),
    ("", "GPU 3 is lost", "gpu.fallen_off_bus", "GPU 3"),
    ("", "The CMOS battery voltage 2.2 V is below the minor threshold", "cmos_battery.low", "CMOS battery"),
    ("", "Reboot of system initiated by watchdog timer.", "kernel.deadlock", "kernel"),
    ("", "The redundancy of power supplies was lost", "psu.redundancy_lost", "PS Redundancy"),
    ("", "Pump 1 failed", "cooling.airflow", "Pump 1"),
    ("", "CPU 1: Machine Check Exception, bank 5", "cpu.ierr", "CPU 1"),
    ("", "Slot 4: uncorrectable PCIe error", "pcie.aer_uncorrectable", "Slot 4"),
    ("", "Multi-bit ECC error in DIMM slot B2", "dimm.uncorrectable", "B2"),
    ("", "GPU 2 over-temperature shutdown", "gpu.thermal", "GPU 2"),
    ("", "Event log is 100% full", "bmc.sel_full", "SEL"),
    ("", "[TEMP-0001] CPU1 temperature upper critical going high", "cooling.airflow", "CPU1 temperature"),
]

HARMLESS = [
    "Power supply 2 is operating normally.", "Power supply 1 status: OK", "Power supply 2 inserted",
    "The power supply 1 firmware update job JID_1 failed.", "Test message: Fan 1 failure",
    "PSU 1 is in standby (cold redundancy)", "Fan 3 RPM is within range.", "Fan 3 speed set to 60 percent by policy",
    "User admin changed the lower critical threshold of Fan 3 to 500",
    "Memory test passed on DIMM A1, no uncorrectable error was found",
    "Persistent correctable memory error limit was reset for a device at DIMM_A1.",
    "GPU 3 over temperature condition is over.", "CPU 1 voltage is normal", "Processor 1 presence detected",
    "PCIe slot 3 correctable error", "Drive 3 rebuild started", "Drive 3 rebuild completed", "The Drive 3 was added.",
    "Virtual disk 0 consistency check started", "A failure condition is cleared for the storage drive located in 'B3'.",
    "Unable to log in for root from 192.0.2.5 using REDFISH.", "KVM session started by admin",
    "Network port 1 link up", "SEL is 60% full.",
    "The redundancy of power supplies is full.",
    "BMC rebooted due to kernel panic.", "NTP time synchronization failed", "Server reset.", "Power button pressed",
    "Leak detector 'LD1' has returned to a normal state.",
    "The battery on RAID Controller in Slot 6 learn cycle has started.",
    "Alarm cleared: PSU1 AC input lost.", "[Recovered] Fan 5 failure.", "Fan 3 failure repaired.",
    "The state of Fan 2 changed from Failed to Normal.", "User admin acknowledged alarm PSU 1 AC lost.",
    "Maintenance note: replaced power supply 1 after failure.", "Fault LED for drive 3 turned off.",
    "Component health summary: all fans OK, all power supplies OK", "SSL certificate will expire soon",
]  # fmt: skip


def standing(*messages: tuple[str, str]) -> list[Condition]:
    rows = [
        json.dumps({"Id": str(number), "Created": f"2026-02-01T01:00:{number:02}Z", "MessageId": key, "Message": said})
        for number, (key, said) in enumerate(messages, 1)
    ]
    return fold(read_listing("\n".join(rows)), VOCABULARY).active


@pytest.mark.parametrize(("key", "message", "fault", "part"), FAULTS, ids=lambda value: str(value)[:40])
def test_a_sentence_tells_its_fault_and_its_part(key: str, message: str, fault: str, part: str) -> None:
    (found,) = standing((key, message))
    assert found.fault == fault
    assert part in found.locator


@pytest.mark.parametrize("message", HARMLESS)
def test_a_sentence_of_an_end_a_test_or_an_update_tells_no_fault(message: str) -> None:
    assert standing(("", message)) == []


@pytest.mark.parametrize(
    ("begins", "ends"),
    [
        ("An under voltage fault detected on power supply 2.", "Power supply 2 is operating normally."),
        ("Fan 3 RPM is outside of range.", "Fan 3 RPM is within range."),
        ("System Fan Removed (Fan 4, Location System)", "System Fan Inserted (Fan 4, Location System)"),
        ("Leak detector 'LD1' reports a leak.", "Leak detector 'LD1' has returned to a normal state."),
        ("The storage drive in 'Bay 3' was removed.", "The storage drive in 'Bay 3' was inserted."),
        ("Circuit 'B' breaker has tripped.", "Circuit 'B' breaker has been reset."),
        ("NIC port 1 (eth0) link down", "NIC port 1 (eth0) link up"),
    ],
)
def test_an_end_in_the_same_words_ends_it(begins: str, ends: str) -> None:
    assert standing(("", begins)) != []
    assert standing(("", begins), ("", ends)) == []
