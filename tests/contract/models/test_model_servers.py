"""One suite for the shipped fake and for the real client against a real llama.cpp."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack

import orjson
import pytest
from tests.conftest import free_port
from tests.llama import LlamaServer

from groundcrew.contracts.completions import CompletionOutcome, Turn
from groundcrew.models.client import OpenAiServer
from groundcrew.models.port import ModelFailed, ModelServer, Prompt, Said
from groundcrew.models.scripted import ScriptedServer

SCHEMA = {
    "type": "object",
    "properties": {
        "category": {"type": "string", "enum": ["disk", "network", "other"]},
        "certain": {"type": "boolean"},
    },
    "required": ["category", "certain"],
    "additionalProperties": False,
}
QUESTION = [Turn(role="system", text="Be brief."), Turn(role="user", text="What does this line mean?")]

Make = Callable[..., ModelServer]


def script(prompt: Prompt) -> str:
    answer = {"category": "disk", "certain": True}
    return orjson.dumps(answer).decode() if prompt.answer_schema else "a disk is failing " * 50


@pytest.fixture(params=["scripted", "llama.cpp"])
async def server(request: pytest.FixtureRequest) -> AsyncIterator[ModelServer]:
    if request.param == "scripted":
        yield ScriptedServer(script, name="tiny-random")
        return
    llama: LlamaServer = request.getfixturevalue("llama")
    async with AsyncExitStack() as stack:
        made = OpenAiServer(llama.url)
        stack.push_async_callback(made.close)
        yield made


async def said_by(server: ModelServer, prompt: Prompt) -> tuple[list[str], Said]:
    parts = [part async for part in server.stream(prompt, within_s=30, first_s=30)]
    *pieces, whole = parts
    assert isinstance(whole, Said)
    assert all(isinstance(piece, str) for piece in pieces)
    return [str(piece) for piece in pieces], whole


async def test_it_says_which_model_it_has(server: ModelServer) -> None:
    assert await server.model(within_s=10) == "tiny-random"


async def test_an_answer_comes_with_its_tokens(server: ModelServer) -> None:
    said = await server.answer(Prompt(turns=QUESTION, max_tokens=16), within_s=30)
    assert said.text
    assert said.model == "tiny-random"
    assert said.finish_reason == "length"
    assert said.completion_tokens == 16
    assert said.prompt_tokens
    assert said.answer is None


async def test_the_prompts_tokens_are_those_that_were_counted_before(server: ModelServer) -> None:
    counted = await server.count(QUESTION, within_s=10)
    said = await server.answer(Prompt(turns=QUESTION, max_tokens=4), within_s=30)
    assert said.prompt_tokens == counted


async def test_a_forced_answer_fits_its_schema(server: ModelServer) -> None:
    said = await server.answer(Prompt(turns=QUESTION, max_tokens=256, answer_schema=SCHEMA), within_s=30)
    assert said.answer is not None
    assert said.answer["category"] in ("disk", "network", "other")
    assert isinstance(said.answer["certain"], bool)
    assert orjson.loads(said.text) == said.answer


async def test_a_forced_answer_that_is_cut_off_is_malformed(server: ModelServer) -> None:
    schema = SCHEMA | {"required": ["category", "certain", "why"]}
    schema |= {"properties": {**SCHEMA["properties"], "why": {"type": "string", "minLength": 400}}}  # type: ignore[dict-item]
    with pytest.raises(ModelFailed) as failed:
        await server.answer(Prompt(turns=QUESTION, max_tokens=40, answer_schema=schema), within_s=30)
    assert failed.value.outcome is CompletionOutcome.MALFORMED


async def test_a_streamed_answer_is_the_sum_of_its_pieces(server: ModelServer) -> None:
    pieces, whole = await said_by(server, Prompt(turns=QUESTION, max_tokens=12))
    assert len(pieces) > 1
    assert "".join(pieces) == whole.text
    assert whole.completion_tokens == 12
    assert whole.prompt_tokens
    assert whole.finish_reason == "length"


async def test_streamed_or_not_the_same_question_has_the_same_answer(server: ModelServer) -> None:
    prompt = Prompt(turns=QUESTION, max_tokens=24)
    _, whole = await said_by(server, prompt)
    assert (await server.answer(prompt, within_s=30)).text == whole.text


async def test_whoever_leaves_a_stream_leaves_a_server_that_answers(server: ModelServer) -> None:
    stream = server.stream(Prompt(turns=QUESTION, max_tokens=2_000), within_s=30, first_s=30)
    assert isinstance(await anext(stream), str)
    await stream.aclose()
    assert (await server.answer(Prompt(turns=QUESTION, max_tokens=4), within_s=30)).text


async def test_a_prompt_longer_than_the_context_is_over_budget(llama: LlamaServer) -> None:
    server = OpenAiServer(llama.url, name=llama.name)
    turns = [Turn(role="user", text="word " * 2_000)]
    with pytest.raises(ModelFailed, match="400") as failed:
        await server.answer(Prompt(turns=turns, max_tokens=8), within_s=30)
    assert failed.value.outcome is CompletionOutcome.OVER_BUDGET
    await server.close()


async def test_nobody_at_the_address_is_unreachable() -> None:
    server = OpenAiServer(f"http://127.0.0.1:{free_port()}/v1", name="any")
    with pytest.raises(ModelFailed) as failed:
        await server.answer(Prompt(turns=QUESTION), within_s=5)
    assert failed.value.outcome is CompletionOutcome.UNREACHABLE
    await server.close()
