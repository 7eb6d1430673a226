"""BMCs over IPMI: `groundcrew bench bmc [-- --bmcs N --real N --rounds N]`.

Simulated BMCs of 60 sensors and 300 event log records, some of them real `ipmi_sim` (Debian's package openipmi), 5 new
records for each and round. The same collector reads all of them in rounds: once by its own client, once by ipmitool
processes with kept sensor records and incremental logs, with the same settings, in the same run. CPU time is that of
the collector with the processes that it starts, without the simulators, which have the same two cores.
"""

import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from tests.conftest import free_port
from tests.contract.ipmi_collector.simulated_bmc import ANALOG, PASSWORD, SUPPLIES, SimulatedBmc

SENSORS, RECORDS, NEW = 60, 300, 5
BAR_ROUND_S, BAR_SHARE = 30.0, 0.1
ROOT = Path(__file__).parents[2]


class Talk:
    """A child process that answers each line with one."""

    def __init__(self, *words: object) -> None:
        environ = {**os.environ, "IPMI_PASSWORD": PASSWORD, "PYTHONPATH": str(ROOT)}
        self.process = subprocess.Popen(
            [sys.executable, "-m", *map(str, words)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environ, cwd=ROOT, text=True,
        )  # fmt: skip

    def read(self) -> str:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, "it ended"
        return line

    def ask(self, line: str) -> str:
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return self.read()

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(20)
        self.process.kill()
        self.process.wait()


class Fleet:
    """All BMCs of a run; `grow` adds records to each log."""

    def __init__(self, lab: Talk, ports: list[int], real: list[SimulatedBmc]) -> None:
        self._lab = lab
        self._real = real
        self._written = RECORDS
        self.ports = [*ports, *(bmc.port for bmc in real)]

    def grow(self) -> None:
        assert self._lab.ask(f"add {NEW}").startswith("added")
        for bmc in self._real:
            bmc.add_records(NEW, start=self._written)
        self._written += NEW


@contextmanager
def fleet(bmcs: int, real: int) -> Iterator[Fleet]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        started = []
        for number in range(real):
            more = SENSORS - len(ANALOG) - len(SUPPLIES)
            bmc = SimulatedBmc(folder / str(number), guid=f"{number + 1:032x}", more_sensors=more)
            stack.callback(bmc.kill)
            bmc.start()
            bmc.set_clock()
            bmc.add_records(RECORDS)
            started.append(bmc)
        first = free_port()
        lab = Talk(
            "groundcrew_ipmi_collector.lab", "--count", bmcs - real, "--first-port", first,
            "--sensors", SENSORS, "--records", RECORDS,
        )  # fmt: skip
        stack.callback(lab.close)
        lab.read()
        yield Fleet(lab, list(range(first, first + bmcs - real)), started)


def measured(backend: str, watched: Fleet, rounds: int) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The first round, which reads everything, and the others."""
    with tempfile.TemporaryDirectory() as folder:
        collector = Talk("tests.bench.bmc_rounds", backend, folder, *watched.ports)
        try:
            first = json.loads(collector.ask("first"))
            others = []
            for _ in range(rounds):
                watched.grow()
                others.append(json.loads(collector.ask("round")))
        finally:
            collector.close()
    return first, others


def row(name: str, told: dict[str, Any], count: int) -> str:
    cells = (
        f"{told['wall_s']:.1f}", f"{1_000 * told['cpu_s'] / count:.2f}", f"{told['records']:,}",
        f"{told['readings']:,}", f"{told['failing']}", f"{told['memory_mb']:.0f}",
    )  # fmt: skip
    return f"| {name} | " + " | ".join(cells) + " |"


def median(rounds: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return {name: statistics.median(one[name] for one in rounds) for name in rounds[0]}


def main(words: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="groundcrew bench bmc --", description=__doc__)
    parser.add_argument("--bmcs", type=int, default=200)
    parser.add_argument("--real", type=int, default=20, help="of these, how many are ipmi_sim")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args(words)
    found: dict[str, tuple[dict[str, Any], list[dict[str, Any]]]] = {}
    with fleet(arguments.bmcs, arguments.real) as watched:
        for backend in ("native", "ipmitool"):
            found[backend] = measured(backend, watched, arguments.rounds)
    print(
        f"{arguments.bmcs} BMCs, {arguments.real} of them `ipmi_sim`; {SENSORS} sensors, {RECORDS} records, {NEW} new"
    )
    print("\n| round | seconds | CPU ms per BMC | records | readings | failing | MB |\n|---|---|---|---|---|---|---|")
    for backend, (first, others) in found.items():
        print(row(f"{backend}, first", first, arguments.bmcs))
        print(row(f"{backend}, then (median of {len(others)})", median(others), arguments.bmcs))
    native, tool = (median(found[backend][1]) for backend in ("native", "ipmitool"))
    share = native["cpu_s"] / tool["cpu_s"]
    print("\n| bar | measured | met |\n|---|---|---|")
    slowest = max(one["wall_s"] for one in found["native"][1])
    print(f"| full round ≤ {BAR_ROUND_S:.0f} s | {slowest:.1f} s | {'yes' if slowest <= BAR_ROUND_S else 'no'} |")
    print(f"| CPU ≤ {BAR_SHARE:.2f} of ipmitool's | {share:.3f} | {'yes' if share <= BAR_SHARE else 'no'} |")
    everything = arguments.bmcs * NEW
    complete = all(one["records"] == everything for _, others in found.values() for one in others)
    print(f"| each new record once, in each round | {everything:,} | {'yes' if complete else 'no'} |")


if __name__ == "__main__":
    main()
