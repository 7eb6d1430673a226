"""One simulated BMC, a collector that reads it, and a bus that remembers."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.bmc.redfish.bmc import RedfishBmc
from tests.bmc.redfish.certificates import Certified, certified
from tests.bmc.redfish.server import Served, serving

from .reading import Reading, reading_of


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certified:
    return certified(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def bmc() -> RedfishBmc:
    return RedfishBmc()


@pytest.fixture
async def served(bmc: RedfishBmc, certificates: Certified) -> AsyncIterator[Served]:
    async with serving(bmc, certificates.context) as running:
        yield running


@pytest.fixture
def reading(served: Served, certificates: Certified, tmp_path: Path) -> Reading:
    return reading_of(served, tmp_path, tls_ca=str(certificates.ca))
