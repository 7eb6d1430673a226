"""What people said of recorded event logs and sensor listings (`labels.jsonl`), held line by line."""

import json
import os
from pathlib import Path

import pytest

from groundcrew.diagnosis.conditions import Folded, fold
from groundcrew.diagnosis.facts import Vocabulary
from groundcrew.diagnosis.listings import Listing, read_listing
from groundcrew.runtime.packs import load_packs

FOLDER = Path(os.environ.get("GROUNDCREW_DATA", Path(__file__).parents[4] / "shared" / "data")) / "ipmi"
VOCABULARY = Vocabulary(load_packs().knowledge.rules)

if not FOLDER.is_dir():
    pytest.skip(f"recorded event logs are not there: {FOLDER} (GROUNDCREW_DATA)", allow_module_level=True)

ACTIVE: dict[str, set[tuple[str, str]]] = {
    "supermicro_chassis_psu_sel_elist.txt": set(),
    "supermicro_x10dru_sel_list_fan_outage.txt": {("Physical Security #0xaa", "chassis.intrusion")},
    "mixed_sensor_with_critical.txt": {
        *(("FAN1", "fan.failed"), ("FAN2", "fan.failed"), ("FAN3", "fan.failed"), ("FAN3 #2", "fan.failed")),
        *(("FAN4", "fan.failed"), ("FANA", "fan.failed"), ("FAN 1", "fan.degraded")),
        ("Chassis Intru #2", "chassis.intrusion"),
    },
    "dell_like_kernel_panic_oem_sel_list.txt": {("kernel", "kernel.panic")},
    "openbmc_sel_elist_thresholds.txt": {("SCM_TEMP", "cooling.temperature_low")},
    "openbmc_sdr_elist_missing_fans.txt": {(f"fan{number}", "fan.removed") for number in (1, 2, 3)},
    "pull_test_sel_list_2021.txt": {
        *(("Power Supply #0x3b", "psu.failed"), ("Power Supply #0x3b", "psu.input_lost")),
        *(("Power Supply #0x3e", "psu.redundancy_lost"), ("Memory #0x87", "dimm.misconfigured")),
    },
    "desktop_board_sel_list_fan_cest.txt": {("Fan #0x46", "fan.failed")},
    "ocp_sel_elist_v_mce.txt": {("Processor #0x40", "cpu.mce")},
    "empty_sel.txt": set(),
    "cleared_sel_elist.txt": set(),
    "ibm_x3550_sdr_telegraf.txt": set(),
}
"""The labels in the words of the output."""

RECOVERED: dict[str, dict[tuple[str, str], int]] = {
    "supermicro_chassis_psu_sel_elist.txt": {("PS1", "psu.failed"): 2, ("Chassis Intru", "chassis.intrusion"): 1},
    "supermicro_x10dru_sel_list_fan_outage.txt": {
        (f"Fan #0x{number}", "fan.failed"): 1 for number in ("41", "42", "47", "48")
    },
    "desktop_board_sel_list_fan_cest.txt": {("Fan #0x46", "fan.failed"): 1},
}
"""And how often it came."""

NOISE = {
    "supermicro_chassis_psu_sel_elist.txt": 14,
    "supermicro_x10dru_sel_list_fan_outage.txt": 5,
    "pull_test_sel_list_2021.txt": 6,
    "cleared_sel_elist.txt": 1,
    "ibm_x3550_sdr_telegraf.txt": 133,
}


def read(name: str) -> tuple[Listing, Folded]:
    listing = read_listing((FOLDER / name).read_text(errors="replace"))
    return listing, fold(listing, VOCABULARY)


def test_every_label_has_its_expectation() -> None:
    labels = [json.loads(line) for line in (FOLDER / "labels.jsonl").read_text().splitlines()]
    assert {label["file"] for label in labels} == set(ACTIVE)


@pytest.mark.parametrize("name", ACTIVE)
def test_what_is_labelled_active_stands_and_nothing_else(name: str) -> None:
    listing, found = read(name)
    assert listing.unparsed == []
    assert {(one.locator, one.fault) for one in found.active} == ACTIVE[name]
    assert {(one.locator, one.fault): one.times for one in found.recovered} == RECOVERED.get(name, {})
    if name in NOISE:
        assert found.noise == NOISE[name]


def test_the_panics_are_one_fault_told_four_times() -> None:
    _, found = read("dell_like_kernel_panic_oem_sel_list.txt")
    [panic] = found.active
    assert panic.times == 4
    assert panic.text == "OS Critical Stop #0x46 | Run-time critical stop, Linux kernel panic: Fatal exception"


@pytest.mark.parametrize(
    "name", [path.name for path in sorted(FOLDER.glob("*.txt")) if path.name != "dmidecode_type39_psu.txt"]
)
def test_every_line_of_every_recorded_listing_is_understood(name: str) -> None:
    listing, _ = read(name)
    assert listing.kinds != []
    assert listing.unparsed == []


@pytest.mark.parametrize(
    "name", ["supermicro_x10_sensor_25.txt", "supermicro_x10_sensor_31.txt", "openbmc_sdr_elist_181.txt"]
)
def test_healthy_machines_stay_quiet(name: str) -> None:
    _, found = read(name)
    assert found.active == []
