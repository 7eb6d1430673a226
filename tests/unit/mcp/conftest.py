"""The MCP server on a real port, over the memory bus: with the real gateway, which knows keys, and the real actions."""

import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from groundcrew.bus.memory import MemoryBroker, MemoryBus
from groundcrew.bus.port import Bus
from groundcrew.contracts.actions import AutonomyLevel
from groundcrew.contracts.clock import SystemClock
from groundcrew.contracts.identity import host
from groundcrew.contracts.queries import Endpoints, HostPage, HostSummary
from groundcrew.runtime.resources import Resources
from groundcrew.stores.gateway.port import ApiKey, Role
from groundcrew_actions.service import wire as wire_actions
from groundcrew_actions.settings import ActionsSection
from groundcrew_actions.settings import Settings as ActionsSettings
from groundcrew_embedded.rehearsal import MemoryStores, rehearsal_resources
from groundcrew_gateway import keys
from groundcrew_gateway.service import wire as wire_gateway
from groundcrew_gateway.settings import GatewaySection
from groundcrew_gateway.settings import Settings as GatewaySettings
from groundcrew_mcp.service import wire as wire_mcp
from groundcrew_mcp.settings import McpSection
from groundcrew_mcp.settings import Settings as McpSettings

HELLO = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    },
}
ACCEPT = "application/json, text/event-stream"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Site:
    """What is wired, piece by piece; everything ends with `stack`."""

    stack: AsyncExitStack
    port: int = field(default_factory=free_port)
    clock: SystemClock = field(default_factory=SystemClock)
    hosts: list[str] = field(default_factory=lambda: ["brickbox-43"])

    def __post_init__(self) -> None:
        self.stores = MemoryStores(self.clock)
        self.broker = MemoryBroker(self.clock, live=True)
        self.outside: Bus = MemoryBus("default", self.clock, broker=self.broker)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/mcp"

    def _resources(self, service: str, stack: AsyncExitStack) -> Resources:
        bus = MemoryBus("default", self.clock, service=service, broker=self.broker)
        stack.push_async_callback(bus.close)
        return rehearsal_resources(service, bus, self.stores, self.clock, stack)

    async def gateway(self) -> AsyncExitStack:
        stack = await self.stack.enter_async_context(AsyncExitStack())
        settings = GatewaySettings(gateway=GatewaySection(port=0))
        await wire_gateway(settings, self._resources("gateway", stack))
        return stack

    async def actions(self, level: AutonomyLevel) -> None:
        await self.outside.serve(Endpoints.HOSTS, self._hosts)
        settings = ActionsSettings(actions=ActionsSection(autonomy=level))
        await wire_actions(settings, self._resources("actions", self.stack))

    async def mcp(self, **section: Any) -> Resources:
        given = self._resources("mcp", self.stack)
        await wire_mcp(McpSettings(mcp=McpSection(port=self.port, **section)), given)
        return given

    async def key(self, role: Role = Role.VIEWER, *sites: str, name: str = "assistant") -> keys.NewKey:
        store = await self.stores.gateway()
        made = keys.make_key(name, role, sites or ("default",), self.clock.now())
        await store.add_key(made.key)
        return made

    async def revoke(self, key: ApiKey) -> None:
        await (await self.stores.gateway()).revoke_key(key.id, self.clock.now())

    async def post(self, key: str | None = None, **changes: Any) -> httpx2.Response:
        """One raw request."""
        headers = {"Accept": ACCEPT} | ({"Authorization": f"Bearer {key}"} if key is not None else {})
        headers |= changes.pop("headers", {})
        body = changes or {"json": HELLO}
        async with httpx2.AsyncClient() as client:
            return await client.post(self.url, headers=headers, **body)

    @asynccontextmanager
    async def client(self, key: str) -> AsyncIterator[Client]:
        http = httpx2.AsyncClient(headers={"Authorization": f"Bearer {key}"})
        async with http, Client(streamable_http_client(self.url, http_client=http)) as client:
            yield client

    async def _hosts(self, query: Any) -> HostPage:
        return HostPage(items=[_host(name) for name in self.hosts if query.name in (None, name)])


def _host(name: str) -> HostSummary:
    return HostSummary(
        name=name,
        entity=host(name),
        health=100,
        health_reasons=[],
        open_incidents=0,
        last_seen=None,
        facts={},
        sources=[],
        latest={},
    )


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with AsyncExitStack() as stack:
        yield Site(stack)
