"""Sensor listings in each form, thresholds that mean nothing, and how faults fold."""

from datetime import UTC, datetime

import pytest

from groundcrew.contracts.incidents import Severity
from groundcrew.diagnosis.conditions import Folded, fold
from groundcrew.diagnosis.facts import Vocabulary, judged
from groundcrew.diagnosis.listings import MAX_LINE, MAX_UNPARSED, read_listing
from groundcrew.diagnosis.sensors import SensorRead, Thresholds
from groundcrew.runtime.packs import load_packs

VOCABULARY = Vocabulary(load_packs().knowledge.rules)


def stand(text: str) -> Folded:
    return fold(read_listing(text), VOCABULARY)


def active(text: str) -> set[tuple[str, str]]:
    return {(one.locator, one.fault) for one in stand(text).active}


ELIST = """\
Intrusion        | 73h | ok  |  7.1 | General Chassis intrusion
Fan1             | 30h | ok  |  7.1 | 5040 RPM
Fan2             | 31h | lcr |  7.1 | 0 RPM
Fan3             | 32h | ns  |  7.1 | No Reading
Inlet Temp       | 04h | unc |  7.1 | 40 degrees C
Temp             | 0Eh | ok  |  3.1 | 55 degrees C
Temp             | 0Fh | ucr |  3.2 | 98 degrees C
Status           | 60h | ok  |  3.1 | Presence detected
Status           | 61h | ok  |  3.2 | Presence detected, IERR
Status           | 85h | ok  | 10.1 | Presence detected
Status           | 86h | ok  | 10.2 | Presence detected, Failure detected
PS Redundancy    | 77h | ok  |  7.1 | Redundancy Lost
Fan Redundancy   | 75h | ok  |  7.1 | Fully Redundant
Drive 1          | A1h | ok  |  4.1 | Drive Present, Drive Fault
VCORE PG         | 23h | ok  |  3.1 | State Deasserted
MEM012 PG        | 24h | ok  |  3.1 | State Asserted
PS3 Status       | CBh | ok  | 10.3 | Device Absent
PSU1_Supply      | 67h | ok  | 10.1 | Presence detected, Power Supply AC Lost
Riser Config Err | 6Fh | ok  |  7.1 | Connected
SSB Temp         | 22h | lcr |  7.1 | 0 degrees C
BMC              | Static MC @ 20h | ok  |  7.1 |
"""


def test_an_elist_by_status_and_by_text_whatever_the_status_says() -> None:
    assert read_listing(ELIST).unparsed == []
    assert active(ELIST) == {
        ("Intrusion", "chassis.intrusion"),
        ("Fan2", "fan.failed"),
        ("Inlet Temp", "cooling.ambient_high"),
        ("CPU 2", "cooling.airflow"),
        ("CPU 2", "cpu.ierr"),
        ("Power Supply 2", "psu.failed"),
        ("PS Redundancy", "psu.redundancy_lost"),
        ("PSU1", "psu.input_lost"),
        ("Drive 1", "disk.failed"),
        ("MEM012 PG", "psu.voltage_unstable"),
        ("SSB Temp", "cooling.temperature_low"),
    }


SENSOR = """\
01-Inlet Ambient | 22.000     | degrees C  | ok    | na        | na        | na        | na        | 42.000    | 46.000
FAN1             | 0.000      | RPM        | nr    | 300.000   | 500.000   | 700.000   | 25300.000 | 25400.000 | 25500.000
FAN2             | na         |            | na    | na        | na        | na        | na        | na        | na
Power Supply 1   | 0x1        | discrete   | 0x0180| na        | na        | na        | na        | na        | na
Power Supply 2   | 0xb        | discrete   | 0x0b80| na        | na        | na        | na        | na        | na
Power Supplies   | 0x0        | discrete   | 0x0280| na        | na        | na        | na        | na        | na
Fans             | 0x0        | discrete   | 0x0180| na        | na        | na        | na        | na        | na
Memory Status    | 0x0        | discrete   | 0x4080| na        | na        | na        | na        | na        | na
Sys. Health LED  | 0x0        | discrete   | 0x0280| na        | na        | na        | na        | na        | na
Fan 1 Presence   | 0x0        | discrete   | 0x0280| na        | na        | na        | na        | na        | na
CPU_0_PROCHOT    | 0x0        | discrete   | 0x0180| na        | na        | na        | na        | na        | na
CPU_1_PROCHOT    | 0x0        | discrete   | 0x0280| na        | na        | na        | na        | na        | na
PS1 12V OV Fault | 0x0        | discrete   | 0x0180| na        | na        | na        | na        | na        | na
PS2 12V OV Fault | 0x0        | discrete   | 0x0280| na        | na        | na        | na        | na        | na
CPU_Stat_C1      | 0x0        | discrete   | 0x8080| na        | na        | na        | na        | na        | na
NIC_Link_01P1    | 0x0        | discrete   | 0x0280| na        | na        | na        | na        | na        | na
PSU3_Present     | 0x0        | discrete   | 0x0280| na        | na        | na        | na        | na        | na
P1 Status        | 0x0        | discrete   | 0x8080| na        | na        | na        | na        | na        | na
Zeros Temp       | 34.000     | degrees C  | cr    | 0.000     | 0.000     | 0.000     | 0.000     | 0.000     | 0.000
Inverted Volt    | 12.100     | Volts      | cr    | na        | 13.000    | na        | na        | 11.000    | na
VBAT             | 0.345      | Volts      | ok    | 0.000     | 1.995     | 2.490     | 3.300     | 3.495     | 0.000
PSU1 Power In    | 3.150      | Watts      | ok    | 0.000     | 3.150     | 6.300     | 497.700   | 796.950   | 0.000
P12V             | 0.000      | Volts      | ok    | 10.100    | 10.300    | 10.700    | 12.900    | 13.200    | 13.400
"""  # noqa: E501


