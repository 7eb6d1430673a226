"""The action store, in memory and on PostgreSQL."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from groundcrew.contracts.clock import SystemClock
from groundcrew.stores.actions.memory import MemoryActionStore
from groundcrew.stores.actions.port import ActionStore
from groundcrew.stores.actions.postgres import PostgresActionStore
from groundcrew.stores.database import Database
from groundcrew.stores.migrate import migrate


@pytest.fixture
async def action_database(database_conninfo: Any) -> AsyncIterator[Database]:
    database = await Database.open(**database_conninfo, owner="actions", clock=SystemClock())
    await migrate(database, "actions")
    yield database
    await database.close()


@pytest.fixture(params=["memory", "postgres"])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[ActionStore]:
    if request.param == "memory":
        yield MemoryActionStore()
        return
    database = await Database.open(**request.getfixturevalue("database_conninfo"), owner="actions", clock=SystemClock())
    await migrate(database, "actions")
    yield PostgresActionStore(database)
    await database.close()
