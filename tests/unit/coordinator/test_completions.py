"""What comes back for a question: with no model, a real one, and servers that are away."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest
from tests.conftest import free_port
from tests.llama import LlamaServer
from tests.unit.coordinator.conftest import Coordinator, question
from tests.unit.coordinator.nasty import answering, hang, reply, running, say

from groundcrew.bus.port import RequestFailed
from groundcrew.contracts.completions import CompletionOutcome, ModelState, Purpose, Served
from groundcrew.contracts.queries import Failure

SCHEMA = {
    "type": "object",
    "properties": {"category": {"enum": ["disk", "network"]}},
    "required": ["category"],
    "additionalProperties": False,
}


async def test_without_a_model_the_answer_is_honest(coordinator: Coordinator) -> None:
    await coordinator.start()
    completion = await coordinator.ask(question(purpose=Purpose.REVIEW))
    assert completion.outcome is CompletionOutcome.NOT_CONFIGURED
    assert completion.reason == "no model is configured for review: [model_review] url is empty"
    assert completion.served is Served.NOWHERE
    [part] = await coordinator.ask_in_parts(question())
    assert part.completion is not None
    assert part.completion.outcome is CompletionOutcome.NOT_CONFIGURED


async def test_without_a_model_all_is_ready_and_says_what_to_set(coordinator: Coordinator) -> None:
    await coordinator.start()
    report = await coordinator.readiness()
    assert report.ready
    assert report.checks["model-meta"].detail == "off: no model is configured for meta: [model_meta] url is empty"
    assert "redis" not in report.checks
    assert {status.state for status in (await coordinator.models()).models} == {ModelState.NOT_CONFIGURED}


def test_without_a_model_no_client_is_imported(tmp_path: Path) -> None:
    program = """
import asyncio, sys
from pathlib import Path
from tests.unit.coordinator.conftest import Coordinator
async def once():
    coordinator = await Coordinator(Path(sys.argv[1])).start()
    await coordinator.stop()
