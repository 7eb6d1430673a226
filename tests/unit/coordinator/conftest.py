"""The coordinator wired as in production, over the memory bus and store; model servers as a test lays them down."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
import structlog
from prometheus_client import CollectorRegistry

from groundcrew.bus.memory import MemoryBroker, MemoryBus
from groundcrew.contracts.clock import SystemClock
from groundcrew.contracts.completions import CompleteRequest, Completion, CompletionPart, ModelsReply, Purpose, Turn
from groundcrew.contracts.envelope import ProducedBy
from groundcrew.contracts.queries import Empty, Endpoints
from groundcrew.runtime.health import HealthBoard
from groundcrew.runtime.resources import HealthReport, Resources
from groundcrew.runtime.settings import load
from groundcrew.runtime.tasks import RootTasks
from groundcrew.stores.coordinator.memory import MemoryCoordinatorStore
from groundcrew.stores.coordinator.port import Interaction
from groundcrew_hybrid_coordinator.service import wire
from groundcrew_hybrid_coordinator.settings import Settings

SITE = "demo"


def question(text: str = "what is this?", purpose: Purpose = Purpose.META, **more: Any) -> CompleteRequest:
    values = {"purpose": purpose, "turns": [Turn(role="user", text=text)], "max_tokens": 8, "deadline_s": 20}
    return CompleteRequest(**{**values, **more})


class Stores:
    def __init__(self) -> None:
        self.store: Any = MemoryCoordinatorStore()

    async def coordinator(self) -> Any:
        return self.store


class Coordinator:
    """`settings` by section; `start` again is a new process over the same store."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = SystemClock()
        self.broker = MemoryBroker(self.clock)
        self.stores = Stores()
        self.settings: dict[str, dict[str, Any]] = {}
        self.registry = CollectorRegistry()
        self.stack = AsyncExitStack()
        self.asking = MemoryBus(SITE, self.clock, service="meta", broker=self.broker)

    async def start(self) -> "Coordinator":
        silent: Any = structlog.wrap_logger(
            structlog.PrintLogger(), wrapper_class=structlog.make_filtering_bound_logger("critical")
        )
        self.registry, self.stack = CollectorRegistry(), AsyncExitStack()
        tasks = RootTasks(silent)
        bus = MemoryBus(SITE, self.clock, service="hybrid-coordinator", broker=self.broker)
        self.stack.push_async_callback(bus.close)
        self.stack.push_async_callback(tasks.close)
        self.board = HealthBoard(self.clock)
        resources = Resources(
            service="hybrid-coordinator",
            site=SITE,
            clock=self.clock,
            bus=bus,
            stores=self.stores,  # type: ignore[arg-type] - it opens no other
            registry=self.registry,
            log=silent,
            health=self.board,
            tasks=tasks,
            stack=self.stack,
            produced_by=ProducedBy(service="hybrid-coordinator", version="0"),
        )
        own = {"state_dir": self.folder, "embedder": "hashing"} | self.settings.get("hybrid_coordinator", {})
        overrides = {"site": {"name": SITE}, **self.settings, "hybrid_coordinator": own}
        await wire(load(Settings, environ={}, overrides=overrides), resources)
        self.board.started()
        return self

    async def stop(self) -> None:
        await self.stack.aclose()

    async def ask(self, request: CompleteRequest) -> Completion:
        return await self.asking.request(Endpoints.COMPLETE, request, timeout=30)

    async def ask_in_parts(self, request: CompleteRequest) -> list[CompletionPart]:
        return [part async for part in self.asking.request_stream(Endpoints.COMPLETE_STREAM, request, idle_s=30)]

    async def models(self) -> ModelsReply:
        return await self.asking.request(Endpoints.MODELS, Empty(), timeout=10)

    async def readiness(self) -> HealthReport:
        self.board._report = None
        return await self.board.report()

    def metric(self, name: str, **labels: str) -> float:
        return self.registry.get_sample_value(f"groundcrew_coordinator_{name}", labels) or 0

    async def recorded(self, count: int) -> list[Interaction]:
        """The interactions, newest first, once there are so many."""
        async with asyncio.timeout(10):
            while len(found := list(await self.stores.store.newest(SITE, 1_000))) < count:
                await asyncio.sleep(0.01)
        return found


@pytest.fixture
async def coordinator(tmp_path: Path) -> AsyncIterator[Coordinator]:
    made = Coordinator(tmp_path)
    yield made
    await made.stop()
