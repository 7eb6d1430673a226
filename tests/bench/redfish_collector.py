"""The ipmi-collector as it is wired in production, over a bus that counts: `python -m tests.bench.redfish_collector
SETTINGS_JSON INVENTORY_FILE`. Prints what it published when it is ended by SIGTERM."""

import asyncio
import json
import signal
import sys
from collections import Counter
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


class CountingBus:
    """Encodes what is published, as a real one does, and counts it."""

    site = "bench"

    def __init__(self, inventory: bytes) -> None:
        self._inventory = inventory
        self.messages: Counter[str] = Counter()
        self.records: set[int] = set()
        self.doubled = 0

    async def key_value(self, _bucket: str) -> "CountingBus":
        return self

    async def watch(self, callback: Callable[[str, bytes | None], Awaitable[None]]) -> None:
        await callback("current", self._inventory)

    async def serve(self, endpoint: Any, handler: Callable[[Any], Awaitable[Any]]) -> None:
        """Nobody asks."""

    async def publish_batch(self, envelopes: Sequence[Envelope[Any]]) -> None:
        for envelope in envelopes:
            encode(envelope)
            self.messages[envelope.type] += 1
            if envelope.type == "observe.sel":
                fresh = {int(row_id[:15], 16) for row_id in envelope.data.ids}
                self.doubled += len(fresh & self.records)
                self.records |= fresh


async def collect(section: IpmiCollectorSection, inventory: Path) -> None:
    clock, log = SystemClock(), structlog.get_logger()
    bus = CountingBus(inventory.read_bytes())
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    async with AsyncExitStack() as stack:
        tasks = RootTasks(log)
        stack.push_async_callback(tasks.close)
        resources = Resources(
            service="ipmi-collector",
            site="bench",
            clock=clock,
            bus=bus,  # type: ignore[arg-type]
            stores=None,  # type: ignore[arg-type]
            registry=CollectorRegistry(),
            log=log,
            health=HealthBoard(clock),
            tasks=tasks,
            stack=stack,
            produced_by=ProducedBy(service="ipmi-collector", version="0"),
        )
        await wire(Settings(ipmi_collector=section), resources)
        await ended.wait()
    print(json.dumps({"messages": bus.messages, "records": len(bus.records), "doubled": bus.doubled}), flush=True)


if __name__ == "__main__":
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(collect(IpmiCollectorSection.model_validate(json.loads(sys.argv[1])), Path(sys.argv[2])))
