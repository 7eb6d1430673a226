"""Logs over Redfish as makers' registries word them, with invented parts: what stands is seen, nothing else told.

Sources: DMTF's DSP8007 (platform messages), Power, Environmental, SensorEvent and StorageDevice registries, bmcweb's
openbmc_message_registry, HPE's IML and iLOEvents, Dell's EEMI, Lenovo's XCC events.
"""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundcrew.diagnosis.conditions import Folded, fold
from groundcrew.diagnosis.facts import Vocabulary
from groundcrew.diagnosis.listings import read_listing
from groundcrew.diagnosis.redfish_log import RedfishEntry, parse_entry
from groundcrew.runtime.packs import load_packs

VOCABULARY = Vocabulary(load_packs().knowledge.rules)
Fault = tuple[str, str, str]

FAULTS: dict[str, list[tuple[str, str, Fault]]] = {
    "Lenovo XCC": [
        ("FQXSPMA0008N", "Uncorrectable error detected for DIMM 14 on Subsystem System Memory.",
         ("dimm", "DIMM 14", "dimm.uncorrectable")),
        ("FQXSPMA0011G", "Memory Logging Limit Reached for DIMM 9 on Subsystem System Memory.",
         ("dimm", "DIMM 9", "dimm.correctable_storm")),
        ("FQXSPPW0002L", "Power Supply 2 has Failed.", ("psu", "PSU2", "psu.failed")),
        ("FQXSPPW0006I", "Power Supply 1 has lost input.", ("psu", "PSU1", "psu.input_lost")),
        ("FQXSPPU0003N", "CPU 2 has Failed with IERR.", ("cpu", "CPU 2", "cpu.ierr")),
        ("FQXSPSD0001L", "The Drive 7 has been disabled due to a detected fault.", ("disk", "Drive 7", "disk.failed")),
        ("FQXSPIO0015M", "Fault in slot PCIe 5 on system NODE-1.", ("pcie", "PCIe 5", "pcie.slot_fault")),
        ("FQXSPFC0003M", "Numeric sensor Fan 6A Tach going low (lower critical) has asserted.",
         ("fan", "Fan 6A", "fan.failed")),
    ],
    "Platform registry (Intel, Cisco, Inspur)": [
        ("PLAT0134", "Memory parity error for DIMM B1.", ("dimm", "DIMM B1", "dimm.uncorrectable")),
        ("PLAT0096", "The input to power supply 2 has been lost or fallen out of range.",
         ("psu", "PSU2", "psu.input_lost")),
        ("PLAT0088", "Failure predicted on power supply 1.", ("psu", "PSU1", "psu.failed")),
        ("PLAT0168", "Failure predicted on drive 3.", ("disk", "Drive 3", "disk.failed")),
        ("PLAT0174", "Array 0 is in critical condition.", ("raid", "0", "raid.degraded")),
        ("PLAT0480", "Numeric sensor FAN2 going low (lower critical).", ("fan", "FAN2", "fan.failed")),
        ("PLAT0036", "An over-temperature condition has been detected on the processor 1.",
         ("cooling", "CPU 1", "cooling.airflow")),
    ],
    "OpenBMC": [
        ("OpenBMC.0.1.PowerSupplyPowerLost", "Power supply 1 power lost.", ("psu", "PSU1", "psu.input_lost")),
        ("OpenBMC.0.1.CPUThermalTrip", "CPU 2 thermal trip.", ("cpu", "CPU 2", "cpu.thermal_trip")),
        ("OpenBMC.0.1.MemoryECCUncorrectable", "Memory ECC uncorrectable error. Socket=1 Channel=A DIMM=0 Rank=1.",
         ("dimm", "Socket=1 Channel=A DIMM=0", "dimm.uncorrectable")),
    ],
    "HPE iLO": [
        ("iLOEvents.3.7.PowerSupplyFailed",
         "The power supply has failed in chassis 0, bay 2,  model 865414, serial number X7, firmware 1.00.",
         ("psu", "PSU2", "psu.failed")),
        ("iLOEvents.3.7.FanFailed", "Fan 5 in chassis 0 is now in a failed state", ("fan", "Fan 5", "fan.failed")),
    ],
    "Dell iDRAC": [
        ("IDRAC.2.9.MEM0001", "Multi-bit memory errors detected on a memory device at location(s) DIMM_B7.",
         ("dimm", "DIMM_B7", "dimm.uncorrectable")),
        ("IDRAC.2.9.PDR1001", "Fault detected on drive 5 in disk drive bay 2.",
         ("disk", "Drive 5 in disk drive bay 2", "disk.failed")),
    ],
}  # fmt: skip

