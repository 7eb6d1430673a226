"""Runs inside the host-collector's container: publishes the envelopes on standard input as that collector may."""

import asyncio
import os
import sys

from prometheus_client import CollectorRegistry

from groundcrew.contracts.clock import SystemClock
from groundcrew.contracts.streams import decode
from groundcrew.runtime.connections import connect_bus
from groundcrew.runtime.settings import load
from groundcrew.telemetry.log import new_log
from groundcrew_host_collector.settings import Settings


async def main() -> None:
    clock = SystemClock()
    bus = await connect_bus(
        "host-collector",
        load(Settings, environ=os.environ),
        clock=clock,
        registry=CollectorRegistry(),
        log=new_log("host-collector", "default", clock=clock, level="warning"),
    )
    try:
        await bus.publish_batch([decode(line) for line in sys.stdin.buffer])
    finally:
        await bus.close()


asyncio.run(main())
