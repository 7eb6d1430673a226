"""Messages that speak of one sensor, and what makers' own tools and saved Redfish documents hold."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundcrew.diagnosis.conditions import fold
from groundcrew.diagnosis.facts import Vocabulary
from groundcrew.diagnosis.listings import read_listing
from groundcrew.diagnosis.message_words import in_sensor_words
from groundcrew.runtime.packs import load_packs

VOCABULARY = Vocabulary(load_packs().knowledge.rules)

SENTENCES = [
    ("P12V_AUX sensor crossed a critical low threshold going low. Reading=10.9 Threshold=11.2.",
     ("Voltage P12V_AUX", "Lower Critical going low", True)),
    ("P12V_AUX sensor crossed a critical low threshold going high. Reading=11.9 Threshold=11.2.",
     ("Voltage P12V_AUX", "Lower Critical going low", False)),
    ("Die_CPU0 sensor crossed a warning high threshold going high. Reading=91 Threshold=90.",
     ("Temperature Die_CPU0", "Upper Non-critical going high", True)),
    ("Numeric sensor Fan 7A Tach going low (lower non-recoverable) has asserted.",
     ("Fan Fan 7A", "Lower Non-recoverable going low", True)),
    ("Numeric sensor Fan 7A Tach going low (lower non-recoverable) has deasserted.",
     ("Fan Fan 7A", "Lower Non-recoverable going low", False)),
    ("Numeric sensor Ambient Temp going low (upper critical).",
     ("Temperature Ambient Temp", "Upper Critical going high", False)),
    ("Sensor 'SYS9' reading of 300 (RPM) is below the 700 lower critical threshold.",
     ("Fan SYS9", "Lower Critical going low", True)),
    ("Sensor 'SYS9' reading of 3000 (RPM) is within normal operating range.", ("Fan SYS9", "Transition to OK", True)),
    ("Temperature 'Exhaust' reading of 82 degrees (C) is above the 80 upper caution threshold.",
     ("Temperature Exhaust", "Upper Non-critical going high", True)),
    ("FRU_PSU1 PSU1_STATUS: Power Supply sensor for FRU_PSU1, Power Supply input lost (AC/DC) was asserted",
     ("Power Supply PSU1_STATUS", "Power Supply AC lost (AC/DC)", True)),
    ("ECC Uncorr Err: Memory sensor, uncorrectable ECC ( DIMM_A6 ) was asserted",
     ("Memory ECC Uncorr Err", "Uncorrectable ECC (DIMM_A6)", True)),
    ("PS 2 Status: Power Supply sensor for PS 2, input lost was deasserted",
     ("Power Supply PS 2 Status", "Power Supply AC lost", False)),
    ("CPU 1 Status: Processor sensor for CPU 1, thermal trip was asserted",
     ("Processor CPU 1 Status", "Thermal Trip", True)),
    ("System Board Intrusion: physical security sensor for System Board, chassis intrusion was asserted while on",
     ("Physical Security System Board Intrusion", "General Chassis intrusion", True)),
    ("Mem ECC Warning: Memory sensor, transition to non-critical from OK ( DIMM_A1 ) was asserted",
     ("Memory Mem ECC Warning", "Transition to Non-critical from OK (DIMM_A1)", True)),
    ("FAN MOD 2 RPM: fan sensor for System Board, failure event was asserted, reading was lower than the limit",
     ("Fan FAN MOD 2 RPM", "Lower Critical going low", True)),
    ("Ambient Temp: Temperature sensor for System Board, warning event was asserted",
     ("Temperature Ambient Temp", "Upper Non-critical going high", True)),
    ("FRU_MB POWER_ON_FAIL: Platform sensor for FRU_MB, Predictive Failure deasserted",
     ("Platform Alert POWER_ON_FAIL", "Predictive Failure Asserted", False)),
    ("Power supply 2 failed.", None),
    ("The system inlet temperature is greater than the upper warning threshold.", None),
    ("Host system DC power is on", None),
]  # fmt: skip


@pytest.mark.parametrize("case", SENTENCES, ids=lambda case: case[0][:40])
def test_a_sentence_about_a_sensor_is_put_in_the_words_of_ipmi(
    case: tuple[str, tuple[str, str, bool] | None],
) -> None:
    assert in_sensor_words(case[0]) == case[1]


@given(st.text(max_size=300))
def test_any_message_is_read_or_left_alone(message: str) -> None:
    spoken = in_sensor_words(message)
    assert spoken is None or all(part.strip() for part in spoken[:2])


def test_a_sensor_that_is_well_again_ends_both_sides_of_its_range() -> None:
    rows = [
        {"Id": "1", "Created": "2026-01-01T00:00:00Z",
         "Message": "Sensor 'FAN4' reading of 90 (RPM) is below the 700 lower critical threshold."},
        {"Id": "2", "Created": "2026-01-01T01:00:00Z",
         "Message": "Sensor 'FAN4' reading of 5000 (RPM) is within normal operating range."},
    ]  # fmt: skip
    found = fold(read_listing(json.dumps({"Members": rows})), VOCABULARY)
    assert found.active == []
    assert [(one.locator, one.fault) for one in found.recovered] == [("FAN4", "fan.failed")]


def test_the_good_state_of_one_sensor_says_nothing_of_another_of_the_same_part() -> None:
    found = fold(
        read_listing(
            "1 | 01/01/2024 | 00:00:01 | Power Supply PSU2 PWR Fail | State Asserted | Asserted\n"
            "2 | 01/01/2024 | 00:00:02 | Power Supply PSU2 Over Temp | State Deasserted | Asserted\n"
        ),
        VOCABULARY,
    )
    assert [(one.locator, one.fault) for one in found.active] == [("PSU2", "psu.failed")]


@pytest.mark.parametrize(
    "mark", [{"Oem": {"Hpe": {"Repaired": True}}}, {"Resolved": True}], ids=["repaired", "resolved"]
)
def test_an_entry_that_is_marked_as_over_has_passed(mark: dict[str, object]) -> None:
    entry = {"Id": "4", "Created": "2024-01-01T00:00:00Z", "Message": "System Fan Failure (Fan 3, Location System)"}
    found = fold(read_listing(json.dumps(entry | mark)), VOCABULARY)
    assert found.active == []
    assert [(one.locator, one.fault) for one in found.recovered] == [("Fan 3", "fan.failed")]


def test_documents_of_redfish_behind_one_another_cost_only_the_broken_one() -> None:
    first = {"Members": [{"Id": "1", "Message": "Power supply 1 failed.", "MessageId": "PSU0001"}]}
    second = {"Id": "2", "Message": "Power supply 2 failed.", "MessageId": "PSU0001"}
    listing = read_listing(json.dumps(first, indent=1) + "\n{broken\n" + json.dumps(second))
    assert [record.record_id for record in listing.records] == [1, 2]
    assert [(one.line, one.text) for one in listing.unparsed] == [(10, "{broken")]


@given(st.text(alphabet='{}[]",:\\ \nRecordDateTimeAssertion0123456789|/-=@()', max_size=200))
def test_damaged_documents_and_listings_never_raise(text: str) -> None:
    fold(read_listing(text), VOCABULARY)


GETSEL = """\
Record:      7
Date/Time:   08/20/2021 02:13:44
Source:      system
Severity:    Critical
Description: Fault detected on drive 4 in disk drive bay 1.
-----------
"""
LCLOG = """\
SeqNumber       = 7
Message ID      = PSU0001
Category        = System
Timestamp       = 2023-05-05 10:11:12
Message         = Power supply 1 failed.
"""
IPMICFG = """\
Event:119 Time:2026-02-11 17:40:09 SensorType:BIOS
| Msg = Uncorrectable Memory Error, Failing DIMM: DIMM location. (P1-DIMMB1) - Assertion
-------
"""


@pytest.mark.parametrize(
    ("kind", "text", "fault"),
    [
        ("racadm getsel", GETSEL, "disk.failed"),
        ("racadm lclog view", LCLOG, "psu.failed"),
        (
            "ipmicfg",
            "3 | 2024/02/03 08:00:00 | Memory\n | Assertion:Uncorrectable ECC@DIMMD1(CPU1)",
            "dimm.uncorrectable",
        ),
        ("ipmicfg", IPMICFG, "dimm.uncorrectable"),
    ],
    ids=["getsel", "lclog", "ipmicfg", "ipmicfg blocks"],
)
def test_what_a_makers_tool_prints_is_read(kind: str, text: str, fault: str) -> None:
    listing = read_listing(text)
    assert listing.kinds == [kind]
    assert listing.unparsed == []
    [record] = listing.records
    assert record.time is not None
    assert [one.fault for one in fold(listing, VOCABULARY).active] == [fault]