BENIGN = [
    ("PLAT0084", "The Power Supply 1 has been added."),
    ("PLAT0124", "Memory error detected & corrected for DIMM A1."),
    ("PLAT0128", "Memory DIMM A1 added."),
    ("PLAT0162", "The drive 3 has been added."),
    ("PLAT0172", "Consistency check has begun for 0."),
    ("PLAT0178", "Rebuild in progress for array 0."),
    ("PLAT0188", "The system 1 encountered firmware progress."),
    ("PLAT0200", "The log SEL has been cleared."),
    ("PLAT0220", "The system 1 has synchronized the system clock."),
    ("PLAT0238", "A correctable bus error has occurred on system 1."),
    ("PLAT0248", "The power button 1 has been pressed."),
    ("PLAT0262", "The network port 1 has been connected."),
    ("PLAT0272", "Power on for system 1."),
    ("PLAT0290", "PXE server not found for system 1."),
    ("PLAT0312", "System 1 boot initiated."),
    ("PLAT0326", "OS graceful shutdown begun on system 1."),
    ("PLAT0334", "Package installed in slot for system 1."),
    ("PLAT0435", "Session audit is activated on system 1."),
    ("PLAT0450", "A successful software or firmware change was detected on system 1."),
    ("PLAT0508", "Sensor 1 has asserted."),
    ("PLAT0518", "Sensor Planar has transitioned to normal state."),
    ("FQXSPSE4001I", "Remote Login Successful."),
    ("FQXSPPW0001I", "Power Supply 1 has been added to container Chassis."),
    ("FQXSPSD0000I", "The Drive 4 has been added."),
    ("FQXSPIO0010I", "A Correctable Bus Error has occurred on bus PCIs."),
    ("FQXSPPW0008I", "Host power has been turned off."),
    ("OpenBMC.0.1.DCPowerOn", "Host system DC power is on"),
    ("OpenBMC.0.1.BIOSBoot", "BIOS boot started."),
    ("IDRAC.2.9.USR0030", "Successfully logged in using root, from 192.0.2.7 and REDFISH."),
    ("IDRAC.2.9.PSU0019", "The power input for power supply 2 has been restored."),
    ("iLOEvents.3.7.ServerPoweredOn", "Server power restored."),
    ("StorageDevice.1.1.DriveInserted", "The drive located in 'Bay 3' was inserted."),
]


def entry(number: int, message_id: str, message: str, **fields: Any) -> RedfishEntry:
    seconds = f"2026-03-04T02:{number // 60 % 60:02}:{number % 60:02}Z"
    found = parse_entry({"Id": str(number), "Created": seconds, "MessageId": message_id, "Message": message, **fields})
    assert found is not None
    return found


def folded(entries: list[RedfishEntry]) -> Folded:
    """As the trigger and the view read them: sensor and event of the record."""
    rows = [
        f"{number:4x} | 03/04/2026 | 02:{number // 60 % 60:02}:{number % 60:02} | {one.sensor} | {one.event} | "
        f"{'Deasserted' if one.asserted is False else 'Asserted'}"
        for number, one in enumerate(entries, 1)
    ]
    return fold(read_listing("\n".join(rows)), VOCABULARY)


@pytest.mark.parametrize("maker", FAULTS)
def test_nine_in_ten_of_the_faults_that_stand_are_seen(maker: str) -> None:
    rows = FAULTS[maker]
    found = folded([entry(number, message_id, text) for number, (message_id, text, _) in enumerate(rows, 1)])
    seen = {(one.component_class, one.locator, one.fault) for one in found.active}
    wanted = {fault for _, _, fault in rows}
    assert len(seen & wanted) >= 0.9 * len(wanted), wanted - seen
    assert seen <= wanted, "and nothing that is none"


