"""Host collector and trigger as processes of their own over a real nats-server, for benchmarks: started as they are in
containers, with the settings that the embedded system gives them."""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import structlog
from prometheus_client import CollectorRegistry
from tests.chaos.processes import Service, Services
from tests.conftest import ConnectionParts
from tests.contract.bus.nats_server import PASSWORDS, NatsServer

from groundcrew.bus.jetstream import JetStreamBus
from groundcrew.contracts.clock import SystemClock
from groundcrew.diagnosis.engines import EngineName

SITE = "demo"
HOST = "bench"
COMPILED_S = 120.0
_NO_DATABASE: ConnectionParts = {
    "host": "127.0.0.1", "port": 1, "database": "none", "user": "none", "password": "none"
}  # fmt: skip
"""Neither of the two opens one."""

_IMPORTS = """
import {package}.__main__, groundcrew.bus.jetstream, groundcrew.runtime.probes{more}
import uvicorn.protocols.http.auto, uvicorn.protocols.websockets.auto, uvicorn.lifespan.on
import gc, psutil
gc.collect()
print(psutil.Process().memory_info().rss)
"""


@dataclass(frozen=True)
class Live:
    """What runs. `followed` is the file that the collector follows."""

    collector: Service
    trigger: Service
    nats: NatsServer
    followed: Path

    def process(self, service: Service) -> psutil.Process:
        return psutil.Process(service.process.pid)


@asynccontextmanager
async def running(folder: Path, engine: EngineName, **settings: str) -> AsyncIterator[Live]:
    """Everything up, and the patterns compiled. `settings` are environment variables without GROUNDCREW_."""
    nats = NatsServer(folder)
    await nats.start()
    followed = folder / "followed.log"
    followed.touch()
    given = {
        "HOST_COLLECTOR__HOST": HOST,
        "HOST_COLLECTOR__FILES": json.dumps([str(followed)]),
        "HOST_COLLECTOR__JOURNAL": "off",
        "HOST_COLLECTOR__KMSG": "off",
        "TRIGGER__STATE_DIR": str(folder / "trigger"),
        "TRIGGER__ENGINE": "auto" if engine == "hyperscan" else engine,
    }
    services = Services(folder, nats, _NO_DATABASE, settings=given | settings)
    try:
        trigger, collector = services.start("trigger"), services.start("host-collector")
        await asyncio.to_thread(trigger.until_ready, 60)
        await asyncio.to_thread(collector.until_ready, 60)
        if engine == "hyperscan":
            await _compiled(trigger)
        yield Live(collector, trigger, nats, followed)
    finally:
        services.terminate(10)
        services.end()
        nats.stop()


async def _compiled(trigger: Service) -> None:
    deadline = time.monotonic() + COMPILED_S
    while "patterns compiled" not in (said := trigger.log.read_text()):
        if time.monotonic() > deadline:
            sys.exit(f"the patterns are not compiled within {COMPILED_S:g} s: {said[-2000:]}")
        await asyncio.sleep(0.2)


@asynccontextmanager
async def connected(nats: NatsServer) -> AsyncIterator[JetStreamBus]:
    """The bus as its administrator sees it."""
    bus = await JetStreamBus.connect(
        url=nats.url, user="admin", password=PASSWORDS["admin"], service="admin", site=SITE, clock=SystemClock(),
        registry=CollectorRegistry(), log=structlog.get_logger(),
    )  # fmt: skip
    try:
        yield bus
    finally:
        await bus.close()


def ground(service: str, engine: EngineName) -> float:
    """Resident MiB of an interpreter that has imported what this service imports, and does nothing."""
    package = f"groundcrew_{service.replace('-', '_')}"
    more = ", hyperscan" if engine == "hyperscan" and service == "trigger" else ""
    code = _IMPORTS.format(package=package, more=more)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return int(done.stdout) / 2**20


def resident(process: psutil.Process) -> float:
    """MiB."""
    return float(process.memory_info().rss) / 2**20


def cpu(process: psutil.Process) -> float:
    """Seconds of a core so far, with those of the programs that it started."""
    times = process.cpu_times()
    return float(times.user + times.system + times.children_user + times.children_system)
