"""A service dies on this machine: its line becomes an incident, a person approves the restart, the result is probed.

The whole embedded system runs as `groundcrew up` runs it. The one thing that is not real is `systemctl`: a program
that keeps the states of units in files.
"""

import asyncio
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
import websockets

from groundcrew_embedded import command

VERDICT_S = 5.0
LINE = "demo-worker.service: Failed with result 'exit-code'."
JOURNAL_REMOTE = Path("/lib/systemd/systemd-journal-remote")

SYSTEMCTL = """#!/bin/sh
for unit; do :; done
echo "$*" >> '{folder}/calls'
case $1 in
show) cat '{folder}/state' ;;
restart) printf 'LoadState=loaded\\nActiveState=active\\nSubState=running\\nResult=success\\nNRestarts=0\\nInvocationID=%032d\\n' 2 > '{folder}/state' ;;
esac
"""  # noqa: E501


class Fleet:
    """One machine, watched by the embedded system."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / "daemon.log"
        self.journal = folder / "journal"
        self.units = folder / "units"
        self.url = ""
        self.key = ""

    def up(self) -> None:
        command.up_detached(command.UpOptions(home=self.folder / "home", port=0))
        state = command.state(self.folder / "home")
        assert state is not None
        self.url = state.url
        self.key = (self.folder / "home" / "api-key").read_text().strip()

    def down(self) -> None:
        command.down(self.folder / "home")

    def client(self) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(base_url=f"{self.url}/api/v1", headers={"Authorization": f"Bearer {self.key}"})

    @property
    def restarts(self) -> list[str]:
        return [line for line in (self.units / "calls").read_text().splitlines() if line.startswith("restart")]


@dataclass
class Live:
    """What the WebSocket told, with when."""

    told: list[tuple[float, dict[str, Any]]]

    async def event(self, kind: str, deadline: float) -> dict[str, Any]:
        while time.monotonic() < deadline:
            for _, message in self.told:
                if message.get("type") == kind:
                    return message
            await asyncio.sleep(0.02)
        raise AssertionError(f"no {kind} over the WebSocket in time, only {[m.get('type') for _, m in self.told]}")


@asynccontextmanager
async def live(fleet: Fleet) -> AsyncIterator[Live]:
    address = fleet.url.replace("http", "ws") + "/api/v1/live"
    async with websockets.connect(address, additional_headers={"Authorization": f"Bearer {fleet.key}"}) as socket:
        heard = Live([])

        async def listen() -> None:
            async for text in socket:
                heard.told.append((time.monotonic(), json.loads(text)))

        task = asyncio.create_task(listen())
        try:
            yield heard
        finally:
            task.cancel()


@pytest.fixture(scope="module")
def fleet() -> Iterator[Fleet]:
    folder = Path(tempfile.mkdtemp(prefix="gc-acceptance-"))
    folder.chmod(0o711)  # as root the servers run as nobody, who must pass through
    made = Fleet(folder)
    made.units.mkdir()
    made.journal.mkdir()
    made.log.touch()
    program = made.units / "systemctl"
    program.write_text(SYSTEMCTL.format(folder=made.units))
    program.chmod(0o755)
    (made.units / "state").write_text(
        f"LoadState=loaded\nActiveState=failed\nSubState=failed\nResult=exit-code\nNRestarts=1\nInvocationID={1:032d}\n"
    )
    journal = JOURNAL_REMOTE.exists() and shutil.which("journalctl")
    if journal:
        write_journal(made.journal, "systemd[1]", "Started a quiet daemon.", time.time())
    settings = {
        "HOST_COLLECTOR__HOST": "brickbox-43",
        "HOST_COLLECTOR__FILES": json.dumps([str(made.log)]),
        "HOST_COLLECTOR__JOURNAL": "on" if journal else "off",
        "HOST_COLLECTOR__JOURNAL_DIRECTORY": str(made.journal),
        "HOST_COLLECTOR__KMSG": "off",
        "HOST_COLLECTOR__SERVICES": "off",
        "RUNNER__HOST": "brickbox-43",
        "RUNNER__PATH": json.dumps([str(made.units), "/usr/bin", "/bin"]),
        "RUNNER__SETTLE_S": "0",
    }
    before = dict(os.environ)
    os.environ.update({f"GROUNDCREW_{key}": value for key, value in settings.items()})
    try:
        made.up()
        yield made
    finally:
        made.down()
        os.environ.clear()
        os.environ.update(before)
        shutil.rmtree(folder, ignore_errors=True)


def write_journal(folder: Path, identifier: str, message: str, when: float) -> None:
    """Append one entry to a real .journal file."""
    us = int(when * 1e6)
    entry = (
        f"__REALTIME_TIMESTAMP={us}\n__MONOTONIC_TIMESTAMP={us % 10**12}\n_BOOT_ID={'1' * 32}\n"
        f"_MACHINE_ID={'2' * 32}\n_HOSTNAME=brickbox-43\n_TRANSPORT=journal\nPRIORITY=4\n"
        f"SYSLOG_IDENTIFIER={identifier}\nMESSAGE={message}\n\n"
    )
    target = folder / "system.journal"
    subprocess.run([JOURNAL_REMOTE, "-o", target, "-"], input=entry.encode(), check=True, capture_output=True)


async def incident_on(client: httpx2.AsyncClient, component: str, deadline: float) -> dict[str, Any]:
    while time.monotonic() < deadline:
        items = (await client.get("incidents")).raise_for_status().json()["items"]
        for item in items:
            if item["cause"]["component"] == component:
                return item
        await asyncio.sleep(0.05)
    raise AssertionError(f"no incident on {component} over REST in time")


async def action_in(client: httpx2.AsyncClient, incident: str, kind: str, state: str, within: float) -> dict[str, Any]:
    deadline = time.monotonic() + within
    seen: list[Any] = []
    while time.monotonic() < deadline:
        seen = (await client.get("actions", params={"incident_id": incident})).raise_for_status().json()["items"]
        for action in seen:
            if (action["kind"], action["state"]) == (kind, state):
                return action
        await asyncio.sleep(0.05)
    raise AssertionError(f"no {kind} that is {state}: {[(a['kind'], a['state'], a['outcome']) for a in seen]}")


async def test_failure_line_is_an_incident_whose_restart_runs_once_approved(fleet: Fleet) -> None:
    async with fleet.client() as client, live(fleet) as heard:
        appended = time.monotonic()
        with fleet.log.open("a") as log:
            log.write(f"{time.strftime('%Y-%m-%dT%H:%M:%S+00:00', time.gmtime())} brickbox-43 systemd[1]: {LINE}\n")

        incident = await incident_on(client, "demo-worker.service", appended + VERDICT_S)
        await heard.event("incident.opened", appended + VERDICT_S)
        assert incident["hosts"] == ["brickbox-43"]
        assert incident["cause"]["id"] == "software.failed"
        detail = (await client.get(f"incidents/{incident['id']}")).raise_for_status().json()
        assert LINE in [evidence["text"] for evidence in detail["evidence"]]

        waiting = await action_in(client, incident["id"], "service.restart", "queued", 10)
        assert waiting["argv"] == ["systemctl", "restart", "--", "demo-worker.service"]
        assert not (fleet.units / "calls").exists(), "nothing runs before a person says so"

        decided = await client.post(f"actions/{waiting['id']}/approve", json={"comment": "known good"})
        decided.raise_for_status()
        done = await action_in(client, incident["id"], "service.restart", "succeeded", 15)
        assert fleet.restarts == ["restart -- demo-worker.service"]
        assert "active" in done["outcome"], "the probe afterwards tells what came of it"

        again = await client.post(f"actions/{waiting['id']}/approve", json={"comment": "twice"})
        assert again.json()["state"] == "succeeded", "a repeated click is answered, not carried out"
        assert len(fleet.restarts) == 1
        verdict = (await client.get("audit/verify")).raise_for_status().json()
        assert verdict["ok"]
        events = [entry["event"] for entry in (await client.get("audit")).raise_for_status().json()["items"]]
        assert [e for e in events if e in {"approved", "granted", "reported"}] == ["approved", "granted", "reported"]


async def test_line_in_a_real_journal_file_is_an_incident(fleet: Fleet) -> None:
    if not JOURNAL_REMOTE.exists():
        pytest.skip("needs Debian's package systemd-journal-remote")
    async with fleet.client() as client:
        written = time.monotonic()
        write_journal(fleet.journal, "systemd", "other-worker.service: Failed with result 'core-dump'.", time.time())
        incident = await incident_on(client, "other-worker.service", written + VERDICT_S)
        detail = (await client.get(f"incidents/{incident['id']}")).raise_for_status().json()
        cited = [e for e in detail["evidence"] if "core-dump" in e["text"]]
        assert [e["source"] for e in cited] == ["journal"]
        assert cited[0]["ref"].startswith("s="), "the evidence names the journal cursor"


async def test_absent_sources_are_said_to_be_absent(fleet: Fleet) -> None:
    async with fleet.client() as client:
        hosts = (await client.get("hosts")).raise_for_status().json()["items"]
    states = {source["name"]: source for source in hosts[0]["sources"]}
    assert states["files"]["state"] == "present"
    assert states["kmsg"]["state"] == "absent"
    assert states["kmsg"]["detail"], "an absent source says why"


async def test_page_and_probes_answer(fleet: Fleet) -> None:
    async with httpx2.AsyncClient(base_url=fleet.url) as client:
        assert (await client.get("/healthz")).status_code == 200
        ready = await client.get("/readyz")
        assert ready.status_code == 200, ready.text
        metrics = (await client.get("/metrics")).text
        assert "groundcrew_context_" in metrics
        assert (await client.get("/api/v1/incidents")).status_code == 401
