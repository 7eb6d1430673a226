"""What ipmitool prints of event logs, dialect by dialect."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundcrew.diagnosis.locators import sel_component
from groundcrew.diagnosis.sel import parse_sel

DATA = Path(os.environ.get("GROUNDCREW_DATA", Path(__file__).parents[4] / "shared" / "data"))


@pytest.mark.parametrize(
    ("line", "time"),
    [
        ("   1 | 11/21/2025 | 10:30:00 | Fan FAN5 | Lower Critical going low | Asserted", (2025, 11, 21, 10, 30, 0)),
        ("16bd | 12/18/20 | 12:04:41 UTC | Fan FAN5 | Lower Critical going low | Asserted", (2020, 12, 18, 12, 4, 41)),
        (" 1 | 10/19/2023 | 05:15:35 PM CEST | Fan #0x46 | Lower Critical going low | Asserted", (2023, 10, 19, 15, 15, 35)),  # noqa: E501
        ("23 | 12/06/2024 | 10:06:50 PM EST | Fan #0x41 | Lower Critical going low | Asserted", (2024, 12, 7, 3, 6, 50)),  # noqa: E501
        (" 1 | 10/19/2023 | 12:00:00 AM UTC | Fan F | Lower Critical going low | Asserted", (2023, 10, 19, 0, 0, 0)),
        (" 1 | 10/19/2023 | 12:00:00 PM UTC | Fan F | Lower Critical going low | Asserted", (2023, 10, 19, 12, 0, 0)),
        (" 1 | 2023-10-19 | 12:00:00 +02:00 | Fan F | Lower Critical going low | Asserted", (2023, 10, 19, 10, 0, 0)),
        (" 1 | 05.11.2023 | 12:00:00 CET | Fan F | Lower Critical going low | Asserted", (2023, 11, 5, 11, 0, 0)),
        (" 1 | 14/05/26 | 21:50:21 HKT | Fan F | Lower Critical going low | Asserted", (2026, 5, 14, 13, 50, 21)),
        ("1,10/19/2023,12:00:00,Fan F,Lower Critical going low ,Asserted", (2023, 10, 19, 12, 0, 0)),
        (" 1 | 19.10.2023 | 12:00:00 | Fan F | Lower Critical going low | Asserted", (2023, 10, 19, 12, 0, 0)),
        (" 1 | 10/19/2023 12:00:00 | Fan F | Lower Critical going low | Asserted", (2023, 10, 19, 12, 0, 0)),
    ],
)  # fmt: skip
def test_the_claimed_time_is_read_in_every_dialect(line: str, time: tuple[int, ...]) -> None:
    [record] = parse_sel(line)
    assert record.time == datetime(*time, tzinfo=UTC)
    assert record.sensor.startswith("Fan ")
    assert (record.event, record.asserted) == ("Lower Critical going low", True)


def test_a_record_from_before_the_clock_was_set_has_no_time() -> None:
    [record] = parse_sel("    1 |  Pre-Init  |0000000089| Temperature #0x02 | Upper Non-critical going high | Asserted")
    assert (record.record_id, record.time, record.source_time) == (1, None, "Pre-Init 0000000089")
    assert (record.sensor, record.event) == ("Temperature #0x02", "Upper Non-critical going high")


@pytest.mark.parametrize("stamp", ["Unspecified | Unspecified", "S+ 70/001 | 00:02:01 UTC"])
def test_a_stamp_without_a_date_of_newer_versions(stamp: str) -> None:
    [record] = parse_sel(f"   1 | {stamp} | Fan FAN1 | Lower Critical going low | Asserted")
    assert record.time is None
    assert (record.sensor, record.event, record.asserted) == ("Fan FAN1", "Lower Critical going low", True)


def test_the_slot_behind_the_direction_belongs_to_the_event() -> None:
    [record] = parse_sel("   1 | 10/19/2023 | 12:00:00 | Memory | Uncorrectable ECC | Asserted | CPU 0 DIMM 3")
    assert record.event == "Uncorrectable ECC (CPU 0 DIMM 3)"
    assert sel_component(record.sensor, record.event) == "CPU 0 DIMM 3"


def test_a_time_that_cannot_be_is_kept_as_written() -> None:
    [record] = parse_sel("1 | 02/31/2025 | 25:61:00 | Fan FAN5 | Lower Critical going low | Asserted")
    assert (record.time, record.source_time) == (None, "02/31/2025 25:61:00")


def test_oem_records_of_two_columns_are_records() -> None:
    records = parse_sel("   3 | Linux kernel panic: Fatal excep\n   a | Linux kernel panic: tion\n")
    assert [(r.record_id, r.sensor, r.event) for r in records] == [
        (3, "", "Linux kernel panic: Fatal excep"),
        (10, "", "Linux kernel panic: tion"),
    ]


def test_a_bar_within_parentheses_is_text() -> None:
    line = " 168 | 05/18/2026 | 06:02:53 | Memory #0x02 | Uncorrectable ECC (UnCorrectable ECC |  DIMMA4) | Asserted"
    [record] = parse_sel(line)
    assert record.event == "Uncorrectable ECC (UnCorrectable ECC |  DIMMA4)"
    assert record.asserted is True
    assert sel_component(record.sensor, record.event) == "DIMMA4"


def test_the_reading_stays_in_the_text() -> None:
    line = "1 | 05/18/2026 | 06:02:53 | Voltage 12V | Lower Critical going low  | Deasserted | Reading 11.37 < Threshold 10.74 Volts"  # noqa: E501
    [record] = parse_sel(line)
    assert record.asserted is False
    assert record.text == "Voltage 12V | Lower Critical going low | Deasserted | Reading 11.37 < Threshold 10.74 Volts"


def test_an_event_without_text_has_none() -> None:
    [record] = parse_sel("7f | 03/04/2026 | 02:08:06 | Unknown #0xff |  | Asserted")
    assert (record.sensor, record.event, record.asserted) == ("Unknown #0xff", "", True)


def test_a_verbose_block_is_a_record() -> None:
    text = """SEL Record ID          : 00a1
 Record Type           : 02
 Timestamp             : 08/08/2019 10:37:17
 Generator ID          : 0001
 Sensor Type           : Processor
 Sensor Number         : 40
 Event Direction       : Assertion Event
 Description           : Uncorrectable machine check exception
