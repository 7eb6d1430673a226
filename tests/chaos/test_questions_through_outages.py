"""The coordinator and Valkey are killed while questions run: nothing wedges, and the next question is answered."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
from tests.contract.bus.nats_server import PASSWORDS
from tests.llama import LlamaServer
from tests.valkey import Valkey

from groundcrew.bus.port import Bus, RequestFailed
from groundcrew.contracts.clock import SystemClock
from groundcrew.contracts.completions import CompleteRequest, Completion, CompletionOutcome, Purpose, Turn
from groundcrew.contracts.queries import Endpoints, Failure

from .processes import Service, Services

pytestmark = pytest.mark.chaos


@pytest.fixture
def coordinator(services: Services, llama: LlamaServer, valkey: Valkey) -> Service:
    services.settings |= {
        "HYBRID_COORDINATOR__CACHE_S": "60",
        "MODEL_META__URL": llama.url,
        "MODEL_META__CONCURRENCY": "2",
        "REDIS__PORT": str(valkey.port),
        "REDIS__PASSWORD": valkey.password,
    }
    started = services.start("hybrid-coordinator")
    started.until_ready()
    return started


@pytest.fixture
async def meta(services: Services, coordinator: Service) -> AsyncIterator[Bus]:
    import structlog
    from prometheus_client import CollectorRegistry

    from groundcrew.bus.jetstream import JetStreamBus

    bus = await JetStreamBus.connect(
        url=services.nats.url, service="meta", site="demo", user="meta", password=PASSWORDS["meta"], wait_s=20,
        replicas=1, drain_s=1, clock=SystemClock(), registry=CollectorRegistry(),
        log=structlog.wrap_logger(
            structlog.PrintLogger(), wrapper_class=structlog.make_filtering_bound_logger("critical")
        ),
    )  # fmt: skip
    yield bus
    await bus.close()


async def ask(bus: Bus, text: str, tokens: int = 8) -> Completion:
    turns = [Turn(role="user", text=text)]
    request = CompleteRequest(purpose=Purpose.META, turns=turns, max_tokens=tokens, deadline_s=20)
    return await bus.request(Endpoints.COMPLETE, request, timeout=22)


@pytest.mark.parametrize("how", ["killed", "frozen"])
async def test_valkey_goes_away_while_questions_run(meta: Bus, coordinator: Service, valkey: Valkey, how: str) -> None:
    assert (await ask(meta, "first")).outcome is CompletionOutcome.ANSWERED
    running = [asyncio.create_task(ask(meta, f"question {number}", 200)) for number in range(4)]
    valkey.kill() if how == "killed" else valkey.freeze()
    assert {(await task).outcome for task in running} == {CompletionOutcome.ANSWERED}
    assert (await ask(meta, "while it is away")).outcome is CompletionOutcome.ANSWERED
    assert coordinator.readiness()["status"] == 200


async def test_the_coordinator_is_killed_while_questions_run(
    services: Services, meta: Bus, coordinator: Service
) -> None:
    running = [asyncio.create_task(ask(meta, f"question {number}", 1_500)) for number in range(3)]
    await asyncio.sleep(0.2)
    coordinator.process.kill()
    coordinator.process.wait(10)
    began = time.monotonic()
    with pytest.raises(RequestFailed) as failed:
        await ask(meta, "while nobody is there")
    assert failed.value.failure is Failure.UNAVAILABLE
    assert time.monotonic() - began < 20, "it is told at once, not after the question's time"
    await asyncio.to_thread(services.start("hybrid-coordinator").until_ready)
    assert (await ask(meta, "the next question")).outcome is CompletionOutcome.ANSWERED
    await asyncio.gather(*running, return_exceptions=True)
