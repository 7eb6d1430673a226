"""Which addresses of a subnet are BMCs: simulated ones on loopback addresses of their own, and nobody else is asked."""

import asyncio
from collections.abc import AsyncIterator
from ipaddress import ip_address
from pathlib import Path

import pytest
from tests.bmc.redfish.bmc import RedfishBmc
from tests.bmc.redfish.certificates import Certified, certified
from tests.bmc.redfish.server import listening
from tests.conftest import free_port

from groundcrew_context.inventory_file import read_inventory
from groundcrew_ipmi_collector.discovery.discovering import How, discover
from groundcrew_ipmi_collector.discovery.found import Found, as_toml
from groundcrew_ipmi_collector.discovery.ranges import addresses
from groundcrew_ipmi_collector.lab.bmc import Fault, SimulatedBmc
from groundcrew_ipmi_collector.lab.server import BmcServer

from .simulated_bmc import needs_the_simulator, simulated

ONLY_IPMI, BOTH, ONLY_REDFISH, WEB, SILENT = (f"127.0.7.{n}" for n in (1, 2, 3, 4, 5))
SUBNET = "127.0.7.0/28"


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certified:
    return certified(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
async def how(certificates: Certified) -> AsyncIterator[How]:
    """A subnet with a BMC of each kind, a web server that is none, and one that hangs."""
    udp, options = free_port(), {"user": "u", "password": "p"}
    bmcs = [SimulatedBmc(lambda: 0) for _ in range(3)]
    bmcs[2].faults.add(Fault.HANG)
    places = (ONLY_IPMI, BOTH, SILENT)
    servers = [
        await BmcServer.serve(bmc, udp, address=address, **options) for bmc, address in zip(bmcs, places, strict=True)
    ]
    redfish = {
        BOTH: RedfishBmc(), ONLY_REDFISH: RedfishBmc(), SILENT: RedfishBmc(hangs=True),
        WEB: RedfishBmc(fails_with=404),
    }  # fmt: skip
    async with listening(redfish.__getitem__, certificates.context, "0.0.0.0") as tcp:
        yield How(port=udp, redfish_port=tcp, a_second=2_000, within_s=1)
    for server in servers:
        server.close()
    asked = [request for bmc in redfish.values() for request in bmc.requests]
    assert set(asked) <= {"GET /redfish/v1/", "GET /redfish/v1"}, "nothing but the service root"


async def found(how: How, *named: str) -> dict[str, Found]:
    seen = await discover(addresses(("test", item) for item in named), how)
    return {str(one.address): one for one in seen}


async def test_bmcs_of_a_subnet_are_found_and_nothing_else(how: How, certificates: Certified) -> None:
    seen = await found(how, SUBNET)
    assert list(seen) == [ONLY_IPMI, BOTH, ONLY_REDFISH]
    entries = {where: one.entry(port=how.port, redfish_port=how.redfish_port, pin=True) for where, one in seen.items()}
    assert [entries[where].protocol for where in (ONLY_IPMI, BOTH, ONLY_REDFISH)] == ["ipmi", "auto", "redfish"]
    assert entries[BOTH].tls_fingerprint == certificates.fingerprint
    assert entries[BOTH].vendor == "Acme"
    assert seen[BOTH].says == "Redfish 1.17.0 (Acme), IPMI 2.0"


async def test_what_is_printed_is_an_inventory_that_pins_nothing_by_itself(how: How, tmp_path: Path) -> None:
    seen = list((await found(how, SUBNET)).values())
    entries = [one.entry(port=how.port, redfish_port=how.redfish_port, pin=False) for one in seen]
    file = tmp_path / "found.toml"
    file.write_text(as_toml(seen, entries, 14))
    assert read_inventory(file).bmc == entries
    assert "\n# tls_fingerprint = " in file.read_text()


async def test_no_more_datagrams_go_out_than_may(how: How) -> None:
    loop = asyncio.get_running_loop()
    slow = How(port=how.port, redfish_port=how.redfish_port, a_second=40, within_s=1)
    begun = loop.time()
    seen = await found(slow, f"{ONLY_IPMI}-5")
    assert list(seen) == [ONLY_IPMI, BOTH, ONLY_REDFISH]
    assert loop.time() - begun >= 10 / 40, "five addresses, two datagrams each"


async def test_a_bmc_of_openipmi_is_found(tmp_path: Path) -> None:
    needs_the_simulator()
    with simulated(tmp_path) as bmc:
        port = free_port()
        seen = await discover([ip_address("127.0.0.1")], How(port=bmc.port, redfish_port=port, within_s=1))
    assert [one.says for one in seen] == ["IPMI 2.0"]
