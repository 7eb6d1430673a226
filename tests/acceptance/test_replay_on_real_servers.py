"""Replay tells the truth: the same scenario on the real servers gives equal incidents."""

import asyncio
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog
import tomlkit
from prometheus_client import CollectorRegistry

from groundcrew.bus.jetstream import JetStreamBus
from groundcrew.contracts.clock import SystemClock
from groundcrew.contracts.envelope import ProducedBy
from groundcrew_embedded import command
from groundcrew_embedded.bus_config import password_of
from groundcrew_embedded.feeder import Feeder
from groundcrew_embedded.home import Home
from groundcrew_embedded.replay import replay, report
from groundcrew_embedded.scenario import Scenario, read

SCENARIO = Path(__file__).parents[1] / "scenarios" / "disk-fails-in-mirror"
QUIET_S = 4.0


@pytest.fixture
def home() -> Iterator[Home]:
    """The embedded system with the scenario's inventory and nothing of this machine in its site."""
    folder = Path(tempfile.mkdtemp(prefix="gc-replay-"))
    folder.chmod(0o711)  # as root the servers run as nobody, who must pass through
    inventory = folder / "inventory.toml"
    hosts = [host.model_dump(exclude_defaults=True) for host in read(SCENARIO).inventory.host]
    inventory.write_text(tomlkit.dumps({"host": hosts}))
    settings = {
        "CONTEXT__INVENTORY_FILE": str(inventory),
        "ACTIONS__EXECUTE": "false",
        **{f"HOST_COLLECTOR__{source}": "off" for source in ("JOURNAL", "KMSG", "METRICS", "SERVICES")},
        "HOST_COLLECTOR__FILES": "[]",
    }
    before = dict(os.environ)
    os.environ.update({f"GROUNDCREW_{key}": value for key, value in settings.items()})
    made = Home(folder / "home")
    try:
        command.up_detached(command.UpOptions(home=made.path, port=0))
        yield made
    finally:
        command.down(made.path)
        os.environ.clear()
        os.environ.update(before)
        shutil.rmtree(folder, ignore_errors=True)


async def incidents_of(home: Home, scenario: Scenario, shift: timedelta) -> dict[str, Any]:
    """Feed the scenario as its collectors would, and report once nothing changes any more."""
    ports = json.loads((home.run / "ports.json").read_bytes())
    bus = await JetStreamBus.connect(
        url=f"nats://127.0.0.1:{ports['nats']}", service="admin", site="default", user="admin",
        password=password_of(home, "admin"), clock=SystemClock(), registry=CollectorRegistry(),
        log=structlog.get_logger(),
    )  # fmt: skip
    try:
        for _, messages in Feeder(scenario, "default", ProducedBy(service="replay", version="0"), shift).steps():
            await bus.publish_batch(messages)
        seen, since = await report(bus, scenario), time.monotonic()
        while time.monotonic() - since < QUIET_S:
            await asyncio.sleep(0.5)
            now = await report(bus, scenario)
            if now != seen or not now["incidents"]:
                seen, since = now, time.monotonic()
        return seen
    finally:
        await bus.close()


def verdicts(printed: dict[str, Any]) -> list[dict[str, Any]]:
    """All but what hangs on when people and ticks come by: states and actions."""
    return [
        {key: value for key, value in one.items() if key not in {"state", "actions"}} for one in printed["incidents"]
    ]


async def test_scenario_gives_equal_incidents_on_memory_and_on_real_servers(home: Home) -> None:
    scenario = read(SCENARIO)
    shift = timedelta(seconds=round((SystemClock().now() - scenario.end).total_seconds()))
    async with asyncio.timeout(60):
        real = await incidents_of(home, scenario, shift)
    rehearsed = await replay(SCENARIO, shift=shift)
    assert verdicts(real) == verdicts(rehearsed)
    assert real["triggers"] == rehearsed["triggers"]
