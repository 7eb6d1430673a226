"""What other tools see is one incident of the machine that it is about: Alertmanager's alert and a relayed syslog line
come to the embedded system as they would come in the field, and leave it on REST."""

import os
import shutil
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest

from groundcrew_embedded import command

INVENTORY = """
[[host]]
name = "n7"
address = "10.0.0.7"
"""
PATIENCE_S = 60
"""A busy machine is no failure."""


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@dataclass
class Site:
    url: str
    key: str
    syslog_port: int

    def call(self, method: str, path: str, key: str = "", **more: Any) -> httpx2.Response:
        headers = {"Authorization": f"Bearer {key or self.key}"}
        return httpx2.request(method, f"{self.url}/api/v1/{path}", headers=headers, timeout=20, **more)

    def get(self, path: str) -> Any:
        return self.call("GET", path).raise_for_status().json()

    def until(self, found: Callable[[], Any], complaint: str) -> Any:
        deadline = time.monotonic() + PATIENCE_S
        while not (value := found()):
            assert time.monotonic() < deadline, f"{complaint}: {self.get('incidents')}"
            time.sleep(0.1)
        return value


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    folder = Path(tempfile.mkdtemp(prefix="gc-acceptance-"))
    folder.chmod(0o711)  # as root the servers run as nobody, who must pass through
    (folder / "inventory.toml").write_text(INVENTORY)
    port = free_port()
    settings = {
        "GROUNDCREW_CONTEXT__INVENTORY_FILE": str(folder / "inventory.toml"),
        "GROUNDCREW_CONTEXT__TOKENIZER": "bytes",
        "GROUNDCREW_HOST_COLLECTOR__HOST": "relay",
        "GROUNDCREW_HOST_COLLECTOR__FILES": "[]",
        "GROUNDCREW_HOST_COLLECTOR__SYSLOG_TCP": f"127.0.0.1:{port}",
    }
    settings |= {f"GROUNDCREW_HOST_COLLECTOR__{name}": "off" for name in ("JOURNAL", "KMSG", "METRICS", "SERVICES")}
    before = dict(os.environ)
    home = folder / "home"
    try:
        os.environ.update(settings)
        command.up_detached(command.UpOptions(home=home, port=0))
        state = command.state(home)
        assert state is not None
        yield Site(state.url, (home / "api-key").read_text().strip(), port)
    finally:
        command.down(home)
        os.environ.clear()
        os.environ.update(before)
        shutil.rmtree(folder, ignore_errors=True)


def test_an_alert_by_address_and_a_syslog_line_by_name_are_incidents_of_their_hosts(site: Site) -> None:
    made = site.call("POST", "keys", json={"name": "am", "role": "reporter", "sites": ["default"]})
    reporter = made.raise_for_status().json()["key"]
    assert site.call("GET", "incidents", reporter).status_code == 403
    now = datetime.now(UTC).isoformat()
    alert = {
        "status": "firing",
        "labels": {
            "alertname": "NodeRAIDDegraded",
            "severity": "critical",
            "instance": "10.0.0.7:9100",
            "device": "md0",
        },
        "annotations": {"summary": "md0 misses a member"},
        "startsAt": now,
        "fingerprint": "a1",
    }
    for _ in range(2):
        answer = site.call("POST", "alerts/alertmanager", reporter, json={"version": "4", "alerts": [alert]})
        assert (answer.status_code, answer.json()["taken"]) == (202, 1)
    with socket.create_connection(("127.0.0.1", site.syslog_port)) as relay:
        relay.sendall(b"<2>Mar  4 02:00:00 n8 kernel: Out of memory: Killed process 12 (ingestd) total-vm:1kB\n")

    def both() -> dict[str, Any]:
        items = {one["hosts"][0]: one for one in site.get("incidents")["items"] if one["hosts"]}
        return items if {"n7", "n8"} <= set(items) else {}

    incidents = site.until(both, "an incident is missing")
    raid, memory = incidents["n7"]["cause"], incidents["n8"]["cause"]
    assert (raid["id"], raid["component"]) == ("raid.degraded", "md0")
    assert (memory["id"], memory["component"]) == ("memory_pressure.oom", "ingestd")
    assert len(site.get("incidents")["items"]) == 2

    ended = alert | {"status": "resolved", "endsAt": datetime.now(UTC).isoformat()}
    site.call("POST", "alerts/alertmanager", reporter, json={"version": "4", "alerts": [ended]}).raise_for_status()
    raid_id = incidents["n7"]["id"]
    site.until(
        lambda: any(s["cleared_at"] for s in site.get(f"incidents/{raid_id}")["incident"]["symptoms"]),
        "the end was not told",
    )
