"""From the official `openai` client to a real llama.cpp and back: gateway, meta, context and hybrid-coordinator over a
real nats-server, PostgreSQL and Valkey. The model is tiny and random: what it says is noise, never shown as fact."""

import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from ..conftest import PostgresServer, free_port  # noqa: TID252 - tests are no installed package
from ..contract.bus.nats_server import NatsServer  # noqa: TID252
from ..llama import LlamaServer  # noqa: TID252
from ..valkey import Valkey  # noqa: TID252
from .plant import ASK, Plant

pytestmark = pytest.mark.asyncio(loop_scope="module")


class RealPlant(Plant):
    """The plant with the real coordinator, whose model for meta is `model`."""

    model: LlamaServer
    shelf: Valkey

    async def start_coordinator(self) -> None:
        await self.start(
            "hybrid-coordinator",
            model_meta={"url": self.model.url, "context_tokens": 4_096},
            hybrid_coordinator={"rest_s": 0.1, "state_dir": str(self._folder / "coordinator")},
            redis={"port": self.shelf.port},
        )


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def standing(
    postgres: PostgresServer, llama: LlamaServer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[RealPlant]:
    folder: Path = tmp_path_factory.mktemp("plant")
    nats, shelf = NatsServer(folder), Valkey(tmp_path_factory.mktemp("valkey"), free_port())
    await nats.start()
    shelf.start()
    plant = RealPlant(nats, postgres.create_database("real_model"), folder)
    plant.model, plant.shelf = llama, shelf
    plant.meta = {"first_word_s": 20, "window_tokens": 1_000, "analysis_tokens": 800, "analysis_answer_tokens": 900}
    try:
        await plant.open()
        await plant.fault()
        yield plant
    finally:
        await plant.close()
        shelf.stop()
        nats.kill()
        postgres.drop_database("real_model")


@pytest_asyncio.fixture(loop_scope="module")
async def plant(standing: RealPlant) -> AsyncIterator[RealPlant]:
    yield standing
    if standing.model.process is None:
        standing.model.start()
    await standing.mend()


def ours(reply: Any) -> dict[str, Any]:
    found: dict[str, Any] = reply.model_extra["groundcrew"]
    return found


async def test_a_question_goes_to_the_model_and_back_with_its_tokens(plant: RealPlant) -> None:
    async with plant.client() as client:
        reply = await client.chat.completions.create(model="groundcrew", messages=ASK, max_tokens=64)
    assert ours(reply)["outcome"] == "answered", ours(reply)
    text = reply.choices[0].message.content or ""
    assert "part **PSU2**" in text
    assert reply.usage is not None
    assert reply.usage.prompt_tokens > 500
    assert 0 < reply.usage.completion_tokens <= 64


async def test_a_streamed_chat_comes_from_the_model(plant: RealPlant) -> None:
    async with plant.client() as client:
        stream = await client.chat.completions.create(
            model="groundcrew", messages=ASK, max_tokens=48, stream=True, stream_options={"include_usage": True}
        )
        chunks = [chunk async for chunk in stream]
    first = next(one.choices[0].delta.content for one in chunks if one.choices and one.choices[0].delta.content)
    assert first.startswith("**brickbox-43**")
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens > 0


async def test_an_analysis_stands_whatever_noise_the_model_makes_of_the_schema(plant: RealPlant) -> None:
    """Forced into the schema or not, noise cites nothing; where llama.cpp cannot read its own noise, it answers 500."""
    async with plant.rest() as rest:
        incident = (await rest.get("incidents")).json()["items"][0]["id"]
        made = (await rest.post(f"incidents/{incident}/analysis", json={"deadline_s": 60})).json()
    assert "## What shares it" in made["report"]
    assert made["outcome"] in ("answered", "malformed", "unreachable")
    assert made["missing"] or made["struck"]
    assert made["explanation"] == "" or made["outcome"] == "answered"


async def test_a_dead_model_is_said_to_be_unreachable_and_asked_again_when_it_is_back(plant: RealPlant) -> None:
    plant.model.stop()
    async with plant.client() as client:
        other: Any = [{"role": "user", "content": "why did brickbox-43 fail?"}]
        reply = await client.chat.completions.create(model="groundcrew", messages=other, max_tokens=16)
        assert "part **PSU2**" in (reply.choices[0].message.content or "")
        assert ours(reply)["outcome"] == "unreachable"
        plant.model.start()
        again = await client.chat.completions.create(model="groundcrew", messages=other, max_tokens=16)
        assert ours(again)["outcome"] == "answered", ours(again)


async def test_a_dead_redis_does_not_hold_up_an_answer(plant: RealPlant) -> None:
    plant.shelf.kill()
    try:
        async with plant.client() as client:
            other: Any = [{"role": "user", "content": "what should I do about brickbox-43?"}]
            reply = await client.chat.completions.create(model="groundcrew", messages=other, max_tokens=16)
    finally:
        plant.shelf.start()
    assert ours(reply)["outcome"] == "answered", ours(reply)


async def test_a_frozen_model_is_left_out_of_the_answer(plant: RealPlant) -> None:
    await plant.stop("meta")
    await plant.start("meta", meta=plant.meta | {"first_word_s": 2})
    assert plant.model.process is not None
    plant.model.process.send_signal(signal.SIGSTOP)
    try:
        async with plant.client() as client:
            other: Any = [{"role": "user", "content": "is anything wrong with brickbox-43 today?"}]
            reply = await client.chat.completions.create(model="groundcrew", messages=other, max_tokens=16)
    finally:
        plant.model.process.send_signal(signal.SIGCONT)
    assert "PSU2" in (reply.choices[0].message.content or "")
    assert ours(reply)["outcome"] in ("timed-out", "unreachable")
