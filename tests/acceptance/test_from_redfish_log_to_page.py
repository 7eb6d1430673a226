"""A BMC that speaks Redfish loses a supply's input: the record is on REST and page, the incident names host and part.

The embedded system runs as `groundcrew up` runs it, with its real servers; the BMC is simulated, behind real TLS.
"""

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.bmc.redfish.bmc import PASSWORD, USER, RedfishBmc
from tests.bmc.redfish.certificates import certified
from tests.bmc.redfish.server import threaded

from groundcrew_embedded import command

PATIENCE_S = 60

INVENTORY = """
[[host]]
name = "brickbox-44"
bmc = "brickbox-44-bmc"
pdu = ["pdu-7a", "pdu-7b"]

[[bmc]]
name = "brickbox-44-bmc"
address = "127.0.0.1"
redfish_port = {port}
protocol = "redfish"
user = "{user}"
password_env = "BMC_PASSWORD_OF_THE_TEST"
tls_ca = "{ca}"
"""


@dataclass
class Site:
    """One host with a BMC, watched by the embedded system."""

    bmc: RedfishBmc
    url: str
    key: str

    def get(self, path: str) -> Any:
        headers = {"Authorization": f"Bearer {self.key}"}
        return httpx2.get(f"{self.url}/api/v1/{path}", headers=headers, timeout=20).raise_for_status().json()

    def page(self, path: str) -> str:
        with httpx2.Client(base_url=self.url, headers={"Origin": self.url}) as browser:
            browser.post("/api/v1/session", json={"key": self.key}).raise_for_status()
            return browser.get(path, headers={"Accept": "text/html"}).raise_for_status().text

    def until(self, found: Callable[[], Any], complaint: str) -> Any:
        deadline = time.monotonic() + PATIENCE_S
        while not (value := found()):
            assert time.monotonic() < deadline, f"{complaint}: {self.get('bmcs')}"
            time.sleep(0.1)
        return value


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    folder = Path(tempfile.mkdtemp(prefix="gc-acceptance-"))
    folder.chmod(0o711)  # as root the servers run as nobody, who must pass through
    made = certified(folder)
    settings = {
        "BMC_PASSWORD_OF_THE_TEST": PASSWORD,
        "GROUNDCREW_CONTEXT__INVENTORY_FILE": str(folder / "inventory.toml"),
        "GROUNDCREW_CONTEXT__TOKENIZER": "bytes",
        "GROUNDCREW_IPMI_COLLECTOR__INTERVAL_S": "2",
        "GROUNDCREW_IPMI_COLLECTOR__SENSORS_INTERVAL_S": "2",
        "GROUNDCREW_HOST_COLLECTOR__HOST": "brickbox-44",
        "GROUNDCREW_HOST_COLLECTOR__FILES": "[]",
    }
    settings |= {f"GROUNDCREW_HOST_COLLECTOR__{name}": "off" for name in ("JOURNAL", "KMSG", "METRICS", "SERVICES")}
    before = dict(os.environ)
    home = folder / "home"
    bmc = RedfishBmc()
    try:
        with threaded(bmc, made.context) as served:
            text = INVENTORY.format(port=served.port, user=USER, ca=made.ca)
            (folder / "inventory.toml").write_text(text)
            os.environ.update(settings)
            command.up_detached(command.UpOptions(home=home, port=0))
            state = command.state(home)
            assert state is not None
            yield Site(bmc, state.url, (home / "api-key").read_text().strip())
            command.down(home)
            assert bmc.sessions == {}, "the collector logged out"
    finally:
        command.down(home)
        os.environ.clear()
        os.environ.update(before)
        shutil.rmtree(folder, ignore_errors=True)


def test_a_lost_input_is_on_rest_and_page_and_its_incident_names_host_and_supply(site: Site) -> None:
    site.until(lambda: site.get("bmcs")["items"][0]["sources"], "the BMC was never looked at")
    site.bmc.add(
        1,
        "The power input for power supply 2 is lost.",
        MessageId="IDRAC.2.8.PSU0003",
        Severity="Critical",
        Created=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    records = site.until(lambda: site.get("bmcs/brickbox-44-bmc/sel")["items"], "the record is not on REST")
    assert records[0]["event"] == "The power input for power supply 2 is lost."
    incident = site.until(lambda: site.get("incidents")["items"], "there is no incident")[0]
    assert incident["hosts"] == ["brickbox-44"]
    assert (incident["cause"]["component_class"], incident["cause"]["component"]) == ("psu", "PSU2")
    assert "PSU0003" in site.page("/bmcs/brickbox-44-bmc")
    assert "brickbox-44-bmc" in site.page("/bmcs")
    assert "CAs of a file" in site.page("/inventory")


def test_a_module_that_its_bmc_calls_critical_becomes_an_incident_of_that_module(site: Site) -> None:
    site.bmc.dimm1_health = "Critical"

    def of_the_module() -> Any:
        return [one for one in site.get("incidents")["items"] if one["cause"]["component"] == "DIMM A1"]

    incident = site.until(of_the_module, "there is no incident")[0]
    assert (incident["cause"]["component_class"], incident["severity"]) == ("dimm", "critical")
    sensors = {one["sensor"]: one for one in site.get("bmcs/brickbox-44-bmc/sensors")["sensors"]}
    assert sensors["Inlet Temp"]["value"] == 24.0
    assert site.get("bmcs/brickbox-44-bmc")["facts"]["faults"] == "health is Critical"
