"""The vector store three ways: in memory, in the embedded engine, and by the server's protocol."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from groundcrew.contracts.identity import stable_id
from groundcrew.stores.coordinator.qdrant_embedded import EmbeddedVectors
from groundcrew.stores.coordinator.qdrant_server import ServerVectors
from groundcrew.stores.coordinator.vectors import Embedded, Passage, Space, VectorStore
from groundcrew.stores.coordinator.vectors_memory import MemoryVectors

from .qdrant_protocol import ProtocolServer

START = datetime(2026, 3, 4, 2, 0, tzinfo=UTC)
SPACE = Space("hashing-1", 4)
NEXT = Space("all-minilm-l6-v2", 6)


def point(text: str, vector: list[float], **more: Any) -> Embedded:
    """A passage of site `default`, whose id follows from its site and ref."""
    values = {"site": "default", "ref": f"incident/{text}", "entity": "", "minutes": 0} | more
    passage = Passage(
        id=stable_id(values["site"], values["ref"], text),
        site=values["site"],
        ref=values["ref"],
        entity=values["entity"],
        text=text,
        time=START + timedelta(minutes=values["minutes"]),
    )
    return Embedded(passage, vector)


@pytest.fixture
async def protocol_server() -> AsyncIterator[ProtocolServer]:
    server = ProtocolServer(api_key="a-key")
    await server.start()
    yield server
    await server.stop()


@pytest.fixture(params=["memory", "embedded", "server"])
async def vectors(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[VectorStore]:
    async with AsyncExitStack() as stack:
        store: VectorStore
        if request.param == "memory":
            store = MemoryVectors()
        elif request.param == "embedded":
            store = EmbeddedVectors(tmp_path / "vectors")
        else:
            server = ProtocolServer()
            stack.push_async_callback(server.stop)
            await server.start()
            store = ServerVectors(server.url)
        stack.push_async_callback(store.close)
        yield store