def test_sensors_with_thresholds_and_state_bits() -> None:
    assert read_listing(SENSOR).unparsed == []
    assert active(SENSOR) == {
        ("FAN1", "fan.failed"),
        ("Power Supply 2", "psu.failed"),
        ("Power Supply 2", "psu.input_lost"),
        ("Power Supplies", "psu.redundancy_lost"),
        ("VBAT", "cmos_battery.low"),
        ("CPU_1", "cpu.throttled"),
        ("PS2", "psu.failed"),
    }


@pytest.mark.parametrize(
    ("value", "status", "lower", "upper", "expected"),
    [
        (50.0, "cr", (None, 10.0, 5.0), (80.0, 85.0, 90.0), ("cr", "")),
        (86.0, "cr", (None, None, None), (80.0, 85.0, 90.0), ("cr", "upper")),
        (10.0, "nc", (10.0, 5.0, None), (80.0, None, None), ("nc", "lower")),
        (0.0, "nr", (0.0, 0.0, 0.0), (80.0, 85.0, 90.0), ("ok", "")),
        (12.0, "cr", (None, 13.0, None), (None, 11.0, None), ("ok", "")),
        (30.0, "nr", (5.0, 10.0, 15.0), (40.0, 50.0, 60.0), ("nr", "")),
        (95.0, "ok", (None, None, None), (80.0, 85.0, None), ("cr", "upper")),
        (85.0, "ok", (None, None, None), (80.0, 85.0, None), ("ok", "")),
        (82.0, "ok", (None, None, None), (80.0, 85.0, None), ("ok", "")),
    ],
    ids=[
        "within its hysteresis", "beyond", "at the limit", "only zeros explain it", "inverted", "lower ones misordered",
        "ok beside a value beyond", "ok at the limit", "ok beyond non-critical",
    ],
)  # fmt: skip
def test_a_status_holds_where_a_good_threshold_can_explain_it(value, status, lower, upper, expected) -> None:  # type: ignore[no-untyped-def]
    read = SensorRead("CPU1 Temp", value, "", "degrees C", status, thresholds=Thresholds(lower, upper))
    assert judged(read) == expected


def test_a_fan_that_is_driven_and_has_no_reading_is_missing() -> None:
    rows = ["Pwm 1 | 03h | ok | 29.1 | 79.97 percent", "fan1 | 07h | ns | 29.1 | No Reading"]
    assert active("\n".join(rows)) == {("fan1", "fan.removed")}
    assert active(rows[1]) == set()
    assert active("\n".join([rows[0].replace("79.97", "0"), rows[1]])) == set()


def test_a_sensor_that_is_not_scanned_says_nothing_of_its_part() -> None:
    unread = "Temp             | 01h | ns  |  3.1 | Disabled\nRiser2 Temp      | 02h | ns  | 16.2 | Disabled\n"
    assert active(unread) == set()
    assert active("Status           | 60h | ok  |  3.1 | Disabled\n") == {("CPU 1", "cpu.offline")}


