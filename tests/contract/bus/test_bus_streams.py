"""Answers in parts: a model's words as they come."""

import asyncio
from contextlib import aclosing

import pytest

from groundcrew.bus.port import PublishDenied, RequestFailed
from groundcrew.contracts.completions import (
    CompleteRequest,
    Completion,
    CompletionOutcome,
    CompletionPart,
    Purpose,
    Turn,
)
from groundcrew.contracts.queries import Endpoints, Failure

from .conftest import Harness, NatsHarness, until

QUESTION = CompleteRequest(purpose=Purpose.META, turns=[Turn(role="user", text="what is wrong with brickbox-43?")])
WORDS = ["PSU2 ", "lost ", "its input"]
WHOLE = CompletionPart(completion=Completion(outcome=CompletionOutcome.ANSWERED, text="".join(WORDS)))
STREAM = Endpoints.COMPLETE_STREAM


async def words(_question: CompleteRequest):
    for word in WORDS:
        yield CompletionPart(text=word)
    yield WHOLE


async def heard(bus, *, question=QUESTION, into: list[str] | None = None, **limits) -> list[CompletionPart]:
    """All parts; the texts go `into` a list as they come."""
    found = []
    async with aclosing(bus.request_stream(STREAM, question, **limits)) as parts:
        async for part in parts:
            found.append(part)
            if into is not None:
                into.append(part.text)
    return found


async def test_all_parts_come_in_order(harness: Harness):
    coordinator, meta = await harness.bus("hybrid-coordinator"), await harness.bus("meta")
    await coordinator.serve_stream(STREAM, words)
    parts = await heard(meta)
    assert [part.text for part in parts] == [*WORDS, ""]
    assert parts[-1] == WHOLE


async def test_an_answer_may_have_more_parts_than_wait_at_once(harness: Harness):
    coordinator, meta = await harness.bus("hybrid-coordinator"), await harness.bus("meta")

    async def long(_question):
        for number in range(5_000):
            yield CompletionPart(text=f"{number} ")

    await coordinator.serve_stream(STREAM, long)
    assert [part.text for part in await heard(meta)] == [f"{number} " for number in range(5_000)]


async def test_an_answer_without_any_part_ends(harness: Harness):
    coordinator, meta = await harness.bus("hybrid-coordinator"), await harness.bus("meta")

    async def silence(_question):
        for part in ():
            yield part

    await coordinator.serve_stream(STREAM, silence)
    assert await heard(meta) == []


async def test_several_ask_at_once_and_each_hears_its_own(harness: Harness):
    coordinator, meta = await harness.bus("hybrid-coordinator"), await harness.bus("meta")

    async def echo(question):
        for _ in range(20):
            yield CompletionPart(text=question.turns[0].text)
            await asyncio.sleep(0)

    await coordinator.serve_stream(STREAM, echo)

    async def ask(text):
        question = CompleteRequest(purpose=Purpose.META, turns=[Turn(role="user", text=text)])
        async with aclosing(meta.request_stream(STREAM, question)) as parts:
            return {part.text async for part in parts}

    assert await asyncio.gather(*(ask(name) for name in "abcde")) == [{name} for name in "abcde"]


async def test_nobody_answering_in_parts_is_unavailable_at_once(harness: Harness):
    meta = await harness.bus("meta")
    with pytest.raises(RequestFailed, match="nobody answers") as failed:
        await heard(meta, idle_s=20)
    assert failed.value.failure is Failure.UNAVAILABLE


@pytest.mark.parametrize("before", [0, 2])
async def test_a_failure_may_come_after_some_parts(harness: Harness, before):
    coordinator, meta = await harness.bus("hybrid-coordinator"), await harness.bus("meta")

    async def breaks(_question):
        for word in WORDS[:before]:
            yield CompletionPart(text=word)
        raise RequestFailed(Failure.CONFLICT, "the model went away")

    await coordinator.serve_stream(STREAM, breaks)
    seen: list[str] = []
    with pytest.raises(RequestFailed, match="the model went away") as failed:
        await heard(meta, into=seen)
    assert failed.value.failure is Failure.CONFLICT
    assert seen == WORDS[:before]


