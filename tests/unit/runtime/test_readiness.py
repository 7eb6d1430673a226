"""/readyz per dependency."""

import asyncio
from datetime import UTC, datetime

import httpx2
import pytest
from prometheus_client import CollectorRegistry, Counter
from prometheus_client.parser import text_string_to_metric_families
from starlette.applications import Starlette

from groundcrew.contracts.clock import VirtualClock
from groundcrew.runtime.health import HealthBoard, ServiceHealth
from groundcrew.runtime.probes import routes
from groundcrew.telemetry.metrics import Gathered, new_registry


async def fine() -> str:
    return "nats://127.0.0.1:4222"


async def broken() -> str:
    msg = "PostgreSQL at db:5432 did not answer: postgres://me:hunter2@db refused"
    raise ConnectionError(msg)


async def hangs() -> str:
    await asyncio.Event().wait()
    return "never"


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(datetime(2026, 1, 1, tzinfo=UTC))


@pytest.fixture
def board(clock: VirtualClock) -> HealthBoard:
    return HealthBoard(clock, timeout_s=0.05)


async def get(board: HealthBoard, path: str, registry: CollectorRegistry | None = None) -> httpx2.Response:
    app = Starlette(routes=routes(board, registry or CollectorRegistry()))
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://probe") as client:
        return await client.get(path)


async def test_ready_once_started_and_every_required_check_is_ok(board: HealthBoard) -> None:
    board.add("nats", fine)
    assert (await get(board, "/readyz")).status_code == 503
    board.started()
    answer = await get(board, "/readyz")
    assert answer.status_code == 200
    assert answer.json()["checks"]["nats"] == {"ok": True, "required": True, "detail": "nats://127.0.0.1:4222"}


async def test_a_dependency_that_is_down_is_named_with_its_address_and_without_secrets(board: HealthBoard) -> None:
    board.add("nats", fine)
    board.add("postgres", broken)
    board.started()
    answer = await get(board, "/readyz")
    assert answer.status_code == 503
    assert answer.json()["checks"]["nats"]["ok"] is True
    assert "PostgreSQL at db:5432" in answer.json()["checks"]["postgres"]["detail"]
    assert "hunter2" not in answer.text


async def test_an_absent_source_is_shown_and_leaves_the_service_ready(board: HealthBoard) -> None:
    board.add("journal", broken, required=False)
    board.started()
    answer = await get(board, "/readyz")
    assert answer.status_code == 200
    assert answer.json()["checks"]["journal"]["ok"] is False


async def test_a_check_that_hangs_fails_in_time(board: HealthBoard) -> None:
    board.add("nats", hangs)
    board.started()
    report = await asyncio.wait_for(board.report(), 1)
    assert report.checks["nats"].detail == "no answer within 0.05 s"


async def test_a_check_that_will_not_be_cancelled_is_not_waited_for_and_not_asked_twice_at_once(
    board: HealthBoard, clock: VirtualClock
) -> None:
    thawed, asked = asyncio.Event(), 0

    async def frozen_server() -> str:
        nonlocal asked
        asked += 1
        try:
            await thawed.wait()
        except asyncio.CancelledError:
            await thawed.wait()  # a driver that asks the server to cancel the query, and waits for that too
            raise
        return "answers"

    board.add("postgres", frozen_server)
    board.started()
    for second in range(2, 6, 2):
        report = await asyncio.wait_for(board.report(), 1)
        assert report.checks["postgres"].detail == "no answer within 0.05 s"
        clock.advance_to(datetime(2026, 1, 1, 0, 0, second, tzinfo=UTC))
    assert asked == 1
    thawed.set()
    await asyncio.sleep(0.01)
    assert (await board.report()).checks["postgres"].detail == "answers"


async def test_draining_is_not_ready_but_alive(board: HealthBoard) -> None:
    board.started()
    board.draining()
    assert (await get(board, "/readyz")).json()["state"] == "draining"
    assert (await get(board, "/healthz")).status_code == 200


async def test_probes_in_quick_succession_ask_a_dependency_once(board: HealthBoard, clock: VirtualClock) -> None:
    asked = 0

    async def count() -> str:
        nonlocal asked
        asked += 1
        return "ok"

    board.add("nats", count)
    board.started()
    for _ in range(5):
        await board.report()
    assert asked == 1
    clock.advance_to(datetime(2026, 1, 1, 0, 0, 2, tzinfo=UTC))
    await board.report()
    assert asked == 2


async def test_services_that_share_a_board_keep_their_names_apart(board: HealthBoard) -> None:
    ServiceHealth(board, "context").add("nats", fine)
    ServiceHealth(board, "trigger").add("nats", fine)
    assert sorted((await board.report()).checks) == ["context.nats", "trigger.nats"]


async def test_metrics_of_several_services_are_one_valid_page(board: HealthBoard) -> None:
    others = []
    for service in ("context", "trigger"):
        registry = new_registry(service, process=False)
        Counter("groundcrew_handled", "Messages handled", registry=registry).inc()
        others.append(({"service": service, "site": "default"}, registry))
    gathered = Gathered({"service": "gateway", "site": "default"}, others)
    Counter("groundcrew_handled", "Messages handled", registry=gathered).inc(3)
    text = (await get(board, "/metrics", gathered)).text
    assert text.count("# TYPE groundcrew_handled_total counter") == 1
    [family] = [found for found in text_string_to_metric_families(text) if found.name == "groundcrew_handled"]
    totals = {s.labels["service"]: s.value for s in family.samples if s.name == "groundcrew_handled_total"}
    assert totals == {"context": 1, "trigger": 1, "gateway": 3}
