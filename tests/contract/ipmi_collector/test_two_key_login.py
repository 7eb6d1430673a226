"""A BMC whose key K_G is set: our client and the real ipmitool log in with it, and without it are told why not.

Both to the real `ipmi_sim`, which has the protocol right, and to our simulated BMC.
"""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import SecretStr
from tests.conftest import free_port

from groundcrew.contracts.inventory import InventoryBmc
from groundcrew_ipmi_collector.credentials import credentials_of
from groundcrew_ipmi_collector.lab.bmc import SimulatedBmc
from groundcrew_ipmi_collector.lab.server import BmcServer
from groundcrew_ipmi_collector.lanplus.client import LanClient
from groundcrew_ipmi_collector.reason import IpmiFailed, Reason
from groundcrew_ipmi_collector.session import Sessions
from groundcrew_ipmi_collector.settings import IpmiCollectorSection
from groundcrew_ipmi_collector.turn import Turn

from .reading import reading_of
from .simulated_bmc import PASSWORD, USER, needs_the_simulator, simulated

KG = "nineteen-bytes-of-k"
SECTION = IpmiCollectorSection(password=SecretStr(PASSWORD))


@pytest.fixture(params=["ipmi_sim", "ours"])
async def port(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[int]:
    if request.param == "ipmi_sim":
        with simulated(tmp_path / "bmc", kg=KG) as running:
            yield running.port
        return
    number = free_port()
    server = await BmcServer.serve(SimulatedBmc(lambda: 0), number, user=USER, password=PASSWORD, kg=KG)
    yield number
    server.close()


def entry(port: int, **kg: str) -> InventoryBmc:
    return InventoryBmc(name="b", address="127.0.0.1", port=port, user=USER, **kg)


def client(one: InventoryBmc) -> LanClient:
    return LanClient(
        one, SECTION, credentials=lambda: credentials_of(one, SECTION, {"BMC_KG": KG}), turn=Turn(), ignored=print
    )


async def test_our_client_logs_in_with_the_key(port: int) -> None:
    speaking = client(entry(port, kg_env="BMC_KG"))
    async with speaking.speaking():
        said = await speaking.ask(0x06, 0x01)
    assert said.code == 0
    await speaking.end_session()


async def test_without_the_key_it_is_told_that_one_is_set(port: int) -> None:
    with pytest.raises(IpmiFailed, match="another key: its K_G") as failed:
        async with client(entry(port)).speaking():
            pass
    assert failed.value.reason is Reason.CREDENTIALS


async def test_ipmitool_logs_in_with_the_key_and_nobody_sees_it_among_its_arguments(port: int, tmp_path: Path) -> None:
    needs_the_simulator()
    file = tmp_path / "kg"
    file.write_text(f"{KG}\n")
    one = entry(port, kg_file=str(file))
    sessions = Sessions(
        one, SECTION, credentials=lambda: credentials_of(one, SECTION), turn=Turn(), processes=asyncio.Semaphore(1)
    )
    assert KG not in " ".join(sessions._options(USER, 17, kg=True))
    result = await sessions.command("mc", "info")
    assert "Device ID" in result.output


async def test_the_whole_bmc_is_read_with_the_key(tmp_path: Path, backend: str) -> None:
    file = tmp_path / "kg"
    file.write_text(f"{KG}\n")
    with simulated(tmp_path / "bmc", kg=KG) as bmc:
        bmc.add_records(3)
        reading = reading_of(bmc, tmp_path / "collector", backend=backend, kg_file=str(file))
        await reading.poll()
        assert {state for state, _ in reading.sources.values()} == {"present"}
        assert [number for _, number, _, _ in reading.rows] == [1, 2, 3]
        await reading.close()


async def test_another_key_is_told_as_wrong_credentials(tmp_path: Path, backend: str) -> None:
    file = tmp_path / "kg"
    file.write_text("another-key\n")
    with simulated(tmp_path / "bmc", kg=KG) as bmc:
        reading = reading_of(bmc, tmp_path / "collector", backend=backend, kg_file=str(file))
        await reading.poll()
        assert reading.sources["sel"][1].startswith("credentials: ")
        assert "another-key" not in str(reading.bus.published)
        await reading.close()


@pytest.mark.parametrize("wrong", ["", "x" * 21])
def test_a_key_that_can_be_none_is_refused(wrong: str) -> None:
    with pytest.raises(IpmiFailed, match=r"K_G has .* expected 1 to 20"):
        credentials_of(entry(623, kg_env="BMC_KG"), SECTION, {"BMC_KG": wrong})