def test_ipmi_sensors_in_its_forms_and_a_state_that_says_nominal() -> None:
    text = """\
ID   | Name             | Type                     | State    | Reading    | Units | Event
4    | System Temp      | Temperature              | Nominal  | 33.00      | C     | 'OK'
71   | FAN 1            | Fan                      | Critical | 0.00       | RPM   | 'At or Below (<=) Lower Non-Recoverable Threshold'
138  | PS1 Status       | Power Supply             | Nominal  | N/A        | N/A   | 'Presence detected' 'Power Supply Failure detected'
272  | Chassis Intru    | Physical Security        | Nominal  | N/A        | N/A   | 'OK'
"""  # noqa: E501
    expected = {("FAN 1", "fan.failed"), ("PS1", "psu.failed")}
    assert active(text) == expected
    rows = text.splitlines()[1:]
    assert active("\n".join(rows)) == expected, "without a heading"
    commas = "\n".join(",".join(column.strip() for column in row.split("|")) for row in text.splitlines())
    assert active(commas) == expected, "comma separated"
    verbose = "Record ID: 71\nID String: FAN 1\nSensor Type: Fan (4h)\nSensor Reading: 0.00 RPM\nSensor Event: 'At or Below (<=) Lower Critical Threshold'\n"  # noqa: E501
    assert active(verbose) == {("FAN 1", "fan.failed")}
    assert active("71: FAN 1 (Fan): 0.00 RPM (450.00/18975.00): [At or Below (<=) Lower Critical Threshold]") == {
        ("FAN 1", "fan.failed")
    }


def test_verbose_sensors_with_their_states() -> None:
    text = """\
Sensor ID              : Pwr Unit Redund (0x2)
 Entity ID             : 21.1 (Power Management)
 Sensor Type (Discrete): Power Unit (0x09)
 Sensor Reading        : 0h
 States Asserted       : Power Unit
                         [Redundancy Lost]
 Assertions Enabled    : Power Unit
                         [Fully Redundant]

Sensor ID              : FAN1 (0x41)
 Entity ID             : 29.1
 Sensor Type (Threshold)  : Fan (0x04)
 Sensor Reading        : 200 (+/- 0) RPM
 Status                : cr
 Lower Non-Recoverable : 100.000
 Lower Critical        : 300.000
 Lower Non-Critical    : 500.000
"""
    assert active(text) == {("Pwr Unit Redund", "psu.redundancy_lost"), ("FAN1", "fan.failed")}


ROW = "{0:4x} | 05/01/2024 | 10:00:{0:02} | {1} | {2} | {3}"


def log(*events: tuple[str, str, str]) -> str:
    return "\n".join(ROW.format(number, *event) for number, event in enumerate(events, 1))


UP, DOWN = "Asserted", "Deasserted"


def test_a_fault_stands_while_one_of_its_thresholds_does() -> None:
    events = [
        ("Fan FAN1", "Lower Critical going low", UP),
        ("Fan FAN1", "Lower Non-recoverable going low", UP),
        ("Fan FAN1", "Lower Non-recoverable going low", DOWN),
    ]
    [one] = stand(log(*events)).active
    assert one.text == "Fan FAN1 | Lower Critical going low"
    assert one.since == datetime(2024, 5, 1, 10, 0, 1, tzinfo=UTC)
    assert stand(log(*events, ("Fan FAN1", "Lower Critical going low", DOWN))).active == []


def test_the_end_of_a_milder_threshold_ends_the_graver_ones() -> None:
    text = log(
        ("Temperature CPU1 Temp", "Upper Non-critical going high", UP),
        ("Temperature CPU1 Temp", "Upper Critical going high", UP),
        ("Temperature CPU1 Temp", "Upper Non-critical going high", DOWN),
    )
    found = stand(text)
    assert found.active == []
    [past] = found.recovered
    assert (past.fault, past.severity, past.times) == ("cooling.airflow", Severity.CRITICAL, 1)


def test_a_threshold_passed_on_the_way_back_is_the_end_too() -> None:
    text = log(("Fan FAN1", "Lower Critical going low", UP), ("Fan FAN1", "Lower Critical going high", UP))
    assert stand(text).active == []


def test_both_sides_of_a_range_are_two_faults() -> None:
    text = log(
        ("Voltage P12V", "Lower Critical going low", UP),
        ("Voltage P12V", "Upper Critical going high", UP),
        ("Voltage P12V", "Upper Critical going high", DOWN),
    )
    assert [one.text for one in stand(text).active] == ["Voltage P12V | Lower Critical going low"]


def test_redundancy_is_regained_by_word_or_by_the_end_of_its_loss() -> None:
    lost = ("Power Supply PS Redundancy", "Redundancy Lost", UP)
    also = ("Power Supply PS Redundancy", "Non-Redundant: Sufficient from Redundant", UP)
    assert stand(log(lost, also)).active != []
    assert stand(log(lost, also, ("Power Supply PS Redundancy", "Fully Redundant", UP))).active == []
    assert stand(log(lost, also, ("Power Supply PS Redundancy", "Redundancy Lost", DOWN))).active == []
    assert stand(log(lost, ("Power Supply PS Redundancy", "Fully Redundant", DOWN))).active != []


