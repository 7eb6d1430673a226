"""GPUs as nvidia-smi prints them, of drivers old and new, and whatever else it prints."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundcrew.diagnosis.nvidia_smi import (
    MAX_GPUS,
    TABLE,
    Gpu,
    Unreadable,
    identity_of,
    nvlink_samples,
    parse,
    samples_of,
)

from .cards import KEPLER, ampere, hopper, printed

DATA = Path(os.environ.get("GROUNDCREW_DATA") or Path(__file__).parents[4] / "shared/data")
GIB = 2.0**30


def values(text: str, address: str = "00000000:3B:00.0", version: int = 12) -> dict[str, float]:
    """Values by name and what labels say beside the card."""
    [gpu] = parse(printed((address, text), version=version))[1]
    found = {}
    for sample in samples_of(gpu):
        more = ",".join(f"{name}={value}" for name, value in sample.labels if name != "gpu")
        found[sample.name + (f"{{{more}}}" if more else "")] = sample.value
    return found


def test_a_card_is_known_by_its_pci_address() -> None:
    driver, gpus = parse(printed(("00000000:3B:00.0", ampere()), ("00000000:1B:00.0", hopper())))
    assert [gpu.address for gpu in gpus] == ["0000:3b:00.0", "0000:1b:00.0"]
    labels = dict(identity_of(gpus[0], driver).labels)
    assert labels["model"] == "NVIDIA A100-SXM4-80GB"
    assert (labels["index"], labels["driver"]) == ("0", "550.54.15")
    assert "serial" not in dict(identity_of(gpus[1], driver).labels)


def test_a_card_of_the_ampere_generation() -> None:
    found = values(ampere())
    assert found["gpu_utilization_percent"] == 97
    assert found["gpu_memory_total_bytes"] == 80 * GIB
    assert found["gpu_temperature_celsius"] == 64
    assert found["gpu_temperature_margin_celsius"] == 25
    assert found["gpu_memory_temperature_margin_celsius"] == 25
    assert found["gpu_power_watts"] == 251.5
    assert found["gpu_power_limit_watts"] == 400
    assert found["gpu_clock_hertz{clock=sm}"] == 1.41e9
    assert (found["gpu_pcie_width"], found["gpu_pcie_width_max"]) == (16, 16)
    assert (found["gpu_pcie_generation_loaded"], found["gpu_pcie_generation_max"]) == (4, 4)
    assert found["gpu_ecc_uncorrected_total{memory=dram}"] == 2
    assert found["gpu_ecc_uncorrected_total{memory=sram}"] == 1
    assert found["gpu_ecc_corrected_lifetime_total{memory=dram}"] == 50
    assert found["gpu_remapped_rows{cause=uncorrected}"] == 2
    assert found["gpu_remapped_rows_pending"] == 0
    assert found["gpu_clocks_event_active{reason=hw_thermal_slowdown}"] == 0
    assert "gpu_retired_pages_pending" not in found, "N/A is no sample"


def test_a_card_of_the_hopper_generation_tells_its_distance_to_the_limit() -> None:
    found = values(hopper())
    assert found["gpu_temperature_margin_celsius"] == 14
    assert found["gpu_power_watts"] == 70.1
    assert found["gpu_ecc_uncorrected_total{memory=sram}"] == 3
    assert found["gpu_ecc_sram_threshold_exceeded"] == 1
    assert found["gpu_remapped_rows_failure"] == 1
    assert found["gpu_remap_banks_exhausted"] == 1
    assert found["gpu_clocks_event_seconds_total{reason=hw_thermal_slowdown}"] == 2.5
    assert found["gpu_clocks_event_active{reason=hw_slowdown}"] == 0
    assert found["gpu_recovery_action"] == 0
    assert found["gpu_fabric_ready"] == 1


def test_a_card_that_knows_only_single_and_double_bits() -> None:
    found = values(KEPLER, version=10)
    assert found["gpu_ecc_corrected_total{memory=dram}"] == 9
    assert found["gpu_ecc_uncorrected_total{memory=dram}"] == 1
    assert found["gpu_retired_pages{cause=double-bit}"] == 1
    assert found["gpu_retired_pages_pending"] == 1


def test_an_idle_card_that_went_down_to_generation_one_says_nothing_of_its_link_under_load() -> None:
    assert "gpu_pcie_generation_loaded" not in values(ampere(gen=1, state="P8", busy=0))
    assert "gpu_pcie_generation_loaded" not in values(hopper())


@pytest.mark.parametrize("word", ["GPU is lost", "Unknown Error", "[GPU requires reset]", "ERR!"])
def test_a_card_that_the_driver_cannot_read_is_told(word: str) -> None:
    found = values(hopper(temperature=word, busy=word))
    assert found["gpu_readable"] == 0
    assert "gpu_temperature_celsius" not in found


@pytest.mark.parametrize(("action", "code"), [("Reset", 1), ("Reboot", 2), ("Drain P2P", 3), ("Drain and Reset", 4)])
def test_what_the_driver_asks_for_is_told(action: str, code: int) -> None:
    assert values(hopper(action=action))["gpu_recovery_action"] == code


@pytest.mark.parametrize(("state", "ready"), [("Completed", 1), ("In Progress", 0), ("N/A", None)])
def test_a_card_that_has_not_joined_its_fabric_is_told(state: str, ready: int | None) -> None:
    assert values(hopper(fabric=state)).get("gpu_fabric_ready") == ready


def test_words_before_the_document_are_passed_over() -> None:
    output = b"WARNING: infoROM is corrupted at gpu 0000:3B:00.0\n" + printed(("00000000:3B:00.0", ampere()))
    assert len(parse(output)[1]) == 1


def test_every_row_of_the_table_is_met_by_some_card() -> None:
    met = {name.partition("{")[0] for text in (ampere(), hopper(), KEPLER) for name in values(text)}
    expected = {column.metric for column in TABLE} - {"gpu_fan_percent"}
    assert expected <= met


@pytest.mark.parametrize(
    ("output", "told"),
    [
        (b"", "did not print XML but ''"),
        (b"NVIDIA-SMI has failed because it couldn't communicate with the driver.\n", 'did not print XML but "NVIDIA-'),
        (printed(("00000000:3B:00.0", ampere()))[:900], "did not print whole XML"),
        (b'<?xml version="1.0"?><nvidia_smi_log>' + b"<a>" * 50, "deeper than 32"),
        (printed(*[(f"00000000:{n:02X}:00.0", "") for n in range(MAX_GPUS + 1)]), "more than 64 GPUs"),
    ],
    ids=["nothing", "an error", "cut off", "deep", "many"],
)
def test_what_is_no_such_document_is_told_in_one_line(output: bytes, told: str) -> None:
    with pytest.raises(Unreadable) as refused:
        parse(output)
    assert told in str(refused.value)
    assert "\n" not in str(refused.value)


def test_entities_are_refused() -> None:
    bomb = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><nvidia_smi_log>&b;'
    with pytest.raises(Unreadable, match="with entities"):
        parse(bomb)


def parsed(output: bytes) -> tuple[list[Gpu], str]:
    """Cards, and what is told where there are none."""
    try:
        return parse(output)[1], ""
    except Unreadable as told:
        return [], str(told)


@given(st.data())
def test_a_damaged_document_gives_cards_or_one_line(data: st.DataObject) -> None:
    output = bytearray(printed(("00000000:3B:00.0", ampere()), ("00000000:1B:00.0", hopper())))
    for _ in range(data.draw(st.integers(1, 4))):
        output[data.draw(st.integers(0, len(output) - 1))] = data.draw(st.integers(0, 255))
    cards, told = parsed(bytes(output))
    assert "\n" not in told
    assert all(sample.value == sample.value for card in cards for sample in samples_of(card))


def link_lines(*cards: tuple[str, list[str]]) -> str:
    lines = [
        f"GPU {index}: NVIDIA A100 (UUID: {uuid})\n" + "".join(f"\t Link {line}\n" for line in links)
        for index, (uuid, links) in enumerate(cards)
    ]
    return "".join(lines)


def test_links_that_are_down_and_their_errors_are_counted_by_card() -> None:
    status = link_lines(("GPU-a", ["0: 25 GB/s", "1: <inactive>"]), ("GPU-b", ["0: 25 GB/s"]))
    errors = link_lines(
        ("GPU-a", ["0: Replay Errors: 2", "1: Replay Errors: 3", "1: CRC Errors: 4", "1: FEC Errors - 0: 99999"])
    )
    found = nvlink_samples(status, errors, {"GPU-a": "0000:3b:00.0"})
    assert {(s.name, dict(s.labels).get("error")): s.value for s in found} == {
        ("gpu_nvlink_links_active", None): 1,
        ("gpu_nvlink_links_inactive", None): 1,
        ("gpu_nvlink_errors_total", "replay"): 5,
        ("gpu_nvlink_errors_total", "crc"): 4,
    }


def test_the_links_of_a_real_server() -> None:
    file = DATA / "hw_misc/nvidia-smi_nvlink_status_a100.txt"
    if not file.exists():
        pytest.skip("needs the shared outputs (GROUNDCREW_DATA)")
    text = file.read_text()
    uuids = {line.split("UUID: ")[1].strip(" )\n") for line in text.splitlines() if "UUID: " in line}
    found = nvlink_samples(text, "", {uuid: uuid for uuid in uuids})
    active = [sample.value for sample in found if sample.name == "gpu_nvlink_links_active"]
    assert active == [12] * len(uuids)