asyncio.run(once())
print([name for name in ("openai", "redis", "jsonschema", "groundcrew.models.client") if name in sys.modules])
"""
    command = [sys.executable, "-c", program, str(tmp_path)]
    told = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert told.stdout.strip() == "[]"


async def test_a_local_model_answers_and_every_interaction_is_recorded(
    coordinator: Coordinator, llama: LlamaServer
) -> None:
    coordinator.settings = {"model_meta": {"url": llama.url}}
    await coordinator.start()
    completion = await coordinator.ask(question("see https://root:hunter2@bmc/", asked_by="night shift"))
    assert completion.outcome is CompletionOutcome.ANSWERED
    assert completion.served is Served.LOCAL
    assert completion.model == llama.name
    assert completion.completion_tokens == 8
    [kept] = await coordinator.recorded(1)
    assert kept.id == completion.interaction_id
    assert (kept.prompt_tokens, kept.completion_tokens) == (completion.prompt_tokens, 8)
    assert kept.asked_by == "night shift"
    assert kept.latency_s > 0
    assert kept.prompt == "user: see https://********@bmc/"
    assert kept.answer == completion.text
    assert coordinator.metric("completions_total", purpose="meta", outcome="answered", served="local") == 1
    assert coordinator.metric("tokens_total", purpose="meta", kind="completion") == 8


async def test_a_streamed_answer_comes_in_pieces_and_is_recorded(coordinator: Coordinator, llama: LlamaServer) -> None:
    coordinator.settings = {"model_meta": {"url": llama.url}}
    await coordinator.start()
    *pieces, last = await coordinator.ask_in_parts(question())
    assert last.completion is not None
    assert last.completion.outcome is CompletionOutcome.ANSWERED
    assert len(pieces) > 1
    assert "".join(part.text for part in pieces) == last.completion.text
    [kept] = await coordinator.recorded(1)
    assert kept.id == last.completion.interaction_id


async def test_a_forced_answer_comes_as_an_object(coordinator: Coordinator, llama: LlamaServer) -> None:
    coordinator.settings = {"model_review": {"url": llama.url}}
    await coordinator.start()
    completion = await coordinator.ask(question(purpose=Purpose.REVIEW, answer_schema=SCHEMA, max_tokens=64))
    assert completion.answer is not None
    assert completion.answer["category"] in ("disk", "network")


async def test_a_schema_that_is_none_is_the_askers_mistake(coordinator: Coordinator) -> None:
    await coordinator.start()
    with pytest.raises(RequestFailed, match="expected a schema with type 'object'") as failed:
        await coordinator.ask(question(answer_schema={"type": "array"}))
    assert failed.value.failure is Failure.INVALID


@pytest.mark.parametrize("streamed", [False, True])
async def test_a_hanging_server_is_told_within_seconds_and_then_at_once(
    coordinator: Coordinator, streamed: bool
) -> None:
    async with running(hang, lists=False) as server:
        coordinator.settings = {"model_meta": {"url": server.url}, "hybrid_coordinator": {"fails": 1, "rest_s": 600}}
        await coordinator.start()
        async with asyncio.timeout(5):
            first = await _asked(coordinator, streamed)
        assert first.outcome is CompletionOutcome.UNREACHABLE
        assert "did not say within 2 s which models it has" in first.reason
        connections = server.connections
        again = await _asked(coordinator, streamed)
        assert again.outcome is CompletionOutcome.UNREACHABLE
        assert "left alone for a while, it failed 1 times" in again.reason
        assert server.connections == connections


async def test_a_server_that_answers_nothing_but_its_name_is_timed_out(coordinator: Coordinator) -> None:
    async with running(hang) as server:
        coordinator.settings = {"model_meta": {"url": server.url, "deadline_s": 0.3}}
        await coordinator.start()
        completion = await coordinator.ask(question())
        assert completion.outcome is CompletionOutcome.TIMED_OUT
        assert completion.reason.endswith(" s")


async def test_after_its_rest_a_server_that_came_back_is_asked_again(coordinator: Coordinator) -> None:
    broken = True

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, path: str) -> None:
        status = "500 Internal Server Error"
        await (say(reply(b"{}", status=status)) if broken else answering())(reader, writer, path)

    async with running(talk) as server:
        coordinator.settings = {"model_meta": {"url": server.url}, "hybrid_coordinator": {"fails": 1, "rest_s": 0.3}}
        await coordinator.start()
        assert "answered 500" in (await coordinator.ask(question())).reason
        assert "left alone" in (await coordinator.ask(question())).reason
        assert server.questions == 1
        broken = False
        async with asyncio.timeout(10):
            while (await coordinator.ask(question())).outcome is not CompletionOutcome.ANSWERED:
                await asyncio.sleep(0.02)
        assert server.questions == 2


async def test_a_prompt_longer_than_the_context_is_never_sent(coordinator: Coordinator) -> None:
    async with running(answering()) as server:
        coordinator.settings = {"model_trigger": {"url": server.url, "context_tokens": 256}}
        await coordinator.start()
        completion = await coordinator.ask(question("sshd[812]: error " * 200, Purpose.TRIGGER))
        assert completion.outcome is CompletionOutcome.OVER_BUDGET
        assert "more than the 256 of" in completion.reason
        assert server.questions == 0


async def test_more_questions_than_places_are_busy_at_once_and_hold_up_no_other_purpose(
    coordinator: Coordinator,
) -> None:
    async with running(hang) as stuck, running(answering()) as well:
        coordinator.settings = {
            "model_trigger": {"url": stuck.url, "concurrency": 1, "queue": 1, "deadline_s": 3},
            "model_meta": {"url": well.url},
        }
        await coordinator.start()
        waiting = [asyncio.create_task(coordinator.ask(question(f"{n}", Purpose.TRIGGER))) for n in range(2)]
        async with asyncio.timeout(5):
            while coordinator.metric("waiting", purpose="trigger") < 1:
                await asyncio.sleep(0.01)
        busy = await coordinator.ask(question("third", Purpose.TRIGGER))
        assert busy.outcome is CompletionOutcome.BUSY
        assert "1 questions are under way and 1 wait" in busy.reason
        assert (await coordinator.ask(question())).outcome is CompletionOutcome.ANSWERED
        assert not any(task.done() for task in waiting)
        for task in waiting:
            assert (await task).outcome is CompletionOutcome.TIMED_OUT


async def test_identical_questions_under_way_are_asked_once(coordinator: Coordinator) -> None:
    gate = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, path: str) -> None:
        await gate.wait()
        await answering("shared")(reader, writer, path)

    async with running(talk) as server:
        coordinator.settings = {"model_meta": {"url": server.url}}
        await coordinator.start()
        asked = [asyncio.create_task(coordinator.ask(question())) for _ in range(5)]
        async with asyncio.timeout(5):
            while not server.questions:
                await asyncio.sleep(0.01)
        gate.set()
        answers = await asyncio.gather(*asked)
    assert server.questions == 1
    assert {answer.text for answer in answers} == {"shared"}
    assert sorted(answer.served for answer in answers) == ["cache"] * 4 + ["local"]
    assert len({answer.interaction_id for answer in answers}) == 5


async def test_a_spent_budget_refuses_without_asking(coordinator: Coordinator) -> None:
    usage = '{"prompt_tokens": 30, "completion_tokens": 20}'
    async with running(answering(usage=usage)) as server:
        coordinator.settings = {"model_meta": {"url": server.url, "tokens_per_hour": 60}}
        await coordinator.start()
        assert (await coordinator.ask(question("one"))).outcome is CompletionOutcome.ANSWERED
        refused = await coordinator.ask(question("two"))
        assert refused.outcome is CompletionOutcome.OVER_BUDGET
        assert refused.reason == "50 of 60 tokens of the hour are spent for meta"
        assert server.questions == 1
        status = next(s for s in (await coordinator.models()).models if s.purpose is Purpose.META)
        assert (status.tokens_last_hour, status.tokens_per_hour) == (50, 60)


async def test_nothing_leaves_the_site_unless_the_policy_names_the_purpose(coordinator: Coordinator) -> None:
    async with running(answering()) as remote:
        coordinator.settings = {
            "remote_model": {"url": remote.url},
            "model_review": {"url": f"http://127.0.0.1:{free_port()}/v1"},
            "hybrid_coordinator": {"allow_remote": ["trigger"]},
        }
        await coordinator.start()
        refused = await coordinator.ask(question())
        assert refused.outcome is CompletionOutcome.REFUSED
        assert "hybrid_coordinator.allow_remote does not name meta" in refused.reason
        dead = await coordinator.ask(question(purpose=Purpose.REVIEW))
        assert dead.outcome is CompletionOutcome.UNREACHABLE
        [streamed] = await coordinator.ask_in_parts(question())
        assert streamed.completion is not None
        assert streamed.completion.outcome is CompletionOutcome.REFUSED
        assert (remote.questions, remote.bodies) == (0, [])


async def test_by_default_a_remote_server_is_not_even_connected_to(coordinator: Coordinator) -> None:
    async with running(answering()) as remote:
        coordinator.settings = {"remote_model": {"url": remote.url}}
        await coordinator.start()
        for purpose in Purpose:
            assert (await coordinator.ask(question(purpose=purpose))).outcome is CompletionOutcome.REFUSED
        await coordinator.models()
        await coordinator.readiness()
        assert remote.connections == 0


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("local", ["none", "dead", "garbage"])
async def test_where_allowed_the_remote_answers_what_the_local_one_cannot(
    coordinator: Coordinator, llama: LlamaServer, local: str, streamed: bool
) -> None:
    async with running(say(reply(b"<html>busy</html>"))) as garbage:
        urls = {"none": "", "dead": f"http://127.0.0.1:{free_port()}/v1", "garbage": garbage.url}
        coordinator.settings = {
            "model_meta": {"url": urls[local]},
            "remote_model": {"url": llama.url},
            "hybrid_coordinator": {"allow_remote": ["meta"]},
        }
        await coordinator.start()
        completion = await _asked(coordinator, streamed)
        assert completion.outcome is CompletionOutcome.ANSWERED
        assert completion.served is Served.REMOTE


async def test_a_local_model_that_answers_keeps_the_remote_one_out(
    coordinator: Coordinator, llama: LlamaServer
) -> None:
    async with running(answering()) as remote:
        coordinator.settings = {
            "model_meta": {"url": llama.url},
            "remote_model": {"url": remote.url},
            "hybrid_coordinator": {"allow_remote": ["meta"]},
        }
        await coordinator.start()
        assert (await coordinator.ask(question())).served is Served.LOCAL
        assert remote.connections == 0


async def test_readiness_names_a_server_that_is_away_and_stays_ready(coordinator: Coordinator) -> None:
    coordinator.settings = {"model_meta": {"url": f"http://127.0.0.1:{free_port()}/v1"}}
    await coordinator.start()
    report = await coordinator.readiness()
    assert report.ready
    assert not report.checks["model-meta"].ok
    assert report.checks["model-meta"].detail.startswith("local: http://127.0.0.1:")


async def _asked(coordinator: Coordinator, streamed: bool):  # type: ignore[no-untyped-def]
    if not streamed:
        return await coordinator.ask(question())
    return (await coordinator.ask_in_parts(question()))[-1].completion
