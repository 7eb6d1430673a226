"""Simulated BMCs on free ports, in a thread with an event loop of its own, so that any client can read them."""

import asyncio
import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from groundcrew_ipmi_collector.lab.bmc import SimulatedBmc
from groundcrew_ipmi_collector.lab.server import BmcServer

USER, PASSWORD = "groundcrew", "s3cret-of-a-bmc"


def our_clock() -> int:
    return int(time.time())


@dataclass
class Lab:
    """Servers run in `loop`; what touches a BMC's state goes through `do`."""

    loop: asyncio.AbstractEventLoop
    servers: dict[int, BmcServer] = field(default_factory=dict)

    def start(self, bmc: SimulatedBmc, **options: object) -> int:
        """Its port."""
        serving = BmcServer.serve(bmc, 0, user=USER, password=PASSWORD, **options)
        server = asyncio.run_coroutine_threadsafe(serving, self.loop).result(10)
        self.servers[server.port] = server
        return server.port

    def do(self, what: Callable[[], object]) -> None:
        async def doing() -> None:
            what()

        asyncio.run_coroutine_threadsafe(doing(), self.loop).result(10)

    def close(self) -> None:
        for server in self.servers.values():
            self.do(server.close)


@contextmanager
def lab() -> Iterator[Lab]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="simulated BMCs", daemon=True)
    thread.start()
    running = Lab(loop)
    try:
        yield running
    finally:
        running.close()
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


def ipmitool(port: int, *words: str, suite: int = 17, password: str = PASSWORD) -> subprocess.CompletedProcess[str]:
    """What a plain ipmitool makes of it."""
    options = ["-I", "lanplus", "-C", str(suite), "-N", "2", "-R", "2", "-H", "127.0.0.1", "-p", str(port), "-U", USER]
    environ = {**os.environ, "IPMI_PASSWORD": password, "TZ": "UTC", "LC_ALL": "C"}
    return subprocess.run(
        ["ipmitool", *options, "-E", *words], env=environ, capture_output=True, text=True, check=False
    )
