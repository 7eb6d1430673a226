"""One simulated BMC for each test."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from tests.bmc.fleet import Lab, lab

from .difficult import Difficult, ordinary
from .reading import Reading, reading_of
from .simulated_bmc import SimulatedBmc, needs_the_simulator, simulated


@pytest.fixture
def bmc(tmp_path: Path) -> Iterator[SimulatedBmc]:
    with simulated(tmp_path / "bmc") as running:
        yield running


@pytest.fixture(params=["native", "ipmitool"])
def backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def reading(bmc: SimulatedBmc, tmp_path: Path, backend: str) -> AsyncIterator[Reading]:
    made = reading_of(bmc, tmp_path / "collector", backend=backend)
    yield made
    await made.close()


@pytest.fixture(scope="module")
def running() -> Iterator[Lab]:
    needs_the_simulator()
    with lab() as started:
        yield started


@pytest.fixture
def difficult(running: Lab) -> Difficult:
    return ordinary(running)
