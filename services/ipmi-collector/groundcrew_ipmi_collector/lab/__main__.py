"""`python -m groundcrew_ipmi_collector.lab`: simulated BMCs on ports of the loopback address, until it is ended.

The user is `groundcrew`; the password is IPMI_PASSWORD's. Lines on standard input change all BMCs, and each is answered
with a line: `add N` (N records more), `fault NAME` or `fault none`.
"""

import argparse
import asyncio
import os
import random
import sys
from collections.abc import Sequence

import uvloop

from groundcrew.contracts.clock import Clock, SystemClock
from groundcrew_ipmi_collector.lab.bmc import Fault, SimulatedBmc
from groundcrew_ipmi_collector.lab.machines import happening, machine
from groundcrew_ipmi_collector.lab.server import BmcServer

USER = "groundcrew"


async def serve(arguments: argparse.Namespace, password: str, clock: Clock) -> None:
    """Until standard input ends; raises OSError where a port is taken."""

    def seconds() -> int:
        return int(clock.now().timestamp())

    bmcs: list[SimulatedBmc] = []
    for place in range(arguments.count):
        bmc = machine(place, seconds, sensor_count=arguments.sensors, record_count=arguments.records)
        await BmcServer.serve(bmc, arguments.first_port + place, user=USER, password=password)
        bmcs.append(bmc)
    last = arguments.first_port + len(bmcs) - 1
    _say(f"{len(bmcs)} BMCs on 127.0.0.1, ports {arguments.first_port} to {last}")
    chance = random.Random()  # noqa: S311
    while line := await asyncio.to_thread(sys.stdin.readline):
        _say(_done(line.split(), bmcs, chance))


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


def main(words: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m groundcrew_ipmi_collector.lab", description=__doc__)
    parser.add_argument("--count", type=int, default=10, help="BMCs")
    parser.add_argument("--first-port", type=int, default=9_001, help="port of the first; the others follow")
    parser.add_argument("--sensors", type=int, default=60, help="sensors of each")
    parser.add_argument("--records", type=int, default=300, help="event log records of each at the start")
    arguments = parser.parse_args(words)
    password = os.environ.get("IPMI_PASSWORD", "")
    if not password:
        parser.error("IPMI_PASSWORD is not set: it is the password of the user groundcrew")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        try:
            runner.run(serve(arguments, password, SystemClock()))
        except OSError as error:
            parser.error(f"a port from {arguments.first_port} on cannot be used: {error.strerror or error}")


if __name__ == "__main__":
    main()
