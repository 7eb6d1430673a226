"""The meta store, in memory and on PostgreSQL."""

from collections.abc import AsyncIterator

import pytest

from groundcrew.contracts.clock import SystemClock
from groundcrew.stores.database import Database
from groundcrew.stores.meta.memory import MemoryMetaStore
from groundcrew.stores.meta.port import MetaStore
from groundcrew.stores.meta.postgres import PostgresMetaStore
from groundcrew.stores.migrate import migrate


@pytest.fixture(params=["memory", "postgres"])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[MetaStore]:
    if request.param == "memory":
        yield MemoryMetaStore()
        return
    database = await Database.open(**request.getfixturevalue("database_conninfo"), owner="meta", clock=SystemClock())
    await migrate(database, "meta")
    yield PostgresMetaStore(database)
    await database.close()
