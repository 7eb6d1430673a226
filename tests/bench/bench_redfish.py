"""A fleet over Redfish: `groundcrew bench redfish [-- --bmcs N] [--rounds N]`.

The ipmi-collector in one process, as wired in production, over a bus that counts; the simulated fleet in another, on
TLS. One BMC in ten takes a connection and never answers, one in twenty has 1,200 entries, every log grows by an entry a
minute. The first two rounds, in which everything is discovered, are not measured.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from statistics import quantiles
from typing import Any

import psutil
from tests.bmc.redfish.bmc import PASSWORD, USER
from tests.bmc.redfish.fleet import address

from groundcrew.contracts.inventory import Inventory, InventoryBmc

INTERVAL_S = 60.0
NOT_MEASURED = 2


def inventory(count: int, port: int, fingerprint: str) -> Inventory:
    return Inventory(
        bmc=[
            InventoryBmc(
                name=f"b{number}",
                address=address(number),
                redfish_port=port,
                protocol="redfish",
                user=USER,
                tls_fingerprint=fingerprint,
            )
            for number in range(count)
        ]
    )


def measured(count: int, rounds: int, folder: Path) -> dict[str, Any]:
    """Runs both processes for so many rounds."""
    simulated = subprocess.Popen(
        [sys.executable, "-m", "tests.bmc.redfish.fleet", str(count), str(count // 10), str(count // 20), str(folder)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert simulated.stdout is not None
    where = json.loads(simulated.stdout.readline())
    named = folder / "inventory.json"
    named.write_text(inventory(count, where["port"], where["fingerprint"]).model_dump_json())
    section = {
        "state_dir": str(folder / "state"), "password": PASSWORD, "interval_s": INTERVAL_S,
        "sensors_interval_s": INTERVAL_S / 2, "redfish_parts_s": INTERVAL_S / 2, "at_once": 32,
    }  # fmt: skip
    with (folder / "said").open("wb") as said:
        collector = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.redfish_collector", json.dumps(section), str(named)],
            stdout=subprocess.PIPE, stderr=said,
        )  # fmt: skip
    watched, most = psutil.Process(collector.pid), 0
    until = time.monotonic() + INTERVAL_S * rounds
    while time.monotonic() < until:
        time.sleep(1)
        assert collector.poll() is None, (folder / "said").read_text()[-2_000:]
        most = max(most, watched.memory_info().rss)
    times = watched.cpu_times()
    collector.terminate()
    told = json.loads(collector.communicate(timeout=120)[0])
    seen = json.loads(simulated.communicate(b"", timeout=120)[0])
    return {**told, **seen, "rss": most, "cpu_s": times.user + times.system}


def intervals(looks: list[list[float]], rounds: int) -> list[float]:
    """Seconds between looks at one BMC, of the rounds that are measured."""
    begun = min(times[0] for times in looks if times)
    since = begun + INTERVAL_S * NOT_MEASURED
    until = begun + INTERVAL_S * rounds
    return [
        later - earlier for times in looks for earlier, later in pairwise(times) if since <= earlier and later <= until
    ]


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="groundcrew bench redfish")
    parser.add_argument("--bmcs", type=int, default=1_000)
    parser.add_argument("--rounds", type=int, default=6)
    asked = parser.parse_args(arguments)
    if asked.bmcs < 2 or asked.rounds < NOT_MEASURED + 2:
        parser.error(f"expected at least --bmcs 2 and --rounds {NOT_MEASURED + 2}")
    with tempfile.TemporaryDirectory() as folder:
        found = measured(asked.bmcs, asked.rounds, Path(folder))
    gaps = intervals(found["looks"], asked.rounds)
    cut = quantiles(gaps, n=100)
    well = asked.bmcs - asked.bmcs // 10
    print(f"| {asked.bmcs:,} BMCs over Redfish, {asked.bmcs // 10} hanging, 60 s | figure | bar |")
    print("|---|---|---|")
    print(f"| interval of the {well} that work, p95 | {cut[94]:.1f} s ({len(gaps):,} looks) | 54 to 66 s |")
    print(f"| the same, p5 and p99 | {cut[4]:.1f} and {cut[98]:.1f} s | |")
    print(f"| BMCs that were not looked at | {sum(not times for times in found['looks'])} | 0 |")
    print(f"| memory of the collector, most | {found['rss'] / 1e6:.0f} MB | 200 MB |")
    print(f"| sessions left | {found['leaked']} of {found['logins']:,} logins | 0 |")
    print(f"| sessions at one BMC, most | {found['most_sessions']} | 1 |")
    print(f"| streams of events at once, at one BMC, left | {found['streams']}, {found['most_streams']}, "
          f"{found['streams_left']} | 1 at one, 0 left |")  # fmt: skip
    print(f"| records published, of them doubled | {found['records']:,}, {found['doubled']} | 0 doubled |")
    print(f"| records in the logs at the end | {found['entries']:,} | |")
    print(f"| CPU time of the collector | {100 * found['cpu_s'] / (INTERVAL_S * asked.rounds):.0f} % of a core | |")


if __name__ == "__main__":
    main(sys.argv[1:])
