"""The connection pool and the migrations, on a real PostgreSQL."""

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest

from groundcrew.contracts.clock import SystemClock
from groundcrew.stores.database import Database
from groundcrew.stores.migrate import Migration, MigrationError, apply
from groundcrew.stores.port import StoreUnavailable


@pytest.fixture
async def database(database_conninfo) -> AsyncIterator[Database]:
    opened = await Database.open(**database_conninfo, owner="demo_owner", clock=SystemClock())
    yield opened
    await opened.close()


FIRST = Migration(1, "0001_first.sql", b"CREATE TABLE hosts (name text PRIMARY KEY); INSERT INTO hosts VALUES ('a')")
SECOND = Migration(2, "0002_second.sql", b"ALTER TABLE hosts ADD COLUMN rack text")


async def test_migrations_are_applied_once_and_into_the_owners_schema(database):
    assert await apply(database, "demo_owner", [FIRST]) == ["0001_first.sql"]
    assert await apply(database, "demo_owner", [FIRST, SECOND]) == ["0002_second.sql"]
    assert await apply(database, "demo_owner", [FIRST, SECOND]) == []
    assert await database.fetch("SELECT name, rack FROM demo_owner.hosts") == [("a", None)]


async def test_an_edited_migration_is_an_error_that_names_it(database):
    await apply(database, "demo_owner", [FIRST])
    edited = Migration(1, "0001_first.sql", FIRST.sql + b" ")
    with pytest.raises(MigrationError, match=r"0001_first\.sql: was edited"):
        await apply(database, "demo_owner", [edited])


async def test_a_failing_migration_leaves_nothing_behind(database):
    broken = Migration(2, "0002_broken.sql", b"CREATE TABLE extra (x int); SELECT no_such_function()")
    with pytest.raises(Exception, match="no_such_function"):
        await apply(database, "demo_owner", [FIRST, broken])
    assert await apply(database, "demo_owner", [FIRST, SECOND]) == ["0001_first.sql", "0002_second.sql"]


async def test_an_older_program_runs_on_a_newer_schema(database):
    await apply(database, "demo_owner", [FIRST, SECOND])
    assert await apply(database, "demo_owner", [FIRST]) == []


async def test_processes_that_start_together_migrate_once(database):
    results = await asyncio.gather(*(apply(database, "demo_owner", [FIRST, SECOND]) for _ in range(3)))
    assert sorted(len(result) for result in results) == [0, 0, 2]


async def test_an_exception_rolls_the_transaction_back(database):
    await apply(database, "demo_owner", [FIRST])
    with pytest.raises(ZeroDivisionError):  # noqa: PT012 - the error belongs inside the transaction
        async with database.transaction() as connection:
            await connection.execute("DELETE FROM hosts")
            raise ZeroDivisionError
    assert await database.fetch("SELECT count(*) FROM hosts") == [(1,)]


async def test_sessions_are_utc_and_named_after_their_owner(database):
    rows = await database.fetch("SELECT current_setting('TimeZone'), current_setting('application_name')")
    assert rows == [("UTC", "demo_owner")]


async def test_a_server_that_is_not_there_is_named_with_its_address_and_without_the_password():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with pytest.raises(StoreUnavailable, match=f"127.0.0.1:{port}.*did not answer within 0.3 s") as caught:
            await Database.open(
                host="127.0.0.1", port=port, database="x", user="y", password="hunter2", owner="z",
                clock=SystemClock(), wait_s=0.3,
            )  # fmt: skip
    assert "hunter2" not in str(caught.value)


async def test_a_restart_of_the_server_is_unavailable_once_and_then_works_again(database, postgres):
    await database.ping()
    postgres.kill()
    try:
        with pytest.raises(StoreUnavailable, match=r"127\.0\.0\.1"):
            await database.ping()
    finally:
        postgres.start()
    await database.ping()


async def test_a_server_that_dies_within_a_transaction_is_unavailable(database, postgres):
    await apply(database, "demo_owner", [FIRST])
    with pytest.raises(StoreUnavailable):  # noqa: PT012 - the kill belongs inside the transaction
        async with database.transaction() as connection:
            await connection.execute("DELETE FROM hosts")
            postgres.kill()
            postgres.start()
            await connection.execute("SELECT 1")
    assert await database.fetch("SELECT count(*) FROM hosts") == [(1,)]


async def test_a_savepoint_inside_commits_nothing_by_itself(database):
    await apply(database, "demo_owner", [FIRST])
    with pytest.raises(ZeroDivisionError):  # noqa: PT012 - the error belongs inside the transaction
        async with database.transaction() as connection:
            async with connection.transaction():
                await connection.execute("DELETE FROM hosts")
            raise ZeroDivisionError
    assert await database.fetch("SELECT count(*) FROM hosts") == [(1,)]
