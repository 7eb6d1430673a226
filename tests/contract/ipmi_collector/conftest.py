"""One simulated BMC for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from .reading import Reading, reading_of
from .simulated_bmc import SimulatedBmc, simulated


@pytest.fixture
def bmc(tmp_path: Path) -> Iterator[SimulatedBmc]:
    with simulated(tmp_path / "bmc") as running:
        yield running


@pytest.fixture
def reading(bmc: SimulatedBmc, tmp_path: Path) -> Reading:
    return reading_of(bmc, tmp_path / "collector")