def test_five_hundred_entries_without_a_fault_raise_none() -> None:
    found = folded([entry(number, *BENIGN[number % len(BENIGN)]) for number in range(1, 529)])
    assert {(one.component_class, one.locator, one.fault) for one in found.active} == set()


def test_a_fan_near_its_limit_is_told_in_the_same_words_as_over_ipmi() -> None:
    found = folded([entry(1, "PLAT0476", "Numeric sensor FAN2 going low (lower non-critical).")])
    over_ipmi = fold(
        read_listing("   1 | 03/01/2026 | 02:00:00 | Fan FAN2 | Lower Non-critical going low  | Asserted\n"), VOCABULARY
    )
    told = [[(one.locator, one.fault, one.severity) for one in each.active] for each in (found, over_ipmi)]
    assert told == [[("FAN2", "fan.degraded", told[1][0][2])]] * 2


PASSED = [
    ("FQXSPPW2006I", "Power Supply 1 has returned to a Normal Input State.", "FQXSPPW0005I",
     "Power Supply 1 is operating in an Input State that is out of range."),
    ("PLAT0099", "The power supply 2 has returned to a normal input state.", "PLAT0096",
     "The input to power supply 2 has been lost or fallen out of range."),
    ("PLAT0145", "Memory logging limit removed for DIMM A1.", "PLAT0144", "Memory logging limit reached for DIMM A1."),
    ("PLAT0177", "Array 0 has been restored.", "PLAT0174", "Array 0 is in critical condition."),
    ("PLAT0482", "Numeric sensor FAN2 going high (lower critical).", "PLAT0480",
     "Numeric sensor FAN2 going low (lower critical)."),
    ("FQXSPFC2001I", "Numeric sensor Fan 1 Tach going low (lower critical) has deasserted.", "FQXSPFC0001M",
     "Numeric sensor Fan 1 Tach going low (lower critical) has asserted."),
    ("FQXSPPW2101I", "Redundancy Lost for Power Unit has deasserted.", "FQXSPPW0101J",
     "Redundancy Lost for Power Unit has asserted."),
    ("FQXSPPW2104I", "Non-redundant:Sufficient Resources from Redundancy Degraded for Power Unit has deasserted.",
     "FQXSPPW0104J", "Non-redundant:Sufficient Resources from Redundancy Degraded for Power Unit has asserted."),
    ("FQXSPCA2101I", "Redundancy Lost for Cooling Zone 1 has deasserted.", "FQXSPCA0101J",
     "Redundancy Lost for Cooling Zone 1 has asserted."),
    ("FQXSPSD2002I", "Failure no longer Predicted on Drive 2 for array 1.", "FQXSPSD0002G",
     "Failure Predicted on Drive 2 for array 1."),
    ("FQXSPSD0000I", "The Drive 2 has been added.", "FQXSPSD0001L",
     "The Drive 2 has been disabled due to a detected fault."),
    ("IDRAC.2.9.PDR8", "Disk 5 in Backplane 1 of RAID Controller in Slot 6 is inserted.", "IDRAC.2.9.PDR3",
     "Disk 5 in Backplane 1 of RAID Controller in Slot 6 is not functioning correctly."),
    ("IDRAC.2.9.VDR31", "Redundancy of Virtual Disk 0 on RAID Controller in Slot 6 has been restored.",
     "IDRAC.2.9.VDR8", "Virtual Disk 0 on RAID Controller in Slot 6 has become degraded."),
    ("StorageDevice.1.2.DriveInserted", "The drive located in 'Bay 3' was inserted.",
     "StorageDevice.1.2.DriveFailure", "A failure condition for the drive located in 'Bay 3' was detected."),
]  # fmt: skip


@pytest.mark.parametrize("pair", PASSED, ids=lambda pair: pair[2])
def test_what_has_passed_does_not_stand(pair: tuple[str, str, str, str]) -> None:
    over_id, over, begun_id, begun = pair
    found = folded([entry(1, begun_id, begun), entry(2, over_id, over)])
    assert found.active == []
    assert len(found.recovered) == 1


