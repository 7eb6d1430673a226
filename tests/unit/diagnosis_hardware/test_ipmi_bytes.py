"""What a BMC holds as bytes, in words and figures; and bytes that no BMC should hold."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundcrew.diagnosis.fru_bytes import fru_facts
from groundcrew.diagnosis.locators import sel_component
from groundcrew.diagnosis.sdr_bytes import Factors, id_string, sensor_of, sensors_of, split_records
from groundcrew.diagnosis.sel_bytes import names_of, sel_record
from groundcrew.diagnosis.sensor_bytes import numbered, sensor_read
from groundcrew_ipmi_collector.lab.records import Analog, Discrete, EventOnly, fru

TEMPERATURE = Analog(number=1, name="CPU1 Temp", kind=1, unit=1)
SUPPLY = Discrete(number=2, name="PS1 Status", kind=8)
WATCHDOG = EventOnly(number=3, name="Watchdog", kind=0x23)


@given(st.binary(max_size=400))
def test_no_bytes_make_the_decoders_raise(data: bytes):
    for sensor in sensors_of(data):
        sensor_read(sensor, data[:4])
        sel_record(data, names_of([sensor]))
    for maker in (343, 674):
        sel_record(data, {}, maker=maker)
    for record in split_records(data):
        sensor_of(record)
    fru_facts(data)
    assert sel_record(data, {}).text


@given(st.binary(max_size=16), st.integers(0, 8), st.binary(min_size=5, max_size=60))
def test_a_damaged_record_of_a_sensor_is_one_or_is_none(damage: bytes, cut: int, told: bytes):
    for sensor in (TEMPERATURE, SUPPLY, WATCHDOG):
        record = bytearray(sensor.record())
        record[10 : 10 + len(damage)] = damage
        found = sensor_of(bytes(record[: len(record) - cut]))
        if found is not None:
            sensor_read(found, told)


def test_records_that_follow_each_other_are_split_and_a_cut_one_is_left_out():
    whole = TEMPERATURE.record() + SUPPLY.record() + WATCHDOG.record()
    assert [sensor.name for sensor in sensors_of(whole)] == ["CPU1 Temp", "PS1 Status", "Watchdog"]
    assert [sensor.name for sensor in sensors_of(whole[:-3])] == ["CPU1 Temp", "PS1 Status"]


@pytest.mark.parametrize(
    ("form", "raw", "value"),
    [(0, 0xFE, 254.0), (1, 0xFE, -1.0), (1, 0xFF, 0.0), (2, 0xFE, -2.0), (2, 0x7F, 127.0)],
    ids=["unsigned", "one's complement", "one's complement, zero", "two's complement", "two's complement, positive"],
)
def test_signed_readings(form: int, raw: int, value: float):
    assert Factors(1, 0, 0, 0, form, 0).value(raw) == value


def test_factors_of_the_specification_s_formula():
    assert Factors(m=63, b=-5, k1=1, k2=-3, form=0, linearisation=0).value(200) == pytest.approx(12.55)
    assert Factors(m=1, b=0, k1=0, k2=0, form=0, linearisation=7).value(0) is None, "one over zero"
    assert Factors(m=1, b=0, k1=0, k2=0, form=0, linearisation=1).value(0) is None, "logarithm of zero"


def test_a_non_linear_sensor_has_the_factors_that_the_bmc_tells_of_each_reading():
    factors = Factors(m=0, b=0, k1=0, k2=0, form=0, linearisation=0x70)
    assert factors.per_reading
    told = factors.of_reading(bytes([1, 5, 0x40, 0, 0, 0, 0x10]))
    assert told is not None
    assert told.value(2) == (5 + 256) * 2 * 10
    assert factors.of_reading(b"\x01\x02") is None


@pytest.mark.parametrize(
    ("coded", "data", "text"),
    [
        (0xC3, b"FAN1", "FAN"),
        (0x42, b"\x12\x3b", "123-"),
        (0x83, bytes([0x29, 0xDC, 0xA6]), "IPMI"),
        (0xC4, b"A\0BC", "A"),
        (0xC2, b"\x07x", " x"),
    ],
    ids=["latin-1", "bcd plus", "packed 6-bit", "ends at zero", "control characters"],
)
def test_strings_by_their_type_and_length(coded: int, data: bytes, text: str):
    assert id_string(coded, data) == text


def test_sensors_that_give_no_number_say_why():
    (temperature, supply, watchdog) = sensors_of(TEMPERATURE.record() + SUPPLY.record() + WATCHDOG.record())
    assert sensor_read(temperature, b"").text == "No Reading"
    assert sensor_read(temperature, bytes([62, 0x80])).text == "Disabled"
    assert sensor_read(supply, bytes([0, 0xC0, 9, 0x80])).text == "Presence detected, Power Supply AC lost"
    assert sensor_read(watchdog, bytes([0, 0xC0])).text == "Event-Only"
    twice = numbered([sensor_read(supply, b""), sensor_read(supply, b"")])
    assert [read.sensor for read in twice] == ["PS1 Status", "PS1 Status #2"]


@pytest.mark.parametrize("states", [0, 1, 2, 4, 8, 16, 32, 3, 7, 24, 56, 63])
def test_a_threshold_s_level_is_the_worst_that_is_passed(states: int):
    (sensor,) = sensors_of(TEMPERATURE.record())
    level = sensor_read(sensor, bytes([90, 0xC0, states])).status
    assert level == ("nr" if states & 0x24 else "cr" if states & 0x12 else "nc" if states & 0x09 else "ok")


def test_serials_and_parts_out_of_a_fru():
    data = fru("CH-1", ("Acme", "Board 1", "B-1", "P-1"), ("Acme", "Brick 4", "P-2", "2", "SN-9"))
    assert fru_facts(data) == {
        "chassis_serial": "CH-1", "board_vendor": "Acme", "board": "Board 1", "board_serial": "B-1",
        "board_part": "P-1", "product_vendor": "Acme", "product": "Brick 4", "product_part": "P-2",
        "product_version": "2", "product_serial": "SN-9",
    }  # fmt: skip
    broken = bytearray(data)
    broken[-1] ^= 1
    assert "product_serial" not in fru_facts(bytes(broken)), "an area whose checksum is wrong is left out"


INTELS = [
    ("3300", 0x0C, 0x02, 0x6F, "a1002a", "Uncorrectable ECC (DIMM_F3)", "DIMM_F3"),
    ("3300", 0x0C, 0x02, 0x6F, "a00060", "Correctable ECC (DIMM_N1)", "DIMM_N1"),
    ("3300", 0x0C, 0x02, 0x6F, "a100ff", "Uncorrectable ECC", "Mmry ECC Sensor"),
    ("3300", 0x13, 0x04, 0x70, "a13b09", "Bus Fatal Error (Surprise Link Down | PCI bus:3b device:01 function:1)",
     "0000:3b:01.1"),
    ("3300", 0x13, 0x05, 0x71, "a05e00", "Bus Correctable error (Receiver Error | PCI bus:5e device:00 function:0)",
     "0000:5e:00.0"),
    ("3300", 0x13, 0x07, 0x73, "a20100", "Bus Fatal Error (QPI)", "QPI Fatl Sensor"),
    ("0100", 0x13, 0x09, 0x77, "a10100", "Bus Degraded (QPI at half width)", "QPI Fatl Sensor"),
    ("2000", 0x08, 0x51, 0x6F, "8105ff", "Failure detected (fan)", "PS2"),
    ("2000", 0x08, 0x51, 0x6F, "81ffff", "Failure detected", "PS2"),
]  # fmt: skip
NAMED = {0x0C: "Memory Mmry ECC Sensor", 0x13: "Critical Interrupt QPI Fatl Sensor", 0x08: "Power Supply PS2 Status"}


@pytest.mark.parametrize("row", INTELS, ids=lambda row: row[5])
def test_what_intels_boards_add_names_the_part(row: tuple[str, int, int, int, str, str, str]):
    owner, kind, sensor, event_type, data, said, part = row
    head = bytes.fromhex("010002" + "00f15365" + owner + "04")
    record = head + bytes([kind, sensor, event_type]) + bytes.fromhex(data)
    event = sel_record(record, {}, maker=343).event
    assert event == said
    assert sel_component(NAMED[kind], event) == part
    assert "(" not in sel_record(record, {}, maker=1).event, "and of another maker nothing is read into it"
