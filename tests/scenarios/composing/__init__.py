"""The composed scenarios by subject; each module's `ALL` is what `compose.py` writes."""

from tests.scenarios.composing import (
    gpus_and_pcie,
    healthy,
    memory_and_cpu,
    mixed,
    network_and_time,
    power_and_cooling,
    second_hardware,
    second_software,
    software_and_kernel,
    storage,
    third_hardware,
    third_healthy,
    third_software,
)

ALL = (
    *memory_and_cpu.ALL,
    *power_and_cooling.ALL,
    *gpus_and_pcie.ALL,
    *storage.ALL,
    *network_and_time.ALL,
    *software_and_kernel.ALL,
    *healthy.ALL,
    *mixed.ALL,
    *second_hardware.ALL,
    *second_software.ALL,
    *third_hardware.ALL,
    *third_software.ALL,
    *third_healthy.ALL,
)
