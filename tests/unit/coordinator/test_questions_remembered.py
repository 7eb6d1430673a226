"""What people ask is remembered with its answer, where texts may be kept, and never in the way of an answer."""

import asyncio
from typing import Any

import pytest
from tests.conftest import free_port
from tests.llama import LlamaServer
from tests.unit.coordinator.conftest import Coordinator, question
from tests.unit.coordinator.nasty import answering, running

from groundcrew.contracts.completions import Completion, CompletionOutcome, Purpose, Served
from groundcrew.contracts.knowledge import Augmented, AugmentQuery, Collection
from groundcrew.contracts.queries import Endpoints
from groundcrew_hybrid_coordinator import questions

ASKED = "why does gpu-03 throttle at night?"
WORDS = "its inlet is too warm"


async def remembered(coordinator: Coordinator) -> Augmented:
    query = AugmentQuery(text=ASKED, collections=[Collection.INTERACTION_HISTORY], limit=50, min_score=-1)
    return await coordinator.asking.request(Endpoints.AUGMENT, query, timeout=20)


async def until(coordinator: Coordinator, count: int) -> list[str]:
    async with asyncio.timeout(20):
        while len(found := (await remembered(coordinator)).passages) < count:
            await asyncio.sleep(0.01)
    return [one.text for one in found]


async def ask(coordinator: Coordinator, text: str = ASKED, *, streamed: bool = False, **more: Any) -> Completion:
    values = {"question": text, "asked_by": "alice", **more}
    request = question(f"Context: ...\n<question>{text}</question>", **values)
    if not streamed:
        return await coordinator.ask(request)
    completion = (await coordinator.ask_in_parts(request))[-1].completion
    assert completion is not None
    return completion


@pytest.mark.parametrize("streamed", [False, True])
async def test_a_person_s_question_is_found_again_with_its_answer(
    coordinator: Coordinator, llama: LlamaServer, streamed: bool
) -> None:
    coordinator.settings = {"model_meta": {"url": llama.url}}
    await coordinator.start()
    completion = await ask(coordinator, f"{ASKED} see https://root:hunter2@bmc/", streamed=streamed)
    assert completion.outcome is CompletionOutcome.ANSWERED
    [text] = await until(coordinator, 1)
    asked, answered = text.splitlines()[0], text.partition("\n")[2]
    assert asked == f"Question: {ASKED} see https://********@bmc/"
    assert answered == f"A model answered: {completion.text.strip()}".strip()
    [passage] = (await remembered(coordinator)).passages
    assert passage.ref == f"interaction/{completion.interaction_id}"


async def test_only_what_a_person_asked_of_meta_is_remembered(coordinator: Coordinator) -> None:
    async with running(answering(WORDS)) as server:
        coordinator.settings = {f"model_{purpose.value}": {"url": server.url} for purpose in Purpose}
        await coordinator.start()
        await ask(coordinator, "asked by a service", asked_by="")
        await ask(coordinator, "asked of another model", purpose=Purpose.REVIEW)
        await ask(coordinator, "no question in it", question=" ")
        await ask(coordinator, "the last one")  # what comes before it in the queue is remembered before it
        assert [text.splitlines()[0] for text in await until(coordinator, 1)] == ["Question: the last one"]


@pytest.mark.parametrize("keep", ["none", "answers"])
async def test_where_texts_are_not_kept_questions_are_not_remembered(coordinator: Coordinator, keep: str) -> None:
    async with running(answering(WORDS)) as server:
        coordinator.settings = {"model_meta": {"url": server.url}, "hybrid_coordinator": {"keep_texts": keep}}
        await coordinator.start()
        await ask(coordinator)
        await coordinator.stop()
        coordinator.settings["hybrid_coordinator"] = {"keep_texts": "all"}
        await coordinator.start()
        await ask(coordinator, "the last one")
        assert [text.splitlines()[0] for text in await until(coordinator, 1)] == ["Question: the last one"]


async def test_a_question_that_no_model_answered_is_not_remembered(coordinator: Coordinator) -> None:
    coordinator.settings = {"model_meta": {"url": f"http://127.0.0.1:{free_port()}/v1"}}
    await coordinator.start()
    assert (await ask(coordinator)).outcome is CompletionOutcome.UNREACHABLE
    await coordinator.stop()
    async with running(answering(WORDS)) as server:
        coordinator.settings = {"model_meta": {"url": server.url}}
        await coordinator.start()
        await ask(coordinator, "the last one")
        assert len(await until(coordinator, 1)) == 1


async def test_with_the_engine_away_the_answer_comes_and_the_loss_is_counted(coordinator: Coordinator) -> None:
    (coordinator.folder / "vectors").write_text("a file where the engine wants its folder")
    async with running(answering(WORDS)) as server:
        coordinator.settings = {"model_meta": {"url": server.url}}
        await coordinator.start()
        assert (await ask(coordinator)).text == WORDS
        async with asyncio.timeout(20):
            while coordinator.metric("unremembered_questions_total") < 1:
                await asyncio.sleep(0.01)


async def test_a_memory_that_cannot_keep_up_delays_no_answer(
    coordinator: Coordinator, monkeypatch: pytest.MonkeyPatch
) -> None:
    never = asyncio.Event()

    async def stuck(*_: Any, **__: Any) -> None:
        await never.wait()

    monkeypatch.setattr(questions, "remember_interaction", stuck)
    monkeypatch.setattr(questions, "MAX_WAITING", 2)
    async with running(answering(WORDS)) as server:
        coordinator.settings = {"model_meta": {"url": server.url}}
        await coordinator.start()
        for number in range(5):
            completion = await ask(coordinator, f"question {number}")
            assert (completion.text, completion.served) == (WORDS, Served.LOCAL)
        assert coordinator.metric("unremembered_questions_total") == 2, "one in hand and two in the queue"
