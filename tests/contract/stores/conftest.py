"""The context store three ways: in memory, on PostgreSQL, and on TimescaleDB where there is one."""

import itertools
import os
from collections.abc import AsyncIterator, Iterator

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from groundcrew.contracts.clock import SystemClock
from groundcrew.stores.context.memory import MemoryContextStore
from groundcrew.stores.context.port import ContextStore
from groundcrew.stores.context.postgres import PostgresContextStore
from groundcrew.stores.database import Database
from groundcrew.stores.migrate import migrate

_NUMBER = itertools.count(1)


@pytest.fixture
def timescale_conninfo() -> Iterator[dict]:
    """A fresh database on the server that GROUNDCREW_TEST_TIMESCALE names (a libpq connection string, superuser)."""
    conninfo = os.environ.get("GROUNDCREW_TEST_TIMESCALE")
    if not conninfo:
        pytest.skip("needs TimescaleDB (Debian: postgresql-17-timescaledb) in GROUNDCREW_TEST_TIMESCALE")
    parts = conninfo_to_dict(conninfo)
    name = f"groundcrew_test_{os.getpid()}_{next(_NUMBER)}"
    with psycopg.connect(conninfo, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")
        yield {
            "host": parts["host"],
            "port": int(parts.get("port", 5432)),
            "database": name,
            "user": parts["user"],
            "password": parts.get("password", ""),
        }
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


async def _opened(conninfo) -> PostgresContextStore:
    database = await Database.open(**conninfo, owner="context", clock=SystemClock())
    await migrate(database, "context")
    return PostgresContextStore(database)


@pytest.fixture
async def postgres_store(database_conninfo) -> AsyncIterator[PostgresContextStore]:
    store = await _opened(database_conninfo)
    yield store
    await store.close()


@pytest.fixture
async def timescale_store(timescale_conninfo) -> AsyncIterator[PostgresContextStore]:
    store = await _opened(timescale_conninfo)
    yield store
    await store.close()


KINDS = ["memory", "postgresql", *(["timescaledb"] if "GROUNDCREW_TEST_TIMESCALE" in os.environ else [])]


@pytest.fixture(params=KINDS)
def store(request) -> ContextStore:
    if request.param == "memory":
        return MemoryContextStore()
    return request.getfixturevalue("postgres_store" if request.param == "postgresql" else "timescale_store")