ANOTHERS_END = [
    ("PDR8", "Disk 6 in Backplane 1 of RAID Controller in Slot 6 is inserted."),
    ("PDR8", "Disk 5 in Backplane 2 of RAID Controller in Slot 6 is inserted."),
    ("PDR5", "Disk 5 in Backplane 1 of RAID Controller in Slot 6 is removed."),
    ("PDR15", "Disk 5 in Backplane 1 of RAID Controller in Slot 6 rebuild has completed."),
    ("SUP0518", "Disk 5 in Backplane 1 of RAID Controller in Slot 6 firmware has been installed."),
    ("PDR99", "Disk 5 in Backplane 1 of RAID Controller in Slot 6 is added as a hot spare."),
    ("VDR31", "Redundancy of Virtual Disk 0 on RAID Controller in Slot 6 has been restored."),
]


@pytest.mark.parametrize("over", ANOTHERS_END, ids=lambda over: over[0])
def test_only_a_drive_that_comes_to_its_slot_ends_the_fault_of_the_one_before(over: tuple[str, str]) -> None:
    failed = "Predictive failure reported for Disk 5 in Backplane 1 of RAID Controller in Slot 6."
    found = folded([entry(1, "IDRAC.2.9.PDR16", failed), entry(2, f"IDRAC.2.9.{over[0]}", over[1])])
    assert "disk.failed" in {one.fault for one in found.active}


def test_one_way_of_not_being_redundant_ends_without_the_other() -> None:
    lost, spare = "Redundancy Lost for Power Unit has", "Non-redundant:Sufficient Resources for Power Unit has"
    found = folded([
        entry(1, "FQXSPPW0101J", f"{lost} asserted."), entry(2, "FQXSPPW0104J", f"{spare} asserted."),
        entry(3, "FQXSPPW2104I", f"{spare} deasserted."),
    ])  # fmt: skip
    assert [one.fault for one in found.active] == ["psu.redundancy_lost"]


OF_TYPE = [
    ("Fan", "SYS_FAN_4A", "Lower Critical going low, Reading 0 RPM, Threshold 1200 RPM", "fan"),
    ("Temperature", "GPU_4_TEMP", "Upper Critical going high, Reading 92 Cel, Threshold 90 Cel", "cooling"),
    ("Power Supply", "PSU2_STATUS", "Power Supply Failure detected", "psu"),
    ("Power Supply", "PSU3_STATUS", "Power Supply input lost (AC/DC)", "psu"),
    ("Physical Chassis Security", "CHASSIS_INTR", "General Chassis Intrusion", "chassis"),
    ("Critical Interrupt", "PCIE_SLOT_3", "Bus Fatal Error", "pcie"),
    ("Voltage", "P_12V", "Lower Critical going low, Reading 10.79 Volts, Threshold 10.80 Volts", "psu"),
    ("Drive Slot", "HDD_BP_2", "Drive Fault", "disk"),
    ("Memory", "DIMM_P1_G1", "Uncorrectable ECC / other uncorrectable memory error", "dimm"),
]


@pytest.mark.parametrize("sensor", OF_TYPE, ids=lambda sensor: sensor[1])
def test_an_entry_of_a_sensor_of_a_type_begins_and_ends_by_its_code(sensor: tuple[str, str, str, str]) -> None:
    kind, name, event, part = sensor
    said = f"Sensor {name} of type {kind}: {event}"
    begin = entry(1, "", said, SensorType=kind, SensorNumber=53, EntryCode="Assert")
    end = entry(
        2, "", re.sub(r"Reading \d+", "Reading 50", said), SensorType=kind, SensorNumber=53, EntryCode="Deassert"
    )
    assert [one.component_class for one in folded([begin]).active] == [part]
    over = folded([begin, end])
    assert (over.active, [one.component_class for one in over.recovered]) == ([], [part])


@given(st.sampled_from([kind for kind, *_ in OF_TYPE]), st.sampled_from(["Assert", "Deassert", "Event"]), st.text())
def test_any_tail_of_such_a_sentence_is_read(kind: str, code: str, tail: str) -> None:
    for message in (f"Sensor X of type {kind}: {tail}", f"Sensor {tail} of type {kind}: Failed", f"Sensor X of {tail}"):
        found = parse_entry({"Id": "1", "SensorType": kind, "EntryCode": code, "Message": message})
        assert found is not None
        assert found.sensor.strip()
        assert code != "Deassert" or found.asserted is False
