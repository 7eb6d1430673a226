"""Simulated BMCs on ports of the loopback address, and what is said to all of them while they run.

Lines on standard input change all BMCs, and each is answered with a line: `add N` (N records more), `fault NAME` or
`fault none`.
"""

import asyncio
import random
import sys
from dataclasses import dataclass

import uvloop

from groundcrew.contracts.clock import Clock, SystemClock
from groundcrew_ipmi_collector.lab.bmc import Fault, SimulatedBmc
from groundcrew_ipmi_collector.lab.machines import happening, machine
from groundcrew_ipmi_collector.lab.server import BmcServer

USER = "groundcrew"


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """`count` BMCs from `first_port` on, each with so many sensors and, at the start, event log records."""

    count: int
    first_port: int
    sensors: int = 60
    records: int = 300

    @property
    def last_port(self) -> int:
        return self.first_port + self.count - 1


def run(wanted: Wanted, password: str, *, ends_with_input: bool) -> None:
    """Until standard input ends, or this process is told to; raises OSError where a port is taken."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(wanted, password, SystemClock(), ends_with_input))


async def _serve(wanted: Wanted, password: str, clock: Clock, ends_with_input: bool) -> None:

    def seconds() -> int:
        return int(clock.now().timestamp())

    bmcs: list[SimulatedBmc] = []
    for place in range(wanted.count):
        bmc = machine(place, seconds, sensor_count=wanted.sensors, record_count=wanted.records)
        await BmcServer.serve(bmc, wanted.first_port + place, user=USER, password=password)
        bmcs.append(bmc)
    _say(f"{len(bmcs)} BMCs on 127.0.0.1, ports {wanted.first_port} to {wanted.last_port}")
    chance = random.Random()  # noqa: S311
    while line := await asyncio.to_thread(sys.stdin.readline):
        _say(_done(line.split(), bmcs, chance))
    if not ends_with_input:
        await asyncio.Event().wait()


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _done(words: list[str], bmcs: list[SimulatedBmc], chance: random.Random) -> str:
    match words:
        case ["add", count] if count.isdecimal():
            for bmc in bmcs:
                for _ in range(int(count)):
                    bmc.add(happening(chance))
            return f"added {count}"
        case ["fault", name] if name == "none" or name in list(Fault):
            for bmc in bmcs:
                bmc.faults = set() if name == "none" else {Fault(name)}
            return f"fault {name}"
        case _:
            return f"expected `add N` or `fault none|{'|'.join(Fault)}`"
