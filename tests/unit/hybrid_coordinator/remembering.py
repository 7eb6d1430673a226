"""A hybrid-coordinator's memory beside owners that a test plays."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from prometheus_client import CollectorRegistry

from groundcrew.bus.memory import MemoryBroker, MemoryBus
from groundcrew.bus.port import RequestFailed
from groundcrew.contracts.actions import Action, ActionChanged, ActionState
from groundcrew.contracts.clock import VirtualClock
from groundcrew.contracts.envelope import Envelope, Message, ProducedBy, seal
from groundcrew.contracts.identity import host, stable_id
from groundcrew.contracts.incidents import Cause, Incident, IncidentResolved, IncidentState, Severity, Symptom
from groundcrew.contracts.inventory import Inventory
from groundcrew.contracts.knowledge import Augmented, AugmentQuery, Collection
from groundcrew.contracts.queries import ActionPage, Endpoints, Failure, HistoryEntry, IncidentDetail
from groundcrew.contracts.streams import Buckets
from groundcrew.diagnosis.causes import Knowledge
from groundcrew.runtime.health import HealthBoard
from groundcrew.runtime.packs import load_packs
from groundcrew.runtime.resources import Resources
from groundcrew.runtime.tasks import RootTasks
from groundcrew.stores.coordinator.vectors import VectorStore
from groundcrew.stores.coordinator.vectors_memory import MemoryVectors
from groundcrew_hybrid_coordinator.knowledge import wire_knowledge
from groundcrew_hybrid_coordinator.knowledge_settings import KnowledgeSection
from groundcrew_hybrid_coordinator.memory import Memory
from groundcrew_hybrid_coordinator.surroundings import of_packs

START = datetime(2026, 3, 4, 2, 0, tzinfo=UTC)
BY = ProducedBy(service="test", version="0")


def incident(name: str, cause: str, part: str, title: str, **more: Any) -> Incident:
    values: dict[str, Any] = {
        "id": stable_id("incident", name, cause, part),
        "revision": 3,
        "state": IncidentState.RESOLVED,
        "severity": Severity.WARNING,
        "title": title,
        "hosts": [name],
        "entity": host(name),
        "opened_at": START,
        "updated_at": START + timedelta(minutes=42),
        "resolved_at": START + timedelta(minutes=42),
        "last_seen": START,
        "cause": Cause(id=cause, component_class=cause.partition(".")[0], component=part, confidence=0.9),
        "evidence_count": 1,
        "trigger_count": 1,
        "symptoms": [
            Symptom(
                rule_id=cause,
                entity=host(name),
                component_class=cause.partition(".")[0],
                component=part,
                causes=[cause],
                severity=Severity.WARNING,
                title=f"{part} failed",
                first_seen=START,
                last_seen=START,
                count=1,
            )
        ],
    }
    return Incident(**{**values, **more})


def nginx(name: str, **more: Any) -> Incident:
    return incident(name, "software.failed", "nginx.service", f"nginx.service on {name} failed", **more)


def restart(one: Incident, state: ActionState = ActionState.SUCCEEDED, **more: Any) -> Action:
    values: dict[str, Any] = {
        "id": stable_id("restart", one.id),
        "revision": 4,
        "kind": "service.restart",
        "target": one.entity,
        "parameters": {"unit": one.cause.component},
        "risk": "safe",
        "state": state,
        "reason": f"{one.cause.component} failed",
        "argv": ["systemctl", "restart", one.cause.component],
        "incident_id": one.id,
        "proposed_by": "review",
        "created_at": START,
        "updated_at": START + timedelta(minutes=40),
        "expires_at": START + timedelta(hours=8),
        "decided_by": "alice",
        "outcome": "the unit is active again",
    }
    return Action(**{**values, **more})


def message(site: str, data: Message, entity: str, number: int) -> Envelope[Any]:
    return seal(
        data,
        id=stable_id("message", site, number),
        site=site,
        entity=entity,
        time=START,
        received_at=START,
        source="test",
        position=str(number),
        produced_by=BY,
    )


class Site:
    """One site's bus with its owners, and a memory wired to it. `vectors` may be shared between sites and starts."""

    def __init__(self, name: str = "default", vectors: VectorStore | None = None) -> None:
        self.name = name
        self.clock = VirtualClock(START)
        self.broker = MemoryBroker(self.clock)
        self.bus = MemoryBus(name, self.clock, broker=self.broker)
        self.stack = AsyncExitStack()
        self.vectors = vectors or MemoryVectors()
        self.incidents: dict[str, Incident] = {}
        self.history: dict[str, list[HistoryEntry]] = {}
        self.actions: list[Action] = []
        self.away = False
        self.health = HealthBoard(self.clock)
        self._revision = 0
        self._sent = 0

    async def start(self, section: KnowledgeSection | None = None) -> Memory:
        await self.bus.serve(Endpoints.INCIDENT, self._incident)
        await self.bus.serve(Endpoints.ACTIONS, self._actions)
        silent = structlog.wrap_logger(structlog.PrintLogger(), wrapper_class=structlog.make_filtering_bound_logger(50))
        tasks = RootTasks(silent)
        self.stack.push_async_callback(tasks.close)
        resources = Resources(
            service="hybrid-coordinator",
            site=self.name,
            clock=self.clock,
            bus=MemoryBus(self.name, self.clock, service="hybrid-coordinator", broker=self.broker),
            stores=None,  # type: ignore[arg-type] - handed in below
            registry=CollectorRegistry(),
            log=silent,
            health=self.health,
            tasks=tasks,
            stack=self.stack,
            produced_by=BY,
        )
        memory = await wire_knowledge(section or KnowledgeSection(embedder="hashing"), resources, self.vectors)
        await self.settle()
        return memory

    async def settle(self, seconds: float = 0) -> None:
        """Let everything that waits happen, and `seconds` pass."""
        if seconds:
            await self.broker.settle(until=self.clock.now() + timedelta(seconds=seconds))
        await self.broker.settle()

    async def until(self, true: Callable[[], Awaitable[bool]]) -> None:
        """Wait for what root tasks do in threads: so long as the virtual clock stands, it is work, not time."""
        async with asyncio.timeout(60):
            while not await true():
                await asyncio.sleep(0.01)

    async def upkept(self) -> None:
        """Wait until the packs are learnt."""

        packs = Knowledge.parse_layers((file.name, file.text) for file in load_packs().texts("causes"))
        wanted = len(of_packs(packs, START)[Collection.BEST_PRACTICES])

        async def known() -> bool:
            told = await self.vectors.aliases()
            space = told.get(Collection.BEST_PRACTICES)
            return space is not None and await self.vectors.count("best-practices", space, self.name) == wanted

        await self.until(known)

    async def resolved(self, one: Incident, change: str = "All clear since 02:37:00 UTC.") -> None:
        self.incidents[one.id] = one
        await self._publish(IncidentResolved(incident=one, change=change), one.entity)

    async def ended(self, action: Action) -> None:
        self.actions.append(action)
        await self._publish(ActionChanged(action=action), action.target)

    async def inventory(self, inventory: Inventory) -> None:
        self._revision += 1
        bucket = await self.bus.key_value(Buckets.INVENTORY)
        revised = inventory.model_copy(update={"revision": self._revision})
        await bucket.put("current", revised.model_dump_json().encode())
        await self.settle()

    async def said(self, one: Incident, actor: str, change: str) -> None:
        entries = self.history.setdefault(one.id, [])
        entries.append(HistoryEntry(revision=len(entries) + 1, time=START, actor=actor, change=change))

    async def ask(self, text: str, *collections: Collection, **more: Any) -> Augmented:
        return await self.bus.request(Endpoints.AUGMENT, AugmentQuery(text=text, collections=list(collections), **more))

    async def texts(self, text: str, *collections: Collection, **more: Any) -> Sequence[str]:
        return [passage.text for passage in (await self.ask(text, *collections, **more)).passages]

    async def _publish(self, data: Message, entity: str) -> None:
        self._sent += 1
        await self.bus.publish(message(self.name, data, entity, self._sent))
        await self.settle()

    async def _incident(self, query: Any) -> IncidentDetail:
        if self.away:
            raise RequestFailed(Failure.UNAVAILABLE, "context is away")
        one = self.incidents.get(query.id)
        if one is None:
            raise RequestFailed(Failure.NOT_FOUND, "no such incident")
        return IncidentDetail(incident=one, evidence=[], history=self.history.get(query.id, []), findings=[])

    async def _actions(self, query: Any) -> ActionPage:
        found = [one for one in self.actions if one.incident_id == query.incident_id and one.state in query.states]
        return ActionPage(items=found)
