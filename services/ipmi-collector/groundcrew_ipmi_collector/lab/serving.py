"""Simulated BMCs on ports of the loopback address, and what is said to all of them while they run.

Lines on standard input change all BMCs, and each is answered with a line: `add N` (N records more), `clear` (their
event logs), `room N` (records that a log holds: fewer than it has, and it wraps), `clock S` (theirs is S seconds ahead,
or behind), `reset` (they forget sessions, and their clocks count from the start), `fault NAME` or `fault none`.
"""

import asyncio
import random
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import uvloop

from groundcrew.contracts.clock import Clock, SystemClock
from groundcrew_ipmi_collector.lab.bmc import Fault
from groundcrew_ipmi_collector.lab.machines import happening, machine
from groundcrew_ipmi_collector.lab.server import BmcServer

USER = "groundcrew"
MAX_ADDED, MAX_ROOM, MAX_CLOCK_S = 10_000, 60_000, 10 * 365 * 86_400

Change = Callable[[BmcServer], None]


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

    servers: list[BmcServer] = []
    for place in range(wanted.count):
        bmc = machine(place, seconds, sensor_count=wanted.sensors, record_count=wanted.records)
        servers.append(await BmcServer.serve(bmc, wanted.first_port + place, user=USER, password=password))
    _say(f"{len(servers)} BMCs on 127.0.0.1, ports {wanted.first_port} to {wanted.last_port}")
    chance = random.Random()  # noqa: S311
    while line := await asyncio.to_thread(sys.stdin.readline):
        _say(done(line.split(), servers, chance))
    if not ends_with_input:
        await asyncio.Event().wait()


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def done(words: list[str], servers: Sequence[BmcServer], chance: random.Random) -> str:
    """Does what a line says to each BMC; returns what was done, or what is expected."""
    match words:
        case ["add", count] if _within(count, 0, MAX_ADDED):
            change = _adds(int(count), chance)
        case ["clear"]:
            change = _clears
        case ["room", count] if _within(count, 1, MAX_ROOM):
            change = _has_room(int(count))
        case ["clock", ahead] if _within(ahead.removeprefix("-"), 0, MAX_CLOCK_S):
            change = _is_ahead(int(ahead))
        case ["reset"]:
            change = _resets
        case ["fault", name] if name == "none" or name in list(Fault):
            change = _has(set() if name == "none" else {Fault(name)})
        case _:
            return f"expected `add N`, `clear`, `room N`, `clock S`, `reset` or `fault none|{'|'.join(Fault)}`"
    for server in servers:
        change(server)
    return " ".join(words).replace("add", "added", 1)


def _within(number: str, least: int, most: int) -> bool:
    return number.isascii() and number.isdecimal() and len(number) < 12 and least <= int(number) <= most


def _adds(count: int, chance: random.Random) -> Change:
    def change(server: BmcServer) -> None:
        for _ in range(count):
            server.bmc.add(happening(chance))

    return change


def _clears(server: BmcServer) -> None:
    server.bmc.clear()


def _has_room(count: int) -> Change:
    def change(server: BmcServer) -> None:
        server.bmc.hold(count)

    return change


def _is_ahead(seconds: int) -> Change:
    def change(server: BmcServer) -> None:
        server.bmc.clock_off_s = seconds

    return change


def _resets(server: BmcServer) -> None:
    server.forget_sessions()
    server.bmc.clock_off_s = -server.bmc.clock()


def _has(faults: set[Fault]) -> Change:
    def change(server: BmcServer) -> None:
        server.bmc.faults = set(faults)

    return change
