"""What ipmitool prints, and what is made of it: looks, raw records, times, sensors, reasons, credentials."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from groundcrew.contracts.inventory import InventoryBmc
from groundcrew.diagnosis.sensors import parse_sensors
from groundcrew_ipmi_collector.credentials import credentials_of
from groundcrew_ipmi_collector.look import parse_look
from groundcrew_ipmi_collector.raw_record import get_entry, parse_entries
from groundcrew_ipmi_collector.reason import IpmiFailed, Reason, no_session
from groundcrew_ipmi_collector.settings import IpmiCollectorSection

NOW_S = 1_780_000_000
NOW_US = NOW_S * 1_000_000
SEL = (
    "SEL Information\nVersion          : 1.5 (v1.5, v2 compliant)\nEntries          : 212\n"
    "Free Space       : 4880 bytes \nPercent Used     : 41%\n"
    "Last Add Time    : 03/04/2026 02:36:11\nLast Del Time    : Not Available\nOverflow         : true\n"
)


def test_sections_keep_apart_what_has_the_same_name():
    look = parse_look(f"{SEL}Free Space : 1\nSDR Version : 0x51\nRecord Count : 31\nFree Space : 2\n", "", NOW_US)
    assert look.sel is not None
    assert (look.sel.entries, look.sel.capacity, look.sel.overflow, look.sel.dated) == (212, 517, True, True)
    assert look.sdr_stamp.startswith("31 | "), "the free space of the one is not that of the other"


def test_a_product_of_the_fru_is_not_the_product_of_the_controller():
    output = (
        "Device ID : 32\nManufacturer Name : Acme\nProduct Name : Unknown (0xF02)\n Product Name          : Brick 4\n"
        " Board Part Number     : PB-1\n"
    )
    facts = parse_look(output, "", NOW_US).facts()
    assert (facts["product"], facts["manufacturer"], facts["board_part"]) == ("Brick 4", "Acme", "PB-1")


@pytest.mark.parametrize(
    ("line", "complaint", "guid", "known"),
    [
        (" a1 23 45 67 89 ab cd ef a1 23 45 67 80 00 24 ff", "", "a123456789abcdefa1234567800024ff", True),
        (" 00" * 16, "", "", True),
        ("", "Unable to send RAW command (channel=0x0 netfn=0x6 lun=0x0 cmd=0x37 rsp=0xc1): Invalid command", "", True),
        ("", "Unable to send RAW command (channel=0x0 netfn=0x6 lun=0x0 cmd=0x37)", "", False),
    ],
    ids=["told", "all zero means none", "refused", "no answer"],
)
def test_who_it_is_is_known_where_it_said_so_or_cannot(line, complaint, guid, known):
    look = parse_look(line + "\n", complaint, NOW_US)
    assert (look.guid, look.guid_known) == (guid, known)


@pytest.mark.parametrize("text", ["", "garbage", "\0\n|||\n: :", "SEL Information\nEntries : many", " zz 11"])
def test_no_output_makes_the_parsers_raise(text):
    assert parse_look(text, text, NOW_US).sel is None
    assert parse_sensors(text) == []
    assert parse_entries(text) == {}


def test_a_raw_record_is_two_lines_and_keeps_its_number_time_and_content():
    output = " 06 00 05 00 02 ff 06 00 00 20 00 04 08 1f 6f 03\n ff ff\n"
    (record,) = parse_entries(output + " 01 02\n" + output).values()
    assert (record.record_id, record.seconds) == (5, 0x6FF)
    other = parse_entries(output.replace("6f 03", "6f 02"))[5]
    assert other.digest != record.digest
    assert get_entry(0x1234) == "raw 0x0a 0x43 0x00 0x00 0x34 0x12 0x00 0xff"


def test_a_record_of_the_maker_without_a_time_has_none():
    assert parse_entries(" ff ff 05 00 e0 ff 06 00 00 20 00 04 08 1f 6f 03\n ff ff\n")[5].seconds is None


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("CPU1 Temp        | 01h | ok  |  3.1 | 62 degrees C", (62.0, "", "degrees C", "ok")),
        ("P12V             | 03h | ucr | 20.1 | 13.40 Volts", (13.4, "", "Volts", "cr")),
        ("FAN1             | 02h | lnr | 29.1 | 0 RPM", (0.0, "", "RPM", "nr")),
        ("FAN2             | 05h | lnc | 29.1 | 700 RPM", (700.0, "", "RPM", "nc")),
        ("CPU2 Temp        | 04h | ns  |  3.2 | No Reading", (None, "No Reading", "", "ns")),
        ("PS1 Status       | 1Fh | ok  | 10.1 | Presence detected, Failure detected",
         (None, "Presence detected, Failure detected", "", "ok")),
        ("Chassis Intru    | AAh | ok  | 23.1 | ", (None, "", "", "ok")),
        ("SEL Fullness     | 72h | ok  | 46.1 | 0 unspecified", (0.0, "", "unspecified", "ok")),
    ],
)  # fmt: skip
def test_a_sensor_line(line, expected):
    (read,) = parse_sensors(line)
    assert (read.value, read.text, read.unit, read.status) == expected


def test_sensors_of_one_name_are_told_apart_and_locators_are_none():
    text = "Temp | 01h | ok | 3.1 | 40 degrees C\nTemp | 02h | ok | 3.2 | 41 degrees C\n"
    text += "BMC | Static MC @ 20h | ok | 7.1 |\n"
    assert [read.sensor for read in parse_sensors(text)] == ["Temp", "Temp #2"]


@pytest.mark.parametrize(
    ("complaint", "reason"),
    [
        ("Error in open session response message : invalid authentication algorithm", Reason.CIPHER),
        ("> RAKP 2 HMAC is invalid", Reason.CREDENTIALS),
        ("RAKP 2 message indicates an error : unauthorized name", Reason.CREDENTIALS),
        ("RAKP 2 message indicates an error : unauthorized role or privilege level requested", Reason.PRIVILEGE),
        ("insufficient resources for session", Reason.BUSY),
        ("Address lookup for nosuch.invalid failed", Reason.ADDRESS),
        ("Get Auth Capabilities error", Reason.TIMEOUT),
    ],
)
def test_why_there_is_no_session(complaint, reason):
    failure = no_session(f"{complaint}\nError: Unable to establish IPMI v2 / RMCP+ session\n")
    assert failure is not None
    assert failure.reason is reason


def test_a_complaint_within_a_session_is_no_missing_session():
    assert no_session("Get Chassis Restart Cause failed: Invalid command") is None


def test_an_entry_made_over_rest_cannot_have_our_other_secrets_tried(tmp_path: Path):
    (tmp_path / "secrets").mkdir()
    secret = tmp_path / "secrets" / "bmc"
    secret.write_text("right\n")
    other = tmp_path / "id_rsa"
    other.write_text("private")
    section = IpmiCollectorSection(secrets_dir=tmp_path / "secrets", password=SecretStr(""))
    plain = InventoryBmc(name="b", address="10.0.0.1", user="u", origin="rest")
    environ = {"GROUNDCREW_NATS__PASSWORD": "x", "BMC_B": "right"}

    def password(**named: str) -> str:
        return credentials_of(plain.model_copy(update=named), section, environ).password

    assert password(password_file=str(secret)) == "right"
    assert password(password_env="BMC_B") == "right"
    for named in ({"password_file": str(other)}, {"password_env": "GROUNDCREW_NATS__PASSWORD"}):
        with pytest.raises(IpmiFailed) as refused:
            password(**named)
        assert refused.value.reason is Reason.CREDENTIALS
    (tmp_path / "secrets" / "link").symlink_to(other)
    with pytest.raises(IpmiFailed):
        password(password_file=str(tmp_path / "secrets" / "link"))


def test_a_password_longer_than_ipmi_allows_is_refused_without_being_shown():
    section = IpmiCollectorSection(user="u", password=SecretStr("x" * 21))
    with pytest.raises(IpmiFailed, match="longer than the 20 bytes") as refused:
        credentials_of(InventoryBmc(name="b", address="10.0.0.1"), section)
    assert "xxx" not in str(refused.value)