async def test_an_unexpected_error_after_some_parts_tells_nothing_of_it(harness: Harness):
    coordinator, meta = await harness.bus("hybrid-coordinator"), await harness.bus("meta")

    async def breaks(_question):
        yield CompletionPart(text="begun")
        raise RuntimeError("password=hunter2")

    await coordinator.serve_stream(STREAM, breaks)
    with pytest.raises(RequestFailed) as failed:
        await heard(meta)
    assert failed.value.failure is Failure.INTERNAL
    assert "hunter2" not in failed.value.reason


async def test_silence_between_parts_is_bounded(harness: Harness):
    coordinator, meta = await harness.bus("hybrid-coordinator"), await harness.bus("meta")
    stopped = asyncio.Event()

    async def hangs(_question):
        try:
            yield CompletionPart(text="begun")
            await asyncio.Event().wait()
        finally:
            stopped.set()

    await coordinator.serve_stream(STREAM, hangs)
    with pytest.raises(RequestFailed, match=r"said nothing for 0\.3 s") as failed:
        await heard(meta, idle_s=0.3)
    assert failed.value.failure is Failure.UNAVAILABLE
    await until(stopped.is_set)


async def test_who_leaves_stops_the_work(harness: Harness):
    """A person closes the page: the model's place is free again."""
    coordinator, meta = await harness.bus("hybrid-coordinator"), await harness.bus("meta")
    stopped = asyncio.Event()

    async def endless(_question):
        try:
            while True:
                yield CompletionPart(text="on and on ")
                await asyncio.sleep(0.01)
        finally:
            stopped.set()

    await coordinator.serve_stream(STREAM, endless)
    async with aclosing(meta.request_stream(STREAM, QUESTION)) as parts:
        assert (await anext(parts)).text == "on and on "
        assert not stopped.is_set()
    await until(stopped.is_set)


async def test_who_is_no_caller_gets_no_part(harness: Harness):
    coordinator, runner = await harness.bus("hybrid-coordinator"), await harness.bus("runner")
    await coordinator.serve_stream(STREAM, words)
    with pytest.raises(RequestFailed) as failed:
        await heard(runner, idle_s=5)
    assert failed.value.failure is Failure.INTERNAL


async def test_only_the_owner_serves_parts(harness: Harness):
    meta = await harness.bus("meta")
    with pytest.raises(PublishDenied):
        await meta.serve_stream(STREAM, words)


async def test_an_invalid_question_names_its_field(harness: Harness):
    coordinator, meta = await harness.bus("hybrid-coordinator"), await harness.bus("meta")
    await coordinator.serve_stream(STREAM, words)
    broken = QUESTION.model_copy(update={"max_tokens": 0})
    with pytest.raises(RequestFailed, match=r"hybrid-coordinator\.complete-stream: max_tokens") as failed:
        await heard(meta, question=broken)
    assert failed.value.failure is Failure.INVALID


async def test_a_service_that_stops_ends_its_answers(real: NatsHarness, monkeypatch):
    monkeypatch.setattr("groundcrew.bus.jetstream_endpoints._STOP_S", 0.1)
    coordinator, meta = await real.bus("hybrid-coordinator"), await real.bus("meta")

    async def hangs(_question):
        yield CompletionPart(text="begun")
        await asyncio.Event().wait()

    serving = await coordinator.serve_stream(STREAM, hangs)
    async with aclosing(meta.request_stream(STREAM, QUESTION, idle_s=20)) as parts:
        assert (await anext(parts)).text == "begun"
        await serving.stop()
        with pytest.raises(RequestFailed, match="hybrid-coordinator stops"):
            await anext(parts)


async def test_parts_lost_with_the_server_are_a_failure_never_a_gap(real: NatsHarness):
    coordinator, meta = await real.bus("hybrid-coordinator"), await real.bus("meta")
    going = asyncio.Event()

    async def numbered(_question):
        number = 0
        while True:
            yield CompletionPart(text=str(number))
            number += 1
            going.set()
            await asyncio.sleep(0.002)

    await coordinator.serve_stream(STREAM, numbered)
    seen: list[int] = []

    async def listen():
        async with aclosing(meta.request_stream(STREAM, QUESTION, idle_s=3)) as parts:
            async for part in parts:
                seen.append(int(part.text))
                if len(seen) > 5_000:
                    return

    listening = asyncio.create_task(listen())
    await going.wait()
    await until(lambda: len(seen) > 20)
    real.server.kill()
    await real.server.start()
    with pytest.raises(RequestFailed) as failed:
        await listening
    assert failed.value.failure is Failure.UNAVAILABLE
    assert seen == list(range(len(seen)))
