"""`nvidia-smi -q` as text gives the samples that its XML gives."""

from hypothesis import given
from hypothesis import strategies as st

from groundcrew.diagnosis.nvidia_smi import identity_of, samples_of
from groundcrew.diagnosis.nvidia_smi_text import is_query, parse_text

QUERY = """
==============NVSMI LOG==============

Timestamp                                 : Wed Mar  4 02:00:00 2026
Driver Version                            : 550.54.15
CUDA Version                              : 12.4

Attached GPUs                             : 2
GPU 00000000:07:00.0
    Product Name                          : NVIDIA A100-SXM4-80GB
    Serial Number                         : 1650000000001
    GPU UUID                              : GPU-00000000-0000-0000-0000-000000000001
    PCI
        GPU Link Info
            PCIe Generation
                Max                       : 4
                Current                   : 4
            Link Width
                Max                       : 16x
                Current                   : 8x
        Replays Since Reset               : 3
    Clocks Event Reasons
        Idle                              : Not Active
        HW Slowdown                       : Active
            HW Thermal Slowdown           : Active
            HW Power Brake Slowdown       : Not Active
    ECC Errors
        Volatile
            SRAM Correctable              : 0
            SRAM Uncorrectable            : 0
            DRAM Correctable              : 177
            DRAM Uncorrectable            : 1
    Remapped Rows
        Correctable Error                 : 1
        Uncorrectable Error               : 0
        Pending                           : Yes
        Remapping Failure Occurred        : No
        Bank Remap Availability Histogram
            Max                           : 639 bank(s)
            None                          : 1 bank(s)
    Temperature
        GPU Current Temp                  : 88 C
        GPU Shutdown Temp                 : 92 C
        GPU Slowdown Temp                 : 89 C
        Memory Current Temp               : 70 C
    Processes
        GPU instance ID                   : N/A
        Process ID                        : 4711
            Name                          : GPU 00000000:99:00.0

GPU 00000000:0B:00.0
    Product Name                          : NVIDIA A100-SXM4-80GB
    Temperature
        GPU Current Temp                  : Unknown Error
"""


def found() -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    _, gpus = parse_text(QUERY)
    return {(one.name, one.labels): one.value for one in samples_of(gpus[0])}


def test_cards_and_driver() -> None:
    driver, gpus = parse_text(QUERY)
    assert is_query(QUERY)
    assert (driver, [gpu.address for gpu in gpus]) == ("550.54.15", ["0000:07:00.0", "0000:0b:00.0"])
    labels = dict(identity_of(gpus[0], driver).labels)
    assert (labels["model"], labels["serial"]) == ("NVIDIA A100-SXM4-80GB", "1650000000001")


def test_what_wears_and_what_slows_down() -> None:
    samples = {
        (name, *(value for key, value in labels if key != "gpu")): got for (name, labels), got in found().items()
    }
    assert samples["gpu_ecc_corrected_total", "dram"] == 177
    assert samples["gpu_ecc_uncorrected_total", "dram"] == 1
    assert samples["gpu_remapped_rows_pending",] == 1
    assert samples["gpu_remapped_rows_failure",] == 0
    assert samples["gpu_remap_banks_exhausted",] == 1
    assert samples["gpu_temperature_margin_celsius",] == 1
    assert samples["gpu_clocks_event_active", "hw_thermal_slowdown"] == 1
    assert samples["gpu_clocks_event_active", "hw_power_brake_slowdown"] == 0
    assert (samples["gpu_pcie_width",], samples["gpu_pcie_width_max",]) == (8, 16)
    assert samples["gpu_pcie_replays_total",] == 3


def test_a_card_that_the_driver_cannot_read() -> None:
    _, gpus = parse_text(QUERY)
    assert {one.name: one.value for one in samples_of(gpus[1])}["gpu_readable"] == 0


@given(st.text(max_size=2_000))
def test_any_text_is_taken(text: str) -> None:
    _, gpus = parse_text(text)
    for gpu in gpus:
        samples_of(gpu)
