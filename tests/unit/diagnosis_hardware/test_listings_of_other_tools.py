"""`ipmiutil sel` and `log-util` of OCP's OpenBMC are read in ipmitool's words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundcrew.diagnosis.ipmiutil import parse_ipmiutil_row
from groundcrew.diagnosis.listings import read_listing
from groundcrew.diagnosis.openbmc_log_util import parse_log_util_row


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("0414 09/21/16 21:00:46 MIN 4033 Memory #08 Correctable ECC, DIMM[4] 6f [20 00 04]", "Memory #0x08 | Correctable ECC (DIMM[4]) | Asserted"),  # noqa: E501
        ("0011 05/02/19 04:00:09 INF BMC  Power Supply #51 AC Regained ef [03 ff ff]", "Power Supply #0x51 | Power Supply AC lost | Deasserted"),  # noqa: E501
        ("0012 05/02/19 04:00:09 MAJ BMC  Fan #30 Lo Crit thresh act=0a thr=0e", "Fan #0x30 | Lower Critical going low | Asserted"),  # noqa: E501
        ("0013 05/02/19 04:09:09 INF BMC  Fan #30 LoC thresh OK now act=85 thr=0e", "Fan #0x30 | Lower Critical going low | Deasserted"),  # noqa: E501
        ("0014 05/02/19 04:09:09 MIN BMC  Temperature #21 Hi Noncrit thresh act=55 thr=50", "Temperature #0x21 | Upper Non-critical going high | Asserted"),  # noqa: E501
        ("0015 | 05/02/19 04:09:09 | CRT | BMC  | Processor | P1 Status | IERR", "Processor P1 Status | IERR | Asserted"),  # noqa: E501
        ("0016 05/02/19 04:09:09 INF BMC  Drive Slot #f1 Drive removed ef [00 ff ff]", "Drive Slot / Bay #0xf1 | Drive Present | Deasserted"),  # noqa: E501
    ],
)  # fmt: skip
def test_record_of_ipmiutil_is_told_in_ipmitools_words(line: str, text: str) -> None:
    record = parse_ipmiutil_row(line)
    assert record is not None
    assert record.text == text
    assert record.time is not None


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ("ipmid            SEL Entry: FRU: 3, Record: Standard (0x02), Time: 2023-09-20 01:52:58, Sensor: CATERR_B (0x65), Event Data: (00FFFF) IERR/CATERR Assertion", "Processor slot3 CATERR_B | IERR | Asserted"),  # noqa: E501
        ("ipmid            SEL Entry: FRU: 3, Record: Facebook Unified SEL (0xFB), GeneralInfo: MEMORY_ECC_ERR(0x20), DIMM Slot Location: Sled 00/Socket 00, Channel 05, Slot 00, DIMM A5, DIMM Failure Event: Uncorrected ECC error", "Memory slot3 DIMM A5 | Uncorrectable ECC | Asserted"),  # noqa: E501
        ("ipmid            SEL Entry: FRU: 3, Record: Facebook Unified SEL (0xFB), GeneralInfo: MemErr(0x21), DIMM Slot Location: Sled 00/Socket 00, Channel 02, Slot 01, DIMM Failure Event: Memory training failure", "Memory slot3 DIMM Sled 00/Socket 00, Channel 02, Slot 01 | Configuration Error | Asserted"),  # noqa: E501
        ("sensord          ASSERT: Lower Critical threshold - raised - FRU: 3, num: 0xC0 curr_val: 310.00 RPM, thresh_val: 500.00 RPM, snr: FAN2_TACH       ", "Fan slot3 FAN2_TACH | Lower Critical going low | Asserted"),  # noqa: E501
        ("sensord          DEASSERT: Lower Critical threshold - settled - FRU: 3, num: 0xC0 curr_val: 9310.00 RPM, thresh_val: 500.00 RPM, snr: FAN2_TACH", "Fan slot3 FAN2_TACH | Lower Critical going low | Deasserted"),  # noqa: E501
        ("fscd             Fan 1 front dead, 0 RPM", "Fan Fan 1 front | Transition to Off Line | Asserted"),
        ("fscd             ASSERT: Fan 1 front dead, -1 RPM", "Fan Fan 1 front | Transition to Off Line | Asserted"),
        ("fscd             Fan 1 front has recovered", "Fan Fan 1 front | Transition to Off Line | Deasserted"),
        ("fan-util         Fan mode recovered", "Other slot3 fan-util | Fan mode recovered"),
        ("power-util       SERVER_POWER_ON successful for FRU: 3", "Other slot3 power-util | SERVER_POWER_ON successful for FRU: 3"),  # noqa: E501
    ],
)  # fmt: skip
def test_line_of_log_util_is_told_in_ipmitools_words(said: str, text: str) -> None:
    record = parse_log_util_row(f"3    slot3    2023-09-20 01:52:58    {said}")
    assert record is not None
    assert record.text == text


@pytest.mark.parametrize(
    "line",
    [
        "   1 | 04/10/2021 | 08:01:10 | Event Logging Disabled SEL | Log area reset/cleared | Asserted",
        "0001 04/10/21 08:01:10 something else",
        "RecId Date/Time_______ SEV Src_ Evt_Type___ Sens# Evt_detail - Trig [Evt_data]",
        "FRU#  FRU_NAME         TIME_STAMP             APP_NAME         MESSAGE",
    ],
)
def test_other_lines_are_neither(line: str) -> None:
    assert parse_ipmiutil_row(line) is None
    assert parse_log_util_row(line) is None


def test_headings_are_decoration() -> None:
    listing = read_listing(
        "ipmiutil sel version 3.19\n-- BMC version 2.86, IPMI version 2.0\n"
        "SEL Ver 51 Support 0f, Size = 3639 records (Used=44, Free=3595)\n"
        "RecId Date/Time_______ SEV Src_ Evt_Type___ Sens# Evt_detail - Trig [Evt_data]\n"
        "0005 06/12/20 02:55:11 CRT BMC  Power Supply #51 AC Lost 6f [03 ff ff]\n"
        "FRU#  FRU_NAME         TIME_STAMP             APP_NAME         MESSAGE\n"
    )
    assert listing.kinds == ["ipmiutil sel"]
    assert len(listing.records) == 1
    assert listing.unparsed_count == 0


@given(
    st.text(max_size=200),
    st.integers(0, 0xFFFF),
    st.sampled_from(("6f", "ef", "01", "0b", "7f")),
    st.binary(min_size=3, max_size=3),
)
def test_no_tail_of_a_line_breaks_the_readers(tail: str, number: int, trigger: str, data: bytes) -> None:
    parse_ipmiutil_row(f"{number:04x} 06/12/20 02:55:11 CRT BMC  Memory #51 {tail}")
    parse_ipmiutil_row(f"{number:04x} 99/99/20 02:55:11 CRT BMC  {tail} #51 x {trigger} [{data.hex(' ')}]")
    parse_log_util_row(f"1 slot1 2023-13-20 01:52:58 ipmid {tail}")
    parse_log_util_row(f"0 all 2023-09-20 01:52:58 fscd Fan 1 {tail}")
    parse_log_util_row(
        f"1 slot1 2023-09-20 01:52:58 ipmid SEL Entry: FRU: 1, Record: x, GeneralInfo: MEM(0x21), {tail}"
    )
