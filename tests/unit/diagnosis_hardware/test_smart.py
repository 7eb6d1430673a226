"""Drives as smartctl prints them, and whatever else it prints."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundcrew.diagnosis.smart import MAX_DEVICES, Device, Report, Unreadable, devices_of, report_of

from .drives import attribute, disk, nvme, printed, sas

SDA = Device("/dev/sda", "sat")


def values(document: dict[str, Any], device: Device = SDA, *, code: int = 0) -> dict[str, float]:
    report = report_of(device, printed(document, code=code))
    assert report.state == "read", report.problem
    found = {}
    for sample in report.samples:
        more = ",".join(value for name, value in sample.labels if name not in ("device", *_IDENTITY))
        found[sample.name + (f"{{{more}}}" if more else "")] = sample.value
    return found


_IDENTITY = ("model", "serial", "firmware", "protocol")


def test_a_disk_with_sectors_that_it_could_not_read() -> None:
    found = values(disk(attribute(5, 24), attribute(197, 8), attribute(198, 3), attribute(199, 1)), code=64)
    assert found["smart_reallocated_sectors"] == 24
    assert found["smart_pending_sectors"] == 8
    assert found["smart_offline_uncorrectable"] == 3
    assert found["smart_interface_crc_errors"] == 1
    assert found["smart_healthy"] == 1
    assert found["smart_temperature_margin_celsius"] == 24
    assert found["smart_attributes_failing"] == 0


def test_a_count_that_is_packed_with_others_is_what_is_printed_first() -> None:
    packed = attribute(197, 176_095_232_031, "31 (Min/Max 24/41)")
    assert values(disk(packed))["smart_pending_sectors"] == 31


def test_a_disk_that_fails_its_own_assessment() -> None:
    failing = attribute(5, 3_000, failed="now", prefailure=True)
    warm = attribute(190, 60, failed="now")
    found = values(disk(failing, warm, passed=False), code=8 | 16)
    assert (found["smart_healthy"], found["smart_attributes_failing"]) == (0, 1)


@pytest.mark.parametrize(
    ("bits", "warnings"),
    [(0, []), (1, ["spare"]), (6, ["reliability", "temperature"]), (8, ["read-only"]), (16, ["backup"])],
)
def test_the_bits_of_nvmes_critical_warning(bits: int, warnings: list[str]) -> None:
    found = values(nvme(critical_warning=bits), Device("/dev/nvme0", "nvme"))
    raised = sorted(name for name, value in found.items() if name.startswith("smart_critical_warning") and value)
    assert raised == [f"smart_critical_warning{{{warning}}}" for warning in warnings]


def test_the_wear_and_spare_of_an_nvme_drive() -> None:
    found = values(nvme(percentage_used=104, available_spare=8, media_errors=71), Device("/dev/nvme0", "nvme"))
    assert found["smart_percentage_used"] == 104
    assert found["smart_available_spare_percent"] == 8
    assert found["smart_available_spare_threshold_percent"] == 10
    assert found["smart_media_errors"] == 71
    assert found["smart_temperature_margin_celsius"] == 36


def test_a_sas_disk_behind_a_raid_controller() -> None:
    device = Device("/dev/bus/0", "megaraid,3")
    report = report_of(device, printed(sas()))
    assert device.name == "bus/0 megaraid,3"
    assert {dict(sample.labels)["device"] for sample in report.samples} == {"bus/0 megaraid,3"}
    found = values(sas(), device)
    assert found["smart_grown_defects"] == 4
    assert found["smart_uncorrected_errors{read}"] == 2
    assert found["smart_temperature_margin_celsius"] == 32


def ata_test(status: int) -> dict[str, Any]:
    return disk(ata_smart_self_test_log={"standard": {"table": [{"status": {"value": status}}, {}]}})


@pytest.mark.parametrize(
    ("document", "failed"),
    [
        (ata_test(0), 0),
        (ata_test(0x10), 0),
        (ata_test(121), 1),
        (nvme() | {"nvme_self_test_log": {"table": [{"self_test_result": {"value": 7}}]}}, 1),
        (nvme() | {"nvme_self_test_log": {"table": [{"self_test_result": {"value": 1}}]}}, 0),
        (sas(scsi_self_test_0={"result": {"value": 4}}), 1),
        (sas(scsi_self_test_0={"result": {"string": "Completed, segment failed"}}), 1),
        (sas(scsi_self_test_0={"result": {"string": "Completed"}}), 0),
        (disk(), None),
    ],
)
def test_the_newest_self_test_counts_and_one_broken_off_found_nothing(
    document: dict[str, Any], failed: int | None
) -> None:
    assert values(document).get("smart_self_test_failed") == failed


def test_the_endurance_of_a_sata_ssd() -> None:
    page = {"table": [{"name": "Percentage Used Endurance Indicator", "value": 12, "flags": {"valid": True}}]}
    assert values(disk(ata_device_statistics={"pages": [page]}))["smart_percentage_used"] == 12
    assert values(disk(endurance_used={"current_percent": 13}))["smart_percentage_used"] == 13


@pytest.mark.parametrize(
    ("message", "code", "state"),
    [
        ("Device is in STANDBY mode, exit(2)", 2, "asleep"),
        ("Device is in SLEEP mode, exit(2)", 2, "asleep"),
        ("Smartctl open device: /dev/sda failed: Permission denied", 2, "denied"),
        ("Smartctl open device: /dev/sda failed: Operation not permitted", 2, "denied"),
        ("Smartctl open device: /dev/sda failed: No such device", 2, "failed"),
        ("/dev/sda: Unknown USB bridge [0x0000:0x0000 (0x100)]", 1, "no-drive"),
        ("Smartctl open device: /dev/sda failed: DELL or MegaRaid controller, please try adding '-d megaraid,N'", 2,
         "no-drive"),
    ],
)  # fmt: skip
def test_why_a_drive_was_not_read(message: str, code: int, state: str) -> None:
    report = report_of(SDA, printed({"device": {"name": "/dev/sda"}}, code=code, messages=(message,)))
    assert (report.state, report.problem, report.samples) == (state, message, [])


def test_a_disk_without_smart_is_no_drive() -> None:
    assert report_of(SDA, printed({"device": {"name": "/dev/sda"}, "model_name": "QEMU HARDDISK"})).state == "no-drive"


def test_devices_are_those_that_the_scan_names() -> None:
    entries = [
        {"name": "/dev/sda", "type": "scsi", "protocol": "SCSI"},
        {"name": "/dev/bus/0", "type": "sat+megaraid,7"},
        {"name": "/dev/sda", "type": "scsi"},
        {"name": "-o", "type": "ata"},
        {"name": "/dev/sdb", "type": "-x off"},
        {"name": 4},
    ]
    found = devices_of(printed({"devices": entries}))
    assert found == [Device("/dev/sda", "scsi"), Device("/dev/bus/0", "sat+megaraid,7")]
    many = [{"name": f"/dev/sd{n}", "type": "scsi"} for n in range(1_000)]
    assert len(devices_of(printed({"devices": many}))) == MAX_DEVICES
    assert devices_of(printed({})) == []


@pytest.mark.parametrize("output", [b"", b"smartctl 6.6 2017-11-05 r4594\n", b"[]", b'{"a":'])
def test_what_is_no_json_of_smartctl_is_told_in_one_line(output: bytes) -> None:
    with pytest.raises(Unreadable, match="smartctl did not print ") as told:
        report_of(SDA, output)
    assert "\n" not in str(told.value)


def _keys(value: Any) -> set[str]:
    if isinstance(value, dict):
        return set(value) | {key for inner in value.values() for key in _keys(inner)}
    return {key for inner in value for key in _keys(inner)} if isinstance(value, list) else set()


KEYS = sorted(_keys([disk(attribute(5, 1)), nvme(), sas(scsi_self_test_0={"result": {"value": 1}}), ata_test(0)]))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=6),
    max_leaves=30,
)


@given(st.dictionaries(st.sampled_from(KEYS), JSON, max_size=10))
def test_no_document_is_too_strange(document: dict[str, Any]) -> None:
    output = json.dumps(document).encode()
    try:
        report = report_of(SDA, output)
    except Unreadable:
        return
    assert isinstance(report, Report)
    series = [(sample.name, sample.labels) for sample in report.samples]
    assert len(set(series)) == len(series), "a series comes once"
    assert all(abs(sample.value) < float("inf") for sample in report.samples)
