"""Runs the ipmi-collector in a process that can be killed. `python collecting.py SETTINGS_JSON INVENTORY STORE`.

The bus is a file that only grows: a publish appends the envelopes, one line each, slowly enough to be killed in the
middle. The inventory is a file, looked at again and again.
"""

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import structlog
import uvloop
from prometheus_client import CollectorRegistry

from groundcrew.contracts.clock import SystemClock
from groundcrew.contracts.envelope import Envelope, ProducedBy, encode
from groundcrew.runtime.health import HealthBoard
from groundcrew.runtime.resources import Resources
from groundcrew.runtime.tasks import RootTasks
from groundcrew_ipmi_collector.service import wire
from groundcrew_ipmi_collector.settings import IpmiCollectorSection, Settings


class InventoryFile:
    """As much of a KV bucket as the collector uses."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._told = b""

    async def watch(self, callback: Callable[[str, bytes | None], Awaitable[None]]) -> None:
        await self._tell(callback)
        self._following = asyncio.create_task(self._follow(callback))

    async def _follow(self, callback: Callable[[str, bytes | None], Awaitable[None]]) -> None:
        while True:
            await asyncio.sleep(0.05)
            await self._tell(callback)

    async def _tell(self, callback: Callable[[str, bytes | None], Awaitable[None]]) -> None:
        if (text := self._path.read_bytes()) != self._told:
            self._told = text
            await callback("current", text)


class FileBus:
    """As much of a bus as the collector uses."""

    site = "demo"

    def __init__(self, inventory: Path, store: Path) -> None:
        self._inventory = inventory
        self._file = os.open(store, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    async def key_value(self, _bucket: str) -> InventoryFile:
        return InventoryFile(self._inventory)

    async def serve(self, endpoint: Any, handler: Callable[[Any], Awaitable[Any]]) -> None:
        """Nobody asks."""

    async def publish_batch(self, envelopes: Sequence[Envelope[Any]]) -> None:
        for envelope in envelopes:
            os.write(self._file, encode(envelope) + b"\n")
            await asyncio.sleep(0.01)


async def collect(section: IpmiCollectorSection, inventory: Path, store: Path) -> None:
    clock = SystemClock()
    log = structlog.get_logger()
    async with AsyncExitStack() as stack:
        tasks = RootTasks(log)
        stack.push_async_callback(tasks.close)
        resources = Resources(
            service="ipmi-collector",
            site="demo",
            clock=clock,
            bus=FileBus(inventory, store),  # type: ignore[arg-type]
            stores=None,  # type: ignore[arg-type]
            registry=CollectorRegistry(),
            log=log,
            health=HealthBoard(clock),
            tasks=tasks,
            stack=stack,
            produced_by=ProducedBy(service="ipmi-collector", version="0"),
        )
        await wire(Settings(ipmi_collector=section), resources)
        end = await tasks.ended()
        raise SystemExit(str(end))


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(
            collect(IpmiCollectorSection.model_validate(json.loads(sys.argv[1])), Path(sys.argv[2]), Path(sys.argv[3]))
        )