def test_a_supply_that_is_there_again_has_recovered() -> None:
    events = [
        ("Power Supply PS1 Status", "Failure detected", UP),
        ("Power Supply PS1 Status", "Presence detected", DOWN),
        ("Power Supply PS1 Status", "Presence detected", UP),
    ]
    assert {one.fault for one in stand(log(*events[:2])).active} == {"psu.failed", "psu.removed"}
    found = stand(log(*events))
    assert found.active == []
    assert {one.fault for one in found.recovered} == {"psu.failed", "psu.removed"}


def test_a_drive_that_was_replaced_and_rebuilt_has_recovered() -> None:
    drive = "Drive Slot / Bay Drive 3"
    text = log(
        (drive, "Drive Fault", UP), (drive, "In Critical Array", UP), (drive, "Drive Present", DOWN),
        (drive, "Drive Present", UP), (drive, "Rebuild In Progress", UP), (drive, "Rebuild In Progress", DOWN),
        (drive, "In Critical Array", DOWN),
    )  # fmt: skip
    found = stand(text)
    assert found.active == []
    assert {one.fault for one in found.recovered} == {"disk.failed", "disk.removed", "raid.degraded"}


def test_one_corrected_error_is_nothing_and_ten_in_a_day_are_a_bad_module() -> None:
    corrected = ("Memory #0x02", "Correctable ECC (DIMM_A1)", UP)
    assert stand(log(*[corrected] * 9)).active == []
    found = stand(log(*[corrected] * 12))
    assert [(one.locator, one.fault) for one in found.active] == [("DIMM_A1", "dimm.correctable_storm")]
    assert found.noise == 0


def test_ten_corrected_errors_over_weeks_are_nothing() -> None:
    row = "{0:4x} | {1:02}/01/2024 | 10:00:00 | Memory #0x02 | Correctable ECC (DIMM_A1) | Asserted"
    assert stand("\n".join(row.format(number, number) for number in range(1, 13))).active == []


def test_what_comes_and_goes_is_told_once_with_how_often() -> None:
    lost, back = ("Power Supply PS1", "Power Supply AC lost", UP), ("Power Supply PS1", "Power Supply AC lost", DOWN)
    found = stand(log(lost, lost, back, lost, back, lost))
    [now], [past] = found.active, found.recovered
    assert (now.times, past.times) == (1, 2)
    assert now.since == datetime(2024, 5, 1, 10, 0, 6, tzinfo=UTC)


def test_an_end_without_its_beginning_is_no_fault() -> None:
    found = stand(log(("Fan FAN1", "Lower Critical going low", DOWN)))
    assert (found.active, found.recovered, found.noise) == ([], [], 1)


def test_a_log_that_is_nearly_full_by_sel_info() -> None:
    info = "SEL Information\nVersion          : 1.5 (v1.5, v2 compliant)\nEntries          : 410\nPercent Used     : {}%\nOverflow         : {}\n"  # noqa: E501
    assert active(info.format(16, "false")) == set()
    assert active(info.format(85, "false")) == {("SEL", "bmc.sel_full")}
    assert active(info.format(16, "true")) == {("SEL", "bmc.sel_full")}


def test_a_bad_line_costs_that_line_and_is_kept() -> None:
    text = log(("Fan FAN1", "Lower Critical going low", UP), ("Fan FAN2", "Lower Critical going low", UP))
    listing = read_listing(f"{text}\n  12 | 05/0\nSegmentation fault\n{'x' * (MAX_LINE + 1)}\n")
    assert len(listing.records) == 2
    assert [one.line for one in listing.unparsed] == [3, 4, 5]
    assert len(listing.unparsed[2].text) <= MAX_LINE


def test_of_very_many_bad_lines_a_bounded_number_is_kept_and_all_are_counted() -> None:
    listing = read_listing("no record here\n" * (MAX_UNPARSED + 500))
    assert (len(listing.unparsed), listing.unparsed_count) == (MAX_UNPARSED, MAX_UNPARSED + 500)


def test_prompts_rulers_and_an_empty_log_are_no_bad_lines() -> None:
    text = "[root@node1 ~]# ipmitool sel elist\n-----\nSEL has no entries\n$ sudo ipmi-sel\n\n"
    listing = read_listing(text)
    assert (listing.kinds, listing.unparsed) == (["ipmitool sel"], [])


@pytest.mark.parametrize(
    "piece", ["| ", "-", " ", "(", "$ipmitool ", "'x' ", "A:", "At or Below (<=) ", "Presence detected, ", "9", "["]
)
def test_lines_made_of_one_piece_are_read_in_a_few_steps(piece: str) -> None:
    """With an expression that tries every way to split them, one such line takes minutes."""
    long = piece * (MAX_LINE // len(piece))
    for text in (
        long,
        f"{long}x",
        f"1 | a | Fan | 0 | RPM | {long}"[:MAX_LINE],
        f"PS1 | C8h | ok | 10.1 | {long}"[:MAX_LINE],
    ):
        stand(text)
