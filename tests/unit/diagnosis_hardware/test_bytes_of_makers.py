"""Bytes of makers in event log records: which part they name, in words that the rules know; and that nothing is read
into those of others."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundcrew.diagnosis.locators import sel_component
from groundcrew.diagnosis.maker_meanings import FUJITSU, IBM, META, PURLEY, QUANTA, SUPERMICRO
from groundcrew.diagnosis.maker_records import record_words
from groundcrew.diagnosis.sel import SelRecord
from groundcrew.diagnosis.sel_bytes import sel_record, with_more
from groundcrew.runtime.packs import load_packs

NOBODY, INTEL, DELL, SUPER = 0x1291, 343, 674, 10_876
EVERYONE = (NOBODY, INTEL, DELL, SUPER, QUANTA, FUJITSU, META, *IBM)


def standard(owner: str, kind: int, sensor: int, event_type: int, data: str) -> bytes:
    head = bytes.fromhex("010002" + "00f15365" + owner + "04")
    return head + bytes([kind, sensor, event_type]) + bytes.fromhex(data)


STANDARD = [
    (SUPER, 0x0841, ("3300", 0x0C, 0x05, 0x6F, "a01b01"), "Correctable ECC (@DIMME2(CPU2))", "DIMME2"),
    (SUPER, 0x0999, ("3300", 0x0C, 0x05, 0x6F, "a11a00"), "Uncorrectable ECC (@DIMMA1(CPU1))", "DIMMA1"),
    (SUPER, 0x0726, ("3300", 0x0C, 0x05, 0x6F, "a15a00"), "Uncorrectable ECC (@DIMME1(P1M2))", "DIMME1"),
    (SUPER, 0, ("3300", 0x0C, 0x05, 0x6F, "a11a00"), "Uncorrectable ECC", "Memory #0x05"),
    (SUPER, 0, ("2000", 0xD0, 0x01, 0x6F, "8001ff"), "BMC cold reset", "Unknown #0x01"),
    (SUPER, 0, ("2000", 0xC0, 0x01, 0x70, "02ffff"), "Overheat", "Unknown #0x01"),
    (QUANTA, PURLEY, ("0100", 0x0C, 0x05, 0x6F, "a0ff4a"), "Correctable ECC (CPU1_B2)", "CPU1_B2"),
    (QUANTA, PURLEY, ("0100", 0x13, 0xA1, 0x6F, "a80a5e"),
     "Bus Uncorrectable error (PCI bus:5e device:01 function:2)", "0000:5e:01.2"),
    (QUANTA, 1, ("0100", 0x0C, 0x05, 0x6F, "a0ff4a"), "Correctable ECC", "Memory #0x05"),
    (FUJITSU, 0, ("2000", 0xE8, 0x9F, 0x6F, "02ffff"), "Power supply - Failed", "Unknown #0x9f"),
    (FUJITSU, 0, ("2000", 0xE6, 0x9F, 0x6F, "01ffff"), "FAN failed", "Unknown #0x9f"),
    (FUJITSU, 0, ("2000", 0xDE, 0x9F, 0x6F, "02ffff"), "", "Unknown #0x9f"),
    (20_301, 0, ("2000", 0xC1, 0x01, 0x6F, "a00380"), "Scalability link predicts a failure", "Unknown #0x01"),
    (META, 0, ("2000", 0x0C, 0x63, 0x6F, "a0002a"), "Correctable ECC (CPU1 DIMM 12 | rank 0)", "CPU1 DIMM 12"),
    (META, 0, ("2000", 0x0C, 0x63, 0x6F, "a0042a"), "Correctable ECC", "Memory #0x63"),
    (META, 0, ("2000", 0x07, 0x40, 0x6F, "ab0721"),
     "Uncorrectable machine check exception (CPU 1 | bank 7 | core 1)", "CPU 1"),
    (META, 0, ("2000", 0x13, 0x41, 0x6F, "aa0a5e"), "Bus Fatal Error (PCI bus:5e device:01 function:2)",
     "0000:5e:01.2"),
    (NOBODY, 0, ("2c60", 0xDC, 0x17, 0x75, "a00aff"), "ME firmware: flash wear-out protection warning",
     "Unknown #0x17"),
    (NOBODY, 0, ("2c60", 0xDC, 0x19, 0x73, "a2b100"), "Node Manager: power sensor reading failure", "Unknown #0x19"),
]  # fmt: skip


@pytest.mark.parametrize("row", STANDARD, ids=lambda row: f"{row[0]}: {row[3]}")
def test_event_data_of_a_maker_name_the_part(row):
    maker, board, made, said, part = row
    record = sel_record(standard(*made), {}, maker=maker, board=board)
    assert record.event == said
    assert sel_component(record.sensor, record.event) == part


@pytest.mark.parametrize("row", [row for row in STANDARD if row[2][0] != "2c60"], ids=lambda row: f"{row[0]}: {row[3]}")
def test_nothing_is_read_into_bytes_of_another_maker(row):
    _, _, made, said, _ = row
    plain = sel_record(standard(*made), {}, maker=NOBODY).event
    assert plain in (said.partition(" (")[0], "")


UNIFIED = [
    ("01 00000000 00 02 00 00 02 000000", "Memory", "Uncorrectable ECC (DIMM A2 | CPU 0 channel 2 slot 0)", "DIMM A2"),
    ("01 00000000 01 03 01 00 01 000000", "Memory", "Correctable ECC (DIMM D3 | CPU 1 channel 3 slot 1)", "DIMM D3"),
    ("01 00000000 00 ff ff 00 02 000000", "Memory", "Uncorrectable ECC (CPU 0, channel and slot unknown)", "Memory"),
    ("0a 00000000 00 02 00 00 01 000000", "Memory",
     "Correctable ECC logging limit reached (DIMM A2 | CPU 0 channel 2 slot 0)", "DIMM A2"),
    ("00 00000000 00 00 0a 5e 0100 00 21", "Critical Interrupt PCIe",
     "Bus Uncorrectable error (surprise down | PCI bus:5e device:01 function:2)", "0000:5e:01.2"),
    ("00 00000000 00 00 0a 5e 0100 00 00", "Critical Interrupt PCIe",
     "Bus Correctable error (receiver error | PCI bus:5e device:01 function:2)", "0000:5e:01.2"),
    ("08 00000000 03 00 00 00 00 000000", "System Firmwares POST", "Boot drive failed", "POST"),
]  # fmt: skip


@pytest.mark.parametrize("row", UNIFIED, ids=lambda row: row[2])
def test_metas_unified_records_are_said_in_ipmis_words_and_kept_raw(row):
    data, sensor, said, part = row
    raw = b"\x01\x00\xfb" + bytes.fromhex(data)
    record = sel_record(raw, {}, maker=META)
    assert (record.sensor, record.event, record.asserted) == (sensor, said, True)
    assert record.text.endswith(f"OEM record fb {raw[3:].hex()}")
    assert sel_component(record.sensor, record.event) == part
    assert sel_record(raw, {}, maker=NOBODY).event == raw[3:].hex()


def test_an_error_of_pcie_with_its_device_and_slot():
    raw = bytes.fromhex("0100c0 00f15365 3c1c00 8680 3315 03 51".replace(" ", ""))
    said = sel_record(raw, {}, maker=QUANTA)
    assert said.event == "Bus Fatal Error (ERR_FATAL from downstream | slot 3 | vendor 8086 device 1533)"
    assert said.text.endswith("OEM record c0 001c3c 868033150351")
    assert said.time is not None
    assert sel_component(said.sensor, said.event) == "slot 3"


@pytest.mark.parametrize(
    ("kind", "data", "sensor", "said"),
    [
        (0xD0, "02 00 01 05 0000", "Version Change UEFI/BIOS", "Firmware update failed (1.5)"),
        (0xD0, "05 19 02 00 0000", "Version Change Storage Adapter 3", "Firmware update succeeded (2.0)"),
        (0xD0, "09 00 01 05 0000", "OEM record d0", "004a66"),
        (0xD1, "10 01 00 00 0000", "System Firmwares BIOS", "BIOS recovery, automatic failed, no recovery image found"),
        (0xD2, "01 00 00 00 0000", "Management Subsys Health eMMC", "eMMC format error"),
    ],
)
def test_records_of_lenovos_thinkserver(kind: int, data: str, sensor: str, said: str):
    raw = bytes([1, 0, kind]) + bytes.fromhex("00f15365 664a00") + bytes.fromhex(data)
    record = sel_record(raw, {}, maker=19_046)
    assert (record.sensor, record.event) == (sensor, said)
    assert f"OEM record {kind:02x}" in record.text


RULES = load_packs().knowledge.rules


@pytest.mark.parametrize(
    ("sensor", "event", "rule"),
    [
        ("Memory", UNIFIED[0][2], "sel.memory-uncorrectable"),
        ("Memory", UNIFIED[3][2], "sel.memory-logging-limit"),
        ("Critical Interrupt PCIe", UNIFIED[4][2], "sel.bus-error"),
        ("Unknown #0x9f", "Power supply - Failed", "sel.psu-failed"),
        ("Memory #0x05", "Uncorrectable ECC (@DIMMA1(CPU1))", "sel.memory-uncorrectable"),
    ],
)
def test_the_rules_know_these_words(sensor: str, event: str, rule: str):
    text = f"{sensor} | {event}"
    found = {one.id for one in RULES if one.source == "sel" and any(re.search(p, text) for p in one.patterns)}
    assert rule in found


@given(st.binary(min_size=16, max_size=16), st.sampled_from(EVERYONE), st.integers(0, 0xFFFF))
def test_no_bytes_of_any_maker_make_the_decoders_raise(record: bytes, maker: int, board: int):
    said = sel_record(record, {}, maker=maker, board=board)
    assert said.text
    assert with_more(said, record, maker, board).text
    record_words(record[:2] + bytes([record[2] | 0xC0]) + record[3:], maker)


def test_what_ipmitool_leaves_out_is_added_to_its_words():
    raw = standard("2000", 0xE8, 0x9F, 0x6F, "02ffff")
    printed = SelRecord(1, None, "x", "Unknown PSU1", "", True, "Unknown PSU1 | Asserted")
    assert with_more(printed, raw, FUJITSU).text == "Unknown PSU1 | Power supply - Failed | Asserted"
    raw = standard("3300", 0x0C, 0x05, 0x6F, "a11a00")
    printed = SelRecord(1, None, "x", "Memory A", "Uncorrectable ECC", True, "Memory A | Uncorrectable ECC | Asserted")
    told = with_more(printed, raw, next(iter(SUPERMICRO)), 0x0841)
    assert told.event == "Uncorrectable ECC (@DIMMA1(CPU1))"
    assert with_more(told, raw, SUPER, 0x0841) == told, "said once"
    assert with_more(printed, raw, NOBODY).text.endswith("| Asserted | Event data a1 1a 00")
