"""From trigger event to deterministic verdict at a thousand a second: `groundcrew bench verdict [-- --rate N]`."""

import argparse
import asyncio
import random
import re
import shutil
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil
from tests.bench.bench_fusion import event, events, struck
from tests.bench.live import SITE, connected
from tests.chaos.processes import Services
from tests.conftest import PostgresServer
from tests.contract.bus.nats_server import NatsServer

from groundcrew.bus.jetstream import JetStreamBus
from groundcrew.contracts.clock import SystemClock
from groundcrew.contracts.envelope import Envelope
from groundcrew.contracts.incidents import TriggerRaised

FLEET = 10_000
SYMPTOMS = 12
"""Kinds of trigger event of a host; what comes beyond them are repeats."""
EVERY_S = 0.05
PATIENCE_S = 120.0
BAR_S = 5.0


def stamped(envelope: Envelope[TriggerRaised], number: int) -> Envelope[TriggerRaised]:
    """The same now, in the site that runs."""
    now = SystemClock().now()
    data = envelope.data.model_copy(update={"first_seen": now, "last_seen": now})
    return envelope.model_copy(
        update={"site": SITE, "time": now, "received_at": now, "data": data, "position": str(number)}
    )


async def offered(bus: JetStreamBus, struck_hosts: int, rate: int, seconds: int) -> int:
    """Hand trigger events to the broker at this rate; how many they were."""
    hosts = struck(FLEET, struck_hosts / FLEET)
    told = events(hosts, SYMPTOMS, rate * seconds, random.randrange(1_000_000))
    began = time.monotonic()
    number = 0
    while number < rate * seconds:
        due = min(rate * seconds, int((time.monotonic() - began) * rate) + 1)
        batch = [stamped(next(told), at) for at in range(number, due)]
        await bus.publish_batch(batch)
        number = due
        await asyncio.sleep(EVERY_S)
    return number


async def measured(folder: Path, hosts: int, rate: int, seconds: int) -> None:
    nats = NatsServer(folder)
    await nats.start()
    data = Path(tempfile.mkdtemp(prefix="gc-verdict-postgres-"))
    postgres = PostgresServer(data, fsync="on")
    postgres.create()
    postgres.start()
    services = Services(folder, nats, postgres.create_database("bench"))
    try:
        context = services.start("context")
        await asyncio.to_thread(context.until_ready, 60)
        async with connected(nats) as bus:
            await bus.publish(stamped(event("warm", "disk.failed", "sda", 0, 0), 0))
            before = cpu_s(context.process.pid)
            sent = await offered(bus, hosts, rate, seconds)
            took = time.monotonic()
            await until_handled(context.port, sent)
            print(f"{sent:,} trigger events of {SYMPTOMS} kinds on each of {hosts:,} hosts at {rate:,} a second; all "
                  f"fused {time.monotonic() - took:.2f} s after the last was offered. CPU time of context per trigger "
                  f"event: {1e3 * (cpu_s(context.process.pid) - before) / sent:.2f} ms.\n")  # fmt: skip
            lag = latencies(context.port)
            print("| share of the trigger events | verdict within |\n|---|---|")
            for share in (0.5, 0.95, 0.99, 1.0):
                print(f"| {share:.0%} | {lag(share)} |")
            print()
    finally:
        services.terminate(10)
        services.end()
        postgres.stop()
        nats.stop()
        shutil.rmtree(data, ignore_errors=True)


def cpu_s(process: int) -> float:
    return sum(psutil.Process(process).cpu_times()[:2])


def scrape(port: int) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as reply:
        return str(reply.read().decode())


async def until_handled(port: int, count: int) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        text = await asyncio.to_thread(scrape, port)
        told = re.findall(r'^groundcrew_context_triggers_total\{outcome="\w+"\} (\S+)$', text, re.MULTILINE)
        if sum(map(float, told)) >= count:
            return
        await asyncio.sleep(0.5)  # a scrape costs what several trigger events do
    sys.exit(f"not all trigger events were fused within {PATIENCE_S:g} s")


def latencies(port: int) -> Callable[[float], str]:
    """Upper bounds of the service's own histogram, by share."""
    text = scrape(port)
    buckets = [
        (edge, float(count))
        for edge, count in re.findall(
            r'^groundcrew_context_verdict_seconds_bucket\{le="([^"]+)"\} (\S+)$', text, re.MULTILINE
        )
    ]
    total = buckets[-1][1]

    def within(share: float) -> str:
        edge = next(edge for edge, count in buckets if count >= share * total)
        bar = f" (aim {BAR_S:g} s)" if share == 0.99 else ""
        return f"more than {buckets[-2][0]} s{bar}" if edge == "+Inf" else f"{float(edge):g} s{bar}"

    return within


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="bench verdict", description=__doc__)
    parser.add_argument("--rate", type=int, default=1_000, help="trigger events a second")
    parser.add_argument(
        "--hosts",
        type=int,
        nargs="+",
        default=[FLEET // 100, FLEET // 10],
        help="hosts with faults, of 10,000: the fewer, the more are repeats; several are measured one after another",
    )
    parser.add_argument("--seconds", type=int, default=30)
    given = parser.parse_args(arguments)
    for hosts in given.hosts:
        folder = Path(tempfile.mkdtemp(prefix="gc-verdict-"))
        try:
            asyncio.run(measured(folder, hosts, given.rate, given.seconds))
        finally:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(sys.argv[1:])
