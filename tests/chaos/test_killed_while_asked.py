"""meta is killed while an answer is under way: whoever asked is told within bounds, nothing wedges, the next question
is answered, and the conversation is still there."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from prometheus_client import CollectorRegistry

from groundcrew.bus.jetstream import JetStreamBus
from groundcrew.contracts.clock import SystemClock
from groundcrew.contracts.completions import CompletionPart, ModelsReply, ModelState, ModelStatus, Purpose
from groundcrew.contracts.conversations import Answer
from groundcrew.contracts.queries import Endpoints

from ..contract.bus.nats_server import PASSWORDS  # noqa: TID252 - tests are no package on the path
from ..unit.meta.conftest import silent  # noqa: TID252
from .processes import Services

pytestmark = pytest.mark.chaos

ASK = {"text": "what is wrong?"}


async def hanging_model(services: Services) -> JetStreamBus:
    """A coordinator whose model has begun to think, and never says a word."""

    async def models(_: Any) -> ModelsReply:
        return ModelsReply(models=[ModelStatus(purpose=Purpose.META, state=ModelState.READY, model="sphinx")])

    async def think(_: Any) -> AsyncIterator[CompletionPart]:
        await asyncio.Event().wait()
        yield CompletionPart()

    bus = await JetStreamBus.connect(
        url=services.nats.url, user="hybrid-coordinator", password=PASSWORDS["hybrid-coordinator"], site="demo",
        service="hybrid-coordinator", clock=SystemClock(), registry=CollectorRegistry(), log=silent(), wait_s=10,
    )  # fmt: skip
    await bus.serve(Endpoints.MODELS, models)
    await bus.serve_stream(Endpoints.COMPLETE_STREAM, think)
    return bus


async def test_a_killed_meta_fails_the_answer_under_way_and_answers_the_next(
    services: Services, tmp_path: Path
) -> None:
    key_file = tmp_path / "api-key"
    services.settings |= {"GATEWAY__ADMIN_KEY_FILE": str(key_file), "META__FIRST_WORD_S": "1"}
    for name in ("context", "gateway", "meta"):
        await asyncio.to_thread(services.start(name).until_ready)
    gateway, meta = services.running[-2:]
    model = await hanging_model(services)
    headers = {"Authorization": f"Bearer {key_file.read_text().strip()}"}
    base = f"http://127.0.0.1:{gateway.port}/api/v1/"
    async with httpx2.AsyncClient(base_url=base, headers=headers, timeout=90) as client:
        first = Answer.model_validate_json((await client.post("ask", json=ASK)).content)
        assert "Nothing is wrong that the rules know of" in first.text
        assert first.outcome.value == "timed-out"
        talk: dict[str, Any] = ASK | {"conversation_id": first.conversation_id}

        async with client.stream("POST", "ask/stream", json=talk) as reply:
            told = ""
            async for line in reply.aiter_lines():
                told += line
                if "Nothing is wrong" in line:
                    meta.process.kill()
        assert told.rpartition("event: ")[2].startswith("problem")
        assert (await client.post("ask", json=talk)).status_code == 503

        await asyncio.to_thread(services.start("meta").until_ready)
        again = Answer.model_validate_json((await client.post("ask", json=talk)).raise_for_status().content)
        assert again.conversation_id == first.conversation_id
        kept = (await client.get(f"conversations/{first.conversation_id}")).json()
        assert [one["role"] for one in kept["said"]] == ["user", "assistant", "user", "user", "assistant"]
    await model.close()
