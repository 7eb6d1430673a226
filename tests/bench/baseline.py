"""What the embedded system costs on this machine: start, memory, idle CPU, latency from a line to its incident.

    groundcrew bench baseline --write -- --fresh

`--fresh` also clones the checkout into an empty folder and times both README commands there, downloads included.
Prints Markdown; nothing here passes or fails.
"""

import argparse
import asyncio
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import httpx2
import psutil
import websockets

ROOT = Path(__file__).parents[2]
IDLE_S = 60
SAMPLES = 60


def say(text: str = "") -> None:
    print(text, flush=True)


def groundcrew(*arguments: str, checkout: Path = ROOT, env: dict[str, str] | None = None) -> tuple[float, str]:
    """Run the wrapper; (seconds, standard output)."""
    began = time.monotonic()
    done = subprocess.run(
        [checkout / "groundcrew", *arguments],
        env={**os.environ, **(env or {})},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"groundcrew {' '.join(arguments)} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}")
    return time.monotonic() - began, done.stdout


def environment(home: Path, log: Path) -> dict[str, str]:
    return {
        "GROUNDCREW_HOME": str(home),
        "GROUNDCREW_HOST_COLLECTOR__FILES": json.dumps([str(log), "/var/log/*log"]),
        "GROUNDCREW_HOST_COLLECTOR__HOST": "this-machine",
    }


def parts(state: dict[str, object]) -> dict[str, psutil.Process]:
    """The processes of a running system by name; PostgreSQL's backends are counted with their parent."""
    servers = state["servers"]
    assert isinstance(servers, dict)
    return {
        "services (one process)": psutil.Process(state["services_pid"]),
        "supervisor": psutil.Process(state["pid"]),
        **{name: psutil.Process(pid) for name, pid in servers.items()},
    }


def measure(process: psutil.Process, *, recursive: bool) -> tuple[float, float]:
    """(proportional set size in MiB, CPU seconds so far) of a process, with what it started where so asked."""
    family = [process, *(process.children(recursive=True) if recursive else [])]
    memory = sum(each.memory_full_info().pss for each in family) / 2**20
    cpu = sum(sum(each.cpu_times()[:2]) for each in family)
    return memory, cpu


async def latencies(url: str, key: str, log: Path) -> list[float]:
    """Seconds from the append of a failure line to its incident on the WebSocket, one at a time."""
    found = []
    address = url.replace("http", "ws") + "/api/v1/live"
    headers = {"Authorization": f"Bearer {key}"}
    async with (
        httpx2.AsyncClient(base_url=f"{url}/api/v1", headers=headers) as client,
        websockets.connect(address, additional_headers=headers) as socket,
    ):
        for number in range(SAMPLES):
            await asyncio.sleep(0.5)
            unit = f"bench-{number:03}.service"
            began = time.monotonic()
            with log.open("a") as file:
                file.write(f"{time.strftime('%Y-%m-%dT%H:%M:%S+00:00', time.gmtime())} this-machine kernel: "
                           f"Out of memory: Killed process {7000 + number} ({unit}) total-vm:1kB, anon-rss:1kB, "
                           "file-rss:0kB, shmem-rss:0kB, UID:0 pgtables:1kB oom_score_adj:0\n")  # fmt: skip
            while unit not in str(await asyncio.wait_for(socket.recv(), 30)):
                pass
            found.append(time.monotonic() - began)
        (await client.get("incidents")).raise_for_status()
    return found


def running(home: Path) -> dict[str, object]:
    state: dict[str, object] = json.loads((home / "run" / "state.json").read_text())
    return state


def report_fresh(folder: Path) -> None:
    clone = folder / "fresh"
    subprocess.run(["git", "clone", "-q", str(ROOT), str(clone)], check=True)
    env = {"GROUNDCREW_HOME": str(folder / "fresh-home"), "PIP_NO_CACHE_DIR": "1"}
    first, _ = groundcrew("up", "--detach", "--port", "40190", checkout=clone, env=env)
    groundcrew("down", checkout=clone, env=env)
    tests, said = groundcrew("test", "-q", checkout=clone, env=env)
    say(f"| `./groundcrew up`, first time, downloads included | {first:.1f} s | limit 120 s |")
    say(f"| `./groundcrew test`, first time, downloads included | {tests:.0f} s | {said.strip().splitlines()[-1]} |")


def main(arguments: Sequence[str] = ()) -> None:
    parser = argparse.ArgumentParser(prog="groundcrew bench baseline --", description="What the embedded system costs")
    parser.add_argument("--fresh", action="store_true", help="also time both README commands in a fresh clone")
    fresh = parser.parse_args(list(arguments)).fresh
    folder = Path(tempfile.mkdtemp(prefix="gc-baseline-"))
    folder.chmod(0o711)
    home, log = folder / "home", folder / "bench.log"
    log.touch()
    env = environment(home, log)
    try:
        say("| start | time | |\n|---|---|---|")
        if fresh:
            report_fresh(folder)
        made, _ = groundcrew("up", "--detach", "--port", "40191", env=env)
        groundcrew("down", env=env)
        warm, _ = groundcrew("up", "--detach", "--port", "40191", env=env)
        say(f"| `up` with packages installed, a new data folder | {made:.1f} s | |")
        say(f"| `up`, warm | {warm:.1f} s | limit 10 s |")
        time.sleep(10)
        state = running(home)
        family = parts(state)
        before = {name: measure(each, recursive=name != "supervisor")[1] for name, each in family.items()}
        time.sleep(IDLE_S)
        say(f"\n| part | memory (PSS), MiB | idle CPU over {IDLE_S} s, % of one core |\n|---|---|---|")
        total_memory = total_cpu = 0.0
        for name, each in family.items():
            memory, cpu = measure(each, recursive=name != "supervisor")
            share = 100 * (cpu - before[name]) / IDLE_S
            total_memory, total_cpu = total_memory + memory, total_cpu + share
            say(f"| {name} | {memory:.0f} | {share:.1f} |")
        say(f"| **all** | **{total_memory:.0f}** | **{total_cpu:.1f}** |")
        key = (home / "api-key").read_text().strip()
        seconds = sorted(asyncio.run(latencies(str(state["url"]), key, log)))
        say("\n| from an appended line to its incident on the WebSocket | ms |\n|---|---|")
        say(f"| p50 of {SAMPLES} | {1e3 * statistics.median(seconds):.0f} |")
        say(f"| p99 | {1e3 * seconds[min(len(seconds) - 1, round(0.99 * len(seconds)))]:.0f} |")
        say(f"| largest | {1e3 * seconds[-1]:.0f} |")
        say("\nThe collector looks at its files every 200 ms; that is most of the latency.")
    finally:
        groundcrew("down", env=env)
        shutil.rmtree(folder, ignore_errors=True)
