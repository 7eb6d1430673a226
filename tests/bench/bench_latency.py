"""From the append of a line to its trigger event on the bus, and what collector and trigger cost while they wait:
`groundcrew bench latency [-- --seconds 60] [--rate 5000]`.

A real nats-server that syncs every write, host collector and trigger as processes of their own with the shipped packs
and the settings that the embedded system gives them. Real kernel lines are appended to a followed file, 2 % of which
match; among them are marker lines that each raise a trigger event of their own. Its time counts from before the write
that appends it until the event is received from the bus. Data: GROUNDCREW_DATA.
"""

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import structlog
from tests.bench.detection_lines import KERNEL_LINES, Line
from tests.bench.live import HOST, Live, connected, cpu, ground, resident, running
from tests.bench.marked_lines import Marker, stream

from groundcrew.contracts.envelope import Envelope
from groundcrew.contracts.incidents import TriggerRaised
from groundcrew.diagnosis.engines import EngineName
from groundcrew.runtime.packs import load_packs

SHARE = 0.02
BAR_MS = 250
MEMORY_MIB = 60
IDLE_SHARE = 0.01
_WRITE_S = 0.005
_LAST_S = 15.0

Stream = Sequence[tuple[Line, Marker | None]]
Key = tuple[str, str]


@dataclass
class Stopwatch:
    """When markers were appended, and how long their trigger events took, in seconds."""

    appended: dict[Key, float] = field(default_factory=dict)
    taken: dict[Key, float] = field(default_factory=dict)
    events: int = 0

    async def received(self, envelope: Envelope[Any]) -> None:
        now = time.monotonic()
        data = envelope.data
        assert isinstance(data, TriggerRaised)
        self.events += 1
        key = (data.rule_id, data.component)
        if key in self.appended:
            self.taken.setdefault(key, now - self.appended[key])

    @property
    def missing(self) -> int:
        return len(self.appended) - len(self.taken)


async def append(file: Path, lines: Stream, rate: int, watch: Stopwatch) -> float:
    """Append the lines at that rate, as they would be logged; lines per second that it came to."""
    began = time.monotonic()
    done = 0
    with file.open("ab", buffering=0) as sink:
        while done < len(lines):
            await asyncio.sleep(_WRITE_S)
            due = min(len(lines), int((time.monotonic() - began) * rate))
            part = lines[done:due]
            stamp = datetime.now(UTC).isoformat(timespec="microseconds")
            text = "".join(f"{stamp} {HOST} {identifier}: {message}\n" for (identifier, message), _ in part)
            now = time.monotonic()
            watch.appended.update(((marker.rule_id, marker.component), now) for _, marker in part if marker)
            sink.write(text.encode("utf-8", "replace"))
            done = due
    return len(lines) / (time.monotonic() - began)


async def latency(live: Live, lines: Stream, rate: int) -> tuple[Stopwatch, float]:
    watch = Stopwatch()
    async with connected(live.nats) as bus:
        await bus.tap(f"gc.{bus.site}.trigger.*.*", watch.received)
        reached = await append(live.followed, lines, rate, watch)
        deadline = time.monotonic() + _LAST_S
        while watch.missing and time.monotonic() < deadline:
            await asyncio.sleep(0.05)
    return watch, reached


def show(watch: Stopwatch, reached: float, busy: dict[str, float]) -> bool:
    seconds = sorted(watch.taken.values())
    cuts = statistics.quantiles(seconds, n=100, method="inclusive")
    print("| from the append of a line to its trigger event | figure |\n|---|---|")
    print(f"| lines appended in a second | {reached:,.0f} |")
    print(f"| marker lines, trigger events in all | {len(watch.appended):,}, {watch.events:,} |")
    print(f"| **marker lines without their event** | **{watch.missing}** |")
    print(f"| p50 | {1e3 * cuts[49]:.0f} ms |")
    print(f"| p90 | {1e3 * cuts[89]:.0f} ms |")
    verdict = "holds" if 1e3 * cuts[98] <= BAR_MS else "**does not hold**"
    print(f"| **p99** | **{1e3 * cuts[98]:.0f} ms**, {verdict} (≤ {BAR_MS} ms) |")
    print(f"| largest | {1e3 * seconds[-1]:.0f} ms |")
    for name, share in busy.items():
        print(f"| {name}, of one core meanwhile | {share:.0%} |")
    return not watch.missing


async def measure(folder: Path, engine: EngineName, idle_s: float, lines: Stream, rate: int) -> bool:
    """Prints a section; whether every marker had its event."""
    async with running(folder, engine) as live:
        parts = {"host collector": live.process(live.collector), "trigger": live.process(live.trigger)}
        grounds = [ground("host-collector", engine), ground("trigger", engine)]
        await asyncio.sleep(5)
        before = {name: cpu(each) for name, each in parts.items()}
        await asyncio.sleep(idle_s)
        idle = {name: (cpu(each) - before[name]) / idle_s for name, each in parts.items()}
        waiting = {name: resident(each) for name, each in parts.items()}
        before = {name: cpu(each) for name, each in parts.items()}
        watch, reached = await latency(live, lines, rate)
        seconds = len(lines) / rate
        busy = {name: (cpu(each) - before[name]) / seconds for name, each in parts.items()}
        ok = show(watch, reached, busy)
        print("\n| process | interpreter with imports, MiB | added while idle | added after the lines | | idle CPU | |")
        print("|---|---|---|---|---|---|---|")
        for (name, each), base in zip(parts.items(), grounds, strict=True):
            after = resident(each) - base
            print(
                f"| {name} | {base:.0f} | {waiting[name] - base:.1f} | {after:.1f} | "
                f"{_verdict(max(after, waiting[name] - base) <= MEMORY_MIB)} (≤ {MEMORY_MIB}) | {idle[name]:.2%} | "
                f"{_verdict(idle[name] <= IDLE_SHARE)} (≤ {IDLE_SHARE:.0%}) |"
            )
        print()
    return ok


def _verdict(holds: bool) -> str:
    return "holds" if holds else "**does not hold**"


def main(arguments: Sequence[str] = ()) -> None:
    parser = argparse.ArgumentParser(prog="groundcrew bench latency --", description="From line to trigger event")
    parser.add_argument("--seconds", type=int, default=60, help="of appending, per engine")
    parser.add_argument("--rate", type=int, default=5_000, help="lines a second")
    parser.add_argument("--idle", type=int, default=30, help="seconds of idling that are measured")
    parser.add_argument("--engine", choices=("hyperscan", "re2"), help="one only")
    given = parser.parse_args(list(arguments))
    if not KERNEL_LINES.is_file():
        sys.exit(f"{KERNEL_LINES} is not there: GROUNDCREW_DATA names the folder of real data")
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger("error"))
    lines = stream(load_packs().knowledge, given.seconds * given.rate, SHARE)
    complete = True
    engines: tuple[EngineName, ...] = (given.engine,) if given.engine else ("hyperscan", "re2")
    for engine in engines:
        load = os.getloadavg()[0]
        print(f"## With {engine}\n\n{given.seconds} s; load of the machine before: {load:.1f}.\n")
        with tempfile.TemporaryDirectory(prefix="gc-latency-") as folder:
            complete = asyncio.run(measure(Path(folder), engine, given.idle, lines, given.rate)) and complete
    if not complete:
        sys.exit("a marker line has no trigger event")


if __name__ == "__main__":
    main(sys.argv[1:])
