"""PostgreSQL itself refuses to change the audit log, and a change made behind its back is found."""

import psycopg
import pytest

from groundcrew.contracts.audit import ChainBroken, ChainCheck
from groundcrew.contracts.clock import SystemClock
from groundcrew.contracts.identity import stable_id
from groundcrew.contracts.queries import AuditQuery
from groundcrew.stores.actions.postgres import PostgresActionStore
from groundcrew.stores.database import Database


async def chain_of_three(database: Database) -> PostgresActionStore:
    store = PostgresActionStore(database)
    async with store.transaction("default") as transaction:
        for event in ("proposed", "approved", "granted"):
            await transaction.audit(
                time=SystemClock().now(), actor="ada", event=event, action_id=stable_id(1), detail={"unit": "x"}
            )
    return store


@pytest.mark.parametrize(
    "statement", ["UPDATE audit SET actor = 'eve'", "DELETE FROM audit WHERE seq = 3", "TRUNCATE audit"]
)
async def test_the_database_refuses_to_change_or_remove_an_entry(action_database: Database, statement: str) -> None:
    store = await chain_of_three(action_database)
    with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
        await action_database.execute(statement)
    assert len((await store.audit("default", AuditQuery())).items) == 3


@pytest.mark.parametrize(
    ("statement", "at", "says"),
    [
        ("UPDATE audit SET actor = 'eve' WHERE seq = 2", 2, "was changed"),
        ("UPDATE audit SET detail = '{}' WHERE seq = 1", 1, "was changed"),
        ("DELETE FROM audit WHERE seq = 2", 2, "is missing"),
    ],
)
async def test_a_change_with_the_trigger_switched_off_breaks_the_chain(
    action_database: Database, statement: str, at: int, says: str
) -> None:
    store = await chain_of_three(action_database)
    async with action_database.transaction() as connection:
        await connection.execute("SET LOCAL session_replication_role = replica")
        await connection.execute(statement.encode())
    with pytest.raises(ChainBroken, match=says) as broken:
        ChainCheck().walk((await store.audit("default", AuditQuery())).items)
    assert broken.value.seq == at