"""
    [record] = parse_sel(text)
    assert (record.record_id, record.time) == (0xA1, datetime(2019, 8, 8, 10, 37, 17, tzinfo=UTC))
    assert (record.sensor, record.event) == ("Processor #0x40", "Uncorrectable machine check exception")
    assert record.asserted is True


@pytest.mark.parametrize("text", ["", "SEL has no entries\n", "Error: Unable to establish IPMI v2 / RMCP+ session\n"])
def test_what_is_no_record_is_passed_over(text: str) -> None:
    assert parse_sel(text) == []


@pytest.mark.parametrize(
    ("sensor", "event", "part"),
    [
        ("Power Supply PS2 Status", "Power Supply AC lost", "PS2"),
        ("Power Supply Power Supply 2", "Power Supply AC lost", "Power Supply 2"),
        ("Fan FAN5", "Lower Critical going low", "FAN5"),
        ("Fan #0x41", "Lower Critical going low", "Fan #0x41"),
        ("Memory P1-DIMMA1", "Correctable ECC", "P1-DIMMA1"),
        ("Memory #0x02", "Uncorrectable ECC (UnCorrectable ECC |  DIMMA4)", "DIMMA4"),
        ("Voltage CMOS Battery", "Lower Critical going low", "CMOS Battery"),
        ("Drive Slot / Bay #0x65", "Drive Fault", "Drive Slot / Bay #0x65"),
    ],
)
def test_the_part_is_named_as_the_record_names_it(sensor: str, event: str, part: str) -> None:
    assert sel_component(sensor, event) == part


@given(st.text())
def test_no_text_makes_it_raise(text: str) -> None:
    parse_sel(text)


@given(st.lists(st.text(alphabet="0123456789abcf|()/: -+PMAMUTCSELRecordID.\n", max_size=80), max_size=20))
def test_no_text_that_looks_like_records_makes_it_raise(lines: list[str]) -> None:
    for record in parse_sel("\n".join(f"1 | {line}" for line in lines)):
        assert 0 <= record.record_id <= 0xFFFFFFFF


def test_every_line_of_real_logs_is_read() -> None:
    folder = DATA / "ipmi"
    if not folder.is_dir():
        pytest.skip(f"real event logs are not there: {folder} (GROUNDCREW_DATA)")
    for path in sorted(folder.glob("*sel_*list*.txt")):
        text = path.read_text(errors="replace")
        lines = [line for line in text.splitlines() if line.partition("|")[0].strip() and "|" in line]
        records = parse_sel(text)
        assert len(records) == max(len(lines), text.count("SEL Record ID")), path.name
        undated = [r for r in records if r.time is None]
        assert len(undated) == text.count("Pre-Init") + text.count("Linux kernel panic"), path.name
