"""A BMC logs that a power supply failed: within one poll it is on REST and on the page, and its incident names the host.

The embedded system runs as `groundcrew up` runs it; the BMC is a real simulated one (`ipmi_sim`).
"""

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.contract.ipmi_collector.simulated_bmc import AC_LOST, FAILED, PASSWORD, USER, SimulatedBmc, simulated

from groundcrew_embedded import command

INTERVAL_S = 3
"""Between two polls."""

PATIENCE_S = 60
"""A busy machine is no failure; that the record came with the next poll is told by its own times."""

INVENTORY = """
[[host]]
name = "brickbox-43"
bmc = "brickbox-43-bmc"
rack = "r7"

[[bmc]]
name = "brickbox-43-bmc"
address = "127.0.0.1"
port = {port}
user = "{user}"
password_env = "BMC_PASSWORD_OF_THE_TEST"
"""


@dataclass
class Site:
    """One host with a BMC, watched by the embedded system."""

    bmc: SimulatedBmc
    url: str
    key: str

    def get(self, path: str, **parameters: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.key}"}
        answer = httpx2.get(f"{self.url}/api/v1/{path}", headers=headers, params=parameters, timeout=20)
        return answer.raise_for_status().json()

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
    settings = {
        "BMC_PASSWORD_OF_THE_TEST": PASSWORD,
        "GROUNDCREW_CONTEXT__INVENTORY_FILE": str(folder / "inventory.toml"),
        "GROUNDCREW_CONTEXT__TOKENIZER": "bytes",
        "GROUNDCREW_IPMI_COLLECTOR__INTERVAL_S": str(INTERVAL_S),
        "GROUNDCREW_IPMI_COLLECTOR__SENSORS_INTERVAL_S": str(INTERVAL_S),
        "GROUNDCREW_HOST_COLLECTOR__HOST": "brickbox-43",
        "GROUNDCREW_HOST_COLLECTOR__FILES": "[]",
    }
    settings |= {f"GROUNDCREW_HOST_COLLECTOR__{name}": "off" for name in ("JOURNAL", "KMSG", "METRICS", "SERVICES")}
    before = dict(os.environ)
    home = folder / "home"
    try:
        with simulated(folder / "bmc") as bmc:
            (folder / "inventory.toml").write_text(INVENTORY.format(port=bmc.port, user=USER))
            os.environ.update(settings)
            command.up_detached(command.UpOptions(home=home, port=0))
            state = command.state(home)
            assert state is not None
            yield Site(bmc, state.url, (home / "api-key").read_text().strip())
    finally:
        command.down(home)
        os.environ.clear()
        os.environ.update(before)
        shutil.rmtree(folder, ignore_errors=True)


def test_a_power_supply_failure_is_on_rest_and_page_within_one_poll_and_its_incident_names_the_host(site: Site) -> None:
    site.until(lambda: site.get("bmcs")["items"][0]["sources"], "the BMC was never polled")

    logged = time.time()
    site.bmc.supply(2, AC_LOST)
    site.bmc.supply(2, FAILED)

    def both() -> list[dict[str, Any]]:
        items = site.get("bmcs/brickbox-43-bmc/sel")["items"]
        return items if len(items) == 2 else []

    records = site.until(both, "the records are not on REST")
    assert {one["event"] for one in records} == {"Power Supply AC lost", "Failure detected"}
    incident = site.until(lambda: site.get("incidents")["items"], "there is no incident")[0]
    assert incident["hosts"] == ["brickbox-43"]
    assert incident["cause"]["component_class"] == "psu"
    assert incident["cause"]["component"] == "PS2"
    seen = time.time() - logged
    print(f"from the BMC's log to REST and incident: {seen:.2f} s, polled every {INTERVAL_S} s")

    page = site.page("/hosts/brickbox-43")
    assert "Power Supply AC lost" in page
    assert "PS2 Status" in page
    assert "brickbox-43-bmc" in site.page("/bmcs")
    assert "Failure detected" in site.page("/bmcs/brickbox-43-bmc")
    detail = site.get(f"incidents/{incident['id']}")
    assert {one["source"] for one in detail["evidence"]} >= {"sel"}
    assert {one["id"] for one in records} & {one["id"] for one in detail["evidence"]}, "evidence cites the record"


def test_sensors_and_facts_are_told_and_bmcs_are_no_hosts(site: Site) -> None:
    sensors = site.until(lambda: site.get("bmcs/brickbox-43-bmc/sensors")["sensors"], "no sensor was read")
    assert {one["sensor"]: one["value"] for one in sensors}["CPU1 Temp"] == 62.0
    summary = site.get("bmcs/brickbox-43-bmc")
    assert (summary["host"], summary["facts"]["power"]) == ("brickbox-43", "on")
    assert {source["name"]: source["state"] for source in summary["sources"]} == {
        "chassis": "present",
        "sel": "present",
        "sensors": "present",
    }
    assert [host["name"] for host in site.get("hosts")["items"]] == ["brickbox-43"]


def test_a_frozen_bmc_is_told_as_failing_and_read_on_when_it_is_back(site: Site) -> None:
    def state(wanted: str) -> bool:
        return {one["state"] for one in site.get("bmcs/brickbox-43-bmc")["sources"]} == {wanted}

    site.bmc.freeze()
    site.until(lambda: state("failing"), "the page does not say that the BMC fails")
    site.bmc.thaw()
    site.until(lambda: state("present"), "the BMC is not read again")
