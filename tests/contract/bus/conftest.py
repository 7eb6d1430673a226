"""One suite, two buses: the memory broker run live, and a real nats-server under the generated permissions."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import nats
import pytest
import structlog
from nats.js.errors import NotFoundError
from prometheus_client import CollectorRegistry

from groundcrew.bus.access import ADMIN
from groundcrew.bus.jetstream import JetStreamBus
from groundcrew.bus.memory import MemoryBroker, MemoryBus
from groundcrew.bus.port import Bus
from groundcrew.contracts.actions import ActionGranted, ActionKind
from groundcrew.contracts.clock import SystemClock, to_us
from groundcrew.contracts.envelope import Envelope, ProducedBy, seal
from groundcrew.contracts.identity import host, stable_id
from groundcrew.contracts.observations import LogBatch
from groundcrew.contracts.streams import Stream, decode

from .nats_server import PASSWORDS, NatsServer

SITE = "demo"
WHEN = datetime(2026, 1, 1, tzinfo=UTC)


def logged(name: str, number: int, *, text: str = "") -> Envelope[LogBatch]:
    """One line of host `name`, the `number`-th of its source."""
    batch = LogBatch(
        ids=[stable_id(SITE, name, number)],
        times=[to_us(WHEN) + number],
        priorities=[6],
        identifiers=["sshd"],
        units=["ssh.service"],
        transports=["file"],
        boot_ids=[""],
        positions=[str(number)],
        messages=[text or f"line {number}"],
    )
    return seal(
        batch,
        id=stable_id("batch", name, number),
        site=SITE,
        entity=host(name),
        time=WHEN,
        received_at=WHEN,
        source="file:/var/log/syslog",
        position=str(number),
        produced_by=ProducedBy(service="host-collector", version="1"),
    )


def granted(name: str, number: int = 1) -> Envelope[ActionGranted]:
    """A grant for host `name`."""
    grant = ActionGranted(
        action_id=stable_id("action", name, number),
        kind=ActionKind.SERVICE_RESTART,
        target=host(name),
        parameters={"unit": "nginx.service"},
        argv=["systemctl", "restart", "nginx.service"],
        timeout_s=30,
        expires_at=WHEN,
        approved_by="operator",
    )
    return seal(
        grant,
        id=stable_id("grant", name, number),
        site=SITE,
        entity=host(name),
        time=WHEN,
        received_at=WHEN,
        source="actions",
        position=str(number),
        produced_by=ProducedBy(service="actions", version="1"),
    )


async def until(condition: Callable[[], bool], *, seconds: float = 15) -> None:
    """Wait for what other tasks bring about; fails naming nothing but the time, so conditions stay short."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)


class Harness(Protocol):
    """What a test may do beyond the port."""

    real: bool
    registry: CollectorRegistry

    async def bus(self, service: str = ADMIN, *, streams: Sequence[Stream] = ()) -> Bus: ...
    async def publish_raw(self, subject: str, payload: bytes) -> None: ...
    async def stored(self, stream: str) -> list[Envelope[Any]]: ...


class MemoryHarness:
    real = False

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._broker: MemoryBroker | None = None
        self._buses: list[MemoryBus] = []

    async def bus(self, service: str = ADMIN, *, streams: Sequence[Stream] = ()) -> MemoryBus:
        if self._broker is None:
            self._broker = MemoryBroker(SystemClock(), live=True, streams=streams)
        bus = MemoryBus(SITE, SystemClock(), service=service, broker=self._broker, registry=self.registry)
        self._buses.append(bus)
        return bus

    async def publish_raw(self, subject: str, payload: bytes) -> None:
        assert self._broker is not None
        self._broker.store(subject, payload, "")

    async def stored(self, stream: str) -> list[Envelope[Any]]:
        assert self._broker is not None
        return [m.envelope() for m in self._broker._logs[stream].messages.values()]

    async def close(self) -> None:
        for bus in reversed(self._buses):
            await bus.close()


class NatsHarness:
    real = True

    def __init__(self, folder: Path) -> None:
        self.registry = CollectorRegistry()
        self.server = NatsServer(folder)
        self._buses: list[JetStreamBus] = []

    async def bus(self, service: str = ADMIN, *, streams: Sequence[Stream] = (), drain_s: float = 10) -> JetStreamBus:
        bus = await JetStreamBus.connect(
            url=self.server.url,
            user=service,
            password=PASSWORDS[service],
            service=service,
            site=SITE,
            clock=SystemClock(),
            registry=self.registry,
            log=structlog.get_logger(),
            wait_s=10,
            drain_s=drain_s,
            streams=streams,
        )
        self._buses.append(bus)
        return bus

    async def client(self) -> nats.NATS:
        return await nats.connect(self.server.url, user=ADMIN, password=PASSWORDS[ADMIN])

    async def publish_raw(self, subject: str, payload: bytes) -> None:
        client = await self.client()
        await client.jetstream().publish(subject, payload)
        await client.close()

    async def stored(self, stream: str) -> list[Envelope[Any]]:
        client = await self.client()
        js = client.jetstream()
        try:
            state = (await js.stream_info(stream)).state
            found = []
            for sequence in range(max(1, state.first_seq), state.last_seq + 1):
                try:
                    found.append(decode((await js.get_msg(stream, sequence)).data or b""))
                except NotFoundError:
                    continue
            return found
        finally:
            await client.close()

    async def close(self) -> None:
        for bus in reversed(self._buses):
            await bus.close()
        self.server.stop()


@pytest.fixture(params=["memory", "nats"])
async def harness(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[MemoryHarness | NatsHarness]:
    if request.param == "memory":
        memory = MemoryHarness()
        yield memory
        await memory.close()
        return
    real = NatsHarness(tmp_path)
    await real.server.start()
    try:
        yield real
    finally:
        await real.close()


@pytest.fixture
async def real(tmp_path: Path) -> AsyncIterator[NatsHarness]:
    """The real server alone, for what only a server can do."""
    harness = NatsHarness(tmp_path)
    await harness.server.start()
    try:
        yield harness
    finally:
        await harness.close()
