"""Review and trigger ask a real llama.cpp through the real coordinator, over nats-server and PostgreSQL.

The model is tiny and random: of what it says on an incident the check leaves nothing, and what it sorts a line under is
noise."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from groundcrew.contracts.clock import to_us
from groundcrew.contracts.envelope import ProducedBy, seal
from groundcrew.contracts.identity import host, stable_id
from groundcrew.contracts.observations import LogBatch
from groundcrew_trigger.classifying import CATEGORIES

from ..conftest import PostgresServer, free_port  # noqa: TID252 - tests are no installed package
from ..contract.bus.nats_server import NatsServer  # noqa: TID252
from ..llama import LlamaServer  # noqa: TID252
from ..valkey import Valkey  # noqa: TID252
from .plant import Plant


class ReviewedPlant(Plant):
    """The plant with the real coordinator, whose model is `model`, a review that wants words, and a trigger that wants
    unknown lines sorted."""

    model: LlamaServer
    shelf: Valkey

    async def start_coordinator(self) -> None:
        await self.start(
            "hybrid-coordinator",
            model_review={"url": self.model.url, "context_tokens": 4_096},
            model_trigger={"url": self.model.url, "context_tokens": 4_096},
            hybrid_coordinator={"state_dir": str(self._folder / "coordinator")},
            redis={"port": self.shelf.port},
        )
        await self.start("review", review={"words": True, "words_deadline_s": 60, "window_tokens": 800})
        await self.start("trigger", trigger={"classify": True, "classify_deadline_s": 60})

    def counted(self, name: str, service: str = "review") -> dict[str, float]:
        """Values of a counter of a service, by its only label."""
        families = self.registries[service].collect()
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


async def test_an_unknown_log_line_is_sorted_by_the_model_once(plant: ReviewedPlant) -> None:
    now, told = plant.clock.now(), []

    async def note(envelope: Any) -> None:
        told.append(envelope.data)

    await plant.bus.tap("gc.*.trigger.info.*", note)
    for number in (1, 2):
        batch = LogBatch(
            ids=[stable_id("line", number)], times=[to_us(now)], priorities=[3], identifiers=["kernel"], units=[""],
            transports=["kernel"], boot_ids=[""], positions=[str(number)],
            messages=[f"frobnicator: lane {number} retrained {number} times"],
        )  # fmt: skip
        await plant.bus.publish(
            seal(
                batch, id=stable_id("batch", number), site=plant.bus.site, entity=host("brickbox-44"), time=now,
                received_at=now, source="journal", position=str(number),
                produced_by=ProducedBy(service="host-collector", version="0"),
            )
        )  # fmt: skip
    async with asyncio.timeout(90):
        while not (outcomes := plant.counted("groundcrew_trigger_classified", "trigger")):
            await asyncio.sleep(0.05)
    assert outcomes in ({"answered": 1}, {"unreachable": 1}, {"malformed": 1}), outcomes
    assert all(one.rule_id.removeprefix("model.") in CATEGORIES and one.causes == [] for one in told)
