"""One suite for the gateway store, in memory and on a real PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from groundcrew.contracts.clock import SystemClock
from groundcrew.stores.database import Database
from groundcrew.stores.gateway.memory import MemoryGatewayStore
from groundcrew.stores.gateway.port import ApiKey, GatewayStore, LoginToken, Replay, Role, Session
from groundcrew.stores.gateway.postgres import PostgresGatewayStore
from groundcrew.stores.migrate import migrate

NOW = datetime(2026, 3, 4, 2, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
KEY = ApiKey(
    id="0a1b2c3d4e5f",
    name="night shift",
    secret_hash="ab" * 32,
    role=Role.OPERATOR,
    sites=("demo", "lab"),
    created_at=NOW,
)


@pytest.fixture(params=["memory", "postgres"])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[GatewayStore]:
    if request.param == "memory":
        yield MemoryGatewayStore()
        return
    conninfo = request.getfixturevalue("database_conninfo")
    database = await Database.open(**conninfo, owner="gateway", clock=SystemClock())
    await migrate(database, "gateway")
    opened = PostgresGatewayStore(database)
    yield opened
    await opened.close()


async def test_a_key_comes_back_as_it_was_stored(store):
    await store.add_key(KEY)
    assert await store.key(KEY.id) == KEY
    assert await store.key("ffffffffffff") is None


async def test_an_id_is_given_to_one_key_only(store):
    await store.add_key(KEY)
    with pytest.raises(ValueError, match="is taken"):
        await store.add_key(replace(KEY, name="another"))


async def test_keys_are_listed_by_age(store):
    await store.add_key(replace(KEY, id="bbbbbbbbbbbb", created_at=LATER))
    await store.add_key(KEY)
    assert [key.id for key in await store.keys()] == [KEY.id, "bbbbbbbbbbbb"]


async def test_use_of_a_key_is_noted(store):
    await store.add_key(KEY)
    await store.touch_key(KEY.id, LATER)
    assert (await store.key(KEY.id)).last_used_at == LATER


async def test_revoking_a_key_ends_its_sessions_and_login_links(store):
    await store.add_key(KEY)
    await store.add_session(Session(hash="s", key_id=KEY.id, created_at=NOW, expires_at=LATER))
    await store.add_login_token(LoginToken(hash="t", key_id=KEY.id, expires_at=LATER))
    assert await store.revoke_key(KEY.id, NOW)
    assert (await store.key(KEY.id)).revoked_at == NOW
    assert await store.session("s", NOW) is None
    assert await store.take_login_token("t", NOW) is None
    assert not await store.revoke_key(KEY.id, LATER)


async def test_a_session_lives_until_it_expires_or_is_ended(store):
    await store.add_key(KEY)
    session = Session(hash="s", key_id=KEY.id, created_at=NOW, expires_at=LATER)
    await store.add_session(session)
    assert await store.session("s", NOW) == session
    assert await store.session("s", LATER) is None
    await store.end_session("s")
    assert await store.session("s", NOW) is None


async def test_of_two_who_take_a_login_token_one_gets_it(store):
    await store.add_key(KEY)
    await store.add_login_token(LoginToken(hash="t", key_id=KEY.id, expires_at=LATER))
    taken = await asyncio.gather(*(store.take_login_token("t", NOW) for _ in range(4)))
    assert sorted(taken, key=str) == [KEY.id, None, None, None]


async def test_an_expired_login_token_is_worth_nothing(store):
    await store.add_key(KEY)
    await store.add_login_token(LoginToken(hash="t", key_id=KEY.id, expires_at=NOW))
    assert await store.take_login_token("t", NOW) is None


async def test_the_first_remembered_answer_stays(store):
    await store.add_key(KEY)
    first = Replay(key_id=KEY.id, idempotency_key="k", fingerprint="f", status=200, body=b"{}", created_at=NOW)
    await store.remember(first)
    await store.remember(replace(first, body=b'{"other":1}'))
    assert await store.replay(KEY.id, "k") == first
    assert await store.replay(KEY.id, "another") is None


async def test_what_is_over_is_dropped_and_the_rest_stays(store):
    await store.add_key(KEY)
    await store.add_session(Session(hash="old", key_id=KEY.id, created_at=NOW, expires_at=NOW))
    await store.add_session(Session(hash="new", key_id=KEY.id, created_at=NOW, expires_at=LATER))
    await store.add_login_token(LoginToken(hash="t", key_id=KEY.id, expires_at=NOW))
    await store.remember(
        Replay(key_id=KEY.id, idempotency_key="k", fingerprint="f", status=200, body=b"{}", created_at=NOW)
    )
    assert await store.expire(NOW, replays_before=NOW) == 2
    assert await store.session("new", NOW) is not None
    assert await store.expire(NOW, replays_before=LATER) == 1


async def test_a_store_that_answers_pings(store):
    await store.ping()
