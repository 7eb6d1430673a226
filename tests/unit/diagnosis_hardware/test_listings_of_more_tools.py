"""What OpenManage, ILOM's fault shell, XCC's command line, SUM and ilorest print is read, and no damage breaks it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundcrew.diagnosis.conditions import fold
from groundcrew.diagnosis.facts import Vocabulary
from groundcrew.diagnosis.listings import read_listing
from groundcrew.diagnosis.message_words import in_sensor_words
from groundcrew.runtime.packs import load_packs

VOCABULARY = Vocabulary(load_packs().knowledge.rules)

FMADM = (
    "2021-05-06/10:20:00 0a1b2c3d-0001-4e5f-8a9b-000000000001 SPX86A-8002-XM Major\n\n"
    "Problem Status    : open\n----------------------------------------\nSuspect 1 of 1\n"
    "   Fault class  : fault.memory.intel.dimm_ce\n   Certainty    : 100%\n   Affects      : /SYS/MB/P0/D8\n"
    "   FRU\n      Status            : faulty\n      Location          : /SYS/MB/P0/D8\n"
)
FAULTY = (
    "/SP/faultmgmt/0     | fru                    | /SYS/PS0\n"
    "/SP/faultmgmt/0/    | class                  | fault.chassis.power.ext-fail\n"
    " faults/0           |                        |\n"
    "/SP/faultmgmt/0/    | timestamp              | 2021-05-06/10:20:00\n"
)
FORMS = {
    "omreport system log": (
        "Severity      : Critical\nID            : 1104\nDate and Time : Thu May 06 10:20:00 2021\n"
        "Category      : Instrumentation Service\n"
        "Description   : Fan sensor detected a failure value  Sensor location: System Board FAN 1 RPM\n"
    ),
    "saved table": (
        "| Severity | Date and Time            | Description |\n"
        "| Critical | Thu May 06 10:20:00 2021 | CPU 1 Status: Processor sensor, IERR was asserted |\n"
    ),
    "fmadm faulty": FMADM,
    "ILOM show faulty": FAULTY,
    "ILOM open problems": (
        "Thu May  6 10:20:00 2021  Cooling             FM3 (Fan Module 3)\n"
        "        Fan tachometer speed is below its normal operating range. (Probability:100,\n"
        "        UUID:0a1b2c3d-0001-4e5f-8a9b-000000000001, Part Number:N/A, Serial Number:N/A)\n"
    ),
    "readlog": "2 E SERVPROC 05/06/21 10:20:00 Power Supply 1 has lost input.\n",
    "log-util": "0    all      2021-05-06 10:20:00    fscd             Fan 1 front dead, 0 RPM\n",
    "SUM event log": (
        "Event:7 Time:05/06/2021 10:20:00 Type:Fan\n Assertion: FAN1| Event = Lower Critical - going low\n"
        " Reading = 0.00 RPM, Threshold = 500.00 RPM\n"
    ),
    "ilorest serverlogs": (
        "@odata.id=/redfish/v1/Systems/1/LogServices/IML/Entries/7\nCreated=2021-05-06T10:20:00Z\nId=7\n"
        "Message=System Fan Failure (Fan 4, Location System)\nOem=\n    Hpe=\n        Repaired=False\n"
        "Severity=Critical\n"
    ),
}
GOOD = "9,2021/05/06 10:20:00,FAN9,Fan,Lower Critical - Going Low - Assertion\n"


def _standing(text: str) -> list[tuple[str, str]]:
    return [(one.component_class, one.locator) for one in fold(read_listing(text), VOCABULARY).active]


@pytest.mark.parametrize("kind", FORMS)
def test_each_form_gives_one_dated_record_that_stands_and_no_line_is_left(kind: str) -> None:
    listing = read_listing(FORMS[kind])
    assert listing.kinds == [kind]
    assert [str(record.time) for record in listing.records] == ["2021-05-06 10:20:00+00:00"]
    assert listing.unparsed == []
    assert len(_standing(FORMS[kind])) == 1


@pytest.mark.parametrize("kind", FORMS)
@given(cut=st.integers(min_value=0, max_value=600), noise=st.text(max_size=40))
def test_what_is_cut_or_garbled_costs_no_more_than_its_record(kind: str, cut: int, noise: str) -> None:
    listing = read_listing(f"{FORMS[kind][:cut]}{noise}\n\n{GOOD}")
    assert any(record.sensor == "Fan FAN9" for record in listing.records)
    assert len(listing.records) <= 3
    fold(listing, VOCABULARY)


@pytest.mark.parametrize("kind", FORMS)
@given(data=st.data())
def test_lines_in_any_order_break_nothing(kind: str, data: st.DataObject) -> None:
    lines = data.draw(st.permutations((FORMS[kind] * 2).splitlines()))
    listing = read_listing("\n".join(lines))
    assert len(listing.records) + listing.unparsed_count + listing.passed <= 2 * len(lines)


@pytest.mark.parametrize("kind", FORMS)
def test_a_record_that_is_broken_off_leaves_the_next_one_whole(kind: str) -> None:
    whole = FORMS[kind].splitlines()
    before = "\n".join(whole[:-1]) + "\n\n" if len(whole) > 1 else "2 E SERVPROC\n"
    assert any(str(record.time)[:10] == "2021-05-06" for record in read_listing(before + FORMS[kind]).records)


def test_of_two_suspects_of_one_event_each_has_its_time() -> None:
    more = FMADM.replace("1 of 1", "1 of 2") + (
        "\nSuspect 2 of 2\n   Fault class  : fault.chassis.device.fail\n   FRU\n      Location          : /SYS/MB\n"
    )
    listing = read_listing(more)
    assert [str(record.time)[:10] for record in listing.records] == ["2021-05-06"] * 2
    assert sorted(_standing(more)) == [("dimm", "/SYS/MB/P0/D8"), ("motherboard", "/SYS/MB")]


def test_a_suspect_that_is_repaired_is_none() -> None:
    assert _standing(FMADM.replace(": faulty", ": repaired")) == []


def test_solaris_names_parts_by_their_labels() -> None:
    text = (
        "Aug 24 17:56:03 7b83c87c-78f6-6a8e-fa2b-d0cf16834049  SUN4V-8001-8H  Minor\n\nHost        : node7\n"
        "Fault class : fault.memory.dimm_ck 95%\nAffects     : mem:///motherboard=0/chip=0/dimm=3\n"
        '                  faulted but still in service\nFRU         : "CPU 0 DIMM 3" (hc://motherboard=0/dimm=3)\n'
        "                  faulty\n"
    )
    assert _standing(text) == [("dimm", "CPU 0 DIMM 3")]


def test_a_second_fault_of_one_component_is_told_of_the_same_one() -> None:
    second = (
        "/SP/faultmgmt/0/    | class                  | fault.chassis.device.psu.fail\n"
        " faults/1           |                        |\n"
    )
    listing = read_listing(FAULTY + second)
    assert [record.text.count("/SYS/PS0") for record in listing.records] == [1, 1]


def test_one_fault_that_is_shown_alone() -> None:
    text = (
        " /SP/faultmgmt/0/faults/0\n    Properties:\n        class = fault.io.pciex.device-interr\n"
        "        sunw-msg-id = SPX86A-8003-EY\n        component = /SYS/MB/PCIE3\n"
        "        timestamp = 2021-05-06/10:20:00\n"
    )
    assert _standing(text) == [("pcie", "/SYS/MB/PCIE3")]


@pytest.mark.parametrize(
    ("kind", "fault", "component_class"),
    [
        ("/SYS/MB/P0/D8", "fault.memory.dimm_ue", "dimm"),
        ("/SYS/PS1", "fault.chassis.psu.fail", "psu"),
        ("/SYS/MB/PCIE3", "fault.io.pciex.device-interr", "pcie"),
    ],
)
def test_the_class_of_a_fault_says_of_what_it_is(kind: str, fault: str, component_class: str) -> None:
    text = FMADM.replace("/SYS/MB/P0/D8", kind).replace("fault.memory.intel.dimm_ce", fault)
    assert _standing(text) == [(component_class, kind)]


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("Voltage sensor detected a failure value  Sensor location: CPU1 VCORE  Chassis location: Main System Chassis",
         ("Voltage CPU1 VCORE", "Transition to Critical from less severe", True)),
        ("Voltage sensor returned to a normal value Sensor location: CPU1 VCORE Chassis location: Main System Chassis",
         ("Voltage CPU1 VCORE", "Transition to OK", True)),
        ("Processor sensor detected a failure value  Sensor location: CPU 2  Processor sensor status: Thermal Trip",
         ("Processor CPU 2", "Thermal Trip", True)),
        ("AC power has been restored  Sensor location: PS1 AC  Chassis location: Main System Chassis",
         ("Power Supply PS1 AC", "Power Supply AC lost", False)),
        ("Memory device status is critical Memory device location: DIMM_A1",
         ("Memory DIMM_A1", "Transition to Critical from less severe", True)),
        ("Redundancy degraded Redundancy unit: System Board Fan Redundancy Chassis location: Main System Chassis",
         ("Fan System Board Fan Redundancy", "Redundancy Degraded", True)),
        ("Virtual disk failed:  Virtual Disk 2 (scratch) Controller 0 (PERC H730 Mini)",
         ("Drive Slot / Bay VD 2", "In Failed Array", True)),
        ("Redundancy normal:  Virtual Disk 2 (scratch) Controller 0 (PERC H730 Mini)",
         ("Drive Slot / Bay VD 2", "In Critical Array", False)),
    ],
)  # fmt: skip
def test_an_alert_of_openmanage_is_told_in_ipmitools_words(said: str, told: tuple[str, str, bool]) -> None:
    assert in_sensor_words(said) == told


@pytest.mark.parametrize(
    "said",
    [
        "Server Administrator startup complete",
        "Power supply 1 is operating normally.",
        "Fan sensor polling rate changed",
        "Redundancy lost",
        "Virtual disk created:  Virtual Disk 2 (scratch) Controller 0 (PERC H730 Mini)",
        "Physical disk inserted:  Physical Disk 0:1:2 Controller 0, Connector 0",
    ],
)
def test_other_sentences_are_no_such_alert(said: str) -> None:
    assert in_sensor_words(said) is None


def test_arguments_behind_a_lifecycle_entry_belong_to_it() -> None:
    listing = read_listing(
        "SeqNumber       = 2001\nMessage ID      = PSU0003\nSeverity        = Critical\n"
        "Timestamp       = 2025-11-14 06:12:01\nMessage         = The power input for power supply 1 is lost.\n"
        "Message Arg   1 = 1\nFQDD            = PSU.Slot.1\n"
    )
    assert len(listing.records) == 1
    assert listing.unparsed == []


def active(text: str) -> set[tuple[str, str, str]]:
    return {(one.component_class, one.locator, one.fault) for one in fold(read_listing(text), VOCABULARY).active}


@pytest.mark.parametrize(
    "prompt", ["", "$ curl -sk https://b/redfish/v1/.../Entries | jq .\n", "[root@n ~]# curl x\n\n"]
)
def test_a_log_of_redfish_is_read_below_the_prompt_that_asked_for_it(prompt: str) -> None:
    entry = (
        '{"Id": "7", "Created": "2026-03-05T02:00:00Z", "EntryType": "Event", "Severity": "Critical",\n'
        ' "MessageId": "OpenBMC.0.1.PowerSupplyPowerLost", "Message": "Power supply 2 power lost."}'
    )
    text = f'{prompt}{{\n "Members": [\n{entry}\n ]\n}}\n'
    assert {one[0] for one in active(text)} == {"psu"}
    assert read_listing(text).unparsed_count == (1 if prompt else 0)


def test_the_event_log_of_ibmc_at_its_command_line_is_a_table() -> None:
    text = (
        "iBMC:/->ipmcget -d sel -v list\n"
        "ID    | Generation Time     | Severity | Event Code | Status   | Event Description\n"
        "31 | 2024-01-15 07:48:26 | Major | 0x01000017 | Asserted | DIMM110 triggered an uncorrectable ECC error.\n"
    )
    assert {(kind, fault) for kind, _, fault in active(text)} == {("dimm", "dimm.uncorrectable")}


LOG_UTIL = "1    slot1    2024-07-19 06:29:58    {} {}\n"


@pytest.mark.parametrize(
    ("program", "said", "kind", "part"),
    [
        (
            "sensord",
            ("ASSERT: Lower Critical threshold - raised - FRU: 1, num: 0x46 curr_val: 0.00 RPM, "
            "thresh_val: 500.00 RPM, snr: MB Fan1 Tach"),
            "fan", "Fan1",
        ),
        (
            "ipmid",
            ("SEL Entry: FRU: 1, Record: Standard (0x02), Time: 2024-04-16 19:35:42, Sensor: MEMORY_ECC_ERR (0x63), "
            "Event Data: (010008) Uncorrectable DIMM B0, Logical Rank 0, CPU 0 Assertion"),
            "dimm", "B0",
        ),
        (
            "ipmid",
            ("SEL Entry: FRU: 1, Record: Standard (0x02), Time: 2024-06-20 10:54:03, Sensor: PCIE_ERR (0x41), "
            "Event Data: (AA1801) Bus Fatal Error (Bus 18 / Dev 00 / Fun 01) Assertion"),
            "pcie", "18:00.1",
        ),
    ],
)  # fmt: skip
def test_what_log_util_tells_of_a_sled(program: str, said: str, kind: str, part: str) -> None:
    ((found, locator, _),) = active(LOG_UTIL.format(program, said))
    assert (found, part in locator) == (kind, True)


def test_an_export_of_xcc_names_its_messages_by_a_common_id() -> None:
    text = (
        '"Index","Severity","Source","Common ID","Message","Date"\n'
        '"5","Critical","PCI","FQXSPIO0011N","An Uncorrectable Error has occurred on PCIe Slot 6.",'
        '"02/08/2024 10:36:18 AM"\n'
    )
    assert {one[0] for one in active(text)} == {"pcie"}
