"""One suite for the cache in memory and in a real Valkey; and what is left of it when that is killed or frozen."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import structlog
from tests.unit.coordinator.conftest import Coordinator, question
from tests.unit.coordinator.nasty import answering, running
from tests.valkey import Valkey

from groundcrew.contracts.clock import SystemClock
from groundcrew.contracts.completions import CompletionOutcome, Served
from groundcrew.stores.coordinator.cache import Cache, CacheUnavailable, MemoryCache
from groundcrew.stores.coordinator.redis_cache import RedisCache
from groundcrew_hybrid_coordinator.shelf import Shelf


@pytest.fixture(params=["memory", "valkey"])
async def cache(request: pytest.FixtureRequest) -> AsyncIterator[Cache]:
    if request.param == "memory":
        yield MemoryCache(SystemClock())
        return
    valkey: Valkey = request.getfixturevalue("valkey")
    made = RedisCache(host="127.0.0.1", port=valkey.port, password=valkey.password, timeout_s=5)
    yield made
    await made.close()


@pytest.fixture
async def coordinator(tmp_path: Path) -> AsyncIterator[Coordinator]:
    made = Coordinator(tmp_path)
    yield made
    await made.stop()


def redis_of(valkey: Valkey) -> dict[str, Any]:
    return {"host": "127.0.0.1", "port": valkey.port, "password": valkey.password}


async def test_a_value_is_kept_for_its_time(cache: Cache) -> None:
    assert await cache.get("key") is None
    await cache.put("key", b"\x00value", ttl_s=60)
    assert await cache.get("key") == b"\x00value"
    await cache.put("brief", b"value", ttl_s=1)
    async with asyncio.timeout(20):
        while await cache.get("brief") is not None:
            await asyncio.sleep(0.05)
    assert await cache.get("key") == b"\x00value"


async def test_tokens_add_up_by_slot_and_old_slots_go(cache: Cache) -> None:
    await cache.spend("account", 1, 10, keep_s=60)
    await cache.spend("account", 2, 30, keep_s=60)
    await cache.spend("account", 2, -5, keep_s=60)
    assert await cache.spent("account") == {1: 10, 2: 25}
    await cache.forget("account", before=2)
    assert await cache.spent("account") == {2: 25}
    assert await cache.spent("another") == {}


@pytest.mark.parametrize("how", ["killed", "frozen"])
async def test_a_cache_that_is_away_says_so_in_time(valkey: Valkey, how: str) -> None:
    cache = RedisCache(host="127.0.0.1", port=valkey.port, password=valkey.password, timeout_s=0.2)
    await cache.ping()
    valkey.kill() if how == "killed" else valkey.freeze()
    async with asyncio.timeout(10):
        with pytest.raises(CacheUnavailable, match=f"Redis at 127.0.0.1:{valkey.port}"):
            await cache.get("key")
    await cache.close()


async def test_a_wrong_password_is_told(valkey: Valkey) -> None:
    cache = RedisCache(host="127.0.0.1", port=valkey.port, password="wrong", timeout_s=5)
    with pytest.raises(CacheUnavailable, match=r"(?i)password"):
        await cache.ping()
    await cache.close()


async def test_while_it_is_away_only_the_first_question_waits_for_it_at_all(valkey: Valkey) -> None:
    silent: Any = structlog.wrap_logger(
        structlog.PrintLogger(), wrapper_class=structlog.make_filtering_bound_logger("critical")
    )
    cache = RedisCache(host="127.0.0.1", port=valkey.port, password=valkey.password, timeout_s=0.2)
    shelf = Shelf(cache, SystemClock(), silent)
    assert await shelf.get("key") is None
    assert not shelf.away
    valkey.freeze()
    assert await shelf.get("key") is None
    assert shelf.away
    began = time.process_time()
    for _ in range(1_000):
        assert await shelf.get("key") is None
    assert time.process_time() - began < 5
    valkey.thaw()
    watching = asyncio.create_task(shelf.watch())
    async with asyncio.timeout(20):
        while shelf.away:
            await asyncio.sleep(0.02)
    watching.cancel()
    with suppress(asyncio.CancelledError):
        await watching
    await cache.close()


async def test_the_same_question_is_answered_out_of_the_cache_after_a_restart(
    coordinator: Coordinator, valkey: Valkey
) -> None:
    async with running(answering()) as server:
        patient = {**redis_of(valkey), "wait_s": 5}
        coordinator.settings = {"model_meta": {"url": server.url, "name": "nasty"}, "redis": patient}
        await coordinator.start()
        assert (await coordinator.ask(question())).served is Served.LOCAL
        await coordinator.stop()
        await coordinator.start()
        again = await coordinator.ask(question())
        assert (again.served, again.text) == (Served.CACHE, "yes")
        assert server.questions == 1
        for other in (
            question("another"),
            question(cache=False),
            question(temperature=0.5),
            question(max_tokens=9),
            question(answer_schema={"type": "object"}),
        ):
            assert (await coordinator.ask(other)).served is not Served.CACHE
        assert server.questions == 6


async def test_a_spent_budget_is_spent_after_a_restart_too(coordinator: Coordinator, valkey: Valkey) -> None:
    usage = '{"prompt_tokens": 30, "completion_tokens": 20}'
    async with running(answering(usage=usage)) as server:
        coordinator.settings = {
            "model_meta": {"url": server.url, "tokens_per_hour": 60},
            "redis": {
                **redis_of(valkey),
                "wait_s": 5,
            },
        }
        await coordinator.start()
        assert (await coordinator.ask(question("one"))).outcome is CompletionOutcome.ANSWERED
        await coordinator.stop()
        await coordinator.start()
        assert (await coordinator.ask(question("two"))).outcome is CompletionOutcome.OVER_BUDGET
        assert server.questions == 1


@pytest.mark.parametrize("how", ["killed", "frozen"])
async def test_questions_are_answered_while_redis_is_away_and_readiness_says_so(
    coordinator: Coordinator, valkey: Valkey, how: str
) -> None:
    async with running(answering()) as server:
        coordinator.settings = {"model_meta": {"url": server.url}, "redis": redis_of(valkey)}
        await coordinator.start()
        valkey.kill() if how == "killed" else valkey.freeze()
        for number in range(20):
            completion = await coordinator.ask(question(f"question {number}"))
            assert completion.outcome is CompletionOutcome.ANSWERED
        async with asyncio.timeout(20):
            while (report := await coordinator.readiness()).checks["redis"].ok:
                await asyncio.sleep(0.05)
        assert report.ready
        assert "token budgets are kept in this process only" in report.checks["redis"].detail
        valkey.start() if how == "killed" else valkey.thaw()
        async with asyncio.timeout(20):
            while not (await coordinator.readiness()).checks["redis"].ok:
                await asyncio.sleep(0.05)
