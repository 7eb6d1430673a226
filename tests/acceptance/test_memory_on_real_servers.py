"""The memory on a real NATS server under the generated permissions, over the real embedded engine."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
import structlog
from prometheus_client import CollectorRegistry
from tests.contract.bus.nats_server import PASSWORDS, NatsServer
from tests.unit.hybrid_coordinator.remembering import BY, message, nginx, restart

from groundcrew.bus.jetstream import JetStreamBus
from groundcrew.contracts.actions import ActionChanged
from groundcrew.contracts.clock import SystemClock
from groundcrew.contracts.incidents import IncidentResolved
from groundcrew.contracts.inventory import Inventory, InventoryHost
from groundcrew.contracts.knowledge import AugmentQuery, Collection, Passage
from groundcrew.contracts.queries import ActionPage, Endpoints, IncidentDetail
from groundcrew.contracts.streams import Buckets
from groundcrew.runtime.health import HealthBoard
from groundcrew.runtime.resources import Resources
from groundcrew.runtime.tasks import RootTasks
from groundcrew_hybrid_coordinator.knowledge import open_vectors, wire_knowledge
from groundcrew_hybrid_coordinator.knowledge_settings import KnowledgeSection, QdrantSection

SITE = "demo"
LOG = structlog.wrap_logger(structlog.PrintLogger(), wrapper_class=structlog.make_filtering_bound_logger(50))


@pytest.fixture
async def nats(tmp_path: Path) -> AsyncIterator[NatsServer]:
    (tmp_path / "nats").mkdir()
    server = NatsServer(tmp_path / "nats")
    await server.start()
    yield server
    server.stop()


async def connect(server: NatsServer, service: str, stack: AsyncExitStack) -> JetStreamBus:
    bus = await JetStreamBus.connect(
        url=server.url,
        user=service,
        password=PASSWORDS[service],
        service=service,
        site=SITE,
        clock=SystemClock(),
        registry=CollectorRegistry(),
        log=LOG,
        wait_s=10,
        drain_s=5,
    )
    stack.push_async_callback(bus.close)
    return bus


async def coordinator(server: NatsServer, folder: Path, stack: AsyncExitStack) -> None:
    bus = await connect(server, "hybrid-coordinator", stack)
    tasks = RootTasks(LOG)
    stack.push_async_callback(tasks.close)
    resources = Resources(
        service="hybrid-coordinator",
        site=SITE,
        clock=SystemClock(),
        bus=bus,
        stores=None,  # type: ignore[arg-type] - the memory owns no tables
        registry=CollectorRegistry(),
        log=LOG,
        health=HealthBoard(SystemClock()),
        tasks=tasks,
        stack=stack,
        produced_by=BY,
    )
    section = KnowledgeSection(embedder="hashing", state_dir=folder)
    await wire_knowledge(section, resources, open_vectors(QdrantSection(), section, SITE))


async def until(found: Callable[[], Awaitable[list[Passage]]]) -> list[Passage]:
    async with asyncio.timeout(60):
        while not (passages := await found()):
            await asyncio.sleep(0.05)
    return passages


async def test_what_fixed_the_first_incident_is_found_for_the_second_and_after_a_restart(nats, tmp_path):
    first = nginx("web-01")
    fixed = restart(first)
    async with AsyncExitStack() as owners:
        context, actions, gateway = [
            await connect(nats, name, owners) for name in ("context", "actions", "gateway")
        ]  # fmt: skip

        async def detail(_query: Any) -> IncidentDetail:
            return IncidentDetail(incident=first, evidence=[], history=[], findings=[])

        async def succeeded(_query: Any) -> ActionPage:
            return ActionPage(items=[fixed])

        await context.serve(Endpoints.INCIDENT, detail)
        await actions.serve(Endpoints.ACTIONS, succeeded)
        inventory = Inventory(revision=1, host=[InventoryHost(name="web-01", rack="r7", pdu=["pdu-3b"])])
        await (await context.key_value(Buckets.INVENTORY)).put("current", inventory.model_dump_json().encode())

        async def ask(text: str, collection: Collection) -> list[Passage]:
            query = AugmentQuery(text=text, collections=[collection])
            return (await gateway.request(Endpoints.AUGMENT, query, timeout=10)).passages

        async with AsyncExitStack() as first_run:
            await coordinator(nats, tmp_path / "state", first_run)
            await actions.publish(message(SITE, ActionChanged(action=fixed), fixed.target, 1))
            resolved = IncidentResolved(incident=first, change="All clear.")
            await context.publish(message(SITE, resolved, first.entity, 2))
            (solution,) = await until(lambda: ask("nginx.service on web-09 failed", Collection.ERROR_SOLUTIONS))
            assert "What helped: service.restart nginx.service on host:web-01" in solution.text
            (feed,) = await until(lambda: ask("feed pdu-3b powers", Collection.RELATIONSHIPS))
            assert feed.entity == "pdu:pdu-3b"
            await until(lambda: ask("a power supply has no AC input", Collection.KNOWLEDGE))

        async with AsyncExitStack() as second_run:
            await coordinator(nats, tmp_path / "state", second_run)
            assert await ask("nginx.service on web-09 failed", Collection.ERROR_SOLUTIONS) == [solution]
