"""One collector's rounds over many BMCs, in a process of its own so that its CPU time is its own.

`python -m tests.bench.bmc_rounds BACKEND STATE_DIR PORT...`, the password in IPMI_PASSWORD. Each line on standard input
is a round; each is answered with a line of JSON. Who waits for a turn, sessions, deadlines: all as in the service.
"""

import asyncio
import json
import os
import resource
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import structlog
import uvloop
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from groundcrew.contracts.clock import SystemClock
from groundcrew.contracts.envelope import Envelope, ProducedBy, encode
from groundcrew.contracts.inventory import InventoryBmc
from groundcrew_ipmi_collector.choosing import backend_of
from groundcrew_ipmi_collector.ledger import Ledger
from groundcrew_ipmi_collector.observing import Observer
from groundcrew_ipmi_collector.poller import Poller
from groundcrew_ipmi_collector.settings import IpmiCollectorSection
from groundcrew_ipmi_collector.turn import Turn

USER = "groundcrew"


class CountingBus:
    """Takes what is published: encoded, as for the wire, and counted."""

    site = "bench"

    def __init__(self) -> None:
        self.records = self.readings = 0

    async def publish_batch(self, envelopes: Sequence[Envelope[Any]]) -> None:
        for envelope in envelopes:
            encode(envelope)
            if envelope.type == "observe.sel":
                self.records += len(envelope.data)
            elif envelope.type == "observe.sensors":
                self.readings += len(envelope.data)


def spent_s() -> float:
    """CPU seconds of this process and of those that it started and that are over."""
    both = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in both)


def pollers(section: IpmiCollectorSection, bus: CountingBus, ports: list[int]) -> list[Poller]:
    clock, ledger, registry, log = SystemClock(), Ledger(section.state_dir), CollectorRegistry(), structlog.get_logger()
    ledger.open()
    by = ProducedBy(service="ipmi-collector", version="0")
    observer = Observer(bus, clock=clock, produced_by=by, registry=registry, log=log)  # type: ignore[arg-type]
    made = []
    processes = asyncio.Semaphore(section.processes)
    for port in ports:
        entry = InventoryBmc(name=f"bmc-{port}", address="127.0.0.1", port=port, user=USER)
        backend = backend_of(
            entry,
            section,
            turn=Turn(),
            processes=processes,
            cache=ledger.cache(entry.name),
            clock=clock,
            ignored=lambda _: None,
            log=log,
        )
        made.append(
            Poller(
                entity=f"bmc:{entry.name}", backend=backend, section=section, observer=observer, ledger=ledger,
                clock=clock,
            )
        )  # fmt: skip
    return made


async def rounds(backend: str, folder: Path, ports: list[int]) -> None:
    section = IpmiCollectorSection.model_validate(
        {
            "state_dir": folder, "backend": backend, "password": SecretStr(os.environ["IPMI_PASSWORD"]),
            "sensors_interval_s": 1, "reply_s": 5,
        }
    )  # fmt: skip
    bus = CountingBus()
    watched = pollers(section, bus, ports)
    lane = asyncio.Semaphore(section.at_once)

    async def look(poller: Poller) -> None:
        async with lane:
            poller._sensors_at = None  # due in each round, however short the round before was
            await poller.poll()

    while await asyncio.to_thread(sys.stdin.readline):
        before, began, records, readings = spent_s(), time.monotonic(), bus.records, bus.readings
        await asyncio.gather(*(look(poller) for poller in watched))
        told = {
            "wall_s": time.monotonic() - began,
            "cpu_s": spent_s() - before,
            "records": bus.records - records,
            "readings": bus.readings - readings,
            "failing": sum(poller.outcome.reason is not None for poller in watched),
            "memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        }
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()
    for poller in watched:
        await poller.close()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(rounds(sys.argv[1], Path(sys.argv[2]), [int(port) for port in sys.argv[3:]]))
