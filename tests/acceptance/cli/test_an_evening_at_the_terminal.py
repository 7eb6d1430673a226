"""One system, from `up` to `down`, as somebody at a terminal lives through it. Fault and repair are harmless."""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

UNIT = "trainer.service"
SYSTEMCTL = """#!/bin/sh
for unit; do :; done
echo "$*" >> '{folder}/calls'
if [ "$1" = restart ]; then echo running > '{folder}/state'; exit 0; fi
printf 'Id=%s\\nLoadState=loaded\\nResult=success\\n' "$unit"
if [ -e '{folder}/state' ]; then
    printf 'ActiveState=active\\nSubState=running\\nInvocationID=2\\n'
else
    printf 'ActiveState=failed\\nSubState=failed\\nInvocationID=1\\n'
fi
"""


CONFIGURATION = """
[host_collector]
host = "brickbox-43"
files = ["{folder}/*.log"]
files_start = "start"
journal = "off"
kmsg = "off"
services = "off"
metrics_interval_s = 1  # a failed unit is confirmed by time that other observations tell of
[runner]
host = "brickbox-43"
path = ["{folder}/bin"]
settle_s = 0
[context]
tokenizer = "bytes"
"""


@dataclass
class Terminal:
    """A folder with a followed log, a systemctl that restarts nothing, and the command line."""

    folder: Path
    environ: dict[str, str]

    def run(self, *arguments: str, timeout_s: float = 180) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "groundcrew_cli", *arguments],
            cwd=self.folder, env=self.environ, capture_output=True, text=True, timeout=timeout_s, check=False,
        )  # fmt: skip

    def log(self, line: str) -> None:
        with (self.folder / "app.log").open("a") as file:
            file.write(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f}Z {self.host} {line}\n")

    @property
    def host(self) -> str:
        return "brickbox-43"

    def until(self, what: str, arguments: tuple[str, ...], holds: Callable[[dict[str, Any]], bool]) -> None:
        deadline = time.monotonic() + 60
        while True:
            done = self.run(*arguments)
            if done.returncode == 0 and holds(json.loads(done.stdout)):
                return
            assert time.monotonic() < deadline, f"{what}: {done.stdout}{done.stderr}"
            time.sleep(0.3)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    folder = Path(tempfile.mkdtemp(prefix="gc-cli-"))
    folder.chmod(0o711)  # the servers' account passes through, where root runs this
    (folder / "bin").mkdir()
    program = folder / "bin" / "systemctl"
    program.write_text(SYSTEMCTL.format(folder=folder))
    program.chmod(0o755)
    (folder / "app.log").touch()
    (folder / "groundcrew.toml").write_text(CONFIGURATION.format(folder=folder))
    environ = {name: value for name, value in os.environ.items() if not name.startswith("GROUNDCREW_")}
    terminal = Terminal(
        folder, environ | {"GROUNDCREW_HOME": str(folder / "home"), "GROUNDCREW_MCP__PORT": str(free_port())}
    )
    yield terminal
    terminal.run("down")
    shutil.rmtree(folder, ignore_errors=True)


def test_a_fault_is_seen_named_and_repaired_from_the_command_line(terminal: Terminal) -> None:
    assert terminal.run("status").returncode == 3
    up = terminal.run("up", "--detach", "--port", str(free_port()))
    assert up.returncode == 0, up.stderr
    assert "#token=" in up.stdout
    again = terminal.run("up", "--detach", "--port", str(free_port()))
    assert again.returncode == 1
    assert "it is up already, at http://127.0.0.1:" in again.stderr

    terminal.until("the host is known", ("status", "--json"), lambda seen: bool(seen["hosts"]["items"]))
    terminal.log(f"systemd[1]: {UNIT}: Failed with result 'exit-code'.")
    terminal.until("an incident is open", ("incidents", "--json"), lambda seen: bool(seen["items"]))
    terminal.until("a restart waits", ("approve", "--json"), lambda seen: "service.restart" in json.dumps(seen))

    shown = terminal.run("incidents").stdout
    assert f"{UNIT} failed" in shown
    waiting = json.loads(terminal.run("approve", "--json").stdout)["items"]
    (restart,) = [action for action in waiting if action["kind"] == "service.restart"]
    assert f"groundcrew approve {restart['id'][:8]}" in shown

    approved = terminal.run("approve", restart["id"][:8], "-m", "go on")
    assert approved.returncode == 0, approved.stdout + approved.stderr
    assert "succeeded  service.restart trainer.service on brickbox-43" in approved.stdout
    calls = (terminal.folder / "calls").read_text().splitlines()
    assert [call for call in calls if call.startswith("restart")] == [f"restart -- {UNIT}"]
    assert "Failed with result" in terminal.run("logs", "--contains", "exit-code").stdout

    assert terminal.run("down").stdout == "Stopped.\n"
    assert terminal.run("status").returncode == 3
