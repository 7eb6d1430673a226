"""Review asks a real llama.cpp through the real coordinator for words on an incident, over nats-server and PostgreSQL.
The model is tiny and random: what it says is noise, of which the check leaves nothing, and the rules' part stands."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from ..conftest import PostgresServer, free_port  # noqa: TID252 - tests are no installed package
from ..contract.bus.nats_server import NatsServer  # noqa: TID252
from ..llama import LlamaServer  # noqa: TID252
from ..valkey import Valkey  # noqa: TID252
from .plant import Plant


class ReviewedPlant(Plant):
    """The plant with the real coordinator, whose model for review is `model`, and a review that wants words."""

    model: LlamaServer
    shelf: Valkey

    async def start_coordinator(self) -> None:
        await self.start(
            "hybrid-coordinator",
            model_review={"url": self.model.url, "context_tokens": 4_096},
            redis={"port": self.shelf.port},
        )
        await self.start("review", review={"words": True, "words_deadline_s": 60, "window_tokens": 800})

    def counted(self, name: str) -> dict[str, float]:
        """Values of a counter of review, by its only label."""
        families = self.registries["review"].collect()
        found = [one for family in families for one in family.samples if one.name == f"{name}_total" and one.value]
        return {next(iter(one.labels.values())): one.value for one in found}


@pytest_asyncio.fixture
async def plant(
    postgres: PostgresServer, llama: LlamaServer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[ReviewedPlant]:
    folder = tmp_path_factory.mktemp("reviewed")
    nats, shelf = NatsServer(folder), Valkey(tmp_path_factory.mktemp("valkey"), free_port())
    await nats.start()
    shelf.start()
    plant = ReviewedPlant(nats, postgres.create_database("model_words"), folder)
    plant.model, plant.shelf = llama, shelf
    try:
        await plant.open()
        yield plant
    finally:
        await plant.close()
        shelf.stop()
        nats.kill()
        postgres.drop_database("model_words")


async def test_a_models_forced_answer_is_judged_and_noise_is_no_finding(plant: ReviewedPlant) -> None:
    told: list[Any] = []

    async def note(envelope: Any) -> None:
        told.append(envelope.data)

    await plant.bus.tap("gc.*.review.*", note)
    await plant.fault()
    async with asyncio.timeout(90):
        while not (outcomes := plant.counted("groundcrew_review_words")):
            await asyncio.sleep(0.05)
    # llama.cpp cannot always read the noise of a random model into the form that it forces, and says so with a 500
    assert outcomes in ({"answered": 1}, {"unreachable": 1}, {"malformed": 1}), outcomes
    if "answered" in outcomes:
        judged = plant.counted("groundcrew_review_judged_words")
        assert judged in ({"nothing": 1}, {"nothing-said": 1}), judged
    assert any(one.scope != "fleet" for one in told)
    assert [finding for one in told for finding in one.findings if finding.kind == "words"] == []
