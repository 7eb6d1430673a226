"""Runs the host collector in a process that can be killed. `python collecting.py SETTINGS_JSON STORE`.

The bus is a file that only grows: a publish appends the envelopes, one line each, and is slow enough to be killed in
the middle.
"""

import asyncio
import json
import os
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import structlog
from prometheus_client import CollectorRegistry

from groundcrew.contracts.clock import SystemClock
from groundcrew.contracts.envelope import Envelope, ProducedBy, encode
from groundcrew.runtime.health import HealthBoard
from groundcrew.runtime.resources import Resources
from groundcrew.runtime.tasks import RootTasks
from groundcrew_host_collector.service import wire
from groundcrew_host_collector.settings import HostCollectorSection, Settings


class FileBus:
    """As much of a bus as the collector uses."""

    site = "demo"

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    async def publish_batch(self, envelopes: Sequence[Envelope[Any]]) -> None:
        for envelope in envelopes:
            data = encode(envelope) + b"\n"
            os.write(self._file, data)
            await asyncio.sleep(0.005)


async def collect(section: HostCollectorSection, store: Path) -> None:
    clock = SystemClock()
    log = structlog.get_logger()
    async with AsyncExitStack() as stack:
        tasks = RootTasks(log)
        stack.push_async_callback(tasks.close)
        resources = Resources(
            service="host-collector",
            site="demo",
            clock=clock,
            bus=FileBus(store),  # type: ignore[arg-type]
            stores=None,  # type: ignore[arg-type]
            registry=CollectorRegistry(),
            log=log,
            health=HealthBoard(clock),
            tasks=tasks,
            stack=stack,
            produced_by=ProducedBy(service="host-collector", version="0"),
        )
        await wire(Settings(host_collector=section), resources)
        end = await tasks.ended()
        raise SystemExit(str(end))


if __name__ == "__main__":
    asyncio.run(collect(HostCollectorSection.model_validate(json.loads(sys.argv[1])), Path(sys.argv[2])))
